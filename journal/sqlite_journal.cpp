#include "journal/sqlite_journal.hpp"

#include "journal/journal.hpp"
#include "journal/mark_file.hpp"
#include "journal/sqlite_checkpointer.hpp"
#include "journal/sqlite_directory.hpp"
#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_migration.hpp"
#include "journal/sqlite_reader.hpp"
#include "journal/sqlite_writer.hpp"
#include "journal/user_filter.hpp"

#include <mutex>
#include <sstream>
#include <stdexcept>

namespace confab::journal {
namespace sqlite {
namespace {

// page_size and journal_mode are kept in the file, the others belong to the connection. WAL with
// FULL: a commit is one write and one fsync of the log. wal_autocheckpoint=0: see checkpointer.
// journal_size_limit cuts a log that one huge batch made longer than it needs to be. secure_delete
// overwrites what leaves a row: deleted content is to be in no page (SEMANTICS §2).
constexpr const char* writer_settings =
    "pragma page_size = 4096; pragma synchronous = full; pragma cache_size = -65536;"
    "pragma wal_autocheckpoint = 0; pragma journal_size_limit = 134217728;"
    "pragma foreign_keys = off; pragma secure_delete = on";
constexpr const char* checkpointer_settings =
    "pragma synchronous = full; pragma wal_autocheckpoint = 0";
constexpr const char* reader_settings =
    "pragma cache_size = -8192; pragma temp_store = memory; pragma query_only = on;"
    "pragma wal_autocheckpoint = 0";

const char* settings(role use) {
  switch (use) {
    case role::writer:
      return writer_settings;
    case role::checkpointer:
      return checkpointer_settings;
    case role::reader:
      return reader_settings;
  }
  return "";
}

}  // namespace

int open_connection(connection& fresh, const std::string& path, role use) {
  const int create = use == role::writer ? SQLITE_OPEN_CREATE : 0;
  if (const int code = fresh.open(path, SQLITE_OPEN_READWRITE | create)) return code;
  if (use == role::reader) fresh.leave_log_at_close();
  sqlite3_busy_timeout(fresh.get(), static_cast<int>(foreign_lock_wait_max.count()));
  return fresh.execute(settings(use));
}

namespace {

std::optional<std::string> use_wal(connection& database) {
  statement set;
  if (const int code = set.prepare(database, "pragma journal_mode = wal"))
    return words(code, database);
  query mode{set};
  if (!mode.next()) return words(mode.code(), database);
  if (mode.text(0) != "wal") return "the file system has no shared memory for SQLite's WAL";
  return std::nullopt;
}

int load_filter(connection& database, std::optional<user_filter>& into) {
  statement count, all;
  if (const int code =
          count.prepare(database, "select 2 * count(*) from rooms where direct_a is not null"))
    return code;
  query number{count};
  if (!number.next()) return number.code();
  into.emplace(static_cast<std::size_t>(number.integer(0)));
  if (const int code =
          all.prepare(database,
                      "select direct_a from rooms where direct_a is not null "
                      "union all select direct_b from rooms where direct_b is not null"))
    return code;
  query users{all};
  while (users.next()) into->add(users.text(0));
  return users.code();
}

int load_secret(connection& database, std::string& into) {
  statement prepared;
  if (const int code =
          prepared.prepare(database, "select value from secrets where name = 'guests'"))
    return code;
  query row{prepared};
  if (!row.next()) return row.code() ? row.code() : SQLITE_CORRUPT;
  into = row.text(0);
  return SQLITE_OK;
}

/// What `begin_new_log` has written.
int load_forks(connection& database, std::vector<log_fork>& into) {
  statement prepared;
  if (const int code = prepared.prepare(
          database, "select cast(value as text) from secrets where name = 'log'"))
    return code;
  query row{prepared};
  if (!row.next()) return row.code();
  std::istringstream list{std::string{row.text(0)}};
  log_fork one;
  for (char colon = 0; list >> one.position >> colon >> one.name;) into.push_back(one);
  return SQLITE_OK;
}

/// The journal's name for itself, which goes with every copy of it, and how far it has come. Without
/// a name it was never noted under this one: it is new, of an older version, or lost the name with
/// its log.
std::variant<journal_mark, std::string> mark_of(connection& database) {
  statement prepared;
  const int code = prepared.prepare(
      database,
      "select coalesce((select hex(value) from secrets where name = 'journal'), ''), "
      "max((select coalesce(max(id), 0) from log), "
      "(select coalesce(max(position), 0) from marks))");
  if (code) return words(code, database);
  query row{prepared};
  if (!row.next()) return words(row.code(), database);
  return journal_mark{std::string{row.text(0)}, static_cast<std::uint64_t>(row.integer(1))};
}

/// Whether all is there that the mark tells of. What has become of a journal with another name says
/// nothing of this one. It does of one without a name, which may be a copy from before it had one.
std::optional<std::string> check_mark(connection& database, const mark_options& how,
                                      std::string& id) {
  if (how.file.empty()) return std::nullopt;
  auto own = mark_of(database);
  if (const auto* error = std::get_if<std::string>(&own)) return *error;
  const auto [name, position] = std::get<journal_mark>(own);
  const auto noted = read_mark(how.file);
  if (const auto* error = std::get_if<std::string>(&noted)) return *error;
  const auto& mark = std::get<std::optional<journal_mark>>(noted);
  if (mark && (name.empty() || mark->journal == name) && mark->position > position) {
    if (!how.accept_older && position == 0)
      return "its content is gone: it is new or empty, but had come to position " +
             std::to_string(mark->position) + " (says " + how.file +
             "). Put its latest files back, with -wal; or, to begin with an empty journal, remove " +
             how.file;
    if (!how.accept_older)
      return "it ends at position " + std::to_string(position) + ", but had come to " +
             std::to_string(mark->position) + " (says " + how.file +
             "): its -wal file was lost or cut, or an older copy was put back. Put the latest "
             "files back; or start once with --accept-older-journal, and all rooms begin a new "
             "epoch, so that no client takes new messages for those that are gone";
    if (const int code = database.execute(begin_new_log)) return words(code, database);
    how.accepted(position, mark->position);
  }
  // Not before: a journal that was refused stays without a name, and is refused again.
  if (const int code =
          database.execute("insert or ignore into secrets values ('journal', randomblob(16))"))
    return words(code, database);
  own = mark_of(database);
  if (const auto* error = std::get_if<std::string>(&own)) return *error;
  id = std::get<journal_mark>(own).journal;
  return std::nullopt;
}

class sqlite_journal final : public journal {
 public:
  explicit sqlite_journal(data_directory directory) : directory_(std::move(directory)) {}

