// One's own settings of rooms (SEMANTICS §9), as a user with two devices sees them.

#include "protocol/limits.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;
using namespace std::chrono_literals;

namespace {

json become(const std::string& room) {
  return {{"type", "join"}, {"room", room}, {"member", true}};
}
json read(const std::string& room, std::uint64_t seq) {
  return {{"type", "read"}, {"room", room}, {"seq", seq}};
}
json set_own(json change, const std::string& room = "team") {
  change["type"] = "set_own";
  change["room"] = room;
  return change;
}

/// Alice owns "team", and Bob is a member of it; both of Bob's devices watch his inbox.
struct two_devices {
  actor_world world;
  client& alice;
  client& bob;
  client& phone;

  explicit two_devices(world_options how = {})
      : world(std::move(how)),
        alice(world.guest("alice")),
        bob(world.guest("bob")),
        phone(world.guest("bob")) {
    alice.ask({{"type", "create"}, {"room", "team"}, {"title", "Team"}, {"receipts", true}});
    alice.join("team");
    bob.ask(become("team"));
    for (auto* each : {&bob, &phone}) each->ask({{"type", "inbox"}});
    tick();
    forget();
  }
  void forget() {
    for (auto& each : world.clients) each.forget();
  }
  void tick() { world.advance(limits::inbox_gather); }
  /// The one row that the one event of this half second has, and its sums.
  json told(client& who, json* totals = nullptr) {
    const auto events = who.received("inbox");
    REQUIRE(events.size() == 1);
    REQUIRE(events[0]["rooms"].size() == 1);
    if (totals) *totals = events[0]["totals"];
    const auto row = events[0]["rooms"][0];
    who.forget();
    return row;
  }
};

}  // namespace

TEST_CASE("own settings are done when they are kept, and told to all devices that watch") {
  two_devices t;

  const auto done = t.bob.ask(set_own({{"notify", "none"}, {"receipts", false}}));
  CHECK(done["type"] == "done");
  t.tick();

  for (auto* device : {&t.bob, &t.phone}) {
    const auto row = t.told(*device);
    CHECK(row["title"] == "Team");
    CHECK(row["own"] == json{{"notify", "none"}, {"receipts", false}});
  }
  CHECK(t.alice.received("inbox").empty());
  t.bob.ask(set_own({{"notify", "none"}}));
  t.tick();
  CHECK(t.phone.received("inbox").empty());  // nothing has changed
  const auto window = t.phone.ask({{"type", "inbox"}});
  CHECK(window["rooms"][0]["own"] == json{{"notify", "none"}, {"receipts", false}});
}

TEST_CASE("a room of which one wants to know nothing is in no sum") {
  two_devices t;
  json totals;
  t.alice.send("team", "one");
  t.tick();
  t.forget();

  t.bob.ask(set_own({{"notify", "none"}}));
  t.tick();
  CHECK(t.told(t.phone, &totals)["unread"] == 1);
  CHECK(totals == json{{"rooms", 0}, {"unread", 0}, {"mentions", 0}});
  t.forget();
  t.alice.send("team", "two");
  t.tick();
  CHECK(t.told(t.phone, &totals)["unread"] == 2);
  CHECK(totals["unread"] == 0);
  CHECK(t.bob.ask({{"type", "inbox"}})["totals"]["unread"] == 0);
  t.forget();
  t.bob.ask(set_own({{"notify", "mentions"}}));
  t.tick();
  t.told(t.phone, &totals);
  CHECK(totals == json{{"rooms", 1}, {"unread", 2}, {"mentions", 0}});
}

TEST_CASE("what is set until a time is over with the first message after it") {
  two_devices t;
  json totals;
  const auto until = t.world.now().value() + 60'000;
  t.bob.ask(set_own({{"notify", "none"}, {"notify_until", until}}));
  t.tick();
  CHECK(t.told(t.phone)["own"] == json{{"notify", "none"}, {"notify_until", until}});
  t.alice.send("team", "one");
  t.tick();
  t.told(t.phone, &totals);
  CHECK(totals["unread"] == 0);

  t.world.advance(61s);
  t.alice.send("team", "two");
  t.tick();

  const auto row = t.told(t.phone, &totals);
  CHECK_FALSE(row.contains("own"));
  CHECK(row["title"] == "Team");
  CHECK(totals == json{{"rooms", 1}, {"unread", 2}, {"mentions", 0}});
}

