// What bench/load_tool measures confab-load against: a server that does next to nothing for a
// message, so that the tool and not the server is the limit. One thread, JSON, nothing is kept.
//
//   bench_replay [FILLERS SECONDS]
//
// Says on which port it listens. Numbers what is sent to a room and repeats it to all members. For
// SECONDS from the first message on it writes that many further ones into each room with members,
// as fast as they are read: built once, and the same bytes for all.

#include "load/stamp.hpp"
#include "protocol/frame.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace confab;
using steady = std::chrono::steady_clock;

struct room;

struct member {
  int fd = -1;
  bool is_open = false;
  std::string in, out;
  std::vector<room*> rooms;
};

struct room {
  std::string name;
  std::uint64_t head = 0, shown = 0;  // shown: without what waits
  std::vector<int> members;
  std::string waiting;  // frames of the next block
};

class replay {
 public:
  replay(int fillers, int seconds)
      : fillers_{fillers},
        filling_us_{seconds * std::int64_t{1'000'000}},
        epoll_{epoll_create1(0)} {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        listen(listener_, 4096) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
      std::perror("bench_replay");
      std::exit(1);
    }
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
    std::printf("%d\n", ntohs(at.sin_port));
    std::fflush(stdout);
  }

  [[noreturn]] void run() {
    for (;;) {
      std::array<epoll_event, 512> events;
      const int count =
          epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), is_busy() ? 0 : 1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_)
          accept_all();
        else
          proceed(fd, events[static_cast<std::size_t>(i)].events);
      }
      for (auto& [name, each] : rooms_) repeat(each);
    }
  }

 private:
  void watch(int fd, std::uint32_t events, int how) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(epoll_, how, fd, &event);
  }
  bool is_busy() const { return run_ != 0 && now_us() < fill_until_us_; }

  void accept_all() {
    for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (static_cast<std::size_t>(fd) >= members_.size())
        members_.resize(static_cast<std::size_t>(fd) + 1024);
      at(fd) = {};
      at(fd).fd = fd;
      watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
  }
  member& at(int fd) { return members_[static_cast<std::size_t>(fd)]; }

  void proceed(int fd, std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) flush(at(fd));
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
    std::array<char, 16384> bytes;
    const auto got = read(fd, bytes.data(), bytes.size());
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end(at(fd));
    auto& one = at(fd);
    one.in.append(bytes.data(), static_cast<std::size_t>(got));
    if (!one.is_open) {
      if (!one.in.ends_with("\r\n\r\n")) return;
      one.is_open = true;
      one.in = {};
      // The answer to the one key that the tool offers.
      return write(
          one,
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
          "Sec-WebSocket-Protocol: confab.v1.json\r\n\r\n");
    }
    take_frames(one);
  }

  void end(member& one) {
    for (auto* in : one.rooms) std::erase(in->members, one.fd);
    close(one.fd);
    one = {};
  }

  void take_frames(member& one) {
    std::size_t used = 0;
    while (one.in.size() - used >= 6) {
      auto* head = reinterpret_cast<unsigned char*>(one.in.data() + used);
      std::size_t size = head[1] & 0x7f, begin = 2;
      if (size == 126) {
        if (one.in.size() - used < 8) break;
        size = static_cast<std::size_t>(head[2]) << 8 | head[3];
        begin = 4;
      }
      if (one.in.size() - used < begin + 4 + size) break;
      auto* payload = head + begin + 4;
      for (std::size_t i = 0; i < size; ++i) payload[i] ^= head[begin + (i & 3)];
      if ((head[0] & 0x0f) == 1) take(one, {reinterpret_cast<char*>(payload), size});
      used += begin + 4 + size;
    }
    one.in.erase(0, used);
    if (one.in.empty()) one.in = {};
  }

  static std::string_view text_in(std::string_view json, std::string_view name) {
    const auto found = json.find("\"" + std::string{name} + "\":\"");
    if (found == std::string_view::npos) return {};
    const auto from = found + name.size() + 4;
    return json.substr(from, json.find('"', from) - from);
  }
  static std::string id_in(std::string_view json) {
    const auto found = json.find("\"id\":");
    if (found == std::string_view::npos) return "0";
    const auto from = found + 5;
    return std::string{json.substr(from, json.find_first_of(",}", from) - from)};
  }
  void say(member& one, std::string_view json) { write(one, *make_frame(frame_kind::text, json)); }

  void take(member& one, std::string_view json) {
    const auto type = text_in(json, "type");
    const auto re = id_in(json);
    const std::string name{text_in(json, "room")};
    if (type == "hello") {
      const auto& user = names_[one.fd] = text_in(json, "guest");
      return say(one, R"({"type":"welcome","re":)" + re + R"(,"user":{"id":")" + user +
                          R"("},"session":"s-1","directs":[]})");
    }
    auto& in = rooms_[name];
    in.name = name;
    if (type == "join") {
      in.members.push_back(one.fd);
      one.rooms.push_back(&in);
      return say(one, R"({"type":"joined","re":)" + re + R"(,"room":")" + name +
                          R"(","title":"x","epoch":"e","head":)" + std::to_string(in.shown) +
                          R"(,"gap":false,"role":"member","online":1,"members":[],"events":[]})");
    }
    if (type != "send") return;
    const auto text = text_in(json, "text");
    learn(text);
    const auto seq = append(in, names_[one.fd], text);
    say(one, R"({"type":"sent","re":)" + re + R"(,"room":")" + name + R"(","seq":)" +
                 std::to_string(seq) + R"(,"at":1763790000123,"durability":"memory"})");
  }

  /// Of the tool's messages: which run this is, and what time it is there.
  void learn(std::string_view text) {
    const auto read = load::read_text(text);
    if (read.state != load::text_state::intact) return;
    if (run_ == 0) fill_until_us_ = now_us() + filling_us_;
    run_ = read.stamp.run;
    offset_us_ = read.stamp.due_us - now_us();
  }
  static std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(steady::now().time_since_epoch())
        .count();
  }

  std::uint64_t append(room& in, std::string_view from, std::string_view text) {
    const auto seq = ++in.head;
    std::string json = R"({"type":"message","room":")" + in.name + R"(","seq":)" +
                       std::to_string(seq) + R"(,"at":1763790000123,"from":")";
    json.append(from).append(R"(","text":")").append(text).append("\"}");
    in.waiting += *make_frame(frame_kind::text, json);
    return seq;
  }

  /// One block to every member, once all have taken the one before.
  void repeat(room& in) {
    const bool is_stuck =
        std::ranges::any_of(in.members, [&](int fd) { return !at(fd).out.empty(); });
    if (is_stuck) return;
    if (is_busy() && !in.members.empty()) {
      std::uint32_t number = 0;
      std::from_chars(in.name.data() + std::strlen("load-"), in.name.data() + in.name.size(),
                      number);
      for (int i = 0; i < fillers_; ++i) {
        const load::stamp mark{load::stamp_kind::room,
                               run_,
                               number,
                               0xfffffe,
                               static_cast<std::uint32_t>(in.head + 1) & load::stamp::number_max,
                               std::max<std::int64_t>(0, now_us() + offset_us_)};
        append(in, "load-replay", load::write_text(mark, 64));
      }
    }
    if (in.waiting.empty()) return;
    for (const int fd : in.members) write(at(fd), in.waiting);
    in.waiting = {};
    in.shown = in.head;
  }

  void write(member& one, std::string_view bytes) {
    if (one.out.empty()) {
      const auto put = ::send(one.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
      if (bytes.empty()) return;
      watch(one.fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
    one.out += bytes;
  }
  void flush(member& one) {
    const auto put = ::send(one.fd, one.out.data(), one.out.size(), MSG_NOSIGNAL);
    if (put > 0) one.out.erase(0, static_cast<std::size_t>(put));
    if (!one.out.empty()) return;
    one.out = {};
    watch(one.fd, EPOLLIN, EPOLL_CTL_MOD);
  }

  int fillers_;
  std::int64_t filling_us_, fill_until_us_ = 0;
  int epoll_;
  int listener_;
  std::uint32_t run_ = 0;
  std::int64_t offset_us_ = 0;
  std::vector<member> members_ = std::vector<member>(1024);  // by descriptor
  std::map<int, std::string> names_;
  std::map<std::string, room> rooms_;
};

}  // namespace

int main(int argc, char** argv) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  replay{argc > 2 ? std::atoi(argv[1]) : 0, argc > 2 ? std::atoi(argv[2]) : 0}.run();
}
