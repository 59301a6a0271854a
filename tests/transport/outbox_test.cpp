#include "transport/outbox.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <random>
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
  push_result push(const frame& bytes, importance weight = importance::required) {
    return out->push(bytes, weight, 1);
  }
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
  REQUIRE(f.push(frame_of(600)) == push_result::accepted);

  REQUIRE(f.push(frame_of(400)) == push_result::accepted);
  REQUIRE(f.out->queued_bytes() == 1000);
  REQUIRE(f.connection.closed.empty());

  REQUIRE(f.push(frame_of(1)) == push_result::overflow);
  REQUIRE(f.connection.closed == std::vector{close_code::slow_consumer});
  REQUIRE(f.push(frame_of(1)) == push_result::closed);
}

TEST_CASE("an outbox that would overflow writes first, so that a burst is no slow reader") {
  fixture f(1000);
  f.let_write(1000);
  REQUIRE(f.push(frame_of(1000)) == push_result::accepted);

  REQUIRE(f.push(frame_of(1000)) == push_result::accepted);

  REQUIRE(f.connection.written.size() == 1000);
  REQUIRE(f.out->queued_bytes() == 1000);
}

TEST_CASE("droppable frames are left out above their bound, required ones are not") {
  fixture f;
  REQUIRE(f.push(frame_of(limits::outbox_droppable_bytes_max - 10)) == push_result::accepted);

  REQUIRE(f.push(frame_of(10), importance::droppable) == push_result::accepted);
  REQUIRE(f.push(frame_of(1), importance::droppable) == push_result::dropped);
  REQUIRE(f.push(frame_of(1)) == push_result::accepted);

  REQUIRE(f.out->queued_bytes() == limits::outbox_droppable_bytes_max + 1);
}

