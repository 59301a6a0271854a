#pragma once

#include "journal/journal.hpp"
#include "journal/user_filter.hpp"
#include "rooms/notes.hpp"
#include "rooms/present.hpp"
#include "rooms/rights.hpp"
#include "rooms/sequencer.hpp"
#include "rooms/view.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

/// What a journal in memory is made of.
namespace confab::journal {

struct pin_place {
  user_id by;
  unix_ms at;
  seq_no seq;  // of the entry
};

struct inbox_end {
  member_state how;
  std::uint64_t position;
};

struct memory_room {
  rooms::room_view view;
  epoch_id epoch;
  std::vector<log_entry> log;  // log[seq - 1]
  std::unordered_map<std::uint64_t, rooms::folded_message> changed;  // by seq
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> edits;  // of a message, by seq
  std::map<user_id, rooms::member_row> members;
  std::map<std::uint64_t, pin_place> pins;  // by target
  std::map<user_id, unix_ms> spoke;  // last, where slow mode is on
  std::map<user_id, std::map<std::uint64_t, rooms::note>> notes;  // by place
  std::map<user_id, inbox_end> gone;               // who belonged to it, or was invited
  std::uint64_t last_position = 0;
  std::uint64_t trimmed = 0;  // up to there

  room_info info() const {
    return {view.room, epoch,    view.direct,  view.head, view.last_at,
            view.floor, view.set, view.members, view.rows, view.pins};
  }
  rooms::member_row row_of(const user_id& user) const {
    const auto at = members.find(user);
    return at == members.end() ? rooms::member_row{} : at->second;
  }
  /// A direct one of the user's, in which something is said that the user may read.
  bool is_direct_of(const user_id& user) const {
    return rooms::is_direct_user(view, user) && row_of(user).since < view.head;
  }
  /// Null: there is no such message, or none any more.
  const log_entry* message(seq_no seq) const {
    if (seq < view.floor || seq.value() > log.size()) return nullptr;
    const auto& entry = log[seq.value() - 1];
    return std::holds_alternative<posted>(entry.body) ? &entry : nullptr;
  }
  rooms::folded_message folded(const log_entry& message) const {
    const auto at = changed.find(message.seq.value());
    return at == changed.end() ? rooms::begin_fold(message) : at->second;
  }
};

struct log_place {
  std::uint64_t position;
  const memory_room* room;
  seq_no seq;
};

using mark_name = std::tuple<user_id, rooms::mark::kind, std::string>;

/// What writer and readers share. The mutex is the border between their threads: a commit holds
/// it from its first change to its last, so a reader sees whole batches.
struct memory_store {
  std::shared_mutex border;
  std::map<room_id, memory_room> rooms;
  std::vector<log_place> order;  // of all rooms
  std::map<mark_name, stored_mark> marks;
  std::map<user_id, rooms::known_profile> profiles;
  std::string journal;  // that tells places in it from those in another
  std::uint64_t last_position = 0;
  user_filter have_directs;  // outside of the border
};

struct memory_own {
  rooms::kept_own what;
  std::uint64_t position = 0;  // of the mark
};
/// A user's own settings of a room.
memory_own own_of(const memory_store& store, const memory_room& room, const user_id& user);

/// See `reader::directs`; within the border.
std::vector<room_info> directs_of(const memory_store& store, const user_id& user, std::size_t count);
std::uint64_t position_at_of(memory_store& store, unix_ms at);
bool has_blocked_of(memory_store& store, const user_id& blocker, const user_id& blocked);
std::vector<user_set> profiles_of(memory_store& store, std::span<const user_id> users);
bool forget_room_of(memory_store& store, const room_id& room, seq_no head);
std::vector<user_set> users_of(memory_store& store, std::string_view prefix, const user_id& after,
                               std::size_t count);
std::vector<feed_item> feed_of(memory_store& store, std::uint64_t after, std::size_t count,
                               std::size_t bytes, bool (*wanted)(const entry_body&));
std::vector<addressed_user> addressed_of(memory_store& store, const room_id& room, seq_no message);
std::vector<user_id> asked_for_all_of(memory_store& store, const room_id& room,
                                      const user_id& after, std::size_t count);
marker_page markers_moved_of(memory_store& store, const marker_place& after);
trim_page rooms_to_trim_of(memory_store& store, const trim_query& what);
std::optional<unix_ms> last_at_of(memory_store& store);
trace_page traces_of(memory_store& store, const user_id& user, std::uint64_t after,
                     std::size_t entries);
/// All that is left of a user in a room, whose entry `at` says so; within the border.
void erase_in_memory(memory_store& store, memory_room& room, const log_entry& at);
/// Who spoke last, where slow mode is on.
void watch_pace(memory_room& room, const log_entry& entry);
/// What an entry says of a guest.
void forget_name(log_entry& entry);
/// See `writer::forget_names`; within the border.
void forget_in_memory(memory_store& store, unix_ms erased, unix_ms guests);
std::unique_ptr<reader> read_memory(memory_store& store);

}  // namespace confab::journal
