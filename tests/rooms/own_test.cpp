// One's own settings of a room: who has them, and what ends them.

#include "rooms/own.hpp"

#include "tests/rooms/map_source.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

operation set(own_change change, const user_id& from = bob) {
  return {general, author(from), "", set_own{std::move(change)}};
}
operation read(std::uint64_t upto, const user_id& from = bob) {
  return {general, author(from), "", move_marker{seq_no{upto}}};
}
own_change unread(bool on = true) { return {{}, {}, on, {}, {}}; }
own_change hidden(bool on = true) { return {{}, {}, {}, on, {}}; }
own_change notify(notify_level level, std::int64_t until = 0) {
  return {level, unix_ms{until}, {}, {}, {}};
}

/// Bob is a member from entry 1 on, and a message follows.
struct with_bob : fixture {
  with_bob() {
    decide(create());
    decide({general, author(bob), "", become_member{}});
    decide(post("two"));
  }
  kept_own own() { return from.own(*from.room(general), bob); }
  own_settings now(std::int64_t at = 1000) {
    return in_force(own(), from.room(general)->counted, unix_ms{at});
  }
  std::optional<error_code> refusal_of(operation asked) {
    const auto made = decide(std::move(asked));
    const auto* no = std::get_if<refused>(&made);
    return no ? std::optional{no->code} : std::nullopt;
  }
};

}  // namespace

TEST_CASE("only who belongs to a room has settings of it, whatever a token says") {
  with_bob f;
  auto by_admin = set(unread(), carol);
  by_admin.by.admin = true;
  auto elsewhere = set(unread());
  elsewhere.room = room_id::trusted("none");

  CHECK(f.refusal_of(set(unread(), carol)) == error_code::not_member);
  CHECK(f.refusal_of(by_admin) == error_code::not_member);
  CHECK(f.refusal_of(elsewhere) == error_code::no_such_room);
  auto by_reader = set(unread());
  by_reader.by.token = role::reader;
  by_reader.by.joined = false;
  CHECK(std::holds_alternative<own_set>(f.decide(by_reader)));
}

TEST_CASE("a change names what it changes, and what is so already changes nothing") {
  with_bob f;

  f.decide(set(notify(notify_level::none)));
  f.decide(set(unread()));
  CHECK(f.now() == own_settings{notify_level::none, {}, true, false, true});
  CHECK(std::holds_alternative<unchanged>(f.decide(set(unread()))));
  f.decide(set({{}, {}, false, {}, false}));
  CHECK(f.now() == own_settings{notify_level::none, {}, false, false, false});
  f.decide(set({notify_level::mentions, {}, {}, {}, true}));
  CHECK(f.now() == own_settings{notify_level::mentions, {}, false, false, true});
}

TEST_CASE("whoever reads wishes the room unread no longer, also where all is read") {
  with_bob f;
  f.decide(set(unread()));

  const auto moved = std::get<marker_moved>(f.decide(read(2)));
  CHECK(moved.read == seq_no{2});
  REQUIRE(moved.own);
  CHECK_FALSE(moved.own->set.marked);
  f.decide(set(unread()));
  CHECK(f.now().marked);
  CHECK(std::holds_alternative<own_set>(f.decide(read(1))));
  CHECK_FALSE(f.now().marked);
  CHECK(std::holds_alternative<unchanged>(f.decide(read(1))));
  CHECK_FALSE(std::get<marker_moved>((f.decide(post("three")), f.decide(read(3)))).own);
}

TEST_CASE("a room is hidden until the next message that counts") {
  with_bob f;
  f.decide(set(hidden()));
  auto quiet = post("quiet");
  std::get<post_message>(quiet.what).where.quiet = true;
  f.decide(quiet);
  f.decide(react(2));
  CHECK(f.now().hidden);
  CHECK(std::holds_alternative<unchanged>(f.decide(set(hidden()))));

  f.decide(post("three"));
  CHECK_FALSE(f.now().hidden);
  CHECK(std::holds_alternative<own_set>(f.decide(set(hidden()))));
  CHECK(f.now().hidden);
  f.decide(set(hidden(false)));
  CHECK_FALSE(f.now().hidden);
}

TEST_CASE("a level of notifications may end by time, and another is for good again") {
  with_bob f;
  f.decide(set(notify(notify_level::none, 5000)));
  CHECK(f.now(4999).is_silent());
  CHECK(f.now(5000) == own_settings{});

  f.decide(set(unread()), 5000);
  CHECK(f.own().set == own_settings{{}, {}, true, false, true});
  f.decide(set(notify(notify_level::none, 9000)), 5000);
  f.decide(set(notify(notify_level::none)), 5000);
  CHECK(f.now(9000).is_silent());
}

TEST_CASE("what is kept of own settings says all of them") {
  for (const bool marked : {false, true})
    for (const bool receipts : {false, true})
      for (const std::int64_t until : {std::int64_t{0}, std::int64_t{1'763'790'000'123}})
        for (int level = -1; level < 3; ++level)
          for (const std::int64_t counted : {-1, 0, 1, 1'000'000'007}) {
            kept_own own;
            own.set = {level < 0 ? std::nullopt : std::optional{static_cast<notify_level>(level)},
                       unix_ms{until}, marked, counted >= 0, receipts};
            own.counted = counted < 0 ? 0 : static_cast<std::uint64_t>(counted);

            const auto kept = to_mark(bob, general, own);

            CHECK(kept.of == mark::kind::own_settings);
            CHECK(kept.subject == "general");
            CHECK(own_of(kept.value, kept.text) == own);
          }
  CHECK(to_mark(bob, general, {}).value == 0);
  CHECK(own_of(0, "") == kept_own{});
}
