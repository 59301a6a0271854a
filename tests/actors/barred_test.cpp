// Who may not read or write any more: what is on its way to them is not said, and what they ask is answered by why.

#include "tests/actors/private_room.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

const json ban{{"state", "banned"}, {"reason", "spam"}};

/// What others do to the room behind its back: it learns of that when the reads are done.
rooms::operation banning(const std::string& user) {
  member_set change;
  change.users = {user_id::trusted(user)};
  change.state = member_state::banned;
  change.reason = "spam";
  auto asked = wanted_by("alice", "team", rooms::set_members{std::move(change)});
  return asked;
}

json reading(const std::string& type) { return {{"type", type}, {"room", "team"}, {"id", 70}}; }

}  // namespace

TEST_CASE("a page that was read behind a ban is not given to the banned") {
  for (const std::string type : {"history", "members", "threads", "pins"}) {
    INFO(type);
    private_room in;
    in.bob.join("team");
    in.world.hold_readers();
    in.bob.say(reading(type));
    in.world.settle();

    in.world.commit({banning("bob")});
    in.world.release_all();
    in.world.settle();

    const auto answer = in.bob.reply_to(70);
    CHECK(answer["code"] == "banned");
    CHECK(answer["reason"] == "spam");
  }
}

TEST_CASE("what was read before one had to leave is not given behind left") {
  for (const std::string type : {"history", "members", "threads", "pins", "reactions"}) {
    INFO(type);
    private_room in;
    in.bob.join("team");
    in.alice.send("team", "hello");
    in.world.hold_readers();
    auto asked = reading(type);
    if (type == "reactions") asked.update({{"target", 5}, {"emoji", "+"}});
    in.bob.say(asked);
    in.world.settle();
    in.forget();

    in.change({"bob"}, {{"state", "removed"}});
    in.world.release_all();
    in.world.settle();

    REQUIRE(in.bob.received("left").size() == 1);
    const auto code = in.bob.reply_to(70)["code"];
    CHECK((code == "not_joined" || code == "no_such_room"));
  }
}

TEST_CASE("who leaves for good while history is read gets nothing of before") {
  private_room in;
  in.alice.ask(set_room("team", {{"visibility", "public"}, {"history", "own"}}));
  in.alice.send("team", "before");
  auto& carol = in.world.guest("carol");
  auto& phone = in.world.guest("carol");
  carol.ask(membership("join", "team"));
  phone.join("team");
  in.world.hold_readers();
  carol.say({{"type", "history"}, {"room", "team"}, {"id", 70}});
  in.world.settle();

  phone.say({{"type", "leave"}, {"room", "team"}, {"member", true}, {"id", 71}});
  in.world.settle();
  in.world.release_all();
  in.world.settle();

  CHECK(carol.reply_to(70)["code"] == "not_joined");
}

TEST_CASE("a ban is told before that one has not joined, and why, with a key or without") {
  private_room in;
  in.bob.join("team");
  in.change({"bob"}, ban);
  const std::vector<json> asked{
      {{"type", "send"}, {"text", "x"}},
      {{"type", "emit"}, {"event", "x"}},
      {{"type", "typing"}, {"on", true}},
      {{"type", "history"}},
      {{"type", "react"}, {"target", 1}, {"emoji", "+"}},
      {{"type", "edit"}, {"target", 1}, {"text", "x"}},
      {{"type", "reactions"}, {"target", 1}, {"emoji", "+"}},
      {{"type", "report"}, {"target", 1}},
      {{"type", "members"}},
  };
  for (auto command : asked) {
    INFO(command.dump());
    command["room"] = "team";
    const auto answer = in.bob.ask(command);
    CHECK(answer["code"] == "banned");
    CHECK(answer["reason"] == "spam");
  }
  // Who was never there learns no more than that there is nothing, or that he has not joined.
  auto& carol = in.world.guest("carol");
  CHECK(carol.ask({{"type", "history"}, {"room", "team"}})["code"] == "no_such_room");
  in.alice.ask(set_room("team", {{"visibility", "public"}}));
  CHECK(carol.ask({{"type", "history"}, {"room", "team"}})["code"] == "not_joined");
}

TEST_CASE("a token with fewer rights counts for what comes right behind it") {
  private_room in;
  auto token = in.world.identity_of("carol");
  token.admin = true;
  in.world.auth.tokens["carol"] = token;
  token.admin = false;
  in.world.auth.tokens["less"] = token;
  auto& carol = in.world.with_token("carol");
  REQUIRE(carol.join("team")["type"] == "joined");

  carol.say({{"type", "refresh"}, {"token", "less"}, {"id", 70}});
  carol.say({{"type", "members"}, {"room", "team"}, {"id", 71}});
  in.world.settle();

  CHECK(carol.reply_to(70)["type"] == "refreshed");
  CHECK(carol.reply_to(71)["code"] == "no_such_room");
}

