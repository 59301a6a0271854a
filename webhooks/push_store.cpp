#include "webhooks/push_store.hpp"

#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_statement.hpp"

#include <algorithm>
#include <utility>

namespace confab::webhooks {
namespace {

namespace sql = journal::sqlite;
using sql::query;

constexpr int version = 1;
/// Of a row, beside its `data`.
constexpr std::size_t event_bytes = 200;

constexpr const char* layout = R"(
  create table place (
    id integer primary key check (id = 1),
    journal text not null,
    told integer not null,
    undone integer not null,
    markers integer not null,
    stage integer not null,
    after text not null,
    page integer not null
  ) strict;
  create table events (
    id integer primary key autoincrement,
    part integer not null,
    kind integer not null,
    position integer not null,
    page integer not null,
    at integer not null,
    room text not null,
    seq integer not null,
    sender text not null,
    more integer not null,
    data text not null
  ) strict;
  create index events_order on events (part, id);
  create index events_age on events (at);
  create table sent (
    hook text not null,
    part integer not null,
    id integer not null,
    primary key (hook, part)
  ) strict, without rowid;
  create table told (
    user text not null,
    room text not null,
    seq integer not null,
    place integer not null,
    at integer not null,
    back integer not null default 0,
    primary key (user, room, seq)
  ) strict, without rowid;
  create index told_messages on told (room, seq);
  create index told_age on told (at);
  create index told_back on told (user, room, seq) where back > 0;
)";

/// Why somebody's row is to go.
constexpr int read_back = 1, deleted_back = 2;

constexpr const char* settings = R"(
  pragma journal_mode = wal;
  pragma synchronous = normal;
  pragma secure_delete = on;
  pragma temp_store = memory;)";

/// Stored: 0 or 1.
event_kind kind_of(std::int64_t number) {
  return number == 0 ? event_kind::notify : event_kind::notify_cleared;
}

class sqlite_push_store final : public push_store {
 public:
  explicit sqlite_push_store(std::function<void(std::string_view)> failed)
      : failed_(std::move(failed)) {}

  std::optional<std::string> open(const std::string& file, const std::string& journal,
                                  std::uint64_t head);
  const push_place& at_start() const noexcept override { return at_start_; }
  const std::map<std::string, cursor_list>& cursors_at_start() const noexcept override {
    return cursors_at_start_;
  }
  const cursor_list& last() const noexcept override { return last_; }
  std::size_t bytes() const noexcept override { return bytes_; }
  bool has_told() const noexcept override { return has_told_; }

  bool begin(const push_place& at) override {
    const bool done = together([&] {
      int code = database_.execute("delete from events; delete from told; delete from sent");
      if (!code) code = keep(at);
      return code;
    });
    if (!done) return false;
    bytes_ = 0;
    has_told_ = false;
    return true;
  }
  bool write(const push_place& at, std::span<push_event> fresh, std::span<const told_user> told,
             std::span<const withdrawn> cleared) override;
  std::optional<std::size_t> withdraw(const push_place& at,
                                      std::span<const withdrawal> all) override;
  std::optional<std::vector<withdrawn>> to_clear(std::size_t count) override {
    std::vector<withdrawn> out;
    query row{run_.to_clear, sql::clamp(count)};
    while (row.next())
      out.push_back({{user_id::trusted(std::string{row.text(0)}),
                      room_id::trusted(std::string{row.text(1)}), seq_at(row, 2), seq_at(row, 3),
                      unix_ms{}},
                     row.integer(4) == deleted_back});
    if (!took(row.code())) return std::nullopt;
    return out;
  }
  std::optional<std::vector<push_event>> behind(unsigned part, std::uint64_t id,
                                                std::size_t count) override {
    std::vector<push_event> out;
    query row{run_.behind, part, sql::clamp(id), sql::clamp(count)};
    while (row.next())
      out.push_back({static_cast<std::uint64_t>(row.integer(0)), kind_of(row.integer(1)),
                     static_cast<std::uint64_t>(row.integer(2)),
                     static_cast<unsigned>(row.integer(3)), unix_ms{row.integer(4)},
                     room_id::trusted(std::string{row.text(5)}), seq_at(row, 6),
                     user_id::trusted(std::string{row.text(7)}), row.integer(8) != 0,
                     std::string{row.text(9)}});
    if (!took(row.code())) return std::nullopt;
    return out;
  }
  bool move(const std::string& hook, const cursor_list& cursors) override {
    return together([&] {
      int code = SQLITE_OK;
      for (unsigned i = 0; i < partitions && !code; ++i)
        code = query{run_.move, hook, i, sql::clamp(cursors[i])}.run();
      return code;
    });
  }
  bool remove(const std::string& hook) override {
    return together([&] { return query{run_.remove, hook}.run(); });
  }
  bool drop(const cursor_list& sent, unix_ms oldest) override {
    std::size_t gone = 0;
    const auto count = [&](query& row) {
      while (row.next()) gone += event_bytes + static_cast<std::size_t>(row.integer(0));
      return row.code();
    };
    const bool done = together([&] {
      int code = SQLITE_OK;
      for (unsigned i = 0; i < partitions && !code; ++i) {
        query row{run_.drop_sent, i, sql::clamp(sent[i])};
        code = count(row);
      }
      query row{run_.drop_old, oldest.value()};
      return code ? code : count(row);
    });
    if (done) bytes_ -= std::min(bytes_, gone);
    return done;
  }
  bool tidy(unix_ms now) override {
    constexpr auto age = std::chrono::duration_cast<std::chrono::milliseconds>(told_age_max);
    const bool done = together([&] {
      int code = query{run_.tidy_old, now.value() - age.count()}.run();
      if (!code) code = query{run_.tidy_many, sql::clamp(told_max)}.run();
      return code;
    });
    query row{run_.any_told};
    has_told_ = row.next();
    return done && took(row.code());
  }

