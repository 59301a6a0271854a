#include "tests/api/fake_backend.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;
using answered = std::pair<unsigned, std::string>;

namespace {

const std::string said = R"({"from":"bot","text":"x"})";

std::vector<std::string> places_of(const heard& what) {
  std::vector<std::string> out;
  for (const auto& fault : json::parse(what.answer->body).value("faults", json::array()))
    out.push_back(fault["at"].get<std::string>());
  return out;
}

}  // namespace

TEST_CASE("a message is an operation of the key's, in the name of its author") {
  api_world world{"publish"};

  const auto heard = world.call("POST", "/rooms/general/messages", said);
  REQUIRE(world.chat.asked.size() == 1);
  const auto& asked = world.chat.asked.front();
  world.chat.settle({rooms::kept{seq_no{63}, unix_ms{5}, 1, {}, {}}});

  CHECK(asked.room.view() == "general");
  CHECK(asked.by.user.view() == "bot");
  CHECK(asked.by.as == rooms::principal::kind::api_key);
  CHECK(asked.by.api_key == "shop");
  CHECK(std::get<rooms::post_message>(asked.what).what.text == "x");
  CHECK(heard->answer->status == 201);
  CHECK(heard->answer->body == R"({"room":"general","seq":63,"at":5,"durability":"disk"})");
}

TEST_CASE("as a user means with the user's rights alone") {
  api_world world;

  world.call("POST", "/rooms/general/messages", R"({"from":"bot","as":"user","text":"x"})");

  CHECK(world.chat.asked.front().by.as == rooms::principal::kind::user);
  CHECK(world.chat.asked.front().by.joined);
}

TEST_CASE("what became of an operation is told as its status") {
  api_world world;
  const auto outcome = [&](rooms::brief what) {
    const auto heard = world.call("POST", "/rooms/general/messages", said);
    world.chat.settle({std::move(what)});
    return api_world::told(*heard);
  };

  CHECK(outcome(rooms::repeated{seq_no{1}, unix_ms{2}}) == answered{200, ""});
  CHECK(outcome(rooms::refusal(error_code::banned, "")) == answered{403, "banned"});
  CHECK(outcome(rooms::refusal(error_code::no_such_room, "")) == answered{404, "no_such_room"});
  CHECK(outcome(rooms::refusal(error_code::conflict, "")) == answered{409, "conflict"});
  CHECK(outcome(rooms::refusal(error_code::slow_mode, "")) == answered{429, "slow_mode"});
  CHECK(outcome(rooms::not_kept{true}) == answered{503, "unavailable"});
}

TEST_CASE("who has no key, a wrong one, or one that lacks the scope, is told so") {
  api_world world{"read", "from=bot nets=192.0.2. expires=2025-11-23"};
  const auto with = [&](std::string key) {
    return api_world::told(*world.call("POST", "/rooms/general/messages", said, std::move(key)));
  };

  CHECK(with("") == answered{403, "forbidden"});
  CHECK(with("ck_shop_x") == answered{401, "unauthorized"});
  CHECK(with("nothing") == answered{401, "unauthorized"});
  CHECK(with("admins-token") == answered{403, "forbidden"});
  CHECK(api_world::told(*world.call("GET", "/nowhere")) == answered{404, "no_such_route"});
  CHECK(api_world::told(*world.call("PUT", "/publish")) == answered{405, "method_not_allowed"});
  world.chat.time = unix_ms{world.chat.time.value() + 24 * 3'600'000};
  CHECK(with("") == answered{401, "unauthorized"});
  CHECK(world.chat.asked.empty());
}

TEST_CASE("a key is bound to its rooms, its authors and its nets") {
  api_world world{"*", "rooms=team-* from=bot-* nets=192.0.2."};
  const auto post = [&](std::string room, std::string from) {
    return api_world::told(*world.call("POST", "/rooms/" + room + "/messages",
                                       R"({"from":")" + from + R"(","text":"x"})"));
  };

  CHECK(post("other", "bot-1") == answered{404, "no_such_room"});
  CHECK(post("dm:a:b", "bot-1") == answered{404, "no_such_room"});
  CHECK(post("team-a", "bob") == answered{403, "forbidden"});
  CHECK(post("team-a", "bot-1").first == 0);  // on its way
  CHECK(api_world::told(*world.call("GET", "/rooms")) == answered{403, "forbidden"});
  fake_exchange elsewhere;
  elsewhere.said_peer = "198.51.100.1";
  elsewhere.headers.emplace_back("authorization", "Bearer " + world.key);
  const auto refused = world.service->refuse_early(elsewhere);
  REQUIRE(refused);
  CHECK(refused->status == 403);
}

