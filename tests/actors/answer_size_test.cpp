// No answer is larger than half an outbox, whatever is in it (SEMANTICS §2): a client that asks for much
// must not be closed for reading slowly.

#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace confab;
using namespace confab::test;

namespace {

/// A character of which JSON makes two.
std::string escaped(std::size_t bytes) { return std::string(bytes, '"'); }
std::string long_id(std::size_t i) {
  auto id = "u" + std::to_string(i) + ".";
  return id + std::string(128 - id.size(), 'x');
}

std::size_t largest_frame(const client& who) {
  std::size_t largest = 0;
  for (const auto& one : who.sink->frames) largest = std::max(largest, one->size());
  return largest;
}

/// It has to be much, or nothing was tried.
void check_sizes(const client& who) {
  CHECK_FALSE(who.closed());
  CHECK(largest_frame(who) <= limits::outbox_bytes_max / 2);
  CHECK(largest_frame(who) > limits::page_bytes_max / 2);
}

/// All pages of a list: how many elements it has.
std::size_t count_of_pages(client& who, json command, const std::string& list) {
  std::size_t count = 0;
  for (int pages = 0; pages < 100; ++pages) {
    const auto page = who.ask(command);
    INFO(page.dump().substr(0, 200));
    REQUIRE(page["type"] == command["type"]);
    count += page[list].size();
    if (!page["more"].get<bool>()) return count;
    command["after"] = page["next"];
  }
  FAIL("the list does not end");
  return count;
}

rooms::operation profile_of(const std::string& user, std::optional<free_data> data) {
  return {rooms::server_room, rooms::server_principal(), {},
          rooms::set_user{user_set{user_id::trusted(user), escaped(limits::name_bytes_max),
                                   std::move(data), false}}};
}

/// Alice's room, of which Bob is a member, with a hundred of the largest messages. Nobody has opened it.
struct full_room {
  static constexpr std::size_t messages = 100;

  explicit full_room(bool threads_and_pins = false) {
    std::vector<rooms::operation> batch{
        wanted_by("alice", "big", rooms::create_room{epoch_id{"e"}, {}, rooms::create_room::founding{}}),
        wanted_by("bob", "big", rooms::become_member{})};
    const std::uint64_t first = batch.size() + 1;
    for (std::size_t i = 0; i < messages; ++i) {
      rooms::post_message post;
      post.what.text = escaped(limits::text_bytes_max);
      post.what.mentions.users = {user_id::trusted("bob")};
      batch.push_back(wanted_by("alice", "big", std::move(post)));
    }
    for (auto root = first; threads_and_pins && root < first + messages; ++root) {
      rooms::post_message reply{{"r", {}}};
      reply.where.thread = seq_no{root};
      batch.push_back(wanted_by("alice", "big", std::move(reply)));
      batch.push_back(wanted_by("alice", "big", rooms::set_pin{seq_no{root}, true}));
    }
    world.commit(std::move(batch));
  }
  static json asks(const std::string& type) { return {{"type", type}, {"room", "big"}}; }

  actor_world world;
  client& alice = world.guest("alice");
  client& bob = world.guest("bob");
};

}  // namespace

TEST_CASE("history of escaped texts fits, and goes on") {
  full_room in;
  in.alice.join("big");
  auto command = in.asks("history");
  command["limit"] = limits::history_count_max;

  std::size_t count = 0;
  for (;;) {
    const auto page = in.alice.ask(command);
    REQUIRE(page["type"] == "history");
    REQUIRE_FALSE(page["events"].empty());
    count += page["events"].size();
    if (!page["more"].get<bool>()) break;
    command["before"] = page["events"][0]["seq"];
  }

  CHECK(count == full_room::messages);
  check_sizes(in.alice);
}

TEST_CASE("history of messages with many reactions fits") {
  actor_world world;
  world.fill("big", limits::history_count_max, "x");
  std::vector<rooms::operation> batch;
  for (std::uint64_t seq = 1; seq <= limits::history_count_max; ++seq)
    for (char emoji = '!'; emoji < '!' + 64; ++emoji)
      for (const auto* user : {"u1", "u2", "u3"})
        batch.push_back(wanted_by(user, "big",
                                  rooms::set_reaction{seq_no{seq}, std::string(1, emoji), true}));
  world.commit(std::move(batch));

  auto& alice = world.guest("alice");
  alice.join("big");
  const auto page = alice.ask(
      {{"type", "history"}, {"room", "big"}, {"limit", limits::history_count_max}});

  REQUIRE(page["type"] == "history");
  CHECK(page["more"] == true);
  CHECK(page["events"][0]["reactions"].size() == 64);
  check_sizes(alice);
}