TEST_CASE("where history is one's own, it is so for an admin whose token is one no more") {
  private_room in;
  in.alice.ask(set_room("team", {{"visibility", "public"}, {"history", "own"}}));
  in.alice.send("team", "before");
  in.world.auth.tokens["less"] = in.world.identity_of("carol");
  auto token = in.world.identity_of("carol");
  token.admin = true;
  in.world.auth.tokens["carol"] = token;
  auto& carol = in.world.with_token("carol");
  carol.join("team");
  const auto texts = [&] {
    auto found = json::array();
    const auto page = carol.ask({{"type", "history"}, {"room", "team"}});
    for (const auto& event : page["events"])
      found.push_back(event["text"]);
    return found;
  };
  REQUIRE(texts() == json::array({"before"}));

  carol.ask({{"type", "refresh"}, {"token", "less"}});
  CHECK(texts().empty());
  in.alice.send("team", "after");
  CHECK(texts() == json::array({"after"}));
  // It begins there, however often the token is renewed; and is whole again for an admin.
  carol.ask({{"type", "refresh"}, {"token", "less"}});
  CHECK(texts() == json::array({"after"}));
  carol.ask({{"type", "refresh"}, {"token", "carol"}});
  CHECK(texts() == json::array({"before", "after"}));
}

TEST_CASE("a block from before the direct room was made is known to it") {
  actor_world world;
  auto& bob = world.guest("bob");
  auto& eve = world.guest("eve");
  bob.ask({{"type", "block"}, {"user", "eve"}, {"on", true}});
  REQUIRE(eve.ask({{"type", "direct"}, {"to", "bob"}, {"text", "hi"}})["code"] == "forbidden");
  eve.join("dm:bob:eve");
  bob.forget();

  const auto refused = eve.ask({{"type", "emit"}, {"room", "dm:bob:eve"}, {"event", "poke"}});

  CHECK(refused["code"] == "forbidden");
  CHECK(bob.received().empty());
  CHECK(bob.ask({{"type", "block"}, {"user", "bob"}, {"on", true}})["code"] == "bad_request");
}

TEST_CASE("repeats by a key are answered when the quota is spent") {
  actor_world world;
  auto& alice = world.guest("alice");
  json many = json::array();
  for (int i = 0; i < 60; ++i) many.push_back("user" + std::to_string(i));
  const json make{{"type", "create"}, {"room", "team"}, {"key", "k1"}, {"users", many}};
  const auto made = alice.ask(make);
  REQUIRE(made["type"] == "created");

  const auto again = alice.ask(make);
  CHECK(again["duplicate"] == true);
  CHECK(again["head"] == made["head"]);
  auto other = make;
  other["room"] = "second";
  const auto refused = alice.ask(other);
  CHECK(refused["code"] == "rate_limited");
  CHECK(refused["retry_after_ms"] > 0);

  // The head of a repeat is that of the first use, whatever has come since.
  alice.join("team");
  alice.send("team", "hello");
  CHECK(alice.ask(make)["head"] == made["head"]);
}

TEST_CASE("a repeated ban takes away what the first use did, and nothing since") {
  private_room in;
  in.bob.join("team");
  in.bob.send("team", "old");
  auto first = set_member("team", {"bob"}, ban);
  first.update({{"key", "k1"}, {"delete_ms", 3'600'000}});
  CHECK(in.alice.ask(first)["deleted"] == 1);
  in.change({"bob"}, {{"state", "unbanned"}});
  in.change({"bob"}, {{"state", "invited"}});
  in.bob.ask(membership("join", "team"));
  const auto sent = in.bob.send("team", "pardoned");
  REQUIRE(sent["type"] == "sent");
  in.change({"bob"}, {{"state", "removed"}});
  in.change({"bob"}, ban);

  const auto again = in.alice.ask(first);

  CHECK(again["duplicate"] == true);
  CHECK(again["deleted"] == 0);
  const auto kept = in.world.stored_entry("team", sent["seq"]);
  CHECK(std::get<posted>(kept->body).what.text == "pardoned");
}

TEST_CASE("what has lapsed is no state in the list of members") {
  private_room in;
  const auto soon = in.world.now().value() + 1000;
  in.change({"carol"}, {{"state", "banned"}, {"until", soon}});
  in.change({"dora"}, {{"state", "invited"}, {"until", soon}});
  const auto listed = [&](const char* state) {
    return in.alice.ask({{"type", "members"}, {"room", "team"}, {"state", state}})["members"].size();
  };
  CHECK(listed("banned") == 1);
  CHECK(listed("invited") == 1);

  in.world.advance(2s);

  CHECK(listed("banned") == 0);
  CHECK(listed("invited") == 0);
}

TEST_CASE("both users of a direct room are its members") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "hi"}});

  const auto members = alice.ask({{"type", "members"}, {"room", "dm:alice:bob"}});

  CHECK(members["count"] == 2);
  REQUIRE(members["members"].size() == 2);
  CHECK(members["members"][0]["id"] == "alice");
  CHECK(members["members"][1] == json{{"id", "bob"}, {"state", "member"}, {"role", "member"}, {"online", false}, {"read", 0}});
  CHECK(world.guest("carol").ask({{"type", "members"}, {"room", "dm:alice:bob"}})["code"] ==
        "no_such_room");
}
