#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

std::vector<std::uint64_t> seqs(const json& events) {
  std::vector<std::uint64_t> list;
  for (const auto& event : events) list.push_back(event["seq"]);
  return list;
}
std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> list;
  for (auto seq = first; seq <= last; ++seq) list.push_back(seq);
  return list;
}

using numbers = std::vector<std::uint64_t>;

/// All the seqs of a room in the order a client got them, live and caught up.
numbers all_seqs(client& who, const std::string& room) {
  numbers list;
  for (const auto& what : who.received()) {
    if (!what.contains("room") || what["room"] != room) continue;
    if (what.contains("events"))
      for (const auto seq : seqs(what["events"])) list.push_back(seq);
    else if (what["type"] == "message")
      list.push_back(what["seq"]);
  }
  return list;
}

}  // namespace

TEST_CASE("joining an unknown room creates it") {
  actor_world world;
  auto& alice = world.guest_with({{"guest", "alice"}, {"name", "Alice"}});

  const auto joined = alice.join("general");

  CHECK(joined["type"] == "joined");
  CHECK(joined["room"] == "general");
  CHECK(joined["title"] == "general");
  CHECK(joined["epoch"] == world.stored_room("general").epoch.value());
  CHECK(joined["epoch"].get<std::string>().size() == 8);
  CHECK(joined["head"] == 0);
  CHECK(joined["gap"] == false);
  CHECK(joined["role"] == "member");
  CHECK(joined["online"] == 1);
  CHECK(joined["members"] == json::array({{{"id", "alice"}, {"name", "Alice"}}}));
  CHECK(joined["events"] == json::array());
  CHECK_FALSE(joined.contains("more"));
  CHECK_FALSE(joined.contains("oldest"));
}

TEST_CASE("where rooms are not created, an unknown one is refused and a known one joined") {
  world_options how;
  how.how.create_rooms = actors::room_making::by_create;
  actor_world world{how};
  world.fill("general", 3);
  auto& alice = world.guest("alice");

  CHECK(alice.join("nowhere")["code"] == "no_such_room");
  CHECK(alice.join("nowhere")["code"] == "no_such_room");
  CHECK(alice.join("general")["head"] == 3);
  CHECK(world.stored_room("nowhere").room.value().empty());
  CHECK(alice.ask({{"type", "create"}, {"room", "made"}})["type"] == "created");
}

TEST_CASE("where users make no rooms, create is refused too") {
  world_options how;
  how.how.create_rooms = actors::room_making::never;
  actor_world world{how};

  CHECK(world.guest("alice").ask({{"type", "create"}, {"room", "made"}})["code"] == "forbidden");
}

TEST_CASE("a token's rooms decide who may join") {
  actor_world world;
  world.auth.tokens["t"] = world.identity_of("alice");
  world.auth.tokens["t"].rooms = {"general", "team-*"};
  auto& alice = world.with_token("t");

  CHECK(alice.join("general")["type"] == "joined");
  CHECK(alice.join("team-a")["type"] == "joined");
  CHECK(alice.join("secret")["code"] == "forbidden");
  CHECK(world.stored_room("secret").room.value().empty());
}

TEST_CASE("a role comes with the token") {
  actor_world world;
  world.auth.tokens["t"] = world.identity_of("mod");
  world.auth.tokens["t"].roles = {{"general", role::moderator}};
  auto& mod = world.with_token("t");

  CHECK(mod.join("general")["role"] == "moderator");
  CHECK(mod.join("other")["role"] == "member");
}

TEST_CASE("as many rooms as the limit says, and not one more") {
  world_options how;
  how.how.rooms_per_session_max = 3;
  actor_world world{how};
  auto& alice = world.guest("alice");
  for (const auto* room : {"a", "b", "c"}) REQUIRE(alice.join(room)["type"] == "joined");

  CHECK(alice.join("d")["code"] == "too_many_rooms");
  CHECK(alice.join("c")["type"] == "joined");
  CHECK(alice.ask({{"type", "leave"}, {"room", "a"}})["type"] == "left");
  CHECK(alice.join("d")["type"] == "joined");
}

TEST_CASE("a join without id is answered") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.say({{"type", "join"}, {"room", "general"}});
  world.settle();

  REQUIRE(alice.received("joined").size() == 1);
  CHECK_FALSE(alice.received("joined")[0].contains("re"));
}

TEST_CASE("joined names those online, at most a hundred, and counts all") {
  actor_world world;
  for (int i = 0; i < 101; ++i) world.guest("user" + std::to_string(1000 + i)).join("general");

  const auto joined = world.guest("alice").join("general");

  CHECK(joined["online"] == 102);
  CHECK(joined["members"].size() == 100);
  CHECK(joined["members"][0]["id"] == "alice");

  const auto last_in_order = world.guest("zoe").join("general");

  CHECK(last_in_order["members"].size() == 100);
  CHECK(last_in_order["members"].back()["id"] == "zoe");
}

