#pragma once

#include "actors/delivery.hpp"
#include "actors/inbox_watches.hpp"
#include "journal/journal.hpp"
#include "protocol/commands.hpp"
#include "protocol/messages.hpp"
#include "rooms/brief.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What is said to the journal's writer and readers, and what they answer: a part of messages.hpp.
namespace confab::actors {

/// To the writer. Whoever asks, what comes of it is told to the room that it is about; and to the
/// session that asked, where one did for itself.
struct append_request {
  request_no request;
  rooms::operation what;
  std::optional<session_id> session{};
  ticket_no ticket{};  // of the session's command
};
/// To the writer, of who is no session: operations in their order, each by itself. `hear` is called
/// once, by the writer's thread, when all of them are stored or refused.
struct append_all_request {
  std::vector<rooms::operation> what;
  std::function<void(std::vector<rooms::brief>)> hear;
};
struct commit_batch {};   // to itself: everything that queued meanwhile
struct probe_journal {};  // to itself, while appends fail
struct store_markers {};    // to itself, some time after one has moved
struct clear_leftovers {};  // to itself, some time after a deletion
/// To the writer: stored by itself, and answered.
struct order_request {
  rooms::operation what;
};
struct ordered {
  bool ok = false;       // decided, and stored where there was something to store
  bool refused = false;  // and the answer was no
};
struct rename_request {
  user_id user;
  user_id as;
  journal::rename_place from;
};
struct renamed {
  bool ok = false;
  std::optional<journal::rename_place> next;
};
/// See `writer::forget_room`. `hear` is called once, by the writer's thread.
struct forget_room_job {
  room_id room;
  seq_no head;
  std::function<void(bool)> hear;
};
/// See `writer::drop_notes`.
struct drop_notes_request {
  user_id after;
  std::uint64_t upto = 0;
};
struct notes_dropped {
  bool ok = false;
  std::optional<user_id> next;
};
/// See `writer::forget_names`.
struct forget_names_request {
  unix_ms erased;
  unix_ms guests;
};
struct names_forgotten {
  bool ok = false;
  bool more = false;
};
/// From the writer to a room that is awake: what a commit did in it, in the order of its log,
/// whoever asked for it. A room learns of its entries only here.
struct room_news {
  std::vector<room_outcome> of;
};
/// From the writer to the audiences of shards on which somebody watches an inbox: what a commit has
/// changed in them, up to `position`.
struct inboxes_moved {
  std::uint64_t position;
  std::shared_ptr<const std::vector<inbox_change>> what;
};
struct read_feed {};  // to itself
struct rest_feed {};  // to itself, once a minute
/// Answered as soon as the journal is beyond `after`.
struct watch_feed {
  std::uint64_t after;
};
struct feed_moved {
  std::uint64_t position;
};
/// From a shard's audience when it changes; none is busy at first.
struct shard_load {
  bool busy;
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
  std::vector<message::user_ref> names{};  // of its authors that have one
  bool first_blocks = false;   // of a direct room: its first user has blocked the second,
  bool second_blocks = false;  // and the other way round
  std::optional<markers_found> reads{};  // where it has receipts
};
struct room_read_request {
  room_id room;
  room_question what;
};
struct room_read {
  room_answer what;
};
/// To a reader: to be done on its thread, when it is the turn of `who`. Null: not now. Where nobody
/// wants it any more it is not done, or not to its end; `wanted` is asked from that thread.
struct read_job {
  user_id who;
  std::function<void(journal::reader*)> job;
  std::function<bool()> wanted = [] { return true; };
};
struct block_question {
  user_id by;
  user_id of;
};
struct block_answer {
  bool blocked = false;
};
struct entries_request {
  room_id room;
  seq_no after;
  seq_no upto;
};
struct entries_read {
  bool ok = false;
  std::vector<log_entry> entries;
  std::vector<message::user_ref> names{};
};
struct messages_request {
  room_id room;
  rooms::principal by;
  std::optional<seq_no> before;
  std::optional<seq_no> after;
  std::size_t count = 0;
  std::optional<seq_no> thread{};
};
struct messages_read {
  bool ok = false;
  std::vector<message::present_message> messages;
  bool more = false;
  seq_no head;  // they are as of this entry
  std::vector<message::user_ref> names{};
  /// Who asks may not read there, as of an entry no older than `head`.
  std::optional<rooms::refused> refused{};
};
/// Whether they have blocked; or the blocks of `user` alone.
struct blocks_request {
  user_id user;
  std::optional<user_id> blocked;
};
struct blocks_read {
  bool ok = false;
  std::vector<user_id> users;
};
struct profiles_request {
  std::vector<user_id> users;
  std::size_t after = 0;  // of them are not asked for any more
};
struct profiles_read {
  bool ok = false;
  std::vector<message::profile> profiles;
  std::optional<std::size_t> next;  // of those asked for; none: these are all
};
/// What a member has not read of a room.
struct counts_request {
  room_id room;
  user_id user;
};
struct counts_read {
  bool ok = false;
  std::optional<journal::room_counts> counts;  // none: no member any more
};
/// Rooms whose marker is not at the head; with `sum` what is unread in all of them instead.
struct unread_request {
  user_id user;
  journal::room_filter allowed;
  bool sum = false;
  unix_ms now{};  // of the sum
};
struct unread_read {
  bool ok = false;
  std::vector<std::pair<room_id, seq_no>> rooms;
  message::totals sum;
};
struct mentions_request {
  user_id user;
  journal::room_filter allowed;
  std::optional<std::uint64_t> before;
  std::size_t count = 0;
};
struct mentions_read {
  bool ok = false;
  journal::notes_page page;
  std::vector<message::user_ref> names;
};
struct inbox_request {
  journal::inbox_query what;
};
struct inbox_read {
  bool ok = false;
  journal::inbox_page page;
  std::vector<message::user_ref> names;
};
/// Some of the rows, for who watches. `position`: what `as_of` is to say.
struct inbox_rows_request {
  user_id user;
  std::vector<room_id> rooms;
  std::uint64_t position = 0;
  unix_ms now;
};
struct inbox_rows_read {
  bool ok = false;
  std::vector<message::inbox_row> rows;  // in the order of the request
  std::vector<message::user_ref> names;
  std::string as_of;
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
/// Of a message that one may read, joined or not.
struct reactions_request {
  command::list_reactions what;
  rooms::principal by;
  std::optional<seq_no> floor;  // of who has joined
};
struct reactions_read {
  bool ok = false;
  bool joined = false;
  std::optional<rooms::refused> refused{};
  journal::reaction_page page{};
};
/// Whether there is such a message, likewise.
struct reported_request {
  room_id room;
  seq_no target;
  rooms::principal by;
  std::optional<seq_no> floor;
};
struct reported_read {
  bool ok = false;
  bool joined = false;
  std::optional<rooms::refused> refused{};
};
/// For many users at once: see `registrar::read_directs`.
struct directs_request {
  std::vector<user_id> users;
};
struct directs_read {
  bool ok = false;
  std::vector<message::direct_ref> directs;
};
struct directs_reads {
  std::vector<directs_read> of;  // in the order of the request
};
/// What a session asks the searcher.
struct search_request {
  command::search what;
  rooms::principal by;  // where no token says more of a room
  std::vector<std::pair<room_id, rooms::principal>> joined;
  std::optional<std::vector<std::string>> allowed;  // rooms that its token is for; none: every one
};
struct search_read {
  bool ok = false;
  message::found page{};
  std::uint64_t candidates = 0;  // that were looked at
};

}  // namespace confab::actors

#define CONFAB_MESSAGE(name) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::actors::name)
CONFAB_MESSAGE(append_request)
CONFAB_MESSAGE(append_all_request)
CONFAB_MESSAGE(read_job)
CONFAB_MESSAGE(commit_batch)
CONFAB_MESSAGE(probe_journal)
CONFAB_MESSAGE(clear_leftovers)
CONFAB_MESSAGE(store_markers)
CONFAB_MESSAGE(order_request)
CONFAB_MESSAGE(ordered)
CONFAB_MESSAGE(rename_request)
CONFAB_MESSAGE(renamed)
CONFAB_MESSAGE(forget_room_job)
CONFAB_MESSAGE(drop_notes_request)
CONFAB_MESSAGE(notes_dropped)
CONFAB_MESSAGE(forget_names_request)
CONFAB_MESSAGE(names_forgotten)
CONFAB_MESSAGE(room_news)
CONFAB_MESSAGE(inboxes_moved)
CONFAB_MESSAGE(inbox_rows_request)
CONFAB_MESSAGE(inbox_rows_read)
CONFAB_MESSAGE(read_feed)
CONFAB_MESSAGE(rest_feed)
CONFAB_MESSAGE(watch_feed)
CONFAB_MESSAGE(feed_moved)
CONFAB_MESSAGE(flush_request)
CONFAB_MESSAGE(shard_load)
CONFAB_MESSAGE(flushed)
CONFAB_MESSAGE(load_room_request)
CONFAB_MESSAGE(room_loaded)
CONFAB_MESSAGE(room_read_request)
CONFAB_MESSAGE(room_read)
CONFAB_MESSAGE(block_question)
CONFAB_MESSAGE(block_answer)
CONFAB_MESSAGE(messages_request)
CONFAB_MESSAGE(messages_read)
CONFAB_MESSAGE(directs_request)
CONFAB_MESSAGE(directs_reads)
#undef CONFAB_MESSAGE