  /// What is wrong, for the operator.
  std::optional<std::string> open(rooms::key_window window, const migration_options& migration,
                                  const mark_options& marks, const rooms::rules& how);

  durability level() const noexcept override { return durability::disk; }
  std::unique_ptr<writer> make_writer() override {
    const std::lock_guard lock{border_};
    if (!writer_) throw std::logic_error("a journal has one writer");
    return std::move(writer_);
  }
  std::unique_ptr<reader> make_reader() override {
    return std::make_unique<sqlite_reader>(path(), markers_);
  }
  bool may_have_directs(const user_id& user) const noexcept override {
    return have_directs_->may_have(user.view());
  }
  unix_ms keys_since() const noexcept override { return unix_ms{keys_since_.load()}; }
  std::string secret() const override { return secret_; }
  std::vector<log_fork> forks() const override { return forks_; }

 private:
  std::string path() const { return directory_.file(database_name); }

  data_directory directory_;  // last to go: the lock covers all that follows
  std::optional<checkpointer> rotation_;
  std::optional<user_filter> have_directs_;
  shared_time keys_since_{0};
  pending_markers markers_;
  std::string secret_;
  std::vector<log_fork> forks_;
  std::mutex border_;
  std::unique_ptr<writer> writer_;  // until it is asked for
};

std::optional<std::string> sqlite_journal::open(rooms::key_window window,
                                                const migration_options& migration,
                                                const mark_options& marks, const rooms::rules& how) {
  connection database;
  if (const int code = open_connection(database, path(), role::writer))
    return words(code, database);
  // SQLite opens what it may not write for reading, without a word.
  if (sqlite3_db_readonly(database.get(), "main") != 0) return "the file cannot be written to";
  if (auto error = bring_up_to_date(database, path(), migration)) return error;
  if (auto error = use_wal(database)) return error;
  // SQLite syncs the directory for its logs, but not for the database.
  if (auto error = directory_.sync()) return "fsync of its directory: " + *error;

  if (const int code = load_filter(database, have_directs_)) return words(code, database);
  if (const int code = load_secret(database, secret_)) return words(code, database);
  std::string id;
  if (auto error = check_mark(database, marks, id)) return error;
  if (const int code = load_forks(database, forks_)) return words(code, database);
  connection second;
  if (const int code = open_connection(second, path(), role::checkpointer))
    return words(code, second);
  rotation_.emplace(std::move(second));
  auto made = sqlite_writer::make(std::move(database), *rotation_, *have_directs_, keys_since_,
                                  markers_, window, how);
  if (auto* error = std::get_if<std::string>(&made)) return std::move(*error);
  writer_ = std::get<std::unique_ptr<sqlite_writer>>(std::move(made));
  if (!marks.file.empty()) writer_ = marking(std::move(writer_), std::move(id), marks);
  return std::nullopt;
}

}  // namespace
}  // namespace sqlite

std::variant<std::unique_ptr<journal>, std::string> open_sqlite(
    const std::string& directory, rooms::key_window window, const migration_options& migration,
    const mark_options& marks, const rooms::rules& how) {
  // SQLite's statistics would be a mutex of the process around each of its allocations. Only
  // before its first use; where another has used it already, they stay.
  [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  auto taken = sqlite::data_directory::take(directory);
  if (auto* error = std::get_if<std::string>(&taken)) return std::move(*error);
  auto& held = std::get<sqlite::data_directory>(taken);
  const auto path = held.file(sqlite::database_name);
  auto opened = std::make_unique<sqlite::sqlite_journal>(std::move(held));
  if (auto error = opened->open(window, migration, marks, how))
    return "cannot open " + path + ": " + *error;
  return std::unique_ptr<journal>{std::move(opened)};
}

}  // namespace confab::journal
