#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <stdexcept>

using namespace confab;
using namespace confab::test;

namespace {

std::size_t replies(client& who, std::uint64_t id) {
  std::size_t count = 0;
  for (const auto& what : who.received()) count += what.contains("re") && what["re"] == id;
  return count;
}

void fail_commits(actor_world& world, commit_fate fate) {
  world.faults.on_commit = [fate] { return fate; };
}
void heal(actor_world& world) { world.faults = {}; }

using told = std::vector<std::pair<bool, std::string>>;

}  // namespace

TEST_CASE("what the journal refuses is unavailable, and health is told once") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  fail_commits(world, commit_fate::refused);
  world.faults.probe_fails = [] { return true; };

  const auto answer = alice.send("general", "hi", "k");
  CHECK(answer["code"] == "unavailable");
  CHECK(answer["retry"] == true);
  CHECK(alice.send("general", "hi", "k")["code"] == "unavailable");
  CHECK(alice.received("message").empty());
  CHECK(world.health == told{{false, "no space left"}});

  world.advance(5s);
  CHECK(world.health.size() == 1);
  heal(world);
  world.advance(1s);
  CHECK(world.health.size() == 2);
  CHECK(world.health.back().first);
  const auto sent = alice.send("general", "hi", "k");
  CHECK(sent["seq"] == 1);
  CHECK_FALSE(sent.contains("duplicate"));
  CHECK(alice.received("message").size() == 1);
}

TEST_CASE("a commit that works again is as good as a probe") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  fail_commits(world, commit_fate::refused);
  alice.send("general", "hi");
  heal(world);
  alice.send("general", "hi");

  CHECK(world.health == told{{false, "no space left"}, {true, ""}});
  world.advance(10s);
  CHECK(world.health.size() == 2);
}

TEST_CASE("a disk that takes what is small and refuses what is large does not flap") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  fail_commits(world, commit_fate::refused);  // and probes succeed

  for (int i = 0; i < 120; ++i) {
    CHECK(alice.send("general", "large")["code"] == "unavailable");
    world.advance(1s);
  }
  CHECK(world.health.size() == 3);  // it failed, had recovered, and failed again
  CHECK_FALSE(world.health.back().first);

  heal(world);
  CHECK(alice.send("general", "x")["type"] == "sent");
  world.advance(6s);
  CHECK(world.health.size() == 4);
  CHECK(world.health.back().first);
}

TEST_CASE("a room that can't be created is unavailable, and created when it can") {
  actor_world world;
  auto& alice = world.guest("alice");
  const auto fate = GENERATE(commit_fate::refused, commit_fate::unknown, commit_fate::unknown_kept);
  fail_commits(world, fate);

  CHECK(alice.join("general")["code"] == "unavailable");
  CHECK(alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "x"}})["code"] == "unavailable");
  heal(world);
  CHECK(alice.join("general")["type"] == "joined");
  CHECK(alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "x"}})["seq"] == 1);
}

TEST_CASE("a message whose fate is unknown is there once, when it is repeated") {
  actor_world world;
  const bool kept = GENERATE(false, true);
  auto& alice = world.guest("alice");
  const auto epoch = alice.join("general")["epoch"];
  fail_commits(world, kept ? commit_fate::unknown_kept : commit_fate::unknown);
  REQUIRE(alice.send("general", "hi", "k")["code"] == "unavailable");
  heal(world);

  auto& again = world.guest("alice");
  const auto joined = again.join("general", 0, epoch);
  CHECK(joined["events"].size() == (kept ? 1 : 0));
  const auto repeated = again.send("general", "hi", "k");
  CHECK(repeated["seq"] == 1);
  CHECK(repeated.contains("duplicate") == kept);
  CHECK(world.stored_log("general").size() == 1);
}

TEST_CASE("members of a room that may have lost track of its log reconnect") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.join("general");
  bob.join("general");
  fail_commits(world, commit_fate::refused);
  alice.send("general", "not stored, and everybody knows");
  CHECK_FALSE(bob.closed());

  fail_commits(world, commit_fate::unknown_kept);
  CHECK(alice.send("general", "stored, and nobody knows")["code"] == "unavailable");
  CHECK(alice.close_code() == 1011);
  CHECK(bob.close_code() == 1011);
}

