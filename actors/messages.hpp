#pragma once

#include "actors/caf.hpp"
#include "actors/delivery.hpp"
#include "actors/identity.hpp"
#include "journal/journal.hpp"
#include "protocol/commands.hpp"
#include "protocol/frame_sink.hpp"
#include "protocol/messages.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What actors say to each other, and the typed handles to say it to. All of it stays in the
/// process; nothing is serialised.
namespace confab::actors {

// --- forward: messages ------------------------------------------------------------------------

struct append_request;
struct commit_batch;
struct probe_journal;
struct append_outcome;
struct flush_request;
struct flushed;
struct load_room_request;
struct room_loaded;
struct entries_request;
struct entries_read;
struct messages_request;
struct messages_read;
struct rooms_request;
struct rooms_read;
struct directs_request;
struct directs_read;
struct attach_sink;
struct open_sink;
struct detach_sink;
struct close_sink;
struct expect_hello;
struct room_delivery;
struct session_delivery;
struct sessions_reached;
struct room_lost;
struct to_room;
struct to_user;
struct retire_room;
struct retire_user;
struct retire;
struct online_changed;
struct online_request;
struct online_counts;
struct room_command;
struct session_appeared;
struct session_seen;
struct session_vanished;
struct watched;
struct wake;
struct attach_session;
struct detach_session;
struct watch_user;
struct direct_moved;
struct user_signal;
struct frame_received;
struct frame_rejected;
struct session_attached;
struct command_settled;
struct catch_up_needed;
struct sink_writable;
struct drain_session;
struct connection_closed;
struct replace_session;
struct session_timer;

// --- handles ------------------------------------------------------------------------------------

using writer_actor = caf::typed_actor<caf::reacts_to<append_request>, caf::reacts_to<commit_batch>,
                                      caf::reacts_to<probe_journal>,
                                      caf::replies_to<flush_request>::with<flushed>>;
using reader_actor = caf::typed_actor<caf::replies_to<load_room_request>::with<room_loaded>,
                                      caf::replies_to<entries_request>::with<entries_read>,
                                      caf::replies_to<messages_request>::with<messages_read>,
                                      caf::replies_to<rooms_request>::with<rooms_read>,
                                      caf::replies_to<directs_request>::with<directs_read>>;
using audience_actor =
    caf::typed_actor<caf::reacts_to<attach_sink>, caf::reacts_to<open_sink>,
                     caf::reacts_to<detach_sink>, caf::reacts_to<close_sink>,
                     caf::reacts_to<expect_hello>, caf::reacts_to<wake>, caf::reacts_to<room_delivery>,
                     caf::reacts_to<session_delivery>, caf::reacts_to<room_lost>>;
using directory_actor =
    caf::typed_actor<caf::reacts_to<to_room>, caf::reacts_to<to_user>, caf::reacts_to<retire_room>,
                     caf::reacts_to<retire_user>, caf::reacts_to<online_changed>,
                     caf::replies_to<online_request>::with<online_counts>>;
using room_actor = caf::typed_actor<caf::reacts_to<room_command>, caf::reacts_to<append_outcome>,
                                    caf::reacts_to<watched>,
                                    caf::replies_to<session_appeared>::with<session_seen>,
                                    caf::reacts_to<session_vanished>, caf::reacts_to<wake>,
                                    caf::reacts_to<retire>>;
using user_actor =
    caf::typed_actor<caf::reacts_to<attach_session>, caf::reacts_to<detach_session>,
                     caf::reacts_to<watch_user>, caf::reacts_to<direct_moved>,
                     caf::reacts_to<user_signal>, caf::reacts_to<retire>>;
using session_actor =
    caf::typed_actor<caf::reacts_to<frame_received>, caf::reacts_to<frame_rejected>,
                     caf::reacts_to<session_attached>, caf::reacts_to<command_settled>,
                     caf::reacts_to<catch_up_needed>, caf::reacts_to<sessions_reached>,
                     caf::reacts_to<sink_writable>, caf::reacts_to<drain_session>,
                     caf::reacts_to<connection_closed>, caf::reacts_to<replace_session>,
                     caf::reacts_to<session_timer>>;

/// A session and the handle to reach its actor.
struct session_ref {
  session_info info;
  session_actor handle;
};

// --- journal ------------------------------------------------------------------------------------

/// To the writer; answered to the sender by an `append_outcome` in the order of asking.
struct append_request {
  journal::operation what;
};
struct commit_batch {};   // to itself: everything that queued meanwhile
struct probe_journal {};  // to itself, while appends fail
/// What one commit did with this room's operations: the next `outcomes.size()` (or `failed`) of
/// those asked for.
struct append_outcome {
  std::vector<journal::outcome> outcomes;
  std::size_t failed = 0;  // this many, after `outcomes`, were not stored,
  bool unknown = false;    // or nobody knows
};
struct flush_request {};  // answered when everything asked for before is committed
struct flushed {
  bool ok = true;
};

struct load_room_request {
  room_id room;
};
struct room_loaded {
  enum class state : std::uint8_t { found, unknown, unavailable };
  state found = state::unavailable;
  journal::room_info info;
  std::vector<log_entry> tail;  // the last entries, ascending
};
struct entries_request {
  room_id room;
  seq_no after;
  seq_no upto;
};
struct entries_read {
  bool ok = false;
  std::vector<log_entry> entries;
};
struct messages_request {
  room_id room;
  std::optional<seq_no> before;
  std::optional<seq_no> after;
  seq_no upto;  // 0: the latest committed
  std::size_t count = 0;
};
struct messages_read {
  bool ok = false;
  std::vector<message::present_message> messages;  // already folded
  bool more = false;
};
struct rooms_request {
  std::optional<room_id> after;
  journal::room_filter filter;
  std::size_t count = 0;
};
struct rooms_read {
  bool ok = false;
  std::vector<journal::room_info> rooms;
};
struct directs_request {
  user_id user;
};
struct directs_read {
  bool ok = false;
  std::vector<message::direct_ref> directs;
};

// --- audience -----------------------------------------------------------------------------------

/// From sessions of the same shard. What comes for a session before it has said `welcome` is held
/// until `open_sink`: a direct room may know of it earlier.
struct attach_sink {
  session_id session;
  frame_sink_ptr sink;
  wire_format format;
};
struct open_sink {
  session_id session;
};
struct detach_sink {
  session_id session;
};
/// Closes behind everything that rooms have said to the session so far.
struct close_sink {
  session_id session;
  close_code code = close_code::normal;
  std::string reason;
};
/// From a session at its birth: it wants a `session_timer` after `wait`, the same for all.
struct expect_hello {
  session_actor who;
  std::chrono::milliseconds wait;
};

struct room_delivery {
  room_id room;
  std::vector<delivery> items;
};
struct sessions_reached {
  ticket_no ticket;
  std::size_t count = 0;
};
/// To these sessions, whatever rooms they are in: signals, and a session's own catch-up, which must
/// not overtake what the audience still has for it. `reply_to`, if set, hears how many there were.
struct session_delivery {
  std::vector<session_id> sessions;
  frames bytes;
  session_actor reply_to;
  ticket_no ticket;
};
/// The room's actor ended by a bug: its members reconnect and resume.
struct room_lost {
  room_id room;
};

// --- directory ----------------------------------------------------------------------------------

/// Puts away a room or user that has said it is idle, unless something was forwarded to it since.
struct retire_room {
  room_id room;
  std::uint64_t forwards_seen = 0;
};
struct retire_user {
  user_id user;
  std::uint64_t forwards_seen = 0;
};
struct retire {};  // the directory's consent
struct online_changed {
  room_id room;
  std::size_t online = 0;
};
struct online_request {
  std::vector<room_id> rooms;
};
struct online_counts {
  std::vector<std::size_t> online;  // in the order asked
};

// --- room ---------------------------------------------------------------------------------------

/// From a session: straight to the room it has joined, otherwise through the directory.
struct room_command {
  asker from;
  session_actor handle;
  room_op what;
  bool forwarded = false;  // by the directory, which counts what it forwards
};
struct to_room {
  room_id room;
  room_command command;
};

/// A direct room hears which sessions its two users have: asked once, then told of changes.
struct watched {
  user_id user;
  std::vector<session_ref> sessions;
};
struct session_appeared {
  session_ref who;
};
struct session_seen {
  message::direct_ref direct;  // as of now: whatever comes later, the session hears
};
struct session_vanished {
  session_id session;
};
/// A deadline of the receiver has come; void if it is no longer the one waited for.
struct wake {
  unix_ms due;
};

// --- user ---------------------------------------------------------------------------------------

struct attach_session {
  session_ref who;
  std::optional<device_id> device;
};
struct detach_session {
  session_id session;
};
struct watch_user {
  room_id room;
  room_actor handle;
};
struct direct_moved {
  message::direct_ref direct;
};
struct user_signal {
  frames bytes;
  session_actor reply_to;
  ticket_no ticket;
};
using user_op =
    std::variant<attach_session, detach_session, watch_user, direct_moved, user_signal>;
struct to_user {
  user_id user;
  user_op what;
};

// --- session ------------------------------------------------------------------------------------

struct frame_received {
  request what;
};
struct frame_rejected {
  rejected why;
};
struct session_attached {
  std::vector<message::direct_ref> directs;
};
/// The room is done with a command; what there was to say went through the audience.
struct command_settled {
  ticket_no ticket;
  room_id room;
  settlement what = settlement::none;
  room_actor handle;  // with `joined`
};
struct catch_up_needed {
  catch_up what;
  room_id room;
};
struct sink_writable {};
struct drain_session {};
struct connection_closed {};
struct replace_session {};
struct session_timer {
  enum class kind : std::uint8_t { hello, token_notice, token_expiry, in_flight };
  kind what = kind::hello;
  std::uint64_t generation = 0;
};

}  // namespace confab::actors

