#include "webhooks/store.hpp"

#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_statement.hpp"

#include <algorithm>
#include <utility>

namespace confab::webhooks {
namespace {

namespace sql = journal::sqlite;
using sql::query;

constexpr int version = 1;
constexpr const char* layout = R"(
  create table state (id integer primary key check (id = 1), journal text not null) strict;
  create table hooks (
    id text primary key,
    url text not null,
    events text not null,
    rooms text not null,
    batch integer not null,
    timeout_ms integer not null,
    thin integer not null,
    secret text not null,
    old_secret text not null,
    old_until integer not null,
    paused integer not null,
    failing_since integer not null,
    made_at integer not null
  ) strict, without rowid;
  create table cursors (
    hook text not null,
    part integer not null,
    position integer not null,
    primary key (hook, part)
  ) strict, without rowid;
  create table dead (
    hook text not null,
    position integer not null,
    kind text not null,
    room text not null,
    seq integer not null,
    at integer not null,
    status integer not null,
    answer text not null,
    primary key (hook, position)
  ) strict, without rowid;
)";

// With `full` what was answered survives a power cut, and with `normal` the order of commits does.
constexpr const char* settings = R"(
  pragma journal_mode = wal;
  pragma secure_delete = on;
  pragma temp_store = memory;)";

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& each : list) out += (out.empty() ? "" : " ") + each;
  return out;
}
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

event_kind kind_named(std::string_view text) {
  auto kind = event_kind::message_created;
  while (kind != event_kind::test && name(kind) != text)
    kind = static_cast<event_kind>(static_cast<unsigned>(kind) + 1);
  return kind;
}

class sqlite_store final : public store {
 public:
  sqlite_store(log_names log, std::function<void(std::string_view)> failed)
      : log_(std::move(log)), failed_(std::move(failed)) {}

  std::optional<std::string> open(const std::string& file, std::uint64_t head);
  const std::vector<stored_hook>& at_start() const noexcept override { return at_start_; }
  const log_names& log() const noexcept override { return log_; }

  bool save(const hook& what, const cursor_list* cursors) override {
    const auto& how = what.how;
    const auto events = joined(how.events), rooms = joined(how.rooms);
    return durably([&] {
      const int code = cursors ? put(what.id, *cursors) : SQLITE_OK;
      if (code) return code;
      return query{run_.save,
                   what.id,
                   how.url,
                   events,
                   rooms,
                   how.batch,
                   how.timeout.count(),
                   how.thin,
                   what.secret,
                   what.old_secret,
                   what.old_until.value(),
                   static_cast<int>(what.paused),
                   what.failing_since.value(),
                   what.made_at.value()}
          .run();
    });
  }
  bool remove(const std::string& id) override {
    return durably([&] {
      int code = query{run_.remove, id}.run();
      if (!code) code = query{run_.remove_cursors, id}.run();
      if (!code) code = query{run_.remove_dead, id}.run();
      return code;
    });
  }
  bool move(const std::string& id, const cursor_list& cursors) override {
    return together([&] { return put(id, cursors); });
  }
  bool add(const std::string& id, const std::vector<dead_letter>& letters) override {
    return durably([&] {
      int code = SQLITE_OK;
      for (const auto& one : letters)
        if (!code)
          code = query{run_.add_dead,
                       id,
                       sql::clamp(one.position),
                       name(one.kind),
                       one.room.view(),
                       sql::clamp(one.seq),
                       one.at.value(),
                       one.status,
                       one.answer}
                     .run();
      return code;
    });
  }
  bool forget(const std::string& id, std::uint64_t position) override {
    return durably([&] { return query{run_.forget, id, sql::clamp(position)}.run(); });
  }
  std::optional<std::vector<dead_letter>> dead(const std::string& id, std::uint64_t after,
                                               std::size_t count) override {
    std::vector<dead_letter> out;
    query row{run_.dead, id, sql::clamp(after), sql::clamp(count)};
    while (row.next())
      out.push_back({static_cast<std::uint64_t>(row.integer(0)), kind_named(row.text(1)),
                     room_id::trusted(std::string{row.text(2)}),
                     seq_no{static_cast<std::uint64_t>(row.integer(3))}, unix_ms{row.integer(4)},
                     static_cast<unsigned>(row.integer(5)), std::string{row.text(6)}});
    if (!took(row.code())) return std::nullopt;
    return out;
  }
  std::optional<std::uint64_t> count_dead(const std::string& id) override {
    query row{run_.count_dead, id};
    if (row.next()) return static_cast<std::uint64_t>(row.integer(0));
    took(row.code());
    return std::nullopt;
  }
  bool tidy(unix_ms now) override {
    constexpr auto age = std::chrono::duration_cast<std::chrono::milliseconds>(dead_age_max);
    return together([&] {
      int code = query{run_.tidy_old, now.value() - age.count()}.run();
      if (!code) code = query{run_.tidy_many, sql::clamp(dead_max)}.run();
      return code;
    });
  }

