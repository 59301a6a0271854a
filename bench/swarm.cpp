// The load generator of bench/run: many clients in one thread, framing of its own, so that it costs
// less than what it measures. Prints one JSON object.
//
//   bench_swarm --port P --pid SERVER --connections N --rooms R --seconds S --in-flight K
//
// Connects N clients, spread evenly over R rooms, each with `hello` and `join`. With K > 0 one member
// of each room keeps K messages of 64 bytes in flight (a closed loop: the next one leaves when one of
// its own comes back), and every delivery is checked for its place in the room's order. With K = 0
// they stay idle, having come as far as --stage says: 0 upgraded, 1 said hello, 2 joined. The server's CPU time and memory are read from /proc.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;
using namespace std::chrono_literals;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "bench_swarm: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

struct settings {
  int port = 8080, pid = 0, connections = 200, rooms = 1, seconds = 5, in_flight = 8, stage = 2;
};

settings parse(int argc, char** argv) {
  settings s;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view key = argv[i];
    const int value = std::atoi(argv[i + 1]);
    if (key == "--port") s.port = value;
    else if (key == "--pid") s.pid = value;
    else if (key == "--connections") s.connections = value;
    else if (key == "--rooms") s.rooms = value;
    else if (key == "--seconds") s.seconds = value;
    else if (key == "--in-flight") s.in_flight = value;
    else if (key == "--stage") s.stage = value;
  }
  return s;
}

/// User and system CPU seconds of a process, from /proc/PID/stat (proc(5), fields 14 and 15).
std::pair<double, double> cpu_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto after_name = text.rfind(')');
  if (after_name == std::string::npos) return {};
  unsigned long user = 0, system = 0;
  std::sscanf(text.c_str() + after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
  const double tick = static_cast<double>(sysconf(_SC_CLK_TCK));
  return {static_cast<double>(user) / tick, static_cast<double>(system) / tick};
}

/// Proportional set of a process in bytes, from /proc/PID/smaps_rollup.
long pss_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("Pss:")) return std::atol(line.c_str() + 4) * 1024;
  return 0;
}

struct client {
  int fd = -1;
  int room = 0;
  bool writer = false;
  bool upgraded = false;
  bool joined = false;
  std::string in;
  std::uint64_t last_seq = 0;
  std::deque<clock_type::time_point> sent;
};

struct totals {
  std::uint64_t deliveries = 0, receives = 0, bytes = 0, out_of_order = 0, errors = 0;
  std::vector<std::uint32_t> latency_us;
};

/// A masked text frame (RFC 6455 §5.2); the mask is zero, so the payload stands as it is.
std::string client_frame(std::string_view payload) {
  std::string out{"\x81", 1};
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  }
  out.append(4, '\0');
  out += payload;
  return out;
}

class swarm {
 public:
  explicit swarm(const settings& s) : how_(s), epoll_(epoll_create1(0)), clients_(static_cast<std::size_t>(s.connections)) {}

