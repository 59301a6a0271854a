// Rooms of a busy shard hold what they say for a moment, to give each member several frames at
// once.

#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace confab;
using namespace confab::test;

namespace {

constexpr auto window = 20ms;

world_options options(std::chrono::milliseconds write_window, double busy_from = 0) {
  world_options how;
  how.shards = 1;
  how.how.write_window = write_window;
  how.how.busy_deliveries_per_second = busy_from;
  how.how.commands_per_second = 0;
  return how;
}

/// Alice, Bob and Carol in "general", on one shard, which is busy whatever it does.
struct busy_room {
  explicit busy_room(world_options how = options(window)) : world(std::move(how)) {
    for (auto* who : all()) who->join("general");
    world.advance(1s);
  }
  std::vector<client*> all() { return {&alice, &bob, &carol}; }
  /// What comes next is expected after `gap`. Ends when nothing is held, `gap` after the last.
  void warm_up(std::chrono::milliseconds gap = 5ms) {
    bool held = true;
    for (int i = 0; i < 40 || held; ++i) {
      REQUIRE(i < 100);
      say(alice);
      const auto got = seqs(bob);
      held = got.empty() || got.back() != head();
      world.advance(gap);
    }
    forget();
  }
  void say(client& who, const std::string& text = "x") {
    who.say({{"type", "send"}, {"room", "general"}, {"text", text}});
    world.settle();
  }
  /// A message that is held: nobody but its author has it.
  void say_held(client& who, const std::string& text = "held") {
    say(who, text);
    for (auto* other : all()) REQUIRE(heard(*other, text) == (other == &who ? 1u : 0u));
  }
  void forget() {
    for (auto* who : all()) who->forget();
  }
  static std::size_t heard(client& who, const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        who.received("message"), [&](const json& what) { return what["text"] == text; }));
  }
  static std::vector<std::uint64_t> seqs(client& who) {
    std::vector<std::uint64_t> all;
    for (const auto& what : who.received("message")) all.push_back(what["seq"]);
    return all;
  }
  std::uint64_t head() { return world.stored_room("general").head.value(); }

  actor_world world;
  client& alice = world.guest("alice");
  client& bob = world.guest("bob");
  client& carol = world.guest("carol");
};

/// With so many more that writing to them takes a moment of the window.
struct large_room : busy_room {
  explicit large_room(std::size_t how_many = 300) : count(how_many) {  // 1.3 ms to write to
    while (listeners.size() < count) {
      listeners.push_back(&world.guest("u" + std::to_string(listeners.size())));
      listeners.back()->join("general");
    }
  }
  void warm_up(std::chrono::milliseconds gap) {
    for (int i = 0; i < 40; ++i) {
      say(alice);
      world.advance(gap);
    }
    forget_all();
  }
  void forget_all() {
    for (auto* who : listeners) who->forget();
  }
  std::size_t waiting() {
    const auto newest = head();
    return static_cast<std::size_t>(std::ranges::count_if(listeners, [&](client* who) {
      const auto got = seqs(*who);
      return got.empty() || got.back() != newest;
    }));
  }

  std::size_t count;
  std::vector<client*> listeners;
};

using numbers = std::vector<std::uint64_t>;

numbers range(std::uint64_t first, std::uint64_t last) {
  numbers list;
  for (auto seq = first; seq <= last; ++seq) list.push_back(seq);
  return list;
}

/// How many of `count` messages, one every `gap`, Bob did not get in the turn they were said.
int held_of(busy_room& in, int count, std::chrono::milliseconds gap) {
  int held = 0;
  for (int i = 0; i < count; ++i) {
    const auto before = in.bob.received("message").size();
    in.say(in.alice);
    held += in.bob.received("message").size() == before;
    in.world.advance(gap);
    in.forget();
  }
  return held;
}

}  // namespace

// --- whether rooms hold --------------------------------------------------------------------------

