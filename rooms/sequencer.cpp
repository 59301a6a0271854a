#include "rooms/sequencer.hpp"

#include "protocol/overloaded.hpp"
#include "rooms/judge.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace confab::rooms {
namespace {

/// Whether the entry that a key stands on is of the kind, and names the target, of this operation.
bool is_repeat_of(const want& what, const key_record& used) {
  return std::visit(
      overloaded{
          [&](const post_message&) {
            return used.kind == entry_kind::posted || used.kind == entry_kind::replied;
          },
          [&](const edit_message& edit) {
            return used.kind == entry_kind::edited && used.target == edit.target;
          },
          [&](const delete_messages& wanted) {
            return used.kind == entry_kind::deleted && used.target &&
                   std::ranges::find(wanted.targets, *used.target) != wanted.targets.end();
          },
          [&](const set_reaction& reaction) {
            return used.kind == (reaction.on ? entry_kind::reacted : entry_kind::unreacted) &&
                   used.target == reaction.target;
          },
          [&](const set_pin& pin) {
            return used.kind == (pin.on ? entry_kind::pinned : entry_kind::unpinned) &&
                   used.target == pin.target;
          },
          [&](const record_event&) { return used.kind == entry_kind::recorded; },
          // An entry names those of the command's users whom it changed.
          [&](const set_members& wanted) {
            const auto& then = used.members;
            const auto& now = wanted.change;
            return then && then->state == now.state && (!now.as || then->as == now.as) &&
                   then->mute_until == now.mute_until &&
                   std::ranges::all_of(then->users, [&](const user_id& user) {
                     return std::ranges::find(now.users, user) != now.users.end();
                   });
          },
          [&](const become_member&) { return used.kind == entry_kind::member_set; },
          [&](const cease_membership&) { return used.kind == entry_kind::member_set; },
          [&](const set_room&) { return used.kind == entry_kind::room_set; },
          [&](const set_user&) { return used.kind == entry_kind::user_set; },
          // A room is founded by its settings and its owner, or by its owner alone.
          [&](const create_room&) {
            return used.first == seq_no{1} &&
                   (used.kind == entry_kind::member_set ||
                    (used.kind == entry_kind::room_set && used.last > used.first));
          },
          [](const set_marks&) { return false; },
          [](const move_marker&) { return false; },
          [&](const trim_room&) { return used.kind == entry_kind::trimmed; },
          [&](const erase_user&) { return used.kind == entry_kind::erased; },
          [](const set_own&) { return false; },
      },
      what);
}

/// Whether the row is as the change leaves one that it changes nothing of.
bool stands_as_asked(const member_row& row, const member_set& change, unix_ms at) {
  if (change.as && row.as != *change.as && change.state != member_state::invited) return false;
  if (change.mute_until && row.mute_until != *change.mute_until) return false;
  if (!change.state) return true;
  switch (*change.state) {
    case member_state::invited:
      return row.is_member() || row.is_invited(at);
    case member_state::member:
      return row.is_member();
    case member_state::banned:
      return row.is_banned(at);
    case member_state::unbanned:
      return !row.is_banned(at);
    case member_state::none:
    case member_state::left:
    case member_state::removed:
      return !row.is_member() && !row.is_invited(at);
  }
  return false;
}

/// What one said, or has to answer for, is taken away also where one can't read it any more.
bool takes_away(const want& what) {
  const auto* pin = std::get_if<set_pin>(&what);
  return std::holds_alternative<delete_messages>(what) || (pin && !pin->on);
}

/// What the entries of an allowed operation are made of, beside the operation itself.
struct findings {
  std::vector<seq_no> targets;  // those that something changes,
  std::vector<user_id> users;   // and users
  std::optional<seq_no> root;   // of the thread that a message goes to
  seq_no upto;                  // what a trim takes away, and how much
  std::size_t taken = 0;        // goes with it, or with messages that are deleted
};

/// Edits and reactions go with their message.
std::size_t weight_of(const message_state& message) {
  return std::size_t{message.edits} + message.reaction_entries;
}

/// As far as one `trimmed` may go: one entry, and then as many as it may weigh.
void measure_trim(findings& found, const room_view& room, seq_no upto, source& from) {
  const seq_no most{room.floor.value() + limits::trim_entries_max - 1};
  const auto end = std::min({upto, room.head, most});
  for (auto seq = room.floor; seq <= end; seq = next(seq)) {
    const auto message = from.message(room, seq, server_user, {});
    const auto more = 1 + (message ? weight_of(*message) : 0);
    if (found.taken > 0 && found.taken + more >= weight_max) return;
    found.taken += more;
    found.upto = seq;
  }
}

std::vector<entry_body> bodies_of(operation& asked, findings& found, const room_view& room) {
  std::vector<entry_body> bodies;
  const bool unchecked = asked.by_hook == checked::in_vain;
  const auto members = [&](const auto&) {
    auto change = *member_change_of(asked);
    change.users = std::move(found.users);
    bodies.push_back(std::move(change));
  };
  std::visit(overloaded{
                 [&](post_message& post) {
                   post.where.thread = found.root;
                   bodies.push_back(posted{std::move(post.what), std::move(post.where), unchecked});
                 },
                 [&](edit_message& edit) {
                   bodies.push_back(edited{edit.target, std::move(edit.what), unchecked});
                 },
                 [&](delete_messages& gone) {
                   for (const auto target : found.targets)
                     bodies.push_back(deleted{target, gone.reason});
                 },
                 [&](set_reaction& reaction) {
                   bodies.push_back(
                       reacted{reaction.target, std::move(reaction.emoji), reaction.on});
                 },
                 [&](set_pin& pin) { bodies.push_back(pinned{pin.target, pin.on}); },
                 [&](record_event& event) {
                   bodies.push_back(recorded{std::move(event.type), std::move(event.data)});
                 },
                 [&](set_members& change) { members(change); },
                 [&](become_member& own) { members(own); },
                 [&](cease_membership& own) { members(own); },
                 [&](set_room& set) {
                   bodies.push_back(room_set{difference(room.settings(), set.change)});
                 },
                 [&](set_user& set) { bodies.push_back(std::move(set.profile)); },
                 [](create_room&) {},
                 [](set_marks&) {},
                 [](move_marker&) {},
                 [](set_own&) {},
                 [&](erase_user& gone) {
                   bodies.push_back(erased{std::move(gone.user), std::move(gone.as)});
                 },
                 [&](trim_room&) { bodies.push_back(trimmed{found.upto}); },
             },
             asked.what);
  return bodies;
}

content* content_of(want& what) {
  if (auto* post = std::get_if<post_message>(&what)) return &post->what;
  if (auto* edit = std::get_if<edit_message>(&what)) return &edit->what;
  return nullptr;
}

/// The row as it is after the operation's entries so far, which are not stored yet.
class changing_rows final : public member_rows {
 public:
  explicit changing_rows(source& of) : of_(of) {}
  member_row member(const room_view& room, const user_id& user) override {
    auto row = of_.member(room, user);
    for (const auto* entry : taken_) {
      const auto* change = std::get_if<member_set>(&entry->body);
      const auto* gone = std::get_if<erased>(&entry->body);
      if ((change && std::ranges::find(change->users, user) != change->users.end()) ||
          (gone && gone->user == user))
        row = rooms::apply(std::move(row), *entry, room.direct.has_value());
    }
    return row;
  }
  void take(const log_entry& entry) { taken_.push_back(&entry); }