TEST_CASE("nothing is seen that may not be stored") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.join("general");
  bob.join("general");
  world.hold(world.env.writer);
  alice.say({{"type", "send"}, {"id", 901}, {"room", "general"}, {"text", "hi"}});
  world.advance(9s);
  CHECK(bob.received("message").empty());
  CHECK(alice.reply_to(901) == nullptr);

  world.release_all();
  world.settle();
  CHECK(bob.received("message").size() == 1);
  CHECK(alice.reply_to(901)["type"] == "sent");
}

TEST_CASE("an append that takes too long is unavailable; what it comes to is told all the same") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.join("general");
  bob.join("general");
  world.hold(world.env.writer);
  alice.say({{"type", "send"}, {"id", 901}, {"room", "general"}, {"text", "hi"}, {"key", "k"}});
  world.advance(9999ms);
  CHECK(alice.reply_to(901) == nullptr);
  world.advance(1ms);
  CHECK(alice.reply_to(901)["code"] == "unavailable");
  CHECK(alice.reply_to(901)["retry"] == true);

  world.release_all();
  world.settle();
  CHECK(alice.received("message").size() == 1);
  CHECK(bob.received("message").size() == 1);
  CHECK(replies(alice, 901) == 1);
  CHECK(alice.send("general", "hi", "k")["duplicate"] == true);
}

TEST_CASE("a join that waits too long for its room is unavailable, once") {
  actor_world world;
  auto& alice = world.guest("alice");
  world.hold(world.env.writer);
  alice.say({{"type", "join"}, {"id", 901}, {"room", "general"}});
  world.advance(9s);
  CHECK(alice.reply_to(901) == nullptr);
  world.advance(60s);
  CHECK(alice.reply_to(901)["code"] == "unavailable");

  world.release_all();
  world.advance(1s);
  CHECK(replies(alice, 901) == 1);
  CHECK(alice.send("general", "x")["code"] == "not_joined");
  CHECK(alice.join("general")["type"] == "joined");
}

TEST_CASE("a reader that does not answer is unavailable, and later it is not") {
  actor_world world;
  world.fill("general", 500);
  auto& alice = world.guest("alice");
  const auto hold_readers = [&] { world.hold_readers(); };

  hold_readers();
  alice.say({{"type", "join"}, {"id", 901}, {"room", "general"}});
  world.advance(10s);
  CHECK(alice.reply_to(901)["code"] == "unavailable");
  world.release_all();
  CHECK(alice.join("general")["type"] == "joined");

  hold_readers();
  alice.say({{"type", "history"}, {"id", 902}, {"room", "general"}});
  world.advance(10s);
  alice.say({{"type", "rooms"}, {"id", 903}});
  world.advance(10s);
  // The writer knows what a change names: no reader is asked for it.
  alice.say({{"type", "react"}, {"id", 904}, {"room", "general"}, {"target", 3}, {"emoji", "+"}});
  world.advance(1s);
  CHECK(alice.reply_to(904)["seq"] == 501);
  for (const int id : {902, 903}) CHECK(alice.reply_to(id)["code"] == "unavailable");
  world.release_all();
  world.settle();
  for (const int id : {901, 902, 903, 904}) CHECK(replies(alice, id) == 1);
}

TEST_CASE("what can't be read is unavailable") {
  actor_world world;
  world.fill("general", 500);
  auto& alice = world.guest("alice");
  const auto break_readers = [&] { world.faults.read_fails = [] { return true; }; };
  break_readers();
  CHECK(alice.join("general")["code"] == "unavailable");
  heal(world);
  CHECK(alice.join("general")["type"] == "joined");
  break_readers();

  CHECK(alice.ask({{"type", "history"}, {"room", "general"}})["code"] == "unavailable");
  CHECK(alice.ask({{"type", "rooms"}})["code"] == "unavailable");
  CHECK(alice.send("general", "still")["seq"] == 501);

  auto& bob = world.guest("bob");
  CHECK(bob.join("general", 1, "filled")["code"] == "unavailable");
  CHECK(bob.send("general", "x")["code"] == "not_joined");
  heal(world);
  CHECK(bob.join("general", 499, "filled")["events"].size() == 2);
  CHECK(bob.taken->outstanding() == 0);
}

TEST_CASE("a catch-up that breaks off after joined was said ends the connection") {
  actor_world world;
  world.fill("general", 2000);
  auto& alice = world.guest("alice");
  int reads = 0;
  world.faults.read_fails = [&reads] { return ++reads > 5; };  // names are read beside
  alice.say(
      {{"type", "join"}, {"id", 901}, {"room", "general"}, {"since", 0}, {"epoch", "filled"}});
  world.settle();

  REQUIRE(replies(alice, 901) == 1);
  CHECK(alice.reply_to(901)["type"] == "joined");
  CHECK(alice.close_code() == 1011);
  world.advance(60s);
  CHECK(world.guests_running() == 0);
}

