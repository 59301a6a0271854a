// Read markers: who has one, and where it may go.

#include "tests/rooms/map_source.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

operation move(std::uint64_t upto, const user_id& from, const room_id& room = general) {
  return {room, author(from), "", move_marker{seq_no{upto}}};
}
operation become(const user_id& from) { return {general, author(from), "", become_member{}}; }

std::optional<error_code> refusal_of(const decision& made) {
  const auto* no = std::get_if<refused>(&made);
  return no ? std::optional{no->code} : std::nullopt;
}

/// Bob is a member from entry 1 on, and two messages follow.
struct with_bob : fixture {
  with_bob() {
    decide(create());
    decide(become(bob));
    decide(post("two"));
    decide(post("three"));
  }
};

}  // namespace

TEST_CASE("a marker only grows, from where one became a member up to the head") {
  with_bob f;

  CHECK(std::holds_alternative<unchanged>(f.decide(move(1, bob))));
  CHECK(std::get<marker_moved>(f.decide(move(2, bob))) == marker_moved{bob, seq_no{2}});
  CHECK(std::holds_alternative<unchanged>(f.decide(move(2, bob))));
  CHECK(std::get<marker_moved>(f.decide(move(99, bob))) == marker_moved{bob, seq_no{3}});
  CHECK(std::holds_alternative<unchanged>(f.decide(move(99, bob))));
}

TEST_CASE("only who belongs to a room has a marker, whatever a token says") {
  with_bob f;
  auto by_token = move(3, carol);
  by_token.by.token = role::owner;
  auto by_admin = move(3, carol);
  by_admin.by.admin = true;

  CHECK(refusal_of(f.decide(move(3, carol))) == error_code::not_member);
  CHECK(refusal_of(f.decide(by_token)) == error_code::not_member);
  CHECK(refusal_of(f.decide(by_admin)) == error_code::not_member);
  CHECK(refusal_of(f.decide(move(3, bob, room_id::trusted("none")))) == error_code::no_such_room);
}

TEST_CASE("a token that is a ceiling still reads") {
  with_bob f;
  auto reading = move(3, bob);
  reading.by.token = role::reader;
  reading.by.joined = false;

  CHECK(std::holds_alternative<marker_moved>(f.decide(reading)));
}

TEST_CASE("a marker leaves no entry, and what follows it has the next number") {
  with_bob f;
  f.decide(move(3, bob));

  const auto next_one = std::get<appended>(f.decide(post("four")));

  CHECK(next_one.entries.front().seq == seq_no{4});
}
