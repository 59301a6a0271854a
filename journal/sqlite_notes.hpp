#pragma once

#include "journal/sqlite_people.hpp"
#include "journal/sqlite_statement.hpp"
#include "protocol/entry.hpp"
#include "rooms/notes.hpp"
#include "rooms/view.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace confab::journal::sqlite {

/// What counts are made of beside the running number: notes, messages that name everybody, and
/// counted messages that were deleted. A part of `projection`.
class notes {
 public:
  int prepare(const connection& database);

  /// An entry and what is known around it.
  struct at {
    const rooms::room_view& room;
    const log_entry& entry;
    std::uint64_t position;
    people& who;
  };
  int posted(const at& place, const rooms::addressing& of);
  /// `author`: of the message, which is not deleted and counts for something.
  int edited(const at& place, const confab::edited& what, const user_id& author, bool named_room);
  int deleted(std::int64_t room, seq_no message, bool counted);
  /// Who is noted from now on is told of there; null: nowhere.
  void tell(std::vector<user_id>* noted) noexcept { noted_ = noted; }
  /// Of whom an entry took out of the room.
  int left(std::int64_t room, const user_id& user);
  /// See `writer::drop_notes`.
  int drop_read(const user_id& after, std::uint64_t upto, std::optional<user_id>& next);

 private:
  bool is_member(const at& place, const user_id& user, int& code);
  int add(const at& place, const user_id& user, seq_no message, std::uint8_t why);

  struct statements {
    statement add, of_message, change, drop, drop_all, drop_of, name_room, unname_room,
        count_deleted, keep_upto, next_user, drop_read;
  };
  statements run_;
  std::vector<user_id>* noted_ = nullptr;
};

}  // namespace confab::journal::sqlite
