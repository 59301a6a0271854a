#include "journal/sqlite_writer.hpp"

#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_rows.hpp"

#include <algorithm>

namespace confab::journal::sqlite {

room_ends::end* room_ends::find(const room_id& room) {
  if (const auto at = young_.find(room); at != young_.end()) return &at->second;
  const auto at = old_.find(room);
  if (at == old_.end()) return nullptr;
  const auto kept = at->second;
  old_.erase(at);
  return put(room, kept);
}

room_ends::end* room_ends::put(const room_id& room, end at) {
  if (young_.size() >= rooms_max / 2) {
    old_ = std::move(young_);
    young_.clear();
  }
  return &young_.insert_or_assign(room, at).first->second;
}

void room_ends::clear() noexcept {
  young_.clear();
  old_.clear();
}

/// A batch on its way: unless it was committed, neither the database nor the writer's memory of
/// it keeps anything of it.
class sqlite_writer::transaction {
 public:
  explicit transaction(sqlite_writer& of) : of_(of) {
    of_.batch_id_ = of_.last_id_;
    of_.batch_keys_ = 0;
  }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction() {
    if (done_) return;
    // Some failures have rolled back already.
    if (of_.database_.in_transaction()) of_.database_.execute("rollback");
    if (of_.database_.in_transaction())
      of_.rotation_.set_fatal("cannot roll back: " + of_.database_.message());
    // Rare enough to forget all rooms: each is read again when it is written next.
    of_.ends_.clear();
    of_.keys_.take_back(of_.batch_keys_);
  }
  void committed() noexcept {
    of_.last_id_ = of_.batch_id_;
    done_ = true;
  }

