// What a session's user has read, and what addresses the user.

#include "actors/session.hpp"
#include "protocol/limits.hpp"
#include "rooms/notes.hpp"

#include <utility>

namespace confab::actors {
namespace {

std::string_view why_of(std::uint8_t reasons) {
  if (reasons & rooms::reasons::mention) return "mention";
  if (reasons & rooms::reasons::reply) return "reply";
  return "thread";
}

}  // namespace

void session::start(running& run, command::read& what) {
  reads_ = std::make_unique<reading_up>(reading_up{run.ticket, !what.room});
  if (!what.room) {
    taken_->pays.charge(price::rows, limits::rooms_page_count_max, env_->steady_now());
    return read(run, unread_request{user_, allowed_rooms()});
  }
  run.room = *what.room;
  if (!is_direct(run.room) && !may_join(run.room))
    return fail(run.ticket, error_code::forbidden, "not allowed in this room");
  run.until = deadline();
  move_marker(run, run.room, what.upto, true);
}

void session::start(running& run, command::set_own& what) {
  run.room = what.room;
  if (!is_direct(run.room) && !may_join(run.room))
    return fail(run.ticket, error_code::forbidden, "not allowed in this room");
  run.until = deadline();
  caf::anon_send(env_->writer,
                 append_request{request_no{},
                                {run.room, principal_in(run.room), {}, rooms::set_own{what.change}},
                                id_,
                                run.ticket});
}

/// Whether the user has one there, and where the room ends, is judged at its place in the order.
void session::move_marker(const running& run, const room_id& room, seq_no upto, bool answers) {
  append_request asked{request_no{}, {room, principal_in(room), {}, rooms::move_marker{upto}}};
  if (answers) {
    asked.session = id_;
    asked.ticket = run.ticket;
  }
  caf::anon_send(env_->writer, std::move(asked));
}

void session::marker_stored(running& run, const stored_for_session& what) {
  const auto all = std::exchange(reads_, nullptr)->all;
  if (all) return read(run, unread_request{user_, allowed_rooms(), true, env_->now()});
  if (const auto& no = what.refused) {
    message::error error{run.ref, no->code, no->text, no->retry_after, from(run).named(run.room)};
    error.until = no->until;
    error.reason = no->reason;
    say_error(run.type, error);
    return settle(run.ticket);
  }
  if (what.marker) to_registrar(marker_told{id_, run.room, what.marker->read});
  read(run, counts_request{run.room, user_});
}

void session::counts_came(running& run, const counts_read& read) {
  const auto& counts = read.counts;
  if (!counts) return fail(run.ticket, error_code::not_member, "become a member first");
  if (run.ref)
    say(message::read{run.ref, run.room, counts->read, counts->unread, counts->mentions});
  settle(run.ticket);
}

/// The rooms, of which every marker is moved; or what is left in all of them then.
void session::unread_came(running& run, const unread_read& read) {
  if (!reads_ || reads_->ticket != run.ticket || read.rooms.empty()) {
    if (reads_ && reads_->ticket == run.ticket) {
      reads_.reset();
      return this->read(run, unread_request{user_, allowed_rooms(), true, env_->now()});
    }
    if (run.ref) say(message::read_all{run.ref, read.sum});
    return settle(run.ticket);
  }
  taken_->pays.charge(price::rows, static_cast<double>(read.rooms.size()), env_->steady_now());
  run.until = deadline();
  for (const auto& [room, head] : read.rooms) {
    const bool last = &room == &read.rooms.back().first;
    move_marker(run, room, head, last);  // the last one is done when all are
    to_registrar(marker_told{id_, room, head});
  }
}

/// By another session of the user: of interest where it is shown.
void session::marker_moved_elsewhere(const marker_told& what) {
  const bool shown = in(what.room) || (watches_inbox_ && may_join(what.room));
  if (now_ == phase::ready && shown) say(message::read{{}, what.room, what.read});
}

void session::start(running& run, command::list_mentions& what) {
  taken_->pays.charge(price::rows, what.limit, env_->steady_now());
  read(run, mentions_request{user_, allowed_rooms(), what.after, what.limit});
}

void session::mentions_came(running& run, mentions_read& read) {
  message::mentions reply{run.ref, {}, std::move(read.names), {}};
  for (auto& one : read.page.list)
    reply.list.push_back({why_of(one.why), one.read, std::move(one.room), std::move(one.message)});
  if (read.page.next) reply.next = std::to_string(*read.page.next);
  if (run.ref) say(reply);
  settle(run.ticket);
}

// --- the inbox ---------------------------------------------------------------------------------

void session::start(running& run, command::inbox& what) {
  auto& [limit, since] = what.at;
  watch_inbox(what.watch);
  read(run, inbox_request{{user_, std::move(since), std::move(what.after), limit, env_->now(),
                           allowed_rooms()}});
}

/// By the token: nothing is told of rooms that it does not allow.
journal::room_filter session::allowed_rooms() const {
  journal::room_filter allowed;
  if (!token_ || !token_->rooms || token_->admin) return allowed;
  allowed.patterns = *token_->rooms;
  if (allowed.patterns.empty()) allowed.patterns = {"-"};  // no room is called so; empty would be all
  return allowed;
}

/// After another token.
void session::watch_what_is_allowed() {
  if (!watches_inbox_) return;
  env_->board.watches_inbox(id_.shard(), true);
  caf::anon_send(own_audience(), confab::actors::watch_inbox{id_, user_, true, allowed_rooms()});
}

/// Counted before a window is read: what that does not have comes as an event.
void session::watch_inbox(bool on) {
  if (std::exchange(watches_inbox_, on) == on) return;
  if (on) env_->board.watches_inbox(id_.shard(), true);
  caf::anon_send(own_audience(), confab::actors::watch_inbox{id_, user_, on, allowed_rooms()});
}

/// It looks through all rooms of the user, and costs as much.
void session::inbox_came(running& run, inbox_read& read) {
  auto& page = read.page;
  taken_->pays.charge(price::rows, static_cast<double>(page.all.size()), env_->steady_now());
  if (watches_inbox_) {
    inbox_begun begun{id_, page.position, page.as_of, {}};
    for (auto& one : page.all)
      begun.rooms.push_back(
          {std::move(one.room), one.head, one.read, one.unread, one.mentions, one.own});
    caf::anon_send(own_audience(), std::move(begun));
  }
  say(message::inbox{run.ref, std::move(page.as_of), page.reset, std::move(page.rows),
                     std::move(read.names), std::move(page.next), page.sum});
  settle(run.ticket);
}

}  // namespace confab::actors