 private:
  struct statements {
    sql::statement begin, commit, rollback, save, remove, remove_cursors, remove_dead, move,
        add_dead, forget, dead, count_dead, tidy_old, tidy_many;
  };

  int prepare();
  int follow_log();
  int load(std::uint64_t head);
  int put(const std::string& id, const cursor_list& cursors) {
    int code = SQLITE_OK;
    for (unsigned i = 0; i < partitions && !code; ++i)
      code = query{run_.move, id, i, sql::clamp(cursors[i])}.run();
    return code;
  }
  bool took(int code) {
    if (code == SQLITE_OK) {
      is_failing_ = false;
      return true;
    }
    if (!std::exchange(is_failing_, true)) failed_(sql::words(code, database_));
    return false;
  }
  template <class Steps>
  bool together(Steps steps) {
    if (database_.in_transaction()) query{run_.rollback}.run();  // after an exception
    int code = query{run_.begin}.run();
    if (!code) code = steps();
    if (!code) code = query{run_.commit}.run();
    const bool done = took(code);
    if (!done && database_.in_transaction()) query{run_.rollback}.run();
    return done;
  }
  template <class Steps>
  bool durably(Steps steps) {
    // Not as prepared statements: such a pragma does its work when it is compiled.
    database_.execute("pragma synchronous = full");
    const bool done = together(steps);
    database_.execute("pragma synchronous = normal");
    return done;
  }

  const log_names log_;
  const std::function<void(std::string_view)> failed_;
  sql::connection database_;
  statements run_;
  std::vector<stored_hook> at_start_;
  bool is_failing_ = false;  // and it was told
};

std::optional<std::string> sqlite_store::open(const std::string& file, std::uint64_t head) {
  const auto failed = [&](int code) { return sql::words(code, database_); };
  if (const int code = database_.open(file.empty() ? ":memory:" : file,
                                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE))
    return failed(code);
  constexpr int foreign_lock_wait_max_ms = 250;
  sqlite3_busy_timeout(database_.get(), foreign_lock_wait_max_ms);
  if (const int code = database_.execute(settings)) return failed(code);
  std::int64_t found = 0;
  {
    sql::statement ask;
    if (const int code = ask.prepare(database_, "pragma user_version")) return failed(code);
    query row{ask};
    if (row.next()) found = row.integer(0);
    if (row.code()) return failed(row.code());
  }
  if (found > version) return "it was written by a newer version";
  if (found == 0) {
    const auto all = "begin;" + std::string{layout} + "insert into state values (1, " +
                     sql::literal(log_.text()) + "); pragma user_version = " + std::to_string(version) +
                     "; commit";
    if (const int code = database_.execute(all.c_str())) return failed(code);
  }
  if (const int code = prepare()) return failed(code);
  if (const int code = follow_log()) return failed(code);
  if (const int code = load(head)) return failed(code);
  return std::nullopt;
}