TEST_CASE("an idle shard writes in the turn of the message, however regular the messages are") {
  busy_room in{options(window, 1e9)};

  CHECK(held_of(in, 100, 5ms) == 0);
}

TEST_CASE("without a window nothing is held") {
  busy_room in{options(0ms)};

  CHECK(held_of(in, 100, 5ms) == 0);
}

TEST_CASE("a shard is busy from as many deliveries on as was said, whoever they are for") {
  // Three members and 200 messages a second.
  const bool busy = GENERATE(false, true);
  busy_room in{options(window, busy ? 550 : 650)};
  held_of(in, 100, 5ms);

  CHECK((held_of(in, 100, 5ms) > 0) == busy);
}

TEST_CASE("a shard that was busy is not any more when its rooms fall silent") {
  busy_room in{options(window, 550)};
  REQUIRE(held_of(in, 200, 5ms) > 0);

  in.world.advance(1s);
  in.forget();
  in.say(in.alice);

  CHECK(in.bob.received("message").size() == 1);
}

TEST_CASE("a room whose messages come seldom does not wait for the next") {
  busy_room in;

  CHECK(held_of(in, 100, 30ms) == 0);
}

TEST_CASE("a room whose messages come quickly holds them, and members get several at once") {
  busy_room in;
  in.warm_up();
  const auto first = in.head() + 1;
  const auto pushes = in.bob.sink->pushes;

  for (int i = 0; i < 3; ++i) {
    in.say(in.alice);
    CHECK(in.bob.received().empty());
    in.world.advance(5ms);
  }
  in.say(in.alice);  // at 15 ms; the next would be too late

  CHECK(busy_room::seqs(in.bob) == range(first, first + 3));
  CHECK(in.bob.sink->pushes == pushes + 1);
  CHECK(busy_room::seqs(in.carol) == range(first, first + 3));
}

TEST_CASE("more than sixteen kibibytes are not held") {
  busy_room in;
  in.warm_up(1ms);
  const std::string text(4000, 'x');

  for (int i = 0; i < 4; ++i) {
    in.say(in.alice, text);
    CHECK(in.bob.received().empty());
    in.world.advance(1ms);
  }
  in.say(in.alice, text);

  CHECK(in.bob.received("message").size() == 5);
}

TEST_CASE("a quiet room beside a loud one does not wait, one of two that are as loud does") {
  const auto [each, waits] = GENERATE(std::pair{20, false}, std::pair{1, true});
  busy_room in;
  for (auto* who : in.all()) who->join("other");
  const auto speak = [&, loud = each](int count) {
    int held = 0;
    for (int i = 0; i < count; ++i) {
      for (int n = 0; n < loud; ++n)
        in.carol.say({{"type", "send"}, {"room", "other"}, {"text", "x"}});
      in.say(in.alice, "quiet");
      held += busy_room::heard(in.bob, "quiet") == 0;
      in.world.advance(8ms);
      in.forget();
    }
    return held;
  };
  speak(60);

  CHECK((speak(50) > 0) == waits);
}

TEST_CASE("each room has a rhythm of its own") {
  busy_room in;
  for (auto* who : in.all()) who->join("other");
  in.warm_up();

  in.say_held(in.alice);
  in.carol.say({{"type", "send"}, {"room", "other"}, {"text", "at once"}});
  in.world.settle();

  CHECK(busy_room::heard(in.bob, "at once") == 1);
  CHECK(busy_room::heard(in.bob, "held") == 0);
}

// --- how long ------------------------------------------------------------------------------------

TEST_CASE("nobody waits for longer than the window, also if nothing more comes") {
  busy_room in;
  in.warm_up();
  in.say_held(in.alice);

  in.world.advance(10ms);
  CHECK(in.bob.received().empty());
  in.world.advance(window - 10ms);

  CHECK(busy_room::heard(in.bob, "held") == 1);
  CHECK(busy_room::heard(in.carol, "held") == 1);
  in.world.advance(1s);
  CHECK(busy_room::heard(in.bob, "held") == 1);
}