TEST_CASE("overflow throws away what was not begun, finishes the frame that was, then closes") {
  fixture f(1000);
  f.let_write(30);
  REQUIRE(f.push(frame_of(100, 'a')) == push_result::accepted);
  REQUIRE(f.push(frame_of(800, 'b')) == push_result::accepted);
  f.dirty.flush();
  REQUIRE(f.connection.written.size() == 30);

  REQUIRE(f.push(frame_of(500, 'c')) == push_result::overflow);
  f.let_write(10'000);
  f.dirty.flush();

  const auto& written = f.connection.written;
  REQUIRE(written.substr(0, 100) == std::string(100, 'a'));
  REQUIRE(written.substr(100, 4) == std::string("\x88\x0f\x0f\xa0", 4));  // 4000
  REQUIRE(written.substr(104) == "slow consumer");
}

TEST_CASE("overflow keeps what is on its way elsewhere") {
  fixture f(1000);
  REQUIRE(f.push(frame_of(100, 'a')) == push_result::accepted);
  REQUIRE(f.push(frame_of(100, 'b')) == push_result::accepted);
  REQUIRE(f.push(frame_of(700, 'c')) == push_result::accepted);
  std::string staged;
  f.out->stage(staged, 150);
  REQUIRE(staged.size() == 200);

  REQUIRE(f.push(frame_of(500)) == push_result::overflow);
  f.out->consume(200);

  std::string rest;
  f.out->stage(rest, 1000);
  REQUIRE(static_cast<unsigned char>(rest[0]) == 0x88);
  REQUIRE(rest.size() == f.out->queued_bytes());
}

TEST_CASE("an outbox is on the list of its turn once, and is flushed once") {
  fixture f;
  f.let_write(10'000);

  for (int i = 0; i < 5; ++i) REQUIRE(f.push(frame_of(10)) == push_result::accepted);
  REQUIRE(f.dirty.size() == 1);
  f.dirty.flush();

  REQUIRE(f.connection.flushes == 1);
  REQUIRE(f.connection.written.size() == 50);
  REQUIRE(f.dirty.size() == 0);
}

TEST_CASE("small frames are gathered into one piece and large ones are not copied") {
  fixture f;
  const auto large = frame_of(100'000, 'L');
  REQUIRE(f.push(frame_of(10, 'a')) == push_result::accepted);
  REQUIRE(f.push(frame_of(10, 'b')) == push_result::accepted);
  REQUIRE(f.push(large) == push_result::accepted);
  REQUIRE(f.push(frame_of(10, 'c')) == push_result::accepted);

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
      REQUIRE(f.push(bytes) == push_result::accepted);
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
  REQUIRE(a.push(shared) == push_result::accepted);
  REQUIRE(b.push(shared) == push_result::accepted);
  REQUIRE(shared.use_count() == 3);

  a.dirty.flush();
  REQUIRE(shared.use_count() == 2);
  b.out->detach();
  REQUIRE(shared.use_count() == 1);
}

TEST_CASE("after close nothing follows the close frame, and only the first close counts") {
  fixture f;
  REQUIRE(f.push(frame_of(10)) == push_result::accepted);

  f.out->close(close_code::normal, "bye");
  f.out->close(close_code::internal, "no");
  REQUIRE(f.push(frame_of(1)) == push_result::closed);
  f.out->push_control("\x8a\x01x");  // a pong
  f.out->push_close(1001);
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
    f.out->push_control(pong);
    ++pongs;
  }

  // By their bytes, or by the memory each of them takes.
  REQUIRE(pongs == (payload_bytes > 0 ? 101 : 200));
  REQUIRE(f.connection.closed == std::vector{close_code::slow_consumer});
  REQUIRE(f.out->queued_bytes() < 50);
}

TEST_CASE("a sink that outlives its connection answers closed for ever") {
  fixture f;
  REQUIRE(f.push(frame_of(10)) == push_result::accepted);

  f.out->detach();
  f.dirty.flush();

  REQUIRE(f.connection.flushes == 0);
  REQUIRE(f.out->queued_bytes() == 0);
  REQUIRE(f.push(frame_of(1)) == push_result::closed);
  f.out->push_control("x");
  f.out->push_close(1000);
  REQUIRE(f.out->queued_bytes() == 0);
  f.out->close(close_code::normal, "");
  f.out->resume_reading();
  f.out->notify_when_low();
  REQUIRE(f.connection.closed.empty());
  REQUIRE(f.dirty.size() == 0);
}

TEST_CASE("who asks to be told is told once, when at most the low water is queued") {
  fixture f;
  REQUIRE(f.push(frame_of(limits::outbox_low_water_bytes + 1)) == push_result::accepted);
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

// --- many outboxes in one turn
// --------------------------------------------------------------------

namespace {

constexpr std::size_t writes_per_turn_max = 128;
constexpr auto one_turn = writes_per_turn_max, two_turns = 2 * one_turn;

/// Many connections of one shard, and who was written to in which order.
struct crowd {
  struct one final : outbox_writer {
    void flush() override { in->written_to(number); }
    void closing(close_code) override {}
    void resume_reading() override {}
    void writable() override {}

    crowd* in = nullptr;
    std::size_t number = 0;
    std::unique_ptr<outbox> out;
  };

  explicit crowd(std::size_t count) : all(count) {
    for (std::size_t i = 0; i < count; ++i) {
      all[i].in = this;
      all[i].number = i;
      all[i].out = std::make_unique<outbox>(all[i], dirty, limits::outbox_bytes_max);
    }
  }
  void push(std::size_t i) { push_bytes(i, 1); }
  void push_bytes(std::size_t i, std::size_t bytes) {
    REQUIRE(all[i].out->push(frame_of(bytes), importance::required, 1) == push_result::accepted);
  }
  void push(std::size_t first, std::size_t end) {
    for (auto i = first; i < end; ++i) push(i);
  }
  /// Not only detached: a slot that still pointed to it would be noticed.
  void end(std::size_t i) { all[i].out.reset(); }
  void end(std::size_t first, std::size_t beyond) {
    for (auto i = first; i < beyond; ++i) end(i);
  }
  void written_to(std::size_t i) {
    all[i].out->consume(all[i].out->queued_bytes());
    written.push_back(i);
    if (on_write) on_write(i);
  }
  std::vector<std::size_t> take_written() { return std::exchange(written, {}); }

  dirty_list dirty;
  std::vector<one> all;
  std::vector<std::size_t> written;
  std::function<void(std::size_t)> on_write;
};

std::vector<std::size_t> range(std::size_t first, std::size_t end) {
  std::vector<std::size_t> numbers;
  for (auto i = first; i < end; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

TEST_CASE("a turn writes to 128 outboxes, and the next ones to the rest in the same order") {
  crowd in(3 * writes_per_turn_max + 10);
  in.push(0, in.all.size());

  for (std::size_t turn = 0; turn < 3; ++turn) {
    const auto first = turn * writes_per_turn_max;
    REQUIRE(in.dirty.flush());
    REQUIRE(in.take_written() == range(first, first + writes_per_turn_max));
    REQUIRE(in.dirty.size() == in.all.size() - first - writes_per_turn_max);
  }
  REQUIRE_FALSE(in.dirty.flush());
  REQUIRE(in.take_written() == range(in.all.size() - 10, in.all.size()));
  REQUIRE(in.dirty.size() == 0);
}

TEST_CASE("who is sent little does not wait until all are written to who are sent much") {
  constexpr std::size_t large = 100 * 1024, small = 16 * 1024;
  crowd in(12);
  for (std::size_t i = 0; i < 10; ++i) in.push_bytes(i, large);
  in.push_bytes(10, small);
  in.push(11);

  REQUIRE(in.dirty.flush());
  REQUIRE(in.take_written() == std::vector<std::size_t>{0, 1, 2, 10, 11});
  REQUIRE(in.dirty.size() == 7);

  in.end(4);
  in.push(11);
  REQUIRE(in.dirty.flush());
  REQUIRE(in.take_written() == std::vector<std::size_t>{3, 5, 6, 11});
  REQUIRE_FALSE(in.dirty.flush());
  REQUIRE(in.take_written() == range(7, 10));
  REQUIRE(in.dirty.size() == 0);
}

TEST_CASE("another turn is wanted for 129 outboxes, not for 128") {
  const std::size_t one_more = GENERATE(0, 1);
  crowd in(writes_per_turn_max + one_more);
  in.push(0, in.all.size());

  REQUIRE(in.dirty.flush() == (one_more == 1));
  REQUIRE(in.written.size() == writes_per_turn_max);
  REQUIRE(in.dirty.size() == one_more);
}

TEST_CASE("an outbox that waits for its turn is not put on the list again, one that had it is") {
  crowd in(two_turns + 88);
  in.push(0, in.all.size());
  REQUIRE(in.dirty.flush());
  in.take_written();

  in.push(two_turns);  // waits still
  in.push(3);          // was written to
  REQUIRE(in.dirty.flush());
  in.push(two_turns);
  in.push(4);
  REQUIRE_FALSE(in.dirty.flush());

  auto expected = range(one_turn, in.all.size());
  expected.push_back(3);
  expected.push_back(4);
  REQUIRE(in.take_written() == expected);
  REQUIRE_FALSE(in.dirty.flush());
  REQUIRE(in.written.empty());
}

TEST_CASE("outboxes that end while they wait are left out and cost no write") {
  crowd in(two_turns + 88);
  in.push(0, in.all.size());
  in.end(0, 100);
  REQUIRE(in.dirty.flush());
  REQUIRE(in.take_written() == range(100, one_turn + 100));

  in.end(one_turn + 150, one_turn + 180);
  REQUIRE_FALSE(in.dirty.flush());

  auto expected = range(one_turn + 100, one_turn + 150);
  const auto rest = range(one_turn + 180, in.all.size());
  expected.insert(expected.end(), rest.begin(), rest.end());
  REQUIRE(in.take_written() == expected);
}

TEST_CASE("who waits keeps its place when the list is moved down") {
  crowd in(two_turns + 88);
  in.push(0, in.all.size());
  REQUIRE(in.dirty.flush());
  REQUIRE(in.dirty.flush());  // most of them: the rest is moved to the front
  in.take_written();

  in.end(two_turns + 8);
  in.end(in.all.size() - 1);
  in.push(two_turns);
  in.push(1);
  REQUIRE_FALSE(in.dirty.flush());

  auto expected = range(two_turns, in.all.size() - 1);
  std::erase(expected, two_turns + 8);
  expected.push_back(1);
  REQUIRE(in.take_written() == expected);
}

TEST_CASE("when all who wait have ended the list is empty after one more turn") {
  crowd in(one_turn + 44);
  in.push(0, in.all.size());
  REQUIRE(in.dirty.flush());
  in.take_written();

  in.end(one_turn, in.all.size());
  REQUIRE_FALSE(in.dirty.flush());

  REQUIRE(in.written.empty());
  REQUIRE(in.dirty.size() == 0);
}

TEST_CASE("whatever is pushed and ends during and between turns, each is written to in its turn") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    std::minstd_rand random(seed);
    const auto pick = [&](std::size_t below) { return random() % below; };
    crowd in(1500);
    std::deque<std::size_t> waiting;
    const auto push = [&](std::size_t i) {
      if (!in.all[i].out) return;
      in.push(i);
      if (std::ranges::find(waiting, i) == waiting.end()) waiting.push_back(i);
    };
    const auto end = [&](std::size_t i) {
      in.end(i);
      std::erase(waiting, i);
    };
    std::size_t writes = 0;
    in.on_write = [&](std::size_t i) {
      REQUIRE_FALSE(waiting.empty());
      REQUIRE(waiting.front() == i);
      waiting.pop_front();
      ++writes;
      if (pick(10) == 0) push(pick(in.all.size()));
      if (const auto other = pick(in.all.size()); pick(50) == 0 && other != i) end(other);
    };

    for (int turn = 0; turn < 30; ++turn) {
      for (auto count = pick(500); count > 0; --count) push(pick(in.all.size()));
      for (auto count = pick(20); count > 0; --count) end(pick(in.all.size()));
      writes = 0;
      const bool more = in.dirty.flush();
      REQUIRE(writes <= writes_per_turn_max);
      if (writes < writes_per_turn_max) REQUIRE(waiting.empty());
      if (!waiting.empty()) REQUIRE(more);
    }
    in.on_write = nullptr;
    in.take_written();
    for (int turn = 0; in.dirty.flush(); ++turn) REQUIRE(turn < 20);
    REQUIRE(in.take_written() == std::vector<std::size_t>(waiting.begin(), waiting.end()));
  }
}
