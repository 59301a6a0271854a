#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace confab;
using namespace confab::test;

namespace {

json direct(const std::string& to, const std::string& text) {
  return {{"type", "direct"}, {"to", to}, {"text", text}};
}
json signal(const std::string& to) {
  return {{"type", "signal"}, {"to", to}, {"data", {{"x", 1}}}};
}

}  // namespace

TEST_CASE("a signal reaches all sessions of a user, the own ones too, and counts them") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& phone = world.guest("bob");
  auto& laptop = world.guest("bob", {codec::cbor, false});

  const auto answer = alice.ask(signal("bob"));

  CHECK(answer["type"] == "signalled");
  CHECK(answer["sessions"] == 2);
  for (auto* who : {&phone, &laptop}) {
    REQUIRE(who->received("signal").size() == 1);
    CHECK(who->received("signal")[0] == json{{"type", "signal"},
                                             {"from", "alice"},
                                             {"session", alice.session_text()},
                                             {"data", {{"x", 1}}}});
  }
  CHECK(phone.ask(signal("bob"))["sessions"] == 2);
  CHECK(alice.ask(signal("nobody"))["sessions"] == 0);
  CHECK(world.users_known() == 2);  // of "nobody" nothing is kept
}

TEST_CASE("a signal to a session reaches exactly this one") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& phone = world.guest("bob");
  auto& laptop = world.guest("bob");
  const auto to = [](const std::string& session) {
    return json{{"type", "signal"}, {"to_session", session}, {"data", json::object()}};
  };

  CHECK(alice.ask(to(laptop.session_text()))["sessions"] == 1);
  CHECK(laptop.received("signal").size() == 1);
  CHECK(phone.received("signal").empty());

  laptop.disconnect();
  world.settle();
  CHECK(alice.ask(to(laptop.session_text()))["sessions"] == 0);
}

TEST_CASE("signals of strangers reach nobody, those of who has joined the same room do") {
  world_options how;
  how.how.signals_from = actors::signal_senders::shared;
  actor_world world{how};
  auto& alice = world.guest("alice");
  auto& tablet = world.guest("alice");
  auto& bob = world.guest("bob");
  bob.join("general");
  const auto sessions = [&](const client& to) {
    return alice
        .ask({{"type", "signal"}, {"to_session", to.session_text()}, {"data", json::object()}})
        .at("sessions");
  };

  CHECK(alice.ask(signal("bob"))["sessions"] == 0);
  CHECK(sessions(bob) == 0);
  CHECK(sessions(tablet) == 1);
  CHECK(bob.received("signal").empty());

  alice.join("general");
  CHECK(alice.ask(signal("bob"))["sessions"] == 1);
  CHECK(sessions(bob) == 1);
  CHECK(bob.received("signal").size() == 2);

  bob.ask({{"type", "leave"}, {"room", "general"}});
  CHECK(alice.ask(signal("bob"))["sessions"] == 0);
  CHECK(sessions(bob) == 0);
}

TEST_CASE("signals reach who has written in the direct room of both, not who was only written to") {
  world_options how;
  how.how.signals_from = actors::signal_senders::shared;
  actor_world world{how};
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");

  alice.ask(direct("bob", "hello?"));
  CHECK(alice.ask(signal("bob"))["sessions"] == 0);
  bob.ask(direct("alice", "who are you?"));
  CHECK(alice.ask(signal("bob"))["sessions"] == 1);

  world.advance(40s);  // the room is put away
  CHECK(bob.ask(signal("alice"))["sessions"] == 1);
  CHECK(world.guest("eve").ask(signal("bob"))["sessions"] == 0);
}

