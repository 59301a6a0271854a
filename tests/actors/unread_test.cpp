// Read markers, what is left behind them, mentions and the inbox (SEMANTICS §§6, 8), as clients see
// them.

#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <cstdlib>
#include <set>

using namespace confab;
using namespace confab::test;
using namespace std::chrono_literals;

namespace {

json read(const std::string& room, std::uint64_t seq) {
  return {{"type", "read"}, {"room", room}, {"seq", seq}};
}
json become(const std::string& room) {
  return {{"type", "join"}, {"room", room}, {"member", true}};
}
json names(const std::string& room, const std::string& text, json users) {
  return {{"type", "send"}, {"room", room}, {"text", text}, {"mentions", std::move(users)}};
}

/// Alice and Bob are members of "team", Bob on two devices.
struct team {
  actor_world world;
  client& alice = world.guest("alice");
  client& bob = world.guest("bob");
  client& phone = world.guest("bob");

  team() {
    alice.ask(become("team"));
    bob.ask(become("team"));
    phone.join("team");
    forget();
  }
  void forget() {
    for (auto& each : world.clients) each.forget();
  }
};

}  // namespace

TEST_CASE("a marker is moved, the reply says what is left, and the user's other sessions hear of it") {
  team t;
  t.alice.send("team", "three");
  t.alice.ask(names("team", "four", {"bob"}));
  t.forget();

  const auto reply = t.bob.ask(read("team", 3));

  CHECK(reply["type"] == "read");
  CHECK(reply["room"] == "team");
  CHECK(reply["read"] == 3);
  CHECK(reply["unread"] == 1);
  CHECK(reply["mentions"] == 1);
  CHECK(t.phone.received("read") == std::vector<json>{{{"type", "read"}, {"room", "team"}, {"read", 3}}});
  CHECK(t.alice.received("read").empty());
}

TEST_CASE("a lower marker changes nothing and tells nobody, and one above the head is the head") {
  team t;
  t.alice.send("team", "three");
  t.bob.ask(read("team", 1'000'000));
  t.forget();

  const auto lower = t.bob.ask(read("team", 1));

  CHECK(lower["read"] == 3);
  CHECK(lower["unread"] == 0);
  CHECK(t.phone.received("read").empty());
  t.alice.send("team", "four");
  CHECK(t.bob.ask(read("team", 0))["unread"] == 1);
}

TEST_CASE("who is no member has no marker") {
  team t;
  auto& carol = t.world.guest("carol");
  carol.join("team");

  CHECK(carol.ask(read("team", 1))["code"] == "not_member");
  CHECK(carol.ask(read("nowhere", 1))["code"] == "no_such_room");
  t.bob.ask({{"type", "leave"}, {"room", "team"}, {"member", true}});
  CHECK(t.bob.ask(read("team", 1))["code"] == "not_member");
  t.alice.ask({{"type", "create"}, {"room", "hidden"}, {"visibility", "private"}});
  CHECK(carol.ask(read("hidden", 1))["code"] == "no_such_room");
}

TEST_CASE("joining tells a member where the marker is, whoever moved it") {
  team t;
  t.alice.send("team", "three");
  CHECK(t.phone.join("team")["read"] == 2);
  t.bob.ask(read("team", 3));
  CHECK(t.phone.join("team")["read"] == 3);
  t.bob.send("team", "four");
  CHECK(t.phone.join("team")["read"] == 4);  // what one says oneself is read
  for (auto* each : {&t.bob, &t.phone}) each->disconnect();
  t.world.settle();
  t.alice.send("team", "five");

  CHECK(t.world.guest("bob").join("team")["read"] == 4);
  CHECK_FALSE(t.world.guest("carol").join("team").contains("read"));
}

