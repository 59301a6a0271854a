// What a session asks of a room beside its log: members, pins, threads, settings; and what is the
// user's own: profiles and blocks.

#include "actors/session.hpp"
#include "protocol/codec.hpp"

#include <algorithm>
#include <chrono>

namespace confab::actors {
namespace {

/// For a ban that takes messages away the end of the room is looked through, once for all its users.
constexpr double rows_of_a_sweep = 1'000;
/// Where slow mode changes, those who spoke last are looked up: see `limits::slow_mode_messages_max`.
constexpr double rows_of_slow_mode = 5'000;

}  // namespace

/// Pays, or says for how long it can't be paid. That is judged in the order: a repeat by its key costs
/// nothing, and only there it is known for one (SEMANTICS §12).
std::optional<std::chrono::milliseconds> session::overdrawn(price what, double amount) {
  const auto wait = taken_->pays.take(what, amount, env_->steady_now());
  if (wait.count() == 0) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(wait);
}

/// Whether it can be paid; if not the command is answered.
bool session::take(running& run, price what, double amount, std::string_view too_many) {
  const auto wait = taken_->pays.take(what, amount, env_->steady_now());
  if (wait.count() == 0) return true;
  const auto told = std::chrono::ceil<std::chrono::milliseconds>(wait);
  say_error(run.type, message::error{run.ref, error_code::rate_limited, std::string{too_many}, told,
                                     from(run).named(run.room)});
  settle(run.ticket);
  return false;
}

/// With a key also to a room that was not joined (again): whether this is a repeat, which is
/// answered whatever has happened since, only the order knows.
void session::append(running& run, const room_id& room, std::string& key, rooms::want what,
                     joining needs, std::optional<std::chrono::milliseconds> delete_for,
                     std::optional<std::chrono::milliseconds> overdrawn, rooms::checked by_hook) {
  tell_profile();
  append_op op{principal_in(room), std::move(key), std::move(what), delete_for, overdrawn, by_hook};
  const bool may_come_from_outside = needs == joining::not_needed || !op.key.empty();
  if (in(room) || !may_come_from_outside) return in_room(run, room, std::move(op));
  run.room = room;
  if (!is_direct(room) && !may_join(room))
    return fail(run.ticket, error_code::forbidden, "not allowed in this room");
  to_directory(room, from(run), std::move(op));
}

/// How the user is called, ahead of the first durable act; where that is known already, nothing
/// comes of it.
void session::tell_profile() {
  if (std::exchange(told_profile_, true)) return;
  const bool guest = !token_ || token_->guest;
  if (guest && name_ == user_.view()) return;
  caf::anon_send(env_->writer,
                 append_request{request_no{},
                                {rooms::server_room, rooms::server_principal(), {},
                                 rooms::set_user{user_set{user_, name_, {}, guest}}}});
}

rooms::principal session::principal_in(const room_id& room) {
  rooms::principal by;
  by.user = user_;
  if (const auto* at = in(room)) by.reads_from = at->floor;
  by.as = token_ && !token_->guest ? rooms::principal::kind::user : rooms::principal::kind::guest;
  if (!token_) return by;
  by.token = token_->role_in(room);
  by.admin = token_->admin && !is_direct(room);
  by.opens = token_->opens(room);
  return by;
}

void session::start(running& run, command::set_member& what) {
  run.room = what.room;
  std::optional<std::chrono::milliseconds> debt;
  if (what.change.state == member_state::invited)
    debt = overdrawn(price::invitations, static_cast<double>(what.change.users.size()));
  else if (what.delete_for)
    debt = overdrawn(price::rows, rows_of_a_sweep);
  append(run, what.room, what.key, rooms::set_members{std::move(what.change)}, joining::not_needed,
         what.delete_for, debt);
}

void session::list(running& run, const room_id& room, decltype(list_op::what) what) {
  run.room = room;
  if (!may_join(room))
    return fail(run.ticket, error_code::forbidden, "not allowed in this room");
  taken_->pays.charge(price::rows, limits::members_page_count_max, env_->steady_now());
  const auto* at = in(room);
  list_op op{principal_in(room), std::move(what), at ? std::optional{at->floor} : std::nullopt};
  if (at && at->handle)
    caf::anon_send(at->handle, room_command{from(run), std::move(op)});
  else
    to_directory(room, from(run), std::move(op));
}

void session::start(running& run, command::list_members& what) { list(run, what.room, what); }
void session::start(running& run, command::list_pins& what) { list(run, what.room, what); }
void session::start(running& run, command::list_threads& what) { list(run, what.room, what); }

void session::start(running& run, command::set_room& what) {
  run.room = what.room;
  std::optional<std::chrono::milliseconds> debt;
  if (what.change.slow) debt = overdrawn(price::rows, rows_of_slow_mode);
  append(run, what.room, what.key, rooms::set_room{std::move(what.change)}, joining::not_needed, {},
         debt);
}

void session::start(running& run, command::create& what) {
  run.room = what.room ? *what.room : made_room_of(user_, what.key);
  if (!may_join(run.room) || env_->how.create_rooms == room_making::never)
    return fail(run.ticket, error_code::forbidden, "not allowed to make this room");
  std::optional<std::chrono::milliseconds> debt;
  if (!what.users.empty())
    debt = overdrawn(price::invitations, static_cast<double>(what.users.size()));
  tell_profile();
  to_directory(run.room, from(run),
               create_op{principal_in(run.room), std::move(what.key),
                         {std::move(what.settings), std::move(what.users)}, debt});
}

void session::start(running& run, command::emit& what) {
  run.room = what.room;
  if (!take(run, price::emits, 1, "too many events")) return;
  in_room(run, what.room, emit_op{std::move(what.event), std::move(what.data)});
}

// --- one's own ---------------------------------------------------------------------------------

void session::start(running& run, command::block& what) {
  if (what.user == user_) return fail(run.ticket, error_code::bad_request, "one is not blocked by oneself");
  looking_up_ = std::make_unique<looking_up>(looking_up{run.ticket, std::move(what)});
  read(run, blocks_request{user_, {}});
}

void session::start(running& run, command::list_blocks&) { read(run, blocks_request{user_, {}}); }

template <class Command>
const Command* session::looked_up(ticket_no ticket) const {
  return looks_up(ticket) ? std::get_if<Command>(&looking_up_->what) : nullptr;
}

void session::blocks_came(running& run, blocks_read& read) {
  const auto* block = looked_up<command::block>(run.ticket);
  if (!block) {
    if (run.ref) say(message::blocks{run.ref, std::move(read.users)});
    return settle(run.ticket);
  }
  const auto& wanted = *block;
  const bool is_blocked = std::ranges::find(read.users, wanted.user) != read.users.end();
  if (wanted.on && !is_blocked && read.users.size() >= limits::blocks_max) {
    message::error full{run.ref, error_code::limit, "too many users are blocked", {}, {}};
    full.limit = limits::blocks_max;
    say_error(run.type, full);
    return settle(run.ticket);
  }
  run.until = deadline();
  rooms::mark mark{user_, wanted.user.value(), rooms::mark::kind::block, wanted.on ? 1 : 0, {}};
  rooms::principal by;
  by.user = user_;
  caf::anon_send(env_->writer,
                 append_request{request_no{},
                                {rooms::server_room, std::move(by), {}, rooms::set_marks{{mark}}},
                                id_,
                                run.ticket});
}

void session::start(running& run, command::report& what) {
  run.room = what.room;
  if (!may_join(what.room))
    return fail(run.ticket, error_code::forbidden, "not allowed in this room");
  if (!take(run, price::reports, 1, "too many reports")) return;
  const auto* at = in(what.room);
  reported_request asked{what.room, what.target, principal_in(what.room),
                         at ? std::optional{at->floor} : std::nullopt};
  looking_up_ = std::make_unique<looking_up>(looking_up{run.ticket, std::move(what)});
  read(run, std::move(asked));
}

/// What was deleted meanwhile can be reported still: it was said.
void session::reported_came(running& run, const reported_read& read) {
  if (read.refused) return fail(run.ticket, *read.refused);
  const auto* what = looked_up<command::report>(run.ticket);
  if (!what || (read.joined && !in(run.room)))
    return fail(run.ticket, error_code::not_joined, "the room was left");
  run.until = deadline();
  tell_profile();
  rooms::record_event event{"report.created",
                            report_of(what->room, what->target, user_, what->reason)};
  caf::anon_send(env_->writer,
                 append_request{request_no{},
                                {rooms::server_room, rooms::server_principal(), {},
                                 std::move(event)},
                                id_,
                                run.ticket});
}

void session::stored(const stored_for_session& what) {
  if (!what.ok) return fail(what.ticket, error_code::unavailable, "try again");
  if (auto* run = gate_.find(what.ticket); run && reads_ && reads_->ticket == what.ticket)
    return marker_stored(*run, what);
  if (const auto* block = looked_up<command::block>(what.ticket)) {
    const auto& [user, on] = *block;
    // A room that is asleep reads it when it wakes.
    if (const auto awake = env_->board.awake(direct_room_of(user_, user)))
      caf::anon_send(awake, room_command{{}, block_op{user_, on}});
  }
  if (what.refused) return fail(what.ticket, *what.refused);
  const auto* run = gate_.find(what.ticket);
  if (!run) return;
  if (run->ref) say(message::done{run->ref, {}});
  settle(what.ticket);
}

void session::start(running& run, command::list_users& what) {
  read(run, profiles_request{std::move(what.ids), what.after});
}

void session::profiles_came(running& run, profiles_read& read) {
  if (run.ref)
    say(message::users{run.ref, std::move(read.profiles),
                       read.next ? std::to_string(*read.next) : std::string{}});
  settle(run.ticket);
}

void session::start(running& run, command::set_active& what) {
  to_registrar(session_active{id_, what.on});
  if (run.ref) say(message::done{run.ref, {}});
  settle(run.ticket);
}

}  // namespace confab::actors
