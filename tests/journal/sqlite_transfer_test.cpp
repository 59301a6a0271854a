// A journal as lines of JSON, also while it is written to, and one made of such lines.

#include "journal/sqlite_schema.hpp"
#include "journal/transfer.hpp"
#include "tests/journal/mixed.hpp"
#include "tests/support/effort.hpp"

#include <fstream>
#include <set>
#include <sstream>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t any_size = ~std::uint64_t{0};

std::string exported(const std::string& directory) {
  std::ostringstream lines;
  auto made = export_sqlite(directory, lines, any_size);
  if (const auto* why = std::get_if<std::string>(&made)) throw std::runtime_error(*why);
  return lines.str();
}
std::string why_not(const std::variant<copy_report, std::string>& made) {
  const auto* why = std::get_if<std::string>(&made);
  return why ? *why : "";
}
copy_report import_lines(const std::string& directory, const std::string& lines, bool keep_epochs = false) {
  std::istringstream from{lines};
  auto made = import_sqlite(directory, from, keep_epochs);
  if (const auto* why = std::get_if<std::string>(&made)) throw std::runtime_error(*why);
  return std::get<copy_report>(std::move(made));
}
std::string refusal_of_import(const std::string& lines) {
  temporary_directory directory;
  std::istringstream from{lines};
  const auto why = why_not(import_sqlite(directory.path(), from, false));
  CHECK_FALSE(fs::exists(directory.database()));
  CHECK_FALSE(fs::exists(directory.database() + ".import"));
  return why;
}
bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), by);
}
std::string epoch_of(session& of, const room_id& id) { return of.read->room(id)->epoch.value(); }

void say_all_kinds(session& of) {
  auto rich = post(general, "one \"quoted\"\n\U0001f600", "k1");
  auto& what = std::get<rooms::post_message>(rich.what);
  what.what.data = free_data{R"({"a":null,"b":[1.0,-0.0,1e3,9007199254740993],"c":"\u2028\""})"};
  what.what.attachments = attachment_list{R"([{"url":"https://e.example/p"}])"};
  what.what.mentions = {{bob}, true};
  what.where = {{}, {}, true, "poll"};
  auto second = edit(general, 2, "2");
  rich.by_hook = second.by_hook = rooms::checked::in_vain;
  of.commit({create(general), rich, post(general, "two"), react(general, 1, "+"), second,
             create_direct(alice, bob), post(direct_room_of(alice, bob), "psst"),
             operation{{}, by(alice), "", rooms::set_marks{{{alice, "bob", rooms::mark::kind::block, 1, "x"}}}},
             erase(general, 2)},
            5'000'000);
}

}  // namespace

TEST_CASE("a journal made of the lines of another has all that can be read of that", "[journal]") {
  for (std::uint64_t seed = 0; seed < confab::test::cases(8); ++seed) {
    INFO("seed " << seed);
    temporary_directory directory, other;
    std::mt19937_64 dice{seed};
    session of{open_or_throw(directory.path())};
    of.commit({create(places[0]), create(places[1])});
    for (int i = 0; i < 40; ++i) {
      std::vector<operation> batch;
      for (auto count = 1 + dice() % 12; count > 0; --count) batch.push_back(any_operation(dice));
      of.commit(std::move(batch), 1'000'000 + 1000 * i);
    }
    REQUIRE(of.write->store_gathered());  // of a server that runs an export has what is stored

    const auto report = import_lines(other.path(), exported(directory.path()));

    CHECK(report.faults.empty());
    {
      session again{open_or_throw(other.path())};
      CHECK(read_all(again) == read_all(of));
      CHECK(again.write->position() == of.write->position());
    }
    const auto checked = check_sqlite(other.path());
    REQUIRE(std::holds_alternative<check_report>(checked));
    CHECK(std::get<check_report>(checked).faults.empty());
  }
}