TEST_CASE("everything is read at once") {
  team t;
  t.alice.ask(become("other"));
  t.bob.ask(become("other"));
  t.alice.send("team", "one");
  t.alice.ask(names("other", "two", {"bob"}));
  t.alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "three"}});
  CHECK(t.bob.ask({{"type", "inbox"}})["totals"] == json{{"rooms", 3}, {"unread", 3}, {"mentions", 1}});

  const auto reply = t.bob.ask({{"type", "read"}});

  CHECK(reply["type"] == "read");
  CHECK(reply["totals"] == json{{"rooms", 0}, {"unread", 0}, {"mentions", 0}});
  CHECK_FALSE(reply.contains("room"));
  CHECK(t.phone.received("read", "team").size() == 1);
  CHECK(t.bob.ask({{"type", "read"}})["totals"]["unread"] == 0);  // nothing to move
}

TEST_CASE("what addresses one is listed with its message") {
  team t;
  t.alice.ask(names("team", "see @bob", {"bob"}));
  const auto page = t.bob.ask({{"type", "mentions"}, {"limit", 1}});

  REQUIRE(page["mentions"].size() == 1);
  CHECK(page["mentions"][0]["why"] == "mention");
  CHECK(page["mentions"][0]["read"] == false);
  CHECK(page["mentions"][0]["message"]["text"] == "see @bob");
  CHECK(page["mentions"][0]["message"]["room"] == "team");
  CHECK(page["more"] == false);
  CHECK(t.alice.ask({{"type", "mentions"}})["mentions"].empty());
}

TEST_CASE("the inbox lists one's rooms, the latest first, in windows") {
  team t;
  t.world.advance(10ms);
  t.alice.ask(become("other"));
  t.world.advance(10ms);
  t.alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "psst"}});
  t.world.advance(10ms);
  t.alice.ask({{"type", "set_member"}, {"room", "other"}, {"users", {"bob"}}, {"state", "invited"}});
  t.world.advance(10ms);
  t.alice.send("team", "the last");

  const auto first = t.bob.ask({{"type", "inbox"}, {"limit", 2}});
  REQUIRE(first["rooms"].size() == 2);
  const auto& team_row = first["rooms"][0];
  CHECK(team_row["room"] == "team");
  CHECK(team_row["state"] == "member");
  CHECK(team_row["head"] == 3);
  CHECK(team_row["read"] == 2);
  CHECK(team_row["unread"] == 1);
  CHECK(team_row["last"]["text"] == "the last");
  CHECK(team_row["last"]["from"] == "alice");
  CHECK(first["rooms"][1]["room"] == "other");
  CHECK(first["rooms"][1]["state"] == "invited");
  CHECK(first["rooms"][1]["by"] == "alice");
  CHECK(first["more"] == true);
  const auto rest = t.bob.ask({{"type", "inbox"}, {"limit", 2}, {"after", first["next"]}});
  REQUIRE(rest["rooms"].size() == 1);
  CHECK(rest["rooms"][0]["with"] == "alice");
  CHECK(rest["rooms"][0]["unread"] == 1);
  CHECK(rest["more"] == false);
}

TEST_CASE("since an earlier answer only what has changed is told, also what is gone") {
  team t;
  t.alice.ask(become("other"));
  t.bob.ask(become("other"));
  const auto before = t.bob.ask({{"type", "inbox"}});
  const auto since = [&](const json& as_of) {
    return t.bob.ask({{"type", "inbox"}, {"since", as_of}});
  };
  t.alice.send("team", "new");
  const auto one = since(before["as_of"]);
  REQUIRE(one["rooms"].size() == 1);
  CHECK(one["rooms"][0]["room"] == "team");
  CHECK(one["rooms"][0]["unread"] == 1);
  CHECK_FALSE(one.contains("reset"));

  t.phone.ask(read("team", 99));
  const auto read_there = since(one["as_of"]);
  REQUIRE(read_there["rooms"].size() == 1);
  CHECK(read_there["rooms"][0]["unread"] == 0);

  t.bob.ask({{"type", "leave"}, {"room", "other"}, {"member", true}});
  const auto left = since(before["as_of"]);
  CHECK(std::ranges::any_of(left["rooms"], [](const auto& row) {
    return row["room"] == "other" && row["gone"] == "left";
  }));
}