  void connect_all() {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      connect_one(i);
      // A bounded number under way, so that the backlog of the listening socket suffices.
      while (i + 1 - joined_ > 64) step(10s);
    }
    while (joined_ < clients_.size()) step(10s);
  }

  void start_writers() {
    for (int room = 0; room < how_.rooms; ++room) {
      auto& writer = clients_[static_cast<std::size_t>(room)];
      writer.writer = true;
      for (int k = 0; k < how_.in_flight; ++k) say(writer);
    }
  }

  void run_for(std::chrono::milliseconds time) {
    const auto end = clock_type::now() + time;
    while (clock_type::now() < end) step(100ms);
  }

  totals& count() { return totals_; }

 private:
  void connect_one(std::size_t i) {
    auto& c = clients_[i];
    c.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c.fd < 0) die("socket");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(how_.port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) die("connect");
    const int on = 1;
    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(c.fd, F_SETFL, O_NONBLOCK);
    c.room = static_cast<int>(i) % how_.rooms;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
    write_all(c, "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(how_.port) +
                     "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Protocol: confab.v1.json\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  }

  void write_all(client& c, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = write(c.fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EAGAIN) continue;
      if (n <= 0) die("write");
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void say(client& c) {
    static const std::string text(64, 'x');
    write_all(c, client_frame("{\"type\":\"send\",\"room\":\"r" + std::to_string(c.room) + "\",\"text\":\"" + text + "\"}"));
    c.sent.push_back(clock_type::now());
  }

  void step(std::chrono::milliseconds wait) {
    epoll_event events[256];
    const int n = epoll_wait(epoll_, events, 256, static_cast<int>(wait.count()));
    if (n == 0 && wait >= 10s) { errno = ETIMEDOUT; die("waiting for the server"); }
    for (int i = 0; i < n; ++i) read_from(clients_[events[i].data.u64]);
  }

  void read_from(client& c) {
    static char buffer[256 * 1024];
    const auto n = read(c.fd, buffer, sizeof buffer);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) die("the server closed a connection");
    ++totals_.receives;
    totals_.bytes += static_cast<std::uint64_t>(n);
    std::string_view bytes{buffer, static_cast<std::size_t>(n)};
    if (!c.in.empty()) {
      c.in.append(bytes);
      bytes = c.in;
    }
    const auto used = c.upgraded ? take_frames(c, bytes) : take_upgrade(c, bytes);
    const std::string rest{bytes.substr(used)};
    c.in = rest;
    if (c.in.empty()) c.in.shrink_to_fit();
  }

  std::size_t take_upgrade(client& c, std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    if (!bytes.starts_with("HTTP/1.1 101")) die("refused: " + std::string(bytes.substr(0, 60)));
    c.upgraded = true;
    if (how_.stage == 0) return arrived(c), end + 4;
    const auto id = std::to_string(&c - clients_.data());
    write_all(c, client_frame(R"({"type":"hello","id":1,"guest":"user-)" + id + "\"}"));
    return end + 4;
  }

  std::size_t take_frames(client& c, std::string_view bytes) {
    std::size_t at = 0;
    while (bytes.size() - at >= 2) {
      std::size_t header = 2, size = static_cast<unsigned char>(bytes[at + 1]) & 0x7f;
      if (size == 126) {
        header = 4;
        if (bytes.size() - at < header) break;
        size = static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 2])) << 8 | static_cast<unsigned char>(bytes[at + 3]);
      } else if (size == 127) {
        header = 10;
        if (bytes.size() - at < header) break;
        size = 0;
        for (std::size_t k = 2; k < 10; ++k) size = size << 8 | static_cast<unsigned char>(bytes[at + k]);
      }
      if (bytes.size() - at < header + size) break;
      take(c, bytes[at] & 0x0f, bytes.substr(at + header, size));
      at += header + size;
    }
    return at;
  }

  void take(client& c, int opcode, std::string_view payload) {
    constexpr std::string_view message = R"({"type":"message")";
    if (opcode == 9) {
      write_all(c, std::string{"\x8a\x80\0\0\0\0", 6});
    } else if (payload.starts_with(message)) {
      ++totals_.deliveries;
      const auto at = payload.find("\"seq\":");
      const auto seq = std::strtoull(payload.data() + at + 6, nullptr, 10);
      if (c.last_seq != 0 && seq != c.last_seq + 1) ++totals_.out_of_order;
      c.last_seq = seq;
      if (c.writer && !c.sent.empty()) {
        totals_.latency_us.push_back(static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(clock_type::now() - c.sent.front()).count()));
        c.sent.pop_front();
        say(c);
      }
    } else if (payload.starts_with(R"({"type":"welcome")")) {
      if (how_.stage == 1) return arrived(c);
      write_all(c, client_frame(R"({"type":"join","id":2,"room":"r)" + std::to_string(c.room) + "\"}"));
    } else if (payload.starts_with(R"({"type":"joined")")) {
      arrived(c);
    } else if (payload.starts_with(R"({"type":"error")")) {
      ++totals_.errors;
    }
  }

  void arrived(client& c) {
    if (!std::exchange(c.joined, true)) ++joined_;
  }

  settings how_;
  int epoll_;
  std::vector<client> clients_;
  std::size_t joined_ = 0;
  totals totals_;
};

double seconds(clock_type::duration d) { return std::chrono::duration<double>(d).count(); }

std::uint32_t percentile(std::vector<std::uint32_t>& values, double p) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(p * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace

int main(int argc, char** argv) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  const auto how = parse(argc, argv);
  swarm all{how};
  const auto pss_before = pss_of(how.pid);
  const auto [user0, system0] = cpu_of(how.pid);
  const auto begin = clock_type::now();
  all.connect_all();
  const auto connected = clock_type::now();
  const auto [user1, system1] = cpu_of(how.pid);

  std::printf("{\"connections\":%d,\"rooms\":%d,\"in_flight\":%d,\"connects_per_s\":%.0f,\"connect_cpu_us\":%.1f",
              how.connections, how.rooms, how.in_flight, how.connections / seconds(connected - begin),
              (user1 - user0 + system1 - system0) * 1e6 / how.connections);
  if (how.in_flight == 0) {
    all.run_for(std::chrono::seconds{how.seconds});
    const auto pss = pss_of(how.pid);
    std::printf(",\"pss_before\":%ld,\"pss_after\":%ld,\"bytes_per_connection\":%.0f}\n", pss_before, pss,
                static_cast<double>(pss - pss_before) / how.connections);
    return 0;
  }
  all.start_writers();
  all.run_for(1s);  // warm up
  all.count() = {};
  const auto [user2, system2] = cpu_of(how.pid);
  const auto [own_user0, own_system0] = cpu_of(getpid());
  const auto start = clock_type::now();
  all.run_for(std::chrono::seconds{how.seconds});
  const auto time = seconds(clock_type::now() - start);
  const auto [user3, system3] = cpu_of(how.pid);
  const auto [own_user1, own_system1] = cpu_of(getpid());
  auto& n = all.count();
  const double user = user3 - user2, system = system3 - system2, d = static_cast<double>(n.deliveries);
  std::printf(",\"deliveries_per_s\":%.0f,\"deliveries_per_core_s\":%.0f,\"user_us\":%.3f,\"system_us\":%.3f,"
              "\"server_cores\":%.2f,\"generator_cores\":%.2f,\"frames_per_receive\":%.1f,\"p50_us\":%u,\"p99_us\":%u,"
              "\"out_of_order\":%llu,\"errors\":%llu}\n",
              d / time, d / (user + system), user * 1e6 / d, system * 1e6 / d, (user + system) / time,
              (own_user1 - own_user0 + own_system1 - own_system0) / time, d / static_cast<double>(n.receives),
              percentile(n.latency_us, 0.5), percentile(n.latency_us, 0.99),
              static_cast<unsigned long long>(n.out_of_order), static_cast<unsigned long long>(n.errors));
  return n.out_of_order + n.errors > 0 ? 1 : 0;
}