 private:
  struct statements {
    sql::statement begin, commit, rollback, keep, add, tell, read, read_room, deleted, to_clear,
        cleared, behind, move, remove, drop_sent, drop_old, tidy_old, tidy_many, any_told;
  };

  static seq_no seq_at(const query& row, int column) {
    return seq_no{static_cast<std::uint64_t>(row.integer(column))};
  }
  int prepare();
  int load(const std::string& journal, std::uint64_t head);
  int keep(const push_place& at) {
    return query{run_.keep,           sql::clamp(at.told), sql::clamp(at.undone),
                 sql::clamp(at.markers), at.stage,         at.after,
                 at.page}
        .run();
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

  const std::function<void(std::string_view)> failed_;
  sql::connection database_;
  statements run_;
  push_place at_start_;
  std::map<std::string, cursor_list> cursors_at_start_;
  cursor_list last_{};
  std::size_t bytes_ = 0;
  bool has_told_ = false;
  bool is_failing_ = false;  // and it was told
};

bool sqlite_push_store::write(const push_place& at, std::span<push_event> fresh,
                              std::span<const told_user> told,
                              std::span<const withdrawn> cleared) {
  auto last = last_;
  std::size_t bytes = 0;
  const bool done = together([&] {
    int code = keep(at);
    for (auto& one : fresh) {
      if (code) return code;
      const auto part = partition_of(one.room);
      query row{run_.add,
                part,
                one.kind == event_kind::notify ? 0 : 1,
                sql::clamp(one.position),
                one.page,
                one.at.value(),
                one.room.view(),
                sql::clamp(one.seq),
                one.from.view(),
                one.more,
                one.data};
      if (row.next()) last[part] = one.id = static_cast<std::uint64_t>(row.integer(0));
      code = row.code();
      bytes += event_bytes + one.data.size();
    }
    for (const auto& one : told)
      if (!code)
        code = query{run_.tell,           one.user.view(), one.room.view(), sql::clamp(one.seq),
                     sql::clamp(one.place), one.at.value()}
                   .run();
    for (const auto& one : cleared)
      if (!code)
        code = query{run_.cleared, one.of.user.view(), one.of.room.view(), sql::clamp(one.of.seq)}
                   .run();
    return code;
  });
  if (!done) return false;
  last_ = last;
  bytes_ += bytes;
  has_told_ = has_told_ || !told.empty();
  return true;
}

std::optional<std::size_t> sqlite_push_store::withdraw(const push_place& at,
                                                       std::span<const withdrawal> all) {
  std::size_t found = 0;
  const auto count = [&](query row) {
    while (row.next()) ++found;
    return row.code();
  };
  const bool done = together([&] {
    int code = keep(at);
    for (const auto& one : all) {
      if (code) break;
      if (one.message)
        code = count(query{run_.deleted, one.room.view(), sql::clamp(*one.message)});
      else if (one.user)
        code = count(query{run_.read, one.user->view(), one.room.view(), sql::clamp(one.read)});
      else
        code = count(query{run_.read_room, one.room.view(), sql::clamp(one.read)});
    }
    return code;
  });
  if (!done) return std::nullopt;
  return found;
}

std::optional<std::string> sqlite_push_store::open(const std::string& file,
                                                   const std::string& journal,
                                                   std::uint64_t head) {
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
    const auto all = "begin;" + std::string{layout} + "insert into place values (1, " +
                     sql::literal(journal) +
                     ", 0, 0, 0, 0, '', 0); pragma user_version = " + std::to_string(version) +
                     "; commit";
    if (const int code = database_.execute(all.c_str())) return failed(code);
  }
  if (const int code = prepare()) return failed(code);
  if (const int code = load(journal, head)) return failed(code);
  return std::nullopt;
}

