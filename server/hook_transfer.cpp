#include "server/hook_transfer.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

namespace confab::server {
namespace {

using std::chrono::milliseconds;

/// Of an answer, whose end is waited for, so that the connection can be kept. More is cut off.
constexpr std::size_t answer_bytes_max = 64 * 1024;

std::optional<transport::address> address_in(const sockaddr& from) {
  char text[INET6_ADDRSTRLEN] = "";
  if (from.sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, text, sizeof text);
  } else if (from.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, text, sizeof text);
  }
  return transport::address::make(text);
}

std::size_t take_answer(char* bytes, std::size_t, std::size_t count, void* into) {
  auto& of = *static_cast<hook_transfer*>(into);
  const auto room = of.kept_max - std::min(of.kept_max, of.came.text.size());
  of.came.text.append(bytes, std::min(count, room));
  of.answer_bytes += count;
  of.cut_off = of.answer_bytes > answer_bytes_max;
  return of.cut_off ? 0 : count;
}

std::size_t take_header(char*, std::size_t, std::size_t count, void* into) {
  auto& of = *static_cast<hook_transfer*>(into);
  of.answer_bytes += count;
  return of.answer_bytes > answer_bytes_max ? 0 : count;
}

/// It is judged where a connection is made, by the address that it is made to: whatever a name
/// means to somebody else, or meant a moment ago.
curl_socket_t open_socket(void* from, curlsocktype, curl_sockaddr* to) {
  auto& of = *static_cast<hook_transfer*>(from);
  const auto there = address_in(to->addr);
  if (!there || !may_send_to(*there, of.asked.url.starts_with("http:"), of.nets)) {
    of.forbidden = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

}  // namespace

bool hook_transfer::prepare() {
  if (!curl) return false;
  auto* const to = curl.get();
  for (const auto& [name, value] : asked.headers) {
    auto* const longer = curl_slist_append(headers.get(), (name + ": " + value).c_str());
    if (!longer) return false;
    static_cast<void>(headers.release());
    headers.reset(longer);
  }
  for (const auto* line : {"Content-Type: application/json", "Expect:"}) {
    auto* const longer = curl_slist_append(headers.get(), line);
    if (!longer) return false;
    static_cast<void>(headers.release());
    headers.reset(longer);
  }
  set_manners(to);
  curl_easy_setopt(to, CURLOPT_URL, asked.url.c_str());
  curl_easy_setopt(to, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(to, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(to, CURLOPT_PROXY, "");  // nor one of the environment
  curl_easy_setopt(to, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(to, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(asked.timeout.count()));
  curl_easy_setopt(to, CURLOPT_TIMEOUT_MS, static_cast<long>(asked.timeout.count()));
  // Or it would wait for the resolver's thread, and with it all others, where a name server is
  // silent.
  curl_easy_setopt(to, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(to, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(to, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(to, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(to, CURLOPT_POSTFIELDS, asked.body.data());
  curl_easy_setopt(to, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(asked.body.size()));
  curl_easy_setopt(to, CURLOPT_WRITEFUNCTION, take_answer);
  curl_easy_setopt(to, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(to, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(to, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(to, CURLOPT_ERRORBUFFER, why);
  curl_easy_setopt(to, CURLOPT_PRIVATE, this);
  return true;
}

void hook_transfer::finish(CURLcode code) {
  auto* const from = curl.get();
  curl_off_t took = 0, after = 0;
  curl_easy_getinfo(from, CURLINFO_TOTAL_TIME_T, &took);
  came.took = std::chrono::duration_cast<milliseconds>(std::chrono::microseconds{took});
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && cut_off)) {
    long status = 0;
    curl_easy_getinfo(from, CURLINFO_RESPONSE_CODE, &status);
    came.status = static_cast<unsigned>(status);
    curl_easy_getinfo(from, CURLINFO_RETRY_AFTER, &after);
    if (after > 0) came.retry_after = std::chrono::seconds{after};
    return;
  }
  came.error = forbidden ? "the address is not allowed: see hook_nets"
               : why[0]  ? why
                         : curl_easy_strerror(code);
}

bool may_send_to(const transport::address& there, bool in_clear,
                 const std::vector<transport::network>& nets) {
  static const auto not_public = transport::private_networks();
  const auto has = [&](const transport::network& one) { return one.has(there); };
  if (std::ranges::any_of(nets, has)) return true;
  return !in_clear && std::ranges::none_of(not_public, has);
}

}  // namespace confab::server
