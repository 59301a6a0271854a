#include "transport/outbox.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace confab;
using namespace confab::transport;

namespace {

frame frame_of(std::size_t bytes, char fill = 'x') {
  return std::make_shared<const std::string>(bytes, fill);
}

/// A connection that writes what the test lets it write.
struct fake_connection : outbox_writer {
  void flush() override {
    ++flushes;
    if (!out || !takes) return;
    while (out->queued_bytes() > 0 && *takes > 0) {
      const auto parts = out->gather(room, scratch);
      std::size_t taken = 0;
      for (const auto& part : parts) {
        const auto size = std::min(part.iov_len, *takes - taken);
        written.append(static_cast<char*>(part.iov_base), size);
        taken += size;
      }
      *takes -= taken;
      out->consume(taken);
    }
  }
  void closing(close_code code) override { closed.push_back(code); }
  void resume_reading() override { ++resumed; }
  void writable() override {
    ++told;
    if (when_writable) when_writable();
  }

  outbox* out = nullptr;
  std::size_t budget = 0;
  std::size_t* takes = nullptr;  // nullptr: the socket takes nothing
  std::array<iovec, 8> room{};
  std::array<char, 4096> scratch{};
  std::string written;
  std::vector<close_code> closed;
  std::function<void()> when_writable;
  int flushes = 0;
  int resumed = 0;
  int told = 0;
};

struct fixture {
  explicit fixture(std::size_t bytes_max = limits::outbox_bytes_max)
      : out(std::make_shared<outbox>(connection, dirty, bytes_max)) {
    connection.out = out.get();
  }
  ~fixture() { out->detach(); }
  void let_write(std::size_t bytes) {
    connection.budget = bytes;
    connection.takes = &connection.budget;
  }

  dirty_list dirty;
  fake_connection connection;
  std::shared_ptr<outbox> out;
};

}  // namespace

TEST_CASE("an outbox takes exactly its bound, and one byte more closes it with 4000") {
  fixture f(1000);
  REQUIRE(f.out->push(frame_of(600), importance::required) == push_result::accepted);

  REQUIRE(f.out->push(frame_of(400), importance::required) == push_result::accepted);
  REQUIRE(f.out->queued_bytes() == 1000);
  REQUIRE(f.connection.closed.empty());

  REQUIRE(f.out->push(frame_of(1), importance::required) == push_result::overflow);
  REQUIRE(f.connection.closed == std::vector{close_code::slow_consumer});
  REQUIRE(f.out->push(frame_of(1), importance::required) == push_result::closed);
}

TEST_CASE("an outbox that would overflow writes first, so that a burst is no slow reader") {
  fixture f(1000);
  f.let_write(1000);
  REQUIRE(f.out->push(frame_of(1000), importance::required) == push_result::accepted);

  REQUIRE(f.out->push(frame_of(1000), importance::required) == push_result::accepted);

  REQUIRE(f.connection.written.size() == 1000);
  REQUIRE(f.out->queued_bytes() == 1000);
}

TEST_CASE("droppable frames are left out above their bound, required ones are not") {
  fixture f;
  REQUIRE(f.out->push(frame_of(limits::outbox_droppable_bytes_max - 10), importance::required) ==
          push_result::accepted);

  REQUIRE(f.out->push(frame_of(10), importance::droppable) == push_result::accepted);
  REQUIRE(f.out->push(frame_of(1), importance::droppable) == push_result::dropped);
  REQUIRE(f.out->push(frame_of(1), importance::required) == push_result::accepted);

  REQUIRE(f.out->queued_bytes() == limits::outbox_droppable_bytes_max + 1);
}

