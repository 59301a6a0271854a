#include "actors/command_gate.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::actors;

namespace {

room_id room(const char* id) { return room_id::trusted(id); }
request send_to(const char* id, std::uint64_t ref) {
  return {ref_no{ref}, command::send{room(id), {}, {"hi", {}}}};
}
request typing_in(const char* id, std::uint64_t ref) {
  return {ref_no{ref}, command::typing{room(id), true}};
}
request join_of(const char* id, std::uint64_t ref) {
  return {ref_no{ref}, command::join{{room(id), {}, {}}}};
}

/// The ids of those that may start now.
std::vector<std::uint64_t> start_all(command_gate& gate) {
  std::vector<std::uint64_t> started;
  while (const auto next = gate.start_next({})) started.push_back(next->run.ref->value());
  return started;
}

using ids = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("messages and typing to one room run ahead together") {
  command_gate gate;
  gate.add(send_to("a", 1), true);
  gate.add(typing_in("a", 2), true);
  gate.add(send_to("a", 3), true);

  CHECK(start_all(gate) == ids{1, 2, 3});
}

TEST_CASE("a message to another room waits until the first room is done") {
  command_gate gate;
  gate.add(send_to("a", 1), true);
  gate.add(send_to("a", 2), true);
  gate.add(send_to("b", 3), true);
  REQUIRE(start_all(gate) == ids{1, 2});

  gate.finish(ticket_no{1});
  CHECK(start_all(gate).empty());

  gate.finish(ticket_no{2});
  CHECK(start_all(gate) == ids{3});
}

TEST_CASE("everything else runs alone") {
  command_gate gate;
  gate.add(join_of("a", 1), true);
  gate.add(join_of("b", 2), true);
  gate.add(send_to("b", 3), true);

  CHECK(start_all(gate) == ids{1});
  gate.finish(ticket_no{1});
  CHECK(start_all(gate) == ids{2});
  gate.finish(ticket_no{2});
  CHECK(start_all(gate) == ids{3});
}

TEST_CASE("a message does not overtake what waits before it") {
  command_gate gate;
  gate.add(send_to("a", 1), true);
  gate.add(join_of("a", 2), true);
  gate.add(send_to("a", 3), true);

  CHECK(start_all(gate) == ids{1});
}

TEST_CASE("finishing gives the command back once, in whatever order") {
  command_gate gate;
  gate.add(send_to("a", 7), true);
  gate.add(send_to("a", 8), false);
  REQUIRE(start_all(gate) == ids{7, 8});
  CHECK(gate.oldest()->ref->value() == 7);

  const auto second = gate.finish(ticket_no{2});
  REQUIRE(second);
  CHECK(second->ref->value() == 8);
  CHECK_FALSE(second->counted);
  CHECK_FALSE(gate.finish(ticket_no{2}));
  CHECK(gate.find(ticket_no{1}) != nullptr);
  CHECK(gate.find(ticket_no{2}) == nullptr);
  CHECK_FALSE(gate.empty());

  gate.finish(ticket_no{1});
  CHECK(gate.empty());
  CHECK(gate.oldest() == nullptr);
}
