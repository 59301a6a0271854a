#include "server/curl.hpp"
#include "server/files.hpp"
#include "server/jwt_source.hpp"

#include <charconv>
#include <memory>
#include <string_view>

namespace confab::server {
namespace {

struct transfer {
  fetched_set got;
  const std::function<bool()>& stop;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* into) {
  auto& text = static_cast<transfer*>(into)->got.text;
  if (text.size() + count > file_bytes_max) return 0;  // which ends it
  text.append(bytes, count);
  return count;
}

/// Of `Cache-Control` only for how long.
std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* into) {
  std::string line{bytes, count};
  for (auto& c : line)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  constexpr std::string_view name = "cache-control:", age = "max-age=";
  const auto at = line.find(age);
  if (line.starts_with(name) && at != line.npos) {
    long seconds = 0;
    const auto* first = line.data() + at + age.size();
    if (std::from_chars(first, line.data() + line.size(), seconds).ec == std::errc{})
      static_cast<transfer*>(into)->got.max_age = std::chrono::seconds{seconds};
  }
  return count;
}

int look_whether_to_stop(void* from, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<transfer*>(from)->stop() ? 1 : 0;
}

}  // namespace

fetched_set fetch_by_curl(const std::string& url, const std::function<bool()>& stop) {
  use_curl();
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> owner{curl_easy_init(),
                                                                  &curl_easy_cleanup};
  transfer under_way{{}, stop};
  if (!owner) return {{}, "libcurl has no memory", {}};
  auto* curl = owner.get();
  char why[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  // Not on the way there either: who reads or changes it decides who comes in. Only to this machine
  // it may go in the clear.
  const bool is_local = url.starts_with("http:");
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, is_local ? "http" : "https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, is_local ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 3L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
  set_manners(curl);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &under_way);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &under_way);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_whether_to_stop);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &under_way);
  if (const auto code = curl_easy_perform(curl); code != CURLE_OK)
    under_way.got.error = why[0] ? why : curl_easy_strerror(code);
  return std::move(under_way.got);
}

}  // namespace confab::server
