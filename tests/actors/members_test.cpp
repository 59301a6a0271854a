// Who belongs to a room, and who has to go (SEMANTICS §§1, 3, 4), as clients see it.

#include "tests/actors/private_room.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

/// Place of the first frame of a type in what a client got; the count of frames where there is none.
std::size_t place_of(client& who, const std::string& type) {
  const auto& all = who.received();
  return static_cast<std::size_t>(
      std::ranges::find_if(all, [&](const auto& one) { return one["type"] == type; }) - all.begin());
}

bool is_quiet(const actor_world& world) {
  return std::ranges::all_of(world.clients,
                             [](const auto& one) { return one.taken->has_caught_up(); });
}

}  // namespace

// --- rooms that are made ------------------------------------------------------------------------

TEST_CASE("who creates a room is its owner, and those named are invited") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");

  const auto made = alice.ask({{"type", "create"},
                               {"key", "k1"},
                               {"room", "team"},
                               {"title", "Red"},
                               {"visibility", "private"},
                               {"users", {"bob", "alice"}}});

  CHECK(made["type"] == "created");
  CHECK(made["room"] == "team");
  CHECK(made["head"] == 3);
  CHECK_FALSE(made.contains("duplicate"));
  const auto joined = alice.join("team");
  CHECK(joined["role"] == "owner");
  CHECK(joined["member"] == true);
  CHECK(joined["title"] == "Red");
  CHECK(joined["settings"] == json{{"visibility", "private"}});
  CHECK(joined["count"] == 1);
  CHECK(joined["epoch"] == made["epoch"]);
  CHECK(bob.join("team")["code"] == "not_member");
  CHECK(bob.ask(membership("join", "team"))["role"] == "member");
  CHECK(world.guest("carol").join("team")["code"] == "no_such_room");
}

TEST_CASE("creating again by the key is the same room, without it a conflict") {
  actor_world world;
  auto& alice = world.guest("alice");
  const json wish{{"type", "create"}, {"key", "k1"}, {"room", "team"}, {"title", "Red"}};
  const auto first = alice.ask(wish);

  const auto again = alice.ask(wish);

  CHECK(again["type"] == "created");
  CHECK(again["duplicate"] == true);
  CHECK(again["epoch"] == first["epoch"]);
  CHECK(alice.ask({{"type", "create"}, {"room", "team"}})["code"] == "conflict");
  CHECK(world.guest("bob").ask(wish)["code"] == "conflict");
}

TEST_CASE("a room without an id is named by its maker and the key") {
  actor_world world;
  auto& alice = world.guest("alice");

  const auto made = alice.ask({{"type", "create"}, {"key", "k1"}});
  const auto again = alice.ask({{"type", "create"}, {"key", "k1"}});

  CHECK(made["room"].get<std::string>().starts_with("r:"));
  CHECK(again["room"] == made["room"]);
  CHECK(again["duplicate"] == true);
  CHECK(alice.ask({{"type", "create"}, {"key", "k2"}})["room"] != made["room"]);
}

TEST_CASE("guests make no rooms, and are no members, where they can't be") {
  world_options how;
  how.how.rules.guest_members = false;
  actor_world world{how};
  auto& alice = world.guest("alice");

  CHECK(alice.ask({{"type", "create"}, {"room", "team"}})["code"] == "forbidden");

  alice.join("general");
  CHECK(alice.ask(membership("join", "general"))["code"] == "forbidden");
  CHECK(alice.send("general", "I may visit")["type"] == "sent");
  CHECK(alice.ask({{"type", "create"}, {"room", "team"}})["code"] == "forbidden");
  CHECK(is_quiet(world));
}

TEST_CASE("of two who create one room at once the first has it") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");

  alice.say({{"type", "create"}, {"id", 70}, {"room", "team"}});
  bob.say({{"type", "create"}, {"id", 70}, {"room", "team"}});
  world.settle();

  CHECK(alice.reply_to(70)["type"] == "created");
  CHECK(bob.reply_to(70)["code"] == "conflict");
  CHECK(bob.join("team")["count"] == 1);
}

