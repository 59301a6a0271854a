#include "actors/fan_out.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/effort.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace confab;
using namespace confab::actors;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t joined_bytes_max = 16 * 1024;

/// Takes everything, and remembers what was pushed.
class recording_sink final : public frame_sink {
 public:
  push_result push(const frame& bytes, importance weight, std::uint32_t count) override {
    REQUIRE(bytes);
    REQUIRE(count > 0);
    REQUIRE_FALSE(closed);
    pushes.push_back({bytes, weight, count});
    received += *bytes;
    frames += count;
    return push_result::accepted;
  }
  void close(close_code code, std::string why) override {
    REQUIRE_FALSE(closed);
    closed = code;
    reason = std::move(why);
  }
  void resume_reading() override {}
  std::size_t queued_bytes() const noexcept override { return 0; }
  void notify_when_low() override {}

  struct one {
    frame bytes;
    importance weight;
    std::uint32_t frames;
  };
  std::vector<one> pushes;
  std::string received;
  std::size_t frames = 0;
  std::optional<close_code> closed;
  std::string reason;
};

frame bytes_of(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

/// "<number>.<format>", filled up to `size`: other bytes in each format.
frame frame_of(std::size_t number, std::size_t format, std::size_t size = 0) {
  auto text = "<" + std::to_string(number) + "." + std::to_string(format) + ">";
  text.resize(std::max(size, text.size()), '.');
  return bytes_of(std::move(text));
}

broadcast said(std::size_t number, std::size_t size = 0) {
  broadcast what;
  for (std::size_t format = 0; format < wire_formats_count; ++format)
    what.bytes[format] = frame_of(number, format, size);
  return what;
}

constexpr wire_format formats[wire_formats_count] = {
    {codec::json, false}, {codec::json, true}, {codec::cbor, false}, {codec::cbor, true}};

/// A room with some members of one format, each its own user.
struct room {
  explicit room(std::size_t members = 0) {
    while (sinks.size() < members) admit();
  }
  std::shared_ptr<recording_sink> admit(wire_format format = {}) {
    sinks.push_back(std::make_shared<recording_sink>());
    const auto number = static_cast<std::uint32_t>(sinks.size());
    out.admit(session(number - 1), sinks.back(), room_user_no{number}, format);
    return sinks.back();
  }
  void say(const broadcast& what) { out.add(what, now); }
  static session_id session(std::size_t index) { return session_id::make(index + 1, 0); }
  std::vector<std::string> received() const {
    std::vector<std::string> all;
    for (const auto& sink : sinks) all.push_back(sink->received);
    return all;
  }

  fan_out out;
  fan_out::time_point now{1h};
  std::vector<std::shared_ptr<recording_sink>> sinks;
};

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("what is added is held until the release, and comes as one buffer for all") {
  room in(3);
  for (std::size_t i = 1; i <= 4; ++i) in.say(said(i));
  CHECK(in.received() == texts{"", "", ""});
  CHECK(in.out.holds_any());
  CHECK(in.out.held_bytes() == 4 * 5);

  in.out.release();

  for (const auto& sink : in.sinks) {
    REQUIRE(sink->pushes.size() == 1);
    CHECK(sink->received == "<1.0><2.0><3.0><4.0>");
    CHECK(sink->pushes[0].frames == 4);
    CHECK(sink->pushes[0].weight == importance::required);
    CHECK(sink->pushes[0].bytes == in.sinks[0]->pushes[0].bytes);
  }
  CHECK_FALSE(in.out.holds_any());
  CHECK(in.out.held_bytes() == 0);
  in.out.release();
  CHECK(in.sinks[0]->pushes.size() == 1);
}

TEST_CASE("one frame alone is passed on as the room made it") {
  room in(2);
  const auto what = said(1);
  in.say(what);
  in.out.release();

  for (const auto& sink : in.sinks) CHECK(sink->pushes.at(0).bytes == what.bytes[0]);
}

TEST_CASE("each member is given its own wire format") {
  room in;
  for (const auto format : formats) in.admit(format);
  in.say(said(1));
  in.say(said(2));
  in.out.release();

  CHECK(in.received() == texts{"<1.0><2.0>", "<1.1><2.1>", "<1.2><2.2>", "<1.3><2.3>"});
}

TEST_CASE("a room without members holds nothing") {
  room in;
  in.say(said(1));

  CHECK(in.out.empty());
  CHECK_FALSE(in.out.holds_any());
  CHECK(in.admit()->received.empty());
  in.out.release();
  CHECK(in.sinks[0]->received.empty());
}

TEST_CASE("who has written gets its own as soon as the writers are served, the others wait") {
  room in(3);
  in.say(said(1));
  auto own = said(2);
  own.writer = {room::session(1), {}};
  in.say(own);
  CHECK(in.received() == texts{"", "", ""});

  in.out.release(0);
  CHECK(in.received() == texts{"", "<1.0><2.0>", ""});
  in.say(said(3));
  in.out.release(0);
  CHECK(in.received() == texts{"", "<1.0><2.0><3.0>", ""});

  in.out.release();
  CHECK(in.received() == texts(3, "<1.0><2.0><3.0>"));
}

TEST_CASE("who is told something alone gets what came before, and nothing twice") {
  room in(2);
  in.say(said(1));
  in.say(said(2));

  in.out.catch_up(room::session(0));
  CHECK(in.received() == texts{"<1.0><2.0>", ""});
  in.out.catch_up(room::session(0));
  in.out.catch_up(room::session(77));  // no member
  in.say(said(3));
  CHECK(in.received() == texts{"<1.0><2.0>", ""});
  in.out.release();

  CHECK(in.received() == texts(2, "<1.0><2.0><3.0>"));
}

TEST_CASE("after a release who was ahead waits as the others do") {
  room in(2);
  auto own = said(1);
  own.writer = {room::session(0), {}};
  in.say(own);
  in.out.catch_up(room::session(1));
  in.out.release();

  in.say(said(2));
  in.say(said(3));
  in.out.release(0);
  CHECK(in.received() == texts{"<1.0>", "<1.0>"});
  in.out.release();

  for (const auto& sink : in.sinks) {
    CHECK(sink->received == "<1.0><2.0><3.0>");
    CHECK(sink->pushes.size() == 2);
  }
}

TEST_CASE("a writer that is no member here changes nothing") {
  room in(1);
  auto own = said(1);
  own.writer = {room::session(77), {}};
  in.say(own);
  in.out.release(0);

  CHECK(in.received() == texts{""});
  in.out.release();
  CHECK(in.received() == texts{"<1.0>"});
}

TEST_CASE("a newcomer is given nothing older than itself") {
  room in(1);
  in.say(said(1));

  in.admit();
  CHECK(in.received() == texts{"<1.0>", ""});
  in.say(said(2));
  in.out.release();
  CHECK(in.received() == texts{"<1.0><2.0>", "<2.0>"});
}

TEST_CASE("who goes gets all that is older, and nothing after it") {
  room in(3);
  in.say(said(1));
  auto own = said(2);
  own.writer = {room::session(2), {}};
  in.say(own);

  in.out.dismiss(room::session(0));
  CHECK(in.received() == texts(3, "<1.0><2.0>"));
  CHECK(in.out.size() == 2);
  in.say(said(3));
  in.out.dismiss(room::session(0));  // once more: it is no member
  CHECK(in.out.size() == 2);
  in.out.release();

  CHECK(in.received() == texts{"<1.0><2.0>", "<1.0><2.0><3.0>", "<1.0><2.0><3.0>"});
}

TEST_CASE("what may be left out, or is not for everyone, is not joined with the rest") {
  room in(2);
  in.say(said(1));
  in.say(said(2));
  auto typing = said(3);
  typing.weight = importance::droppable;
  typing.except = room_user_no{1};
  in.say(typing);
  auto presence = said(4);
  presence.weight = importance::droppable;
  in.say(presence);
  in.say(said(5));
  in.say(said(6));
  in.out.release();

  CHECK(in.received() == texts{"<1.0><2.0><4.0><5.0><6.0>", "<1.0><2.0><3.0><4.0><5.0><6.0>"});
  for (const auto& sink : in.sinks)
    for (const auto& push : sink->pushes) {
      const bool droppable = *push.bytes == "<3.0>" || *push.bytes == "<4.0>";
      CHECK((push.weight == importance::droppable) == droppable);
      CHECK(push.frames == (droppable ? 1 : 2));
    }
}

TEST_CASE("joined frames are sixteen kibibytes and not a byte more") {
  room in(1);
  const std::size_t one_more = GENERATE(0, 1);
  for (std::size_t i = 0; i < 3; ++i) in.say(said(i, 4096));
  in.say(said(3, 4096 + one_more));
  in.out.release();

  const auto& pushes = in.sinks[0]->pushes;
  REQUIRE(pushes.size() == 1 + one_more);
  CHECK(pushes[0].bytes->size() == joined_bytes_max - one_more * 4096);
  CHECK(pushes[0].frames == 4 - one_more);
}

TEST_CASE("the format that takes most bounds what is joined, so that all get the same pushes") {
  room in;
  in.admit(formats[0]);
  in.admit(formats[3]);
  for (std::size_t i = 0; i < 4; ++i) {
    auto what = said(i);
    what.bytes[3] = frame_of(i, 3, 8192);
    in.say(what);
  }
  in.out.release();

  for (const auto& sink : in.sinks) {
    REQUIRE(sink->pushes.size() == 2);
    CHECK(sink->pushes[0].frames == 2);
    CHECK(sink->pushes[1].frames == 2);
  }
  CHECK(in.sinks[1]->pushes[0].bytes->size() == joined_bytes_max);
}

TEST_CASE("a frame larger than the bound goes alone") {
  room in(1);
  in.say(said(1));
  in.say(said(2, 3 * joined_bytes_max));
  in.say(said(3));
  in.out.release();

  const auto& pushes = in.sinks[0]->pushes;
  REQUIRE(pushes.size() == 3);
  CHECK(pushes[1].bytes->size() == 3 * joined_bytes_max);
}

TEST_CASE("when all are closed they have got what was held before") {
  room in(3);
  in.out.catch_up(room::session(1));
  in.say(said(1));
  in.out.catch_up(room::session(1));
  in.say(said(2));

  in.out.close_all(close_code::internal, "room restarted");

  CHECK(in.received() == texts(3, "<1.0><2.0>"));
  for (const auto& sink : in.sinks) {
    CHECK(sink->closed == close_code::internal);
    CHECK(sink->reason == "room restarted");
  }
  CHECK(in.out.empty());
  CHECK_FALSE(in.out.holds_any());
  for (const auto& sink : in.sinks) CHECK(sink.use_count() == 1);
}

// --- in turn ------------------------------------------------------------------------------------

TEST_CASE("those that have waited longest are released first") {
  room in(6);
  in.say(said(1));
  in.out.release(2);
  CHECK(in.received() == texts{"<1.0>", "<1.0>", "", "", "", ""});
  in.say(said(2));
  in.out.release(3);
  CHECK(in.received() == texts{"<1.0>", "<1.0>", "<1.0><2.0>", "<1.0><2.0>", "<1.0><2.0>", ""});
  in.say(said(3));
  in.out.release(2);
  CHECK(in.received() == texts{"<1.0><2.0><3.0>", "<1.0>", "<1.0><2.0>", "<1.0><2.0>", "<1.0><2.0>",
                               "<1.0><2.0><3.0>"});
  CHECK(in.sinks[5]->pushes.size() == 1);
  CHECK(in.sinks[0]->pushes.size() == 2);

  in.out.release(4);
  CHECK(in.received() == texts(6, "<1.0><2.0><3.0>"));
  CHECK_FALSE(in.out.holds_any());
}

TEST_CASE("what all have is not kept for those that wait on") {
  room in(3);
  in.say(said(1, 1000));
  in.out.release(2);
  CHECK(in.out.held_bytes() == 1000);
  in.say(said(2, 100));
  CHECK(in.out.held_bytes() == 1100);

  in.out.release(1);
  CHECK(in.out.held_bytes() == 100);
  in.out.release(2);
  CHECK(in.out.held_bytes() == 0);
}

TEST_CASE("who was told something alone while it was due nothing is not left out afterwards") {
  room in(4);
  in.say(said(1));
  in.out.release(1);
  in.out.catch_up(room::session(0));
  in.out.release();
  in.say(said(2));
  in.out.release();
  CHECK(in.received() == texts(4, "<1.0><2.0>"));

  in.say(said(3));
  in.out.release(1);
  in.out.catch_up(room::session(0));
  in.out.dismiss(room::session(0));
  in.say(said(4));
  in.out.release();
  CHECK(in.received() == texts{"<1.0><2.0><3.0>", "<1.0><2.0><3.0><4.0>", "<1.0><2.0><3.0><4.0>",
                               "<1.0><2.0><3.0><4.0>"});
}

TEST_CASE("what was asked for earlier than what it follows does not wait for longer") {
  room in(2);
  const fan_out::bound by{24ms, 1ms};
  in.say(said(1));
  in.out.add(said(2), in.now - 3ms);

  CHECK(in.out.deadline(by) == in.now - 3ms + 22ms);
  CHECK(in.out.due(in.now + 20ms, by) == 1);
}

TEST_CASE("who comes or goes while some wait ends the wait of all") {
  room in(4);
  in.say(said(1));
  in.out.release(3);
  in.say(said(2));

  if (GENERATE(false, true)) {
    in.admit();
  } else {
    in.out.dismiss(room::session(3));
    CHECK(in.out.size() == 3);
  }
  in.sinks.resize(4);
  CHECK(in.received() == texts(4, "<1.0><2.0>"));
  CHECK_FALSE(in.out.holds_any());
  in.say(said(3));
  in.out.release(1);
  CHECK(in.sinks[0]->received == "<1.0><2.0><3.0>");
}

TEST_CASE("whoever is released in whatever steps, it is whose turn it is, and writers besides") {
  for (std::uint32_t seed = 1; seed <= test::cases(200); ++seed) {
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto pick = [&](std::size_t below) { return random() % below; };
    room in(1 + pick(9));
    struct waiting {
      std::size_t member;
      std::string due;
      bool ahead = false;
    };
    std::deque<waiting> ring;
    for (std::size_t i = 0; i < in.sinks.size(); ++i) ring.push_back({i, {}});
    texts expected(in.sinks.size());
    const auto give = [&](waiting& who) { expected[who.member] += std::exchange(who.due, {}); };

    for (std::size_t number = 1; number < 60; ++number) {
      auto what = said(number);
      if (pick(3) == 0) {
        auto& writer = ring[pick(ring.size())];
        what.writer = {room::session(writer.member), {}};
        writer.ahead = true;
      }
      in.say(what);
      for (auto& who : ring) who.due += *what.bytes[0];
      if (pick(3) == 0) continue;
      const auto count = pick(ring.size() + 1);
      in.out.release(count);
      for (auto& who : ring)
        if (who.ahead) give(who);
      for (std::size_t i = 0; i < count; ++i) {
        give(ring.front());
        ring.front().ahead = false;
        ring.push_back(ring.front());
        ring.pop_front();
      }
      if (!in.out.holds_any()) std::ranges::sort(ring, {}, &waiting::member);
      REQUIRE(in.received() == expected);
    }
  }
}

// --- who can wait -------------------------------------------------------------------------------

TEST_CASE("so many can wait for the next as can be given everything in time then") {
  room in(10);
  const fan_out::bound by{24ms, 1ms};
  const auto start = in.now;
  CHECK(in.out.due(start, by) == 0);
  in.say(said(1));
  CHECK(in.out.due(start + 14ms, by) == 0);
  CHECK(in.out.deadline(by) == start + 14ms);
  CHECK(in.out.due(start + 15ms, by) == 1);
  CHECK(in.out.due(start + 20ms, by) == 6);
  CHECK(in.out.due(start + 24ms, by) == 10);
  CHECK(in.out.due(start + 1h, by) == 10);

  in.out.release(6);
  CHECK(in.out.due(start + 20ms, by) == 0);
  CHECK(in.out.deadline(by) == start + 20ms);
  in.now += 20ms;
  in.say(said(2));
  // The four that have waited, and of the others as many as would be too late at 40 ms.
  CHECK(in.out.due(start + 40ms, by) == 6);
  CHECK(in.out.due(start + 36ms, by) == 4);
  CHECK(in.out.deadline(by) == start + 20ms);
}

TEST_CASE("nobody who waits for the next gets anything late, and nobody is released in vain") {
  for (std::uint32_t seed = 1; seed <= test::cases(300); ++seed) {
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const auto pick = [&](std::size_t below) { return random() % below; };
    room in(1 + pick(30));
    const fan_out::bound by{24ms, (1 + pick(4)) * 500us};
    std::deque<fan_out::time_point> ring;  // of who waits, when its oldest was asked for

    for (int i = 0; i < 40; ++i) {
      in.now += pick(20) * 1ms;
      in.say(said(1));
      ring.resize(in.sinks.size(), in.now);
      const auto next = in.now + pick(20) * 1ms;
      const auto late = [&](std::size_t released) {
        auto at = next;
        return std::any_of(ring.begin() + static_cast<std::ptrdiff_t>(released), ring.end(),
                           [&](auto asked) { return (at += by.each) > asked + by.window; });
      };
      const auto due = in.out.due(next, by);
      REQUIRE_FALSE(late(due));
      if (due > 0) REQUIRE(late(due - 1));
      REQUIRE((in.out.deadline(by) < next) == late(0));
      in.out.release(due);
      ring.erase(ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(due));
      REQUIRE(in.out.holds_any() == !ring.empty());
    }
  }
}

// --- whatever happens in whatever order ----------------------------------------------------------

namespace {

/// What each member has to get, by the plain rule: at once what is said while it is a member.
class model {
 public:
  explicit model(std::uint64_t seed) : random_(seed) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      check();
    }
    if (pick(2))
      out_.release();
    else
      close_all();
    all_have_all();
  }

 private:
  struct person {
    session_id session;
    room_user_no user;
    std::size_t format;
    std::shared_ptr<recording_sink> sink = std::make_shared<recording_sink>();
    std::string due;
    std::size_t frames_due = 0;
    bool member = true;
    bool writer = false;  // of something since the last release, of whomever
  };

  std::size_t pick(std::size_t below) { return random_() % below; }
  person* any() { return people_.empty() ? nullptr : &people_[pick(people_.size())]; }

  void step() {
    switch (pick(16)) {
      case 0:
        return admit();
      case 1:
        return dismiss();
      case 2:
      case 3:
        return unicast();
      case 4:
        return serve_writers();
      case 5:
        if (pick(3) > 0) return release_some();
        out_.release();
        return all_have_all();
      case 6:
        if (pick(20) > 0) return;
        close_all();
        return all_have_all();
      default:
        return say();
    }
  }

  void admit() {
    auto& who = people_.emplace_back();
    who.session = session_id::make(people_.size(), 0);
    who.user = room_user_no{static_cast<std::uint32_t>(1 + pick(4))};  // several sessions each
    who.format = pick(wire_formats_count);
    out_.admit(who.session, who.sink, who.user, formats[who.format]);
    all_have_all();
  }
  /// Also of one that has gone already.
  void dismiss() {
    auto* who = any();
    if (!who) return;
    out_.dismiss(who->session);
    who->member = false;
    all_have_all();
  }
  /// Something of its own, behind what the room has said.
  void unicast() {
    auto* who = any();
    if (!who || who->sink->closed) return;
    out_.catch_up(who->session);
    if (who->member) CHECK(who->sink->received == who->due);
    const auto bytes = bytes_of("<alone " + std::to_string(++number_) + ">");
    static_cast<void>(who->sink->push(bytes, importance::required, 1));
    who->due += *bytes;
    ++who->frames_due;
  }
  void serve_writers() {
    out_.release(0);
    for (const auto& who : people_)
      if (who.member && who.writer) CHECK(who.sink->received == who.due);
  }
  /// Whom is seen elsewhere: here it is only to lose and double nothing.
  void release_some() {
    out_.release(pick(people_.size() + 2));
    for (auto& who : people_) who.writer = false;
  }
  void say() {
    broadcast what;
    const auto size = pick(20) == 0 ? pick(2 * joined_bytes_max) : pick(10) == 0 ? pick(6000) : 0;
    ++number_;
    for (std::size_t format = 0; format < wire_formats_count; ++format)
      if (pick(2) || is_read(format)) what.bytes[format] = frame_of(number_, format, size + format);
    if (pick(6) == 0) what.weight = importance::droppable;
    if (pick(6) == 0) what.except = room_user_no{static_cast<std::uint32_t>(1 + pick(4))};
    if (auto* writer = any(); writer && pick(3) == 0) {
      what.writer = {writer->session, {}};
      writer->writer = true;
    }
    out_.add(what, {});
    for (auto& who : people_) {
      if (!who.member || (what.except.value() != 0 && who.user == what.except)) continue;
      who.due += *what.bytes[who.format];
      ++who.frames_due;
    }
  }
  bool is_read(std::size_t format) const {
    return std::ranges::any_of(people_,
                               [&](const auto& p) { return p.member && p.format == format; });
  }
  void close_all() {
    out_.close_all(close_code::internal, "");
    for (auto& who : people_)
      if (std::exchange(who.member, false)) CHECK(who.sink->closed);
  }

  /// Always: a beginning of what it is due.
  void check() {
    std::size_t members = 0;
    for (const auto& who : people_) {
      members += who.member;
      REQUIRE(who.due.starts_with(who.sink->received));
      REQUIRE(who.sink->frames <= who.frames_due);
      if (!who.member) REQUIRE(who.sink->received.size() == who.due.size());
    }
    REQUIRE(out_.size() == members);
    REQUIRE((out_.holds_any() || out_.held_bytes() == 0));
  }
  void all_have_all() {
    for (auto& who : people_) {
      REQUIRE(who.sink->received == who.due);
      REQUIRE(who.sink->frames == who.frames_due);
      who.writer = false;
      for (const auto& push : std::exchange(who.sink->pushes, {}))
        if (push.frames > 1) {
          REQUIRE(push.bytes->size() <= joined_bytes_max);
          REQUIRE(push.weight == importance::required);
        }
    }
    REQUIRE_FALSE(out_.holds_any());
  }

  std::mt19937_64 random_;
  fan_out out_;
  std::deque<person> people_;
  std::size_t number_ = 0;
};

}  // namespace

TEST_CASE("every member gets what is said while it is one, once and in order") {
  for (std::uint64_t seed = 1; seed <= test::cases(2000); ++seed) {
    INFO("seed " << seed);
    model{seed}.run(150);
  }
}
