#include "journal/sqlite_writer.hpp"

#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_rows.hpp"
#include "protocol/overloaded.hpp"

#include <algorithm>
#include <cstring>

namespace confab::journal::sqlite {
namespace {

std::string_view bytes_of(const key_run& run) {
  return {reinterpret_cast<const char*>(run.places.data()),
          run.places.size() * sizeof(key_place)};
}

/// Before a note, as it is stored.
struct note_head {
  std::uint64_t position;
  std::int64_t log_time;
};

}  // namespace

/// A batch on its way: unless it was committed, neither the database nor the writer's memory of
/// it keeps anything of it.
class sqlite_writer::transaction {
 public:
  explicit transaction(sqlite_writer& of) : of_(of), log_time_(of.sequencer_.log_time()) {
    of_.batch_position_ = of_.last_position_;
    of_.batch_keys_.clear();
    of_.fresh_keys_.clear();
    of_.batch_markers_.clear();
    of_.code_ = SQLITE_OK;
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
    of_.views_.clear();
    of_.people_.forget();
    for (auto at = of_.batch_markers_.rbegin(); at != of_.batch_markers_.rend(); ++at)
      of_.markers_.put_back(at->user, at->room, at->before);
    of_.sequencer_.set_log_time(log_time_);
  }
  void committed() {
    done_ = true;
    of_.last_position_ = of_.batch_position_;
    for (const auto& one : of_.fresh_keys_) of_.keys_.remember(one.hash, one.position, one.at);
  }