// --- members by their own wish ------------------------------------------------------------------

TEST_CASE("a join may make a member, who sees so at once") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.ask({{"type", "create"}, {"room", "team"}});
  alice.join("team");
  alice.forget();

  const auto joined = bob.ask(membership("join", "team"));

  CHECK(joined["type"] == "joined");
  CHECK(joined["member"] == true);
  CHECK(joined["role"] == "member");
  CHECK(joined["count"] == 2);
  CHECK(joined["head"] == 2);
  const auto heard = alice.received("member_set");
  REQUIRE(heard.size() == 1);
  CHECK(heard[0]["users"] == json{"bob"});
  CHECK(heard[0]["state"] == "member");
  // A member already: nothing more is stored.
  CHECK(bob.ask(membership("join", "team"))["head"] == 2);
}

TEST_CASE("who is invited to a private room accepts by joining as a member") {
  private_room in;
  CHECK(in.change({"carol"}, {{"state", "invited"}, {"role", "moderator"}})["type"] == "done");

  auto& carol = in.world.guest("carol");
  const auto listed = carol.ask({{"type", "rooms"}})["rooms"];
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["invited"] == true);
  CHECK_FALSE(listed[0].contains("member"));
  CHECK(carol.join("team")["code"] == "not_member");
  for (const auto* list : {"members", "pins", "threads"})
    CHECK(carol.ask({{"type", list}, {"room", "team"}})["code"] == "not_member");
  CHECK(in.alice.send("team", "not for carol")["type"] == "sent");
  CHECK(carol.received("message").empty());
  const auto joined = carol.ask(membership("join", "team"));

  CHECK(joined["member"] == true);
  CHECK(joined["role"] == "moderator");
  CHECK_FALSE(carol.ask({{"type", "rooms"}})["rooms"][0].contains("invited"));
  CHECK(joined["count"] == 3);
}

TEST_CASE("an invitation that has lapsed shows the room no longer") {
  private_room in;
  const auto until = in.world.env.now().value() + 1'000;
  in.change({"carol"}, {{"state", "invited"}, {"until", until}});
  auto& carol = in.world.guest("carol");
  CHECK(carol.ask({{"type", "rooms"}})["rooms"].size() == 1);

  in.world.advance(2s);

  CHECK(carol.ask({{"type", "rooms"}})["rooms"].empty());
  CHECK(carol.ask(membership("join", "team"))["code"] == "no_such_room");
}

TEST_CASE("who declines an invitation without having joined is answered, and shut out again") {
  private_room in;
  in.change({"carol"}, {{"state", "invited"}});
  auto& carol = in.world.guest("carol");
  in.forget();

  const auto reply = carol.ask(membership("leave", "team"));

  CHECK(reply["type"] == "left");
  CHECK(in.alice.received("member_set").back()["state"] == "left");
  CHECK(carol.join("team")["code"] == "no_such_room");
  CHECK(is_quiet(in.world));
}

TEST_CASE("a member who leaves goes with all sessions, and each sees the entry first") {
  private_room in;
  auto& phone = in.world.guest("bob");
  phone.join("team");
  in.forget();

  const auto reply = in.bob.ask(membership("leave", "team"));

  CHECK(reply["type"] == "left");
  CHECK_FALSE(reply.contains("reason"));
  CHECK(in.bob.received("left").size() == 1);
  CHECK(place_of(in.bob, "member_set") < place_of(in.bob, "left"));
  REQUIRE(phone.received("left").size() == 1);
  CHECK(phone.received("left")[0] == json{{"type", "left"}, {"room", "team"}, {"reason", "left"}});
  CHECK(place_of(phone, "member_set") < place_of(phone, "left"));
  CHECK(phone.send("team", "not any more")["code"] == "no_such_room");
  CHECK(in.bob.join("team")["code"] == "no_such_room");
}