TEST_CASE("a session's name that its server did not give out reaches nobody") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  const auto& board = world.env.board;
  const auto reached = [&](const session_name& name) {
    return alice.ask({{"type", "signal"}, {"to_session", name.text()}, {"data", json::object()}})
        .at("sessions");
  };
  const auto own = board.name_of(bob.id);
  REQUIRE(reached(own) == 1);
  bob.forget();

  auto forged = own;
  for (forged.tag = own.tag ^ 1; forged.tag != 0; forged.tag <<= 8) CHECK(reached(forged) == 0);
  CHECK(reached({own.node, bob.id, 0}) == 0);
  auto elsewhere = own;
  ++elsewhere.node;
  CHECK(reached(elsewhere) == 0);
  CHECK(reached(board.name_of(session_id::make(5, 77))) == 0);  // of no shard
  world_options differently;
  differently.seed = 2;
  actor_world other{differently};
  CHECK(reached(other.env.board.name_of(bob.id)) == 0);
  CHECK(bob.received("signal").empty());
  CHECK(alice.taken->outstanding() == 0);
}

TEST_CASE("a direct message reaches every session of both users without joining") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& tablet = world.guest("alice");
  auto& bob = world.guest("bob");
  auto& eve = world.guest("eve");

  const auto sent = alice.ask(direct("bob", "psst"));

  CHECK(sent["type"] == "sent");
  CHECK(sent["room"] == "dm:alice:bob");
  CHECK(sent["seq"] == 1);
  for (auto* who : {&alice, &tablet, &bob}) {
    REQUIRE(who->received("message").size() == 1);
    CHECK(who->received("message")[0]["text"] == "psst");
    CHECK(who->received("message")[0]["from"] == "alice");
  }
  CHECK(eve.received("message").empty());

  auto& late = world.guest("bob");
  CHECK(bob.ask(direct("alice", "yes?"))["seq"] == 2);
  for (auto* who : {&alice, &tablet, &bob, &late})
    CHECK(who->received("message").back()["text"] == "yes?");
}

TEST_CASE("a direct message takes what a message of a room takes") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.ask(direct("bob", "lunch?"));
  auto command = direct("bob", "at noon");
  command["data"] = {{"x", 4}};
  command["attachments"] = json{{{"url", "https://files.example/p.png"}}};
  command["mentions"] = {"bob", "zoe"};
  command["thread"] = 1;
  command["reply_to"] = 1;
  command["quiet"] = true;
  command["event"] = "poll";

  const auto sent = alice.ask(command);

  CHECK(sent["unreached"] == json{"zoe"});
  CHECK(world.stored_log("dm:alice:bob").size() == 2);
  const auto heard = bob.received("message").back();
  for (const auto* field :
       {"text", "data", "attachments", "mentions", "thread", "reply_to", "quiet", "event"}) {
    INFO(field);
    REQUIRE(heard.contains(field));
    CHECK(heard[field] == command[field]);
  }
  command["thread"] = 9;
  CHECK(alice.ask(command)["code"] == "no_such_message");
}

TEST_CASE("a direct message to oneself is a note") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& tablet = world.guest("alice");

  CHECK(alice.ask(direct("alice", "milk"))["room"] == "dm:alice:alice");
  CHECK(alice.received("message").size() == 1);
  CHECK(tablet.received("message").size() == 1);
  CHECK(world.guest("alice").welcome["directs"][0]["with"] == "alice");
}

TEST_CASE("a direct message's key counts once") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  auto message = direct("bob", "psst");
  message["key"] = "k";
  alice.ask(message);

  CHECK(alice.ask(message)["duplicate"] == true);
  CHECK(bob.received("message").size() == 1);
}

TEST_CASE("for others a direct room does not exist, and for its users not before it is needed") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& eve = world.guest("eve");
  CHECK(alice.join("dm:alice:bob")["code"] == "no_such_room");
  alice.ask(direct("bob", "psst"));
  world.auth.tokens["admin"] = world.identity_of("root");
  world.auth.tokens["admin"].admin = true;

  CHECK(eve.join("dm:alice:bob")["code"] == "no_such_room");
  CHECK(world.with_token("admin").join("dm:alice:bob")["code"] == "no_such_room");
  CHECK(eve.send("dm:alice:bob", "hi")["code"] == "no_such_room");
  CHECK(eve.join("dm:whatever")["code"] == "no_such_room");
}

