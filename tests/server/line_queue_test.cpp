#include "server/line_queue.hpp"

#include "server/log.hpp"
#include "tests/support/catch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <utility>

using namespace confab::server;
using namespace std::chrono_literals;

namespace {

/// A pipe that holds as little as the system lets it.
struct narrow_pipe {
  narrow_pipe() {
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    capacity = static_cast<std::size_t>(::fcntl(ends[1], F_SETPIPE_SZ, 4096));
  }
  ~narrow_pipe() {
    ::close(ends[0]);
    if (ends[1] >= 0) ::close(ends[1]);
  }
  /// All that comes until it ends in `end`.
  std::string read_until(std::string_view end) const {
    std::string out;
    std::array<char, 4096> room;
    pollfd ready{ends[0], POLLIN, 0};
    while (!out.ends_with(end) && ::poll(&ready, 1, 10'000) == 1) {
      const auto count = ::read(ends[0], room.data(), room.size());
      if (count <= 0) break;
      out.append(room.data(), static_cast<std::size_t>(count));
    }
    return out;
  }

  /// Writes until nothing more fits; how many bytes that took.
  std::size_t fill() const {
    const auto flags = ::fcntl(ends[1], F_GETFL);
    ::fcntl(ends[1], F_SETFL, flags | O_NONBLOCK);
    std::size_t count = 0;
    while (::write(ends[1], "f", 1) == 1) ++count;
    ::fcntl(ends[1], F_SETFL, flags);
    return count;
  }

  std::array<int, 2> ends{-1, -1};
  std::size_t capacity = 0;
};

std::string dropped_text(std::uint64_t count) { return "dropped " + std::to_string(count) + "\n"; }

}  // namespace

TEST_CASE("lines are written in their order") {
  const narrow_pipe pipe;
  const auto queue = log::line_queue::open(pipe.ends[1], 1024, dropped_text);

  queue->push("one\n");
  queue->push("two\n");

  CHECK(pipe.read_until("two\n") == "one\ntwo\n");
  CHECK(queue->flush(10s));
  CHECK(queue->dropped() == 0);
  queue->close();
}

TEST_CASE(
    "nobody waits for a file that takes nothing; what has no room is counted and told later") {
  const narrow_pipe pipe;
  const auto line = std::string(99, 'x') + "\n";
  const auto lines_max = 20u;
  const auto queue = log::line_queue::open(pipe.ends[1], lines_max * line.size(), dropped_text);
  const auto count = 2 * lines_max;
  const auto filled = pipe.fill();

  for (auto i = 0u; i < count; ++i) queue->push(line);

  const auto dropped = queue->dropped();
  CHECK(dropped > 0);
  CHECK(dropped < count);
  CHECK_FALSE(queue->flush(0ms));
  const auto told = dropped_text(dropped);
  const auto text = pipe.read_until(told);
  CHECK(text.size() == filled + (count - dropped) * line.size() + told.size());
  CHECK(queue->flush(10s));
  queue->push("later\n");
  CHECK(pipe.read_until("later\n") == "later\n");
  queue->close();
}

TEST_CASE("a line that fits just so is taken, one byte more is not") {
  const narrow_pipe pipe;
  const auto queue = log::line_queue::open(pipe.ends[1], 10, dropped_text);

  queue->push("0123456789");
  CHECK(queue->dropped() == 0);
  CHECK(queue->flush(10s));
  queue->push("0123456789x");

  CHECK(queue->dropped() == 1);
  CHECK(pipe.read_until("1\n") == "0123456789" + dropped_text(1));
  queue->close();
}

TEST_CASE("a file that is gone takes nothing and stops nobody") {
  narrow_pipe pipe;
  const int gone = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(gone >= 0);
  const auto queue = log::line_queue::open(gone, 1024, dropped_text);

  queue->push("lost\n");

  CHECK(queue->flush(10s));
  queue->close();
  ::close(gone);
}

TEST_CASE("the log waits for no reader of stderr") {
  narrow_pipe pipe;
  narrow_pipe life;  // whose end is the child's
  const auto child = ::fork();
  if (child == 0) {  // a process of its own: there is one stderr
    ::dup2(pipe.ends[1], STDERR_FILENO);
    log::open({});
    for (int i = 0; i < 1000; ++i) log::info("line", "text={}", std::string(100, 'x'));
    ::_exit(log::flush(0ms) ? 1 : 0);
  }
  ::close(std::exchange(life.ends[1], -1));

  pollfd ended{life.ends[0], POLLIN, 0};
  const bool in_time = ::poll(&ended, 1, 10'000) == 1;
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);

  CHECK(in_time);
  CHECK(status == 0);
}
