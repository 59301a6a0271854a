// What is said beside plain messages, and what is one's own (SEMANTICS §§5, 9), as clients see it.

#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

json of_room(const std::string& type, const std::string& room, json rest = json::object()) {
  rest["type"] = type;
  rest["room"] = room;
  return rest;
}
json block(const std::string& user, bool on = true) {
  return {{"type", "block"}, {"user", user}, {"on", on}};
}

struct pair_of_guests {
  actor_world world;
  client& alice = world.guest("alice");
  client& bob = world.guest("bob");

  void meet(const std::string& room) {
    alice.join(room);
    bob.join(room);
    forget();
  }
  void forget() {
    for (auto& each : world.clients) each.forget();
  }
};

client& token_of(actor_world& world, const std::string& user, role as, const std::string& where,
                 const std::string& name = {}) {
  auto& who = world.auth.tokens[user];
  who = world.identity_of(user);
  who.roles[where] = as;
  if (!name.empty()) who.name = name;
  return world.with_token(user);
}

bool is_quiet(const actor_world& world) {
  return std::ranges::all_of(world.clients,
                             [](const auto& one) { return one.taken->has_caught_up(); });
}

}  // namespace

// --- threads, pins, names -----------------------------------------------------------------------

TEST_CASE("a thread is read by itself, and 0 is what is in none") {
  pair_of_guests in;
  in.meet("general");
  in.alice.send("general", "lunch?");
  in.bob.send("general", "main line");
  CHECK(in.bob.ask(of_room("send", "general", {{"text", "yes"}, {"thread", 1}}))["seq"] == 3);
  CHECK(in.alice.ask(of_room("send", "general", {{"text", "when"}, {"thread", 3}}))["seq"] == 4);

  CHECK(in.alice.received("message").back()["thread"] == 1);
  auto page = in.alice.ask(of_room("history", "general", {{"thread", 1}}));
  REQUIRE(page["events"].size() == 3);
  CHECK(page["events"][0]["replies"] == 2);
  page = in.alice.ask(of_room("history", "general", {{"thread", 0}}));
  REQUIRE(page["events"].size() == 2);
  CHECK(page["events"][1]["text"] == "main line");
  page = in.bob.ask(of_room("threads", "general"));
  REQUIRE(page["events"].size() == 1);
  CHECK(page["events"][0]["seq"] == 1);
  CHECK(page["more"] == false);
  CHECK(in.bob.ask(of_room("send", "general", {{"text", "?"}, {"thread", 99}}))["code"] ==
        "no_such_message");
  CHECK(in.world.guest("dora").ask(of_room("threads", "general"))["events"].size() == 1);
  CHECK(in.world.guest("dora").ask(of_room("threads", "nowhere"))["code"] == "no_such_room");
}

TEST_CASE("pins are shown to who joins, live and by a list, until their message is deleted") {
  pair_of_guests in;
  in.alice.ask({{"type", "create"}, {"room", "team"}});
  in.meet("team");
  in.bob.send("team", "keep this");
  in.bob.send("team", "and this");
  CHECK(in.bob.ask(of_room("pin", "team", {{"target", 2}, {"on", true}}))["code"] == "forbidden");

  in.alice.ask(of_room("pin", "team", {{"target", 3}, {"on", true}}));
  in.alice.ask(of_room("pin", "team", {{"target", 2}, {"on", true}}));
  CHECK_FALSE(
      in.alice.ask(of_room("pin", "team", {{"target", 2}, {"on", true}})).contains("seq"));

  CHECK(in.bob.received("pinned").size() == 2);
  CHECK(in.bob.join("team")["pins"] == json{3, 2});
  const auto list = in.bob.ask(of_room("pins", "team"));
  REQUIRE(list["pins"].size() == 2);
  CHECK(list["pins"][0]["pinned_by"] == "alice");
  CHECK(list["more"] == false);
  in.alice.ask(of_room("delete", "team", {{"target", 3}}));
  CHECK(in.bob.join("team")["pins"] == json{2});
  CHECK(in.bob.ask(of_room("pins", "team"))["pins"].size() == 1);
}

