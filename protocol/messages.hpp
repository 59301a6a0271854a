#pragma once

#include "protocol/codes.hpp"
#include "protocol/entry.hpp"
#include "protocol/ids.hpp"
#include "protocol/own_settings.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What the server says (PROTOCOL §§3–5). A reply carries `re`, the `id` of its command; an event
/// has none. Each struct is one `type` on the wire, named in its comment where that differs.
namespace confab::message {

using re = std::optional<ref_no>;

struct user_ref {
  user_id id;
  std::string name;
  friend bool operator==(const user_ref&, const user_ref&) = default;
};

struct direct_ref {
  room_id room;
  user_id with;
  seq_no head;
  unix_ms last_at;
  friend bool operator==(const direct_ref&, const direct_ref&) = default;
};

struct welcome {
  re ref;
  user_ref user;
  session_name session;
  std::string node;
  std::string server;
  std::chrono::milliseconds heartbeat{0};
  std::size_t text_bytes = 0;
  std::size_t frame_bytes = 0;
  std::size_t rooms = 0;
  // Where they are not known they are left out, as here:
  std::size_t members = 0;      // of one room
  std::size_t memberships = 0;  // of one user
  std::optional<std::chrono::milliseconds> keys;  // remembered so long at the least
  std::optional<unix_ms> expires_at;
  std::optional<std::string> guest_token;  // that signs in the same guest again
  std::vector<direct_ref> directs;
  bool directs_unavailable = false;  // the journal can't be read: there may be some
  bool search = false;               // there is one
  bool upload = false;               // the deployment signs addresses of files
};
struct refreshed {
  re ref;
  std::optional<unix_ms> expires_at;
};
struct token_expiring {
  unix_ms expires_at;
};
struct pong {
  re ref;
};
/// `error`. `retry` follows from the code.
struct error {
  re ref;
  error_code code = error_code::internal;
  std::string text;
  std::optional<std::chrono::milliseconds> retry_after;
  std::optional<room_id> room;            // without `ref`: what the command was about
  std::optional<unix_ms> until = {};      // of `banned` and `muted`; none: for good
  std::string reason = {};                // of `banned` and `rejected`: what was given for it
  std::optional<std::size_t> limit = {};  // of `limit`: how many there may be
  std::optional<free_data> data = {};     // of `rejected`
};
/// What the journal did with an entry: in `sent`, and in `done` after edit, delete and react.
struct stored {
  room_id room;
  seq_no seq;
  unix_ms at;
  std::string_view durability;  // "memory", "disk", "majority_disk": literals
  bool duplicate = false;
};
struct sent {
  re ref;
  stored what;
  mention_list unreached = {};  // whom the message names and does not reach
};
struct done {
  re ref;
  std::optional<stored> what;
  std::optional<std::size_t> deleted = {};  // messages, of a ban that takes them away
  mention_list unreached = {};              // of an edit
};

/// Those who react to a message with one emoji.
struct reaction_summary {
  std::uint64_t count = 0;
  std::vector<user_id> users;  // the earliest ten who still react, in order of reacting
  bool mine = false;           // the asker is one of all of them
  friend bool operator==(const reaction_summary&, const reaction_summary&) = default;
};

/// A message in its present form: as `join` without `since` and `history` show it.
struct present_message {
  seq_no seq;
  unix_ms at;
  user_id from;
  std::string key;
  content what;  // the latest edit's; empty when deleted
  std::optional<unix_ms> edited_at;
  std::optional<user_id> edited_by;  // where that is not the author
  bool deleted = false;
  std::optional<user_id> deleted_by;
  std::map<std::string, reaction_summary> reactions;  // by emoji
  placement where = {};
  std::string deleted_reason = {};        // "reason"
  std::uint64_t replies = 0;              // of a thread's root: those not deleted
  std::optional<seq_no> last_reply = {};  // the latest of these
  std::optional<unix_ms> last_reply_at = {};
  friend bool operator==(const present_message&, const present_message&) = default;
};

/// Events inside `joined`, `events` and `history`: entries as they came (after `since`), or
/// messages in their present form.
using event_list = std::variant<std::vector<log_entry>, std::vector<present_message>>;

/// The `joined` reply, and the event that answers `resume` (no `ref`).
struct joined {
  re ref;
  room_id room;
  std::string title;
  epoch_id epoch;
  seq_no head;
  std::optional<seq_no> oldest;  // set: "gap":true, this is the first seq that can still be had
  std::string_view role;         // a literal
  std::size_t online = 0;
  std::vector<user_ref> members;  // those online
  event_list events;
  bool more = false;
  bool member = false;               // the asker is one
  room_settings settings;            // what is not at its default
  std::optional<std::size_t> count;  // of members; none, as here, is left out
  std::vector<seq_no> pins;
  std::vector<user_ref> users;  // authors in `events` that have a name
  std::optional<seq_no> read = {};  // of a member: the marker
  std::optional<std::map<user_id, seq_no>> reads = {};  // of all members, where there are receipts
};
/// `events`: more of a catch-up.
struct more_events {
  room_id room;
  std::vector<log_entry> events;
  bool more = false;
  std::vector<user_ref> users = {};
};
struct left {
  re ref;
  room_id room;
  std::string_view reason{};  // without `ref`: a literal, why the server took it out; empty: none
};
struct history {
  re ref;
  room_id room;
  seq_no head;  // the messages are as of this entry
  std::vector<present_message> events;
  bool more = false;
  std::vector<user_ref> users = {};
};
struct room_ref {
  room_id room;
  std::string title;
  seq_no head;
  std::size_t online = 0;
  bool joined = false;
  std::string topic = {};
  visibility visible = visibility::everyone;
  std::optional<std::size_t> count = {};  // of members
  bool member = false;
  bool invited = false;
  friend bool operator==(const room_ref&, const room_ref&) = default;
};
struct rooms {
  re ref;
  std::vector<room_ref> list;
  bool more = false;
};
/// Those who react to one message with one emoji, in order of reacting.
struct reactions {
  re ref;
  std::vector<user_id> users;
  std::uint64_t count = 0;     // of all
  std::optional<seq_no> next;  // the last one told; set where there are more
};
/// One new entry of a room's log; its `type` is the body's.
struct logged {
  room_id room;
  log_entry entry;
  std::string name = {};  // the author's, of a message, where it is not the id
};
struct typing {
  room_id room;
  user_id from;
  bool on = true;
};
/// In rooms over `limits::members_count_max` online, `came` and `went` stay empty and are not
/// written.
struct presence {
  room_id room;
  std::vector<user_ref> came;  // "joined"
  std::vector<user_id> went;   // "left"
  std::size_t online = 0;
  bool counts_only = false;
};
struct signal {
  user_id from;
  session_name session;
  free_data data;
};
struct signalled {
  re ref;
  std::size_t sessions = 0;
};

struct created {
  re ref;
  room_id room;
  epoch_id epoch;
  seq_no head;
  bool duplicate = false;
};
struct member_ref {
  user_id id;
  std::string name;  // empty: none, the id serves
  member_state state = member_state::member;
  role as = role::member;
  bool online = false;
  std::optional<unix_ms> until;
  std::optional<unix_ms> mute_until;
  std::optional<user_id> by;  // who invited
  std::string reason;         // of a ban
  std::optional<seq_no> read = {};  // where there are receipts
  friend bool operator==(const member_ref&, const member_ref&) = default;
};
/// A page goes on with `after` = `next`; where that is empty nothing follows ("more" is false).
struct members {
  re ref;
  room_id room;
  seq_no head;  // "seq": they are as of this entry
  std::size_t count = 0;
  std::vector<member_ref> list;  // "members"
  std::string next;
};
struct pin_ref {
  user_id by;  // "pinned_by"
  unix_ms at;  // "pinned_at"
  present_message message;
  friend bool operator==(const pin_ref&, const pin_ref&) = default;
};
struct pins {
  re ref;
  room_id room;
  std::vector<pin_ref> list;  // "pins"
  std::vector<user_ref> users;
  std::string next;
};
struct threads {
  re ref;
  room_id room;
  std::vector<present_message> events;  // roots
  std::vector<user_ref> users;
  std::string next;
};
struct profile {
  user_id id;
  std::string name;
  std::optional<free_data> data;
  friend bool operator==(const profile&, const profile&) = default;
};
struct users {
  re ref;
  std::vector<profile> list;  // "users"
  std::string next = {};
};
struct blocks {
  re ref;
  std::vector<user_id> users;
};
struct emitted {
  room_id room;
  user_id from;
  std::string event;
  std::optional<free_data> data;
};

/// Where the deployment takes a file, and gives one out.
struct upload {
  re ref;
  std::string file;    // "ref", by which an attachment names it
  std::string method;  // of HTTP
  std::string url;
  free_data headers;  // an object, of the request
  unix_ms expires_at;
};
struct download {
  re ref;
  std::string url;
  unix_ms expires_at;
};

/// Over all rooms of a user.
struct totals {
  std::uint64_t rooms = 0;  // in which something is unread
  std::uint64_t unread = 0;
  std::uint64_t mentions = 0;
  friend bool operator==(const totals&, const totals&) = default;
};
/// The reader's own marker: in a reply with what is left, and by itself to the other sessions.
struct read {
  re ref;
  room_id room;
  seq_no upto;  // "read"
  std::optional<std::uint64_t> unread = {};
  std::optional<std::uint64_t> mentions = {};
};
/// Markers of others that have moved.
struct receipts {
  room_id room;
  std::map<user_id, seq_no> reads;
};
/// `read`: of all rooms.
struct read_all {
  re ref;
  totals sum;  // "totals"
};
/// A message that addresses the asker.
struct mention_ref {
  std::string_view why;  // a literal
  bool read = false;
  room_id room;
  present_message message;
  friend bool operator==(const mention_ref&, const mention_ref&) = default;
};
struct mentions {
  re ref;
  std::vector<mention_ref> list;  // "mentions"
  std::vector<user_ref> users;
  std::string next;
};

/// The last message of a room that is not deleted, as its row shows it.
struct inbox_last {
  seq_no seq;
  unix_ms at;
  user_id from;
  std::string text;             // the beginning of it
  std::size_t attachments = 0;  // how many
  friend bool operator==(const inbox_last&, const inbox_last&) = default;
};
/// A room of one's own, as it is: the latest row of a room counts.
struct inbox_row {
  room_id room;
  std::string title;            // empty: of a direct room
  std::optional<user_id> with;  // of a direct room
  member_state state = member_state::member;  // or invited
  role as = role::none;
  std::optional<user_id> by;     // who invited,
  std::optional<unix_ms> until;  // and until when
  seq_no head;
  unix_ms at;                    // of what puts it in its place
  std::optional<seq_no> read;    // these three of a member
  std::uint64_t unread = 0;
  std::uint64_t mentions = 0;
  std::optional<inbox_last> last;
  own_settings own = {};         // what is in force
  std::string_view gone;  // a literal, why the room is no more one's own: nothing but the id is told then
  friend bool operator==(const inbox_row&, const inbox_row&) = default;
};
/// A window as a reply, what has changed as an event.
struct inbox {
  re ref;
  std::string as_of;  // goes on with `since`
  bool reset = false;
  std::vector<inbox_row> rows;  // "rooms"
  std::vector<user_ref> users;
  std::optional<std::string> next = {};  // of a reply; empty: nothing follows
  totals sum;                            // "totals"
};
struct search_hit {
  room_id room;
  present_message message;
  friend bool operator==(const search_hit&, const search_hit&) = default;
};
/// `search`: a page goes on with `after` = `next`, also where it has no hits.
struct found {
  re ref;
  std::vector<user_ref> users;
  std::vector<search_hit> hits;
  std::string next;
  unix_ms upto_at;  // what is younger may be missing
};

using any = std::variant<welcome, refreshed, token_expiring, pong, error, sent, done, joined,
                         more_events, left, history, rooms, logged, typing, presence, signal,
                         signalled, created, members, pins, threads, users, blocks, emitted, reactions,
                         read, read_all, receipts, mentions, inbox, found, upload, download>;

}  // namespace confab::message