 private:
  source& of_;
  std::vector<const log_entry*> taken_;
};

}  // namespace

unix_ms follow(unix_ms log_time, unix_ms stamp) noexcept {
  if (log_time.value() - stamp.value() > clock_step_back_min.count()) return stamp;
  return std::max(log_time, stamp);
}

/// First the key, before any right: the answer to a repeat is that of the first use, whatever has
/// happened since (SEMANTICS §12).
std::optional<decision> sequencer::known_key(const operation& asked, unix_ms at,
                                             const room_view& room, source& from) const {
  if (asked.key.empty()) return std::nullopt;
  const auto used = from.key(room, asked.by.user, asked.key);
  if (!used || !window_.remembers(used->position, used->at, from.last_position(), at))
    return std::nullopt;
  if (is_repeat_of(asked.what, *used) && covers(*used, asked, at, room, from))
    return repeated{used->last, used->at};
  return refusal(error_code::conflict, "this key was used for something else");
}

/// Whether the first use may have named all that this one names. Its entries tell only what it
/// changed: what they do not name must be as it would have left it.
bool sequencer::covers(const key_record& used, const operation& asked, unix_ms at,
                       const room_view& room, source& from) {
  if (const auto* wanted = std::get_if<delete_messages>(&asked.what))
    return std::ranges::all_of(wanted->targets, [&](seq_no target) {
      if (target < room.floor) return true;  // it is gone whatever it was
      const auto message = from.message(room, target, asked.by.user, {});
      return message && message->deleted;
    });
  const auto* members = std::get_if<set_members>(&asked.what);
  if (!members) return true;
  return std::ranges::all_of(members->change.users, [&](const user_id& user) {
    const auto& changed = used.members->users;
    return std::ranges::find(changed, user) != changed.end() ||
           stands_as_asked(from.member(room, user), members->change, at) ||
           (members->change.state == member_state::invited &&
            from.has_blocked(user, asked.by.user));
  });
}