TEST_CASE("overflow throws away what was not begun, finishes the frame that was, then closes") {
  fixture f(1000);
  f.let_write(30);
  REQUIRE(f.out->push(frame_of(100, 'a'), importance::required) == push_result::accepted);
  REQUIRE(f.out->push(frame_of(800, 'b'), importance::required) == push_result::accepted);
  f.dirty.flush();
  REQUIRE(f.connection.written.size() == 30);

  REQUIRE(f.out->push(frame_of(500, 'c'), importance::required) == push_result::overflow);
  f.let_write(10'000);
  f.dirty.flush();

  const auto& written = f.connection.written;
  REQUIRE(written.substr(0, 100) == std::string(100, 'a'));
  REQUIRE(written.substr(100, 4) == std::string("\x88\x0f\x0f\xa0", 4));  // 4000
  REQUIRE(written.substr(104) == "slow consumer");
}

TEST_CASE("overflow keeps what is on its way elsewhere") {
  fixture f(1000);
  REQUIRE(f.out->push(frame_of(100, 'a'), importance::required) == push_result::accepted);
  REQUIRE(f.out->push(frame_of(100, 'b'), importance::required) == push_result::accepted);
  REQUIRE(f.out->push(frame_of(700, 'c'), importance::required) == push_result::accepted);
  std::string staged;
  f.out->stage(staged, 150);
  REQUIRE(staged.size() == 200);

  REQUIRE(f.out->push(frame_of(500), importance::required) == push_result::overflow);
  f.out->consume(200);

  std::string rest;
  f.out->stage(rest, 1000);
  REQUIRE(static_cast<unsigned char>(rest[0]) == 0x88);
  REQUIRE(rest.size() == f.out->queued_bytes());
}

TEST_CASE("an outbox is on the list of its turn once, and is flushed once") {
  fixture f;
  f.let_write(10'000);

  for (int i = 0; i < 5; ++i)
    REQUIRE(f.out->push(frame_of(10), importance::required) == push_result::accepted);
  REQUIRE(f.dirty.size() == 1);
  f.dirty.flush();

  REQUIRE(f.connection.flushes == 1);
  REQUIRE(f.connection.written.size() == 50);
  REQUIRE(f.dirty.size() == 0);
}

TEST_CASE("small frames are gathered into one piece and large ones are not copied") {
  fixture f;
  const auto large = frame_of(100'000, 'L');
  REQUIRE(f.out->push(frame_of(10, 'a'), importance::required) == push_result::accepted);
  REQUIRE(f.out->push(frame_of(10, 'b'), importance::required) == push_result::accepted);
  REQUIRE(f.out->push(large, importance::required) == push_result::accepted);
  REQUIRE(f.out->push(frame_of(10, 'c'), importance::required) == push_result::accepted);

  const auto parts = f.out->gather(f.connection.room, f.connection.scratch);

  REQUIRE(parts.size() == 3);
  REQUIRE(std::string(static_cast<char*>(parts[0].iov_base), parts[0].iov_len) ==
          "aaaaaaaaaabbbbbbbbbb");
  REQUIRE(parts[1].iov_base == large->data());
  REQUIRE(parts[2].iov_len == 10);
}

TEST_CASE("whatever the sizes of frames and writes, the bytes come out as they went in") {
  fixture f;
  std::string expected;
  unsigned seed = 7;
  const auto next = [&] { return seed = seed * 1664525u + 1013904223u; };
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 5; ++i) {
      const auto size = next() % 100 < 95 ? next() % 300 + 1 : next() % 6000 + 1;
      const auto bytes = frame_of(size, static_cast<char>('a' + next() % 26));
      expected += *bytes;
      REQUIRE(f.out->push(bytes, importance::required) == push_result::accepted);
    }
    f.let_write(next() % 3000);
    f.dirty.flush();
    f.connection.takes = nullptr;
    REQUIRE(f.out->queued_bytes() == expected.size() - f.connection.written.size());
  }
  f.let_write(10'000'000);
  f.connection.flush();

  REQUIRE(f.connection.written == expected);
  REQUIRE(f.out->queued_bytes() == 0);
}

TEST_CASE("every member of a room holds the same bytes, and lets go of them when written") {
  fixture a, b;
  const auto shared = frame_of(100);
  a.let_write(1000);
  REQUIRE(a.out->push(shared, importance::required) == push_result::accepted);
  REQUIRE(b.out->push(shared, importance::required) == push_result::accepted);
  REQUIRE(shared.use_count() == 3);

  a.dirty.flush();
  REQUIRE(shared.use_count() == 2);
  b.out->detach();
  REQUIRE(shared.use_count() == 1);
}

TEST_CASE("after close nothing follows the close frame, and only the first close counts") {
  fixture f;
  REQUIRE(f.out->push(frame_of(10), importance::required) == push_result::accepted);

  f.out->close(close_code::normal, "bye");
  f.out->close(close_code::internal, "no");
  REQUIRE(f.out->push(frame_of(1), importance::required) == push_result::closed);
  REQUIRE(f.out->push_control("\x8a\x01x"));  // a pong
  f.let_write(1000);
  f.dirty.flush();

  REQUIRE(f.connection.written == std::string("xxxxxxxxxx\x88\x05\x03\xe8"
                                              "bye",
                                              17));
  REQUIRE(f.connection.closed == std::vector{close_code::normal});
}

TEST_CASE("a reason too long for a close frame is cut between characters") {
  fixture f;
  std::string reason(122, 'r');
  reason += "\xc3\xa9\xc3\xa9";

  f.out->close(close_code::normal, reason);
  std::string bytes;
  f.out->stage(bytes, 1000);

  REQUIRE(bytes.substr(4) == std::string(122, 'r'));
  REQUIRE(bytes[1] == 124);
}

TEST_CASE("pongs count against the bound, so that a flood of pings ends in 4000") {
  const std::size_t payload_bytes = GENERATE(125, 0);
  std::string pong{'\x8a', static_cast<char>(payload_bytes)};
  pong.append(payload_bytes, 'p');
  fixture f(12'700);
  int pongs = 0;

  while (f.connection.closed.empty() && pongs < 1000) {
    REQUIRE(f.out->push_control(pong));
    ++pongs;
  }

  // By their bytes, or by the memory each of them takes.
  REQUIRE(pongs == (payload_bytes > 0 ? 101 : 200));
  REQUIRE(f.connection.closed == std::vector{close_code::slow_consumer});
  REQUIRE(f.out->queued_bytes() < 50);
}

TEST_CASE("a sink that outlives its connection answers closed for ever") {
  fixture f;
  REQUIRE(f.out->push(frame_of(10), importance::required) == push_result::accepted);

  f.out->detach();
  f.dirty.flush();

  REQUIRE(f.connection.flushes == 0);
  REQUIRE(f.out->queued_bytes() == 0);
  REQUIRE(f.out->push(frame_of(1), importance::required) == push_result::closed);
  REQUIRE_FALSE(f.out->push_control("x"));
  f.out->close(close_code::normal, "");
  f.out->resume_reading();
  f.out->notify_when_low();
  REQUIRE(f.connection.closed.empty());
  REQUIRE(f.dirty.size() == 0);
}

TEST_CASE("who asks to be told is told once, when at most the low water is queued") {
  fixture f;
  REQUIRE(f.out->push(frame_of(limits::outbox_low_water_bytes + 1), importance::required) ==
          push_result::accepted);
  f.out->notify_when_low();

  f.dirty.flush();
  REQUIRE(f.connection.told == 0);

  f.let_write(1);
  f.connection.flush();
  f.dirty.flush();
  REQUIRE(f.connection.told == 1);

  f.let_write(10);
  f.connection.flush();
  f.dirty.flush();
  REQUIRE(f.connection.told == 1);
}

TEST_CASE("who is low already is told at the end of this turn, and again only in the next one") {
  fixture f;
  f.connection.when_writable = [&] { f.out->notify_when_low(); };
  f.out->notify_when_low();
  REQUIRE(f.connection.told == 0);

  REQUIRE(f.dirty.flush());  // another turn is wanted
  REQUIRE(f.connection.told == 1);

  f.connection.when_writable = nullptr;
  REQUIRE_FALSE(f.dirty.flush());
  REQUIRE(f.connection.told == 2);
}