int sqlite_store::prepare() {
  const std::pair<sql::statement&, const char*> all[] = {
      {run_.begin, "begin immediate"},
      {run_.commit, "commit"},
      {run_.rollback, "rollback"},
      {run_.save,
       "insert or replace into hooks values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
       "?13)"},
      {run_.remove, "delete from hooks where id = ?1"},
      {run_.remove_cursors, "delete from cursors where hook = ?1"},
      {run_.remove_dead, "delete from dead where hook = ?1"},
      {run_.move, "insert or replace into cursors values (?1, ?2, ?3)"},
      {run_.add_dead, "insert or replace into dead values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
      {run_.forget, "delete from dead where hook = ?1 and position = ?2"},
      {run_.dead,
       "select position, kind, room, seq, at, status, answer from dead where hook = ?1 and "
       "position > ?2 order by position limit ?3"},
      {run_.count_dead, "select count(*) from dead where hook = ?1"},
      {run_.tidy_old, "delete from dead where at < ?1"},
      {run_.tidy_many,
       "delete from dead where (hook, position) in (select hook, position from (select hook, "
       "position, row_number() over (partition by hook order by at desc, position desc) as place "
       "from dead) where place > ?1)"},
  };
  for (const auto& [prepared, text] : all)
    if (const int code = prepared.prepare(database_, text)) return code;
  return SQLITE_OK;
}

/// Takes back what is of another log than the journal's, or of entries that it has not any more.
int sqlite_store::follow_log() {
  std::string was;
  {
    sql::statement ask;
    if (const int code = ask.prepare(database_, "select journal from state")) return code;
    query row{ask};
    if (row.next()) was = row.text(0);
    if (row.code()) return row.code();
  }
  if (was == log_.text()) return SQLITE_OK;
  const auto shared = log_.shared_with(log_names::parse(was));
  const auto upto = std::to_string(sql::clamp(shared.value_or(0)));
  const auto cursors = shared ? "update cursors set position = min(position, " + upto + ");"
                              : std::string{"delete from cursors;"};
  return database_.execute(("begin;" + cursors + "delete from dead where position > " + upto +
                            "; update state set journal = " + sql::literal(log_.text()) + "; commit")
                               .c_str());
}

int sqlite_store::load(std::uint64_t head) {
  {
    sql::statement ask;
    if (const int code = ask.prepare(database_, "select * from hooks order by id")) return code;
    query row{ask};
    while (row.next()) {
      stored_hook one;
      one.cursors.fill(head);
      auto& what = one.what;
      what.id = row.text(0);
      what.how = {std::string{row.text(1)},
                  split(row.text(2)),
                  split(row.text(3)),
                  static_cast<unsigned>(row.integer(4)),
                  std::chrono::milliseconds{row.integer(5)},
                  row.integer(6) != 0};
      what.secret = row.text(7);
      what.old_secret = row.text(8);
      what.old_until = unix_ms{row.integer(9)};
      what.paused = static_cast<pause>(row.integer(10));
      what.failing_since = unix_ms{row.integer(11)};
      what.made_at = unix_ms{row.integer(12)};
      at_start_.push_back(std::move(one));
    }
    if (row.code()) return row.code();
  }
  sql::statement ask;
  if (const int code = ask.prepare(database_, "select hook, part, position from cursors"))
    return code;
  query row{ask};
  while (row.next()) {
    const auto at = std::ranges::find(at_start_, row.text(0), [](const stored_hook& one) {
      return std::string_view{one.what.id};
    });
    const auto part = static_cast<std::size_t>(row.integer(1));
    if (at == at_start_.end() || part >= partitions) continue;
    at->cursors[part] = std::min(head, static_cast<std::uint64_t>(row.integer(2)));
  }
  return row.code();
}

}  // namespace

std::variant<std::unique_ptr<store>, std::string> open_store(
    const std::string& file, const log_names& log, std::uint64_t head,
    std::function<void(std::string_view)> failed) {
  auto fresh = std::make_unique<sqlite_store>(log, std::move(failed));
  if (const auto why = fresh->open(file, head)) return "cannot open " + file + ": " + *why;
  return std::unique_ptr<store>{std::move(fresh)};
}

}  // namespace confab::webhooks