TEST_CASE("a room that is marked is unread on all devices until one reads it") {
  two_devices t;
  json totals;
  t.bob.ask(set_own({{"marked", true}}));
  t.tick();
  CHECK(t.told(t.phone, &totals)["own"] == json{{"marked", true}});
  CHECK(totals == json{{"rooms", 1}, {"unread", 0}, {"mentions", 0}});
  t.forget();

  SECTION("in the room") { CHECK(t.phone.ask(read("team", 1))["unread"] == 0); }
  SECTION("all at once") {
    CHECK(t.phone.ask({{"type", "read"}})["totals"] ==
          json{{"rooms", 0}, {"unread", 0}, {"mentions", 0}});
  }
  t.tick();

  const auto row = t.told(t.bob, &totals);
  CHECK_FALSE(row.contains("own"));
  CHECK(row["title"] == "Team");
  CHECK(totals["rooms"] == 0);
}

TEST_CASE("a room that is hidden is in no window until somebody says something") {
  two_devices t;
  t.alice.send("team", "one");
  t.tick();
  t.forget();
  t.bob.ask(set_own({{"hidden", true}}));
  t.tick();
  json totals;
  CHECK(t.told(t.phone, &totals)["own"] == json{{"hidden", true}});
  CHECK(totals["unread"] == 0);
  const auto window = t.phone.ask({{"type", "inbox"}});
  CHECK(window["rooms"].empty());
  CHECK(window["totals"]["unread"] == 0);
  t.forget();

  t.alice.send("team", "two");
  t.tick();

  const auto row = t.told(t.phone, &totals);
  CHECK_FALSE(row.contains("own"));
  CHECK(row["unread"] == 2);
  CHECK(totals["unread"] == 2);
  CHECK(t.bob.ask({{"type", "inbox"}})["rooms"].size() == 1);
}

TEST_CASE("own settings are for members, and of rooms that the token allows") {
  two_devices t;
  t.world.auth.tokens["zoe-token"] = t.world.identity_of("zoe");
  auto only_red = t.world.identity_of("zoe");
  only_red.rooms = std::vector<std::string>{"red"};
  t.world.auth.tokens["zoe-red"] = only_red;

  CHECK(t.world.with_token("zoe-token").ask(set_own({{"marked", true}}))["code"] == "not_member");
  CHECK(t.world.with_token("zoe-red").ask(set_own({{"marked", true}}))["code"] == "forbidden");
  const auto no = t.bob.ask(set_own({{"marked", true}}, "nowhere"));
  CHECK(no["code"] == "no_such_room");
  t.world.faults.on_commit = [] { return commit_fate::refused; };
  CHECK(t.bob.ask(set_own({{"marked", true}}))["code"] == "unavailable");
}

TEST_CASE("leaving and coming back starts anew") {
  two_devices t;
  t.bob.ask(set_own({{"notify", "none"}, {"marked", true}}));
  t.bob.ask({{"type", "leave"}, {"room", "team"}, {"member", true}});

  t.bob.ask(become("team"));

  CHECK_FALSE(t.phone.ask({{"type", "inbox"}})["rooms"][0].contains("own"));
}

TEST_CASE("a deployment's other default is told to who has set nothing") {
  world_options how;
  how.how.notify = notify_level::all;
  how.how.notify_direct = notify_level::mentions;
  two_devices t{how};
  t.bob.ask({{"type", "direct"}, {"to", "alice"}, {"text", "psst"}});
  const auto own_of = [&](const json& row) { return row.contains("own") ? row["own"] : json{}; };

  const auto window = t.phone.ask({{"type", "inbox"}});
  REQUIRE(window["rooms"].size() == 2);
  for (const auto& row : window["rooms"])
    CHECK(own_of(row) == json{{"notify", row.contains("with") ? "mentions" : "all"}});
  t.tick();
  t.forget();
  t.bob.ask(set_own({{"notify", "mentions"}}));
  t.tick();
  CHECK(t.told(t.phone)["own"] == json{{"notify", "mentions"}});
}

