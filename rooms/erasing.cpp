#include "rooms/erasing.hpp"

#include <algorithm>
#include <variant>
#include <vector>

namespace confab::rooms {
namespace {

/// The users that it names beside its author; null: none.
template <class Entry>
auto* users_in(Entry& entry) {
  auto* message = std::get_if<posted>(&entry.body);
  auto* edit = std::get_if<edited>(&entry.body);
  auto* change = std::get_if<member_set>(&entry.body);
  return message  ? &message->what.mentions.users
         : edit   ? &edit->what.mentions.users
         : change ? &change->users
                  : nullptr;
}

}  // namespace

void rename(log_entry& entry, const erased& what) {
  if (entry.from == what.user) entry.from = what.as;
  if (auto* users = users_in(entry)) std::ranges::replace(*users, what.user, what.as);
  if (auto* profile = std::get_if<user_set>(&entry.body); profile && profile->user == what.user)
    *profile = {what.as, {}, {}, profile->guest};
}

bool names(const log_entry& entry, const user_id& user) {
  if (std::holds_alternative<erased>(entry.body)) return false;
  const auto* users = users_in(entry);
  const auto* profile = std::get_if<user_set>(&entry.body);
  return entry.from == user || (profile && profile->user == user) ||
         (users && std::ranges::find(*users, user) != users->end());
}

}  // namespace confab::rooms