TEST_CASE("a key is not taken over a line that others can hear") {
  api_world world;
  fake_exchange plain;
  plain.headers.emplace_back("authorization", "Bearer " + world.key);

  CHECK(!world.service->refuse_early(plain));
  plain.is_confidential = false;
  CHECK(world.service->refuse_early(plain)->status == 403);
}

TEST_CASE("all faults of a body, a query and a path are told at once, each with its place") {
  api_world world;
  const auto places = [&](std::string method, std::string path, std::string body,
                          std::string query = {}) {
    return places_of(*world.call(std::move(method), std::move(path), std::move(body), {}, std::move(query)));
  };
  using list = std::vector<std::string>;

  CHECK(places("POST", "/rooms/general/messages", R"({"from":5,"tekst":"x","mentions":["a","b c"]})") ==
        list{"/from", "/tekst", "/mentions/1"});
  CHECK(places("POST", "/rooms/general/messages", R"({"text":"x","a/b~c":1})") ==
        list{"/from", "/a~1b~0c"});
  CHECK(places("POST", "/rooms/general/messages", R"({"from":"bob"})") == list{"/text"});
  CHECK(places("PATCH", "/rooms/a%20b", R"({"slow_ms":1.5})") == list{"{room}", "/slow_ms"});
  CHECK(places("PATCH", "/rooms/a", "{}") == list{"/"});
  CHECK(places("PATCH", "/rooms/a", "{") == list{"/"});
  CHECK(places("GET", "/rooms", "", "limit=1001&archived=yes&colour=red") ==
        list{"?limit", "?archived", "?colour"});
  CHECK(places("GET", "/rooms", "", "\xff=1&limit=%ff") == list{"?", "?limit"});
  CHECK(places("GET", "/rooms", "", "limit=5&prefix=a&limit=5") == list{"?limit"});
  CHECK(world.chat.asked.empty());
}

TEST_CASE("two idempotency keys are refused, whichever was meant") {
  api_world world;
  fake_exchange twice;
  twice.said_method = "POST";
  twice.said_path = "/rooms/general/messages";
  twice.said_body = said;
  twice.headers = {{"authorization", "Bearer " + world.key}, {"idempotency-key", "one"}};
  const auto call = [&] {
    twice.into = std::make_shared<heard>();
    world.service->handle(std::make_shared<fake_exchange>(twice));
    return twice.into;
  };

  CHECK(!call()->answer);  // on its way
  twice.headers.emplace_back("idempotency-key", "one");
  const auto heard = call();
  CHECK(heard->answer->status == 400);
  CHECK(places_of(*heard) == std::vector<std::string>{"Idempotency-Key"});
}

TEST_CASE("a hundred wrong keys of one address are looked at, and not one more") {
  api_world world;
  const auto guess = [&] { return api_world::told(*world.call("GET", "/node", {}, "ck_shop_x")).first; };

  for (int i = 0; i < static_cast<int>(api::wrong_keys_burst); ++i) REQUIRE(guess() == 401);
  CHECK(guess() == 429);
  CHECK(api_world::told(*world.call("GET", "/node")) == answered{200, ""});
  CHECK(api_world::told(*world.call("GET", "/node", {}, "admins-token")) == answered{429, "rate_limited"});
  fake_exchange other;
  other.said_peer = "192.0.2.8";
  other.headers.emplace_back("authorization", "Bearer " + world.key);
  CHECK(!world.service->refuse_early(other));
  world.chat.clock += std::chrono::milliseconds{100};
  CHECK(guess() == 401);
}

