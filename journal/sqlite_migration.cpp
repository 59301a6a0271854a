#include "journal/sqlite_migration.hpp"

#include "journal/key_index.hpp"
#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_interruption.hpp"
#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_people.hpp"
#include "journal/sqlite_projection.hpp"
#include "journal/sqlite_rows.hpp"
#include "journal/sqlite_schema.hpp"
#include "rooms/rights.hpp"
#include "rooms/view.hpp"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace confab::journal::sqlite {
namespace {

/// Of one transaction: some tens of milliseconds.
constexpr std::int64_t entries_per_step = 5'000;

/// The first column of the first row; none after a failure, or where there is none.
std::optional<std::int64_t> ask(connection& database, std::string_view sql) {
  statement prepared;
  if (prepared.prepare(database, sql)) return std::nullopt;
  query run{prepared};
  if (!run.next()) return std::nullopt;
  return run.integer(0);
}

/// How far a database of any schema has come; a log only grows.
std::optional<std::pair<std::int64_t, std::int64_t>> end_of(connection& database) {
  const auto last = ask(database, "select max(id) from log");
  if (!last) return std::nullopt;
  return std::pair{*last, ask(database, "select at from log order by id desc limit 1").value_or(0)};
}

/// An earlier start made it, and was cut off. Else it is of another journal, or of this one before an
/// older copy was put back.
bool is_copy(const std::string& path, connection& of) {
  connection copy;
  if (open_connection(copy, path, role::reader) != SQLITE_OK) return false;
  const auto end = end_of(copy);
  return end && end == end_of(of);
}

/// Whole or not at all: under another name until it is complete.
std::optional<std::string> back_up(connection& database, const std::string& path,
                                   std::int64_t version) {
  const auto copy = path + ".schema-" + std::to_string(version);
  std::error_code ignored;
  if (std::filesystem::exists(copy, ignored) && is_copy(copy, database)) return std::nullopt;
  const auto part = copy + ".part";
  std::filesystem::remove(part, ignored);
  if (const int code = database.execute(("vacuum into " + literal(part)).c_str())) {
    auto error = words(code, database);
    std::filesystem::remove(part, ignored);
    return "cannot copy the database to " + copy + " before it is migrated: " + error +
           " (--no-backup migrates without a copy)";
  }
  if (std::rename(part.c_str(), copy.c_str()) != 0) return "cannot rename " + part;
  return std::nullopt;
}

/// Goes through the log, as the writer did when each entry was written.
class filling {
 public:
  filling(connection& database, const migration_options& how) : database_(database), how_(how) {}

  std::optional<std::string> run() {
    if (const int code = prepare()) return words(code, database_);
    const auto of = ask(database_, "select coalesce(max(id), 0) from log").value_or(0);
    for (;;) {
      const auto done = ask(database_, "select done from progress where step = 'project'");
      if (!done) return std::nullopt;
      how_.progress("project", static_cast<std::uint64_t>(*done), static_cast<std::uint64_t>(of));
      int code = database_.execute("begin immediate");
      if (code == SQLITE_OK) code = step(*done);
      if (code == SQLITE_OK) code = database_.execute("commit");
      if (code != SQLITE_OK) {
        auto error = words(code, database_);
        if (database_.in_transaction()) database_.execute("rollback");
        return error;  // what was remembered of the rooms is void, and so is this object
      }
      keys_stored();
      // The log of SQLite would grow with the whole database otherwise.
      sqlite3_wal_checkpoint_v2(database_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr,
                                nullptr);
    }
  }