TEST_CASE("who tells no receipts is told none, until both are wanted again") {
  two_devices t;
  t.phone.join("team");
  auto& carol = t.world.guest("carol");
  carol.ask(become("team"));
  const auto seq = t.alice.send("team", "one")["seq"].get<std::uint64_t>();
  t.bob.ask(set_own({{"receipts", false}}));
  t.forget();

  t.phone.ask(read("team", seq));
  carol.ask(read("team", seq));
  t.world.advance(limits::receipts_gather);

  REQUIRE(t.alice.received("receipts").size() == 1);
  CHECK(t.alice.received("receipts")[0]["reads"] == json{{"carol", seq}});
  CHECK(t.phone.received("receipts").empty());
  CHECK_FALSE(t.phone.join("team").contains("reads"));
  CHECK(t.alice.join("team")["reads"] == json{{"alice", seq}, {"carol", seq}});
  const auto list = t.alice.ask({{"type", "members"}, {"room", "team"}});
  for (const auto& member : list["members"])
    CHECK(member.contains("read") == (member["id"] != "bob"));
  if (GENERATE(false, true)) {  // the room is put away, and read anew
    for (auto* each : {&t.alice, &t.phone, &t.bob, &carol})
      each->ask({{"type", "leave"}, {"room", "team"}});
    t.world.advance(t.world.env.how.room_idle + 1min);
    for (auto* each : {&t.alice, &carol}) each->join("team");
    CHECK_FALSE(t.phone.join("team").contains("reads"));
  }
  t.forget();

  t.bob.ask(set_own({{"receipts", true}}));
  t.world.settle();

  const json all{{"alice", seq}, {"bob", seq}, {"carol", seq}};
  REQUIRE(t.alice.received("receipts").size() == 1);
  CHECK(t.alice.received("receipts")[0]["reads"] == all);
  CHECK(t.phone.received("receipts").size() == 1);
  CHECK(t.phone.join("team")["reads"] == all);
}

TEST_CASE("in direct rooms, too, receipts are given and taken together") {
  two_devices t;
  const std::string room = "dm:alice:bob";
  t.bob.ask({{"type", "direct"}, {"to", "alice"}, {"text", "psst"}});
  t.alice.join(room);
  t.bob.join(room);
  t.alice.ask(set_own({{"receipts", false}}, room));
  t.forget();

  t.alice.ask(read(room, 1));
  t.world.advance(limits::receipts_gather);

  CHECK(t.bob.received("receipts").empty());
  CHECK(t.bob.join(room)["reads"] == json{{"bob", 1}});
  CHECK_FALSE(t.alice.join(room).contains("reads"));
}

TEST_CASE("mentions that are read are kept for ninety days, by the log's time") {
  two_devices t;
  const auto mentions = [&] {
    return t.bob.ask({{"type", "mentions"}})["mentions"].size();
  };
  const auto name_bob = [&] {
    return t.alice.ask({{"type", "send"}, {"room", "team"}, {"text", "hi"}, {"mentions", {"bob"}}});
  };
  const auto seq = name_bob()["seq"].get<std::uint64_t>();
  name_bob();
  t.bob.ask(read("team", seq));
  t.world.advance(3s);  // markers are gathered
  t.world.keep();
  t.world.advance(61min);
  CHECK(mentions() == 2);
  // Time passes without the timers that come in it: they are many.
  t.world.set_clock(limits::mentions_kept);
  t.world.advance(61min);
  CHECK(mentions() == 2);  // the clock is in doubt
  CHECK(t.world.clock_doubts == std::vector{true});
}

TEST_CASE("where the log says that they are old, mentions that are read go") {
  world_options how;
  how.how.mentions_kept = 2h;
  two_devices t{how};
  const auto name_bob = [&] {
    const auto sent =
        t.alice.ask({{"type", "send"}, {"room", "team"}, {"text", "hi"}, {"mentions", {"bob"}}});
    return sent["seq"].get<std::uint64_t>();
  };
  const auto mentions = [&] {
    std::vector<std::uint64_t> found;
    const auto page = t.bob.ask({{"type", "mentions"}});
    for (const auto& one : page["mentions"]) found.push_back(one["message"]["seq"]);
    return found;
  };
  const auto first = name_bob(), second = name_bob();
  t.bob.ask(read("team", first));
  t.world.keep();
  t.world.advance(3h);
  CHECK(mentions() == std::vector{second, first});  // nothing was said since

  const auto third = name_bob();
  t.world.advance(62min);

  CHECK(mentions() == std::vector{third, second});
  CHECK(t.bob.ask(read("team", first))["mentions"] == 2);
}
