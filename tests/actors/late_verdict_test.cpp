// An authenticator that has to ask somebody: its verdicts come later, or never.

#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

/// Keeps the questions until the test answers them.
class slow_authenticator final : public actors::authenticator {
 public:
  actors::token_verdict verify(std::string_view, unix_ms) const override {
    throw std::logic_error("it answers later");
  }
  bool answers_later() const noexcept override { return true; }
  void verify_later(std::shared_ptr<actors::token_question> what, unix_ms) const override {
    asked.push_back(std::move(what));
  }
  bool guests_allowed() const noexcept override { return true; }
  bool has_key() const noexcept override { return false; }

  mutable std::vector<std::shared_ptr<actors::token_question>> asked;
};

struct waiting_room {
  waiting_room() { world.env.auth = &auth; }
  ~waiting_room() { auth.asked.clear(); }

  /// Connected, with a hello that nobody has answered.
  client& knock(json with = json::object()) {
    auto& who = world.connect();
    with.update({{"type", "hello"}, {"id", who.next_id()}, {"token", "t"}});
    who.say(with);
    world.settle();
    return who;
  }
  void answer(std::size_t question, actors::token_verdict what) {
    auth.asked.at(question)->answer(std::move(what));
    world.settle();
  }
  static std::vector<std::string> types(client& of) {
    std::vector<std::string> all;
    for (const auto& frame : of.received()) all.push_back(frame["type"]);
    return all;
  }

  slow_authenticator auth;
  actor_world world;
};

using types = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "a hello is welcomed when its token's verdict has come, and what follows takes effect in "
    "order") {
  waiting_room at;
  at.world.fill("old", 2);
  auto& alice = at.knock({{"resume", json::array({{{"room", "old"}, {"since", 1}}})}});
  alice.say({{"type", "join"}, {"id", alice.next_id()}, {"room", "general"}});
  alice.say({{"type", "send"}, {"id", alice.next_id()}, {"room", "general"}, {"text", "one"}});
  at.world.settle();
  REQUIRE(at.auth.asked.size() == 1);
  CHECK(at.auth.asked[0]->token() == "t");
  CHECK(alice.received().empty());

  at.answer(0, at.world.identity_of("alice"));

  const auto heard = at.types(alice);
  REQUIRE(heard.size() >= 4);
  CHECK(types(heard.begin(), heard.begin() + 3) == types{"welcome", "joined", "joined"});
  CHECK(alice.received("joined")[0]["room"] == "old");
  CHECK(alice.received("sent").size() == 1);
  CHECK(alice.received("welcome")[0]["user"]["id"] == "alice");
  CHECK(alice.taken->outstanding() == 0);
  CHECK(alice.taken->bytes() == 0);
}

TEST_CASE(
    "a hello that is refused late refuses what was sent behind it, in order, and then closes") {
  waiting_room at;
  auto& alice = at.knock();
  alice.say({{"type", "join"}, {"id", alice.next_id()}, {"room", "general"}});
  alice.say({{"type", "rooms"}, {"id", alice.next_id()}});
  at.world.settle();
  const bool expired = GENERATE(true, false);

  at.answer(0, actors::unauthorized{"no", expired});

  REQUIRE(alice.received("error").size() == 3);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    CHECK(alice.received()[id - 1]["re"] == id);
    CHECK(alice.received()[id - 1]["code"] == "unauthorized");
  }
  CHECK(alice.close_code() == (expired ? 4501 : 4500));
}

TEST_CASE("a hello without a verdict in time is unavailable, and the client may come again") {
  waiting_room at;
  auto& alice = at.knock();

  SECTION("nobody answers") {
    at.world.advance(9s);
    CHECK_FALSE(alice.closed());
    at.world.advance(2s);
  }
  SECTION("the question is let go of") {
    at.auth.asked.clear();
    at.world.settle();
  }

  REQUIRE(alice.received("error").size() == 1);
  CHECK(alice.received()[0]["re"] == 1);
  CHECK(alice.received()[0]["code"] == "unavailable");
  CHECK(alice.close_code() == 1011);
}

