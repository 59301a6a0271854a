#include "rooms/judge.hpp"
#include "protocol/overloaded.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace confab::rooms {
namespace {

// --- what the rules ask ---

template <class Want>
const Want* as(const judged_case& of) {
  return std::get_if<Want>(&of.asked.what);
}
template <class Want>
bool is(const judged_case& of) {
  return as<Want>(of) != nullptr;
}
/// Messages are changed by operations that name one.
bool names_message(const judged_case& of) {
  return is<edit_message>(of) || is<delete_messages>(of) || is<set_reaction>(of) || is<set_pin>(of);
}
bool needs_joining(const judged_case& of) {
  return is<post_message>(of) || is<edit_message>(of) || is<set_reaction>(of);
}
bool is_members_own(const judged_case& of) {
  return is<become_member>(of) || is<cease_membership>(of);
}
bool is_about_room(const judged_case& of) {
  return names_message(of) || is<post_message>(of) || is<set_members>(of) || is_members_own(of) ||
         is<set_room>(of);
}
bool is_foreign(const judged_case& of) { return of.message->author != of.asked.by.user; }
bool on(const judged_case& of) { return as<set_reaction>(of)->on; }
bool is_servers_log(const judged_case& of) {
  const bool erases = is<erase_user>(of) && of.who.room.room == server_room;
  return is<record_event>(of) || is<set_user>(of) || erases;
}

particulars particulars_of(const judged_case& of) {
  particulars what;
  if (const auto* post = as<post_message>(of)) {
    what.in_thread = post->where.thread.has_value();
    what.last_message = of.last_message;
  } else if (of.message) {
    what.in_thread = of.message->thread.has_value();
  }
  if (of.user) what.target = &of.user->row;
  return what;
}

/// Whether setting this needs more than a moderator.
bool sets_access(const room_settings& change) {
  auto manner = change;
  manner.title.reset(), manner.topic.reset(), manner.data.reset();
  manner.slow.reset(), manner.posting.reset();
  return !manner.empty();
}

/// Than the server keeps messages; 0 is the server's own.
bool keeps_longer(const judged_case& of, std::chrono::milliseconds retention) {
  const auto longest = of.who.how.retention;
  return !of.asked.by.is_unchecked() && longest.count() > 0 && retention > longest;
}

/// Whether it only takes the room out of the archive.
bool unarchives(const room_settings& change) {
  room_settings alone;
  alone.archived = false;
  return change == alone;
}

std::optional<refused> lacks(const judged_case& of, action what) {
  return forbids(of.who, what, particulars_of(of));
}

// --- members ---

/// Whether the row is as the change would leave it. Of a ban that stands already only the place
/// would be new.
bool changes_nothing(const judged_case& of, const member_set& change) {
  const auto& row = of.user->row;
  const member_set alone{{}, change.state, change.as, change.until, change.mute_until, change.reason};
  return apply(row, log_entry{row.since, of.who.at, of.asked.by.user, {}, alone}) == row;
}

/// The deployment may change anybody, also in whose name it speaks.
bool is_oneself(const judged_case& of) {
  return of.user->id == of.asked.by.user && !of.asked.by.is_unchecked();
}

std::optional<refused> forbids_state(const judged_case& of, member_state state) {
  const auto& row = of.user->row;
  const bool banned = row.is_banned(of.who.at);
  const auto is_banned = [&] {
    auto why = refusal(error_code::banned, "this user is banned");
    why.until = row.until;
    why.reason = row.reason;
    return why;
  };
  switch (state) {
    case member_state::invited:
      if (auto why = is_no_member_here(of.user->id, of.who.how)) return why;
      if (banned) return is_banned();
      return lacks(of, action::invite);
    case member_state::removed:
    case member_state::banned:
    case member_state::unbanned:
      return lacks(of, action::moderate);
    case member_state::member:  // without being asked: by who is bound by nothing
      if (!of.asked.by.admin && !of.asked.by.is_unchecked())
        return refusal(error_code::forbidden, "invite the user instead");
      if (auto why = is_no_member_here(of.user->id, of.who.how)) return why;
      if (banned) return is_banned();
      return std::nullopt;
    case member_state::left:
    case member_state::none:
      break;
  }
  return refusal(error_code::bad_request, "no such state");
}

std::optional<refused> forbids_role(const judged_case& of, const member_set& change) {
  const auto& row = of.user->row;
  if (is_oneself(of)) {
    if (!row.is_member()) return refusal(error_code::not_member, "become a member first");
    if (of.user->all_owners) return refusal(error_code::conflict, "a room keeps its last owner");
    if (*change.as <= row.as) return lacks(of, action::step_down);
    return refusal(error_code::forbidden, "one's own role goes down only");
  }
  if (of.user->all_owners && !of.user->heir)
    return refusal(error_code::conflict, "a room keeps its last owner");
  // An invitation as a member is within the right to invite.
  if (change.state == member_state::invited && *change.as == role::member) return std::nullopt;
  if (!lacks(of, action::promote)) return std::nullopt;
  if (*change.as > role::member) return lacks(of, action::promote);
  return lacks(of, action::moderate);
}

verdict judge_member(const judged_case& of, const member_set& change) {
  if (is_oneself(of) && (change.state || change.mute_until))
    return refusal(error_code::bad_request, "one's own state is changed by join and leave");
  if (change.state)
    if (auto why = forbids_state(of, *change.state)) return *why;
  if (change.as)
    if (auto why = forbids_role(of, change)) return *why;
  if (change.mute_until)
    if (auto why = lacks(of, action::moderate)) return *why;
  if (changes_nothing(of, change)) return unchanged{};
  return allowed{};
}

/// How many there may be, of who would be one more.
std::optional<refused> is_full(const judged_case& of, std::optional<member_state> state) {
  const auto& how = of.who.how;
  const auto& row = of.user->row;
  const bool joins = state == member_state::member;
  if (row.is_member() || (!joins && state != member_state::invited)) return std::nullopt;
  if (joins && of.who.room.members + of.user->joining >= how.members_max)
    return too_many("this room has all the members it takes", how.members_max);
  if (row.is_invited(of.who.at)) return std::nullopt;
  return takes_no_more(of.user->memberships, how);
}

verdict judge_own(const judged_case& of) {
  const auto& row = of.user->row;
  if (is<cease_membership>(of)) {
    if (row.is_member() || row.state == member_state::invited) return allowed{};
    return unchanged{};
  }
  if (row.is_member()) return unchanged{};
  if (of.asked.by.as == principal::kind::guest && !of.who.how.guest_members)
    return refusal(error_code::forbidden, "guests are no members here");
  // Whoever is let in may stay; but of visitors only a public room takes more.
  if (auto why = keeps_out(of.who, true)) return *why;
  if (of.who.room.settings().is_archived() && !of.asked.by.admin)
    return refusal(error_code::read_only, "the room is archived");
  if (auto why = is_full(of, member_state::member)) return *why;
  return allowed{};
}

verdict judge_members(const judged_case& of) {
  if (is_members_own(of)) return judge_own(of);
  const auto& change = as<set_members>(of)->change;
  auto found = judge_member(of, change);
  if (std::holds_alternative<allowed>(found))
    if (auto why = is_full(of, change.state)) return *why;
  return found;
}

// --- the rules ---

using answer = std::optional<verdict>;
template <class T>
answer if_any(std::optional<T> why) {
  if (!why) return std::nullopt;
  return verdict{*std::move(why)};
}

struct rule {
  std::string_view name;
  answer (*says)(const judged_case&);
};

/// The first that says something decides; where none does, the operation is allowed.
constexpr std::array rules_in_order{
    rule{"the server's own log is the server's",
         [](const judged_case& of) -> answer {
           const bool own_room = of.who.room.room == server_room;
           if (is_servers_log(of) == own_room && (!own_room || of.asked.by.is_unchecked()))
             return std::nullopt;
           return refusal(error_code::forbidden, "not in this room");
         }},
    rule{"rooms are trimmed by the deployment, and what is gone is not trimmed again",
         [](const judged_case& of) -> answer {
           const auto* trim = as<trim_room>(of);
           if (!trim) return std::nullopt;
           if (!of.asked.by.is_unchecked() || of.who.room.room == server_room)
             return refusal(error_code::forbidden, "not allowed in this room");
           if (std::min(trim->upto, of.who.room.head) < of.who.room.floor) return unchanged{};
           return verdict{allowed{}};
         }},
    rule{"users are erased by the deployment",
         [](const judged_case& of) -> answer {
           if (!is<erase_user>(of)) return std::nullopt;
           if (!of.asked.by.is_unchecked())
             return refusal(error_code::forbidden, "not allowed in this room");
           return verdict{allowed{}};
         }},
    rule{"bans, and rooms that do not exist for others, come first",
         [](const judged_case& of) -> answer {
           if (!is_about_room(of)) return std::nullopt;
           auto why = keeps_out(of.who, is<become_member>(of));
           // Anybody may leave what is there for them.
           if (why && is<cease_membership>(of) && why->code != error_code::no_such_room)
             return std::nullopt;
           return if_any(std::move(why));
         }},
    rule{"who writes has joined",
         [](const judged_case& of) -> answer {
           if (!needs_joining(of) || of.asked.by.joined) return std::nullopt;
           return refusal(error_code::not_joined, "join the room first");
         }},
    rule{"direct rooms have no members to change, and no settings",
         [](const judged_case& of) -> answer {
           const bool changes = is<set_members>(of) || is_members_own(of) || is<set_room>(of);
           if (!of.who.room.direct || !changes) return std::nullopt;
           return refusal(error_code::forbidden, "not in a direct room");
         }},
    rule{"who is blocked does not write to who blocked",
         [](const judged_case& of) -> answer {
           if (!of.blocked || !needs_joining(of)) return std::nullopt;
           return refusal(error_code::forbidden, "not to this user");
         }},
    rule{"who may write may write",
         [](const judged_case& of) -> answer {
           if (!is<post_message>(of)) return std::nullopt;
           return if_any(lacks(of, action::write));
         }},
    rule{"what a message refers to must be there",
         [](const judged_case& of) -> answer {
           if (!of.refers_to_nothing) return std::nullopt;
           return refusal(error_code::no_such_message, "no such message");
         }},
    rule{"a message that is named must be there",
         [](const judged_case& of) -> answer {
           if (!names_message(of) || of.message) return std::nullopt;
           return refusal(error_code::no_such_message, "no such message");
         }},
    rule{"what is deleted can't be changed",
         [](const judged_case& of) -> answer {
           // Deleting and unpinning again change nothing, see below.
           const bool again = is<delete_messages>(of) || (is<set_pin>(of) && !as<set_pin>(of)->on);
           if (!names_message(of) || !of.message->deleted || again) return std::nullopt;
           return refusal(error_code::no_such_message, "no such message");
         }},
    rule{"others' messages are a moderator's to change",
         [](const judged_case& of) -> answer {
           if (!is<edit_message>(of) && !is<delete_messages>(of)) return std::nullopt;
           if (is_foreign(of)) return if_any(lacks(of, action::change_others));
           return if_any(lacks(of, is<edit_message>(of) ? action::write : action::delete_own));
         }},
    rule{"deleting again changes nothing",
         [](const judged_case& of) -> answer {
           if (!is<delete_messages>(of) || !of.message->deleted) return std::nullopt;
           return unchanged{};
         }},
    rule{"who may react may react",
         [](const judged_case& of) -> answer {
           if (!is<set_reaction>(of)) return std::nullopt;
           return if_any(lacks(of, action::react));
         }},
    rule{"a reaction that is there, or is not, changes nothing",
         [](const judged_case& of) -> answer {
           if (!is<set_reaction>(of) || of.message->reacted != on(of)) return std::nullopt;
           return unchanged{};
         }},
    rule{"a message takes so many edits",
         [](const judged_case& of) -> answer {
           if (!is<edit_message>(of) || of.message->edits < edits_per_message_max)
             return std::nullopt;
           return too_many("too many edits of this message", edits_per_message_max);
         }},
    rule{"a message takes so many reactions and takings back",
         [](const judged_case& of) -> answer {
           if (!is<set_reaction>(of) ||
               of.message->reaction_entries < reaction_entries_per_message_max)
             return std::nullopt;
           return too_many("too many reactions to this message", reaction_entries_per_message_max);
         }},
    rule{"a message bears so many different reactions",
         [](const judged_case& of) -> answer {
           if (!is<set_reaction>(of) || !on(of) || of.message->emoji_there ||
               of.message->emoji < emoji_per_message_max)
             return std::nullopt;
           return too_many("too many different reactions", emoji_per_message_max);
         }},
    rule{"who may pin may pin, so many messages",
         [](const judged_case& of) -> answer {
           const auto* pin = as<set_pin>(of);
           if (!pin) return std::nullopt;
           if (auto why = lacks(of, action::pin)) return *std::move(why);
           const auto& pins = of.who.room.pins;
           if (pin->on == (std::ranges::find(pins, pin->target) != pins.end())) return unchanged{};
           if (pin->on && pins.size() >= limits::pins_max)
             return too_many("too many pins in this room", limits::pins_max);
           return std::nullopt;
         }},
    rule{"members are changed by who may",
         [](const judged_case& of) -> answer {
           if (!of.user) return std::nullopt;
           return judge_members(of);
         }},
    rule{"settings are changed by who may",
         [](const judged_case& of) -> answer {
           const auto* set = as<set_room>(of);
           if (!set) return std::nullopt;
           if (unarchives(set->change) && of.who.room.settings().is_archived()) {
             if (of.asked.by.is_unchecked() || role_of(of.who) == role::owner) return std::nullopt;
             return refusal(error_code::forbidden, "not allowed in this room");
           }
           const bool access = sets_access(set->change);
           auto why = lacks(of, action::set_manner);
           if (!why && access) why = lacks(of, action::set_access);
           const bool changes = !difference(of.who.room.settings(), set->change).empty();
           // The archive forbids changes: where there is none, nothing to whom the settings are.
           const bool theirs = role_of(of.who) >= (access ? role::owner : role::moderator);
           if (why && (why->code != error_code::read_only || changes || !theirs))
             return *std::move(why);
           if (!changes) return unchanged{};
           if (set->change.retention && keeps_longer(of, *set->change.retention))
             return refusal(error_code::forbidden, "the server keeps messages no longer than that");
           return std::nullopt;
         }},
};

}  // namespace

