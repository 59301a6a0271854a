// Calls of the HTTP API over connections that stay open: how many a second, and how long each takes. One thread, epoll, one
// call under way on each connection; the answer's end is found by its Content-Length.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

struct plan {
  std::uint16_t port = 0;
  std::string key;
  std::size_t connections = 64;
  std::size_t batch = 1;  // messages in a call; 1: by POST /rooms/{room}/messages
  std::size_t rooms = 10;
  double seconds = 3;
};

struct connection {
  int socket = -1;
  std::size_t number = 0;
  std::size_t calls = 0;
  std::string out;
  std::size_t sent = 0;
  std::string in;
  steady::time_point asked;
};

std::string body_of(const plan& how, const connection& on) {
  const std::string text = R"("text":"sixty-four bytes of a text as people write them to each other.")";
  if (how.batch == 1) return R"({"from":"bench",)" + text + "}";
  std::string out = R"({"items":[)";
  for (std::size_t i = 0; i < how.batch; ++i)
    out += (i ? "," : "") + std::string{R"({"room":"bench-)"} +
           std::to_string((on.number + i) % how.rooms) + R"(","from":"bench",)" + text + "}";
  return out + "]}";
}

void ask(const plan& how, connection& on) {
  const auto body = body_of(how, on);
  const auto path = how.batch == 1 ? "/rooms/bench-" + std::to_string(on.number % how.rooms) + "/messages"
                                   : std::string{"/publish"};
  on.out = "POST /api/v1" + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + how.key +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  on.sent = 0;
  on.in.clear();
  on.asked = steady::now();
  on.sent = static_cast<std::size_t>(std::max<ssize_t>(0, ::send(on.socket, on.out.data(), on.out.size(), MSG_NOSIGNAL)));
}

/// Whether the answer has come whole.
bool answered(const connection& on) {
  const auto head = on.in.find("\r\n\r\n");
  if (head == on.in.npos) return false;
  constexpr std::string_view name = "Content-Length: ";
  const auto at = on.in.find(name);
  std::size_t bytes = 0;
  if (at < head) std::from_chars(on.in.data() + at + name.size(), on.in.data() + head, bytes);
  return on.in.size() >= head + 4 + bytes;
}

int connected(std::uint16_t port) {
  const int made = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(made, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("no server answers");
  const int on = 1;
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return made;
}

plan read(int argc, char** argv) {
  plan how;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--port") how.port = static_cast<std::uint16_t>(std::stoul(value));
    else if (name == "--key") how.key = value;
    else if (name == "--connections") how.connections = std::stoul(value);
    else if (name == "--batch") how.batch = std::stoul(value);
    else if (name == "--seconds") how.seconds = std::stod(value);
    else throw std::runtime_error("unknown: " + std::string{name});
  }
  return how;
}

void run(const plan& how) {
  const int poll = ::epoll_create1(0);
  std::vector<connection> all(how.connections);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].number = i;
    all[i].socket = connected(how.port);
    epoll_event what{EPOLLIN, {.u64 = i}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, all[i].socket, &what);
  }
  std::vector<double> waits;
  const auto began = steady::now();
  const auto until = began + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>{how.seconds});
  std::size_t wrong = 0;
  for (auto& on : all) ask(how, on);
  std::array<epoll_event, 256> came;
  std::array<char, 64 * 1024> bytes;
  while (steady::now() < until) {
    const int count = ::epoll_wait(poll, came.data(), static_cast<int>(came.size()), 1000);
    for (int i = 0; i < count; ++i) {
      auto& on = all[came[static_cast<std::size_t>(i)].data.u64];
      const auto got = ::recv(on.socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (got == 0) throw std::runtime_error("the server has closed a connection");
      if (got > 0) on.in.append(bytes.data(), static_cast<std::size_t>(got));
      if (on.sent < on.out.size()) throw std::runtime_error("a call does not fit into a socket's buffer");
      if (!answered(on)) continue;
      if (!on.in.starts_with("HTTP/1.1 20")) ++wrong;
      waits.push_back(std::chrono::duration<double, std::milli>(steady::now() - on.asked).count());
      ask(how, on);
    }
  }
  const std::chrono::duration<double> took = steady::now() - began;
  std::sort(waits.begin(), waits.end());
  const auto at = [&](double part) {
    return waits.empty() ? 0.0 : waits[static_cast<std::size_t>(static_cast<double>(waits.size() - 1) * part)];
  };
  const auto calls = static_cast<double>(waits.size()) / took.count();
  std::printf(R"({"calls_per_second":%.0f,"messages_per_second":%.0f,"p50_ms":%.2f,"p99_ms":%.2f,"calls":%zu,"wrong":%zu})" "\n",
              calls, calls * static_cast<double>(how.batch), at(0.5), at(0.99), waits.size(), wrong);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(read(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
