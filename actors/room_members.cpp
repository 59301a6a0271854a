// What a room knows of its members: who may what, who has to go, and the lists that are read for
// it. Rights are judged here only of what never becomes an entry; all else the sequencer decides.

#include "actors/room_state.hpp"
#include "protocol/codec.hpp"
#include "protocol/whole_number.hpp"

#include <algorithm>

namespace confab::actors {
namespace {

constexpr std::size_t names_max = 512;

std::optional<seq_no> seq_of(std::string_view cursor) {
  const auto value = whole_number(cursor);
  return value ? std::optional{seq_no{*value}} : std::nullopt;
}

}  // namespace

void room_state::command(const asker& from, room_op& what, steady_time now, room_effects& out) {
  const rooms::principal* by = nullptr;
  if (const auto* op = std::get_if<join_op>(&what)) by = &op->by;
  if (const auto* op = std::get_if<list_op>(&what)) by = &op->by;
  if (const auto* op = std::get_if<absent_op>(&what)) by = &op->by;
  if (const auto* op = std::get_if<file_op>(&what)) by = &op->by;
  if (by && await_row(from, *by, what, out)) return;
  std::visit(overloaded{
                 [&](const join_op& op) { join(from, op, now, out); },
                 [&](const leave_op& op) { leave(from, op, now, out); },
                 [&](append_op& op) { append(from, std::move(op), now, out); },
                 [&](const typing_op& op) { type(from, op.on, now, out); },
                 [&](direct_op& op) { direct(from, std::move(op), now, out); },
                 [](const vouch_op&) {},  // the actor's, as is
                 [](const look_at_room&) {},
                 [&](const cease_op& op) { cease(from, op, now, out); },
                 [&](create_op& op) { create(from, std::move(op), now, out); },
                 [&](const standing_op& op) { take_standing(from, op, now, out); },
                 [&](const absent_op& op) { tell_absent(from, op, out); },
                 [&](emit_op& op) { emit(from, std::move(op), out); },
                 [&](const list_op& op) { list(from, op, out); },
                 [&](const block_op& op) { block(op.by, op.on); },
                 [&](const file_op& op) { look_at_file(from, op, out); },
             },
             what);
}

// --- who is what -------------------------------------------------------------------------------

rooms::standing room_state::standing_of(const rooms::principal& by, const rooms::member_row& row,
                                        unix_ms at) const {
  return {view_, by, row, std::max(at, view_.last_at), how_.rules};
}

rooms::principal room_state::principal_of(const member& who) const {
  rooms::principal by;
  by.user = *who.user;
  if (who.guest) by.as = rooms::principal::kind::guest;
  by.token = who.token;
  by.admin = who.admin;
  by.opens = who.opens;
  by.joined = who.joined;
  return by;
}

room_state::known_row room_state::known_of(const user_id& user) const {
  if (passing_ && passing_->first == user) return passing_->second;
  const auto at = rows_.find(user);
  return at == rows_.end() ? known_row{} : at->second;
}

/// Of most rooms nothing is kept of anybody; and who is in the room was looked up on the way in.
bool room_state::knows_row_of(const user_id& user) const {
  return view_.rows == 0 || presence_.has_session(user) ||
         (passing_ && passing_->first == user);
}

bool room_state::await_row(const asker& from, const rooms::principal& by, room_op& what,
                           room_effects& out) {
  if (knows_row_of(by.user)) return false;
  for (auto& [number, about] : awaited_)
    if (auto* row = std::get_if<row_awaited>(&about); row && row->user == by.user) {
      row->waiting.emplace_back(from, std::move(what));
      return true;
    }
  member_question question{by.user};  // `by` is a part of `what`
  row_awaited about{by.user, {}, {}, {}};
  about.waiting.emplace_back(from, std::move(what));
  ask(std::move(about), std::move(question), out);
  return true;
}

void room_state::ask(awaited about, room_question what, room_effects& out) {
  awaited_.emplace(++last_question_, std::move(about));
  out.questions.push_back({last_question_, std::move(what)});
}

void room_state::answered(std::uint64_t question, room_answer& what, steady_time now,
                          room_effects& out) {
  auto asked = awaited_.extract(question);
  if (asked.empty()) return;
  std::visit(overloaded{
                 [&](row_awaited& about) { take_row(about, what, now, out); },
                 [&](const list_awaited& about) { take_list(about, what, out); },
                 [&](const reads_awaited& about) { take_reads(about, what, out); },
                 [&](const sweep_awaited& about) {
                   auto& job = sweeps_.at(about.sweep);
                   auto* seqs = std::get_if<std::vector<seq_no>>(&what);
                   if (!seqs) {
                     refuse(job.from, error_code::unavailable, "repeat with the same key", out);
                     sweeps_.erase(about.sweep);
                     return;
                   }
                   job.targets = std::move(*seqs);
                   std::erase_if(job.targets,
                                 [&](seq_no seq) { return job.before && seq > *job.before; });
                   go_on_sweeping(about.sweep, now, out);
                 },
             },
             asked.mapped());
}

/// What came between the reading and the answer is made up for here.
void room_state::take_row(row_awaited& about, room_answer& what, steady_time now,
                          room_effects& out) {
  auto* found = std::get_if<journal::member_found>(&what);
  if (!found) {
    for (auto& [from, op] : about.waiting) {
      const auto* joins = std::get_if<join_op>(&op);
      if (joins && joins->continuing)
        out.settlements.push_back({from.session, from.ticket, settlement::broken});
      else
        refuse(from, error_code::unavailable, "try again", out);
    }
    return;
  }
  for (const auto& entry : about.changes)
    if (entry.seq > found->head) found->row = rooms::apply(std::move(found->row), entry, is_direct());
  const auto as_of = std::max(found->head, view_.head);
  passing_.emplace(about.user,
                   known_row{std::move(found->row), as_of, std::max(found->read, about.read)});
  for (auto& [from, op] : about.waiting) command(from, op, now, out);
  auto known = std::move(passing_->second);
  passing_.reset();
  // The store may have been ahead of what is known here: what it had seen is not taken in again.
  if (presence_.has_session(about.user)) rows_.insert_or_assign(about.user, std::move(known));
}

void room_state::forget_row_of(const user_id& user) { rows_.erase(user); }

/// Why this session may not write, type or emit.
std::optional<rooms::refused> room_state::forbids_saying(const member& who, unix_ms at) const {
  return forbids_saying(standing_of(principal_of(who), row_of(*who.user), at));
}

std::optional<rooms::refused> room_state::forbids_saying(const rooms::standing& who) const {
  if (view_.direct) {
    if (!blocked_[who.by.user == view_.direct->second ? 0 : 1]) return std::nullopt;
    return rooms::refusal(error_code::forbidden, "not to this user");
  }
  // Inside a thread or not nobody says; who may write somewhere may type.
  return rooms::forbids(who, rooms::action::write, {true, {}, nullptr});
}

void room_state::refuse(const asker& to, const rooms::refused& why, room_effects& out) const {
  answer(to, error_for(to, view_.room, why), out);
  out.settlements.push_back({to.session, to.ticket});
}

seq_no room_state::floor_of(const rooms::principal& by, const rooms::member_row& row) const {
  const auto floor = rooms::floor_of(view_, by, row);
  const bool as_visitor = rooms::reads_own_only(view_, by) && !row.is_member();
  return as_visitor ? std::max(floor, next(view_.head)) : floor;
}

// --- commands ----------------------------------------------------------------------------------

void room_state::cease(const asker& from, const cease_op& what, steady_time now,
                       room_effects& out) {
  auto by = what.by;
  store(from, std::move(by), {}, rooms::cease_membership{}, pending_append::left{}, now, out);
}

void room_state::create(const asker& from, create_op what, steady_time now, room_effects& out) {
  rooms::create_room wanted{epoch_, {}, std::move(what.with)};
  store(from, std::move(what.by), std::move(what.key), std::move(wanted),
        pending_append::created{}, now, out, what.overdrawn);
}

void room_state::take_standing(const asker& from, const standing_op& what, steady_time now,
                               room_effects& out) {
  const auto at = members_.find(from.session);
  if (at == members_.end() || !at->second.joined || view_.direct) return;
  auto& who = at->second;
  const bool read_own_only = rooms::reads_own_only(view_, principal_of(who));
  who.token = what.by.token;
  who.admin = what.by.admin;
  who.opens = what.by.opens;
  const auto row = row_of(*who.user);
  const auto by = principal_of(who);
  if (rooms::keeps_out(standing_of(by, row, from.at)))
    leave({from.session, from.format, {}, {}}, leave_op{false, "token"}, now, out);
  // A visitor who stays one reads from where they came in on: their floor is left alone.
  else if (who.live && rooms::reads_own_only(view_, by) != read_own_only)
    out.settlements.push_back({from.session, {}, settlement::joined, floor_of(by, row)});
}

void room_state::tell_absent(const asker& from, const absent_op& what, room_effects& out) const {
  const auto row = row_of(what.by.user);
  if (const auto why = rooms::keeps_out(standing_of(what.by, row, from.at)))
    return refuse(from, *why, out);
  refuse(from, error_code::not_joined, "join the room first", out);
}

void room_state::emit(const asker& from, emit_op what, room_effects& out) {
  const auto at = members_.find(from.session);
  if (at == members_.end() || !at->second.joined)
    return refuse(from, error_code::not_joined, "join the room first", out);
  const auto& who = at->second;
  if (auto why = forbids_saying(who, from.at)) return refuse(from, *why, out);
  const message::emitted event{view_.room, *who.user, std::move(what.event), std::move(what.data)};
  announce(event, importance::droppable, who.number, {}, out);
  if (from.ref) answer(from, message::done{from.ref, {}}, out);
  out.settlements.push_back({from.session, from.ticket});
}

void room_state::block(const user_id& by, bool on) {
  if (!view_.direct) return;
  blocked_[by == view_.direct->first ? 0 : 1] = on;
  if (view_.direct->first == view_.direct->second) blocked_[0] = blocked_[1] = false;
}

void room_state::list(const asker& from, const list_op& what, room_effects& out) {
  const auto at = members_.find(from.session);
  const bool joined = at != members_.end() && at->second.joined;
  const auto row = row_of(what.by.user);
  if (!joined)
    if (auto why = rooms::keeps_out(standing_of(what.by, row, from.at)))
      return refuse(from, *why, out);
  const auto* of_members = std::get_if<command::list_members>(&what.what);
  if (view_.direct && of_members) return list_direct(from, what.by.user, *of_members, out);
  auto question = std::visit(
      overloaded{
          [&](const command::list_members& list) -> room_question {
            return members_question{what.by, list.state.value_or(member_state::member),
                                    user_id::make(list.after), list.limit};
          },
          [&](const command::list_pins& list) -> room_question {
            return pins_question{what.by, seq_of(list.after)};
          },
          [&](const command::list_threads& list) -> room_question {
            return threads_question{what.by, list.mine, seq_of(list.after), list.limit};
          },
      },
      what.what);
  const auto floor = joined && what.floor ? *what.floor : floor_of(what.by, row);
  ask(list_awaited{from, what.by.user, floor, joined}, std::move(question), out);
}

/// Both are members for ever, without an entry that says so.
void room_state::list_direct(const asker& from, const user_id& asking,
                             const command::list_members& what, room_effects& out) const {
  const auto reads = reads_for(asking);
  message::members reply{from.ref, view_.room, view_.head, 0, {}, {}};
  const auto& [a, b] = *view_.direct;
  for (const auto* user : {&a, &b}) {
    if (user == &b && a == b) break;
    ++reply.count;
    const bool is_behind = what.after.empty() || user->view() > what.after;
    if (!is_behind || what.state.value_or(member_state::member) != member_state::member) continue;
    message::member_ref one;
    one.id = *user;
    if (const auto at = names_.find(*user); at != names_.end()) one.name = at->second;
    one.online = presence_.has_session(*user);
    if (reads && reads->contains(*user)) one.read = reads->at(*user);
    reply.list.push_back(std::move(one));
  }
  if (from.ref) answer(from, reply, out);
  out.settlements.push_back({from.session, from.ticket});
}

void room_state::take_list(const list_awaited& about, room_answer& what, room_effects& out) {
  const auto& from = about.from;
  const auto text = [](std::optional<seq_no> next) {
    return next ? std::to_string(next->value()) : std::string{};
  };
  if (std::holds_alternative<std::monostate>(what))
    return refuse(from, error_code::unavailable, "try again", out);
  if (const auto* no = std::get_if<rooms::refused>(&what)) return refuse(from, *no, out);
  const auto session = members_.find(from.session);
  if (about.joined && (session == members_.end() || !session->second.joined))
    return refuse(from, error_code::not_joined, "the room was left", out);
  const auto floor = about.floor;
  if (from.ref) {
    if (auto* found = std::get_if<members_found>(&what)) {
      const auto reads = reads_for(about.user);
      message::members reply{from.ref, view_.room, found->page.head, view_.members, {}, {}};
      const auto name_of = [&](const user_id& user) {
        const auto at = std::ranges::find(found->names, user, &message::user_ref::id);
        return at == found->names.end() ? std::string{} : at->name;
      };
      for (auto& [user, own] : found->page.members) {
        // What has lapsed is kept until the next change, and no member's state any more.
        if (!own.is_member() && !own.is_invited(from.at) && !own.is_banned(from.at)) continue;
        const bool is_muted = own.is_muted(from.at);
        reply.list.push_back({user, name_of(user), own.state, own.as, presence_.has_session(user),
                              own.until,
                              is_muted ? std::optional{own.mute_until} : std::nullopt, own.by,
                              own.reason, {}});
        if (!reads) continue;
        if (const auto mark = reads->find(user); mark != reads->end())
          reply.list.back().read = mark->second;
      }
      if (found->page.more) reply.next = found->page.members.back().user.value();
      answer(from, reply, out);
    } else if (auto* found_pins = std::get_if<pins_found>(&what)) {
      auto& page = found_pins->page;
      message::pins reply{from.ref, view_.room, {}, std::move(found_pins->names), text(page.next)};
      for (auto& [by, at, message] : page.pins)
        if (message.seq >= floor) reply.list.push_back({by, at, std::move(message)});
      answer(from, reply, out);
    } else if (auto* threads = std::get_if<threads_found>(&what)) {
      auto& roots = threads->page.roots;
      std::erase_if(roots, [&](const auto& root) { return root.seq < floor; });
      answer(from,
             message::threads{from.ref, view_.room, std::move(roots), std::move(threads->names),
                              text(threads->page.next)},
             out);
    }
  }
  out.settlements.push_back({from.session, from.ticket});
}

// --- names -------------------------------------------------------------------------------------

void room_state::name_author(const user_id& user, std::string name) {
  if (names_.size() >= names_max) {
    std::map<user_id, std::string> still;
    for (const auto& entry : tail_)
      if (const auto at = names_.find(entry.from); at != names_.end())
        still.insert(names_.extract(at));
    names_ = std::move(still);
  }
  names_.insert_or_assign(user, std::move(name));
}

std::vector<message::user_ref> room_state::names_in(const message::event_list& events) const {
  std::vector<message::user_ref> found;
  if (names_.empty()) return found;
  std::visit(
      [&](const auto& list) {
        for (const auto& event : list) {
          const auto at = names_.find(event.from);
          if (at == names_.end()) continue;
          if (std::ranges::find(found, event.from, &message::user_ref::id) == found.end())
            found.push_back({at->first, at->second});
        }
      },
      events);
  return found;
}

// --- bans that take messages away --------------------------------------------------------------

void room_state::begin_sweep(pending_append& own, std::optional<message::stored> ban, unix_ms at,
                             room_effects& out) {
  auto& wanted = std::get<pending_append::swept>(own.then);
  const auto number = ++last_question_;
  const unix_ms since{at.value() - wanted.for_time.count()};
  messages_of_question question{wanted.by.user, std::move(wanted.users), since};
  std::optional<seq_no> before;  // a repeat takes away what the first use did, and nothing since
  if (ban) before = ban->seq;
  sweeps_.emplace(number, sweep{own.from, std::move(wanted.by), std::move(ban), before, {}, 0});
  ask(sweep_awaited{number}, std::move(question), out);
}

/// The next hundred; `done` comes after the last (SEMANTICS §3). After a crash the same key takes
/// the rest.
void room_state::go_on_sweeping(std::uint64_t number, steady_time now, room_effects& out) {
  auto& job = sweeps_.at(number);
  if (job.targets.empty()) {
    if (job.from.ref) {
      message::done done{job.from.ref, job.ban};
      done.deleted = job.deleted;
      answer(job.from, done, out);
    }
    out.settlements.push_back(
        {job.from.session, job.from.ticket, settlement::none, {}, {}, job.rows});
    sweeps_.erase(number);
    return;
  }
  const auto count = std::min(job.targets.size(), job.at_once);
  job.asked.assign(job.targets.end() - static_cast<std::ptrdiff_t>(count), job.targets.end());
  job.targets.resize(job.targets.size() - count);
  store(job.from, job.by, {}, rooms::delete_messages{job.asked, {}},
        pending_append::next_of_sweep{number}, now, out);
}

/// Where too many edits and reactions go with so many messages.
bool room_state::sweep_fewer(std::uint64_t number, const rooms::refused& why) {
  const auto at = sweeps_.find(number);
  if (at == sweeps_.end() || why.code != error_code::limit || at->second.at_once == 1) return false;
  auto& job = at->second;
  job.targets.insert(job.targets.end(), job.asked.begin(), job.asked.end());
  job.at_once /= 2;
  return true;
}

}  // namespace confab::actors