 private:
  sqlite_writer& of_;
  unix_ms log_time_;
  bool done_ = false;
};

sqlite_writer::sqlite_writer(connection database, checkpointer& rotation, user_filter& have_directs,
                             shared_time& keys_since, pending_markers& markers, const digest_secret& secret,
                             rooms::key_window window, const rooms::rules& how)
    : database_(std::move(database)),
      rotation_(rotation),
      have_directs_(have_directs),
      keys_since_(keys_since),
      markers_(markers),
      keys_(secret, window),
      sequencer_(window, how) {}

sqlite_writer::~sqlite_writer() {
  if (!rotation_.fatal()) static_cast<void>(store_gathered());
  if (rotation_.fatal()) database_.leave_log_at_close();
}

std::variant<std::unique_ptr<sqlite_writer>, std::string> sqlite_writer::make(
    connection database, checkpointer& rotation, user_filter& have_directs,
    shared_time& keys_since, pending_markers& markers, rooms::key_window window, const rooms::rules& how) {
  digest_secret secret{};
  {
    statement prepared;
    int code = prepared.prepare(database, "select value from secrets where name = 'keys'");
    if (code == SQLITE_OK) {
      query row{prepared};
      if (row.next() && row.text(0).size() == sizeof secret)
        std::memcpy(secret.data(), row.text(0).data(), sizeof secret);
      else
        code = row.code() ? row.code() : SQLITE_CORRUPT;
    }
    if (code != SQLITE_OK) return words(code, database);
  }
  std::unique_ptr<sqlite_writer> made{
      new sqlite_writer{std::move(database), rotation, have_directs, keys_since, markers, secret, window, how}};
  int code = made->prepare();
  if (code == SQLITE_OK) code = made->load_keys();
  if (code == SQLITE_OK) code = made->load_note();
  if (code == SQLITE_OK) code = made->recall_authors();
  if (code != SQLITE_OK) return words(code, made->database_);
  const auto after_commit = [](void* of, sqlite3*, const char*, int pages) {
    static_cast<checkpointer*>(of)->committed(pages);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(made->database_.get(), after_commit, &rotation);
  return made;
}

int sqlite_writer::prepare() {
  const auto find_room = "select " + std::string{room_columns} + " from rooms r" +
                         std::string{last_entry} + " where r.room = ?1";
  const auto key_entry =
      "select " + std::string{entry_columns} + ", room, seq + more from log where id = ?1";
  const std::pair<statement&, std::string_view> all[] = {
      {run_.begin, "begin immediate"},
      {run_.commit, "commit"},
      {run_.find_room, find_room},
      {run_.find_pins, "select target from pins where room = ?1 order by seq"},
      {run_.insert_room,
       "insert into rooms (room, title, epoch, created_at, direct_a, direct_b) "
       "values (?1, '', ?2, ?3, ?4, ?5)"},
      {run_.insert_entry,
       "insert into log (id, room, seq, at, sender, kind, target, key, text, data, counted, more, "
       "thread, reply_to, flags, event, users, attachments, api_key) values (?1, ?2, ?3, ?4, ?5, ?6, "
       "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"},
      {run_.key_entry, key_entry},
      {run_.keep_maximum,
       "insert into marks (user, kind, subject, value, text, position) "
       "values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do update set value = excluded.value, "
       "text = excluded.text, position = excluded.position where excluded.value > value"},
      {run_.keep_last,
       "insert into marks (user, kind, subject, value, text, position) "
       "values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do update set value = excluded.value, "
       "text = excluded.text, position = excluded.position "
       "where excluded.value <> value or excluded.text <> text"},
      {run_.insert_run,
       "insert into key_runs (last, first, newest, places) values (?1, ?2, ?3, cast(?4 as blob))"},
      {run_.drop_runs, "delete from key_runs where last <= ?1"},
      {run_.write_probe, "update probe set count = count + 1"},
      {run_.write_note, "insert or replace into secrets values ('order', cast(?1 as blob))"},
      {run_.raise_marker, raise_marker},
      {run_.marker, "select value from marks where user = ?1 and kind = 1 and subject = ?2"},
  };
  for (const auto& [prepared, sql] : all)
    if (const int code = prepared.prepare(database_, sql)) return code;
  if (const int code = people_.prepare(database_)) return code;
  present_.tell(&noted_);
  return present_.prepare(database_);
}

/// Where the log ends, the runs of keys, and of the log what is in none of them yet.
int sqlite_writer::load_keys() {
  statement last, last_mark, runs, tail;
  for (const auto& [prepared, sql] : {
           std::pair<statement&, std::string_view>{
               last, "select id, at from log order by id desc limit 1"},
           {last_mark, "select coalesce(max(position), 0) from marks"},
           {runs, "select first, last, newest, places from key_runs order by last"},
           {tail, "select id, room, sender, key, at from log where id > ?1 order by id"},
       })
    if (const int code = prepared.prepare(database_, sql)) return code;
  {
    query newest{last};
    if (newest.next()) {
      last_position_ = static_cast<std::uint64_t>(newest.integer(0));
      sequencer_.set_log_time(unix_ms{newest.integer(1)});
    }
    query mark{last_mark};
    if (mark.next())
      last_position_ = std::max(last_position_, static_cast<std::uint64_t>(mark.integer(0)));
    if (const int code = newest.code() ? newest.code() : mark.code()) return code;
  }
  query run{runs};
  while (run.next()) {
    key_run stored{static_cast<std::uint64_t>(run.integer(0)),
                   static_cast<std::uint64_t>(run.integer(1)), unix_ms{run.integer(2)}, {}};
    const auto bytes = run.text(3);
    stored.places.resize(bytes.size() / sizeof(key_place));
    std::memcpy(stored.places.data(), bytes.data(), stored.places.size() * sizeof(key_place));
    keys_.load(stored);
  }
  if (run.code()) return run.code();
  query row{tail, keys_.runs_end()};
  while (row.next()) {
    if (row.is_null(3)) continue;
    const auto hash = keys_.hash_of(row.integer(1), user_id::trusted(std::string{row.text(2)}),
                                    row.text(3));
    keys_.remember(hash, static_cast<std::uint64_t>(row.integer(0)), unix_ms{row.integer(4)});
  }
  keys_since_ = keys_.whole_since(last_position_).value();
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

result<std::vector<outcome>> sqlite_writer::commit(std::span<rooms::operation> batch, unix_ms now) {
  const ordered_part all{batch, now};
  return commit_parts({&all, 1}, {});
}

result<std::vector<outcome>> sqlite_writer::commit_parts(std::span<const ordered_part> parts,
                                                         const note_maker& note) {
  rotation_.help(database_);
  std::vector<outcome> room_for_all;
  std::size_t count = 0;
  for (const auto& part : parts) count += part.operations.size();
  room_for_all.reserve(count);
  std::string said;
  follows_ = static_cast<bool>(note);
  auto done = store(std::move(room_for_all), [&](std::vector<outcome>& outcomes) {
    std::size_t weight = 0;
    for (const auto& part : parts)
      for (auto& one : part.operations) {
        if (!note && weight >= rooms::weight_max) return SQLITE_OK;
        if (const int code = decide(one, part.now, outcomes)) return code;
        weight += weight_of(outcomes.back());
      }
    if (!note) return SQLITE_OK;
    said = note(outcomes);
    return keep_note(said);
  });
  if (!done) return done;
  if (note) note_ = std::move(said), noted_position_ = last_position_;
  store_runs();
  return done;
}

/// With log time, which entries alone do not tell: marks and empty rooms move it as well.
int sqlite_writer::keep_note(std::string_view note) {
  const note_head head{batch_position_, sequencer_.log_time().value()};
  std::string value(sizeof head, '\0');
  std::memcpy(value.data(), &head, sizeof head);
  value += note;
  return query{run_.write_note, std::string_view{value}}.run();
}

int sqlite_writer::load_note() {
  statement prepared;
  if (const int code =
          prepared.prepare(database_, "select value from secrets where name = 'order'"))
    return code;
  query row{prepared};
  if (!row.next()) return row.code();
  const auto value = row.text(0);
  note_head head{};
  if (value.size() < sizeof head) return SQLITE_CORRUPT;
  std::memcpy(&head, value.data(), sizeof head);
  if (head.position < last_position_) return SQLITE_OK;  // written without one since
  // Marks that changed nothing have taken a position that stands in no row.
  last_position_ = head.position;
  note_ = value.substr(sizeof head);
  noted_position_ = head.position;
  sequencer_.set_log_time(unix_ms{head.log_time});
  return SQLITE_OK;
}

std::string sqlite_writer::note() const {
  return noted_position_ == last_position_ ? note_ : std::string{};
}

result<bool> sqlite_writer::probe() {
  return store(true, [&](bool&) { return query{run_.write_probe}.run(); });
}

result<rename_page> sqlite_writer::rename(const user_id& user, const user_id& as,
                                          const rename_place& from) {
  std::optional<rename_step> next;
  auto done = store(rename_page{}, [&](rename_page&) {
    return present_.rename(user, as, {from.room, from.seq}, next);
  });
  if (!done) return done;
  people_.forget();
  leftovers_ = true;
  if (next) done->next = rename_place{next->room, next->seq};
  return done;
}

/// Beside the log, and without a position, as renaming is.
result<bool> sqlite_writer::forget_names(unix_ms erased, unix_ms guests) {
  bool any = false;
  auto more = store(false, [&](bool& is_more) {
    return present_.forget_names(erased, guests, any, is_more);
  });
  if (!more || !any) return more;
  people_.forget();
  leftovers_ = true;
  return more;
}

result<std::optional<user_id>> sqlite_writer::drop_notes(const user_id& after, std::uint64_t upto) {
  std::optional<user_id> next;
  auto done = store(true, [&](bool&) { return present_.drop_notes(after, upto, next); });
  if (!done) return {done.why(), done.detail()};
  return next;
}

result<bool> sqlite_writer::forget_room(const room_id& room, seq_no head) {
  bool renamed = false;
  auto done = store(true, [&](bool&) { return rename_room(room, head, renamed); });
  views_.clear();
  people_.forget();
  if (done) *done = renamed;
  return done;
}

bool sqlite_writer::clear_leftovers() {
  if (!rotation_.empty_log(database_)) return false;
  leftovers_ = false;
  return true;
}

/// Behind the answers, in a transaction of its own that need not be durable at once: what is lost
/// of it is read from the log at the next start.
int sqlite_writer::store_runs() {
  const auto run = keys_.full_run();
  if (!run) return SQLITE_OK;
  const auto gone = keys_.expire(last_position_, sequencer_.log_time());
  const auto stored = store(true, [&](bool&) {
    const int code = query{run_.insert_run, run->last, run->first, run->newest.value(),
                           bytes_of(*run)}
                         .run();
    if (code || !gone) return code;
    return query{run_.drop_runs, *gone}.run();
  });
  if (stored) keys_.run_stored();
  keys_since_ = keys_.whole_since(last_position_).value();
  return SQLITE_OK;
}

int sqlite_writer::decide(rooms::operation& asked, unix_ms now, std::vector<outcome>& outcomes) {
  auto decided = sequencer_.decide(asked, now, *this);
  return std::visit(
      overloaded{
          [&](rooms::room_created& made) {
            if (const int code = create(asked, made)) return code;
            auto& told = std::get<room_made>(outcomes.emplace_back(room_made{}));
            const int code = tell_room(asked.room, told.info);
            told.entries = std::move(made.entries);
            return code;
          },
          [&](rooms::room_was_there&) {
            auto& told = std::get<room_made>(outcomes.emplace_back(room_made{}));
            told.duplicate = true;
            return tell_room(asked.room, told.info);
          },
          [&](rooms::appended& done) {
            const auto& view = *views_.find(asked.room);
            noted_.clear();
            const int code = keep(view, done.entries);
            if (view.direct) noted_ = {view.direct->first, view.direct->second};
            done.told = std::move(noted_);
            outcomes.push_back(std::move(done));
            return code;
          },
          [&](rooms::marked& done) {
            outcomes.push_back(done);
            return keep(std::get<rooms::set_marks>(asked.what));
          },
          [&](rooms::marker_moved& done) {
            outcomes.push_back(done);
            const int code = move_marker(done.user, views_.find(asked.room)->number, done.read);
            return code || !done.own ? code : keep_own(done.user, asked.room, *done.own);
          },
          [&](rooms::own_set& done) {
            outcomes.push_back(done);
            return keep_own(done.user, asked.room, done.own);
          },
          [&](rooms::repeated& done) {
            outcomes.push_back(done);
            return SQLITE_OK;
          },
          [&](rooms::unchanged& done) {
            outcomes.push_back(done);
            return SQLITE_OK;
          },
          [&](rooms::refused& done) {
            outcomes.push_back(std::move(done));
            return SQLITE_OK;
          },
          [&](rooms::undecided&) { return code_; },
      },
      decided);
}

int sqlite_writer::create(const rooms::operation& asked, rooms::room_created& made) {
  const auto& wanted = std::get<rooms::create_room>(asked.what);
  std::optional<std::string_view> a, b;
  if (wanted.direct) {
    a = wanted.direct->first.view(), b = wanted.direct->second.view();
    have_directs_.add(*a), have_directs_.add(*b);  // if nothing comes of it, little is lost
  }
  const int code = query{run_.insert_room, asked.room.view(),
                         std::string_view{wanted.epoch.value()}, sequencer_.log_time().value(), a, b}
                       .run();
  if (code) return code;
  made.view.number = sqlite3_last_insert_rowid(database_.get());
  return keep(*views_.put(asked.room, std::move(made.view)), made.entries);
}

/// The room as it is now, entries of this transaction included.
int sqlite_writer::tell_room(const room_id& room, room_info& into) {
  query row{run_.find_room, room.view()};
  if (!row.next()) return row.code() ? row.code() : SQLITE_CORRUPT;
  into = room_of(row);
  query pin{run_.find_pins, row.integer(0)};
  while (pin.next()) into.pins.push_back(seq_no{static_cast<std::uint64_t>(pin.integer(0))});
  return pin.code();
}

/// `view` is as after the last of the entries.
int sqlite_writer::keep(const rooms::room_view& view, const std::vector<log_entry>& entries) {
  auto counted = view.counted;
  for (const auto& entry : entries) counted -= rooms::counts(entry);
  auto more = entries.size();
  bool changes_room = false;
  for (const auto& entry : entries) {
    counted += rooms::counts(entry);
    leftovers_ |= std::holds_alternative<deleted>(entry.body) ||
                  std::holds_alternative<trimmed>(entry.body) ||
                  std::holds_alternative<erased>(entry.body);
    if (const auto* gone = std::get_if<erased>(&entry.body)) markers_.forget(gone->user, view.number);
    --more;
    const auto body = columns_of(entry.body);
    std::optional<std::string_view> key, api_key;
    if (!entry.key.empty()) key = entry.key;
    if (!entry.by.empty()) api_key = entry.by;
    int code = query{run_.insert_entry, batch_position_ + 1, view.number, entry.seq.value(),
                     entry.at.value(), entry.from.view(), static_cast<std::int64_t>(body.kind),
                     body.target, key, body.text, body.data, counted, more, body.thread,
                     body.reply_to, body.flags, body.event, body.users, body.attachments, api_key}
                   .run();
    if (code) return code;
    ++batch_position_;
    if (key) {
      const auto hash = keys_.hash_of(view.number, entry.from, entry.key);
      batch_keys_.emplace(hash, batch_position_);
      fresh_keys_.push_back({hash, batch_position_, entry.at});
    }
    code = present_.project(database_, view, entry, batch_position_, people_);
    if (!code) code = people_.project(view, entry, batch_position_);
    if (!code) code = mark_author(view, entry);
    if (code) return code;
    changes_room = changes_room || body.kind == entry_kind::member_set ||
                   body.kind == entry_kind::room_set || body.kind == entry_kind::erased;
  }
  if (changes_room)
    if (const int code = people_.keep(view)) return code;
  return view.direct && !entries.empty() ? present_.bring_to_front(view, entries.back(), batch_position_)
                                         : SQLITE_OK;
}

/// At the position of what was ordered last: they have none of their own, so that when they are
/// stored changes no other.
result<bool> sqlite_writer::store_gathered() {
  const auto gathered = markers_.all();
  if (gathered.empty()) return true;
  auto done = store(true, [&](bool&) {
    for (const auto& [user, place] : gathered)
      if (const int code = query{run_.raise_marker, user.view(), place.room, place.read.value(),
                                 batch_position_}
                               .run())
        return code;
    return SQLITE_OK;
  });
  if (done)
    for (const auto& [user, place] : gathered) markers_.stored(user, place);
  return done;
}

}  // namespace confab::journal::sqlite