TEST_CASE("its users may use a direct room like any other") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.ask(direct("bob", "psst"));

  const auto joined = bob.join("dm:alice:bob");
  CHECK(joined["events"][0]["text"] == "psst");
  CHECK(joined["online"] == 1);
  bob.forget();
  alice.join("dm:alice:bob");
  alice.forget();
  CHECK(bob.send("dm:alice:bob", "well")["seq"] == 2);
  CHECK(alice.received("message").size() == 1);
  CHECK(bob.received("message").size() == 1);
  bob.ask({{"type", "typing"}, {"room", "dm:alice:bob"}, {"on", true}});
  CHECK(alice.received("typing").size() == 1);
  CHECK(alice.ask({{"type", "history"}, {"room", "dm:alice:bob"}})["events"].size() == 2);

  bob.ask({{"type", "leave"}, {"room", "dm:alice:bob"}});
  alice.send("dm:alice:bob", "still here?");
  CHECK(bob.received("message").back()["text"] == "still here?");
}

TEST_CASE("a token's rooms do not keep from direct rooms") {
  actor_world world;
  world.auth.tokens["t"] = world.identity_of("alice");
  world.auth.tokens["t"].rooms = {"general"};
  auto& alice = world.with_token("t");

  CHECK(alice.ask(direct("bob", "psst"))["type"] == "sent");
  CHECK(alice.join("dm:alice:bob")["type"] == "joined");
}

TEST_CASE("welcome lists the direct rooms, latest first") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.ask(direct("bob", "one"));
  world.advance(5ms);
  alice.ask(direct("carol", "two"));
  world.advance(5ms);
  alice.ask(direct("bob", "three"));

  const auto directs = world.guest("alice").welcome["directs"];
  REQUIRE(directs.size() == 2);
  CHECK(directs[0] == json{{"room", "dm:alice:bob"},
                           {"with", "bob"},
                           {"head", 2},
                           {"last_at", world.now().value()}});
  CHECK(directs[1]["with"] == "carol");
  CHECK(world.guest("carol").welcome["directs"].size() == 1);
  CHECK(world.guest("eve").welcome["directs"].empty());
}

TEST_CASE("welcome lists fifty direct rooms and not one more") {
  actor_world world;
  auto& alice = world.guest("alice");
  for (int i = 0; i < 51; ++i) {
    world.guest("user" + std::to_string(i)).ask(direct("alice", "hi"));
    world.advance(20ms);
  }

  for (const bool asleep : {false, true}) {
    if (asleep) {
      alice.disconnect();
      world.advance(120s);
    }
    const auto directs = world.guest("alice").welcome["directs"];
    CHECK(directs.size() == 50);
    CHECK(directs[0]["with"] == "user50");
    CHECK(directs[49]["with"] == "user1");
  }
}

TEST_CASE("a direct room that was put away and came back says everything once") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.ask(direct("bob", "one"));
  const auto awake = world.guests_running();
  world.advance(120s);
  REQUIRE(world.guests_running() == awake - 1);

  alice.ask(direct("bob", "two"));
  CHECK(alice.received("message").size() == 2);
  CHECK(bob.received("message").size() == 2);

  world.advance(120s);
  auto& late = world.guest("bob");
  late.ask(direct("alice", "three"));
  for (auto* who : {&alice, &bob, &late}) CHECK(who->received("message").back()["text"] == "three");
  CHECK(alice.received("message").size() == 3);
}