TEST_CASE("a join shows the latest fifty messages, from memory as from the journal") {
  actor_world world;
  // 128 entries are remembered when a room wakes; fifty messages reach beyond that or not.
  const bool beyond = GENERATE(false, true);
  world.fill("general", 120);
  if (beyond) {
    std::vector<rooms::operation> reactions;
    for (int i = 0; i < 100; ++i)
      reactions.push_back(
          wanted_by("bob", "general", rooms::set_reaction{seq_no{100}, "+", i % 2 == 0}));
    world.commit(std::move(reactions));
  }
  auto& alice = world.guest("alice");

  const auto joined = alice.join("general");

  CHECK(seqs(joined["events"]) == range(71, 120));
  CHECK(joined["head"] == (beyond ? 220 : 120));
  // What came from the journal is followed by the room's "that was all".
  CHECK(joined.contains("more") == beyond);
  const auto rest = alice.received("events");
  REQUIRE(rest.size() == (beyond ? 1u : 0u));
  if (beyond) {
    CHECK(rest[0]["events"] == json::array());
    CHECK(rest[0]["more"] == false);
  }
  alice.forget();
  alice.send("general", "live");
  CHECK(alice.received("message").size() == 1);
}

TEST_CASE("since brings everything after it") {
  actor_world world;
  world.fill("general", 60);
  auto& alice = world.guest("alice");

  CHECK(seqs(alice.join("general", 57, "filled")["events"]) == numbers{58, 59, 60});
  CHECK(alice.join("general", 60, "filled")["events"] == json::array());
  const auto all = alice.join("general", 0, "filled");
  CHECK(seqs(all["events"]) == range(1, 60));
  CHECK(all["gap"] == false);
}

TEST_CASE("since without an epoch is taken at its word") {
  actor_world world;
  world.fill("general", 3);

  const auto joined =
      world.guest("alice").ask({{"type", "join"}, {"room", "general"}, {"since", 2}});
  CHECK(seqs(joined["events"]) == numbers{3});
  CHECK(joined["gap"] == false);
}

TEST_CASE("a since that can't be served is a gap, with the latest messages") {
  actor_world world;
  world.fill("general", 60);
  auto& alice = world.guest("alice");
  json joined;
  SECTION("above head") { joined = alice.join("general", 61, "filled"); }
  SECTION("of another epoch") { joined = alice.join("general", 5, "other"); }

  CHECK(joined["gap"] == true);
  CHECK(joined["oldest"] == 1);
  CHECK(seqs(joined["events"]) == range(11, 60));
}

TEST_CASE("joining again answers again, with the catch-up asked for, and once is still once") {
  actor_world world;
  auto& alice = world.guest("alice");
  const auto epoch = alice.join("general")["epoch"];
  alice.send("general", "one");
  alice.send("general", "two");

  const auto again = alice.join("general", 1, epoch);

  CHECK(seqs(again["events"]) == numbers{2});
  CHECK(again["online"] == 1);
  alice.forget();
  alice.send("general", "three");
  CHECK(alice.received("message").size() == 1);
}

TEST_CASE("a long catch-up comes in parts, and what is said meanwhile after them") {
  actor_world world;
  world.fill("general", 1700);
  auto& bob = world.guest("bob");
  bob.join("general");
  auto& alice = world.guest("alice");
  alice.forget();

  alice.say(
      {{"type", "join"}, {"id", 1}, {"room", "general"}, {"since", 100}, {"epoch", "filled"}});
  for (int i = 0; i < 40; ++i) bob.say({{"type", "send"}, {"room", "general"}, {"text", "live"}});
  world.settle();

  const auto joined = alice.reply_to(1);
  CHECK(joined["more"] == true);
  CHECK(joined["gap"] == false);
  const auto parts = alice.received("events");
  REQUIRE(parts.size() >= 3);
  for (const auto& part : parts) CHECK(part["more"] == (&part != &parts.back()));
  CHECK(all_seqs(alice, "general") == range(101, 1740));

  bool caught_up = false;
  for (const auto& what : alice.received()) {
    if (what["type"] == "message") CHECK(caught_up);
    if (what["type"] == "events" && what["more"] == false) caught_up = true;
  }
}

TEST_CASE("joining again from far back while the room is busy keeps every entry in its place") {
  // The audience lags behind: what it still has for the old membership must not come in between.
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    actor_world world;
    world.fill("general", 300);
    auto& bob = world.guest("bob");
    bob.join("general");
    auto& alice = world.guest("alice");
    alice.join("general");
    alice.forget();
    for (int i = 0; i < 6; ++i) bob.say({{"type", "send"}, {"room", "general"}, {"text", "live"}});
    for (int i = 0; i < 30; ++i) world.step_shuffled(random);
    alice.say({{"type", "join"}, {"room", "general"}, {"since", 10}, {"epoch", "filled"}});
    for (int i = 0; i < 6; ++i) bob.say({{"type", "send"}, {"room", "general"}, {"text", "live"}});
    world.settle_shuffled(random);

    bool joined = false;
    bool complete = false;
    numbers after;
    for (const auto& what : alice.received()) {
      if (what["type"] == "joined") joined = true;
      if (what["type"] == "events" && what["more"] == false) complete = true;
      if (!joined) continue;
      if (what["type"] == "message") {
        CHECK(complete);
        after.push_back(what["seq"]);
      } else if (what.contains("events")) {
        for (const auto seq : seqs(what["events"])) after.push_back(seq);
      }
    }
    REQUIRE(after == range(11, 312));
  }
}

