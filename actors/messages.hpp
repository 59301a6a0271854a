#pragma once

#include "actors/caf.hpp"
#include "actors/delivery.hpp"
#include "actors/identity.hpp"
#include "actors/journal_messages.hpp"
#include "actors/key_claims.hpp"
#include "actors/operator_messages.hpp"
#include "journal/journal.hpp"
#include "protocol/commands.hpp"
#include "protocol/frame_sink.hpp"
#include "protocol/messages.hpp"
#include "rooms/hook_question.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What actors say to each other, and the typed handles to say it to. All of it stays in the
/// process; nothing is serialised. No message carries a handle: who is to answer, or to be
/// answered, is a value (a room, a user, a session and its ticket) that the switchboard resolves.
/// The one exception is `attach_sink`, by which a session's handle becomes known at all.
namespace confab::actors {

// --- forward: messages ------------------------------------------------------------------------

class intake;
class user_row;
struct alive_request;
struct still_here;
struct append_request;
struct append_all_request;
struct read_job;
struct commit_batch;
struct probe_journal;
struct clear_leftovers;
struct store_markers;
struct order_request;
struct ordered;
struct rename_request;
struct renamed;
struct forget_room_job;
struct drop_notes_request;
struct notes_dropped;
struct forget_names_request;
struct names_forgotten;
struct room_news;
struct inboxes_moved;
struct watch_inbox;
struct inbox_begun;
struct inbox_rows_request;
struct inbox_rows_read;
struct read_feed;
struct rest_feed;
struct watch_feed;
struct feed_moved;
struct flush_request;
struct shard_load;
struct flushed;
struct load_room_request;
struct room_read_request;
struct block_question;
struct block_answer;
struct room_read;
struct room_loaded;
struct messages_request;
struct messages_read;
struct directs_request;
struct directs_reads;
struct session_read;
struct serve_next_read;
struct session_search;
struct search_job;
struct attach_sink;
struct open_sink;
struct detach_sink;
struct close_sink;
struct remind;
struct room_delivery;
struct turn_ended;
struct session_delivery;
struct signal_delivery;
struct room_lost;
struct to_session;
struct to_room;
struct retire_room;
struct retire;
struct online_changed;
struct online_question;
struct room_command;
struct session_appeared;
struct session_seen;
struct session_vanished;
struct watched;
struct wake;
struct to_user;
struct census_question;
struct users_present;
struct rooms_present;
struct send_away;
struct sent_away;

// --- handles ------------------------------------------------------------------------------------

using writer_actor = caf::typed_actor<caf::reacts_to<append_request>, caf::reacts_to<append_all_request>,
                                      caf::reacts_to<commit_batch>,
                                      caf::reacts_to<probe_journal>, caf::reacts_to<shard_load>,
                                      caf::reacts_to<clear_leftovers>,
                                      caf::reacts_to<store_markers>,
                                      caf::reacts_to<forget_room_job>,
                                      caf::replies_to<flush_request>::with<flushed>,
                                      caf::replies_to<order_request>::with<ordered>,
                                      caf::replies_to<rename_request>::with<renamed>,
                                      caf::replies_to<drop_notes_request>::with<notes_dropped>,
                                      caf::replies_to<forget_names_request>::with<names_forgotten>,
                                      caf::replies_to<watch_feed>::with<feed_moved>,
                                      caf::replies_to<alive_request>::with<still_here>>;
using feed_actor = caf::typed_actor<caf::reacts_to<read_feed>, caf::reacts_to<rest_feed>,
                                    caf::replies_to<alive_request>::with<still_here>>;
using reader_actor = caf::typed_actor<caf::replies_to<load_room_request>::with<room_loaded>,
                                      caf::replies_to<room_read_request>::with<room_read>,
                                      caf::replies_to<block_question>::with<block_answer>,
                                      caf::replies_to<messages_request>::with<messages_read>,
                                      caf::replies_to<directs_request>::with<directs_reads>,
                                      caf::replies_to<inbox_rows_request>::with<inbox_rows_read>,
                                      caf::reacts_to<session_read>, caf::reacts_to<read_job>,
                                      caf::reacts_to<serve_next_read>,
                                      caf::replies_to<alive_request>::with<still_here>>;
using search_actor = caf::typed_actor<caf::reacts_to<session_search>, caf::reacts_to<search_job>,
                                      caf::reacts_to<serve_next_read>,
                                      caf::replies_to<alive_request>::with<still_here>>;
using audience_actor = caf::typed_actor<
    caf::reacts_to<attach_sink>, caf::reacts_to<open_sink>, caf::reacts_to<detach_sink>,
    caf::reacts_to<close_sink>, caf::reacts_to<remind>, caf::reacts_to<wake>,
    caf::reacts_to<room_delivery>, caf::reacts_to<turn_ended>, caf::reacts_to<session_delivery>,
    caf::reacts_to<signal_delivery>, caf::reacts_to<to_session>, caf::reacts_to<room_lost>,
    caf::reacts_to<watch_inbox>, caf::reacts_to<inbox_begun>, caf::reacts_to<inboxes_moved>,
    caf::replies_to<alive_request>::with<still_here>>;
using directory_actor =
    caf::typed_actor<caf::reacts_to<to_room>, caf::reacts_to<retire_room>,
                     caf::reacts_to<online_changed>, caf::reacts_to<online_question>,
                     caf::replies_to<census_question>::with<rooms_present>,
                     caf::replies_to<alive_request>::with<still_here>>;
using room_actor =
    caf::typed_actor<caf::reacts_to<room_command>, caf::reacts_to<room_news>,
                     caf::reacts_to<watched>, caf::replies_to<session_appeared>::with<session_seen>,
                     caf::reacts_to<session_vanished>, caf::reacts_to<wake>,
                     caf::reacts_to<retire>>;
using registrar_actor = caf::typed_actor<caf::reacts_to<to_user>, caf::reacts_to<wake>,
                                         caf::replies_to<census_question>::with<users_present>,
                                         caf::replies_to<send_away>::with<sent_away>,
                                         caf::replies_to<alive_request>::with<still_here>>;

/// To those that everybody depends on: whoever does not answer is dead, or stuck.
struct alive_request {};
struct still_here {};

// --- session ------------------------------------------------------------------------------------

struct frame_received {
  request what;
  std::uint32_t bytes = 0;
};
struct frame_rejected {
  rejected why;
  std::uint32_t bytes = 0;
};
/// Behind what had come when `hello` was refused.
struct hello_refused {
  close_code code = close_code::unauthorized;
  std::string reason;
};
/// The verdict on a token that was not there at once; none: there is none.
struct token_checked {
  ticket_no ticket;  // of the refresh; 0: of the hello
  std::optional<token_verdict> what;
};
struct sink_writable {};
struct drain_session {};
struct connection_closed {};
struct replace_session {};
/// An operator, or the deployment, wants it to go.
struct session_sent_away {
  close_code code = close_code::removed;
  std::string reason = "sent away by an operator";
  bool if_barred = false;  // it stays where its token would still be taken
};
/// Its user's row ended by a bug: nothing for the user would reach it any more.
struct user_lost {};
struct session_attached {
  std::optional<std::vector<message::direct_ref>> directs;  // none: the journal can't be read
};
struct sessions_reached {
  ticket_no ticket;
  std::size_t count = 0;
};
/// The room is done with a command.
struct command_settled {
  ticket_no ticket;
  room_id room;
  settlement what = settlement::none;
  seq_no floor;  // of `joined`
  std::string_view reason = {};  // of `left`, if the client is still to be told
  std::size_t rows = 0;          // see `settle`
  role as = role::none;          // likewise
};
/// Nobody else has a message of that key checked any more.
struct claim_came {
  ticket_no ticket;
  key_claims::claim_ptr claim;
};
/// What the deployment said to a question.
struct hook_answered {
  ticket_no ticket;
  rooms::hook_verdict what;
};
/// What became of what the session asked of the order for itself.
struct stored_for_session {
  ticket_no ticket;
  bool ok = false;
  std::optional<rooms::refused> refused{};
  std::optional<rooms::marker_moved> marker{};
};
/// Another session of the user has read a room so far.
struct marker_told {
  session_id by;
  room_id room;
  seq_no read;
};
struct catch_up_needed {
  std::shared_ptr<const catch_up> what;
};
struct read_done {
  ticket_no ticket;
  std::variant<entries_read, messages_read, rooms_read, reactions_read, blocks_read, profiles_read,
               counts_read, unread_read, mentions_read, inbox_read, search_read, reported_read>
      what;
};
/// By it alone the sender does not know whose session this is.
struct signal_came {
  user_signal what;
};
struct online_counted {
  ticket_no ticket;
  message::rooms list;
};

/// All that a session hears, as the one message it takes.
using session_event =
    std::variant<frame_received, frame_rejected, hello_refused, token_checked, sink_writable,
                 drain_session, connection_closed, replace_session, session_sent_away, user_lost,
                 session_attached,
                 sessions_reached, command_settled, catch_up_needed, read_done, online_counted,
                 signal_came, marker_told,
                 stored_for_session, session_timer, claim_came, hook_answered>;
using session_actor = caf::typed_actor<caf::reacts_to<session_event>>;

/// From any thread.
inline void tell(const session_actor& who, session_event what) {
  caf::anon_send(who, std::move(what));
}
/// To a session by its id; to the audience of its shard.
struct to_session {
  session_id session;
  session_event what;
};
/// Read for a session, which gets a `read_done` by way of its audience.
struct session_read {
  session_id session;
  user_id user;
  std::weak_ptr<const intake> asker;  // expired: nobody waits for it any more
  ticket_no ticket;
  std::variant<entries_request, messages_request, rooms_request, reactions_request, blocks_request,
               profiles_request, counts_request, unread_request, mentions_request, inbox_request,
               reported_request>
      what;
};
struct serve_next_read {};  // to itself
/// As `session_read`, to the searcher.
struct session_search {
  session_id session;
  user_id user;
  std::weak_ptr<const intake> asker;
  ticket_no ticket;
  search_request what;
};
/// As `read_job`, to the searcher: of who is no user, and finds what is in the rooms that it `sees`.
/// `hear` is called once, by the searcher's thread, unless nobody wants it any more.
struct search_job {
  user_id who;
  command::search what;
  std::function<bool(const room_id&)> sees;
  std::function<bool()> wanted;
  std::function<void(search_read)> hear;
};

// --- audience -----------------------------------------------------------------------------------

/// From sessions of the same shard: at birth, at `welcome`, at the end. What comes for a session
/// before `open_sink` is held: a direct room may know of it earlier.
struct attach_sink {
  session_id session;
  session_actor who;
  frame_sink_ptr sink;
  wire_format format;
  std::shared_ptr<intake> taken;
};
struct open_sink {
  session_id session;
};
struct detach_sink {
  session_id session;
};
/// To be told something after `wait`. One timer per shard for all sessions: nearly none of them
/// is ever due.
struct remind {
  session_id session;
  std::chrono::milliseconds wait{0};
  session_timer what;
};
/// Closes behind everything that rooms have said to the session so far.
struct close_sink {
  session_id session;
  close_code code = close_code::normal;
  std::string reason;
};

struct room_delivery {
  room_id room;
  std::vector<delivery> items;
};
struct turn_ended {};  // to itself, behind what else the turn has
/// To one session, whatever rooms it is in: a signal; or, with a ticket, a page of its own
/// catch-up, which must not overtake what the audience still has for it. It hears
/// `sessions_reached` then.
struct session_delivery {
  session_id session;
  frame bytes;
  ticket_no ticket;
};
/// To exactly one session, which need not be there.
struct signal_delivery {
  session_id session;
  user_signal what;
};
/// From a session: before the first window is read, which `inbox_begun` tells of then; or it watches
/// no more. Counted by `switchboard::watches_inbox`.
struct watch_inbox {
  session_id session;
  user_id user;
  bool on = true;
  journal::room_filter allowed{};  // also of who watches already
};
struct inbox_begun {
  session_id session;
  std::uint64_t position = 0;
  std::string as_of;
  std::vector<inbox_watches::counted> rooms;
};
/// The room's actor ended by a bug: its members reconnect and resume.
struct room_lost {
  room_id room;
};

// --- directory ----------------------------------------------------------------------------------

/// Puts away a room that has said it is idle, unless something was forwarded to it since.
struct retire_room {
  room_id room;
  std::uint64_t forwards_seen = 0;
};
struct retire {};  // the directory's consent
struct online_changed {
  room_id room;
  std::size_t online = 0;
};
/// Goes from directory to directory; each counts for the rooms it knows, the last one answers the
/// session with `online_counted`.
struct online_question {
  session_id session;
  online_counted so_far;
  std::size_t shard = 0;  // whose turn it is
};

// --- room ---------------------------------------------------------------------------------------

/// From a session: straight to the room it has joined, otherwise through the directory.
struct room_command {
  asker from;
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
  std::vector<session_info> sessions;
};
struct session_appeared {
  session_info who;
};
struct session_seen {
  message::direct_ref direct;  // as of now: whatever comes later, the session hears
};
struct session_vanished {
  session_id session;
};
/// A deadline of the receiver has come; void if it is no longer the one waited for.
struct wake {
  steady_time due;
};

// --- registrar ----------------------------------------------------------------------------------

struct attach_session {
  session_info who;
  std::optional<device_id> device;
};
struct detach_session {
  session_id session;
};
/// The room is told who is there, and from then on who comes and goes. Asking twice is the same.
struct watch_user {
  room_id room;
};
struct direct_moved {
  message::direct_ref direct;
};
/// A session joined a room, or left it.
struct session_moved {
  session_id session;
  awake_room room = 0;
  bool in = true;
};
/// The user looks at this session, or no more: one in the background holds back no push.
struct session_active {
  session_id session;
  bool on = true;
};
/// Of who is no session: called once, on the registrar's shard, with the user's row if there is one.
struct look_at_user {
  std::function<void(const user_row*)> hear;
};
using user_op = std::variant<attach_session, detach_session, session_moved, watch_user,
                             direct_moved, user_signal, marker_told, session_active, look_at_user>;
/// To the registrar of the user's shard.
struct to_user {
  user_id user;
  user_op what;
};

}  // namespace confab::actors

