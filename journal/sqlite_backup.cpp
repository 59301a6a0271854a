#include "journal/backup.hpp"
#include "journal/scratch_file.hpp"
#include "journal/sqlite_check.hpp"
#include "journal/sqlite_directory.hpp"
#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_interruption.hpp"
#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_migration.hpp"
#include "journal/sqlite_placing.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>
#include <utility>

namespace confab::journal {
namespace sqlite {
namespace {

using error = std::optional<std::string>;

error copy(connection& from, const std::string& to) {
  if (auto why = make_private(to)) return why;
  const int code = from.execute(("vacuum into " + literal(to)).c_str());
  return code ? error{words(code, from)} : std::nullopt;
}

/// What lacks in it is told, and no reason to be without it.
error look_through(connection& database, copy_report& into) {
  check_report found;
  if (auto why = find_damage(database, found)) return why;
  if (!found.faults.empty()) return "it is damaged: " + found.faults.front();
  if (auto why = find_gaps(database, found)) return why;
  into.entries = found.entries;
  into.faults = std::move(found.faults);
  return std::nullopt;
}

error back_up(const std::string& path, const std::string& to, std::uint64_t wal_bytes_max,
              copy_report& into) {
  connection database;
  int code = database.open(path, SQLITE_OPEN_READWRITE);
  if (!code) code = database.execute("pragma wal_autocheckpoint = 0");
  if (code) return words(code, database);
  sqlite3_busy_timeout(database.get(), static_cast<int>(foreign_lock_wait_max.count()));

  const scratch_file part{to + ".part"};
  {
    const auto log = path + "-wal";
    const std::function<bool()> too_long = [&] { return bytes_of(log) > wal_bytes_max; };
    const interruption bound{database, too_long};
    if (auto why = copy(database, part.path())) {
      if (too_long())
        return too_long_words(log);
      return "cannot copy it to " + part.path() + ": " + *why;
    }
  }
  connection made;
  if ((code = open_connection(made, part.path(), role::reader))) return words(code, made);
  if (auto why = look_through(made, into)) return "the copy cannot be used: " + *why;
  into.bytes = bytes_of(part.path());
  return place(part.path(), to);
}

std::optional<std::int64_t> version_of(connection& database) {
  statement prepared;
  if (prepared.prepare(database, "pragma user_version")) return std::nullopt;
  query row{prepared};
  return row.next() ? std::optional{row.integer(0)} : std::nullopt;
}

/// Makes of a copy of `from` what can become the journal.
error prepare(const std::string& from, const std::string& fresh, copy_report& into) {
  connection source;
  if (const int code = source.open(from, SQLITE_OPEN_READONLY)) return words(code, source);
  if (version_of(source).value_or(0) == 0) return "it is no journal";
  if (auto why = copy(source, fresh)) return "cannot copy it to " + fresh + ": " + *why;

  connection database;
  if (const int code = open_connection(database, fresh, role::writer))
    return words(code, database);
  migration_options migration;
  migration.backup = false;  // there is one
  if (auto why = bring_up_to_date(database, fresh, migration)) return why;
  if (auto why = look_through(database, into)) return why;
  int code = database.execute(begin_new_log);
  if (!code)
    code = database.execute("insert or replace into secrets values ('journal', randomblob(16))");
  if (code) return words(code, database);
  into.bytes = bytes_of(fresh);
  return std::nullopt;
}

error restore(const data_directory& directory, const std::string& from, copy_report& into) {
  if (auto why = cannot_replace(directory)) return why;
  const scratch_file fresh{directory.file(database_name) + ".restore"};
  if (auto why = prepare(from, fresh.path(), into)) return why;
  return replace_journal(directory, fresh.path());
}

}  // namespace
}  // namespace sqlite

std::variant<copy_report, std::string> back_up_sqlite(const std::string& directory,
                                                      const std::string& to,
                                                      std::uint64_t wal_bytes_max) {
  std::error_code failed;
  const auto path = (std::filesystem::absolute(directory, failed) / sqlite::database_name).string();
  const auto target = std::filesystem::absolute(to, failed).string();
  if (!std::filesystem::exists(path, failed)) return "there is no journal in " + directory;
  if (std::filesystem::exists(target, failed)) return target + " is there already";
  copy_report report;
  if (auto why = sqlite::back_up(path, target, wal_bytes_max, report))
    return "no backup of " + path + ": " + *why;
  return report;
}

std::variant<copy_report, std::string> restore_sqlite(const std::string& directory,
                                                      const std::string& from) {
  std::error_code failed;
  const auto source = std::filesystem::absolute(from, failed).string();
  if (!std::filesystem::is_regular_file(source, failed)) return "there is no file " + source;
  auto taken = sqlite::data_directory::take(directory);
  if (auto* why = std::get_if<std::string>(&taken)) return std::move(*why);
  copy_report report;
  if (auto why = sqlite::restore(std::get<sqlite::data_directory>(taken), source, report))
    return "cannot restore " + source + ": " + *why;
  return report;
}

}  // namespace confab::journal