TEST_CASE("numbers, times, keys, marks and direct rooms are as they were, epochs are new", "[journal]") {
  temporary_directory directory, other, kept;
  session of{open_or_throw(directory.path())};
  say_all_kinds(of);
  const auto lines = exported(directory.path());

  import_lines(other.path(), lines);
  import_lines(kept.path(), lines, true);

  session again{open_or_throw(other.path())}, same{open_or_throw(kept.path())};
  for (auto* each : {&again, &same}) {
    CHECK(log_of(*each, general) == log_of(of, general));
    CHECK(each->read->marks(alice, rooms::mark::kind::block)->front() ==
          of.read->marks(alice, rooms::mark::kind::block)->front());
    CHECK(ids(*each->read->directs(bob, 9)) == names{direct_room_of(alice, bob).value()});
    CHECK(each->log->may_have_directs(bob));
  }
  CHECK(epoch_of(same, general) == epoch_of(of, general));
  CHECK(epoch_of(again, general) != epoch_of(of, general));
  CHECK(epoch_of(again, direct_room_of(alice, bob)) != epoch_of(of, direct_room_of(alice, bob)));
  const auto repeat = again.commit({post(general, "what the key was used for counts", "k1")}, 5'000'100);
  CHECK(duplicate(repeat[0]));
  CHECK(seq_of(repeat[0]) == 1);
  CHECK(seq_of(again.commit({post(general, "next")})[0]) ==
        of.read->room(general)->head.value() + 1);
  CHECK(again.log->secret() != of.log->secret());  // tokens of guests are in no export
}

TEST_CASE("every table is exported, or made anew from what is", "[journal]") {
  const std::set<std::string> exported_tables{"log", "marks", "rooms"};
  const std::set<std::string> made_anew{
      "changed",      "deleted_counted", "direct_order",    "erased",     "gone_rooms", "key_runs",
      "last_messages", "members",         "notes",           "pins",       "probe",
      "progress",     "reaction_counts", "reactions",       "room_mentions", "secrets",
      "thread_users", "threads",         "users"};
  temporary_directory directory;
  session of{open_or_throw(directory.path())};
  sqlite::connection at;
  REQUIRE(at.open(directory.database(), SQLITE_OPEN_READONLY) == SQLITE_OK);
  sqlite::statement tables, columns;
  REQUIRE(tables.prepare(at, "select name from sqlite_schema where type = 'table'") == SQLITE_OK);
  REQUIRE(columns.prepare(at, "select group_concat(name, ' ') from (select name from "
                              "pragma_table_info('log') order by name)") == SQLITE_OK);

  std::set<std::string> found, all{exported_tables};
  all.insert(made_anew.begin(), made_anew.end());
  sqlite::query table{tables};
  while (table.next()) found.emplace(table.text(0));
  sqlite::query column{columns};
  REQUIRE(column.next());

  CHECK(found == all);
  // `counted` and `gone` are made anew.
  CHECK(column.text(0) == "api_key at attachments counted data event flags gone id key kind more reply_to room "
                          "sender seq target text thread users");
}

TEST_CASE("what is exported while it is written to is of one moment", "[journal]") {
  temporary_directory directory, other;
  session of{open_or_throw(directory.path())};
  of.commit({create(general)});
  for (int i = 0; i < 20; ++i) of.commit(std::vector(100, post(general, "early")));
  /// Lets another batch be written after each line.
  struct : std::stringbuf {
    int overflow(int c) override { return std::stringbuf::overflow(c); }
    std::streamsize xsputn(const char* text, std::streamsize count) override {
      if (++written % 100 == 0) of->commit({post(general, "late")});
      return std::stringbuf::xsputn(text, count);
    }
    session* of = nullptr;
    int written = 0;
  } slow;
  slow.of = &of;
  std::ostream lines{&slow};

  REQUIRE(why_not(export_sqlite(directory.path(), lines, any_size)).empty());

  CHECK(import_lines(other.path(), slow.str()).entries == 2000);
  CHECK(of.read->room(general)->head.value() > 2000);
}

