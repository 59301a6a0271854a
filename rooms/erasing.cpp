#include "rooms/erasing.hpp"

#include "protocol/codec.hpp"

#include <algorithm>
#include <variant>
#include <vector>

namespace confab::rooms {
namespace {

/// The users that it names beside its author; null: none.
struct users_of_body {
  std::vector<user_id>* operator()(posted& message) const { return &message.what.mentions.users; }
  std::vector<user_id>* operator()(edited& edit) const { return &edit.what.mentions.users; }
  std::vector<user_id>* operator()(member_set& change) const { return &change.users; }
  std::vector<user_id>* operator()(deleted&) const { return nullptr; }
  std::vector<user_id>* operator()(reacted&) const { return nullptr; }
  std::vector<user_id>* operator()(recorded&) const { return nullptr; }
  std::vector<user_id>* operator()(room_set&) const { return nullptr; }
  std::vector<user_id>* operator()(pinned&) const { return nullptr; }
  std::vector<user_id>* operator()(trimmed&) const { return nullptr; }
  // Their own rules are below.
  std::vector<user_id>* operator()(user_set&) const { return nullptr; }
  std::vector<user_id>* operator()(erased&) const { return nullptr; }
};
std::vector<user_id>* users_in(log_entry& entry) { return std::visit(users_of_body{}, entry.body); }
const std::vector<user_id>* users_in(const log_entry& entry) {
  return users_in(const_cast<log_entry&>(entry));  // which it only looks at
}

}  // namespace

void rename(log_entry& entry, const erased& what) {
  if (entry.from == what.user) {
    entry.from = what.as;
    entry.key.clear();
    if (auto* gone = std::get_if<deleted>(&entry.body)) gone->reason.clear();
  }
  if (auto* report = std::get_if<recorded>(&entry.body))
    if (auto left = left_of_report(report->data, what.user, what.as)) report->data = *std::move(left);
  if (auto* users = users_in(entry)) std::ranges::replace(*users, what.user, what.as);
  if (auto* profile = std::get_if<user_set>(&entry.body); profile && profile->user == what.user)
    *profile = {what.as, {}, {}, profile->guest, profile->by_api, profile->first};
}

bool names(const log_entry& entry, const user_id& user) {
  if (std::holds_alternative<erased>(entry.body)) return false;
  const auto* users = users_in(entry);
  const auto* profile = std::get_if<user_set>(&entry.body);
  return entry.from == user || (profile && profile->user == user) ||
         (users && std::ranges::find(*users, user) != users->end());
}

}  // namespace confab::rooms