TEST_CASE("a verdict that comes twice, too late or for a session that has gone changes nothing") {
  waiting_room at;
  auto& alice = at.knock();

  SECTION("twice") {
    const auto question = at.auth.asked[0];
    at.answer(0, at.world.identity_of("alice"));
    question->answer(actors::unauthorized{"no", false});
    question->answer(at.world.identity_of("bob"));
    at.auth.asked.clear();
    at.world.settle();
    CHECK(at.types(alice) == types{"welcome"});
    CHECK_FALSE(alice.closed());
  }
  SECTION("too late") {
    at.world.advance(11s);
    REQUIRE(alice.closed());
    at.answer(0, at.world.identity_of("alice"));
    CHECK(alice.received("welcome").empty());
    CHECK(at.world.users_known() == 0);
  }
  SECTION("for a session that has gone") {
    alice.disconnect();
    at.world.settle();
    CHECK(at.world.guests_running() == 0);
    at.answer(0, at.world.identity_of("alice"));
    CHECK(at.world.users_known() == 0);
  }
  CHECK(at.world.bugs.empty());
}

TEST_CASE("while a token is checked no more is read than of anybody") {
  waiting_room at;
  auto& alice = at.knock();
  const json send{{"type", "send"}, {"room", "general"}, {"text", std::string(4000, 'x')}};

  for (int i = 0; i < 200; ++i) alice.say(send);
  at.world.settle();

  CHECK(alice.taken->paused());
  CHECK(alice.taken->outstanding() <= limits::commands_in_flight_max);
  CHECK(alice.taken->bytes() <= limits::bytes_in_flight_max + 5000);
  at.answer(0, at.world.identity_of("alice"));
  CHECK(alice.received("error").size() == 200);  // not joined; each has its answer
  CHECK(alice.taken->outstanding() == 0);
}

TEST_CASE("a second hello meanwhile was said already") {
  waiting_room at;
  auto& alice = at.knock();

  CHECK(alice.ask({{"type", "hello"}, {"guest", "bob"}})["code"] == "already");

  at.answer(0, at.world.identity_of("alice"));
  CHECK(alice.received("welcome")[0]["user"]["id"] == "alice");
}

TEST_CASE("a refresh whose verdict comes later holds up what was sent behind it") {
  waiting_room at;
  auto& alice = at.knock();
  at.answer(0, at.world.identity_of("alice"));
  alice.say({{"type", "refresh"}, {"id", 7}, {"token", "fresh"}});
  alice.say({{"type", "rooms"}, {"id", 8}});
  at.world.settle();
  REQUIRE(at.auth.asked.size() == 2);
  CHECK(alice.reply_to(7).is_null());
  CHECK(alice.reply_to(8).is_null());

  SECTION("it is good") {
    at.answer(1, at.world.identity_of("alice"));
    CHECK(alice.reply_to(7)["type"] == "refreshed");
  }
  SECTION("it is refused") {
    at.answer(1, actors::unauthorized{"no", false});
    CHECK(alice.reply_to(7)["code"] == "unauthorized");
  }
  SECTION("it is another user's") {
    at.answer(1, at.world.identity_of("bob"));
    CHECK(alice.reply_to(7)["code"] == "unauthorized");
  }
  SECTION("there is none") {
    at.auth.asked.clear();
    at.world.settle();
    CHECK(alice.reply_to(7)["code"] == "unavailable");
  }
  SECTION("it never comes") {
    at.world.advance(60s);
    CHECK(alice.reply_to(7)["code"] == "unavailable");
    at.answer(1, at.world.identity_of("alice"));
    CHECK(alice.received("refreshed").empty());
  }
  CHECK(alice.reply_to(8)["type"] == "rooms");
  CHECK_FALSE(alice.closed());
}

TEST_CASE("a server that stops while a token is checked says good-bye when the verdict has come") {
  waiting_room at;
  auto& alice = at.knock();
  actors::tell(alice.session, actors::drain_session{});
  at.world.settle();
  CHECK_FALSE(alice.closed());

  at.answer(0, at.world.identity_of("alice"));

  CHECK(alice.close_code() == 1012);
}
