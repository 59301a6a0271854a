#pragma once

#include "actors/delivery.hpp"
#include "rooms/rights.hpp"
#include "rooms/view.hpp"
#include "tests/support/actor_world.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace confab::test {

/// A promise of PROTOCOL §6, or of SEMANTICS §11, that was not kept.
struct broken_promise : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline void promise(bool kept, const std::string& what) {
  if (!kept) throw broken_promise(what);
}

/// What the log of one room makes of it, at each of its entries: who might be there then, and
/// whether who wrote the next entry might do so. Follows the store, beside the actors.
class room_replay {
 public:
  /// Where there are owners, and tokens give roles.
  static constexpr std::string_view room_of_roles = "team";

  /// `tokens`: what some users' tokens give them in `room_of_roles`.
  room_replay(actor_world& world, std::string room, const std::map<std::string, role>& tokens)
      : world_(world), room_(std::move(room)), tokens_(tokens), views_(1) {
    views_[0].room = room_id::trusted(room_);
  }

  /// Takes in what was stored since; breaks a promise where it was not its author's to do.
  void go_on() {
    if (views_.size() == 1) views_[0].direct = world_.stored_room(room_).direct;
    while (const auto entry = world_.stored_entry(room_, views_.size())) take(*entry);
  }

  /// Places are numbers of entries: what was so when that one was the last.
  std::uint64_t head() const { return views_.size() - 1; }
  const rooms::room_view& at(std::uint64_t place) const { return views_.at(place); }
  bool read_own_only_once() const { return read_own_only_once_; }

  /// Whether the user might be in the room. What lapses by time is judged as of now, which allows
  /// more.
  bool lets_in(const std::string& user, std::uint64_t place) const {
    return !rooms::keeps_out(standing{*this, user, place, world_.now()});
  }
  /// At one of these places: who looks from outside does not know at which of them it was judged.
  bool lets_in(const std::string& user, std::uint64_t from, std::uint64_t upto) const {
    return any_of(from, upto, [&](auto place) { return lets_in(user, place); });
  }
  /// The same, and all that is told is from where the user may read. Of visitors the log does not
  /// say.
  bool lets_read(const std::string& user, std::uint64_t first, std::uint64_t from,
                 std::uint64_t upto) const {
    return any_of(from, upto, [&](auto place) {
      const standing who{*this, user, place, world_.now()};
      const rooms::standing seen = who;
      return !rooms::keeps_out(seen) &&
             first >= rooms::floor_of(seen.room, seen.by, seen.row).value();
    });
  }
  /// Whether the room's pins were these. Because of `history` only a part may be told.
  bool pins_were(const std::vector<seq_no>& pins, std::uint64_t from, std::uint64_t upto) const {
    return read_own_only_once_ ||
           any_of(from, upto, [&](auto place) { return at(place).pins == pins; });
  }
  std::map<std::string, role> members(std::uint64_t place) const {
    std::map<std::string, role> found;
    for (const auto& [user, changes] : rows_)
      if (const auto row = row_of(user, place); row.is_member())
        found.emplace(user.value(), row.as);
    return found;
  }
  /// Whether the message was deleted when that entry was the last.
  bool was_deleted(std::uint64_t message, std::uint64_t place) const {
    const auto at = deleted_.find(message);
    return at != deleted_.end() && at->second <= place;
  }

  /// At rest: what the store tells of the room is what its log makes of it.
  void check_store() {
    go_on();
    const auto& view = views_.back();
    const auto stored = world_.stored_room(room_);
    promise(stored.head == view.head, "head of " + room_ + " by replay");
    promise(stored.members == view.members && stored.rows == view.rows,
            "members of " + room_ + " by replay");
    promise(stored.pins == view.pins, "pins of " + room_ + " by replay");
    promise((stored.settings ? *stored.settings : room_settings{}) == view.settings(),
            "settings of " + room_ + " by replay");
    std::uint32_t owners = 0;
    for (const auto& [user, changes] : rows_) {
      promise(world_.stored_member(room_, user.value()) == changes.back().second,
              "the row of " + user.value() + " in " + room_ + " by replay");
      owners += changes.back().second.is_owner();
    }
    promise(owners == view.owners, "owners of " + room_ + " by replay");
  }

 private:
  struct said {
    user_id by;
    bool in_thread;
  };
  /// What a user is at a place, with all that `rooms::standing` only points to.
  struct standing {
    standing(const room_replay& of, const std::string& user, std::uint64_t place, unix_ms now)
        : view(of.at(place)),
          by(of.principal_of(user_id::trusted(user))),
          row(of.row_of(by.user, place)),
          at(now),
          how(of.world_.env.how.rules) {}
    operator rooms::standing() const { return {view, by, row, at, how}; }

    const rooms::room_view& view;
    rooms::principal by;
    rooms::member_row row;
    unix_ms at;
    const rooms::rules& how;
  };

  template <class Test>
  static bool any_of(std::uint64_t from, std::uint64_t upto, Test test) {
    for (auto place = from; place <= upto; ++place)
      if (test(place)) return true;
    return false;
  }

  rooms::principal principal_of(const user_id& user) const {
    rooms::principal by;
    by.user = user;
    by.as = rooms::principal::kind::guest;
    by.joined = true;
    const auto token = tokens_.find(user.value());
    if (token == tokens_.end() || room_ != room_of_roles) return by;
    by.as = rooms::principal::kind::user;
    by.token = token->second;
    by.opens = true;
    return by;
  }
  rooms::member_row row_of(const user_id& user, std::uint64_t place) const {
    const auto of = rows_.find(user);
    if (of == rows_.end()) return {};
    const auto after = std::ranges::upper_bound(of->second, place, {}, &changed_row::first);
    return after == of->second.begin() ? rooms::member_row{} : std::prev(after)->second;
  }