 private:
  int prepare() {
    const std::pair<statement&, std::string> all[] = {
        {read_, "select " + std::string{entry_columns} +
                    ", id, room from log where id > ?1 order by id limit ?2"},
        {room_, "select " + std::string{room_columns} + " from rooms r" + std::string{last_entry} +
                    " where r.id = ?1"},
        {counted_before_, std::string{counted_at}},
        {update_, "update log set counted = ?2 where id = ?1"},
        {progress_, "update progress set done = ?1 where step = 'project'"},
        {finished_, "delete from progress where step = 'project'"},
        {insert_run_,
         "insert or replace into key_runs (last, first, newest, places) "
         "values (?1, ?2, ?3, cast(?4 as blob))"},
        {raise_marker_, std::string{raise_marker}},
        {secret_, "select value from secrets where name = 'keys'"},
    };
    for (const auto& [prepared, sql] : all)
      if (const int code = prepared.prepare(database_, sql)) return code;
    query row{secret_};
    if (!row.next() || row.text(0).size() != sizeof(digest_secret))
      return row.code() ? row.code() : SQLITE_CORRUPT;
    digest_secret secret{};
    std::memcpy(secret.data(), row.text(0).data(), sizeof secret);
    keys_.emplace(secret, rooms::key_window{});
    if (const int code = recall_keys()) return code;
    if (const int code = people_.prepare(database_)) return code;
    return present_.prepare(database_);
  }

  /// Of a start that was cut off: what it went through and had put into no run.
  int recall_keys() {
    const auto from = ask(database_, "select coalesce(max(last), 0) from key_runs").value_or(0);
    const auto upto = ask(database_, "select done from progress where step = 'project'");
    statement prepared;
    if (const int code = prepared.prepare(database_,
                                          "select id, room, sender, key, at from log where id > ?1 "
                                          "and id <= ?2 and key is not null order by id"))
      return code;
    query row{prepared, from, upto.value_or(0)};
    while (row.next())
      keys_->remember(keys_->hash_of(row.integer(1), user_id::trusted(std::string{row.text(2)}),
                                     row.text(3)),
                      static_cast<std::uint64_t>(row.integer(0)), unix_ms{row.integer(4)});
    return row.code();
  }

  int step(std::int64_t done) {
    std::vector<std::pair<std::int64_t, log_entry>> entries;  // by room
    std::vector<std::int64_t> ids;
    {
      query row{read_, done, entries_per_step};
      while (row.next()) {
        auto entry = entry_of(row);
        if (!entry) return SQLITE_CORRUPT;
        ids.push_back(row.integer(entry_columns_count));
        entries.emplace_back(row.integer(entry_columns_count + 1), std::move(*entry));
      }
      if (row.code()) return row.code();
    }
    if (entries.empty()) return query{finished_}.run();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& [room, entry] = entries[i];
      int code = SQLITE_OK;
      auto* view = view_before(room, entry.seq, code);
      if (!view) return code;
      people_rows rows{people_, code};
      rooms::apply(*view, entry, rows);
      if (code) return code;
      code = query{update_, ids[i], view->counted}.run();
      const auto position = static_cast<std::uint64_t>(ids[i]);
      if (!code) code = present_.project(database_, *view, entry, position, people_);
      if (!code) code = people_.project(*view, entry, position);
      if (!code) code = mark_author(*view, entry);
      const bool changes_room = std::holds_alternative<member_set>(entry.body) ||
                                std::holds_alternative<room_set>(entry.body) ||
                                std::holds_alternative<erased>(entry.body);
      if (const auto* gone = std::get_if<erased>(&entry.body)) {
        markers_.erase({gone->user, room});
        markers_.erase({gone->as, room});
      }
      if (!code && changes_room) code = people_.keep(*view);
      if (!code && view->direct)
        code = present_.bring_to_front(*view, entry, position);
      if (code) return code;
      if (entry.key.empty()) continue;
      keys_->remember(keys_->hash_of(room, entry.from, entry.key),
                      static_cast<std::uint64_t>(ids[i]), entry.at);
    }
    if (const int code = store_markers(static_cast<std::uint64_t>(ids.back()))) return code;
    if (const int code = store_run()) return code;
    return query{progress_, ids.back()}.run();
  }

  struct people_rows final : rooms::member_rows {
    people_rows(people& of, int& code) : of_(of), code_(code) {}
    rooms::member_row member(const rooms::room_view& room, const user_id& user) override {
      return of_.member(room.number, user, code_);
    }
    people& of_;
    int& code_;
  };