standing sequencer::standing_of(const room_view& room, const principal& by, const member_row& row,
                                unix_ms at) const {
  return {room, by, row, at, how_};
}

decision sequencer::create(operation& asked, unix_ms at, source& from) {
  auto& wanted = std::get<create_room>(asked.what);
  room_created made;
  made.view.room = asked.room;
  made.view.direct = wanted.direct;
  made.view.last_at = at;
  const auto is_full = [&](const user_id& user) {
    return takes_no_more(from.memberships(user, at, how_.memberships_max), how_);
  };
  if (wanted.with) {
    if (asked.by.as == principal::kind::guest && !how_.guest_members)
      return refusal(error_code::forbidden, "guests own no rooms here");
    if (asked.by.token == role::reader)
      return refusal(error_code::forbidden, "who may only read makes no rooms");
    if (auto why = is_full(asked.by.user)) return *std::move(why);
    std::vector<entry_body> bodies;
    if (auto settings = difference({}, wanted.with->settings); !settings.empty())
      bodies.push_back(room_set{std::move(settings)});
    member_set owner, invited;
    owner.users = {asked.by.user};
    owner.state = member_state::member;
    owner.as = role::owner;
    bodies.push_back(std::move(owner));
    for (const auto& user : wanted.with->invited) {
      if (user == asked.by.user || from.has_blocked(user, asked.by.user)) continue;
      if (auto why = is_no_member_here(user, how_)) return *std::move(why);
      if (auto why = is_full(user)) return *std::move(why);
      invited.users.push_back(user);
    }
    invited.state = member_state::invited;
    invited.until = unix_ms{at.value() + how_.invitation_life.count()};
    if (!invited.users.empty()) bodies.push_back(std::move(invited));

    // Nothing is stored of this room: each of its users starts with an empty row.
    struct nobody final : member_rows {
      member_row member(const room_view&, const user_id&) override { return {}; }
    } rows;
    for (auto& body : bodies) {
      made.entries.push_back(
          {next(made.view.head), at, asked.by.user, {}, std::move(body), asked.by.api_key});
      apply(made.view, made.entries.back(), rows);
    }
    made.entries.front().key = std::move(asked.key);
  }
  log_time_ = at;
  return made;
}

/// Whether something that the user has said since is not deleted, or it is too much to look.
std::optional<refused> sequencer::still_speaks(const erase_user& gone, const room_view& room,
                                               source& from) {
  constexpr std::uint64_t looked_at_max = 1'000;
  const auto again = [] { return refusal(error_code::conflict, "look again for what was said"); };
  if (room.room == server_room || gone.seen >= room.head) return std::nullopt;
  if (room.head.value() - gone.seen.value() > looked_at_max) return again();
  for (auto seq = next(gone.seen); seq <= room.head; seq = next(seq)) {
    const auto message = from.message(room, seq, gone.user, {});
    if (message && !message->deleted && message->author == gone.user && seq >= room.floor) return again();
  }
  return std::nullopt;
}