TEST_CASE("a key that is not taken is told of, by its name where it has one, and never as it is") {
  api_world world{"read", "nets=192.0.2. expires=2025-11-23"};
  const auto told_of = [&](std::string key, std::string peer) {
    fake_exchange one;
    one.said_peer = std::move(peer);
    one.headers.emplace_back("authorization", "Bearer " + key);
    world.chat.refused_keys.clear();
    (void)world.service->refuse_early(one);
    return world.chat.refused_keys.empty() ? "" : world.chat.refused_keys.front();
  };

  CHECK(told_of(world.key, "192.0.2.7") == "");
  CHECK(told_of(world.key, "198.51.100.1") == "address 198.51.100.1 shop");
  CHECK(told_of("ck_shop_x", "192.0.2.7") == "unknown 192.0.2.7 ");
  CHECK(told_of("no-token", "192.0.2.7") == "unknown 192.0.2.7 ");
  world.chat.time = unix_ms{world.chat.time.value() + 24 * 3'600'000};
  CHECK(told_of(world.key, "192.0.2.7") == "expired 192.0.2.7 shop");
  for (int i = 0; i < static_cast<int>(api::wrong_keys_burst); ++i) told_of("ck_shop_x", "192.0.2.7");
  CHECK(told_of("ck_shop_x", "192.0.2.7") == "too_many 192.0.2.7 ");
}

