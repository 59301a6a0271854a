#include "actors/inbox_watches.hpp"

#include "protocol/limits.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <random>
#include <set>
#include <string>

using namespace confab;
using namespace confab::actors;

namespace {

room_id room(int number) { return room_id::trusted("room" + std::to_string(number)); }
user_id user(int number) { return user_id::trusted("user" + std::to_string(number)); }
session_id session(std::uint64_t number) { return session_id{number}; }
const auto always = [](session_id) { return true; };
const auto nothing = [](session_id, const message::inbox&) { FAIL("told without a reader"); };

inbox_watches::counted counted(const room_id& of, std::uint64_t unread, std::uint64_t mentions = 0) {
  return {of, seq_no{10}, seq_no{1}, unread, mentions};
}
inbox_change everyones(const room_id& room) {
  inbox_change made;
  made.room = room;
  made.everyones = true;
  return made;
}
inbox_change for_one(const room_id& room, const user_id& user) {
  inbox_change made;
  made.room = room;
  made.users = {user};
  return made;
}
inbox_change said(const room_id& room, std::uint64_t seq, const user_id& from) {
  inbox_change made;
  made.room = room;
  made.messages = {{seq_no{seq}, from}};
  made.last = message::inbox_last{seq_no{seq}, unix_ms{static_cast<std::int64_t>(seq)}, from, "text", 0};
  return made;
}

message::inbox_row row(const room_id& of, std::uint64_t unread, std::uint64_t mentions = 0) {
  message::inbox_row made;
  made.room = of;
  made.head = seq_no{10};
  made.read = seq_no{1};
  made.unread = unread;
  made.mentions = mentions;
  return made;
}
message::inbox_row gone(const room_id& of) {
  message::inbox_row made;
  made.room = of;
  made.gone = "left";
  return made;
}

}  // namespace

TEST_CASE("a room that changes often is one mark, and is asked for once") {
  inbox_watches watches;
  steady_time now{};
  watches.open(session(1), user(1));
  watches.begin(session(1), 5, "j.5", {counted(room(1), 2, 1), counted(room(2), 0)}, now);
  CHECK_FALSE(watches.deadline());
  for (std::uint64_t position = 6; position < 100; ++position)
    watches.take(position, {everyones(room(1))}, now);

  REQUIRE(watches.deadline() == now + limits::inbox_gather);
  CHECK(watches.on_time(now, always, nothing).empty());
  now += limits::inbox_gather;
  const auto asked = watches.on_time(now, always, nothing);

  REQUIRE(asked.size() == 1);
  CHECK(asked[0].rooms == std::vector{room(1)});
  CHECK(asked[0].position == 99);
  CHECK(asked[0].whole);
  const auto told = watches.answer(asked[0], "j.99", std::vector{row(room(1), 7, 2)}, now);
  REQUIRE(told);
  CHECK(told->as_of == "j.99");
  CHECK(told->sum == message::totals{1, 7, 2});
  CHECK_FALSE(watches.deadline());
}

TEST_CASE("messages that name nobody are counted without a reader, but for their authors") {
  inbox_watches watches;
  steady_time now{};
  std::map<std::uint64_t, message::inbox> told;
  const auto tell = [&](session_id who, message::inbox what) { told[who.value()] = std::move(what); };
  for (int i = 1; i <= 2; ++i) {
    watches.open(session(static_cast<std::uint64_t>(i)), user(i));
    watches.begin(session(static_cast<std::uint64_t>(i)), 5, "j.5", {counted(room(1), 2, 1), counted(room(2), 3)}, now);
  }
  // The first of these was there when the window was read.
  for (std::uint64_t seq = 10; seq <= 13; ++seq)
    watches.take(seq, {said(room(1), seq, user(seq == 12 ? 2 : 7))}, now);
  now += limits::inbox_gather;

  const auto asked = watches.on_time(now, always, tell);

  REQUIRE(asked.size() == 1);
  CHECK(asked[0].session == session(2));
  REQUIRE(told.size() == 1);
  const auto& event = told[1];
  REQUIRE(event.rows.size() == 1);
  const auto& shown = event.rows[0];
  CHECK(shown.room == room(1));
  CHECK(shown.head == seq_no{13});
  CHECK(shown.read == seq_no{1});
  CHECK(shown.unread == 5);
  CHECK(shown.mentions == 1);
  CHECK(shown.last->seq == seq_no{13});
  CHECK(event.as_of == "j.13");
  CHECK(event.sum == message::totals{2, 8, 1});
}

TEST_CASE("what a row that was read has counted is not counted again, and one that is behind is read again") {
  inbox_watches watches;
  steady_time now{};
  std::vector<message::inbox> told;
  const auto tell = [&](session_id, message::inbox what) { told.push_back(std::move(what)); };
  watches.open(session(1), user(1));
  watches.begin(session(1), 5, "j.5", {counted(room(1), 0)}, now);
  watches.take(6, {for_one(room(1), user(1))}, now);
  now += limits::inbox_gather;
  auto asked = watches.on_time(now, always, tell);
  REQUIRE(asked.size() == 1);
  watches.take(7, {said(room(1), 11, user(7)), said(room(1), 12, user(7))}, now);
  auto ahead = row(room(1), 2);
  ahead.head = seq_no{12};
  REQUIRE(watches.answer(asked[0], "j.6", std::vector{ahead}, now));
  now += limits::inbox_gather;
  CHECK(watches.on_time(now, always, tell).empty());
  CHECK(told.empty());

  watches.take(8, {for_one(room(1), user(1))}, now);
  now += limits::inbox_gather;
  asked = watches.on_time(now, always, tell);
  REQUIRE(asked.size() == 1);
  watches.take(9, {said(room(1), 13, user(7))}, now);
  now += limits::inbox_gather;
  CHECK(watches.on_time(now, always, tell).empty());
  REQUIRE(told.size() == 1);
  CHECK(told[0].rows[0].unread == 3);
  CHECK(told[0].as_of == "j.6");  // what was asked for is not told yet
  REQUIRE(watches.answer(asked[0], "j.8", std::vector{ahead}, now));
  now += limits::inbox_gather;
  CHECK(watches.on_time(now, always, tell).size() == 1);
}