TEST_CASE("names stand in whatever holds entries, and in live messages") {
  actor_world world;
  auto& minsu = token_of(world, "minsu", role::none, "x", "김민수");
  auto& bob = world.guest("bob");
  bob.join("general");
  minsu.join("general");
  const json users{{{"id", "minsu"}, {"name", "김민수"}}};

  minsu.send("general", "one");
  bob.send("general", "two");

  const auto heard = bob.received("message");
  REQUIRE(heard.size() == 2);
  CHECK(heard[0]["name"] == "김민수");
  CHECK_FALSE(heard[1].contains("name"));
  CHECK(bob.join("general")["users"] == users);
  CHECK(bob.join("general", 0, bob.join("general")["epoch"])["users"] == users);
  CHECK(bob.ask(of_room("history", "general"))["users"] == users);
  bob.ask(of_room("send", "general", {{"text", "three"}, {"thread", 1}}));
  CHECK(bob.ask(of_room("threads", "general"))["users"] == users);
  bob.ask(of_room("join", "general", {{"member", true}}));
  const json call{{"text", "@bob"}, {"mentions", {"bob"}}};
  REQUIRE(minsu.ask(of_room("send", "general", call))["type"] == "sent");
  CHECK(bob.ask({{"type", "mentions"}})["users"] == users);
  CHECK(bob.ask({{"type", "inbox"}})["users"] == users);
  bob.ask({{"type", "direct"}, {"to", "minsu"}, {"text", "hi"}});
  minsu.ask({{"type", "direct"}, {"to", "bob"}, {"text", "hi"}});
  bob.join("dm:bob:minsu");
  bob.ask(of_room("pin", "dm:bob:minsu", {{"target", 2}}));
  CHECK(bob.ask(of_room("pins", "dm:bob:minsu"))["users"] == users);
  bob.ask(of_room("leave", "dm:bob:minsu"));
  // After the room has slept, too, and when it is read from the journal.
  bob.ask(of_room("leave", "general"));
  minsu.ask(of_room("leave", "general"));
  world.advance(120s);
  CHECK(bob.join("general")["users"] == users);
  for (int i = 0; i < 300; ++i) bob.send("general", "filler");
  world.advance(10s);
  const auto joined = bob.join("general", 0, bob.join("general")["epoch"]);
  CHECK(joined["users"] == users);
}

TEST_CASE("a new name is told with the next message after the token that has it") {
  actor_world world;
  auto& minsu = token_of(world, "minsu", role::none, "x", "Min");
  minsu.join("general");
  minsu.send("general", "one");
  world.auth.tokens["new"] = world.auth.tokens["minsu"];
  world.auth.tokens["new"].name = "Minsu";

  minsu.ask({{"type", "refresh"}, {"token", "new"}});
  minsu.send("general", "two");

  const auto heard = minsu.received("message");
  REQUIRE(heard.size() == 2);
  CHECK(heard[0]["name"] == "Min");
  CHECK(heard[1]["name"] == "Minsu");
}

TEST_CASE("users are looked up by id, guests too, and unknown ones are left out") {
  actor_world world;
  auto& minsu = token_of(world, "minsu", role::none, "x", "Min");
  world.auth.key = true;
  auto& guest = world.guest_with({{"guest", "g"}, {"name", "Gast"}});
  minsu.join("general");
  guest.join("general");
  minsu.send("general", "one");
  guest.send("general", "two");

  const auto found =
      guest.ask({{"type", "users"}, {"ids", {"minsu", "nobody", guest.welcome["user"]["id"]}}});

  CHECK(found["users"] == json::array({{{"id", "minsu"}, {"name", "Min"}},
                                       {{"id", guest.welcome["user"]["id"]}, {"name", "Gast"}}}));
}