int sqlite_push_store::prepare() {
  const std::pair<sql::statement&, const char*> all[] = {
      {run_.begin, "begin immediate"},
      {run_.commit, "commit"},
      {run_.rollback, "rollback"},
      {run_.keep,
       "update place set told = ?1, undone = ?2, markers = ?3, stage = ?4, after = ?5, page = ?6"},
      {run_.add,
       "insert into events (part, kind, position, page, at, room, seq, sender, more, data) "
       "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) returning id"},
      {run_.tell,
       "insert or replace into told (user, room, seq, place, at) values (?1, ?2, ?3, ?4, ?5)"},
      {run_.read,
       "update told set back = 1 where user = ?1 and room = ?2 and place <= ?3 and back = 0 "
       "returning 1"},
      {run_.read_room,
       "update told set back = 1 where room = ?1 and place <= ?2 and back = 0 returning 1"},
      {run_.deleted,
       "update told set back = 2 where room = ?1 and seq = ?2 and back <> 2 returning 1"},
      {run_.to_clear,
       "select user, room, seq, place, back from told indexed by told_back where back > 0 "
       "order by user, room, seq limit ?1"},
      {run_.cleared, "delete from told where user = ?1 and room = ?2 and seq = ?3"},
      {run_.behind,
       "select id, kind, position, page, at, room, seq, sender, more, data from events "
       "indexed by events_order where part = ?1 and id > ?2 order by id limit ?3"},
      {run_.move, "insert or replace into sent values (?1, ?2, ?3)"},
      {run_.remove, "delete from sent where hook = ?1"},
      {run_.drop_sent,
       "delete from events where part = ?1 and id <= ?2 returning length(data)"},
      {run_.drop_old, "delete from events where at < ?1 returning length(data)"},
      {run_.tidy_old, "delete from told where at < ?1"},
      {run_.tidy_many,
       "delete from told where (user, room, seq) in (select user, room, seq from told "
       "order by at desc limit -1 offset ?1)"},
      {run_.any_told, "select 1 from told limit 1"},
  };
  for (const auto& [prepared, text] : all)
    if (const int code = prepared.prepare(database_, text)) return code;
  return SQLITE_OK;
}

int sqlite_push_store::load(const std::string& journal, std::uint64_t head) {
  std::string was;
  {
    sql::statement ask;
    if (const int code = ask.prepare(database_, "select * from place")) return code;
    query row{ask};
    if (row.next()) {
      was = row.text(1);
      const auto number = [&](int column) { return static_cast<std::uint64_t>(row.integer(column)); };
      at_start_ = {number(2),           number(3), number(4), static_cast<unsigned>(row.integer(5)),
                   std::string{row.text(6)}, static_cast<unsigned>(row.integer(7))};
    }
    if (row.code()) return row.code();
  }
  // Of another journal, or of this one before an older copy was put back.
  if (was != journal || at_start_.told > head || at_start_.undone > head) {
    at_start_ = {head, head, head, 0, {}, 0};
    const auto all = "update place set journal = " + sql::literal(journal);
    if (const int code = database_.execute(all.c_str())) return code;
    return begin(at_start_) ? SQLITE_OK : SQLITE_ERROR;
  }
  {
    sql::statement ask;
    if (const int code = ask.prepare(database_, "select hook, part, id from sent")) return code;
    query row{ask};
    while (row.next())
      if (const auto part = static_cast<std::size_t>(row.integer(1)); part < partitions)
        cursors_at_start_[std::string{row.text(0)}][part] =
            static_cast<std::uint64_t>(row.integer(2));
    if (row.code()) return row.code();
  }
  sql::statement ask;
  if (const int code = ask.prepare(
          database_, "select part, max(id), sum(length(data)), count(*) from events group by part"))
    return code;
  query row{ask};
  while (row.next()) {
    const auto part = static_cast<std::size_t>(row.integer(0));
    if (part < partitions) last_[part] = static_cast<std::uint64_t>(row.integer(1));
    bytes_ += static_cast<std::size_t>(row.integer(2)) +
              event_bytes * static_cast<std::size_t>(row.integer(3));
  }
  if (row.code()) return row.code();
  query told{run_.any_told};
  has_told_ = told.next();
  return told.code();
}

}  // namespace

std::variant<std::unique_ptr<push_store>, std::string> open_push_store(
    const std::string& file, const log_names& log, std::uint64_t head,
    std::function<void(std::string_view)> failed) {
  auto fresh = std::make_unique<sqlite_push_store>(std::move(failed));
  if (const auto why = fresh->open(file, log.text(), head)) return "cannot open " + file + ": " + *why;
  return std::unique_ptr<push_store>{std::move(fresh)};
}

}  // namespace confab::webhooks
