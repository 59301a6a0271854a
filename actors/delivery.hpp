#pragma once

#include "actors/budget.hpp"
#include "actors/counts.hpp"
#include "actors/identity.hpp"
#include "actors/steady_time.hpp"
#include "journal/journal.hpp"
#include "protocol/commands.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"
#include "protocol/overloaded.hpp"
#include "rooms/operation.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

/// The plain values that actors exchange: free of CAF, so that the states compile without it.
namespace confab::actors {

/// Names what a room asked of the journal, so that it knows its own when the answer comes. 0: of
/// nobody who waits.
using request_no = strong<struct request_tag, std::uint64_t>;

/// Numbers a session's commands; an answer names the command it settles.
using ticket_no = strong<struct ticket_tag, std::uint64_t>;

/// A session as rooms and its user know it.
struct session_info {
  session_id id;
  user_id user;
  std::string name;
  wire_format format;
};

/// What a session is reminded of.
struct session_timer {
  enum class kind : std::uint8_t {
    hello,
    verdict,
    token_notice,
    token_expiry,
    in_flight,
    paid,
    page
  };
  kind what = kind::hello;
  std::uint32_t generation = 0;  // of the token; of `page`: which one waits
  steady_time due;               // of `in_flight`: void if no longer the one waited for
};

/// The same event in each wire format that somebody reads; the others stay empty.
using frames = std::array<frame, wire_formats_count>;

/// Numbers the users of one room, so that a whole user can be left out of a broadcast; 0: nobody.
using room_user_no = strong<struct room_user_tag, std::uint32_t>;

// Who of a shard hears a room, and what. Everything a room sends to a member goes this way, so
// that replies, catch-up and live events stay in order (G5).
struct admit {
  session_id session;
  room_user_no user;
};
struct dismiss {
  session_id session;
};
struct unicast {
  session_id session;
  frame bytes;
  importance weight = importance::required;
};
struct broadcast {
  /// Who caused it, and is not to wait for it.
  struct author {
    session_id session;
    steady_time asked;
  };
  frames bytes;
  importance weight = importance::required;
  room_user_no except;
  std::optional<author> writer;
};

// What a session asks of a room.
struct join_op {
  session_info who;
  rooms::principal by;
  std::optional<seq_no> since;
  std::optional<epoch_id> epoch;
  bool continuing = false;  // the session has sent `joined` and what is up to `since` itself
  bool member = false;      // and become one
};
struct leave_op {
  bool lost = false;  // the connection broke: presence waits for the grace, nobody is answered
  std::string_view reason = {};  // a literal: the session is told why the server takes it out
};
/// What becomes an entry if the sequencer allows it. Whether its author has joined, the room knows.
struct append_op {
  rooms::principal by;
  std::string key;
  rooms::want what;
  std::optional<std::chrono::milliseconds> delete_for;  // of a ban: what was said that long before
  std::optional<std::chrono::milliseconds> overdrawn{};  // see rooms::operation
  rooms::checked by_hook = rooms::checked::enough;       // likewise
};
/// The membership ends, and the session leaves.
struct cease_op {
  rooms::principal by;
};
/// `create`: an error where the room is there.
struct create_op {
  rooms::principal by;
  std::string key;
  rooms::create_room::founding with;
  std::optional<std::chrono::milliseconds> overdrawn{};
};
/// A new token says something else of the user.
struct standing_op {
  rooms::principal by;
};
/// Somebody has not joined and wants what only those who have get: why not is what he hears.
struct absent_op {
  rooms::principal by;
};
struct emit_op {
  std::string event;
  std::optional<free_data> data;
};
/// What may be read without having joined.
struct list_op {
  rooms::principal by;
  std::variant<command::list_members, command::list_pins, command::list_threads> what;
  std::optional<seq_no> floor{};  // of who has joined: nothing before it is for this reader
};
/// Whether the user may put a file there, or read what names one; what the deployment says of it
/// the session asks.
struct file_op {
  rooms::principal by;
  bool puts = false;
  std::optional<seq_no> floor{};  // as of `list_op`
};
/// To a direct room that is awake: one of its users has blocked the other, or no longer.
struct block_op {
  user_id by;
  bool on = true;
};
struct typing_op {
  bool on = true;
};
struct direct_op {
  rooms::principal by;
  user_id to;
  std::string key;
  content what;
  placement where;
  std::string after{};
  rooms::checked by_hook = rooms::checked::enough;
};
/// Rooms that are awake, by the ids of their actors.
using awake_room = std::uint64_t;

/// What becomes of a signal is decided where its receiver's row is, in the registrar.
struct user_signal {
  message::signal what;
  ticket_no ticket;                // the sender's, who hears `sessions_reached`
  std::vector<awake_room> rooms;   // that the sender has joined
  std::optional<session_id> only;  // of the user's sessions; none: all
  bool vouched = false;            // both wrote in their direct room
};
/// Asks a direct room whether both of its users wrote in it. If so it passes the signal on to the
/// registrar, else the sender is told that it reached nobody.
struct vouch_op {
  user_id to;
  user_signal what;
};
class room_state;
/// Of who is no session: called once, on the room's shard, when the room is ready to be used; with
/// null where it is not there.
struct look_at_room {
  std::function<void(const room_state*)> hear;
};
using room_op = std::variant<join_op, leave_op, append_op, typing_op, direct_op, vouch_op, cease_op,
                             create_op, standing_op, absent_op, emit_op, list_op, block_op,
                             file_op, look_at_room>;

/// Where the answer to a command goes.
struct asker {
  session_id session;
  wire_format format;
  ticket_no ticket;
  message::re ref;
  steady_time asked{};      // when it came to the room,
  unix_ms at{};             // by the time of day
  payers::key address = 0;  // that pays for the rooms it makes
  command_type type = no_command;