TEST_CASE("where there are no keys, guests are looked up as users are") {
  actor_world world;
  auto& alice = world.guest_with({{"guest", "alice"}, {"name", "Alice Ångström"}});
  auto& bob = world.guest("bob");
  alice.join("general");
  alice.send("general", "hi");

  const auto found = bob.ask({{"type", "users"}, {"ids", {"alice", "nobody"}}});

  CHECK(found["users"] == json::array({{{"id", "alice"}, {"name", "Alice Ångström"}}}));
}

// --- custom events ------------------------------------------------------------------------------

TEST_CASE("what is emitted goes to the others, is not stored, and has a rate") {
  pair_of_guests in;
  in.meet("general");
  auto& phone = in.world.guest("alice");
  phone.join("general");
  in.forget();

  const auto done =
      in.alice.ask(of_room("emit", "general", {{"event", "cursor"}, {"data", {{"x", 4}}}}));
  CHECK(done["type"] == "done");
  CHECK_FALSE(done.contains("seq"));

  const auto heard = in.bob.received("emitted");
  REQUIRE(heard.size() == 1);
  CHECK(heard[0] == of_room("emitted", "general",
                            {{"from", "alice"}, {"event", "cursor"}, {"data", {{"x", 4}}}}));
  CHECK(in.alice.received("emitted").empty());
  CHECK(phone.received("emitted").empty());
  CHECK(in.world.stored_log("general").empty());
  const auto emits_taken = [&] {
    unsigned taken = 0;
    while (taken < 40) {
      const auto answer = in.alice.ask(of_room("emit", "general", {{"event", "cursor"}}));
      if (answer["type"] != "done") {
        CHECK(answer["code"] == "rate_limited");
        break;
      }
      ++taken;
    }
    return taken;
  };
  CHECK(emits_taken() == 2 * limits::emits_per_second - 1);
  in.world.advance(1050ms);
  CHECK(emits_taken() == limits::emits_per_second);
  CHECK(in.world.guest("carol").ask(of_room("emit", "general", {{"event", "x"}}))["code"] ==
        "not_joined");
}