TEST_CASE("whatever the rhythm of a room, no message waits for longer than the window") {
  std::mt19937_64 random{7};
  busy_room in;
  const std::vector<std::string> rooms{"general", "r1", "r2", "r3"};
  for (const auto& room : rooms)
    for (auto* who : in.all()) who->join(room);
  in.forget();
  std::map<std::string, std::vector<unix_ms>> said;
  std::size_t seen = 0, late = 0, waited_long = 0;

  for (int step = 0; step < 5000; ++step) {
    for (std::size_t i = 0; i < rooms.size(); ++i) {
      if (random() % 100 >= ((static_cast<std::size_t>(step) / 500 + i) % 2 ? 25u : 4u)) continue;
      auto& from = random() % 2 ? in.alice : in.carol;
      from.say({{"type", "send"}, {"room", rooms[i]}, {"text", "x"}});
      in.world.settle();
      said[rooms[i]].push_back(in.world.now());
    }
    in.world.advance(1ms);
    for (const auto& got = in.bob.received(); seen < got.size(); ++seen) {
      if (got[seen]["type"] != "message") continue;
      const auto at = said.at(got[seen]["room"]).at(got[seen]["seq"].get<std::size_t>() - 1);
      const auto waited = in.world.now().value() - at.value();
      late += waited > window.count();
      waited_long += waited > 10;
    }
  }
  in.world.advance(window);

  for (const auto& room : rooms)
    CHECK(in.bob.received("message", room).size() == said[room].size());
  CHECK(late == 0);
  CHECK(waited_long > 100);
}

TEST_CASE("the window counts from when a message was asked for, if its commit was not very long") {
  const auto [commit, end] = GENERATE(std::pair{3ms, 20ms}, std::pair{4ms, 20ms},
                                      std::pair{10ms, 26ms}, std::pair{50ms, 66ms});
  busy_room in;
  in.warm_up();
  in.world.hold(in.world.env.writer);
  in.say(in.alice, "held");
  in.world.advance(commit);
  in.world.release_all();
  in.world.settle();
  REQUIRE(busy_room::heard(in.alice, "held") == 1);
  REQUIRE(busy_room::heard(in.bob, "held") == 0);

  in.world.advance(end - commit - 1ms);
  CHECK(busy_room::heard(in.bob, "held") == 0);
  in.world.advance(1ms);
  CHECK(busy_room::heard(in.bob, "held") == 1);
}

TEST_CASE("of a large room as many wait as can still be written to in time, each in turn") {
  constexpr auto gap = window - 1ms;
  large_room in;
  in.warm_up(gap);
  const auto first = in.head();  // which some still wait for
  std::vector<int> pushes;
  for (auto* who : in.listeners) pushes.push_back(who->sink->pushes);

  std::size_t waiting = 0;
  constexpr int messages = 60;
  for (int i = 0; i < messages; ++i) {
    in.say(in.alice);
    CHECK(in.waiting() < in.count / 2);
    waiting += in.waiting();
    in.world.advance(gap);
  }
  in.world.advance(window);

  CHECK(waiting > messages * in.count / 10);
  std::size_t saved = 0, most = 0;
  for (std::size_t i = 0; i < in.count; ++i) {
    const auto got = busy_room::seqs(*in.listeners[i]);
    REQUIRE(!got.empty());
    CHECK(got == range(got.front(), first + messages));
    CHECK(got.front() <= first + 1);
    const auto mine =
        got.size() - static_cast<std::size_t>(in.listeners[i]->sink->pushes - pushes[i]);
    saved += mine;
    most = std::max(most, mine);
  }
  CHECK(saved > messages * in.count / 10);
  CHECK(most < 2 * saved / in.count);  // it is not always the same that wait
}

