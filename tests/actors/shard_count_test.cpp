// Into how many shards a server is cut changes nothing of what it stores and refuses.

#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

/// What matters of an answer: not the names of sessions and rooms' epochs, which are random.
std::string told(const json& answer) {
  std::string out;
  for (const auto* field : {"type", "code", "seq", "at", "duplicate", "head"})
    if (answer.contains(field)) out += answer[field].dump() + " ";
  return out;
}

/// Hundreds of commands of four people in three rooms, one after the other, and at the end each
/// room's log: as one text.
std::string story(std::size_t shards, std::uint64_t seed) {
  std::mt19937_64 dice{seed};
  const auto pick = [&](std::uint64_t below) { return dice() % below; };
  world_options how;
  how.shards = shards;
  how.how.commands_per_second = 0;
  actor_world world{how};
  const std::vector<std::string> rooms{"r0", "r1", "r2"};
  std::vector<client*> people;
  for (const auto* name : {"ann", "bob", "cat", "dan"}) people.push_back(&world.guest(name));

  std::string out;
  for (int i = 0; i < 300; ++i) {
    auto& who = *people[pick(people.size())];
    const auto room = rooms[pick(rooms.size())];
    const auto target = 1 + pick(30);
    json command{{"room", room}};
    switch (pick(9)) {
      case 0:
        command["type"] = "leave";
        break;
      case 1:
      case 2:
        command["type"] = "join";
        break;
      case 3:
        command.update({{"type", "edit"}, {"target", target}, {"text", "edit"}});
        break;
      case 4:
        command.update({{"type", "delete"}, {"target", target}});
        break;
      case 5:
        command.update(
            {{"type", "react"}, {"target", target}, {"emoji", "+"}, {"on", pick(2) > 0}});
        break;
      case 6:
        command = {
            {"type", "direct"}, {"to", "cat"}, {"text", "psst"}, {"key", "d" + std::to_string(i)}};
        break;
      default:
        command.update(
            {{"type", "send"}, {"text", "said"}, {"key", "k" + std::to_string(pick(60))}});
    }
    out += told(who.ask(command)) + "\n";
    world.tick(std::chrono::milliseconds{pick(2'000)});
    world.settle();
  }
  auto& judge = world.guest("judge");
  for (const auto& room : rooms) out += judge.join(room, 0, "")["events"].dump() + "\n";
  for (const auto* room : {"dm:ann:cat", "dm:bob:cat", "dm:cat:dan"})
    for (const auto& entry : world.stored_log(room))
      out += entry.from.value() + " " + std::to_string(entry.at.value()) + "\n";
  CHECK(world.bugs.empty());
  return out;
}

}  // namespace

TEST_CASE(
    "the same commands come to the same entries and refusals on one shard, on two and on four") {
  const auto seed = GENERATE(1, 2, 3);
  const auto expected = story(1, seed);

  CHECK(expected.find("message") != std::string::npos);
  CHECK(expected.find("no_such_message") != std::string::npos);
  CHECK(story(2, seed) == expected);
  CHECK(story(4, seed) == expected);
}