TEST_CASE("a slow reader misses what is emitted and keeps its messages") {
  pair_of_guests in;
  in.meet("general");
  in.bob.sink->be_slow();
  for (int i = 0; i < 50; ++i)
    CHECK(in.alice.send("general", std::string(4'000, 'x'))["type"] == "sent");
  in.world.advance(1s);

  in.alice.ask(of_room("emit", "general", {{"event", "cursor"}}));

  CHECK(in.bob.sink->dropped > 0);
  CHECK_FALSE(in.bob.closed());
  CHECK(in.bob.received("message").size() == 50);
}

// --- one's own ----------------------------------------------------------------------------------

TEST_CASE("who is blocked can neither write, type nor emit to who blocked") {
  pair_of_guests in;
  in.bob.ask({{"type", "direct"}, {"to", "alice"}, {"text", "hi"}});
  in.meet("dm:alice:bob");
  in.alice.send("dm:alice:bob", "hi");

  CHECK(in.alice.ask(block("bob"))["type"] == "done");

  const std::string room = "dm:alice:bob";
  CHECK(in.bob.ask({{"type", "direct"}, {"to", "alice"}, {"text", "x"}})["code"] == "forbidden");
  CHECK(in.bob.send(room, "x")["code"] == "forbidden");
  CHECK(in.bob.ask(of_room("typing", room, {{"on", true}}))["code"] == "forbidden");
  CHECK(in.bob.ask(of_room("emit", room, {{"event", "x"}}))["code"] == "forbidden");
  CHECK(in.bob.ask(of_room("react", room, {{"target", 1}, {"emoji", "+"}}))["code"] == "forbidden");
  CHECK(in.alice.ask(of_room("typing", room, {{"on", true}}))["type"] == "done");
  CHECK(in.alice.ask({{"type", "blocks"}})["users"] == json{"bob"});
  CHECK(in.bob.ask({{"type", "blocks"}})["users"].empty());
  // The same when the room has slept.
  in.alice.ask(of_room("leave", room));
  in.bob.ask(of_room("leave", room));
  in.world.advance(120s);
  in.bob.join(room);
  CHECK(in.bob.ask(of_room("typing", room, {{"on", true}}))["code"] == "forbidden");
  CHECK(in.alice.ask(block("bob", false))["type"] == "done");
  CHECK(in.bob.ask(of_room("typing", room, {{"on", true}}))["type"] == "done");
  CHECK(in.bob.send(room, "x")["type"] == "sent");
  CHECK(in.alice.ask({{"type", "blocks"}})["users"].empty());
}

TEST_CASE("done comes to a block when it is stored, and not if it is not") {
  pair_of_guests in;
  in.world.hold(in.world.env.writer);
  const auto waits = in.alice.ask(block("bob"));
  CHECK(waits.is_null());
  in.world.release_all();
  in.world.settle();
  CHECK(in.alice.received("done").size() == 1);

  in.world.faults.on_commit = [] { return commit_fate::refused; };
  CHECK(in.alice.ask(block("carol"))["code"] == "unavailable");
  in.world.faults = {};
  in.world.advance(10s);
  CHECK(in.alice.ask({{"type", "blocks"}})["users"] == json{"bob"});
}

TEST_CASE("two thousand users may be blocked, and not one more") {
  pair_of_guests in;
  rooms::set_marks blocked;
  for (std::size_t i = 0; i < limits::blocks_max; ++i)
    blocked.marks.push_back({user_id::trusted("alice"), "user" + std::to_string(i),
                             rooms::mark::kind::block, 1, {}});
  in.world.commit({wanted_by("alice", "@server", std::move(blocked))});

  const auto refused = in.alice.ask(block("bob"));

  CHECK(refused["code"] == "limit");
  CHECK(refused["limit"] == limits::blocks_max);
  CHECK(in.alice.ask(block("user0"))["type"] == "done");  // is one of them
  CHECK(in.alice.ask(block("user0", false))["type"] == "done");
  CHECK(in.alice.ask(block("bob"))["type"] == "done");
  CHECK(in.alice.ask(block("user0"))["code"] == "limit");
}

TEST_CASE("a block that could not be looked up is forgotten") {
  pair_of_guests in;
  in.world.faults.read_fails = [] { return true; };
  CHECK(in.alice.ask(block("bob"))["code"] == "unavailable");
  in.world.faults = {};

  CHECK(in.alice.ask({{"type", "blocks"}})["users"].empty());
  CHECK(in.alice.ask({{"type", "blocks"}})["users"].empty());
  CHECK(in.alice.ask(block("bob"))["type"] == "done");
}

TEST_CASE("a report is an entry of the server's own log") {
  pair_of_guests in;
  in.meet("general");
  in.bob.send("general", "spam");

  const auto done = in.alice.ask(of_room("report", "general", {{"target", 1}, {"reason", "spam"}}));
  CHECK(done["type"] == "done");
  CHECK_FALSE(done.contains("seq"));

  const auto log = in.world.stored_log("@server");
  REQUIRE_FALSE(log.empty());
  const auto* report = std::get_if<recorded>(&log.back().body);
  REQUIRE(report);
  CHECK(report->type == "report.created");
  CHECK(in.world.stored_log("general").size() == 1);
  const auto again = of_room("report", "general", {{"target", 1}, {"reason", "spam"}});
  for (unsigned i = 1; i < limits::reports_per_hour; ++i) {
    REQUIRE(in.alice.ask(again)["type"] == "done");
    in.world.advance(1s);
  }
  CHECK(in.alice.ask(again)["code"] == "rate_limited");
}

TEST_CASE("only a message that the reporter may read can be reported") {
  actor_world world;
  auto& owner = world.guest("owner");
  owner.ask({{"type", "create"}, {"room", "team"}});
  owner.ask(of_room("set_room", "team", {{"history", "own"}}));
  owner.join("team");
  owner.send("team", "before");
  auto& alice = world.guest("alice");
  alice.join("team");
  const auto sent = owner.send("team", "after");
  owner.ask(of_room("react", "team", {{"target", sent["seq"]}, {"emoji", "+"}}));
  const auto report = [&](std::uint64_t target) {
    return alice.ask(of_room("report", "team", {{"target", target}}));
  };
  const std::uint64_t seq = sent["seq"];

  CHECK(report(seq)["type"] == "done");
  for (const auto other : {seq - 1, seq + 1, seq + 2})
    CHECK(report(other)["code"] == "no_such_message");
  world.faults.read_fails = [] { return true; };
  CHECK(report(seq)["code"] == "unavailable");
}

TEST_CASE("there are no files here, and whether a session is active is taken note of") {
  pair_of_guests in;
  in.meet("general");

  const auto upload = in.alice.ask(of_room(
      "upload", "general", {{"name", "plan.png"}, {"mime", "image/png"}, {"bytes", 48'213}}));
  CHECK(upload["code"] == "forbidden");
  in.bob.ask(of_room("send", "general", {{"attachments", {{{"ref", "f/1"}}}}}));
  const auto download = in.alice.ask(of_room("download", "general", {{"seq", 1}, {"index", 0}}));
  CHECK(download["code"] == "forbidden");
  CHECK(in.alice.ask({{"type", "active"}, {"on", false}})["type"] == "done");
}

// --- what tokens give ---------------------------------------------------------------------------

TEST_CASE("a token's reader is a ceiling, also over an owner") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.ask({{"type", "create"}, {"room", "team"}});
  alice.join("team");
  alice.send("team", "mine");
  auto& reader = token_of(world, "alice", role::reader, "team");

  CHECK(reader.join("team")["role"] == "reader");
  CHECK(reader.join("team")["member"] == true);
  CHECK(reader.send("team", "x")["code"] == "read_only");
  CHECK(reader.ask(of_room("typing", "team", {{"on", true}}))["code"] == "read_only");
  CHECK(reader.ask(of_room("set_room", "team", {{"topic", "x"}}))["code"] == "forbidden");
  CHECK(reader.ask(of_room("delete", "team", {{"target", 2}}))["type"] == "done");
  CHECK(alice.join("team")["role"] == "owner");
}

TEST_CASE("a token's moderator opens a private room and moderates without being a member") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.ask({{"type", "create"}, {"room", "team"}, {"visibility", "private"}, {"users", {"bob"}}});
  bob.ask(of_room("join", "team", {{"member", true}}));
  auto& mod = token_of(world, "mod", role::moderator, "te*");
  auto& exact = token_of(world, "exact", role::reader, "team");
  auto& other = token_of(world, "other", role::member, "te*");

  const auto joined = mod.join("team");
  CHECK(joined["role"] == "moderator");
  CHECK_FALSE(joined.contains("member"));
  CHECK(joined["count"] == 2);
  CHECK(mod.ask(of_room("set_member", "team", {{"users", {"bob"}}, {"state", "banned"}}))["type"] ==
        "done");
  CHECK(bob.received("left").size() == 1);
  CHECK(mod.ask(of_room("set_member", "team", {{"users", {"alice"}}, {"state", "banned"}}))
            ["code"] == "forbidden");
  CHECK(exact.join("team")["role"] == "reader");
  CHECK(other.join("team")["code"] == "no_such_room");
}

TEST_CASE("a token that opens a room no more closes it at once") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.ask({{"type", "create"}, {"room", "team"}, {"visibility", "private"}});
  auto& mod = token_of(world, "mod", role::moderator, "team");
  mod.join("team");
  world.auth.tokens["less"] = world.identity_of("mod");

  mod.ask({{"type", "refresh"}, {"token", "less"}});
  world.settle();

  REQUIRE(mod.received("left").size() == 1);
  CHECK(mod.received("left")[0]["reason"] == "token");
  CHECK(mod.join("team")["code"] == "no_such_room");

  auto& open = token_of(world, "carol", role::moderator, "open");
  open.join("open");
  world.auth.tokens["fewer"] = world.identity_of("carol");
  world.auth.tokens["fewer"].roles["open"] = role::reader;
  open.ask({{"type", "refresh"}, {"token", "fewer"}});
  CHECK(open.received("left").empty());
  CHECK(open.ask(of_room("typing", "open", {{"on", true}}))["code"] == "read_only");
  CHECK(is_quiet(world));
}

TEST_CASE("an admin is bound by no ban") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.ask({{"type", "create"}, {"room", "team"}});
  world.auth.tokens["root"] = world.identity_of("root");
  world.auth.tokens["root"].admin = true;
  auto& root = world.with_token("root");
  CHECK(root.join("team")["role"] == "owner");

  CHECK(alice.ask(of_room("set_member", "team", {{"users", {"root"}}, {"state", "banned"}}))
            ["type"] == "done");

  CHECK(root.received("left").empty());
  CHECK(root.send("team", "still here")["type"] == "sent");
  CHECK(root.join("team")["type"] == "joined");
}

// --- trouble ------------------------------------------------------------------------------------

namespace {

/// A private room with Bob as a member, that sleeps.
struct sleeping_room : pair_of_guests {
  sleeping_room() {
    alice.ask({{"type", "create"}, {"room", "team"}, {"visibility", "private"}, {"users", {"bob"}}});
    bob.ask(of_room("join", "team", {{"member", true}}));
    bob.send("team", "hello");
    bob.ask(of_room("leave", "team"));
    world.advance(120s);
    forget();
  }
};

}  // namespace

TEST_CASE("a room that has slept knows its members and settings") {
  sleeping_room in;

  const auto joined = in.bob.join("team");

  CHECK(joined["member"] == true);
  CHECK(joined["role"] == "member");
  CHECK(joined["count"] == 2);
  CHECK(joined["settings"]["visibility"] == "private");
  CHECK(in.world.guest("carol").join("team")["code"] == "no_such_room");
  CHECK(in.alice.join("team")["role"] == "owner");
}

TEST_CASE("where a member can't be looked up the join is unavailable, and nothing hangs") {
  sleeping_room in;
  in.alice.join("team");  // the room is awake
  in.world.faults.read_fails = [] { return true; };

  CHECK(in.bob.join("team")["code"] == "unavailable");
  CHECK(in.bob.ask(of_room("members", "team"))["code"] == "unavailable");

  in.world.hold_readers();
  in.bob.say(of_room("join", "team", {{"id", 70}}));
  in.world.advance(15s);
  CHECK(in.bob.reply_to(70)["code"] == "unavailable");
  in.world.release_all();
  in.world.faults = {};
  in.world.settle();
  CHECK(in.bob.join("team")["type"] == "joined");
  CHECK(is_quiet(in.world));
}

TEST_CASE("who hangs up while the join waits for the row leaves nothing behind") {
  sleeping_room in;
  in.alice.join("team");
  in.world.hold_readers();
  in.bob.say(of_room("join", "team"));
  in.world.settle();
  in.bob.disconnect();
  in.world.release_all();
  in.world.advance(10s);

  CHECK(in.alice.join("team")["online"] == 1);
  in.alice.disconnect();
  in.world.advance(120s);
  CHECK(in.world.guests_running() == 0);
}

TEST_CASE("who hangs up while becoming a member is one, and is not in the room") {
  pair_of_guests in;
  in.alice.join("open");
  in.world.hold(in.world.env.writer);
  in.bob.say(of_room("join", "open", {{"member", true}}));
  in.world.settle();
  in.bob.disconnect();
  in.world.settle();
  in.world.release_all();
  in.world.advance(10s);

  const auto joined = in.alice.join("open");
  CHECK(joined["online"] == 1);
  CHECK(joined["count"] == 1);
  in.alice.disconnect();
  in.world.advance(120s);
  CHECK(in.world.guests_running() == 0);
}

TEST_CASE("a room that could not be read is not told to be none") {
  sleeping_room in;
  auto& phone = in.world.guest("bob");
  const auto again = of_room("send", "team", {{"id", 70}, {"text", "hello"}, {"key", "k1"}});
  in.world.faults.read_fails = [] { return true; };
  in.world.hold_readers();
  in.bob.say(again);
  in.world.settle();
  // Comes to the room behind what the journal says to it.
  in.world.hold(in.world.env.board.directory_of(room_id::trusted("team")));
  phone.say(again);
  in.world.settle();
  in.world.release_all();
  in.world.settle();

  CHECK(in.bob.reply_to(70)["code"] == "unavailable");
  CHECK(phone.reply_to(70)["code"] == "unavailable");
}

TEST_CASE("a room whose maker was given up was not made by who asked next") {
  pair_of_guests in;
  const auto wait = in.world.env.how.append_wait_max;
  in.world.hold(in.world.env.writer);
  in.alice.say(of_room("create", "team", {{"id", 70}}));
  in.world.advance(wait / 2);
  in.bob.say(of_room("create", "team", {{"id", 70}}));
  in.world.advance(wait / 2 + 1s);
  in.world.release_all();
  in.world.settle();

  CHECK(in.alice.reply_to(70)["code"] == "unavailable");
  CHECK(in.bob.reply_to(70)["code"] == "conflict");
}

TEST_CASE("the unfinished catch-up of who is banned stops, and the join has its answer") {
  actor_world world;
  world.auth.tokens["root"] = world.identity_of("root");
  world.auth.tokens["root"].admin = true;
  world.fill("general", 2'000);
  auto& root = world.with_token("root");
  auto& bob = world.guest("bob");
  root.join("general");
  bob.join("general");
  const auto epoch = bob.received("joined").back()["epoch"];
  bob.ask(of_room("leave", "general"));
  bob.forget();
  const bool told = GENERATE(false, true);
  if (told)
    bob.sink->be_slow();
  else
    world.hold_readers();

  bob.say(of_room("join", "general", {{"id", 70}, {"since", 0}, {"epoch", epoch}}));
  world.settle();
  root.say(of_room("set_member", "general", {{"users", {"bob"}}, {"state", "banned"}}));
  world.settle();
  world.release_all();
  bob.sink->read_all();
  root.send("general", "he is gone");
  world.advance(1s);

  CHECK(bob.reply_to(70)["type"] == (told ? "joined" : "error"));
  CHECK(bob.received().back() == of_room("left", "general", {{"reason", "banned"}}));
  CHECK(bob.received("left").size() == 1);
  CHECK_FALSE(bob.closed());
  CHECK(bob.join("general")["code"] == "banned");
  CHECK(is_quiet(world));
}

TEST_CASE("taking away what many wrote has a price, since the room is looked through") {
  actor_world world;
  auto& owner = world.guest("owner");
  owner.ask({{"type", "create"}, {"room", "team"}});
  const auto ban = [&](int user) {
    json users = json::array({"u" + std::to_string(user)});
    return owner.ask({{"type", "set_member"},
                      {"room", "team"},
                      {"users", users},
                      {"state", "banned"},
                      {"delete_ms", 1'000}});
  };

  for (int i = 0; i < 20; ++i) REQUIRE(ban(i)["type"] == "done");
  const auto refused = ban(20);
  CHECK(refused["code"] == "rate_limited");
  CHECK(refused["retry_after_ms"] > 0);
}