TEST_CASE("who was in the room and can't catch up is not left in the dark") {
  actor_world world;
  world.fill("general", 500);
  auto& alice = world.guest("alice");
  alice.join("general");
  world.faults.read_fails = [] { return true; };
  alice.join("general", 1, "filled");

  CHECK(alice.close_code() == 1011);
}

TEST_CASE("a catch-up that its room does not finish gets no second reply") {
  actor_world world;
  world.fill("general", 1000, std::string(500, 'x'));
  auto& alice = world.guest("alice");
  alice.sink->be_slow();
  alice.say(
      {{"type", "join"}, {"id", 901}, {"room", "general"}, {"since", 0}, {"epoch", "filled"}});
  world.settle();
  REQUIRE(replies(alice, 901) == 1);

  world.hold(world.env.board.directory_of(room_id::trusted("general")));
  for (int i = 0; i < 10; ++i) {
    alice.sink->read_all();
    world.settle();
  }
  world.advance(60s);

  CHECK(replies(alice, 901) == 1);
  CHECK(alice.close_code() == 1011);
}

TEST_CASE("a failed join gives back its own place among the commands in flight, and no other") {
  actor_world world;
  world.fill("general", 500);
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  bob.join("general");  // awake, so that alice's join comes to the journal
  alice.join("other");
  world.faults.read_fails = [] { return true; };
  world.hold(world.env.writer);
  alice.say({{"type", "join"}, {"room", "general"}, {"since", 1}, {"epoch", "filled"}});
  alice.say({{"type", "send"}, {"room", "other"}, {"text", "x"}});
  world.settle();

  REQUIRE(alice.received("error").size() == 1);
  CHECK(alice.taken->outstanding() == 1);
}

TEST_CASE("a resume that can't be served is an error, and the room may be joined by itself") {
  actor_world world;
  world.fill("general", 2000);
  world.guest("bob").join("general");
  world.faults.read_fails = [] { return true; };
  auto& alice = world.guest_with(
      {{"guest", "alice"},
       {"resume", json::array({{{"room", "general"}, {"since", 5}, {"epoch", "filled"}}})}});
  heal(world);

  REQUIRE(alice.received("error").size() == 1);
  CHECK(alice.received("error")[0]["code"] == "unavailable");
  CHECK_FALSE(alice.received("error")[0].contains("re"));
  CHECK(alice.received("error")[0]["room"] == "general");
  CHECK(alice.join("general", 5, "filled")["type"] == "joined");
}

TEST_CASE("without the list of directs a user is welcome all the same") {
  actor_world world;
  world.guest("alice").ask({{"type", "direct"}, {"to", "bob"}, {"text", "x"}});
  world.clients.front().disconnect();
  world.advance(120s);
  world.faults.read_fails = [] { return true; };
  const auto welcome = world.guest("alice").welcome;
  CHECK(welcome["directs"] == json::array());
  CHECK(welcome["directs_unavailable"] == true);

  heal(world);
  const auto later = world.guest("alice").welcome;
  CHECK(later["directs"].size() == 1);
  CHECK_FALSE(later.contains("directs_unavailable"));
}

TEST_CASE(
    "a reader that hangs keeps a user waiting for ten seconds, and what it says later is late") {
  world_options one;
  one.shards = 1;
  actor_world world{one};
  const auto hello = [](const char* guest) { return json{{"type", "hello"}, {"guest", guest}}; };
  for (const auto* friendly : {"alice", "bob", "carol"})
    world.guest("eve").ask({{"type", "direct"}, {"to", friendly}, {"text", "x"}});
  for (auto& eve : world.clients) eve.disconnect();
  world.advance(120s);
  world.hold_readers();
  auto& alice = world.connect();
  alice.say(hello("alice"));
  world.advance(4s);
  auto& bob = world.connect();  // his list is asked for when hers has come, or not
  bob.say(hello("bob"));

  world.advance(5'999ms);
  CHECK(alice.received("welcome").empty());
  world.advance(1ms);
  REQUIRE(alice.received("welcome").size() == 1);
  CHECK(alice.received("welcome")[0]["directs_unavailable"] == true);
  world.advance(9'999ms);
  CHECK(bob.received("welcome").empty());
  world.advance(1ms);
  REQUIRE(bob.received("welcome").size() == 1);

  auto& carol = world.connect();
  carol.say(hello("carol"));
  world.release_all();
  world.settle();
  REQUIRE(carol.received("welcome").size() == 1);
  CHECK(carol.received("welcome")[0]["directs"].size() == 1);
}

TEST_CASE("who has no direct rooms is welcome without a look into the journal") {
  actor_world world;
  world.guest("alice").ask({{"type", "direct"}, {"to", "bob"}, {"text", "x"}});
  world.hold_readers();

  const auto welcome = world.guest("carol").welcome;

  CHECK(welcome["directs"] == json::array());
  CHECK_FALSE(welcome.contains("directs_unavailable"));
}

TEST_CASE("a failed fsync is told to the one who ends the process") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  fail_commits(world, commit_fate::fatal);
  alice.send("general", "hi");

  CHECK(world.fatal == 1);
}

TEST_CASE("a bug of the journal's writer ends the process: what is stored nobody knows") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  fail_commits(world, commit_fate::bug);
  alice.say({{"type", "send"}, {"id", 901}, {"room", "general"}, {"text", "hi"}});
  world.settle();

  CHECK(world.fatal == 1);
  CHECK(alice.received("message").empty());
  world.advance(10s);  // as long as the process takes to end, if it did
  CHECK(alice.reply_to(901)["code"] == "unavailable");
}