TEST_CASE("a leave that was on its way when the room shut somebody out is answered") {
  private_room in;

  in.alice.say(set_member("team", {"bob"}, {{"state", "removed"}}));
  in.bob.say({{"type", "leave"}, {"id", 70}, {"room", "team"}});
  in.world.settle();

  CHECK_FALSE(in.bob.reply_to(70).is_null());
  CHECK(is_quiet(in.world));
}

TEST_CASE("the last owner's place goes to who follows") {
  private_room in;
  in.forget();

  in.alice.ask(membership("leave", "team"));

  const auto heard = in.bob.received("member_set");
  REQUIRE(heard.size() == 2);
  CHECK(heard[1]["from"] == "@server");
  CHECK(heard[1]["role"] == "owner");
  CHECK(in.bob.join("team")["role"] == "owner");
}

// --- members by others' wish --------------------------------------------------------------------

TEST_CASE("whoever is banned gets the entry, then left, and nothing after it") {
  private_room in;
  auto& phone = in.world.guest("bob");
  phone.join("team");
  in.forget();

  const auto done = in.change({"bob"}, {{"state", "banned"}, {"until", 1'763'876'400'000}, {"reason", "spam"}});
  in.alice.send("team", "he is gone");
  in.world.advance(1s);

  CHECK(done["type"] == "done");
  CHECK(done["seq"].is_number());
  for (auto* each : {&in.bob, &phone}) {
    const auto& got = each->received();
    REQUIRE(got.size() == 2);
    CHECK(got[0]["type"] == "member_set");
    CHECK(got[0]["reason"] == "spam");
    CHECK(got[1] == json{{"type", "left"}, {"room", "team"}, {"reason", "banned"}});
    CHECK(each->send("team", "may I")["code"] == "banned");
  }
  const auto refused = in.bob.join("team");
  CHECK(refused["code"] == "banned");
  CHECK(refused["until"] == 1'763'876'400'000);
  CHECK(refused["reason"] == "spam");
  CHECK(in.bob.ask({{"type", "members"}, {"room", "team"}})["code"] == "banned");
  const auto keyed = in.bob.send("team", "may I", "k9");
  CHECK(keyed["code"] == "banned");
  CHECK(is_quiet(in.world));
}

TEST_CASE("a ban is over when its time is, and when it is taken back") {
  private_room in;
  const auto until = in.world.now().value() + 60'000;
  in.change({"bob", "carol"}, {{"state", "banned"}, {"until", until}});
  CHECK(in.change({"bob"}, {{"state", "invited"}})["code"] == "banned");

  CHECK(in.change({"carol"}, {{"state", "unbanned"}})["type"] == "done");
  CHECK(in.world.guest("carol").join("team")["code"] == "no_such_room");
  CHECK_FALSE(in.change({"dora"}, {{"state", "unbanned"}}).contains("seq"));
  in.world.advance(61s);

  CHECK(in.bob.join("team")["code"] == "no_such_room");
  CHECK(in.change({"bob"}, {{"state", "invited"}})["type"] == "done");
  CHECK(in.bob.ask(membership("join", "team"))["type"] == "joined");
}

TEST_CASE("a key that was used before the ban is answered as then") {
  private_room in;
  const auto first = in.bob.send("team", "hello", "k1");
  in.change({"bob"}, {{"state", "banned"}});

  const auto again = in.bob.send("team", "hello", "k1");

  CHECK(again["type"] == "sent");
  CHECK(again["seq"] == first["seq"]);
  CHECK(again["duplicate"] == true);
}

