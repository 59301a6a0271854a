#include "journal/sqlite_check.hpp"

#include "journal/journal.hpp"
#include "journal/scratch_file.hpp"
#include "journal/sqlite_directory.hpp"
#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_migration.hpp"
#include "journal/sqlite_rows.hpp"
#include "journal/sqlite_schema.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace confab::journal {
namespace sqlite {
namespace {

/// Damage is what was looked for; anything else keeps from looking.
std::optional<std::string> broken(int code, const connection& database, check_report& into) {
  auto text = words(code, database);
  if (fault_before_commit(code) != fault::fatal) return text;
  into.faults.push_back(std::move(text));
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_damage(connection& database, check_report& into) {
  statement prepared;
  if (const int code = prepared.prepare(database, "pragma integrity_check"))
    return broken(code, database, into);
  query row{prepared};
  while (row.next())
    if (row.text(0) != "ok") into.faults.emplace_back(row.text(0));
  return row.code() ? broken(row.code(), database, into) : std::nullopt;
}

std::optional<std::string> find_gaps(connection& database, check_report& into) {
  constexpr int rooms_told_max = 20;
  statement count, gaps;
  int code = count.prepare(database, "select count(*) from log");
  if (!code)
    code = gaps.prepare(
        database,
        "select coalesce(r.room, 'number ' || l.room), l.missing from (select room, max(seq) - "
        "min(seq) + 1 - count(*) as missing from log group by room having missing <> 0) l "
        "left join rooms r on r.id = l.room order by 1");
  if (code) return broken(code, database, into);
  query number{count};
  if (number.next()) into.entries = static_cast<std::uint64_t>(number.integer(0));
  if (number.code()) return broken(number.code(), database, into);
  query row{gaps};
  for (int told = 0; row.next(); ++told) {
    if (told == rooms_told_max) {
      into.faults.emplace_back("and more rooms lack entries of their log");
      break;
    }
    into.faults.push_back("room " + std::string{row.text(0)} + " lacks " +
                          std::string{row.text(1)} + " entries of its log");
  }
  return row.code() ? broken(row.code(), database, into) : std::nullopt;
}

namespace {

class checker {
 public:
  checker(std::string path, check_mode mode) : path_(std::move(path)), mode_(mode) {}

  /// What kept it from looking.
  std::optional<std::string> run() {
    if (const int code = open_connection(database_, path_, role::writer))
      return broken(code, database_, report_);
    const auto version = number("pragma user_version");
    if (!version) return broken(code_, database_, report_);
    const auto known = schema_steps().size();
    // A step of nothing: only whose it is, and how new.
    const auto taken = std::min<std::size_t>(static_cast<std::size_t>(*version), known);
    if (auto error = migrate(database_, schema_steps().first(taken))) return error;

    if (auto error = find_damage(database_, report_)) return error;
    if (!report_.faults.empty()) return std::nullopt;  // what is damaged tells nothing
    if (taken < known || number("select 1 from progress")) {
      return "it is of an older version, or its migration was cut off: start the server once, "
             "which brings it up to date";
    }
    if (auto error = find_gaps(database_, report_)) return error;
    const auto of_log = report_.faults;
    if (auto error = compare()) return error;
    // What cannot be made anew stays as it is: the server may still start on it.
    if (mode_ == check_mode::compare || !replayed_) return std::nullopt;
    report_.faults = of_log;
    return rebuild(database_, {});
  }

  check_report take() && { return std::move(report_); }

 private:
  void fault(std::string text) { report_.faults.push_back(std::move(text)); }

  std::optional<std::int64_t> number(std::string_view sql) {
    statement prepared;
    code_ = prepared.prepare(database_, sql);
    if (code_) return std::nullopt;
    query row{prepared};
    if (row.next()) return row.integer(0);
    code_ = row.code();
    return std::nullopt;
  }

  /// Makes the projections anew in a copy, and looks for what differs.
  std::optional<std::string> compare() {
    const scratch_file copy{path_ + ".check"};
    if (const int code = database_.execute(("vacuum into " + literal(copy.path())).c_str()))
      return "cannot copy it to " + copy.path() +
             ", where it would be compared with a replay: " + words(code, database_);
    connection replayed;
    int code = open_connection(replayed, copy.path(), role::writer);
    if (code == SQLITE_OK) code = replayed.execute("pragma synchronous = off");
    if (code) return words(code, replayed);
    if (auto error = rebuild(replayed, {})) {
      fault("the log cannot be replayed: " + *error);
      return std::nullopt;
    }
    replayed_ = true;
    code = replayed.execute(("attach " + literal(path_) + " as stored").c_str());
    if (code) return words(code, replayed);

    const std::pair<std::string_view, std::string> differences[] = {
        {"messages' present forms", in_one_of("*", "changed")},
        {"members", in_one_of("*", "members")},
        // Those that are read go when they are old, and an edit may bring one back.
        {"notes",
         "select (select count(*) from (select * from stored.notes except select * from main.notes) n "
         "where not exists (select 1 from main.notes o where o.user = n.user and o.room = n.room and "
         "o.message = n.message)) + (select count(*) from (select * from main.notes except "
         "select * from stored.notes) n where n.position > " +
             std::string{notes_dropped_upto} + " or n.place > " + std::string{read_of_note} + ")"},
        {"messages that name everybody", in_one_of("*", "room_mentions")},
        {"deleted messages", in_one_of("*", "deleted_counted")},
        {"erased users", in_one_of("*", "erased")},
        {"rooms that were left", in_one_of("*", "gone_rooms")},
        {"rooms' settings and counts",
         in_one_of("id, floor, settings, members, owners, kept, unlisted", "rooms")},
        {"times of slow mode", in_one_of("*", "last_messages")},
        {"pins", in_one_of("*", "pins")},
        {"threads", in_one_of("*", "threads")},
        {"users of threads", in_one_of("*", "thread_users")},
        {"names of users", in_one_of("*", "users")},
        {"reactions", in_one_of("*", "reactions")},
        {"reactions' counts", in_one_of("*", "reaction_counts")},
        // Places in it depend on when they were taken, their order does not.
        {"users' latest direct rooms",
         in_one_of("user, room, row_number() over (partition by user order by position)",
                   "direct_order")},
        {"entries' running numbers or content",
         "select count(*) from stored.log s join main.log r using (id) where "
         "s.counted <> r.counted or s.text is not r.text or s.data is not r.data"},
    };
    for (const auto& [noun, sql] : differences) {
      statement prepared;
      if ((code = prepared.prepare(replayed, sql))) return words(code, replayed);
      query row{prepared};
      if (!row.next()) return words(row.code(), replayed);
      if (row.integer(0) > 0)
        fault(std::string{noun} + " differ from a replay of the log in " +
              std::to_string(row.integer(0)) + " rows");
    }
    return std::nullopt;
  }

  /// How many rows only what is stored has, or only the replay.
  static std::string in_one_of(const std::string& columns, const std::string& table) {
    const auto only_in = [&](const std::string& one, const std::string& other) {
      return "select * from (select " + columns + " from " + one + "." + table + " except select " +
             columns + " from " + other + "." + table + ")";
    };
    return "select count(*) from (" + only_in("stored", "main") + " union all " +
           only_in("main", "stored") + ")";
  }

  std::string path_;
  check_mode mode_;
  connection database_;
  int code_ = SQLITE_OK;
  bool replayed_ = false;  // in a copy, to its end
  check_report report_;
};

}  // namespace
}  // namespace sqlite

std::variant<check_report, std::string> check_sqlite(const std::string& directory,
                                                     check_mode mode) {
  std::error_code failed;
  if (!std::filesystem::exists(directory + "/" + sqlite::database_name, failed))
    return "there is no journal in " + directory;
  auto taken = sqlite::data_directory::take(directory);
  if (auto* error = std::get_if<std::string>(&taken)) return std::move(*error);
  const auto path = std::get<sqlite::data_directory>(taken).file(sqlite::database_name);
  sqlite::checker one{path, mode};
  if (const auto error = one.run()) return "cannot check " + path + ": " + *error;
  return std::move(one).take();
}

}  // namespace confab::journal