TEST_CASE("a bug with one user's row closes this user's sessions, and they come back") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& tablet = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "before"}});
  world.advance(120s);                                  // the direct room sleeps
  const session_id nowhere = session_id::make(1, 200);  // of no shard: the row can't be told of it
  const auto user = user_id::trusted("alice");
  const auto& registrar = world.env.board.registrar_of(user);

  caf::anon_send(registrar,
                 actors::to_user{user, actors::attach_session{{nowhere, user, {}, {}}, {}}});
  world.settle();

  CHECK(alice.close_code() == 1011);
  CHECK(tablet.close_code() == 1011);
  CHECK_FALSE(bob.closed());
  REQUIRE(world.bugs.size() == 1);
  CHECK(world.bugs[0].starts_with("user: alice: "));
  auto& again = world.guest("alice");
  CHECK(again.welcome["directs"][0]["head"] == 1);
  bob.ask({{"type", "direct"}, {"to", "alice"}, {"text", "after"}});
  CHECK(again.received("message").size() == 1);
  CHECK(bob.ask({{"type", "signal"}, {"to", "alice"}, {"data", json::object()}})["sessions"] == 1);
  for (auto* who : {&again, &bob}) who->disconnect();
  world.advance(120s);
  CHECK(world.guests_running() == 0);
  CHECK(world.users_known() == 0);
}

TEST_CASE("a room's bug closes its members, and a fresh room serves") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  auto& eve = world.guest("eve");
  const auto epoch = alice.join("general")["epoch"];
  bob.join("general");
  eve.join("other");
  alice.send("general", "one");
  // An entry the room has not asked for: its head is not the journal's any more.
  world.commit(
      {wanted_by("x", "general", rooms::post_message{{"behind the room's back", std::nullopt}})});

  alice.say({{"type", "send"}, {"room", "general"}, {"text", "two"}});
  world.settle();

  CHECK(alice.close_code() == 1011);
  CHECK(bob.close_code() == 1011);
  CHECK_FALSE(eve.closed());
  CHECK(world.bugs == std::vector<std::string>{"room: general: its log is not what it knew"});
  auto& again = world.guest("alice");
  const auto joined = again.join("general", 1, epoch);
  CHECK(joined["events"].size() == 2);
  CHECK(again.send("general", "three")["seq"] == 4);
}

TEST_CASE("a session's bug ends this connection and no other") {
  struct buggy final : actors::authenticator {
    std::variant<actors::identity, actors::unauthorized> verify(std::string_view,
                                                                unix_ms) const override {
      throw std::logic_error("a bug");
    }
    bool guests_allowed() const noexcept override { return true; }
    bool has_key() const noexcept override { return false; }
  };
  const buggy auth;
  actor_world world;
  world.env.auth = &auth;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.join("general");
  bob.join("general");

  alice.say({{"type", "refresh"}, {"id", 901}, {"token", "t"}});
  world.advance(10s);

  CHECK(alice.close_code() == 1011);
  CHECK_FALSE(bob.closed());
  CHECK(world.bugs == std::vector<std::string>{"session: alice: a bug"});
  CHECK(bob.received("presence").back()["left"] == json::array({"alice"}));
  bob.disconnect();
  world.advance(60s);
  CHECK(world.guests_running() == 0);
}