  void take(const log_entry& entry) {
    promise(may(entry), entry.from.value() + " was not to write entry " +
                            std::to_string(entry.seq.value()) + " of " + room_);
    auto view = views_.back();
    struct rows_before final : rooms::member_rows {
      explicit rows_before(const room_replay& of) : replay(of) {}
      rooms::member_row member(const rooms::room_view&, const user_id& user) override {
        return replay.row_of(user, replay.head());
      }
      const room_replay& replay;
    } before{*this};
    rooms::apply(view, entry, before);
    const auto place = entry.seq.value();
    if (const auto* message = std::get_if<posted>(&entry.body)) {
      messages_.insert_or_assign(place, said{entry.from, message->where.thread.has_value()});
      spoke_.insert_or_assign(entry.from, entry.at);
    } else if (const auto* gone = std::get_if<deleted>(&entry.body)) {
      deleted_.emplace(gone->target.value(), place);
    } else if (const auto* members = std::get_if<member_set>(&entry.body)) {
      for (const auto& user : members->users)
        rows_[user].emplace_back(place, rooms::apply(row_of(user, head()), entry));
    }
    views_.push_back(std::move(view));
    read_own_only_once_ |= views_.back().settings().history == history_scope::own;
  }

  // --- who may what: the table of rooms/rights.cpp, asked as SEMANTICS §11 says ---

  bool may(const log_entry& entry) const {
    const bool founds = entry.seq == seq_no{1} && std::holds_alternative<member_set>(entry.body);
    if (founds || entry.from == rooms::server_user) return true;
    const standing here{*this, entry.from.value(), head(), entry.at};
    const rooms::standing who = here;
    return std::visit(
        overloaded{
            [&](const posted& what) {
              rooms::particulars of;
              of.in_thread = what.where.thread.has_value();
              const auto last = spoke_.find(entry.from);
              if (last != spoke_.end() && rooms::role_of(who) < role::moderator && !who.room.direct)
                of.last_message = last->second;
              return may(who, rooms::action::write, of);
            },
            [&](const edited& what) {
              return changes(who, what.target, rooms::action::write) && is_there(who, what.target);
            },
            [&](const deleted& what) {
              return changes(who, what.target, rooms::action::delete_own);
            },
            [&](const reacted& what) {
              return may(who, rooms::action::react) && is_there(who, what.target);
            },
            [&](const pinned& what) {
              return may(who, rooms::action::pin) && (!what.on || is_there(who, what.target));
            },
            [&](const room_set& what) { return may_set(who, what.change); },
            [&](const member_set& what) {
              return std::ranges::all_of(
                  what.users, [&](const user_id& user) { return may_change(who, what, user); });
            },
            [](const recorded&) { return false; },
            [](const user_set&) { return false; },
            [](const trimmed&) { return false; },
            [](const erased&) { return false; },
        },
        entry.body);
  }
  static bool may(const rooms::standing& who, rooms::action what,
                  const rooms::particulars& of = {}) {
    return !rooms::keeps_out(who) && !rooms::forbids(who, what, of);
  }
  /// A message that is there: one's own, or that of somebody else.
  bool changes(const rooms::standing& who, seq_no target, rooms::action own) const {
    const auto message = messages_.find(target.value());
    if (message == messages_.end() || was_deleted(target.value(), head())) return false;
    rooms::particulars of;
    of.in_thread = message->second.in_thread;
    return may(who, message->second.by == who.by.user ? own : rooms::action::change_others, of);
  }
  bool is_there(const rooms::standing& who, seq_no target) const {
    return messages_.contains(target.value()) && !was_deleted(target.value(), head()) &&
           target >= rooms::floor_of(who.room, who.by, who.row);
  }
  static bool may_set(const rooms::standing& who, const room_settings& change) {
    if (who.room.settings().is_archived() && change.archived == false)
      return rooms::role_of(who) == role::owner;
    const bool access =
        change.visible || change.visitors || change.inviting || change.archived || change.history;
    return may(who, rooms::action::set_manner) && (!access || may(who, rooms::action::set_access));
  }
  bool may_change(const rooms::standing& who, const member_set& change, const user_id& user) const {
    const auto row = row_of(user, head());
    rooms::particulars of;
    of.target = &row;
    const auto state = change.state.value_or(member_state::none);
    if (user == who.by.user) {
      if (state == member_state::left) return row.is_row_of_inbox();
      if (state == member_state::member)
        return !rooms::keeps_out(who, true) && !who.room.settings().is_archived();
      return change.as && *change.as <= row.as && may(who, rooms::action::step_down);
    }
    const bool moderates = state == member_state::removed || state == member_state::banned ||
                           state == member_state::unbanned || change.mute_until;
    const bool invites = state == member_state::invited;
    if (state == member_state::member || state == member_state::left) return false;
    if (moderates && !may(who, rooms::action::moderate, of)) return false;
    if (invites && (row.is_banned(who.at) || !may(who, rooms::action::invite))) return false;
    if (!change.as || (invites && *change.as == role::member)) return true;
    return may(who, rooms::action::promote) ||
           (*change.as <= role::member && may(who, rooms::action::moderate, of));
  }

  using changed_row = std::pair<std::uint64_t, rooms::member_row>;

  actor_world& world_;
  std::string room_;
  const std::map<std::string, role>& tokens_;
  std::vector<rooms::room_view> views_;  // after each entry
  std::map<user_id, std::vector<changed_row>> rows_;
  std::map<std::uint64_t, said> messages_;
  std::map<std::uint64_t, std::uint64_t> deleted_;  // to the entry that did it
  std::map<user_id, unix_ms> spoke_;
  bool read_own_only_once_ = false;
};

}  // namespace confab::test
