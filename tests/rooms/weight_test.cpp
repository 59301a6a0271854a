// What an operation takes away has a weight, and none takes away too much at once.

#include "tests/rooms/chat.hpp"

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

std::size_t weight(const decision& made) { return std::get<appended>(made).weight; }

/// A room with messages of so many edits and reactions.
struct heavy_room : chat {
  std::uint64_t say_heavy(std::uint32_t edits, std::uint32_t reactions) {
    const auto seq = say();
    auto& message = from.rooms.at(general).messages.at(seq);
    message.edits = edits;
    message.reaction_entries = reactions;
    return seq;
  }
};

}  // namespace

TEST_CASE("an operation weighs its entries, and what goes with the messages that it takes away") {
  heavy_room in;
  const auto heavy = in.say_heavy(3, 40), light = in.say();

  CHECK(weight(in.decide(post("x"))) == 1);
  CHECK(weight(in.decide(edit(heavy))) == 1);
  CHECK(weight(in.decide(react(light))) == 1);
  CHECK(weight(in.decide(by_api(change(alice, make({bob, carol}, member_state::member))))) == 3);
  CHECK(weight(in.decide(erase({heavy, light}))) == 2 + 4 + 40 + 1);
}

TEST_CASE("a deletion of several messages weighs no more than one may, and that of one what it must") {
  heavy_room in;
  const auto half = static_cast<std::uint32_t>(weight_max / 2);
  const auto first = in.say_heavy(0, half - 1), second = in.say_heavy(0, half - 1);
  const auto third = in.say_heavy(1, half - 1), fourth = in.say_heavy(0, half - 1);
  const auto heaviest = in.say_heavy(edits_per_message_max, reaction_entries_per_message_max);

  const auto made = in.decide(erase({third, fourth}));
  CHECK(code(made) == error_code::limit);
  CHECK(std::get<refused>(made).limit == weight_max);
  CHECK(code(in.decide(erase({first, heaviest}))) == error_code::limit);

  CHECK(weight(in.decide(erase({first, second}))) == weight_max);
  CHECK(weight(in.decide(erase({heaviest}))) == 11'001);
  // What is deleted already adds nothing.
  CHECK(done(in.decide(erase({heaviest, third}))));
}

TEST_CASE("a trim ends where it weighs enough") {
  heavy_room in;
  std::vector<std::uint64_t> said;
  for (int i = 0; i < 10; ++i) said.push_back(in.say_heavy(0, 999));
  const auto heaviest = in.say_heavy(edits_per_message_max, reaction_entries_per_message_max);
  const auto last = in.say();
  const auto trim = [&] {
    const auto made = in.decide({general, server_principal(), "", trim_room{seq_no{last}}});
    REQUIRE(done(made));
    return made;
  };

  CHECK(weight(trim()) <= weight_max);
  CHECK(in.view().floor == seq_no{said[4]});
  trim();
  CHECK(in.view().floor == seq_no{said[8]});
  trim();
  CHECK(in.view().floor == seq_no{heaviest});
  CHECK(weight(trim()) == 11'002);
  CHECK(in.view().floor == seq_no{last});
  trim();
  CHECK(in.view().floor == next(seq_no{last}));
}
