// Marks: read markers, one's own settings of rooms, blocks.

#include "journal/sqlite_writer.hpp"

namespace confab::journal::sqlite {

int sqlite_writer::keep(const rooms::set_marks& asked) {
  ++batch_position_;
  for (const auto& one : asked.marks) {
    const auto& keep = rooms::mark::fold_of(one.of) == rooms::mark::fold::maximum
                           ? run_.keep_maximum
                           : run_.keep_last;
    if (const int code =
            query{keep, one.user.view(), static_cast<std::int64_t>(one.of),
                  std::string_view{one.subject}, one.value, std::string_view{one.text},
                  batch_position_}
                .run())
      return code;
  }
  return SQLITE_OK;
}

int sqlite_writer::keep_own(const user_id& user, const room_id& room, const rooms::kept_own& own) {
  return keep(rooms::set_marks{{rooms::to_mark(user, room, own)}});
}

/// Readers may see it before the batch is there: a marker is never taken for more than their head.
/// Who follows an order made elsewhere gathers nothing: its rows are to be those of every other.
int sqlite_writer::move_marker(const user_id& user, std::int64_t room, seq_no read) {
  if (follows_)
    return query{run_.raise_marker, user.view(), room, read.value(), batch_position_}.run();
  batch_markers_.push_back({user, room, markers_.raise(user, room, read)});
  return SQLITE_OK;
}

/// What one has written oneself is read.
int sqlite_writer::mark_author(const rooms::room_view& view, const log_entry& entry) {
  if (!std::holds_alternative<posted>(entry.body)) return SQLITE_OK;
  const auto row = member(view, entry.from);
  if (broken() || !rooms::belongs(view, row, entry.from)) return code_;
  return move_marker(entry.from, view.number, entry.seq);
}

}  // namespace confab::journal::sqlite