TEST_CASE("a large room whose members all must have a message before the next hardly waits") {
  large_room in;
  in.warm_up(1ms);
  int held = 0;

  for (int i = 0; i < 300; ++i) {
    in.say(in.alice);
    held += in.waiting() > 0;
    for (int ms = 0; in.waiting() > 0; ++ms) {
      REQUIRE(ms <= window.count());
      in.world.advance(1ms);
    }
    in.world.advance(1ms);
    in.forget_all();
  }

  CHECK(held > 0);
  CHECK(held <= 6);
}

TEST_CASE("where two of a large room wait for each other's messages nearly none is held") {
  large_room in{1000};
  in.warm_up(1ms);
  int held = 0;

  for (int i = 0; i < 1000; ++i) {
    auto& from = *in.listeners[i % 2 ? 0 : in.count / 2];
    auto& to = *in.listeners[i % 2 ? in.count / 2 : 0];
    to.forget();
    in.say(from);
    held += to.received("message").empty();
    for (int ms = 0; to.received("message").empty(); ++ms) {
      REQUIRE(ms <= window.count());
      in.world.advance(1ms);
    }
    in.world.advance(1ms);
    if (i % 100 == 0) in.forget_all();
  }

  CHECK(held <= 8);
}

TEST_CASE("the timers of a shard do not pile up, whatever its rooms hold") {
  busy_room in;
  in.warm_up();
  in.say_held(in.alice);
  const auto timers = in.world.timers();

  for (int i = 0; i < 500; ++i) {
    in.say(in.alice);
    in.world.advance(i % 3 ? 5ms : 25ms);
    if (i % 50 == 0) in.forget();
  }

  CHECK(in.world.timers() <= timers + 5);
}

TEST_CASE("where everyone waits for the other's message nearly none is held") {
  busy_room in;
  in.warm_up(1ms);
  int held = 0;
  constexpr int messages = 2000;

  for (int i = 0; i < messages; ++i) {
    auto& from = i % 2 ? in.alice : in.bob;
    auto& to = i % 2 ? in.bob : in.alice;
    in.forget();
    in.say(from);
    if (to.received("message").empty()) ++held;
    for (int ms = 0; to.received("message").empty(); ++ms) {
      REQUIRE(ms <= window.count());
      in.world.advance(1ms);
    }
    in.world.advance(1ms);  // it thinks
  }

  CHECK(held > 0);
  CHECK(held <= 7);
}

TEST_CASE("a wait that pays makes up for those in vain") {
  busy_room in;
  in.warm_up();

  for (int round = 0; round < 4; ++round) {
    in.say_held(in.alice);
    in.world.advance(window);
    REQUIRE(in.bob.received("message").size() == 1);
    in.forget();
    int until_held = 0;
    for (bool held = false; !held; ++until_held) {
      in.say(in.alice);
      held = in.bob.received("message").empty();
      in.forget();
      in.world.advance(5ms);
    }
    CHECK(until_held <= 3);
    in.warm_up();
  }
}

// --- what does not wait --------------------------------------------------------------------------

TEST_CASE("who writes gets the own message at once, behind its reply and what it waited for") {
  busy_room in;
  in.warm_up();
  in.say_held(in.alice, "first");

  const auto sent = in.bob.send("general", "second");

  const auto& got = in.bob.received();
  REQUIRE(got.size() == 3);
  CHECK(got[0]["text"] == "first");
  CHECK(got[1] == sent);
  CHECK(got[1]["type"] == "sent");
  CHECK(got[2]["text"] == "second");
  CHECK(in.carol.received().empty());
  in.world.advance(window);
  for (auto* who : in.all()) {
    CHECK(busy_room::heard(*who, "first") == 1);
    CHECK(busy_room::heard(*who, "second") == 1);
  }
}

