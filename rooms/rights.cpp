#include "rooms/rights.hpp"

#include <algorithm>
#include <utility>

namespace confab::rooms {
namespace {

using enum cell;

constexpr std::array table{
    // clang-format off
    //                             visitor         reader  member         moderator  owner      direct
    right{action::enter,         {if_public,      yes,    yes,           yes,       yes,       yes}},
    right{action::belong,        {no,             yes,    yes,           yes,       yes,       yes}},
    right{action::write,         {as_visitor,     no,     as_poster,     yes,       yes,       yes}},
    right{action::react,         {visitors_write, no,     yes,           yes,       yes,       yes}},
    right{action::delete_own,    {as_visitor,     yes,    yes,           yes,       yes,       yes}},
    right{action::change_others, {no,             no,     no,            yes,       yes,       no}},
    right{action::mention_room,  {no,             no,     in_small_room, yes,       yes,       no}},
    right{action::pin,           {no,             no,     no,            yes,       yes,       yes}},
    right{action::invite,        {no,             no,     if_inviting,   yes,       yes,       no}},
    right{action::moderate,      {no,             no,     no,            below_own, below_own, no}},
    right{action::promote,       {no,             no,     no,            no,        yes,       no}},
    right{action::step_down,     {no,             no,     yes,           yes,       yes,       no}},
    right{action::set_manner,    {no,             no,     no,            yes,       yes,       no}},
    right{action::set_access,    {no,             no,     no,            no,        yes,       no}},
    // clang-format on
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].what) != i) return false;
  return true;
}
static_assert(is_in_order(), "a line is found by its number");

std::optional<refused> bans(const standing& who) {
  if (who.by.admin || !who.row.is_banned(who.at)) return std::nullopt;
  auto why = refusal(error_code::banned, "banned from this room");
  why.until = who.row.until;
  why.reason = who.row.reason;
  return why;
}

/// P: what keeps from writing also who may write in general.
std::optional<refused> silences(const standing& who, const particulars& of) {
  if (who.row.is_muted(who.at)) {
    auto why = refusal(error_code::muted, "muted in this room");
    why.until = who.row.mute_until;
    return why;
  }
  const auto& settings = who.room.settings();
  const auto posting = settings.who_posts();
  if (posting == posting_rights::moderators ||
      (posting == posting_rights::threads && !of.in_thread))
    return refusal(error_code::read_only, "the room's moderators write here");
  if (!of.last_message || settings.slow_mode().count() == 0) return std::nullopt;
  const std::chrono::milliseconds since{who.at.value() - of.last_message->value()};
  if (since >= settings.slow_mode() || since.count() < 0) return std::nullopt;
  auto why = refusal(error_code::slow_mode, "wait between two messages");
  why.retry_after = settings.slow_mode() - since;
  return why;
}

std::size_t column_of(const standing& who) {
  if (who.room.direct) return 5;
  return static_cast<std::size_t>(role_of(who)) - static_cast<std::size_t>(role::visitor);
}

/// What a "–" says: a visitor would have to become a member, a reader may read.
refused dash_says(const standing& who, action what) {
  const auto role = role_of(who);
  if (role == role::visitor && what == action::belong)
    return refusal(error_code::not_member, "members may do that");
  if (role == role::reader && (what == action::write || what == action::react))
    return refusal(error_code::read_only, "you may read here");
  return refusal(error_code::forbidden, "not allowed in this room");
}

std::optional<refused> asks(const standing& who, cell what, action line, const particulars& of) {
  const auto& settings = who.room.settings();
  switch (what) {
    case yes:
      return std::nullopt;
    case no:
      break;
    case if_public:
      if (settings.is_public() && settings.of_visitors() != visitor_rights::none)
        return std::nullopt;
      break;
    case visitors_write:
    case as_visitor:
      if (settings.of_visitors() != visitor_rights::write)
        return refusal(error_code::read_only, "visitors may read here");
      return what == as_visitor ? silences(who, of) : std::nullopt;
    case as_poster:
      return silences(who, of);
    case in_small_room:
      if (who.room.members <= who.how.room_mention_members_max) return std::nullopt;
      break;
    case if_inviting:
      if (settings.who_invites() == inviting_rights::members) return std::nullopt;
      break;
    case below_own: {
      const auto own = role_of(who);
      // Nobody takes back an invitation to more than he is himself.
      if (of.target && of.target->is_invited(who.at) && of.target->as > own) break;
      const auto theirs = of.target && of.target->is_member() ? of.target->as : role::visitor;
      if (theirs < own) return std::nullopt;
      break;
    }
  }
  return dash_says(who, line);
}

}  // namespace

std::span<const right> rights() noexcept { return table; }

bool is_direct_user(const room_view& room, const user_id& user) noexcept {
  return room.direct && (room.direct->first == user || room.direct->second == user);
}

bool reads_own_only(const room_view& room, const principal& by) noexcept {
  return room.settings().history == history_scope::own && !room.direct && !by.admin &&
         !by.is_unchecked();
}

seq_no floor_of(const room_view& room, const principal& by, const member_row& row) noexcept {
  const bool own = room.direct ? !by.is_unchecked() : reads_own_only(room, by) && row.is_member();
  return own ? std::max(room.floor, row.since) : room.floor;
}

bool belongs(const room_view& room, const member_row& row, const user_id& user) noexcept {
  return room.direct ? is_direct_user(room, user) : row.is_member();
}

role role_of(const standing& who) {
  if (who.by.admin) return role::owner;
  const auto own = who.row.is_member() ? who.row.as : role::visitor;
  if (who.by.token == role::reader) return role::reader;
  return std::max(own, who.by.token);
}

std::optional<refused> keeps_out(const standing& who, bool becoming_member) {
  if (who.by.is_unchecked()) return std::nullopt;
  if (who.room.direct) {
    if (is_direct_user(who.room, who.by.user)) return std::nullopt;
    return refusal(error_code::no_such_room, "no such room");
  }
  if (auto why = bans(who)) return why;
  const auto& settings = who.room.settings();
  if (who.by.admin || who.by.opens || who.row.is_member()) return std::nullopt;
  // What a token gives by a pattern is a role, not an invitation.
  const bool open_to_all = settings.is_public() && !forbids(who, action::enter);
  if (open_to_all) return std::nullopt;
  // An invitation is one to its members: where there are none left it leads nowhere.
  if (who.row.is_invited(who.at) && who.room.members > 0) {
    if (becoming_member) return std::nullopt;
    return refusal(error_code::not_member, "accept the invitation first");
  }
  if (settings.is_private()) return refusal(error_code::no_such_room, "no such room");
  return refusal(error_code::forbidden, "this room is by invitation");
}

std::optional<refused> forbids(const standing& who, action what, const particulars& of) {
  if (who.by.is_unchecked()) return std::nullopt;
  const auto& line = table[static_cast<std::size_t>(what)];
  const bool reads = what == action::enter || what == action::belong;
  if (who.room.settings().is_archived() && !reads && !who.by.admin)
    return refusal(error_code::read_only, "the room is archived");
  return asks(who, line.of[column_of(who)], what, of);
}

}  // namespace confab::rooms