TEST_CASE("a message that comes behind its author's ban is refused, whichever session says it") {
  private_room in;
  auto& phone = in.world.guest("bob");
  phone.join("team");
  in.forget();

  in.bob.say({{"type", "send"}, {"id", 70}, {"room", "team"}, {"text", "before"}});
  in.world.settle();
  in.alice.say(set_member("team", {"bob"}, {{"state", "banned"}}));
  in.bob.say({{"type", "send"}, {"id", 71}, {"room", "team"}, {"text", "after"}});
  phone.say({{"type", "send"}, {"id", 71}, {"room", "team"}, {"text", "after"}});
  in.world.settle();

  CHECK(in.bob.reply_to(70)["type"] == "sent");
  for (auto* each : {&in.bob, &phone}) {
    const auto reply = each->reply_to(71);
    REQUIRE_FALSE(reply.is_null());
    if (reply["type"] == "error") CHECK((reply["code"] == "banned" || reply["code"] == "not_joined"));
    std::size_t entries_after = 0;
    for (auto at = place_of(*each, "left"); at < each->received().size(); ++at)
      entries_after += each->received()[at].contains("seq") && !each->received()[at].contains("re");
    CHECK(entries_after == 0);
  }
  bool banned = false;
  for (const auto& entry : in.world.stored_log("team")) {
    if (const auto* set = std::get_if<confab::member_set>(&entry.body))
      banned = banned || set->state == member_state::banned;
    if (std::holds_alternative<posted>(entry.body)) CHECK_FALSE(banned);
  }
  CHECK(is_quiet(in.world));
}

TEST_CASE("a ban takes away what was said, in operations of a hundred") {
  actor_world world;
  world.auth.tokens["root"] = world.identity_of("root");
  world.auth.tokens["root"].admin = true;
  world.fill("general", 230);
  auto& root = world.with_token("root");
  auto& alice = world.guest("alice");
  root.join("general");
  alice.join("general");
  world.clients.back().forget();

  const auto done = root.ask(set_member(
      "general", {"author"}, {{"state", "banned"}, {"key", "ban"}, {"delete_ms", 86'400'000}}));

  CHECK(done["type"] == "done");
  CHECK(done["deleted"] == 230);
  CHECK(done["seq"] == 231);
  CHECK(alice.received("deleted").size() == 230);
  CHECK(place_of(root, "done") > place_of(root, "deleted"));
  const auto again = root.ask(set_member(
      "general", {"author"}, {{"state", "banned"}, {"key", "ban"}, {"delete_ms", 86'400'000}}));
  CHECK(again["duplicate"] == true);
  CHECK(again["deleted"] == 0);
  CHECK(is_quiet(world));
}