TEST_CASE("a direct room that is put away at that moment loses and doubles nothing") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    world_options how;
    how.how.room_idle = 5ms;
    actor_world world{how};
    auto& alice = world.guest("alice");
    auto& bob = world.guest("bob");
    std::size_t said = 0;
    for (; said < 6; ++said) {
      (said % 2 ? alice : bob).say(direct(said % 2 ? "bob" : "alice", "hi"));
      for (int i = 0; i < 25; ++i) {
        world.step_shuffled(random);
        if (random() % 3 == 0) world.tick(std::chrono::milliseconds{random() % 4});
      }
    }
    world.settle_shuffled(random);

    for (auto* who : {&alice, &bob}) {
      const auto got = who->received("message");
      REQUIRE(got.size() == said);
      for (std::size_t i = 0; i < said; ++i) REQUIRE(got[i]["seq"] == i + 1);
    }
  }
}

TEST_CASE("welcome comes first, and what its heads do not count comes after it") {
  for (std::uint64_t seed = 1; seed <= 80; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    actor_world world;
    auto& bob = world.guest("bob");
    if (seed % 2) bob.ask(direct("alice", "before"));
    auto& alice = world.connect();
    for (int i = 0; i < 5; ++i) {
      bob.say(direct("alice", "meanwhile"));
      for (int j = 0; j < 8; ++j) world.step_shuffled(random);
      if (i == 1) alice.say({{"type", "hello"}, {"guest", "alice"}});
      if (i == 3) bob.say(signal("alice"));
    }
    world.settle_shuffled(random);

    const auto& got = alice.received();
    REQUIRE(got.size() >= 1);
    REQUIRE(got[0]["type"] == "welcome");
    std::uint64_t head = 0;
    for (const auto& known : got[0]["directs"]) head = known["head"];
    std::set<std::uint64_t> live;
    for (const auto& what : alice.received("message")) {
      const std::uint64_t seq = what["seq"];
      REQUIRE((live.empty() || *live.rbegin() == seq - 1));
      live.insert(seq);
    }
    for (auto seq = head + 1; seq <= world.stored_room("dm:alice:bob").head.value(); ++seq)
      REQUIRE(live.contains(seq));
  }
}

TEST_CASE("a direct room's bug ends in a fresh one, and nobody is forgotten") {
  actor_world world;
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.ask(direct("bob", "one"));
  world.commit({wanted_by("bob", "dm:alice:bob",
                          rooms::post_message{{"behind the room's back", std::nullopt}})});

  alice.say(direct("bob", "two"));
  world.settle();
  CHECK(alice.close_code() == 1011);
  CHECK(bob.close_code() == 1011);

  auto& again = world.guest("alice");
  auto& bob_again = world.guest("bob");
  CHECK(again.welcome["directs"][0]["head"] == 3);
  CHECK(again.ask(direct("bob", "three"))["seq"] == 4);
  CHECK(bob_again.received("message").size() == 1);
  again.disconnect();
  bob_again.disconnect();
  world.advance(120s);
  CHECK(world.guests_running() == 0);
}

TEST_CASE("a failed join of a direct room ends the connection: its messages came before") {
  world_options how;
  how.how.commands_per_second = 0;
  actor_world world{how};
  auto& alice = world.guest("alice");
  auto& bob = world.guest("bob");
  alice.ask(direct("bob", "first"));
  for (int i = 0; i < 400; ++i) alice.ask(direct("bob", "more"));
  bob.forget();
  world.faults.read_fails = [] { return true; };
  const auto epoch = world.stored_room("dm:alice:bob").epoch.value();
  bob.join("dm:alice:bob", 1, epoch);

  CHECK(bob.close_code() == 1011);
}

TEST_CASE("who hangs up before the welcome is forgotten by the direct rooms") {
  actor_world world;
  auto& bob = world.guest("bob");
  bob.ask(direct("alice", "psst"));
  auto& alice = world.connect();
  world.hold_readers();
  alice.say({{"type", "hello"}, {"guest", "alice"}});
  world.settle();
  alice.disconnect();
  world.settle();
  world.release_all();
  world.settle();

  bob.disconnect();
  world.advance(120s);
  CHECK(world.guests_running() == 0);
  CHECK(alice.sink.use_count() == 1);
}