// In-process only: no inspect(), no type ids on a wire.
#define CONFAB_MESSAGE(name) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::actors::name)
CONFAB_MESSAGE(append_request)
CONFAB_MESSAGE(commit_batch)
CONFAB_MESSAGE(probe_journal)
CONFAB_MESSAGE(append_outcome)
CONFAB_MESSAGE(flush_request)
CONFAB_MESSAGE(flushed)
CONFAB_MESSAGE(load_room_request)
CONFAB_MESSAGE(room_loaded)
CONFAB_MESSAGE(entries_request)
CONFAB_MESSAGE(entries_read)
CONFAB_MESSAGE(messages_request)
CONFAB_MESSAGE(messages_read)
CONFAB_MESSAGE(rooms_request)
CONFAB_MESSAGE(rooms_read)
CONFAB_MESSAGE(directs_request)
CONFAB_MESSAGE(directs_read)
CONFAB_MESSAGE(attach_sink)
CONFAB_MESSAGE(open_sink)
CONFAB_MESSAGE(detach_sink)
CONFAB_MESSAGE(close_sink)
CONFAB_MESSAGE(expect_hello)
CONFAB_MESSAGE(room_delivery)
CONFAB_MESSAGE(session_delivery)
CONFAB_MESSAGE(sessions_reached)
CONFAB_MESSAGE(room_lost)
CONFAB_MESSAGE(to_room)
CONFAB_MESSAGE(to_user)
CONFAB_MESSAGE(retire_room)
CONFAB_MESSAGE(retire_user)
CONFAB_MESSAGE(retire)
CONFAB_MESSAGE(online_changed)
CONFAB_MESSAGE(online_request)
CONFAB_MESSAGE(online_counts)
CONFAB_MESSAGE(room_command)
CONFAB_MESSAGE(session_appeared)
CONFAB_MESSAGE(session_seen)
CONFAB_MESSAGE(session_vanished)
CONFAB_MESSAGE(watched)
CONFAB_MESSAGE(wake)
CONFAB_MESSAGE(attach_session)
CONFAB_MESSAGE(detach_session)
CONFAB_MESSAGE(watch_user)
CONFAB_MESSAGE(direct_moved)
CONFAB_MESSAGE(user_signal)
CONFAB_MESSAGE(frame_received)
CONFAB_MESSAGE(frame_rejected)
CONFAB_MESSAGE(session_attached)
CONFAB_MESSAGE(command_settled)
CONFAB_MESSAGE(catch_up_needed)
CONFAB_MESSAGE(sink_writable)
CONFAB_MESSAGE(drain_session)
CONFAB_MESSAGE(connection_closed)
CONFAB_MESSAGE(replace_session)
CONFAB_MESSAGE(session_timer)
#undef CONFAB_MESSAGE