TEST_CASE("also of many who write at once each hears its reply before its message") {
  busy_room in;
  in.warm_up();
  const auto first = in.head() + 1;
  for (std::uint64_t i = 0; i < 12; ++i) {
    in.all()[i % 3]->say(
        {{"type", "send"}, {"id", 900 + i}, {"room", "general"}, {"text", std::to_string(i)}});
    if (i % 4 == 3) in.world.settle();
  }
  in.world.advance(window);

  for (auto* who : in.all()) {
    CHECK(busy_room::seqs(*who) == range(first, first + 11));
    std::set<std::uint64_t> acknowledged;
    for (const auto& what : who->received()) {
      if (what["type"] == "sent") acknowledged.insert(what["seq"].get<std::uint64_t>());
      const bool own = what["type"] == "message" && what["from"] == who->welcome["user"]["id"];
      if (own) CHECK(acknowledged.contains(what["seq"].get<std::uint64_t>()));
    }
    CHECK(acknowledged.size() == 4);
  }
}

TEST_CASE("an answer of the room comes behind what the room has said") {
  busy_room in;
  in.warm_up();
  in.say_held(in.alice);

  const auto refused =
      in.bob.ask({{"type", "edit"}, {"room", "general"}, {"target", 100'000}, {"text", "x"}});

  REQUIRE(refused["code"] == "no_such_message");
  REQUIRE(in.bob.received().size() == 2);
  CHECK(in.bob.received()[0]["text"] == "held");
  CHECK(in.bob.received()[1] == refused);
  CHECK(in.carol.received().empty());
  in.world.advance(window);
  CHECK(busy_room::heard(in.bob, "held") == 1);
  CHECK(busy_room::heard(in.carol, "held") == 1);
}

// --- coming and going ----------------------------------------------------------------------------

TEST_CASE("who leaves hears what was held, then that it has left, and nothing more") {
  busy_room in;
  in.warm_up();
  in.say_held(in.alice);

  CHECK(in.bob.ask({{"type", "leave"}, {"room", "general"}})["type"] == "left");
  in.say(in.alice, "later");
  in.world.advance(1s);

  REQUIRE(in.bob.received().size() == 2);
  CHECK(in.bob.received()[0]["text"] == "held");
  CHECK(in.bob.received()[1]["type"] == "left");
  CHECK(busy_room::heard(in.carol, "held") == 1);
  CHECK(busy_room::heard(in.carol, "later") == 1);
}

TEST_CASE("who comes while something is held has it in `joined`, and only there") {
  busy_room in;
  auto& dave = in.world.guest("dave");
  in.warm_up();
  in.say_held(in.alice);
  const auto head = in.head();

  const auto joined = dave.join("general");
  in.say(in.bob, "later");
  in.world.advance(window);

  CHECK(joined["head"] == head);
  CHECK(busy_room::seqs(dave) == numbers{head + 1});
  for (auto* who : in.all()) CHECK(busy_room::seqs(*who) == range(head, head + 1));
}

TEST_CASE("who joins again while something is held gets it once more in `joined`, not behind it") {
  busy_room in;
  in.warm_up();
  const auto before = in.head();
  in.say_held(in.alice);

  const auto joined = in.bob.join("general", before, in.world.stored_room("general").epoch.value());
  in.world.advance(window);

  REQUIRE(joined["events"].size() == 1);
  CHECK(joined["events"][0]["text"] == "held");
  REQUIRE(in.bob.received().size() == 2);  // the message, and `joined`
  CHECK(in.bob.received()[0]["text"] == "held");
  CHECK(in.bob.received()[1] == joined);
}

TEST_CASE("who comes or goes ends the wait for all, and the next message begins another") {
  const bool comes = GENERATE(true, false);
  busy_room in;
  auto& dave = in.world.guest("dave");
  in.warm_up();
  in.say_held(in.alice);
  in.world.advance(12ms);

  if (comes)
    dave.join("general");
  else
    in.carol.ask({{"type", "leave"}, {"room", "general"}});
  CHECK(busy_room::heard(in.bob, "held") == 1);
  in.world.advance(1ms);
  in.say(in.alice, "again");
  in.world.advance(15ms);

  CHECK(busy_room::heard(in.bob, "again") == 0);
  in.world.advance(window - 15ms);
  CHECK(busy_room::heard(in.bob, "again") == 1);
}

TEST_CASE("one whose connection breaks keeps nothing from the others") {
  busy_room in;
  in.warm_up();
  in.say_held(in.alice);
  in.alice.disconnect();
  in.bob.disconnect();
  in.world.settle();

  in.world.advance(window);
  CHECK(busy_room::heard(in.carol, "held") == 1);
}

TEST_CASE("a room that everybody leaves while it holds is put away") {
  busy_room in;
  in.warm_up();
  in.say_held(in.alice);
  for (auto* who : in.all()) who->disconnect();
  in.world.advance(120s);

  CHECK(in.world.guests_running() == 0);
  for (auto* who : in.all()) CHECK(who->sink.use_count() == 1);
}

TEST_CASE("a stopping server writes what is held before it says good-bye") {
  busy_room in;
  in.warm_up();
  in.say_held(in.alice);

  for (auto* who : in.all()) actors::tell(who->session, actors::drain_session{});
  in.world.settle();

  for (auto* who : in.all()) {
    CHECK(who->close_code() == 1012);
    CHECK(busy_room::heard(*who, "held") == 1);
  }
}

TEST_CASE("a stopping server writes also what was said in the same turn") {
  busy_room in;
  in.warm_up();
  const auto& audience = in.world.env.board.audience(0);
  in.world.hold(audience);
  in.say(in.alice, "last words");
  for (auto* who : in.all()) actors::tell(who->session, actors::drain_session{});
  in.world.settle();
  in.world.release_all();
  in.world.settle();

  for (auto* who : in.all()) {
    CHECK(who->close_code() == 1012);
    CHECK(busy_room::heard(*who, "last words") == 1);
  }
}

TEST_CASE("members of a room that is lost have got what it said, then they are closed") {
  busy_room in;
  in.warm_up();
  in.say_held(in.alice);

  in.world.faults.on_commit = [] { return commit_fate::unknown; };
  in.say(in.carol, "nobody knows");

  for (auto* who : in.all()) {
    CHECK(who->close_code() == 1011);
    CHECK(busy_room::heard(*who, "held") == 1);
    CHECK(busy_room::heard(*who, "nobody knows") == 0);
  }
  in.world.faults = {};
  in.world.advance(120s);
  CHECK(in.world.guests_running() == 0);
}

TEST_CASE("a direct room that holds follows who joins it and leaves it again") {
  busy_room in;
  const auto direct = [&](const std::string& text) {
    in.alice.say({{"type", "direct"}, {"to", "bob"}, {"text", text}});
    in.world.settle();
  };
  for (int i = 0; i < 40; ++i) {
    direct("x");
    in.world.advance(5ms);
  }
  for (bool held = true; held; in.world.advance(5ms)) {
    direct("x");
    held = busy_room::seqs(in.bob) != busy_room::seqs(in.alice);
  }
  in.forget();
  direct("one");
  const auto room = in.alice.received("message")[0]["room"].get<std::string>();
  REQUIRE(busy_room::heard(in.bob, "one") == 0);

  in.bob.join(room);
  direct("two");
  CHECK(in.bob.ask({{"type", "leave"}, {"room", room}})["type"] == "left");
  direct("three");
  in.world.advance(window);

  for (const auto* text : {"one", "two", "three"}) {
    CHECK(busy_room::heard(in.alice, text) == 1);
    CHECK(busy_room::heard(in.bob, text) == 1);
  }
  auto got = busy_room::seqs(in.bob);
  CHECK(std::ranges::is_sorted(got));
}
