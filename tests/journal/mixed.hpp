#pragma once

#include "tests/journal/stores.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

/// A mixture of all that members do, and all that can be read of what came of it.
namespace confab::journal::test {

inline const std::vector<user_id> people{alice, bob, user("carol")};
inline const std::vector<room_id> places{general, room("other")};

inline operation any_operation(std::mt19937_64& dice) {
  const auto pick = [&](std::uint64_t below) { return dice() % below; };
  const auto& where = places[pick(places.size())];
  const auto& who = people[pick(people.size())];
  const auto target = 1 + pick(40);
  auto asked = [&] {
    switch (pick(10)) {
      case 0:
        return create(where);
      case 1:
      case 2:
        return edit(where, target, "edit " + std::to_string(pick(100)), who);
      case 3:
        return erase(where, {target, 1 + pick(40)}, who);
      case 4:
      case 5:
      case 6:
        return react(where, target, std::to_string(pick(4)), pick(3) > 0, who);
      default:
        return post(where, "text " + std::to_string(pick(100)), "", who);
    }
  }();
  if (pick(4) == 0) asked.by.token = rooms::role::moderator;
  if (pick(3) == 0) asked.key = "k" + std::to_string(pick(30));
  return asked;
}

/// All that can be read of a journal.
struct content_of_journal {
  std::vector<log_entry> log;
  std::vector<message::present_message> messages;
  std::vector<std::pair<std::uint64_t, log_entry>> feed;
  friend bool operator==(const content_of_journal&, const content_of_journal&) = default;
};

inline content_of_journal read_all(session& of) {
  content_of_journal found;
  for (const auto& place : places) {
    if (!of.read->room(place)) continue;
    for (auto& entry : log_of(of, place)) found.log.push_back(std::move(entry));
    std::ranges::move(stored_forms(of, place), std::back_inserter(found.messages));
  }
  auto items = of.read->feed(0, plenty, plenty);
  if (!items) throw std::runtime_error(items.detail());
  for (auto& item : *items) found.feed.emplace_back(item.position, std::move(item.entry));
  return found;
}

}  // namespace confab::journal::test