  /// As the entries before `seq` have left the room. What was there when an earlier start was cut
  /// off is in its row, and in the entry before.
  rooms::room_view* view_before(std::int64_t room, seq_no seq, int& code) {
    const auto [at, fresh] = views_.try_emplace(room);
    auto& view = at->second;
    if (!fresh) return &view;
    {
      query row{room_, room};
      if (!row.next()) return code = row.code() ? row.code() : SQLITE_CORRUPT, nullptr;
      view = view_of(row);
    }
    view.counted = 0;
    if (seq.value() > 1) {
      query row{counted_before_, room, seq.value() - 1};
      if (row.next()) view.counted = static_cast<std::uint64_t>(row.integer(0));
      if (row.code()) return code = row.code(), nullptr;
    }
    return &view;
  }

  /// What one has written oneself is read.
  int mark_author(const rooms::room_view& view, const log_entry& entry) {
    if (!std::holds_alternative<posted>(entry.body)) return SQLITE_OK;
    int code = SQLITE_OK;
    const auto row = people_.member(view.number, entry.from, code);
    if (!code && rooms::belongs(view, row, entry.from))
      markers_[{entry.from, view.number}] = entry.seq;
    return code;
  }
  int store_markers(std::uint64_t position) {
    for (const auto& [name, read] : std::exchange(markers_, {}))
      if (const int code =
              query{raise_marker_, name.first.view(), name.second, read.value(), position}.run())
        return code;
    return SQLITE_OK;
  }

  int store_run() {
    const auto run = keys_->full_run();
    if (!run) return SQLITE_OK;
    const std::string_view places{reinterpret_cast<const char*>(run->places.data()),
                                  run->places.size() * sizeof(key_place)};
    run_written_ = true;
    return query{insert_run_, run->last, run->first, run->newest.value(), places}.run();
  }
  void keys_stored() {
    if (std::exchange(run_written_, false)) keys_->run_stored();
  }

  connection& database_;
  const migration_options& how_;
  projection present_;
  std::optional<key_index> keys_;
  bool run_written_ = false;
  std::unordered_map<std::int64_t, rooms::room_view> views_;
  people people_;
  std::map<std::pair<user_id, std::int64_t>, seq_no> markers_;  // of authors, in this step
  statement room_, read_, counted_before_, update_, progress_, finished_, insert_run_, raise_marker_,
      secret_;
};

}  // namespace

std::optional<std::string> bring_up_to_date(connection& database, const std::string& path,
                                            const migration_options& how) {
  const interruption stopping{database, how.stop};
  const auto version = ask(database, "pragma user_version").value_or(0);
  const auto last = static_cast<std::int64_t>(schema_steps().size());
  if (how.backup && version > 0 && version < last &&
      ask(database, "select 1 from log limit 1")) {
    how.progress("copy", 0, 1);
    if (auto error = back_up(database, path, version)) return error;
  }
  if (auto error = migrate(database, schema_steps())) return error;
  const auto done = ask(database, "select done from progress where step = 'project'");
  const auto error = done.value_or(0) < 0 ? rebuild(database, how) : filling{database, how}.run();
  if (error) return "filling in projections: " + *error;
  return std::nullopt;
}

std::optional<std::string> rebuild(connection& database, const migration_options& how) {
  const int code = database.execute(
      "begin immediate; delete from changed; delete from reactions; delete from reaction_counts;"
      "delete from members; delete from users; delete from pins; delete from threads;"
      "delete from thread_users; delete from last_messages; delete from notes;"
      "delete from erased; delete from room_mentions; delete from deleted_counted; delete from gone_rooms;"
      "update rooms set floor = 1 where floor > 1;"
      "update rooms set settings = null, members = 0, owners = 0, kept = 0, unlisted = 0 where kept > 0 or "
      "settings is not null; delete from direct_order; delete from key_runs;"
      "insert or replace into progress values ('project', 0); commit");
  if (code != SQLITE_OK) {
    auto error = words(code, database);
    if (database.in_transaction()) database.execute("rollback");
    return error;
  }
  return filling{database, how}.run();
}

}  // namespace confab::journal::sqlite
