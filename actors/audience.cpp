#include "actors/audience.hpp"

#include "actors/encoding.hpp"
#include "actors/walls.hpp"
#include "protocol/limits.hpp"

#include <memory>
#include <utility>

namespace confab::actors {
namespace {

constexpr std::string_view room_restarted = "room restarted";

// As in fan_out: what a sink answers is nothing to act on here.
void push(frame_sink& sink, const frame& bytes) { static_cast<void>(sink.push(bytes)); }

}  // namespace

audience::audience(caf::actor_config& config, const environment* env)
    : pinned(config),
      env_(env),
      state_(std::in_place,
             gathering::options{env->how.write_window, env->how.busy_deliveries_per_second}) {}

audience::behavior_type audience::make_behavior() {
  end_process_on_bug(*this, *env_);
  return {
      [this](attach_sink& newcomer) { attach(newcomer); },
      [this](const open_sink& welcome) { open(welcome.session); },
      [this](const detach_sink& gone) { detach(gone.session); },
      [this](const close_sink& goodbye) { close(goodbye); },
      [this](const remind& wanted) { remind_later(wanted); },
      [this](const wake&) { on_time(); },
      [this](room_delivery& said) { deliver(said); },
      [this](const turn_ended&) { carry_out(state_->rooms.end_turn(moment())); },
      [this](const session_delivery& said) { deliver(said); },
      [this](signal_delivery& said) { deliver(said); },
      [this](to_session& news) { tell_session(news.session, std::move(news.what)); },
      [this](const room_lost& lost) { room_ended(lost.room); },
      [this](const watch_inbox& what) { watch(what); },
      [this](inbox_begun& what) {
        auto& inboxes = state_->inboxes;
        inboxes.begin(what.session, what.position, std::move(what.as_of), what.rooms,
                      env_->steady_now());
        if (const auto due = inboxes.deadline()) arm(*due);
      },
      [this](const inboxes_moved& what) {
        auto& inboxes = state_->inboxes;
        inboxes.take(what.position, *what.what, env_->steady_now());
        if (const auto due = inboxes.deadline()) arm(*due);
      },
      [](const alive_request&) { return still_here{}; },
  };
}

// --- sessions ----------------------------------------------------------------------------------

void audience::attach(attach_sink& newcomer) {
  const auto session = newcomer.session;
  state_->sessions.insert_or_assign(session,
                                    attached{std::move(newcomer.sink), std::move(newcomer.who),
                                             std::move(newcomer.taken), newcomer.format});
  remind_later({session, env_->how.hello_wait_max, {}});
}

void audience::open(session_id session) {
  const auto at = state_->sessions.find(session);
  if (at == state_->sessions.end()) return;
  auto& own = at->second;
  const auto waited = state_->early.end(session);
  own.welcomed = true;
  auto& rooms = state_->rooms;
  for (const auto& [room, user] : waited.rooms)
    rooms.admit(rooms.at(room), session, own.sink, user, own.format);
  for (const auto& bytes : waited.held) push(*own.sink, bytes);
}

void audience::detach(session_id session) {
  state_->early.end(session);
  state_->sessions.erase(session);
  stop_watching(session);
  tidy_reminders();
}

void audience::close(const close_sink& goodbye) {
  state_->rooms.release_all();
  if (const auto at = state_->sessions.find(goodbye.session); at != state_->sessions.end())
    at->second.sink->close(goodbye.code, goodbye.reason);
}

/// One that is not there any more has nothing to be told.
void audience::tell_session(session_id session, session_event event) {
  if (const auto at = state_->sessions.find(session); at != state_->sessions.end())
    tell(at->second.who, std::move(event));
}

void audience::tell_anywhere(session_id session, session_event event) {
  send(env_->board.audience_of(session), to_session{session, std::move(event)});
}

// --- deliveries --------------------------------------------------------------------------------

void audience::deliver(room_delivery& said) {
  auto& own = *state_;
  auto* room = own.rooms.find(said.room);
  const auto visitor = overloaded{
      [&](const struct admit& newcomer) {
        admit(said.room, newcomer);
        if (!room) room = own.rooms.find(said.room);
      },
      [&](const dismiss& gone) {
        if (own.early.dismiss(gone.session, said.room)) return;
        if (room) own.rooms.dismiss(*room, gone.session);
      },
      [&](const unicast& one) {
        if (room) own.rooms.catch_up(*room, one.session);
        if (one.weight == importance::required) return give(one.session, one.bytes);
        const auto at = own.sessions.find(one.session);
        if (at != own.sessions.end() && at->second.welcomed)
          static_cast<void>(at->second.sink->push(one.bytes, one.weight));
      },
      [&](const broadcast& all) {
        if (room && own.rooms.add(*room, all, env_->steady_now())) send(this, turn_ended{});
        if (all.weight == importance::droppable) return;
        if (const auto* early = own.early.members(said.room))
          for (const auto session : *early) {
            const auto& who = own.sessions.at(session);
            hold(session, who.sink, all.bytes[who.format.index()]);
          }
      },
      [&](const settle& end) {
        tell_session(end.session, command_settled{end.ticket, said.room, end.what,
                                                  end.floor, end.reason, end.rows, end.as});
      },
      [&](hand_over& read) { tell_session(read.session, catch_up_needed{std::move(read.what)}); },
  };
  for (auto& item : said.items) std::visit(visitor, item);
  if (room) own.rooms.forget_if_empty(*room);
}

void audience::admit(const room_id& room, const struct admit& newcomer) {
  auto& own = *state_;
  const auto found = own.sessions.find(newcomer.session);
  // Gone meanwhile: the session's farewell is on its way to the room.
  if (found == own.sessions.end()) return;
  const auto& who = found->second;
  if (who.welcomed)
    own.rooms.admit(own.rooms.at(room), newcomer.session, who.sink, newcomer.user, who.format);
  else
    own.early.admit(newcomer.session, room, newcomer.user);
}

void audience::deliver(const session_delivery& said) {
  if (said.ticket.value() == 0) return pass_on(said.session, said.bytes);
  give(said.session, said.bytes);
  tell_session(said.session, sessions_reached{said.ticket, 1});
}

void audience::deliver(signal_delivery& said) {
  const auto at = state_->sessions.find(said.session);
  if (at != state_->sessions.end() && at->second.welcomed)
    tell(at->second.who, signal_came{std::move(said.what)});
  else
    tell_anywhere(said.what.what.session.id, sessions_reached{said.what.ticket, 0});
}

void audience::give(session_id session, const frame& bytes) {
  const auto at = state_->sessions.find(session);
  if (at == state_->sessions.end()) return;
  const auto& who = at->second;
  const auto size = static_cast<double>(bytes->size());
  who.taken->pays.charge(price::bytes_out, size, env_->steady_now());
  if (who.welcomed)
    push(*who.sink, bytes);
  else
    hold(session, who.sink, bytes);
}

void audience::pass_on(session_id session, const frame& bytes) {
  const auto at = state_->sessions.find(session);
  if (at == state_->sessions.end() || !at->second.welcomed) return;
  const auto size = static_cast<double>(bytes->size());
  auto& pays = at->second.taken->pays;
  if (pays.take(price::signals, size, env_->steady_now()).count() > 0) return;
  static_cast<void>(at->second.sink->push(bytes, importance::droppable));
}

void audience::hold(session_id session, const frame_sink_ptr& sink, const frame& bytes) {
  if (!state_->early.hold(session, bytes))
    sink->close(close_code::slow_consumer, "too much to hold before the welcome");
}

void audience::room_ended(const room_id& room) {
  auto& own = *state_;
  for (const auto session : own.early.end_room(room))
    own.sessions.at(session).sink->close(close_code::internal, std::string{room_restarted});
  if (auto* gone = own.rooms.find(room)) own.rooms.end(*gone, close_code::internal, room_restarted);
}

// --- inboxes -----------------------------------------------------------------------------------

/// The session has counted itself.
void audience::watch(const watch_inbox& what) {
  auto& inboxes = state_->inboxes;
  if (!what.on) return stop_watching(what.session);
  const bool watches = inboxes.watches(what.session);
  if (watches || !state_->sessions.contains(what.session))
    env_->board.watches_inbox(what.session.shard(), false);
  if (watches)
    inboxes.allow(what.session, what.allowed);
  else if (state_->sessions.contains(what.session))
    inboxes.open(what.session, what.user, what.allowed);
}

void audience::stop_watching(session_id session) {
  if (state_->inboxes.close(session)) env_->board.watches_inbox(session.shard(), false);
}

/// A slow reader is told later, and then what is so then.
void audience::ask_for_rows() {
  const auto may_write = [this](session_id session) {
    const auto& who = state_->sessions.at(session);
    return who.welcomed && who.sink->queued_bytes() <= limits::outbox_low_water_bytes;
  };
  const auto tell = [this](session_id session, const message::inbox& what) {
    give(session, encode_frame(state_->sessions.at(session).format, what));
  };
  for (auto& one : state_->inboxes.on_time(env_->steady_now(), may_write, tell)) {
    inbox_rows_request wanted{one.user, one.rooms, one.position, env_->now()};
    const auto asked = std::make_shared<const inbox_watches::question>(std::move(one));
    request(env_->board.reader_of(asked->session), caf::infinite, std::move(wanted))
        .then([this, asked](inbox_rows_read& found) { tell_inbox(*asked, &found); },
              [this, asked](caf::error&) { tell_inbox(*asked, nullptr); });
  }
  if (const auto due = state_->inboxes.deadline()) arm(*due);
}

void audience::tell_inbox(const inbox_watches::question& asked, inbox_rows_read* found) {
  auto& inboxes = state_->inboxes;
  const bool ok = found && found->ok;
  std::optional<std::vector<message::inbox_row>> rows;
  if (ok) rows = std::move(found->rows);
  auto told = inboxes.answer(asked, ok ? std::move(found->as_of) : std::string{}, std::move(rows),
                             env_->steady_now());
  if (const auto due = inboxes.deadline()) arm(*due);
  if (!told) return;
  told->users = std::move(found->names);
  give(asked.session, encode_frame(state_->sessions.at(asked.session).format, *told));
}

// --- time --------------------------------------------------------------------------------------

void audience::remind_later(const remind& wanted) {
  const auto due = env_->steady_now() + wanted.wait;
  state_->later.add({due, wanted.session, wanted.what});
  tidy_reminders();
  arm(due);
}

void audience::tidy_reminders() {
  const auto& sessions = state_->sessions;
  state_->later.tidy(sessions.size(), [&](session_id who) { return sessions.contains(who); });
}

void audience::on_time() {
  const auto at = moment();
  auto& armed = state_->armed;
  while (!armed.empty() && armed.top() <= at.now) armed.pop();
  while (const auto due = state_->later.take(at.now)) tell_session(due->who, due->timer);
  if (const auto next = state_->later.next()) arm(*next);
  ask_for_rows();
  carry_out(state_->rooms.on_time(at));
}

void audience::carry_out(const gathering::outcome& outcome) {
  if (outcome.busy) send(env_->writer, shard_load{*outcome.busy});
  if (outcome.wake) arm(*outcome.wake);
}

/// Timers can't be taken back: one that an earlier one has replaced finds nothing to do.
void audience::arm(steady_time due) {
  auto& armed = state_->armed;
  if (!armed.empty() && armed.top() <= due) return;
  armed.push(due);
  send_later(due - env_->steady_now(), wake{});
}

}  // namespace confab::actors
