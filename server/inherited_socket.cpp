#include "server/inherited_socket.hpp"

#include "server/values.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace confab::server {
namespace {

constexpr int first_descriptor = 3;  // sd_listen_fds(3)

std::string text_of(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, address, text.data(), text.size());
  return text.data();
}

}  // namespace

std::optional<inherited_socket> find_inherited_socket(const environment& env) {
  const auto number = [&](const char* name) -> std::uint64_t {
    const auto* text = env(name);
    return text ? read_number(text).value_or(0) : 0;
  };
  const auto count = number("LISTEN_FDS");
  if (count == 0 || number("LISTEN_PID") != static_cast<std::uint64_t>(::getpid()))
    return std::nullopt;
  if (count > 1)
    throw std::runtime_error("LISTEN_FDS: " + std::to_string(count) +
                             " sockets were passed on, and the server listens on one");
  inherited_socket found{first_descriptor, {}, 0};
  int listens = 0, type = 0;
  socklen_t bytes = sizeof listens;
  sockaddr_storage where{};
  socklen_t where_bytes = sizeof where;
  const bool asked =
      ::getsockopt(found.descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) == 0 &&
      ::getsockopt(found.descriptor, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 &&
      ::getsockname(found.descriptor, reinterpret_cast<sockaddr*>(&where), &where_bytes) == 0;
  if (!asked || !listens || type != SOCK_STREAM)
    throw std::runtime_error("LISTEN_FDS: what was passed on is no stream socket that listens");
  ::fcntl(found.descriptor, F_SETFD, FD_CLOEXEC);
  if (where.ss_family == AF_UNIX) {
    found.host = reinterpret_cast<const sockaddr_un&>(where).sun_path;
  } else if (where.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(where);
    found.host = text_of(AF_INET6, &six.sin6_addr);
    found.port = ntohs(six.sin6_port);
  } else {
    const auto& four = reinterpret_cast<const sockaddr_in&>(where);
    found.host = text_of(AF_INET, &four.sin_addr);
    found.port = ntohs(four.sin_port);
  }
  return found;
}

}  // namespace confab::server