  /// What an error names: a client knows by its `re` which room a command was about.
  std::optional<room_id> named(const room_id& room) const {
    return ref || room.value().empty() ? std::nullopt : std::optional{room};
  }
};
inline message::error error_for(const asker& to, const room_id& room, const rooms::refused& why) {
  message::error error{to.ref, why.code, why.text, why.retry_after, to.named(room)};
  error.until = why.until;
  error.reason = why.reason;
  error.limit = why.limit;
  error.data = why.data;
  return error;
}

/// The room can't serve a join from memory: the session reads up to `snapshot.head` from the
/// journal, says `joined` and the entries itself, and comes back with `continuing`.
struct catch_up {
  ticket_no ticket;
  message::joined snapshot;     // without events
  std::optional<seq_no> since;  // none: the latest messages in their present form
  bool continuing = false;
  seq_no floor;  // nothing before it is for this reader
};

/// What a room asks of the journal beside its log, and what it hears. But for the one row of a
/// member it is asked for a user, who waits for his turn at the reader.
struct member_question {
  user_id user;
};
struct members_question {
  rooms::principal by;
  member_state state = member_state::member;
  std::optional<user_id> after;
  std::size_t count = 0;
};
struct pins_question {
  rooms::principal by;
  std::optional<seq_no> after;
};
struct threads_question {
  rooms::principal by;
  bool mine = false;
  std::optional<seq_no> before;
  std::size_t count = 0;
};
struct messages_of_question {
  user_id asker;
  std::vector<user_id> users;
  unix_ms since;
};
/// Up to where each member has read: of rooms with receipts, so not many.
struct reads_question {};
using markers = std::map<user_id, seq_no>;
struct markers_found {
  markers reads;
  std::set<user_id> silent;  // who neither tell nor are told, by their own wish
};
using room_question = std::variant<member_question, members_question, pins_question,
                                   threads_question, messages_of_question, reads_question>;
struct members_found {
  journal::member_page page;
  std::vector<message::user_ref> names;
};
struct pins_found {
  journal::pin_page page;
  std::vector<message::user_ref> names;
};
struct threads_found {
  journal::thread_page page;
  std::vector<message::user_ref> names;
};
/// `monostate`: the journal can't be read. `refused`: who asks may not read there any more.
using room_answer = std::variant<std::monostate, journal::member_found, members_found, pins_found,
                                 threads_found, std::vector<seq_no>, rooms::refused,
                                 markers_found>;

/// What became of an operation that concerns the room.
struct not_stored {
  bool unknown = false;  // it may be stored all the same
};
struct room_outcome {
  request_no request;
  std::variant<journal::outcome, not_stored> what;
};

enum class settlement : std::uint8_t {
  none,
  joined,
  left,
  to_be_checked,  // all is well but that the deployment has not been asked
  broken,  // a join that was answered already can't be finished: the client must reconnect
};
/// The room is done with a command; what there was to say has been said before. Ticket 0: it was no
/// command of the session's. It went by itself, or `joined` tells it another `floor`.
struct settle {
  session_id session;
  ticket_no ticket;
  settlement what = settlement::none;
  seq_no floor{};  // of `joined`: nothing before it is for this reader
  /// Of `left`, a literal: the session tells the client itself, behind what it has read for it.
  std::string_view reason = {};
  std::size_t rows = 0;  // that changed beside the entries themselves: the session owes for them
  role as = role::none;  // of `to_be_checked`: the user's role
};
/// To be read by the session itself.
struct hand_over {
  session_id session;
  std::shared_ptr<const catch_up> what;
};
using delivery = std::variant<admit, dismiss, unicast, broadcast, settle, hand_over>;

}  // namespace confab::actors