TEST_CASE("however many addresses send wrong keys, none is forgotten, and those of one /64 are one") {
  api_world world;
  const auto guess_from = [&](std::string peer) {
    fake_exchange one;
    one.said_peer = std::move(peer);
    one.headers.emplace_back("authorization", "Bearer ck_shop_x");
    return world.service->refuse_early(one)->status;
  };
  for (int i = 0; i < static_cast<int>(api::wrong_keys_burst); ++i)
    REQUIRE(guess_from("2001:db8::" + std::to_string(i % 2)) == 401);

  CHECK(guess_from("2001:db8::17") == 429);
  CHECK(guess_from("2001:db8:0:1::1") == 401);
  for (int i = 0; i < 5'000; ++i)
    guess_from("198." + std::to_string(i / 250) + ".100." + std::to_string(i % 250));
  CHECK(guess_from("2001:db8::1") == 429);
}

TEST_CASE("a key makes as many calls as it may, and waits then") {
  api_world world;
  world.chat.has_prices(10, 3);

  for (int i = 0; i < 3; ++i) CHECK(api_world::told(*world.call("GET", "/node")).first == 200);
  const auto late = world.call("GET", "/node");
  world.chat.clock += std::chrono::milliseconds{100};

  CHECK(api_world::told(*late) == answered{429, "rate_limited"});
  CHECK(json::parse(late->answer->body)["retry_after_ms"] == 100);
  CHECK(api_world::told(*world.call("GET", "/node")).first == 200);
}

TEST_CASE("a call that asks for much is more than one") {
  api_world world;
  world.chat.has_prices(1, 10);
  const auto next = [&] { return api_world::told(*world.call("GET", "/node")); };
  const auto wait_out = [&](int seconds) { world.chat.clock += std::chrono::seconds{seconds}; };
  std::string body = R"({"items":[)";
  for (int i = 0; i < 220; ++i) body += std::string{i ? "," : ""} + R"({"room":"a","from":"b","text":"x"})";
  body += "]}";

  REQUIRE(!world.call("POST", "/publish", body)->answer);  // 200 is the burst
  CHECK(next() == answered{429, "rate_limited"});
  wait_out(2);
  CHECK(next().first == 200);

  rooms::kept heavy{seq_no{1}, unix_ms{1}, 1, {}, {}};
  heavy.weight = 11'001;
  wait_out(100);
  world.call("DELETE", "/rooms/a/messages/1");
  std::vector<rooms::brief> all(220, rooms::brief{rooms::unchanged{}});
  world.chat.settle(std::move(all));
  CHECK(next().first == 200);
  world.chat.settle({heavy});
  CHECK(next() == answered{429, "rate_limited"});
  wait_out(541);  // of 11,001 the burst is left out
  CHECK(next().first == 200);

  for (int i = 0; i < 2; ++i) world.call("GET", "/rooms/a/messages", {}, {}, "limit=1000");
  CHECK(next() == answered{429, "rate_limited"});
  wait_out(10);
  CHECK(next().first == 200);
}

TEST_CASE("values of a body are paid for, also where it is refused") {
  api_world world;
  world.chat.has_prices(1, 10);  // 500 values a second, 5,000 at once
  std::string body = R"({"items":[0)";
  for (int i = 0; i < 5'500; ++i) body += ",0";
  body += "]}";

  CHECK(api_world::told(*world.call("POST", "/publish", body)) == answered{400, "bad_request"});
  CHECK(api_world::told(*world.call("GET", "/node")) == answered{429, "rate_limited"});
  world.chat.clock += std::chrono::seconds{2};
  CHECK(api_world::told(*world.call("GET", "/node")).first == 200);
}

TEST_CASE("as many operations are under way as may, and not one more") {
  api_world world;
  world.chat.has_prices(0, 1);
  std::string body = R"({"items":[)";
  for (int i = 0; i < 1'000; ++i) body += std::string{i ? "," : ""} + R"({"room":"a","from":"b","text":"x"})";
  body += "]}";
  constexpr auto batches = api::operations_in_flight_max / 1'000;

  for (std::size_t i = 0; i < batches; ++i)
    REQUIRE(!world.call("POST", "/publish", body)->answer);
  CHECK(api_world::told(*world.call("POST", "/rooms/a/messages", said)) == answered{503, "unavailable"});
  world.chat.settle(std::vector<rooms::brief>(1'000, rooms::brief{rooms::unchanged{}}));
  CHECK(!world.call("POST", "/rooms/a/messages", said)->answer);
}

TEST_CASE("as many bytes of operations are under way as may, and not one more") {
  api_world world;
  world.chat.has_prices(0, 1);
  std::string body = R"({"message":{"from":"bot","text":"x","data":{"x":")" + std::string(10'000, 'x') +
                     R"("}},"rooms":[)";
  for (int i = 0; i < 1'000; ++i) body += std::string{i ? "," : ""} + "\"r" + std::to_string(i) + "\"";
  body += "]}";
  const auto broadcast = [&] { return api_world::told(*world.call("POST", "/broadcast", body)); };

  SECTION("of the API") {
    std::size_t taken = 0;
    while (broadcast().first == 0) ++taken;
    CHECK(taken >= 4);
    CHECK(taken < 7);
    CHECK(broadcast() == answered{503, "unavailable"});
    CHECK(world.chat.held <= api::operation_bytes_in_flight_max);
  }
  SECTION("of all that is in flight") {
    world.chat.held_max = 5'000'000;
    CHECK(broadcast() == answered{503, "unavailable"});
    world.chat.held_max = limits::bytes_in_flight_of_all_max;
    CHECK(broadcast().first == 0);
  }
  while (!world.chat.waiting.empty())
    world.chat.settle(std::vector<rooms::brief>(1'000, rooms::brief{rooms::unchanged{}}));
  CHECK(world.chat.held == 0);
  CHECK(broadcast().first == 0);
}

TEST_CASE("of a key as many streams are open as may, and not one more") {
  api_world world;
  auto& service = *world.service;

  for (std::size_t i = 0; i < api::streams_max; ++i) REQUIRE(service.take_stream("shop"));
  CHECK(!service.take_stream("shop"));
  CHECK(service.take_stream("other"));
  service.give_stream("shop");
  CHECK(service.take_stream("shop"));
  CHECK(!service.take_stream("shop"));
}

TEST_CASE("calls that read and wait hold bytes, and where these are too many they are told so") {
  api_world world;
  world.chat.holds_reads = true;
  world.chat.held_max = 5'000;
  const auto page = world.call("GET", "/rooms/general/messages");
  const auto poll = world.call("GET", "/feed");

  CHECK((!page->answer && !poll->answer));
  CHECK(api_world::told(*world.call("GET", "/rooms/general/messages")) == answered{503, "unavailable"});
  const auto refused = world.call("GET", "/feed");
  CHECK(api_world::told(*refused) == answered{503, "unavailable"});
  CHECK(refused->answer->headers.back() == std::pair<std::string, std::string>{"Retry-After", "1"});

  world.chat.serve(nullptr);
  CHECK(page->answer);
  CHECK(!world.call("GET", "/rooms/general/messages")->answer);
}

TEST_CASE("a poll that is woken and finds no place in the line comes again, and says at the end that there is nothing") {
  using namespace std::chrono_literals;
  const auto log = journal::open_memory();
  const auto reader = log->make_reader();
  api_world world;
  world.chat.holds_reads = true;
  const auto heard = world.call("GET", "/feed", {}, {}, "wait_ms=1000");

  world.chat.serve(reader.get());  // nothing yet
  REQUIRE(world.chat.feed_waits.size() == 1);
  CHECK(world.chat.feed_waits.front().first == 1000ms);
  world.chat.clock += 950ms;
  world.chat.wake(7);
  world.chat.serve(nullptr);
  REQUIRE(world.chat.feed_waits.size() == 1);
  CHECK(world.chat.feed_waits.front().first == 50ms);
  CHECK(!heard->answer);
  world.chat.clock += 50ms;
  world.chat.wake(7);
  world.chat.serve(nullptr);

  REQUIRE(heard->answer);
  CHECK(heard->answer->status == 200);
  CHECK(json::parse(heard->answer->body)["items"].empty());
}

TEST_CASE("polls that are woken look as often as their key may, and the others wait") {
  using namespace std::chrono_literals;
  const auto log = journal::open_memory();
  const auto reader = log->make_reader();
  api_world world;
  world.chat.has_prices(10, 10);  // 1,000 rows a second, and at once
  world.chat.holds_reads = true;
  std::vector<std::shared_ptr<heard>> polls;
  for (int i = 0; i < 10; ++i) {
    polls.push_back(world.call("GET", "/feed"));
    world.chat.serve(reader.get());  // each pays for a row
  }
  REQUIRE(world.chat.feed_waits.size() == 10);

  for (int i = 0; i < 10; ++i) world.chat.wake(7);
  CHECK(world.chat.reads.size() == 9);
  REQUIRE(world.chat.feed_waits.size() == 1);
  CHECK(world.chat.feed_waits.front().first == 100ms);
  world.chat.clock += 100ms;
  world.chat.wake(7);

  CHECK(world.chat.reads.size() == 10);
  CHECK(!polls.back()->answer);
}

TEST_CASE("a poll that has said nothing yet is told that it finds no place") {
  api_world world;
  world.chat.holds_reads = true;
  const auto at_once = world.call("GET", "/feed", {}, {}, "wait_ms=0");

  world.chat.serve(nullptr);

  CHECK(api_world::told(*at_once) == answered{503, "unavailable"});
  CHECK(world.chat.held == 0);
}

TEST_CASE("nothing is read for a caller who has gone") {
  api_world world{"read"};
  const auto there = world.call("GET", "/rooms/general/messages");
  CHECK(api_world::told(*there) == answered{503, "unavailable"});  // the test's journal can't be read
  CHECK_FALSE(world.chat.still_wanted());  // it is answered

  fake_exchange left;
  left.said_path = "/rooms/general/messages";
  left.headers.emplace_back("authorization", "Bearer " + world.key);
  left.into->gone = true;
  const auto into = left.into;
  world.service->handle(std::make_shared<fake_exchange>(left));
  CHECK_FALSE(into->answer);
}

TEST_CASE("a cursor is of one journal and one kind of page") {
  api_world world;
  api::call of;
  const auto place = [&](std::string text) {
    of.query = {{"cursor", std::move(text)}};
    return world.service->place_in(of, 'm');
  };

  CHECK(std::get<std::string>(place(world.service->cursor_of('m', "b17"))) == "b17");
  CHECK(std::get<api::problem>(place(world.service->cursor_of('f', "17"))).status == 400);
  CHECK(std::get<api::problem>(place("b2xkbG9nLTFtYjE3")).status == 410);
  CHECK(std::get<api::problem>(place("!")).status == 400);
}

TEST_CASE("a search is in the rooms of the key, and tells what the codec does not like") {
  api_world world{"read", "rooms=team-*"};
  const auto search = [&](std::string body) { return world.call("POST", "/search", std::move(body)); };

  CHECK(api_world::told(*search(R"({"query":"plan"})")) == answered{403, "forbidden"});
  world.chat.can_search = true;
  CHECK(api_world::told(*search(R"({"query":"plan"})")) == answered{503, "unavailable"});
  CHECK(places_of(*search(R"({"query":" ","after":"x"})")) == std::vector<std::string>{"/query"});
  world.chat.finds.emplace();
  world.chat.finds->page.next = "17";
  const auto found = search(R"({"query":"plan","rooms":["team-a"],"from":"bob","has":"attachment","limit":5,"after":"9"})");

  CHECK(found->answer->status == 200);
  CHECK(found->answer->body == R"({"hits":[],"next":"17","upto_at":0})");
  CHECK(world.chat.searched.query == "plan");
  CHECK(world.chat.searched.after == seq_no{9});
  CHECK(world.chat.searched.limit == 5);
  CHECK(world.chat.searched_in(room_id::trusted("team-a")));
  CHECK_FALSE(world.chat.searched_in(room_id::trusted("other")));
}
