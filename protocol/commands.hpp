#pragma once

#include "protocol/codes.hpp"
#include "protocol/entry.hpp"
#include "protocol/ids.hpp"
#include "protocol/own_settings.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a client may ask for (PROTOCOL §§3–5). Valid when made by the codec: ids have their form,
/// texts are UTF-8 without control characters and within their limits.
namespace confab::command {

/// From where a client wants a room's log: `since` is the last entry it has.
struct resume_point {
  room_id room;
  std::optional<seq_no> since;
  std::optional<epoch_id> epoch;
  friend bool operator==(const resume_point&, const resume_point&) = default;
};

/// The rooms that are one's own, from which window or since which answer on.
struct inbox_point {
  std::uint32_t limit = 0;  // 1..limits::inbox_page_count_max
  std::string since;        // `as_of` of an earlier answer; empty: none
  friend bool operator==(const inbox_point&, const inbox_point&) = default;
};

struct hello {
  std::optional<std::string> token;
  std::optional<user_id> guest;
  std::optional<std::string> name;
  std::optional<device_id> device;
  std::vector<resume_point> resume;
  std::optional<inbox_point> inbox = {};
  friend bool operator==(const hello&, const hello&) = default;
};
struct refresh {
  std::string token;
  friend bool operator==(const refresh&, const refresh&) = default;
};
struct ping {
  friend bool operator==(const ping&, const ping&) = default;
};
struct join {
  resume_point at;
  bool member = false;  // and become one
  friend bool operator==(const join&, const join&) = default;
};
struct leave {
  room_id room;
  bool member = false;  // and cease to be one
  friend bool operator==(const leave&, const leave&) = default;
};
struct send {
  room_id room;
  std::string key;  // empty: none
  content what;
  placement where = {};
  std::string after{};  // the key of the write that this one stands behind; empty: any
  friend bool operator==(const send&, const send&) = default;
};
struct edit {
  room_id room;
  std::string key;
  seq_no target;
  content what;
  friend bool operator==(const edit&, const edit&) = default;
};
struct delete_messages {
  room_id room;
  std::string key;
  std::vector<seq_no> targets;  // 1..limits::delete_targets_max
  std::string reason = {};
  friend bool operator==(const delete_messages&, const delete_messages&) = default;
};
/// `pin` and, with `on` false, `unpin`.
struct pin {
  room_id room;
  std::string key;
  seq_no target;
  bool on = true;
  friend bool operator==(const pin&, const pin&) = default;
};
struct list_pins {
  room_id room;
  std::string after;  // the `next` of the page before; empty: the first page
  friend bool operator==(const list_pins&, const list_pins&) = default;
};
/// `react` and, with `on` false, `unreact`.
struct react {
  room_id room;
  std::string key;
  seq_no target;
  std::string emoji;
  bool on = true;
  friend bool operator==(const react&, const react&) = default;
};
/// `before`, `after`, both (what lies between, from `after` on), or neither: the latest.
struct history {
  room_id room;
  std::optional<seq_no> before;
  std::optional<seq_no> after;
  std::optional<seq_no> thread;  // with its root; 0: what is in no thread; none: all
  std::uint32_t limit = 0;       // 1..limits::history_count_max
  friend bool operator==(const history&, const history&) = default;
};
struct list_rooms {
  std::optional<room_id> after;
  friend bool operator==(const list_rooms&, const list_rooms&) = default;
};
/// Who reacted to a message with one emoji, from the reaction after `after` on.
struct list_reactions {
  room_id room;
  seq_no target;
  std::string emoji;
  seq_no after;
  friend bool operator==(const list_reactions&, const list_reactions&) = default;
};
struct typing {
  room_id room;
  bool on = true;
  friend bool operator==(const typing&, const typing&) = default;
};
/// To all sessions of a user, or to one session.
struct signal {
  std::variant<user_id, session_name> to;
  free_data data;
  friend bool operator==(const signal&, const signal&) = default;
};
struct direct {
  user_id to;
  std::string key;
  content what;
  placement where = {};
  std::string after{};  // as that of `send`
  friend bool operator==(const direct&, const direct&) = default;
};

/// The threads of a room, by their roots, last replied to first.
struct list_threads {
  room_id room;
  bool mine = false;  // only those that the asker began or wrote in
  std::string after;
  std::uint32_t limit = 0;  // 1..limits::history_count_max
  friend bool operator==(const list_threads&, const list_threads&) = default;
};
struct set_member {
  room_id room;
  std::string key;
  member_set change;
  std::optional<std::chrono::milliseconds> delete_for;  // "delete_ms", of a ban
  friend bool operator==(const set_member&, const set_member&) = default;
};
struct list_members {
  room_id room;
  std::optional<member_state> state;  // default: `member`
  std::string after;
  std::uint32_t limit = 0;  // 1..limits::members_page_count_max
  friend bool operator==(const list_members&, const list_members&) = default;
};
struct create {
  std::optional<room_id> room;  // none: made of the user and the key
  std::string key;
  room_settings settings;
  std::vector<user_id> users;  // to be invited
  friend bool operator==(const create&, const create&) = default;
};
struct set_room {
  room_id room;
  std::string key;
  room_settings change;
  friend bool operator==(const set_room&, const set_room&) = default;
};
/// What need not be kept: to those who have joined, never stored.
struct emit {
  room_id room;
  std::string event;
  std::optional<free_data> data;
  friend bool operator==(const emit&, const emit&) = default;
};
/// `upload` and `download` ask the deployment for a signed address of a file.
struct upload {
  room_id room;
  std::string mime;
  std::uint64_t bytes = 0;
  std::string name;
  friend bool operator==(const upload&, const upload&) = default;
};
struct download {
  room_id room;
  seq_no seq;
  std::uint32_t index = 0;  // of the message's attachments
  friend bool operator==(const download&, const download&) = default;
};
struct block {
  user_id user;
  bool on = true;
  friend bool operator==(const block&, const block&) = default;
};
/// How the user has the room for themselves.
struct set_own {
  room_id room;
  own_change change;
  friend bool operator==(const set_own&, const set_own&) = default;
};
struct list_blocks {
  friend bool operator==(const list_blocks&, const list_blocks&) = default;
};
struct list_users {
  std::vector<user_id> ids;  // 1..limits::users_count_max
  std::size_t after = 0;     // of them are answered already: the `next` of the page before
  friend bool operator==(const list_users&, const list_users&) = default;
};
struct report {
  room_id room;
  seq_no target;
  std::string reason;
  friend bool operator==(const report&, const report&) = default;
};
/// Whether this session is looked at: one in the background holds back no push.
struct set_active {
  bool on = true;
  friend bool operator==(const set_active&, const set_active&) = default;
};
/// Messages that have all words of `query`, latest first.
struct search {
  std::string query;           // 1..limits::search_words_max words
  std::vector<room_id> rooms;  // of those where the asker belongs; empty: all of them
  std::optional<user_id> from;
  std::optional<unix_ms> after_at;
  std::optional<unix_ms> before_at;
  bool has_attachment = false;
  seq_no after;             // the `next` of the page before; 0: the first page
  std::uint32_t limit = 0;  // 1..limits::search_hits_max
  friend bool operator==(const search&, const search&) = default;
};

/// Everything up to `upto` is read; without a room, everything in all of them.
struct read {
  std::optional<room_id> room;
  seq_no upto;  // "seq"
  friend bool operator==(const read&, const read&) = default;
};
/// Messages that address the asker, latest first.
struct list_mentions {
  std::optional<std::uint64_t> after;
  std::uint32_t limit = 0;  // 1..limits::mentions_page_count_max
  friend bool operator==(const list_mentions&, const list_mentions&) = default;
};

/// The next window of the inbox, which is told of changes from then on.
struct inbox {
  inbox_point at;
  std::string after;   // the `next` of the window before; empty: the first
  bool watch = true;
  friend bool operator==(const inbox&, const inbox&) = default;
};

using any = std::variant<hello, refresh, ping, join, leave, send, edit, delete_messages, react,
                         history, list_rooms, list_reactions, typing, signal, direct, pin, list_pins, list_threads,
                         set_member, list_members, create, set_room, emit, upload, download, block,
                         list_blocks, list_users, report, set_active, read, list_mentions, inbox, search,
                         set_own>;

/// The `type` of each, in the order of `any`; `unreact` and `unpin` go by the name of what they undo.
inline constexpr std::array<std::string_view, std::variant_size_v<any>> names{
    "hello",   "refresh",   "ping",   "join",   "leave",  "send",       "edit",    "delete",
    "react",   "history",   "rooms",  "reactions", "typing", "signal",  "direct",  "pin",
    "pins",    "threads",   "set_member", "members", "create", "set_room", "emit", "upload",
    "download", "block",    "blocks", "users",  "report", "active",     "read",    "mentions",
    "inbox",   "search",    "set_own"};
static_assert(!names.back().empty(), "every command has a name");

}  // namespace confab::command

namespace confab {

/// A command with the client's `id` for it.
struct request {
  std::optional<ref_no> id;
  command::any what;
  friend bool operator==(const request&, const request&) = default;
};

/// Why a frame is no command. The `id` is kept where it could be read, so that the client's
/// promise settles. `close` is set where the protocol wants the connection closed at once.
struct rejected {
  std::optional<ref_no> id;
  error_code code = error_code::bad_request;
  std::string message;
  std::optional<close_code> close;
  bool hello = false;  // its `type` was "hello": before `welcome`, another try is allowed
  friend bool operator==(const rejected&, const rejected&) = default;
};

}  // namespace confab
