#pragma once

#include "journal/sqlite_erasing.hpp"
#include "journal/sqlite_notes.hpp"
#include "journal/sqlite_statement.hpp"
#include "journal/sqlite_trimming.hpp"
#include "protocol/entry.hpp"
#include "rooms/message_state.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace confab::journal::sqlite {

/// What is stored beside the log so that reading a message costs its answer: its present form. A
/// fold over the log, like `rooms::fold`, kept up entry by entry in the writer's transactions; a
/// migration and a rebuild go through the whole log with it.
class projection {
 public:
  int prepare(const connection& database);
  /// See `notes::tell`.
  void tell(std::vector<user_id>* noted) noexcept {
    notes_.tell(noted);
    replays_ = noted == nullptr;
  }

  /// The message `seq` as `by` sees it; none where there is no such message. `code` tells a failure.
  std::optional<rooms::message_state> message(std::int64_t room, seq_no seq, const user_id& by,
                                              std::string_view emoji, int& code);
  /// Takes in an entry that is in the log already, at `position`, and in the view; before `people`.
  int project(const connection& database, const rooms::room_view& room, const log_entry& entry,
              std::uint64_t position, people& who);
  /// See `erasing::rename`.
  int rename(const user_id& user, const user_id& as, rename_step from,
             std::optional<rename_step>& next) {
    return erasing_.rename(user, as, from, next);
  }
  /// See `writer::forget_names`. `any`: there was something to forget.
  int forget_names(unix_ms erased, unix_ms guests, bool& any, bool& more) {
    return erasing_.forget_names(erased, guests, any, more);
  }
  /// See `writer::drop_notes`.
  int drop_notes(const user_id& after, std::uint64_t upto, std::optional<user_id>& next) {
    return notes_.drop_read(after, upto, next);
  }
  /// Of a direct room with its last entry at `position`: it is the latest of its two users. Who is erased
  /// by that entry has it no more, until something is said again.
  int bring_to_front(const rooms::room_view& room, const log_entry& last, std::uint64_t position);

 private:
  struct found_message {
    std::int64_t id;  // in the log
    rooms::message_state state;
    unix_ms at;
    bool quiet;
  };
  std::optional<found_message> find(std::int64_t room, seq_no seq, int& code);
  int post(const notes::at& place, const posted& what);
  int edit(const notes::at& place, const edited& what);
  int left(const notes::at& place, const member_set& what);
  int erase_user(const notes::at& place, const erased& what);
  int erase(std::int64_t room, const log_entry& entry, const deleted& what);
  int react(const connection& database, std::int64_t room, const log_entry& entry,
            const reacted& what);
  int add_reply(std::int64_t room, seq_no root, const log_entry& entry);
  int lose_reply(std::int64_t room, seq_no root, const found_message& reply);
  int pin(std::int64_t room, const log_entry& entry, const pinned& what);

  struct statements {
    statement message, edit_users, emoji_there, reacted;
    statement edit, edit_lost, clear_edit, erase, clear_message, clear_edits, clear_reactions,
        clear_counts;
    statement latest_direct, leave_place, take_place;
    statement react, count_up, unreact, count_down, drop_count, reaction_entry;
    statement reply, reply_user, lose_reply, lose_reply_user, drop_thread_users, last_reply,
        thread_moved, drop_thread, writers;
    statement pin, unpin;
  };
  statements run_;
  notes notes_;
  trimming trimming_;
  erasing erasing_;
  bool replays_ = true;  // what is projected happened long ago
};

}  // namespace confab::journal::sqlite
