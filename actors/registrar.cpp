#include "actors/registrar.hpp"

#include "actors/encoding.hpp"
#include "actors/walls.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace confab::actors {
namespace {

constexpr std::chrono::milliseconds read_wait_max{10'000};
constexpr std::size_t reads_together_max = 256;
constexpr auto introduction_wait_max = std::chrono::seconds{5};

}  // namespace

registrar::behavior_type registrar::make_behavior() {
  end_process_on_bug(*this, *env_);
  set_down_handler([this](const caf::down_msg& down) {
    room_ended(down.source, down.reason != caf::exit_reason::normal);
  });
  return {
      [this](to_user& what) { guarded(what.user, [&] { step(what.user, what.what); }); },
      [this](const wake&) {
        state_->awaits_wake = false;
        if (state_->reads.empty()) return;
        if (env_->steady_now() < state_->reads_until) return watch_reads();
        end_reads(state_->request, nullptr);
      },
      [this](const census_question& asked) { return list(asked.count_max); },
      [this](const send_away& what) { return send_off(what.user); },
      [](const alive_request&) { return still_here{}; },
  };
}

/// The wall for bugs: one user's row.
template <class Step>
void registrar::guarded(const user_id& user, Step step) {
  try {
    step();
  } catch (...) {
    report_bug(*env_, "user", user.view());
    lose(user);
  }
  forget_if_idle(user);
}

void registrar::step(const user_id& user, user_op& what) {
  std::visit(overloaded{
                 [&](attach_session& op) { attach(user, op); },
                 [&](const detach_session& op) { detach(user, op.session); },
                 [&](const watch_user& op) { watch(user, op); },
                 [&](const direct_moved& op) {
                   if (auto* row = find(user)) row->note(op.direct);
                 },
                 [&](const session_moved& op) {
                   if (auto* row = find(user)) row->move(op.session, op.room, op.in);
                 },
                 [&](const session_active& op) {
                   if (auto* row = find(user)) row->set_active(op.session, op.on);
                 },
                 [&](user_signal& op) { signal(user, op); },
                 [&](const marker_told& op) {
                   if (const auto* row = find(user))
                     for (const auto& one : row->sessions())
                       if (one.id != op.by) tell_session(one.id, op);
                 },
                 [&](const look_at_user& op) { op.hear(find(user)); },
             },
             what);
}

// --- sessions ----------------------------------------------------------------------------------

void registrar::attach(const user_id& user, attach_session& what) {
  auto& row = state_->users[user];
  env_->board.counts_of(user).users.set(state_->users.size());
  for (const auto older : row.attach(what.who, std::move(what.device)))
    tell_session(older, replace_session{});
  if (row.sessions().size() == 1) env_->presence(user, true);
  // Most who connect have none, and a question to the journal is 2.4 of the 27 us a connect costs.
  if (!row.reads_directs() && !env_->may_have_directs(user)) row.has_no_directs();
  if (row.knows_directs()) return introduce(user, what.who.id, true);
  row.wait_for_directs(what.who.id);
  if (!row.reads_directs()) read_directs(user);
}

void registrar::detach(const user_id& user, session_id session) {
  auto* row = find(user);
  if (!row) return;
  const bool was_there = row->has(session);
  row->detach(session);
  if (was_there && row->sessions().empty()) env_->presence(user, false);
  for (const auto room : row->watchers())
    send(state_->rooms.at(room).handle, session_vanished{session});
}

/// One request is under way at a time, and takes all that came during the last one: a request each
/// would wake the reader's thread for every user who connects.
void registrar::read_directs(const user_id& user) {
  const auto number = ++state_->last_read;
  find(user)->begin_reading(number);
  state_->next_reads.push_back({user, number});
  start_reads();
}

void registrar::start_reads() {
  auto& s = *state_;
  if (!s.reads.empty() || s.next_reads.empty()) return;
  const auto count = std::min(s.next_reads.size(), reads_together_max);
  const auto end = s.next_reads.begin() + static_cast<std::ptrdiff_t>(count);
  s.reads.assign(s.next_reads.begin(), end);
  s.next_reads.erase(s.next_reads.begin(), end);
  s.reads_until = env_->steady_now() + read_wait_max;

  directs_request asked;
  for (const auto& read : s.reads) asked.users.push_back(read.user);
  const auto number = ++s.request;
  // Its end is watched here: a timeout of CAF's would wake the thread of its clock each time.
  request(env_->board.reader_of(asked.users.front()), caf::infinite, std::move(asked))
      .then([this, number](const directs_reads& read) { end_reads(number, &read); },
            [this, number](caf::error&) { end_reads(number, nullptr); });
  watch_reads();
}

void registrar::end_reads(std::uint32_t request, const directs_reads* read) {
  if (request != state_->request) return;  // given up
  const auto reads = std::exchange(state_->reads, {});
  for (std::size_t i = 0; i < reads.size(); ++i) {
    const auto& [user, number] = reads[i];
    const auto* own = read && read->of[i].ok ? &read->of[i] : nullptr;
    guarded(user, [&] { directs_read(user, number, own); });
  }
  start_reads();
}

void registrar::watch_reads() {
  if (std::exchange(state_->awaits_wake, true)) return;
  const auto until = state_->reads_until;
  send_later(std::max<caf::timespan>(until - env_->steady_now(), caf::timespan{0}), wake{until});
}

void registrar::directs_read(const user_id& user, std::uint32_t read,
                             const struct directs_read* list) {
  auto* row = find(user);
  if (!row) return;
  // Without the list nobody is kept out: rooms can be joined all the same.
  for (const auto session : row->directs_read(read, list ? &list->directs : nullptr))
    introduce(user, session, list != nullptr);
}

/// Every room has seen the session before the session sees the heads in `welcome`: what a head
/// does not count yet will reach the session live.
void registrar::introduce(const user_id& user, session_id session, bool with_directs) {
  const auto& row = *find(user);
  const auto rooms = row.watchers();
  if (rooms.empty()) return greet(user, session, with_directs);
  const session_info who{session, user, {}, row.find(session)->format};
  const auto open = std::make_shared<std::size_t>(rooms.size());
  const auto answered = [this, user, session, with_directs, open] {
    if (--*open == 0) greet(user, session, with_directs);
  };
  for (const auto room : rooms) {
    const auto& handle = state_->rooms.at(room).handle;
    request(handle, introduction_wait_max, session_appeared{who})
        .then(
            [this, user, answered](const session_seen& seen) {
              guarded(user, [&] {
                if (auto* own = find(user)) own->note(seen.direct);
                answered();
              });
            },
            [this, user, answered, gone = handle.address()](caf::error& why) {
              // The news of its end may still be on the way.
              if (why == caf::sec::request_receiver_down) room_ended(gone, true);
              guarded(user, [&] { answered(); });
            });
  }
}

void registrar::greet(const user_id& user, session_id session, bool with_directs) {
  auto* row = find(user);
  if (!row || !row->has(session)) return;
  if (with_directs && !row->knows_directs()) {  // they were void before it came to this
    row->wait_for_directs(session);
    if (!row->reads_directs()) read_directs(user);
    return;
  }
  session_attached hello;
  if (row->knows_directs()) hello.directs = row->latest_directs();
  tell_session(session, std::move(hello));
}

/// Who may not is answered as if nobody was there.
void registrar::signal(const user_id& user, user_signal& what) {
  const auto* row = find(user);
  const auto& from = what.what.from;
  const bool may = what.vouched || env_->how.signals_from == signal_senders::all || from == user ||
                   (row && row->has_joined_any(what.rooms));
  if (row && !may && row->has_direct_with(from)) {
    const auto between = direct_room_of(user, from);
    return send(env_->board.directory_of(between),
                to_room{between, {{}, vouch_op{user, std::move(what)}}});
  }
  if (!row || !may)
    return tell_session(what.what.session.id, sessions_reached{what.ticket, 0});
  // Where it can't be read nobody is blocked: a signal is worth less than being heard.
  request(env_->board.reader_of(user), read_wait_max, block_question{user, from})
      .then(
          [this, user, what](const block_answer& answer) {
            deliver_signal(user, what, answer.blocked);
          },
          [this, user, what](caf::error&) { deliver_signal(user, what, false); });
}

/// Who is blocked is answered as if nobody was there.
void registrar::deliver_signal(const user_id& user, const user_signal& what, bool blocked) {
  const auto* row = find(user);
  const message::any event{what.what};
  encoded_once once{event};
  std::size_t reached = 0;
  if (row && !blocked)
    for (const auto& one : row->sessions()) {
      if (what.only && *what.only != one.id) continue;
      ++reached;
      send(env_->board.audience_of(one.id), session_delivery{one.id, once.in(one.format), {}});
    }
  tell_session(what.what.session.id, sessions_reached{what.ticket, reached});
}

// --- direct rooms ------------------------------------------------------------------------------

void registrar::watch(const user_id& user, const watch_user& what) {
  const auto handle = env_->board.awake(what.room);
  if (!handle) return;  // it has ended meanwhile, and its successor will ask for itself
  auto& row = state_->users[user];
  auto& entry = state_->rooms[handle.id()];
  if (!entry.handle) {
    entry.handle = handle;
    monitor(handle);
  }
  // Twice where a room asked and ended, and its successor, who was found instead, asks too.
  if (std::ranges::find(entry.users, user) == entry.users.end()) {
    entry.users.push_back(user);
    row.watch(handle.id());
  }
  watched answer{user, {}};
  for (const auto& one : row.sessions()) answer.sessions.push_back({one.id, user, {}, one.format});
  send(handle, std::move(answer));
}

/// A direct room was put away, or ended by a bug; it may have a successor already. After a bug what
/// was last heard of its head is not what the log says.
void registrar::room_ended(const caf::actor_addr& room, bool bug) {
  const auto gone = state_->rooms.extract(room.id());
  if (gone.empty()) return;
  for (const auto& user : gone.mapped().users)
    guarded(user, [&] {
      auto* row = find(user);
      if (!row) return;
      row->unwatch(gone.key());
      if (!bug) return;
      row->forget_directs();
      if (row->reads_directs()) read_directs(user);
    });
}

// --- what an operator asks ---------------------------------------------------------------------

users_present registrar::list(std::size_t count_max) const {
  users_present out;
  for (const auto& [user, row] : state_->users) {
    if (row.sessions().empty()) continue;
    ++out.in_all;
    if (out.users.size() >= count_max) continue;
    auto& sessions = out.users.emplace_back(user, std::vector<session_id>{}).second;
    for (const auto& one : row.sessions()) sessions.push_back(one.id);
  }
  return out;
}

sent_away registrar::send_off(const user_id& user) {
  const auto* row = find(user);
  if (!row) return {};
  for (const auto& one : row->sessions()) tell_session(one.id, session_sent_away{});
  return {row->sessions().size()};
}

// --- small things ------------------------------------------------------------------------------

user_row* registrar::find(const user_id& user) {
  const auto at = state_->users.find(user);
  return at == state_->users.end() ? nullptr : &at->second;
}

void registrar::tell_session(session_id session, session_event what) {
  send(env_->board.audience_of(session), to_session{session, std::move(what)});
}

void registrar::forget_if_idle(const user_id& user) {
  const auto at = state_->users.find(user);
  if (at == state_->users.end() || !at->second.idle()) return;
  state_->users.erase(at);
  env_->board.counts_of(user).users.set(state_->users.size());
}

/// The direct rooms that are awake hear of each session's end as it comes.
void registrar::lose(const user_id& user) noexcept {
  auto* row = find(user);
  if (!row) return;
  for (const auto& one : row->sessions())
    if (env_->board.knows(one.id)) tell_session(one.id, user_lost{});
  if (!row->sessions().empty()) env_->presence(user, false);
  user_row fresh;
  for (const auto room : row->watchers()) fresh.watch(room);
  *row = std::move(fresh);
}

}  // namespace confab::actors