TEST_CASE("an export is given up where SQLite's log has more than it may", "[journal]") {
  temporary_directory directory;
  const auto to = directory.path() + "/lines";
  session of{open_or_throw(directory.path())};
  of.commit({create(general)});
  for (int i = 0; i < 30; ++i) of.commit(std::vector(100, post(general, "some text")));
  const auto bytes = fs::file_size(directory.database() + "-wal");

  CHECK(contains(why_not(export_sqlite(directory.path(), to, bytes - 1)), "--wal-bytes-max"));
  CHECK_FALSE(fs::exists(to));
  CHECK_FALSE(fs::exists(to + ".part"));

  CHECK(why_not(export_sqlite(directory.path(), to, 2 * bytes)).empty());
  CHECK((fs::status(to).permissions() & (fs::perms::group_all | fs::perms::others_all)) == fs::perms::none);
  CHECK(contains(why_not(export_sqlite(directory.path(), to, any_size)), "is there already"));
}

TEST_CASE("a journal that holds something is not replaced by lines, an empty one is", "[journal]") {
  temporary_directory directory, full, empty;
  {
    session of{open_or_throw(directory.path())};
    say_all_kinds(of);
  }
  fs::copy_file(directory.database(), full.database());
  { session of{open_or_throw(empty.path())}; }
  const auto lines = exported(directory.path());

  std::istringstream from{lines};
  CHECK(contains(why_not(import_sqlite(full.path(), from, false)), "not empty"));
  import_lines(empty.path(), lines);

  session of{open_or_throw(empty.path())};
  CHECK(log_of(of, general).size() == 5);
}

TEST_CASE("what is no whole export, or says what no client could, is refused with the place", "[journal]") {
  temporary_directory directory;
  {
    session of{open_or_throw(directory.path())};
    say_all_kinds(of);
  }
  const auto lines = exported(directory.path());
  const auto with = [&](const char* part, const char* by) {
    return refusal_of_import(replaced(lines, part, by));
  };

  CHECK(contains(refusal_of_import(""), "not whole"));
  CHECK(contains(refusal_of_import("hello\n"), "line 1: this is no export"));
  CHECK(contains(with("\"format\":1", "\"format\":2"), "line 1: the export is of a form"));
  CHECK(contains(refusal_of_import(lines.substr(0, lines.rfind("{\"type\":\"end\""))), "not whole"));
  CHECK(contains(refusal_of_import(lines.substr(0, lines.size() / 2)), "line "));
  CHECK(contains(refusal_of_import(lines + "\n"), "behind the end"));
  CHECK(contains(with("\"entries\":", "\"entries\":1"), "counts other lines"));
  CHECK(contains(with("\"type\":\"message\"", "\"type\":\"massage\""), "log.kind"));
  CHECK(contains(with("\"seq\":1,", "\"seq\":\"one\","), "log.seq"));
  CHECK(contains(with("\"seq\":1,", "\"seq\":3,"), "not behind those before it"));
  CHECK(contains(with("\"from\":\"alice\"", "\"from\":\"a b\""), "from what is no user"));
  CHECK(contains(with("\"text\":\"one", "\"text\":\"\\u0007one"), "is not clean"));
  CHECK(contains(with("\"room\":\"general\",\"epoch\"", "\"room\":\"gen eral\",\"epoch\""), "log.room"));
  CHECK(contains(with("\"target\":1", "\"target\":99"), "not before it"));
}

TEST_CASE("an export of a journal that lacks entries is made, and says so", "[journal]") {
  temporary_directory directory, other;
  {
    session of{open_or_throw(directory.path())};
    of.commit({create(general), post(general, "one"), post(general, "two"), post(general, "three")});
  }
  sqlite::connection at;
  REQUIRE(at.open(directory.database(), SQLITE_OPEN_READWRITE) == SQLITE_OK);
  REQUIRE(at.execute("delete from log where seq = 2") == SQLITE_OK);
  std::ostringstream lines;

  const auto made = export_sqlite(directory.path(), lines, any_size);

  const names lack{"room general lacks 1 entries of its log"};
  CHECK(std::get<copy_report>(made).faults == lack);
  CHECK(import_lines(other.path(), lines.str()).faults == lack);
}