verdict judge(const judged_case& of) {
  for (const auto& each : rules_in_order)
    if (auto said = each.says(of)) return *std::move(said);
  return allowed{};
}

std::optional<refused> is_no_member_here(const user_id& user, const rules& how) {
  if (how.guest_members || !user.view().starts_with(guest_prefix)) return std::nullopt;
  return refusal(error_code::forbidden, "guests are no members here");
}

std::optional<refused> takes_no_more(std::size_t memberships, const rules& how) {
  if (memberships < how.memberships_max) return std::nullopt;
  return too_many("this user is a member of too many rooms", how.memberships_max);
}

std::vector<seq_no> targets_of(const want& what) {
  using seqs = std::vector<seq_no>;
  return std::visit(
      overloaded{
          [](const edit_message& edit) { return seqs{edit.target}; },
          [](const delete_messages& wanted) { return wanted.targets; },
          [](const set_reaction& reaction) { return seqs{reaction.target}; },
          [](const set_pin& pin) { return seqs{pin.target}; },
          [](const create_room&) { return seqs{}; },
          [](const post_message&) { return seqs{}; },
          [](const record_event&) { return seqs{}; },
          [](const set_marks&) { return seqs{}; },
          [](const set_members&) { return seqs{}; },
          [](const become_member&) { return seqs{}; },
          [](const cease_membership&) { return seqs{}; },
          [](const set_room&) { return seqs{}; },
          [](const set_user&) { return seqs{}; },
          [](const move_marker&) { return seqs{}; },
          [](const trim_room&) { return seqs{}; },
          [](const erase_user&) { return seqs{}; },
          [](const set_own&) { return seqs{}; },
      },
      what);
}

std::optional<member_set> member_change_of(const operation& asked) {
  member_set own;
  own.users = {asked.by.user};
  if (const auto* wanted = std::get_if<set_members>(&asked.what)) return wanted->change;
  if (std::holds_alternative<become_member>(asked.what)) {
    own.state = member_state::member;
    return own;
  }
  if (std::holds_alternative<cease_membership>(asked.what)) {
    own.state = member_state::left;
    return own;
  }
  return std::nullopt;
}

std::vector<user_id> users_of(const operation& asked) {
  auto change = member_change_of(asked);
  return change ? std::move(change->users) : std::vector<user_id>{};
}

}  // namespace confab::rooms