 private:
  sqlite_writer& of_;
  bool done_ = false;
};

sqlite_writer::sqlite_writer(connection database, checkpointer& rotation, user_filter& have_directs,
                             key_window window)
    : database_(std::move(database)),
      rotation_(rotation),
      have_directs_(have_directs),
      keys_(window) {}

sqlite_writer::~sqlite_writer() {
  if (rotation_.fatal()) database_.leave_log_at_close();
}

std::variant<std::unique_ptr<sqlite_writer>, std::string> sqlite_writer::make(
    connection database, checkpointer& rotation, user_filter& have_directs, key_window window) {
  std::unique_ptr<sqlite_writer> made{
      new sqlite_writer{std::move(database), rotation, have_directs, window}};
  int code = made->prepare();
  if (code == SQLITE_OK) code = made->load_keys(window);
  if (code != SQLITE_OK) return words(code, made->database_);
  const auto after_commit = [](void* of, sqlite3*, const char*, int pages) {
    static_cast<checkpointer*>(of)->committed(pages);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(made->database_.get(), after_commit, &rotation);
  return made;
}

int sqlite_writer::prepare() {
  const auto find_room = "select " + std::string{room_columns} + " where r.room = ?1";
  const std::pair<statement&, std::string_view> all[] = {
      {run_.begin, "begin immediate"},
      {run_.commit, "commit"},
      {run_.find_room, find_room},
      {run_.insert_room,
       "insert into rooms (room, title, epoch, created_at, direct_a, direct_b) "
       "values (?1, ?2, ?3, ?4, ?5, ?6)"},
      {run_.insert_entry,
       "insert into log (room, seq, at, sender, kind, target, key, text, data) "
       "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
      {run_.write_probe, "update probe set count = count + 1"},
  };
  for (const auto& [prepared, sql] : all)
    if (const int code = prepared.prepare(database_, sql)) return code;
  return SQLITE_OK;
}

/// Reads the end of the log: what the window holds and, as a clock may have been wrong, a bit more
/// rather than less. Ids are in the order of commits, so where the age ends is found by halving.
int sqlite_writer::load_keys(key_window window) {
  statement last, at_id, tail;
  for (const auto& [prepared, sql] : {
           std::pair<statement&, std::string_view>{
               last, "select id, at from log order by id desc limit 1"},
           {at_id, "select at from log where id >= ?1 order by id limit 1"},
           {tail, "select id, room, sender, key, seq, at from log where id >= ?1 order by id"},
       })
    if (const int code = prepared.prepare(database_, sql)) return code;

  std::int64_t newest_at = 0;
  {
    query newest{last};
    if (!newest.next()) return newest.code();
    last_id_ = newest.integer(0);
    newest_at = newest.integer(1);
  }
  const auto back = [&](std::size_t count) {
    return last_id_ - static_cast<std::int64_t>(
                          std::min<std::uint64_t>(count, static_cast<std::uint64_t>(last_id_)));
  };
  auto young_from = std::max<std::int64_t>(back(window.keys_max), 0) + 1;
  for (auto end = back(window.count) + 1; young_from < end;) {
    const auto middle = young_from + (end - young_from) / 2;
    query row{at_id, middle};
    if (!row.next()) return row.code() ? row.code() : SQLITE_CORRUPT;
    if (row.integer(0) < newest_at - window.age.count())
      young_from = middle + 1;
    else
      end = middle;
  }

  query row{tail, young_from};
  while (row.next()) {
    if (row.is_null(3)) continue;
    const auto key = keys_.digest_of(static_cast<std::uint64_t>(row.integer(1)),
                                     user_id::trusted(std::string{row.text(2)}), row.text(3));
    keys_.remember(key, static_cast<std::uint64_t>(row.integer(0)),
                   {seq_no{static_cast<std::uint64_t>(row.integer(4))}, unix_ms{row.integer(5)}});
  }
  return row.code();
}

template <class Result, class Work>
result<Result> sqlite_writer::store(Result outcomes, Work work) {
  if (auto why = rotation_.fatal()) return {fault::fatal, *std::move(why)};

  transaction one{*this};
  auto of = fault_before_commit;
  int code = query{run_.begin}.run();
  if (code == SQLITE_OK) code = work(outcomes);
  if (code == SQLITE_OK) {
    of = fault_of_commit;
    code = query{run_.commit}.run();
  }
  if (code == SQLITE_OK) {
    one.committed();
    return outcomes;
  }
  auto detail = words(code, database_);
  if (of(code) == fault::fatal) rotation_.set_fatal(detail);
  return {of(code), std::move(detail)};
}

result<std::vector<outcome>> sqlite_writer::commit(std::span<const operation> batch, unix_ms now) {
  rotation_.help(database_);
  keys_.expire(now, static_cast<std::uint64_t>(last_id_));
  std::vector<outcome> room_for_all;
  room_for_all.reserve(batch.size());
  return store(std::move(room_for_all), [&](std::vector<outcome>& outcomes) {
    for (const auto& one : batch)
      if (const int code =
              std::visit([&](const auto& what) { return apply(what, now, outcomes); }, one))
        return code;
    return SQLITE_OK;
  });
}

result<bool> sqlite_writer::probe() {
  return store(true, [&](bool&) { return query{run_.write_probe}.run(); });
}

int sqlite_writer::apply(const create_room& what, unix_ms now, std::vector<outcome>& outcomes) {
  {
    query row{run_.find_room, what.room.view()};
    if (row.next()) {
      outcomes.push_back(room_of(row));
      return SQLITE_OK;
    }
    if (row.code() != SQLITE_OK) return row.code();
  }
  std::optional<std::string_view> a, b;
  if (what.direct) {
    a = what.direct->first.view(), b = what.direct->second.view();
    have_directs_.add(*a), have_directs_.add(*b);  // if nothing comes of it, little is lost
  }
  if (const int code = query{run_.insert_room, what.room.view(), std::string_view{what.title},
                             std::string_view{what.epoch.value()}, now.value(), a, b}
                           .run())
    return code;
  ends_.put(what.room, {sqlite3_last_insert_rowid(database_.get()), seq_no{0}, now});
  outcomes.push_back(
      room_info{what.room, what.title, what.epoch, what.direct, seq_no{0}, now, seq_no{1}});
  return SQLITE_OK;
}

/// Leaves `found` null where there is no such room.
int sqlite_writer::find(const room_id& room, room_ends::end*& found) {
  found = ends_.find(room);
  if (found) return SQLITE_OK;
  query row{run_.find_room, room.view()};
  if (!row.next()) return row.code();
  const auto info = room_of(row);
  found = ends_.put(room, {row.integer(room_number_column), info.head, info.last_at});
  return SQLITE_OK;
}

int sqlite_writer::apply(const append& what, unix_ms now, std::vector<outcome>& outcomes) {
  room_ends::end* end = nullptr;
  if (const int code = find(what.room, end)) return code;
  if (!end) {
    outcomes.push_back(no_such_room{});
    return SQLITE_OK;
  }

  digest digest_of_key;
  std::optional<std::string_view> key;
  if (!what.key.empty()) {
    key = what.key;
    digest_of_key = keys_.digest_of(static_cast<std::uint64_t>(end->number), what.from, what.key);
    if (const auto first = keys_.find(digest_of_key)) {
      outcomes.push_back(appended{first->seq, first->at, true});
      return SQLITE_OK;
    }
  }

  const auto seq = next(end->head);
  const auto at = std::max(now, end->last_at);
  const auto body = columns_of(what.body);
  if (const int code =
          query{run_.insert_entry, end->number, seq.value(), at.value(), what.from.view(),
                static_cast<std::int64_t>(body.kind), body.target, key, body.text, body.data}
              .run())
    return code;
  end->head = seq;
  end->last_at = at;
  batch_id_ = sqlite3_last_insert_rowid(database_.get());
  if (key) {
    keys_.remember(digest_of_key, static_cast<std::uint64_t>(batch_id_), {seq, at});
    ++batch_keys_;
  }
  outcomes.push_back(appended{seq, at});
  return SQLITE_OK;
}

}  // namespace confab::journal::sqlite
