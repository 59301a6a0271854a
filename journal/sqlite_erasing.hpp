#pragma once

#include "journal/sqlite_statement.hpp"
#include "protocol/entry.hpp"
#include "protocol/ids.hpp"

#include <cstdint>
#include <optional>

namespace confab::journal::sqlite {

/// Where a renaming goes on.
struct rename_step {
  std::int64_t room = 0;  // the store's number of it
  std::uint64_t seq = 0;
};

/// Takes away what is left of a user in a room, and writes their new name into what is left of the
/// log. A part of `projection` and of the writer.
class erasing {
 public:
  int prepare(const connection& database);
  /// The entry `seq` of the room. `replays`: the user may have come again since, as somebody new; what
  /// that one has read stays.
  int erase(std::int64_t room, seq_no seq, const erased& what, bool replays);
  /// The next part: some thousand entries of one room. `next`: none at the end.
  int rename(const user_id& user, const user_id& as, rename_step from,
             std::optional<rename_step>& next);
  /// See `writer::forget_names`. `any`: there was something to forget.
  int forget_names(unix_ms erased, unix_ms guests, bool& any, bool& more);

 private:
  int undo_reactions(std::int64_t room, const erased& what);
  int rename_reports(std::uint64_t from, std::uint64_t upto, const user_id& user, const user_id& as);
  /// Of the rows that this step may take yet.
  int forget_ids(unix_ms erased, std::size_t& left);
  int forget_guests(unix_ms guests, std::size_t& left);

  struct statements {
    statement own_reactions, unreact, count_down, drop_count, lose_emoji, drop_speaker, drop_end,
        drop_marker, keep_place, drop_profile, drop_marks, drop_blocks;
    statement next_room, senders[2], named[2], profiles, deleted_by, edited_by, pinned_by, invited_by,
        reports, left_of_report;
    statement next_erased, places, forget_entry, forget_place, forget_mark, drop_old_marks,
        guests, forget_name, forget_guest;
  };
  statements run_;
};

}  // namespace confab::journal::sqlite