TEST_CASE("a ban takes away fewer messages at once where much goes with each") {
  actor_world world;
  world.auth.tokens["root"] = world.identity_of("root");
  world.auth.tokens["root"].admin = true;
  world.fill("general", 10);
  std::vector<rooms::operation> reactions;
  for (int i = 0; i < 30'000; ++i)
    reactions.push_back(wanted_by("eve", "general",
                                  rooms::set_reaction{seq_no(1 + i % 10), "+", i % 20 < 10}));
  world.commit(reactions);
  auto& root = world.with_token("root");
  root.join("general");

  const auto done = root.ask(
      set_member("general", {"author"}, {{"state", "banned"}, {"delete_ms", 86'400'000}}));

  CHECK(done["type"] == "done");
  CHECK(done["deleted"] == 10);
  CHECK(is_quiet(world));
}

TEST_CASE("repeating a ban by its key deletes what a crash left") {
  actor_world world;
  world.auth.tokens["root"] = world.identity_of("root");
  world.auth.tokens["root"].admin = true;
  world.fill("general", 230);
  auto& root = world.with_token("root");
  root.join("general");
  world.advance(1s);
  std::size_t commits = 0;
  world.faults.on_commit = [&] {
    return ++commits > 2 ? commit_fate::refused : commit_fate::stored;
  };
  const auto wish = set_member(
      "general", {"author"}, {{"state", "banned"}, {"key", "ban"}, {"delete_ms", 86'400'000}});
  CHECK(root.ask(wish)["code"] == "unavailable");
  world.faults = {};
  world.advance(10s);

  const auto again = root.ask(wish);

  CHECK(again["duplicate"] == true);
  CHECK(again["deleted"] > 0);
  std::size_t deletions = 0;
  for (const auto& entry : world.stored_log("general"))
    deletions += std::holds_alternative<deleted>(entry.body);
  CHECK(deletions == 230);
  CHECK(is_quiet(world));
}

TEST_CASE("the muted neither send, type nor emit, and hear until when") {
  private_room in;
  const auto until = in.world.now().value() + 60'000;
  in.change({"bob"}, {{"mute_until", until}});

  const auto refused = in.bob.send("team", "psst");
  CHECK(refused["code"] == "muted");
  CHECK(refused["until"] == until);
  CHECK(in.bob.ask({{"type", "typing"}, {"room", "team"}, {"on", true}})["code"] == "muted");
  CHECK(in.bob.ask({{"type", "emit"}, {"room", "team"}, {"event", "x"}})["code"] == "muted");
  CHECK(in.alice.received("typing").empty());
  CHECK(in.alice.received("emitted").empty());
  CHECK(in.bob.ask({{"type", "react"}, {"room", "team"}, {"target", 1}, {"emoji", "+"}})["code"] ==
        "no_such_message");

  in.change({"bob"}, {{"mute_until", 0}});
  CHECK(in.bob.send("team", "better")["type"] == "sent");
  in.change({"bob"}, {{"mute_until", in.world.now().value() + 60'000}});
  in.world.advance(61s);
  CHECK(in.bob.ask({{"type", "typing"}, {"room", "team"}, {"on", true}})["type"] == "done");
}

TEST_CASE("a mute holds for visitors too, also for who comes back after all have gone") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.ask({{"type", "create"}, {"room", "open"}});
  auto& bob = world.guest("bob");
  bob.join("open");
  alice.ask(set_member("open", {"bob"}, {{"mute_until", world.now().value() + 3'600'000}}));
  CHECK(bob.send("open", "psst")["code"] == "muted");
  bob.ask({{"type", "leave"}, {"room", "open"}});
  world.advance(60s);

  CHECK(bob.join("open")["type"] == "joined");
  CHECK(bob.ask({{"type", "typing"}, {"room", "open"}, {"on", true}})["code"] == "muted");
}

TEST_CASE("who is removed may come back where the room lets them") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.ask({{"type", "create"}, {"room", "open"}});
  bob.ask(membership("join", "open"));
  bob.forget();

  alice.ask(set_member("open", {"bob"}, {{"state", "removed"}}));

  REQUIRE(bob.received("left").size() == 1);
  CHECK(bob.received("left")[0]["reason"] == "removed");
  const auto joined = bob.join("open");
  CHECK(joined["type"] == "joined");
  CHECK_FALSE(joined.contains("member"));
  CHECK(bob.ask(membership("join", "open"))["member"] == true);
}

TEST_CASE("a role is shown when one joins, and decides what one may") {
  private_room in;
  CHECK(in.bob.ask(set_room("team", {{"topic", "x"}}))["code"] == "forbidden");
  in.change({"bob"}, {{"role", "moderator"}});

  CHECK(in.bob.join("team")["role"] == "moderator");
  CHECK(in.bob.ask(set_room("team", {{"topic", "x"}}))["type"] == "done");
  CHECK(in.bob.ask(set_room("team", {{"visibility", "public"}}))["code"] == "forbidden");
  CHECK(in.bob.ask(set_member("team", {"alice"}, {{"state", "banned"}}))["code"] == "forbidden");
  CHECK(in.change({"bob"}, {{"role", "reader"}})["type"] == "done");
  CHECK(in.bob.join("team")["role"] == "reader");
  CHECK(in.bob.send("team", "x")["code"] == "read_only");
}

TEST_CASE("inviting has a rate of its own, and blocks pass it by in silence") {
  private_room in;
  json many = json::array();
  for (int i = 0; i < 100; ++i) many.push_back("user" + std::to_string(i));
  auto& carol = in.world.guest("carol");
  CHECK(carol.ask({{"type", "block"}, {"user", "alice"}, {"on", true}})["type"] == "done");

  const auto passed_by = in.change({"carol"}, {{"state", "invited"}});
  CHECK(passed_by["type"] == "done");
  CHECK_FALSE(passed_by.contains("seq"));
  in.world.advance(3'600s);
  CHECK(in.change(many, {{"state", "invited"}})["type"] == "done");
  const auto refused = in.change({"dora"}, {{"state", "invited"}});
  CHECK(refused["code"] == "rate_limited");
  CHECK(refused["retry_after_ms"] > 0);
  CHECK(in.bob.ask(set_member("team", {"dora"}, {{"state", "invited"}}))["type"] == "done");
  // Who has spent it can still accept and decline.
  for (const auto* room : {"red", "blue"})
    in.bob.ask({{"type", "create"}, {"room", room}, {"users", {"alice"}}});
  CHECK(in.alice.ask(membership("join", "red"))["member"] == true);
  CHECK(in.alice.ask(membership("leave", "blue"))["type"] == "left");
  CHECK(in.world.stored_room("blue").rows == 1);
}

TEST_CASE("members come in pages, with names and who is online") {
  private_room in;
  json many = json::array();
  in.world.auth.tokens["zoe"] = in.world.identity_of("zoe");
  in.world.auth.tokens["zoe"].name = "Zoë";
  in.change({"zoe"}, {{"state", "invited"}});
  auto& zoe = in.world.with_token("zoe");
  zoe.ask(membership("join", "team"));
  zoe.disconnect();
  in.world.advance(10s);

  auto page = in.bob.ask({{"type", "members"}, {"room", "team"}, {"limit", 2}});
  CHECK(page["type"] == "members");
  CHECK(page["count"] == 3);
  CHECK(page["more"] == true);
  REQUIRE(page["members"].size() == 2);
  CHECK(page["members"][0] ==
        json{{"id", "alice"}, {"state", "member"}, {"role", "owner"}, {"online", true}});
  page = in.bob.ask({{"type", "members"}, {"room", "team"}, {"after", page["next"]}});
  CHECK(page["more"] == false);
  REQUIRE(page["members"].size() == 1);
  CHECK(page["members"][0] == json{{"id", "zoe"},
                                   {"name", "Zoë"},
                                   {"state", "member"},
                                   {"role", "member"},
                                   {"online", false}});
  in.change({"eve"}, {{"state", "banned"}, {"reason", "spam"}});
  page = in.alice.ask({{"type", "members"}, {"room", "team"}, {"state", "banned"}});
  REQUIRE(page["members"].size() == 1);
  CHECK(page["members"][0]["reason"] == "spam");
  in.change({"finn"}, {{"state", "invited"}});
  page = in.alice.ask({{"type", "members"}, {"room", "team"}, {"state", "invited"}});
  REQUIRE(page["members"].size() == 1);
  CHECK(page["members"][0]["by"] == "alice");
  CHECK(in.world.guest("stranger").ask({{"type", "members"}, {"room", "team"}})["code"] ==
        "no_such_room");
}

// --- settings at work ---------------------------------------------------------------------------

TEST_CASE("a room that becomes private shuts out visitors, the invited too, and keeps members") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  auto& carol = world.guest("carol");
  auto& visitor = world.guest("vera");
  alice.ask({{"type", "create"}, {"room", "open"}, {"users", {"carol"}}});
  alice.join("open");
  bob.ask(membership("join", "open"));
  carol.join("open");
  visitor.join("open");
  for (auto& each : world.clients) each.forget();

  const auto visibility = GENERATE(as<std::string>{}, "private", "invite");
  alice.ask(set_room("open", {{"visibility", visibility}}));
  alice.send("open", "among us");

  for (auto* each : {&visitor, &carol}) {
    REQUIRE(each->received("left").size() == 1);
    CHECK(each->received("left")[0]["reason"] == "private");
    CHECK(each->received("room_set").size() == 1);
    CHECK(place_of(*each, "room_set") < place_of(*each, "left"));
    CHECK(each->received("message").empty());
  }
  for (auto* each : {&alice, &bob}) {
    CHECK(each->received("left").empty());
    CHECK(each->received("message").size() == 1);
  }
  const bool is_seen = visibility == "invite";
  CHECK(visitor.join("open")["code"] == (is_seen ? "forbidden" : "no_such_room"));
  CHECK(visitor.ask({{"type", "rooms"}})["rooms"].size() == (is_seen ? 1u : 0u));
  CHECK(carol.join("open")["code"] == "not_member");
}

TEST_CASE("a room that takes no visitors any more keeps its members") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& visitor = world.guest("vera");
  alice.ask({{"type", "create"}, {"room", "open"}});
  alice.join("open");
  visitor.join("open");

  alice.ask(set_room("open", {{"visitors", "none"}}));

  CHECK(visitor.received("left").size() == 1);
  CHECK(visitor.join("open")["code"] == "forbidden");
  CHECK(alice.send("open", "x")["type"] == "sent");
}

TEST_CASE("slow mode says how long to wait, and archived rooms are read only") {
  private_room in;
  in.alice.ask(set_room("team", {{"slow_ms", 30'000}}));
  CHECK(in.bob.send("team", "one")["type"] == "sent");
  in.world.advance(10s);
  const auto refused = in.bob.send("team", "two");
  CHECK(refused["code"] == "slow_mode");
  CHECK(refused["retry"] == false);
  CHECK(refused["retry_after_ms"] <= 20'000);
  CHECK(refused["retry_after_ms"] > 19'000);
  CHECK(in.alice.send("team", "owners are free")["type"] == "sent");
  CHECK(in.alice.send("team", "of it")["type"] == "sent");
  in.world.advance(20s);
  CHECK(in.bob.send("team", "two")["type"] == "sent");

  in.alice.ask(set_room("team", {{"archived", true}}));
  CHECK(in.bob.send("team", "three")["code"] == "read_only");
  CHECK(in.alice.ask({{"type", "typing"}, {"room", "team"}, {"on", true}})["code"] == "read_only");
  CHECK(in.bob.ask({{"type", "history"}, {"room", "team"}})["type"] == "history");
  CHECK(in.alice.ask(set_room("team", {{"archived", false}}))["type"] == "done");
  CHECK(in.bob.ask(membership("leave", "team"))["type"] == "left");
}

TEST_CASE("an archived room can still be visited and read") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.ask({{"type", "create"}, {"room", "open"}});
  alice.join("open");
  alice.send("open", "lunch?");
  alice.ask({{"type", "send"}, {"room", "open"}, {"text", "yes"}, {"thread", 2}});
  alice.ask({{"type", "pin"}, {"room", "open"}, {"target", 2}});
  alice.ask(set_room("open", {{"archived", true}}));
  auto& visitor = world.guest("vera");

  CHECK(visitor.join("open")["pins"] == json{2});
  const auto asked = [&](const std::string& type, json rest = json::object()) {
    rest["type"] = type;
    rest["room"] = "open";
    return visitor.ask(std::move(rest));
  };
  CHECK(asked("pins")["pins"].size() == 1);
  CHECK(asked("members")["members"].size() == 1);
  CHECK(asked("threads")["events"].size() == 1);
  CHECK(asked("history")["events"].size() == 2);
  CHECK(asked("emit", {{"event", "cursor"}})["code"] == "read_only");
  CHECK(visitor.ask(membership("join", "open"))["code"] == "read_only");
}

TEST_CASE("where history is one's own, it begins with the membership") {
  private_room in;
  in.alice.ask(set_room("team", {{"history", "own"}}));
  in.alice.send("team", "before");
  in.alice.ask({{"type", "pin"}, {"room", "team"}, {"target", 5}, {"on", true}});
  in.change({"carol"}, {{"state", "invited"}});
  auto& carol = in.world.guest("carol");

  const auto joined = carol.ask(membership("join", "team"));
  const auto floor = joined["head"];
  CHECK(joined["events"].empty());
  in.alice.send("team", "after");
  in.alice.ask(
      {{"type", "pin"}, {"room", "team"}, {"target", floor.get<int>() + 1}, {"on", true}});

  const auto history = carol.ask({{"type", "history"}, {"room", "team"}});
  REQUIRE(history["events"].size() == 1);
  CHECK(history["events"][0]["text"] == "after");
  CHECK(history["more"] == false);
  const json from_outside{{"type", "history"}, {"room", "team"}, {"after", 1}, {"limit", 1}};
  CHECK(carol.ask(from_outside)["events"] == history["events"]);
  const auto reactions = [&](int target) {
    return carol.ask({{"type", "reactions"}, {"room", "team"}, {"target", target}, {"emoji", "+"}});
  };
  CHECK(reactions(5)["code"] == "no_such_message");
  CHECK(reactions(floor.get<int>() + 1)["type"] == "reactions");
  const auto again = carol.join("team");
  REQUIRE(again["events"].size() == 1);
  CHECK(again["pins"] == json{floor.get<int>() + 1});
  const auto gap = carol.join("team", 2, joined["epoch"]);
  CHECK(gap["gap"] == true);
  CHECK(gap["oldest"] == floor);
  const auto served = carol.join("team", floor, joined["epoch"]);
  CHECK(served["gap"] == false);
  CHECK(served["events"].size() == 2);
  // Also who has not joined now.
  auto& phone = in.world.guest("carol");
  for (auto* each : {&carol, &phone}) {
    const auto pins = each->ask({{"type", "pins"}, {"room", "team"}});
    REQUIRE(pins["pins"].size() == 1);
    carol.ask({{"type", "leave"}, {"room", "team"}});
    in.world.advance(10s);
  }
  CHECK(in.bob.join("team", 2, joined["epoch"])["gap"] == true);
}

TEST_CASE("where history becomes one's own, it does for those inside") {
  private_room in;
  in.alice.ask(set_room("team", {{"visibility", "public"}}));
  in.alice.send("team", "before");
  auto& eve = in.world.guest("eve");
  eve.join("team");
  const auto head = in.alice.ask(set_room("team", {{"history", "own"}}))["seq"].get<int>();
  const auto texts_of = [](client& who) {
    std::vector<std::string> texts;
    const auto history = who.ask({{"type", "history"}, {"room", "team"}});
    for (const auto& one : history["events"]) texts.push_back(one["text"]);
    return texts;
  };
  const auto react = [](client& who, int target) {
    return who.ask({{"type", "react"}, {"room", "team"}, {"target", target}, {"emoji", "+"}});
  };
  CHECK(texts_of(eve).empty());
  CHECK(react(eve, head - 1)["code"] == "no_such_message");
  CHECK(texts_of(in.alice) == std::vector<std::string>{"before"});
  CHECK(react(in.alice, head - 1)["type"] == "done");
  in.alice.send("team", "after");
  CHECK(texts_of(eve) == std::vector<std::string>{"after"});

  in.alice.ask(set_room("team", {{"history", "all"}}));
  CHECK(texts_of(eve) == std::vector<std::string>{"before", "after"});
}

TEST_CASE("changes of slow mode have a price, since they look up who spoke last") {
  private_room in;
  const auto slow = [&](int ms) { return in.alice.ask(set_room("team", {{"slow_ms", ms}})); };
  for (int i = 1; i <= 3; ++i) REQUIRE(slow(1000 * i)["type"] == "done");

  const auto refused = slow(9000);

  CHECK(refused["code"] == "rate_limited");
  CHECK(refused["retry_after_ms"] > 0);
  CHECK(in.alice.ask(set_room("team", {{"topic", "Plans"}}))["type"] == "done");
}

TEST_CASE("the list of rooms shows private ones to their members only") {
  private_room in;
  in.alice.ask(set_room("team", {{"topic", "Plans"}}));

  const auto rooms = in.bob.ask({{"type", "rooms"}});
  REQUIRE(rooms["rooms"].size() == 1);
  CHECK(rooms["rooms"][0]["topic"] == "Plans");
  CHECK(rooms["rooms"][0]["visibility"] == "private");
  CHECK(rooms["rooms"][0]["count"] == 2);
  CHECK(rooms["rooms"][0]["member"] == true);
  CHECK(in.world.guest("carol").ask({{"type", "rooms"}})["rooms"].empty());
}