TEST_CASE("while one answer is awaited nothing else is asked, and what comes meanwhile is asked next") {
  inbox_watches watches;
  steady_time now{};
  watches.open(session(1), user(1));
  watches.begin(session(1), 0, "j.0", {counted(room(1), 0)}, now);
  watches.take(1, {everyones(room(1))}, now);
  now += limits::inbox_gather;
  const auto first = watches.on_time(now, always, nothing);
  REQUIRE(first.size() == 1);
  watches.take(2, {everyones(room(1))}, now);
  now += limits::inbox_gather;
  CHECK(watches.on_time(now, always, nothing).empty());

  REQUIRE(watches.answer(first[0], "j.1", std::vector{row(room(1), 1)}, now));
  now += limits::inbox_gather;

  const auto second = watches.on_time(now, always, nothing);
  REQUIRE(second.size() == 1);
  CHECK(second[0].position == 2);
}

TEST_CASE("what could not be read, or may not be written yet, stays marked") {
  inbox_watches watches;
  steady_time now{};
  watches.open(session(1), user(1));
  watches.begin(session(1), 0, "j.0", {counted(room(1), 0)}, now);
  watches.take(1, {everyones(room(1)), for_one(room(9), user(1))}, now);
  now += limits::inbox_gather;
  CHECK(watches.on_time(now, [](session_id) { return false; }, nothing).empty());
  now += limits::inbox_gather;
  const auto asked = watches.on_time(now, always, nothing);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].rooms.size() == 2);

  CHECK_FALSE(watches.answer(asked[0], "", {}, now));

  now += limits::inbox_gather;
  const auto again = watches.on_time(now, always, nothing);
  REQUIRE(again.size() == 1);
  CHECK(again[0].rooms.size() == 2);
}

TEST_CASE("what changes while the first window is read is asked for, also where too much does") {
  inbox_watches watches;
  steady_time now{};
  const int many = GENERATE(10, 20'000);
  watches.open(session(1), user(1));
  watches.take(7, {everyones(room(1))}, now);
  for (int i = 0; i < many; ++i) watches.take(8, {everyones(room(100 + i))}, now);

  watches.begin(session(1), 6, "j.6", {counted(room(1), 0), counted(room(2), 0)}, now);

  now += limits::inbox_gather;
  const auto asked = watches.on_time(now, always, nothing);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].rooms.front() == room(1));
  CHECK(asked[0].rooms.size() == (many > 10'000 ? 2 : 1));
}

TEST_CASE("whatever comes and goes, the sums are those of the rooms, and nothing is left behind") {
  std::mt19937_64 dice{5};
  inbox_watches watches;
  steady_time now{};
  std::map<std::uint64_t, std::map<room_id, std::uint64_t>> known;
  std::uint64_t position = 0;
  for (int step = 0; step < 5'000; ++step) {
    const auto who = 1 + dice() % 6;
    switch (dice() % 8) {
      case 0:
        watches.close(session(who));
        known.erase(who);
        break;
      case 1: {
        if (known.contains(who)) break;
        watches.open(session(who), user(static_cast<int>(who % 3)));
        std::vector<inbox_watches::counted> rooms;
        for (int i = 0; i < 8; ++i)
          if (dice() % 2) {
            known[who][room(i)] = dice() % 3;
            rooms.push_back(counted(room(i), known[who][room(i)]));
          }
        known[who];
        watches.begin(session(who), position, "j", rooms, now);
        break;
      }
      case 2:
        now += limits::inbox_gather;
        for (const auto& asked : watches.on_time(now, always, nothing)) {
          auto& own = known.at(asked.session.value());
          std::vector<message::inbox_row> rows;
          CHECK(std::set(asked.rooms.begin(), asked.rooms.end()).size() == asked.rooms.size());
          for (const auto& one : asked.rooms) {
            if (dice() % 4 == 0) {
              rows.push_back(gone(one));
              own.erase(one);
            } else {
              rows.push_back(row(one, own[one] = dice() % 3));
            }
          }
          const auto told = watches.answer(asked, "j", rows, now);
          REQUIRE(told);
          message::totals sum;
          for (const auto& [id, unread] : own) sum.rooms += unread > 0, sum.unread += unread;
          CHECK(told->sum == sum);
        }
        break;
      default:
        const auto place = room(static_cast<int>(dice() % 8));
        watches.take(++position,
                     {dice() % 2 ? everyones(place) : for_one(place, user(static_cast<int>(dice() % 3)))},
                     now);
    }
  }
  for (std::uint64_t who = 1; who <= 6; ++who) watches.close(session(who));
  CHECK(watches.empty());
  CHECK(watches.rooms() == 0);
}