TEST_CASE("threads and pins of escaped texts fit, and go on") {
  full_room in{true};

  auto threads = in.asks("threads");
  threads["limit"] = limits::history_count_max;
  CHECK(count_of_pages(in.alice, threads, "events") == full_room::messages);
  CHECK(count_of_pages(in.alice, in.asks("pins"), "pins") == full_room::messages);

  check_sizes(in.alice);
}

TEST_CASE("what joining brings, and a catch-up, fit") {
  full_room in;
  auto& carol = in.world.guest("carol");

  CHECK(carol.join("big")["type"] == "joined");
  check_sizes(carol);
  CHECK(in.bob.join("big", 0, "e")["gap"] == false);
  std::size_t count = 0;
  for (const auto& frame : in.bob.received())
    if (frame.contains("events"))
      for (const auto& event : frame["events"]) count += event["type"] == "message";
  CHECK(count == full_room::messages);
  check_sizes(in.bob);
}

TEST_CASE("mentions of escaped texts fit, and go on") {
  full_room in;

  CHECK(count_of_pages(in.bob, {{"type", "mentions"}, {"limit", limits::mentions_page_count_max}},
                       "mentions") == full_room::messages);

  check_sizes(in.bob);
}

TEST_CASE("users with as much data as they may have fit, and go on") {
  actor_world world;
  auto& alice = world.guest("alice");
  const free_data data{R"({"a":")" + std::string(8'000, 'x') + R"("})"};
  std::vector<rooms::operation> batch;
  auto ids = json::array();
  for (std::size_t i = 0; i < limits::users_count_max; ++i) {
    batch.push_back(profile_of(long_id(i), data));
    // The list goes on behind those who are left out, too.
    ids.push_back(i % 10 == 0 ? "nobody" + std::to_string(i) : long_id(i));
  }
  world.commit(std::move(batch));

  CHECK(count_of_pages(alice, {{"type", "users"}, {"ids", ids}}, "users") ==
        limits::users_count_max * 9 / 10);
  check_sizes(alice);

  const auto beyond = alice.ask({{"type", "users"}, {"ids", ids}, {"after", "100000"}});
  CHECK(beyond["users"].empty());
  CHECK(beyond["more"] == false);
}

TEST_CASE("members, reactions, blocks, rooms and the inbox fit with the longest names") {
  actor_world world;
  std::vector<rooms::operation> batch{
      wanted_by("alice", "big", rooms::create_room{epoch_id{"e"}, {}, rooms::create_room::founding{}}),
      wanted_by("alice", "big", rooms::post_message{{"hi", {}}})};
  const seq_no message{batch.size()};
  for (std::size_t i = 0; i < limits::reactions_page_count_max; ++i) {
    const auto user = long_id(i);
    batch.push_back(wanted_by(user, "big", rooms::set_reaction{message, "+", true}));
    if (i >= limits::members_page_count_max) continue;
    batch.push_back(profile_of(user, {}));
    batch.push_back(wanted_by(user, "big", rooms::become_member{}));
  }
  room_settings settings;
  settings.title = escaped(limits::name_bytes_max);
  settings.topic = escaped(limits::topic_bytes_max);
  for (std::size_t i = 0; i < limits::inbox_page_count_max; ++i) {
    const auto room = "r" + std::to_string(i);
    batch.push_back(wanted_by("alice", room,
                              rooms::create_room{epoch_id{"e"}, {}, rooms::create_room::founding{settings, {}}}));
    batch.push_back(wanted_by("alice", room,
                              rooms::post_message{{escaped(limits::text_bytes_max), {}}}));
  }
  for (std::size_t i = 0; i < limits::blocks_max; ++i)
    batch.push_back({rooms::server_room, wanted_by("alice", "big", rooms::set_marks{}).by, {},
                     rooms::set_marks{{{user_id::trusted("alice"), long_id(i),
                                        rooms::mark::kind::block, 1, {}}}}});
  world.commit(std::move(batch));
  auto& alice = world.guest("alice");
  alice.join("big");

  const auto members = alice.ask({{"type", "members"}, {"room", "big"}, {"limit", 100}});
  CHECK(members["members"].size() == 100);
  const auto reactions = alice.ask(
      {{"type", "reactions"}, {"room", "big"}, {"target", message.value()}, {"emoji", "+"}});
  CHECK(reactions["users"].size() == limits::reactions_page_count_max);
  CHECK(alice.ask({{"type", "blocks"}})["users"].size() == limits::blocks_max);
  CHECK(alice.ask({{"type", "rooms"}})["rooms"].size() == limits::rooms_page_count_max);
  const auto inbox = alice.ask({{"type", "inbox"}, {"limit", limits::inbox_page_count_max}});
  CHECK(inbox["rooms"].size() == limits::inbox_page_count_max);

  check_sizes(alice);
}
