// Marks: read markers, one's own settings of rooms, blocks.

#include "journal/sqlite_writer.hpp"
#include "rooms/principal.hpp"

#include <string>

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

/// A crash has taken back what was gathered, but not the messages of the last moments, which moved their
/// authors' markers.
int sqlite_writer::recall_authors() {
  constexpr std::int64_t recalled_ms = 10'000;
  constexpr int entries_recalled = 50'000;  // gathered in two seconds by who writes as fast as can be
  statement latest, behind;
  int code = latest.prepare(
      database_, "select room, sender, seq, at, kind in (0, 6) from log order by id desc limit ?1");
  if (!code)
    code = behind.prepare(
        database_,
        "select 1 from rooms r left join members m on m.room = r.id and m.user = ?2 "
        "left join marks k on k.user = ?2 and k.kind = 1 and k.subject = r.room where r.id = ?1 and "
        "(m.state = 2 or ?2 in (r.direct_a, r.direct_b)) and "
        "?3 > max(coalesce(m.since, 0), coalesce(k.value, 0))");
  if (code) return code;
  std::optional<std::int64_t> since;
  query row{latest, entries_recalled};
  while (row.next()) {
    const auto at = row.integer(3);
    if (!since) since = at - recalled_ms;
    if (at < *since) break;
    if (row.integer(4) == 0) continue;
    const auto room = row.integer(0);
    const auto author = user_id::trusted(std::string{row.text(1)});
    const seq_no seq{static_cast<std::uint64_t>(row.integer(2))};
    if (markers_.of(author, room) >= seq) continue;
    query own{behind, room, author.view(), seq.value()};
    if (own.next()) markers_.raise(author, room, seq);
    if (own.code()) return own.code();
  }
  return row.code();
}

/// With the markers of all who have read there: who comes into a room of the same id has read nothing of
/// it. The last mark of all stays, since the journal's position does not go back.
int sqlite_writer::rename_room(const room_id& id, seq_no head, bool& renamed) {
  const auto* view = room(id);
  if (broken()) return code_;
  if (!view || view->head != head || view->direct || view->number == 0) return SQLITE_OK;
  const auto name = std::string{rooms::gone_room_prefix} + std::to_string(view->number);
  statement rename, forget;
  int code = rename.prepare(database_, "update rooms set room = ?2, unlisted = 1 where id = ?1");
  if (!code)
    code = forget.prepare(database_,
                          "delete from marks where kind in (1, 2) and subject = ?1 and "
                          "position < (select max(id) from log)");
  if (!code) code = query{rename, view->number, std::string_view{name}}.run();
  if (!code) code = query{forget, id.view()}.run();
  renamed = code == SQLITE_OK;
  return code;
}

}  // namespace confab::journal::sqlite