decision sequencer::decide(operation& asked, unix_ms stamp, source& from) {
  const auto at = follow(log_time_, stamp);
  if (std::holds_alternative<set_marks>(asked.what)) {
    log_time_ = at;
    return marked{at};
  }

  auto* room = from.room(asked.room);
  if (from.broken()) return undecided{};
  const auto* founding = std::get_if<create_room>(&asked.what);
  const auto overdraft = [&] {
    auto why = refusal(error_code::rate_limited, "too much for now");
    why.retry_after = asked.overdrawn;
    return why;
  };
  if (founding && !room && asked.overdrawn) return overdraft();
  if (founding && !room) {
    auto made = create(asked, at, from);
    return from.broken() ? decision{undecided{}} : std::move(made);
  }
  if (founding && !founding->with) return room_was_there{};
  if (!room) return refusal(error_code::no_such_room, "no such room");
  if (std::holds_alternative<move_marker>(asked.what)) return move(asked, at, *room, from);
  if (std::holds_alternative<set_own>(asked.what)) return set(asked, at, *room, from);

  auto known = known_key(asked, at, *room, from);
  if (from.broken()) return undecided{};
  if (known) return std::move(*known);
  if (asked.overdrawn) return overdraft();
  if (founding) return refusal(error_code::conflict, "this room is there already");

  const auto author = from.member(*room, asked.by.user);
  const auto who = standing_of(*room, asked.by, author, at);
  judged_case of{who, asked};
  findings found;
  auto floor = room->floor;
  if (!takes_away(asked.what))
    floor = std::max({floor, floor_of(*room, asked.by, author), asked.by.reads_from});
  const auto is_shown = [&](seq_no seq) { return seq >= floor && seq <= room->head; };

  // What a message refers to.
  if (const auto* post = std::get_if<post_message>(&asked.what)) {
    if (!post->after.empty() && !from.key(*room, asked.by.user, post->after) && !from.broken())
      return refusal(error_code::out_of_order, "the message before it is not there");
    const auto look_up = [&](seq_no seq) -> std::optional<message_state> {
      if (!is_shown(seq)) return std::nullopt;
      return from.message(*room, seq, asked.by.user, {});
    };
    if (post->where.thread) {
      const auto root = look_up(*post->where.thread);
      if (root) found.root = root->thread.value_or(*post->where.thread);
      of.refers_to_nothing = !root || *found.root < room->floor;
    }
    if (post->where.reply_to && !look_up(*post->where.reply_to)) of.refers_to_nothing = true;
    const bool slow = room->settings().slow_mode().count() > 0 &&
                      (role_of(who) < role::moderator && !room->direct);
    if (slow) of.last_message = from.last_message(*room, asked.by.user);
  }
  if (room->direct && is_direct_user(*room, asked.by.user)) {
    const auto& [a, b] = *room->direct;
    of.blocked = from.has_blocked(a == asked.by.user ? b : a, asked.by.user);
  }
  if (auto* set = std::get_if<set_user>(&asked.what)) {
    set->profile.by_api = asked.by.as == principal::kind::api_key;
    const auto was = from.profile(set->profile.user);
    if (was && was->outlasts(set->profile, at)) return unchanged{};
    set->profile.first = !was;
  }
  if (from.broken()) return undecided{};

  if (const auto* gone = std::get_if<erase_user>(&asked.what))
    if (auto why = still_speaks(*gone, *room, from)) return *std::move(why);

  // All targets, or users, or none: of those allowed, those that change nothing make no entry.
  std::optional<message_state> message;
  bool anything = false;
  std::optional<decision> refused_as;
  const auto judge_one = [&] {
    auto said = judge(of);
    if (auto* no = std::get_if<refused>(&said)) refused_as = std::move(*no);
    const bool changes = std::holds_alternative<allowed>(said);
    anything = anything || changes;
    return changes;
  };
  const auto targets = targets_of(asked.what);
  const auto users = users_of(asked);
  if (targets.empty() && users.empty()) judge_one();
  const auto* reaction = std::get_if<set_reaction>(&asked.what);
  const bool deletes = std::holds_alternative<delete_messages>(asked.what);
  for (std::size_t i = 0; i < targets.size() && !refused_as; ++i) {
    const auto target = targets[i];
    if (std::ranges::find(found.targets, target) != found.targets.end()) continue;
    message.reset();
    if (is_shown(target))
      message = from.message(*room, target, asked.by.user,
                             reaction ? std::string_view{reaction->emoji} : std::string_view{});
    of.message = message ? &*message : nullptr;
    if (from.broken()) return undecided{};
    if (!judge_one()) continue;
    found.targets.push_back(target);
    if (!deletes) continue;
    found.taken += weight_of(*message);
    if (found.targets.size() > 1 && found.targets.size() + found.taken > weight_max)
      return too_many("too many edits and reactions go with these: name fewer messages", weight_max);
  }
  const auto change = member_change_of(asked);
  const bool invites = change && change->state == member_state::invited;
  const bool joins = change && change->state == member_state::member;
  std::size_t joining = 0;
  bool all_owners = change && change->as && *change->as < role::owner && room->owners > 0;
  if (all_owners) {
    const std::set<user_id> named(users.begin(), users.end());
    all_owners = static_cast<std::uint32_t>(std::ranges::count_if(named, [&](const user_id& user) {
                   return from.member(*room, user).is_owner();
                 })) == room->owners;
  }
  const bool has_heir = all_owners && from.successor(*room, users).has_value();
  for (std::size_t i = 0; i < users.size() && !refused_as; ++i) {
    named_user one{users[i], from.member(*room, users[i]), 0, joining, all_owners, has_heir};
    const bool own = users[i] == asked.by.user;
    if (invites && !own && from.has_blocked(one.id, asked.by.user)) continue;  // in silence
    if ((invites || joins) && !one.row.is_member())
      one.memberships = from.memberships(one.id, at, how_.memberships_max);
    of.user = &one;
    if (from.broken()) return undecided{};
    if (judge_one()) {
      found.users.push_back(users[i]);
      joining += joins && !one.row.is_member();
    }
    of.user = nullptr;
  }
  if (refused_as) return std::move(*refused_as);
  if (!anything) return unchanged{};
  if (asked.by_hook == checked::not_yet)
    return to_be_checked(room->direct ? role::member : role_of(who));
  if (const auto* trim = std::get_if<trim_room>(&asked.what))
    measure_trim(found, *room, trim->upto, from);

  appended done;
  // A message is not lost for whom it names: those it can't reach are told.
  if (auto* what = content_of(asked.what)) {
    auto& mentions = what->mentions;
    std::erase(mentions.users, message ? message->author : asked.by.user);
    for (const auto& user : mentions.users) {
      const bool is_there = room->direct ? is_direct_user(*room, user)
                                         : from.member(*room, user).is_member();
      if (!is_there) done.unreached.users.push_back(user);
    }
    const bool is_edit = message.has_value();
    const bool in_thread = is_edit ? message->thread.has_value() : found.root.has_value();
    if (mentions.room && (in_thread || (is_edit ? !message->mentions_room
                                                : forbids(who, action::mention_room).has_value()))) {
      mentions.room = false;
      done.unreached.room = true;
    }
    const auto profile = from.profile(asked.by.user);
    if (profile && profile->what.name != asked.by.user.view()) done.name = profile->what.name;
  }
  if (from.broken()) return undecided{};

  if (auto* invite = std::get_if<set_members>(&asked.what))
    if (invite->change.state == member_state::invited && !invite->change.until)
      invite->change.until = unix_ms{at.value() + how_.invitation_life.count()};
  const bool had_owner = room->owners > 0;
  changing_rows rows{from};
  const auto add = [&](const user_id& author_of, entry_body body) {
    done.entries.push_back({next(room->head), at, author_of, {}, std::move(body), asked.by.api_key});
    apply(*room, done.entries.back(), rows);
  };
  const auto beside = found.taken + found.users.size();
  auto bodies = bodies_of(asked, found, *room);
  done.entries.reserve(bodies.size() + 1);  // `rows` points into it
  for (auto& body : bodies) {
    add(asked.by.user, std::move(body));
    rows.take(done.entries.back());
  }
  // A room that had an owner is not left without one as long as there is a member.
  if (had_owner && room->owners == 0) {
    const auto& first = done.entries.front().body;
    const auto* gone = std::get_if<erased>(&first);
    const auto without = gone ? std::vector{gone->user} : std::get<member_set>(first).users;
    if (auto heir = from.successor(*room, without)) {
      member_set owner;
      owner.users = {*std::move(heir)};
      owner.as = role::owner;
      add(server_user, std::move(owner));
    }
  }
  if (from.broken()) return undecided{};
  done.members = room->members;
  done.weight = done.entries.size() + beside;
  done.entries.front().key = std::move(asked.key);
  log_time_ = at;
  return done;
}

}  // namespace confab::rooms
