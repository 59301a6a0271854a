#pragma once

#include "rooms/message_state.hpp"
#include "rooms/operation.hpp"
#include "rooms/outcome.hpp"
#include "rooms/rights.hpp"
#include "rooms/rules.hpp"
#include "rooms/view.hpp"

#include <optional>
#include <variant>
#include <vector>

namespace confab::rooms {

// What one message takes (SEMANTICS §2).
inline constexpr std::uint32_t emoji_per_message_max = 64;
inline constexpr std::uint32_t edits_per_message_max = 1'000;
inline constexpr std::uint32_t reaction_entries_per_message_max = 10'000;

/// One of the users that a `set_members` names.
struct named_user {
  user_id id;
  member_row row;
  std::size_t memberships = 0;  // invitations too; asked where another would be one more
  std::size_t joining = 0;      // that the same command makes members beside
  /// It takes the role from every owner there is, and whether anybody else could follow them.
  bool all_owners = false;
  bool heir = false;
};

/// All that a rule may look at.
struct judged_case {
  standing who;
  const operation& asked;
  /// The message that the operation names, one at a time; null where there is none.
  const message_state* message = nullptr;
  /// The user that it names, one at a time; null where there is none.
  const named_user* user = nullptr;
  /// The author's last message here; told where slow mode asks.
  std::optional<unix_ms> last_message{};
  /// Of a direct room: the other one has blocked the author.
  bool blocked = false;
  /// What the message refers to, a thread's root or `reply_to`, is not there.
  bool refers_to_nothing = false;
};

struct allowed {};
using verdict = std::variant<allowed, unchanged, refused>;

/// Who may do what, at the operation's place in the order: a pure function of what was ordered
/// before. The rules stand in judge.cpp, the rights in rights.cpp.
verdict judge(const judged_case& of);

/// Whether a user can't belong to one room more.
std::optional<refused> takes_no_more(std::size_t memberships, const rules& how);
/// Whether it is a guest who can't belong to any: beside token keys guests have ids of their own kind.
std::optional<refused> is_no_member_here(const user_id& user, const rules& how);

/// The messages that an operation names to change them, in its order; none where it names none.
std::vector<seq_no> targets_of(const want& what);
/// The users whose rows it changes.
std::vector<user_id> users_of(const operation& asked);
/// The change of members that it is, if it is one.
std::optional<member_set> member_change_of(const operation& asked);

}  // namespace confab::rooms
