#include "server/admin_socket.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace confab::server {
namespace {

// What a client may keep the others, and the end of the server, waiting.
constexpr timeval request_wait_max{2, 0};
constexpr std::chrono::seconds retry_interval{1};  // after what leaves no memory
constexpr timeval answer_wait_max{60, 0};
constexpr std::size_t request_bytes_max = 4096;
constexpr std::string_view ok = "ok\n";

std::string last_error() { return std::generic_category().message(errno); }

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  if (path.size() >= sizeof out.sun_path) return std::nullopt;
  std::memcpy(out.sun_path, path.c_str(), path.size());
  return out;
}

int new_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

void limit_waits(int socket, const timeval& most) {
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
}

bool write_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// Up to the end of what the other side has to say.
std::optional<std::string> read_all(int socket, std::size_t bytes_max) {
  std::string out;
  char part[4096];
  for (;;) {
    const auto count = ::recv(socket, part, sizeof part, 0);
    if (count < 0) return std::nullopt;
    if (count == 0) return out;
    out.append(part, static_cast<std::size_t>(count));
    if (out.size() > bytes_max) return std::nullopt;
  }
}

}  // namespace

admin_socket::admin_socket(std::string path, desk answers)
    : path_(std::move(path)), answers_(std::move(answers)) {
  const auto at = address_of(path_);
  if (!at) throw std::runtime_error(path_ + " is too long for a socket's name");
  struct stat info {};
  if (::lstat(path_.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) throw std::runtime_error(path_ + " is there, and no socket");
    ::unlink(path_.c_str());
  }
  socket_ = new_socket();
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  constexpr int waiting_max = 8;
  if (socket_ < 0 || stop_ < 0 ||
      ::bind(socket_, reinterpret_cast<const sockaddr*>(&*at), sizeof *at) != 0 ||
      ::chmod(path_.c_str(), 0600) != 0 || ::listen(socket_, waiting_max) != 0) {
    const auto why = "cannot listen on " + path_ + ": " + last_error();
    for (const int each : {socket_, stop_})
      if (each >= 0) ::close(each);
    throw std::runtime_error(why);
  }
  thread_ = std::thread{[this] { serve(); }};
}

admin_socket::~admin_socket() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
  thread_.join();
  ::unlink(path_.c_str());
  ::close(socket_);
  ::close(stop_);
}

void admin_socket::serve() {
  for (;;) {
    pollfd both[] = {{socket_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (::poll(both, 2, -1) < 0) {
      if (errno != EINTR) std::this_thread::sleep_for(retry_interval);  // no memory
      continue;
    }
    if (both[1].revents != 0) return;
    if (both[0].revents == 0) continue;
    const int client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    answer(client);
    ::close(client);
  }
}

void admin_socket::answer(int client) const {
  limit_waits(client, request_wait_max);
  const auto asked = read_all(client, request_bytes_max);
  if (!asked || !asked->ends_with('\0')) return;
  std::vector<std::string> words;
  for (std::size_t from = 0; from < asked->size(); from += words.back().size() + 1)
    words.emplace_back(asked->c_str() + from);
  std::string text;
  try {
    text = answers_(words);
  } catch (const std::exception& error) {
    text = error.what();
  }
  static_cast<void>(write_all(client, text));
}

std::variant<told, std::string> ask_server(const std::string& path,
                                           const std::vector<std::string>& words) {
  const auto at = address_of(path);
  if (!at) return path + " is too long for a socket's name";
  const int socket = new_socket();
  if (socket < 0) return last_error();
  struct closer {
    int socket;
    ~closer() { ::close(socket); }
  } const guard{socket};
  limit_waits(socket, answer_wait_max);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&*at), sizeof *at) != 0)
    return "no server answers at " + path + ": " + last_error();
  std::string request;
  for (const auto& word : words) request.append(word).push_back('\0');
  constexpr std::size_t answer_bytes_max = std::size_t{64} << 20;
  std::optional<std::string> answer;
  if (write_all(socket, request) && ::shutdown(socket, SHUT_WR) == 0)
    answer = read_all(socket, answer_bytes_max);
  if (!answer || answer->empty()) return "the server at " + path + " gave no answer";
  if (!answer->starts_with(ok)) return *answer;
  return told{answer->substr(ok.size())};
}

}  // namespace confab::server
