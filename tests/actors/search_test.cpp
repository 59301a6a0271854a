// Searching, as clients see it. What is found is search/'s own affair (tests/search).

#include "actors/searcher.hpp"
#include "search/searcher.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <deque>
#include <stdexcept>

using namespace confab;
using namespace confab::test;

namespace {

json search_for(const std::string& words, json rest = json::object()) {
  rest["type"] = "search";
  rest["query"] = words;
  return rest;
}

message::present_message said_by(const std::string& author, const std::string& text) {
  message::present_message one;
  one.seq = seq_no{7};
  one.at = unix_ms{1'000};
  one.from = user_id::trusted(author);
  one.what.text = text;
  return one;
}

/// Answers what the test has put there, and remembers what it was asked.
struct scripted_searcher final : search::searcher {
  struct script {
    std::vector<search::question> asked;
    std::variant<search::answer, std::string> next = search::answer{};
    bool has_a_bug = false;
    int made = 0;
  };
  explicit scripted_searcher(script& plays) : of(plays) { ++of.made; }
  std::variant<search::answer, std::string> search(const search::question& what) override {
    of.asked.push_back(what);
    if (of.has_a_bug) throw std::logic_error("a bug");
    return of.next;
  }
  std::optional<std::uint64_t> position() override { return 0; }
  script& of;
};

struct searched_world {
  explicit searched_world(world_options how = {}) : world(std::move(how)) {
    world.search_by([this](auto) { return std::make_unique<scripted_searcher>(plays); });
  }
  scripted_searcher::script plays;  // before the world, which uses it
  actor_world world;
};

}  // namespace

TEST_CASE("a server without an index says so, and names no search among its features") {
  actor_world world;
  auto& alice = world.guest("alice");

  CHECK(alice.ask(search_for("plan"))["code"] == "forbidden");
  CHECK(std::ranges::count(alice.welcome["features"], "search") == 0);
}

TEST_CASE("what is found comes with its rooms, names and the place where it goes on") {
  searched_world in;
  search::answer found;
  found.hits.push_back({room_id::trusted("general"), said_by("bob", "the plan")});
  found.names.push_back({user_id::trusted("bob"), "Bob"});
  found.next = 41;
  found.upto_at = unix_ms{5'000};
  in.plays.next = found;
  auto& alice = in.world.guest("alice");

  const auto reply = alice.ask(search_for("plan", {{"limit", 5}, {"after", "99"}}));

  CHECK(std::ranges::count(alice.welcome["features"], "search") == 1);
  CHECK(reply["type"] == "search");
  CHECK(reply["hits"][0]["room"] == "general");
  CHECK(reply["hits"][0]["message"]["text"] == "the plan");
  CHECK(reply["users"][0]["name"] == "Bob");
  CHECK(reply["more"] == true);
  CHECK(reply["next"] == "41");
  CHECK(reply["upto_at"] == 5'000);
  REQUIRE(in.plays.asked.size() == 1);
  CHECK(in.plays.asked[0].words == "plan");
  CHECK(in.plays.asked[0].count == 5);
  CHECK(in.plays.asked[0].before == 99);
  CHECK(in.plays.asked[0].by.user == user_id::trusted("alice"));
}

TEST_CASE(
    "the searcher is told where the session is, what it may read there, and what its token is "
    "for") {
  searched_world in;
  auto& token = in.world.auth.tokens["alice"];
  token = in.world.identity_of("alice");
  token.rooms = {"gen*", "red"};
  token.roles["red"] = role::moderator;
  auto& alice = in.world.with_token("alice");
  alice.join("general");
  alice.join("red");

  alice.ask(search_for(
      "plan", {{"rooms", {"general"}}, {"from", "bob"}, {"has", "attachment"}, {"after_at", 5}}));

  REQUIRE(in.plays.asked.size() == 1);
  const auto& asked = in.plays.asked[0];
  REQUIRE(asked.joined.size() == 2);
  CHECK(asked.joined[0].room == room_id::trusted("general"));
  CHECK(asked.joined[1].by.token == role::moderator);
  CHECK(asked.joined[1].by.opens);
  CHECK(asked.allowed == std::vector<std::string>{"gen*", "red"});
  CHECK(asked.rooms == std::vector{room_id::trusted("general")});
  CHECK(asked.from == user_id::trusted("bob"));
  CHECK(asked.has_attachment);
  CHECK(asked.after_at == unix_ms{5});
  CHECK_FALSE(asked.before_at);
}

TEST_CASE("an index that cannot be read is unavailable, and a bug costs one answer") {
  searched_world in;
  auto& alice = in.world.guest("alice");
  int bugs = 0;
  in.world.env.bug = [&](auto, auto) { ++bugs; };

  in.plays.next = std::string{"disk I/O error"};
  CHECK(alice.ask(search_for("plan"))["code"] == "unavailable");
  in.plays.has_a_bug = true;
  CHECK(alice.ask(search_for("plan"))["code"] == "unavailable");
  in.plays.has_a_bug = false;
  in.plays.next = search::answer{};
  CHECK(alice.ask(search_for("plan"))["type"] == "search");

  CHECK(bugs == 2);
  CHECK(in.plays.made == 2);
}

TEST_CASE("above their rate searches are refused and told when to try again") {
  searched_world in;
  auto& alice = in.world.guest("alice");

  for (int i = 0; i < 10; ++i) REQUIRE(alice.ask(search_for("plan"))["type"] == "search");
  const auto refused = alice.ask(search_for("plan"));

  CHECK(refused["code"] == "rate_limited");
  CHECK(refused["retry_after_ms"] > 0);
  CHECK(refused["retry_after_ms"] <= 200);
  in.world.advance(1s);
  CHECK(alice.ask(search_for("plan"))["type"] == "search");
}

TEST_CASE("what was looked at is paid for, and the next search waits for that") {
  searched_world in;
  auto& alice = in.world.guest("alice");
  search::answer costly;
  costly.candidates = 20 * 50'000;
  in.plays.next = costly;
  alice.ask(search_for("plan"));

  CHECK(alice.ask(search_for("plan")).is_null());
  in.world.advance(60s);
  CHECK(in.plays.asked.size() == 2);
}

TEST_CASE("nothing waits for a search, and a search for nothing that is under way") {
  searched_world in;
  auto& alice = in.world.guest("alice");
  alice.join("general");
  in.world.hold(in.world.env.search);

  alice.say(search_for("plan", {{"id", 900}}));
  CHECK(alice.send("general", "said behind it")["type"] == "sent");
  CHECK(alice.ask({{"type", "history"}, {"room", "general"}})["type"] == "history");
  CHECK(alice.reply_to(900).is_null());
  in.world.release_all();
  in.world.settle();

  CHECK(alice.reply_to(900)["type"] == "search");
}

TEST_CASE("who has left is not searched for") {
  searched_world in;
  auto& alice = in.world.guest("alice");
  in.world.hold(in.world.env.search);
  alice.say(search_for("plan"));
  in.world.settle();

  alice.disconnect();
  alice.taken.reset();
  in.world.settle();
  in.world.release_all();
  in.world.settle();

  CHECK(in.plays.asked.empty());
}

TEST_CASE("of a user as many searches wait as reads may") {
  world_options how;
  how.how.searches_per_second = 0;
  how.how.commands_per_second = 0;
  searched_world in{how};
  auto& alice = in.world.guest("alice");
  auto& again = in.world.guest("alice");
  in.world.hold(in.world.env.search);
  for (std::uint64_t i = 1; i <= limits::reads_per_user_max; ++i)
    (i % 2 ? alice : again).say(search_for("plan", {{"id", 1'000 + i}}));
  alice.say(search_for("one too many", {{"id", 2'000}}));
  in.world.settle();

  in.world.release_all();
  in.world.settle();

  // The first one was begun before the others came.
  CHECK(in.plays.asked.size() >= limits::reads_per_user_max);
  CHECK(in.plays.asked.size() <= limits::reads_per_user_max + 1);
  CHECK(alice.reply_to(1'001)["type"] == "search");
}
