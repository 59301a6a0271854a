#include "journal/sqlite_trimming.hpp"

#include "journal/sqlite_rows.hpp"

#include <string>

namespace confab::journal::sqlite {

int trimming::prepare(const connection& database) {
  const std::string clear =
      "text = null, data = null, users = null, attachments = null, event = null where room = ?1 and ";
  const std::string in_range = "seq >= ?2 and seq <= ?3 and ";
  // What members and settings are made of stays.
  const std::string log[] = {
      "update log indexed by log_messages set " + clear + in_range + "kind = 0",
      "update log indexed by log_replies set " + clear + in_range + "kind = 6",
      "update log indexed by log_changes_order set " + clear + in_range +
          "kind <> 0 and kind in (1, 2, 3, 4)",
      // What later edits say of what goes.
      "update log indexed by log_edits set " + clear + "target >= ?2 and target <= ?3 and kind = 1"};
  const std::string_view projections[] = {
      "delete from changed where room = ?1 and seq <= ?2",
      "delete from reactions where room = ?1 and target <= ?2",
      "delete from reaction_counts where room = ?1 and target <= ?2",
      "delete from pins where room = ?1 and target <= ?2",
      "delete from threads where room = ?1 and root <= ?2",
      "delete from thread_users where room = ?1 and root <= ?2",
      "delete from notes indexed by notes_message where room = ?1 and message <= ?2",
      "delete from room_mentions where room = ?1 and seq <= ?2",
      "delete from deleted_counted where room = ?1 and seq <= ?2"};
  int code = floor_.prepare(database, "select floor from rooms where id = ?1");
  if (!code) code = raise_floor_.prepare(database, "update rooms set floor = ?2 where id = ?1");
  clear_ = std::vector<statement>(std::size(log));
  for (std::size_t i = 0; i < clear_.size() && !code; ++i) code = clear_[i].prepare(database, log[i]);
  forget_ = std::vector<statement>(std::size(projections));
  for (std::size_t i = 0; i < forget_.size() && !code; ++i)
    code = forget_[i].prepare(database, projections[i]);
  return code;
}

int trimming::trim(std::int64_t room, seq_no upto) {
  std::int64_t from = 0;
  {
    query was{floor_, room};
    if (!was.next()) return was.code() ? was.code() : SQLITE_CORRUPT;
    from = was.integer(0);
  }
  if (clamp(upto) < from) return SQLITE_OK;
  for (const auto& one : clear_)
    if (const int code = query{one, room, from, upto.value()}.run()) return code;
  for (const auto& one : forget_)
    if (const int code = query{one, room, upto.value()}.run()) return code;
  return query{raise_floor_, room, next(upto).value()}.run();
}

}  // namespace confab::journal::sqlite