TEST_CASE("a catch-up goes at the pace of its reader and takes as long as it takes") {
  actor_world world;
  world.fill("general", 2000, std::string(500, 'x'));
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  bob.join("general");
  alice.sink->be_slow();
  const auto before = alice.sink->frames.size();

  alice.say(
      {{"type", "join"}, {"id", 901}, {"room", "general"}, {"since", 0}, {"epoch", "filled"}});
  world.settle();
  const auto first = alice.sink->frames.size();
  CHECK(first > before);
  CHECK(first <= before + 3);
  CHECK(alice.sink->queued_bytes() < 3 * limits::page_bytes_max);

  for (int i = 0; i < 20; ++i) {
    world.advance(20s);
    bob.send("general", "meanwhile");
    alice.sink->read_all();
    world.settle();
  }

  CHECK_FALSE(alice.closed());
  CHECK(all_seqs(alice, "general") == range(1, 2020));
  std::size_t answers = 0;
  for (const auto& what : alice.received()) answers += what.contains("re") && what["re"] == 901;
  CHECK(answers == 1);
  CHECK(alice.send("general", "here")["seq"] == 2021);
}

TEST_CASE("who hangs up during a catch-up leaves nothing behind") {
  actor_world world;
  world.fill("general", 2000, std::string(500, 'x'));
  auto& alice = world.guest("alice");
  alice.sink->be_slow();
  alice.say({{"type", "join"}, {"room", "general"}, {"since", 0}, {"epoch", "filled"}});
  world.settle();

  alice.disconnect();
  world.settle();
  world.advance(60s);

  CHECK(world.guests_running() == 0);
  CHECK(alice.sink.use_count() == 1);
}

TEST_CASE("leave is answered, and the room is heard no more") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.join("general");
  bob.join("general");

  const auto left = alice.ask({{"type", "leave"}, {"room", "general"}});
  CHECK(left["type"] == "left");
  CHECK(left["room"] == "general");
  alice.forget();
  bob.send("general", "hi");
  world.advance(1s);
  CHECK(alice.received().empty());
  CHECK(alice.send("general", "hi")["code"] == "not_joined");
  CHECK(alice.ask({{"type", "leave"}, {"room", "general"}})["code"] == "not_joined");
}

TEST_CASE("a room is put away when nobody is in it, and comes back from the log") {
  actor_world world;
  auto& alice = world.guest("alice");
  const auto epoch = alice.join("general")["epoch"];
  alice.send("general", "one");
  alice.ask({{"type", "leave"}, {"room", "general"}});
  REQUIRE(world.guests_running() == 2);  // alice's session, and the room

  world.advance(60s);
  CHECK(world.guests_running() == 1);

  const auto joined = alice.join("general");
  CHECK(joined["epoch"] == epoch);
  CHECK(joined["head"] == 1);
  CHECK(joined["events"][0]["text"] == "one");
}

TEST_CASE("a room that somebody asks for while it is being put away serves") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    world_options how;
    how.how.room_idle = 10ms;
    how.how.presence_gather = 1ms;
    actor_world world{how};
    auto& alice = world.guest("alice");
    alice.join("general");
    for (int i = 0; i < 5; ++i) {
      const auto left = alice.next_id();
      const auto joined = alice.next_id();
      alice.say({{"type", "leave"}, {"id", left}, {"room", "general"}});
      for (int j = 0; j < 20; ++j) {
        world.step_shuffled(random);
        if (random() % 4 == 0) world.tick(std::chrono::milliseconds{random() % 8});
      }
      alice.say({{"type", "join"}, {"id", joined}, {"room", "general"}});
      world.settle_shuffled(random);
      REQUIRE(alice.reply_to(left)["type"] == "left");
      REQUIRE(alice.reply_to(joined)["type"] == "joined");
      REQUIRE(alice.send("general", "hi")["seq"] == i + 1);
    }
  }
}

TEST_CASE("nothing of them is left when all have gone") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  for (auto* who : {&alice, &bob}) {
    who->join("a");
    who->join("b");
    who->send("a", "hi");
  }
  alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "psst"}});
  alice.ask({{"type", "signal"}, {"to", "nobody"}, {"data", json::object()}});
  alice.join("dm:alice:bob");

  alice.disconnect();
  bob.disconnect();
  world.advance(120s);

  CHECK(world.guests_running() == 0);
  CHECK(alice.sink.use_count() == 1);
  CHECK(bob.sink.use_count() == 1);
}
