#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

json hello(json with = json::object()) {
  with["type"] = "hello";
  return with;
}

unix_ms in(const actor_world& world, std::chrono::milliseconds span) {
  return unix_ms{world.now().value() + span.count()};
}

}  // namespace

TEST_CASE("a guest is welcomed with all a client needs to know") {
  actor_world world;
  auto& alice = world.guest_with({{"guest", "alice"}, {"name", "Alice"}});

  const auto& welcome = alice.welcome;
  CHECK(welcome["type"] == "welcome");
  CHECK(welcome["user"] == json{{"id", "alice"}, {"name", "Alice"}});
  CHECK(welcome["session"] == alice.session_text());
  CHECK(welcome["node"] == "n1");
  CHECK(welcome["server"] == "confab/" CONFAB_VERSION);
  CHECK(welcome["heartbeat_ms"] == 25000);
  CHECK(welcome["limits"] == json{{"text_bytes", 4096},
                                  {"frame_bytes", 65536},
                                  {"rooms", 200},
                                  {"mentions", 50},
                                  {"attachments", 10},
                                  {"members", 100'000},
                                  {"memberships", 2'000},
                                  {"key_ms", 86'400'000}});
  CHECK(welcome["directs"] == json::array());
  CHECK_FALSE(welcome.contains("expires_at"));
}

TEST_CASE("keys are promised for no longer than they are remembered") {
  actor_world world;
  const auto promised = [&](const std::string& name) {
    return world.guest(name).welcome["limits"]["key_ms"];
  };
  world.env.how.key_age = 1h;
  CHECK(promised("alice") == 3'600'000);

  world.env.keys_since = [&] { return unix_ms{world.env.now().value() - 60'000}; };
  CHECK(promised("bob") == 60'000);
  world.env.keys_since = [&] { return unix_ms{world.env.now().value() + 60'000}; };
  CHECK(promised("carol") == 0);
}

TEST_CASE("a guest without a name is called by the id") {
  actor_world world;

  CHECK(world.guest("alice").welcome["user"]["name"] == "alice");
}

TEST_CASE("hello without an id is answered all the same") {
  actor_world world;
  auto& alice = world.connect();
  alice.say(hello({{"guest", "alice"}}));
  world.settle();

  REQUIRE(alice.received().size() == 1);
  CHECK(alice.received()[0]["type"] == "welcome");
  CHECK_FALSE(alice.received()[0].contains("re"));
}

TEST_CASE("a token says who it is") {
  actor_world world;
  world.auth.guests = false;
  world.auth.tokens["t"] = world.identity_of("alice");
  world.auth.tokens["t"].expires_at = in(world, 1h);

  const auto& welcome = world.with_token("t").welcome;

  CHECK(welcome["user"]["id"] == "alice");
  CHECK(welcome["expires_at"] == world.auth.tokens["t"].expires_at->value());
}

TEST_CASE("the upgrade request's bearer is enough, and a hello's token must be of the same user") {
  actor_world world;
  world.auth.guests = false;
  world.auth.tokens["other"] = world.identity_of("bob");
  world.auth.tokens["same"] = world.identity_of("alice");
  world.auth.tokens["same"].name = "Alice";

  auto& plain = world.connect({}, world.identity_of("alice"));
  CHECK(plain.ask(hello())["user"]["id"] == "alice");
  auto& again = world.connect({}, world.identity_of("alice"));
  CHECK(again.ask(hello({{"token", "same"}}))["user"]["name"] == "Alice");
  auto& other = world.connect({}, world.identity_of("alice"));
  CHECK(other.ask(hello({{"token", "other"}}))["code"] == "unauthorized");
  CHECK(other.close_code() == 4500);
}

TEST_CASE("bad credentials are an error and then the end") {
  actor_world world;
  auto credentials = hello();
  SECTION("an unknown token") { credentials["token"] = "nonsense"; }
  SECTION("none") {}
  SECTION("a guest where only tokens count") {
    world.auth.guests = false;
    credentials["guest"] = "alice";
  }

  auto& who = world.connect();
  const auto answer = who.ask(credentials);

  CHECK(answer["type"] == "error");
  CHECK(answer["code"] == "unauthorized");
  CHECK(answer["retry"] == false);
  CHECK(who.close_code() == 4500);
  CHECK(world.guests_running() == 0);
}

TEST_CASE("an expired token closes with its own code") {
  actor_world world;
  world.auth.tokens["old"] = world.identity_of("alice");
  world.auth.tokens["old"].expires_at = world.now();
  auto& who = world.connect();

  CHECK(who.ask(hello({{"token", "old"}}))["code"] == "unauthorized");
  CHECK(who.close_code() == 4501);
}

TEST_CASE("a token of who is kept out does not let in, and one that is newer does") {
  actor_world world;
  world.auth.tokens["old"] = world.identity_of("alice");
  world.auth.tokens["old"].issued_at = unix_ms{1'000};
  world.auth.tokens["new"] = world.auth.tokens["old"];
  world.auth.tokens["new"].issued_at = unix_ms{3'000};

  SECTION("revoked") {
    world.env.barred->set(user_id::trusted("alice"), {false, unix_ms{2'000}});
    CHECK(world.with_token("new").welcome["user"]["id"] == "alice");
  }
  SECTION("deactivated") {
    world.env.barred->set(user_id::trusted("alice"), {true, {}});
    auto& newer = world.connect();
    CHECK(newer.ask(hello({{"token", "new"}}))["code"] == "unauthorized");
  }

  auto& who = world.connect();
  CHECK(who.ask(hello({{"token", "old"}}))["code"] == "unauthorized");
}

TEST_CASE("a second hello is already") {
  actor_world world;
  auto& alice = world.guest("alice");

  CHECK(alice.ask(hello({{"guest", "alice"}}))["code"] == "already");
  CHECK_FALSE(alice.closed());
  CHECK(alice.ask({{"type", "ping"}})["type"] == "pong");
}

TEST_CASE("a second hello before the welcome is already, too") {
  actor_world world;
  auto& alice = world.connect();
  alice.say(hello({{"id", 1}, {"guest", "alice"}}));
  alice.say(hello({{"id", 2}, {"guest", "bob"}}));
  world.settle();

  CHECK(alice.reply_to(1)["type"] == "welcome");
  CHECK(alice.reply_to(2)["code"] == "already");
  CHECK_FALSE(alice.closed());
}

TEST_CASE("anything else before welcome is a protocol error") {
  actor_world world;
  auto& who = world.connect();
  SECTION("a command") { who.say({{"type", "join"}, {"id", 1}, {"room", "general"}}); }
  SECTION("an unknown command") { who.say({{"type", "nonsense"}, {"id", 1}}); }
  SECTION("a ping") { who.say({{"type", "ping"}, {"id", 1}}); }
  SECTION("no JSON") { who.say_bytes("hello"); }
  world.settle();

  CHECK(who.close_code() == 4503);
}

TEST_CASE("what is sent behind hello waits for the welcome, in order and behind the resume") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    actor_world world;
    auto& who = world.connect();

    who.say(hello({{"id", 1}, {"guest", "alice"}, {"resume", json::array({{{"room", "a"}}})}}));
    who.say({{"type", "send"}, {"id", 2}, {"room", "a"}, {"text", "at once"}});
    who.say({{"type", "join"}, {"id", 3}, {"room", "b"}});
    who.say({{"type", "send"}, {"id", 4}, {"room", "b"}, {"text", "there too"}});
    who.say({{"type", "nonsense"}, {"id", 5}});
    world.settle_shuffled(random);

    CHECK(who.reply_to(1)["type"] == "welcome");
    CHECK(who.reply_to(2)["type"] == "sent");
    CHECK(who.reply_to(3)["type"] == "joined");
    CHECK(who.reply_to(4)["type"] == "sent");
    CHECK(who.reply_to(5)["code"] == "unknown_type");
    CHECK_FALSE(who.closed());
    CHECK(who.taken->outstanding() == 0);
  }
}

TEST_CASE("what is sent behind a hello that is refused is refused, and then the connection ends") {
  actor_world world;
  auto& who = world.connect();

  who.say(hello({{"id", 1}, {"token", "nonsense"}}));
  who.say({{"type", "join"}, {"id", 2}, {"room", "a"}});
  who.say({{"type", "ping"}, {"id", 3}});
  who.say({{"type", "nonsense"}, {"id", 4}});
  who.say(hello({{"id", 5}, {"guest", "alice"}}));
  world.settle();

  for (std::uint64_t id = 1; id <= 5; ++id) CHECK(who.reply_to(id)["code"] == "unauthorized");
  CHECK(who.close_code() == 4500);
  CHECK(world.guests_running() == 0);
}

TEST_CASE("what is sent behind a hello that was a mistake is refused, and another try is allowed") {
  actor_world world;
  auto& who = world.connect();

  who.say(hello({{"id", 101}, {"guest", "not an id"}}));
  who.say({{"type", "join"}, {"id", 102}, {"room", "a"}});
  world.settle();

  CHECK(who.reply_to(101)["code"] == "bad_request");
  CHECK(who.reply_to(102)["code"] == "unauthorized");
  CHECK(who.ask(hello({{"guest", "alice"}}))["type"] == "welcome");
  CHECK(who.join("a")["type"] == "joined");
}

TEST_CASE("a bad hello is an error and another try") {
  actor_world world;
  auto& who = world.connect();

  CHECK(who.ask(hello({{"guest", "not an id"}}))["code"] == "bad_request");
  CHECK_FALSE(who.closed());
  CHECK(who.ask(hello({{"guest", "alice"}}))["type"] == "welcome");
}

TEST_CASE("ten bad hellos in a row are too many") {
  actor_world world;
  auto& who = world.connect();
  for (int i = 0; i < 9; ++i) REQUIRE(who.ask(hello({{"guest", 1}}))["code"] == "bad_request");
  REQUIRE_FALSE(who.closed());

  CHECK(who.ask(hello({{"guest", 1}}))["code"] == "bad_request");
  CHECK(who.close_code() == 4503);
}

TEST_CASE("hello must come in time") {
  actor_world world;
  auto& who = world.connect();
  world.advance(9999ms);
  CHECK_FALSE(who.closed());

  world.advance(1ms);
  CHECK(who.close_code() == 4002);
  CHECK(world.guests_running() == 0);
}

TEST_CASE("who has said hello is not asked for it again") {
  actor_world world;
  auto& alice = world.guest("alice");
  world.advance(60s);

  CHECK_FALSE(alice.closed());
}

TEST_CASE("a newer session of the same device replaces the older") {
  actor_world world;
  auto& first = world.guest_with({{"guest", "alice"}, {"device", "phone"}});
  auto& laptop = world.guest_with({{"guest", "alice"}, {"device", "laptop"}});
  auto& plain = world.guest("alice");
  auto& bob = world.guest_with({{"guest", "bob"}, {"device", "phone"}});

  auto& second = world.guest_with({{"guest", "alice"}, {"device", "phone"}});

  CHECK(first.close_code() == 4504);
  CHECK_FALSE(second.closed());
  CHECK_FALSE(laptop.closed());
  CHECK_FALSE(plain.closed());
  CHECK_FALSE(bob.closed());
}

TEST_CASE("a token's end is announced a minute before and then closes") {
  actor_world world;
  world.auth.tokens["t"] = world.identity_of("alice");
  const auto end = in(world, 90s);
  world.auth.tokens["t"].expires_at = end;
  auto& alice = world.with_token("t");

  world.advance(29999ms);
  CHECK(alice.received("token_expiring").empty());
  world.advance(1ms);
  REQUIRE(alice.received("token_expiring").size() == 1);
  CHECK(alice.received("token_expiring")[0]["expires_at"] == end.value());

  world.advance(59999ms);
  CHECK_FALSE(alice.closed());
  world.advance(1ms);
  CHECK(alice.close_code() == 4501);
}

TEST_CASE("a token that lives shorter than the notice is announced at once") {
  actor_world world;
  world.auth.tokens["t"] = world.identity_of("alice");
  world.auth.tokens["t"].expires_at = in(world, 30s);
  auto& alice = world.with_token("t");
  world.advance(1ms);

  CHECK(alice.received("token_expiring").size() == 1);
}

TEST_CASE("a token that lives longer than a clock can count does not end the session") {
  actor_world world;
  world.auth.tokens["t"] = world.identity_of("alice");
  // int64 nanoseconds, CAF's time span, end after 292 years.
  const auto years = GENERATE(as<std::int64_t>{}, 200, 300, 450, 600, 1000, 285'000);
  world.auth.tokens["t"].expires_at =
      in(world, std::chrono::milliseconds{years * 365 * 24 * 3600 * 1000});
  auto& alice = world.with_token("t");
  world.advance(60s);

  CHECK_FALSE(alice.closed());
  CHECK(alice.received("token_expiring").empty());
}

TEST_CASE("refresh renews the token on the open connection") {
  actor_world world;
  for (const auto& [token, life] : {std::pair{"short", 70s}, std::pair{"long", 200s}}) {
    world.auth.tokens[token] = world.identity_of("alice");
    world.auth.tokens[token].expires_at = in(world, life);
  }
  auto& alice = world.with_token("short");

  const auto answer = alice.ask({{"type", "refresh"}, {"token", "long"}});
  CHECK(answer["type"] == "refreshed");
  CHECK(answer["expires_at"] == world.auth.tokens["long"].expires_at->value());

  world.advance(100s);
  CHECK_FALSE(alice.closed());
  CHECK(alice.received("token_expiring").empty());
  world.advance(40s);
  CHECK(alice.received("token_expiring").size() == 1);
  world.advance(60s);
  CHECK(alice.close_code() == 4501);
}

TEST_CASE("refresh takes neither another user's token nor a bad one, and the old one stays") {
  actor_world world;
  world.auth.tokens["alice"] = world.identity_of("alice");
  world.auth.tokens["bob"] = world.identity_of("bob");
  auto& alice = world.with_token("alice");

  CHECK(alice.ask({{"type", "refresh"}, {"token", "bob"}})["code"] == "unauthorized");
  CHECK(alice.ask({{"type", "refresh"}, {"token", "nonsense"}})["code"] == "unauthorized");
  CHECK_FALSE(alice.closed());
  CHECK(alice.join("general")["members"][0]["id"] == "alice");
}

TEST_CASE("a token with fewer rights has them at once") {
  actor_world world;
  world.auth.tokens["all"] = world.identity_of("alice");
  world.auth.tokens["few"] = world.identity_of("alice");
  world.auth.tokens["few"].rooms = {"general"};
  auto& alice = world.with_token("all");
  auto& bob = world.guest("bob");
  for (const auto* room : {"general", "secret"}) {
    alice.join(room);
    bob.join(room);
  }
  bob.ask({{"type", "direct"}, {"to", "alice"}, {"text", "psst"}});
  alice.join("dm:alice:bob");
  world.advance(1s);  // all have heard who is there
  alice.forget();

  alice.say({{"type", "refresh"}, {"id", 70}, {"token", "few"}});
  alice.say({{"type", "send"}, {"id", 71}, {"room", "secret"}, {"text", "too late"}});
  alice.say({{"type", "history"}, {"id", 72}, {"room", "secret"}});
  world.settle();

  CHECK(alice.reply_to(70)["type"] == "refreshed");
  const auto left = alice.received("left");
  REQUIRE(left.size() == 1);
  CHECK(left[0] == json{{"type", "left"}, {"room", "secret"}, {"reason", "token"}});
  CHECK(alice.reply_to(71)["code"] == "forbidden");
  CHECK(alice.reply_to(72)["code"] == "forbidden");

  alice.forget();
  bob.send("secret", "not for her");
  bob.send("general", "for her");
  bob.ask({{"type", "direct"}, {"to", "alice"}, {"text", "for her, too"}});
  world.advance(1s);
  CHECK(alice.received("message").size() == 2);
  CHECK(alice.received("message", "secret").empty());
  CHECK(bob.received("presence", "secret").back()["left"] == json::array({"alice"}));
  CHECK(alice.join("secret")["code"] == "forbidden");

  // And with more rights they can be joined again.
  alice.ask({{"type", "refresh"}, {"token", "all"}});
  CHECK(alice.join("secret")["type"] == "joined");
}

TEST_CASE("beside users with tokens a guest is given an id, and a token to come back with") {
  actor_world world;
  world.auth.key = true;
  world.auth.tokens["t"] = world.identity_of("alice");
  auto& alice = world.with_token("t");
  CHECK_FALSE(alice.welcome.contains("guest_token"));

  auto& guest = world.guest_with({{"guest", "alice"}});
  const auto id = guest.welcome["user"]["id"].get<std::string>();
  CHECK(id.starts_with("guest:"));
  CHECK(guest.welcome["user"]["name"] == "alice");
  CHECK_FALSE(guest.welcome.contains("expires_at"));
  auto& other = world.guest_with({{"guest", "alice"}, {"name", "Alice"}});
  CHECK(other.welcome["user"]["id"] != id);
  CHECK(other.welcome["user"]["name"] == "Alice");

  guest.join("general");
  guest.send("general", "hi", "k1");
  guest.disconnect();
  auto& back = world.with_token(guest.welcome["guest_token"]);
  CHECK(back.welcome["user"] == guest.welcome["user"]);
  back.join("general");
  CHECK(back.send("general", "hi", "k1")["duplicate"] == true);
  CHECK(back.ask({{"type", "refresh"}, {"token", back.welcome["guest_token"]}})["type"] ==
        "refreshed");
  CHECK(back.ask({{"type", "refresh"}, {"token", other.welcome["guest_token"]}})["code"] ==
        "unauthorized");
}

TEST_CASE("a guest's token is good for thirty days, and only where guests are let in") {
  actor_world world;
  world.auth.key = true;
  const std::string token = world.guest("alice").welcome["guest_token"];
  auto forged = token;
  forged[forged.size() / 2] ^= 1;
  CHECK(world.with_token(forged).close_code() == 4500);

  world.tick(24h * 29);
  auto& back = world.with_token(token);
  CHECK(back.welcome["type"] == "welcome");
  CHECK(back.welcome["guest_token"] != token);  // thirty days from now
  world.tick(24h * 1);
  CHECK(world.with_token(token).close_code() == 4501);
  CHECK(world.with_token(back.welcome["guest_token"]).welcome["type"] == "welcome");

  world.auth.guests = false;
  CHECK(world.with_token(back.welcome["guest_token"]).close_code() == 4500);
}

TEST_CASE("without users with tokens a guest is whom it says it is") {
  actor_world world;
  auto& alice = world.guest("alice");

  CHECK(alice.welcome["user"]["id"] == "alice");
  CHECK_FALSE(alice.welcome.contains("guest_token"));
}

TEST_CASE("ping is answered with pong, and without an id by nothing") {
  actor_world world;
  auto& alice = world.guest("alice");
  CHECK(alice.ask({{"type", "ping"}})["type"] == "pong");
  alice.forget();

  alice.say({{"type", "ping"}});
  world.settle();
  CHECK(alice.received().empty());
}

TEST_CASE("resume in hello is answered by a joined event for each room") {
  actor_world world;
  auto& before = world.guest("alice");
  const auto epoch = before.join("a")["epoch"];
  before.send("a", "one");
  before.send("a", "two");
  before.disconnect();

  auto& alice = world.guest_with(
      {{"guest", "alice"},
       {"resume",
        json::array({{{"room", "a"}, {"since", 1}, {"epoch", epoch}}, {{"room", "b"}}})}});

  REQUIRE(alice.received("joined").size() == 2);
  const auto a = alice.received("joined")[0];
  CHECK(a["room"] == "a");
  CHECK_FALSE(a.contains("re"));
  REQUIRE(a["events"].size() == 1);
  CHECK(a["events"][0]["text"] == "two");
  CHECK(alice.received("joined")[1]["room"] == "b");
  CHECK(alice.send("a", "three")["seq"] == 3);
}

TEST_CASE("a room that stands twice in resume is resumed once") {
  actor_world world;
  auto& alice = world.guest_with(
      {{"guest", "alice"},
       {"resume", json::array({{{"room", "a"}}, {{"room", "b"}}, {{"room", "a"}, {"since", 0}}})}});

  REQUIRE(alice.received("joined").size() == 2);
  CHECK(alice.received("joined")[0]["room"] == "a");
  CHECK(alice.received("joined")[1]["room"] == "b");
}

TEST_CASE("more users than are looked up together are all welcomed with their direct rooms") {
  constexpr int count = 300;  // `reads_together_max` are 256
  world_options how;
  how.shards = 1;
  actor_world world{how};
  const auto name = [](int i) { return "user" + std::to_string(i); };
  for (int i = 0; i < count; ++i) {
    const auto one = user_id::trusted(name(i)), other = user_id::trusted("zoe");
    const auto room = direct_room_of(one, other).value();
    content what;
    what.text = "hi";
    world.commit({wanted_by(name(i), room, rooms::create_room{epoch_id{"e"}, std::pair{one, other}, {}}),
                  wanted_by(name(i), room, rooms::post_message{std::move(what), {}})});
  }
  std::vector<client*> all;

  world.hold_readers();
  for (int i = 0; i < count; ++i) {
    all.push_back(&world.connect());
    all.back()->say({{"type", "hello"}, {"id", 1}, {"guest", name(i)}});
  }
  world.settle();
  world.release_all();
  world.settle();

  for (auto* one : all) {
    const auto welcome = one->reply_to(1);
    REQUIRE(welcome["type"] == "welcome");
    CHECK(welcome["directs"].size() == 1);
  }
}