TEST_CASE("a place that makes no sense here is answered with a reset") {
  team t;
  const auto as_of = t.bob.ask({{"type", "inbox"}})["as_of"].get<std::string>();
  const auto journal = as_of.substr(0, as_of.find('.'));

  for (const auto& wrong : {std::string{"x"}, journal, journal + ".", journal + ".x",
                                  journal + ".99999", std::string{"another.1"}, journal + ".1.1",
                                  std::string{"."}}) {
    INFO(wrong);
    const auto answer = t.bob.ask({{"type", "inbox"}, {"since", wrong}});
    CHECK(answer["reset"] == true);
    CHECK(answer["rooms"].size() == 1);
  }
  CHECK(t.bob.ask({{"type", "inbox"}, {"since", std::string(129, 'x')}})["code"] == "too_long");
}

TEST_CASE("of rooms that a token does not allow nothing is told, neither at once nor later") {
  team t;
  t.bob.ask(become("other"));
  t.alice.join("other");
  t.alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "psst"}});
  for (const auto* room : {"team", "other"}) t.alice.ask(names(room, "see @bob", {"bob"}));
  auto token = t.world.identity_of("bob");
  token.rooms = std::vector<std::string>{"team"};
  t.world.auth.tokens["team alone"] = token;
  token.rooms.emplace();
  t.world.auth.tokens["none"] = token;
  auto& some = t.world.with_token("team alone");
  const auto ids = [](const json& inbox) {
    std::set<std::string> found;
    for (const auto& row : inbox["rooms"]) found.insert(row["room"].get<std::string>());
    return found;
  };

  const auto first = some.ask({{"type", "inbox"}});
  CHECK(ids(first) == std::set<std::string>{"dm:alice:bob", "team"});
  CHECK(first["totals"] == json{{"rooms", 2}, {"unread", 2}, {"mentions", 1}});
  CHECK(some.ask({{"type", "mentions"}})["mentions"].size() == 1);
  CHECK(some.ask(read("other", 3))["code"] == "forbidden");
  some.forget();
  t.alice.send("other", "x");
  t.bob.ask(read("other", 3));
  t.alice.ask(names("other", "see @bob", {"bob"}));
  t.world.advance(1s);
  CHECK(some.received("inbox").empty());
  CHECK(some.received("read").empty());
  CHECK(some.ask({{"type", "read"}})["totals"]["unread"] == 0);
  CHECK(t.bob.ask({{"type", "inbox"}, {"watch", false}})["totals"]["unread"] == 1);
  t.world.advance(1s);
  some.forget();

  some.ask({{"type", "refresh"}, {"token", "none"}});
  t.alice.send("team", "x");
  t.alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "psst"}});
  t.world.advance(1s);
  REQUIRE(some.received("inbox").size() == 1);
  CHECK(ids(some.received("inbox")[0]) == std::set<std::string>{"dm:alice:bob"});
  CHECK(ids(some.ask({{"type", "inbox"}})) == std::set<std::string>{"dm:alice:bob"});
}

TEST_CASE("hello may ask for the inbox, which then follows the welcome") {
  team t;
  t.alice.send("team", "new");

  auto& tablet = t.world.guest_with({{"guest", "bob"}, {"inbox", {{"limit", 10}}}});

  const auto inbox = tablet.received("inbox");
  REQUIRE(inbox.size() == 1);
  CHECK_FALSE(inbox[0].contains("re"));
  CHECK(inbox[0]["rooms"][0]["unread"] == 1);
}

TEST_CASE("where the journal can't be read or written, markers and counts are unavailable") {
  team t;
  t.world.faults.on_commit = [] { return commit_fate::refused; };
  CHECK(t.bob.ask(read("team", 2))["code"] == "unavailable");
  t.world.faults = {};
  t.world.faults.read_fails = [] { return true; };
  CHECK(t.bob.ask(read("team", 2))["code"] == "unavailable");
  CHECK(t.bob.ask({{"type", "mentions"}})["code"] == "unavailable");
  CHECK(t.bob.ask({{"type", "inbox"}})["code"] == "unavailable");
  t.world.faults = {};
  CHECK(t.bob.ask(read("team", 2))["read"] == 2);
}