// In-process only: no inspect(), no type ids on a wire.
#define CONFAB_MESSAGE(name) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::actors::name)
CONFAB_MESSAGE(alive_request)
CONFAB_MESSAGE(still_here)
CONFAB_MESSAGE(watch_inbox)
CONFAB_MESSAGE(inbox_begun)
CONFAB_MESSAGE(session_read)
CONFAB_MESSAGE(serve_next_read)
CONFAB_MESSAGE(session_search)
CONFAB_MESSAGE(search_job)
CONFAB_MESSAGE(attach_sink)
CONFAB_MESSAGE(open_sink)
CONFAB_MESSAGE(detach_sink)
CONFAB_MESSAGE(close_sink)
CONFAB_MESSAGE(remind)
CONFAB_MESSAGE(room_delivery)
CONFAB_MESSAGE(turn_ended)
CONFAB_MESSAGE(session_delivery)
CONFAB_MESSAGE(signal_delivery)
CONFAB_MESSAGE(room_lost)
CONFAB_MESSAGE(session_event)
CONFAB_MESSAGE(to_session)
CONFAB_MESSAGE(to_room)
CONFAB_MESSAGE(retire_room)
CONFAB_MESSAGE(retire)
CONFAB_MESSAGE(online_changed)
CONFAB_MESSAGE(online_question)
CONFAB_MESSAGE(room_command)
CONFAB_MESSAGE(session_appeared)
CONFAB_MESSAGE(session_seen)
CONFAB_MESSAGE(session_vanished)
CONFAB_MESSAGE(watched)
CONFAB_MESSAGE(wake)
CONFAB_MESSAGE(to_user)
#undef CONFAB_MESSAGE
