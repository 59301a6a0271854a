#include "search/index.hpp"

#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_statement.hpp"
#include "protocol/overloaded.hpp"
#include "protocol/siphash.hpp"
#include "search/fts.hpp"
#include "search/tokens.hpp"

#include <sqlite3.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace confab::search {
namespace {

namespace sql = journal::sqlite;
using sql::query;

/// Rooms whose numbers are remembered; then they are asked for again.
constexpr std::size_t numbers_kept_max = 4'096;
/// SQLite answers SQLITE_OK, a merge that has nothing to do changes nothing but itself
/// (https://www.sqlite.org/fts5.html#the_merge_command).
constexpr int changes_of_an_idle_merge = 2;

// `places` has what a query asks of each candidate, and nothing else, so that thousands of rows lie
// on few pages. `texts` is what FTS5 has to be told again to take a message out. `members`: by it a
// query knows where its asker belongs; the journal judges each room of which there is a hit.
constexpr const char* layout = R"(
  create table state (
    id integer primary key check (id = 1),
    journal text not null,
    position integer not null,
    room text not null,
    seq integer not null,
    at integer not null,
    dirty_since integer not null
  ) strict;
  create table rooms (id integer primary key, room text not null unique) strict;
  create table members (
    user text not null,
    room integer not null,
    primary key (user, room)
  ) strict, without rowid;
  create table places (
    position integer primary key,
    room integer not null,
    seq integer not null,
    at integer not null
  ) strict;
  create unique index places_seq on places (room, seq);
  create table texts (position integer primary key, body text not null, tags text not null) strict;
  create virtual table words using fts5 (
    body, tags, content = '', columnsize = 0, tokenize = 'confab'
  );
)";

// Nothing is lost by a crash but work: the position goes back with the rest.
constexpr const char* settings = R"(
  pragma synchronous = normal;
  pragma secure_delete = on;
  pragma cache_size = -16384;
  pragma temp_store = memory;
)";

/// By which an index knows its journal.
std::string name_of(const journal::journal& of) {
  const auto secret = of.secret();
  siphash_secret key{};
  std::memcpy(key.data(), secret.data(), std::min(sizeof key, secret.size()));
  const auto forks = of.forks();
  return std::to_string(siphash64(key, "search")) + (forks.empty() ? "" : forks.back().name);
}

/// What a page of the feed comes to for one message.
struct message_change {
  bool is_new = false;
  bool is_gone = false;
  std::int64_t room = 0;
  seq_no seq;
  unix_ms at;
  std::string from;  // of a new one
  std::string text;
  bool has_attachment = false;
};

class sqlite_index final : public index {
 public:
  sqlite_index(index_options how, journal::journal& of) : how_(std::move(how)), of_(of) {}

  /// None: it is open, and belongs to this journal. An error and true: it has to be made anew.
  std::optional<std::pair<std::string, bool>> open();
  std::uint64_t position() const noexcept override { return position_; }
  bool take(std::span<const journal::feed_item> items) override;
  bool clean() override;
  std::uint64_t generation() const noexcept override { return generation_.load(); }
  void doubt(std::uint64_t generation) noexcept override {
    generation_.compare_exchange_strong(generation, 0);
  }

 private:
  struct statements {
    sql::statement begin, commit, rollback, number, add_room, place, places_upto, add_place, remove_place, text,
        add_text, change_text, remove_text, add_words, remove_words, merge, add_member,
        remove_member, move, dirty;
  };

  std::string words_of(int code) const { return sql::words(code, database_); }
  void tell(int code);
  void make_anew();
  int prepare();
  bool belongs();
  int store(std::span<const journal::feed_item> items);
  int gather(const journal::feed_item& item);
  int change(std::int64_t room, seq_no target, message_change** into);
  int apply(std::uint64_t position, message_change& what);
  int take_members(std::int64_t room, const member_set& change);
  int trim(std::int64_t room, seq_no upto);
  int number_of(const room_id& room, std::int64_t& into);
  bool step_of_cleaning();

  index_options how_;
  journal::journal& of_;
  std::atomic<std::uint64_t> generation_{1};  // 0: what is in the file is damaged
  std::uint64_t made_ = 1;                    // generations there were
  sql::connection database_;
  statements run_;
  std::uint64_t position_ = 0;
  unix_ms dirty_since_;  // 0: all words in it are of messages as they are
  std::unordered_map<room_id, std::int64_t> numbers_;
  // Of the page that is being taken: by position, since FTS5 writes what it has gathered whenever
  // it is given a smaller one than before.
  std::map<std::uint64_t, message_change> changes_;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::uint64_t>
      fresh_;  // room and seq to position
  bool is_dirtied_ = false;
  bool is_failing_ = false;  // and it was told
  // Of cleaning.
  enum class cleaning : std::uint8_t { none, first_merge, merges, log } now_ = cleaning::none;
  bool dirty_again_ = false;
};

std::optional<std::pair<std::string, bool>> sqlite_index::open() {
  const auto failed = [&](int code) { return std::pair{words_of(code), sql::is_damage(code)}; };
  if (const int code = database_.open(how_.file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE))
    return failed(code);
  constexpr int foreign_lock_wait_max_ms = 250;
  sqlite3_busy_timeout(database_.get(), foreign_lock_wait_max_ms);
  if (const int code = register_tokenizer(database_.get())) return failed(code);
  if (const int code = database_.execute(settings)) return failed(code);

  std::int64_t version = 0;
  {
    sql::statement ask;
    if (const int code = ask.prepare(database_, "pragma user_version")) return failed(code);
    query row{ask};
    if (row.next()) version = row.integer(0);
    if (row.code()) return failed(row.code());
  }
  if (version != 0 && version != tokens_version) return std::pair{"another version", true};
  if (version == 0) {
    const auto all = "pragma journal_mode = wal; begin;" + std::string{layout} +
                     "insert into state values (1, " + sql::literal(name_of(of_)) +
                     ", 0, '', 0, 0, 0); pragma user_version = " + std::to_string(tokens_version) +
                     "; commit";
    if (const int code = database_.execute(all.c_str())) return failed(code);
  }
  if (const int code = prepare()) return failed(code);
  if (!belongs()) return std::pair{"of another journal", true};
  return std::nullopt;
}

int sqlite_index::prepare() {
  const std::pair<sql::statement&, const char*> all[] = {
      {run_.begin, "begin immediate"},
      {run_.commit, "commit"},
      {run_.rollback, "rollback"},
      {run_.number, "select id from rooms where room = ?1"},
      {run_.add_room, "insert into rooms (room) values (?1)"},
      {run_.place, "select position from places where room = ?1 and seq = ?2"},
      {run_.places_upto, "select position from places where room = ?1 and seq <= ?2"},
      {run_.add_place, "insert or replace into places values (?1, ?2, ?3, ?4)"},
      {run_.remove_place, "delete from places where position = ?1"},
      {run_.text, "select body, tags from texts where position = ?1"},
      {run_.add_text, "insert into texts values (?1, ?2, ?3)"},
      {run_.change_text, "update texts set body = ?2, tags = ?3 where position = ?1"},
      {run_.remove_text, "delete from texts where position = ?1"},
      {run_.add_words, "insert into words (rowid, body, tags) values (?1, ?2, ?3)"},
      {run_.remove_words,
       "insert into words (words, rowid, body, tags) values ('delete', ?1, ?2, ?3)"},
      {run_.merge, "insert into words (words, rank) values ('merge', ?1)"},
      {run_.add_member, "insert or ignore into members values (?1, ?2)"},
      {run_.remove_member, "delete from members where user = ?1 and room = ?2"},
      {run_.move, "update state set position = ?1, room = ?2, seq = ?3, at = ?4"},
      {run_.dirty, "update state set dirty_since = ?1"},
  };
  for (const auto& [prepared, text] : all)
    if (const int code = prepared.prepare(database_, text)) return code;
  return SQLITE_OK;
}

/// Whether the journal has, at the place where the index ends, the entry that the index ended with.
bool sqlite_index::belongs() {
  sql::statement ask;
  if (ask.prepare(database_, "select journal, position, room, seq, dirty_since from state"))
    return false;
  query row{ask};
  if (!row.next() || row.text(0) != name_of(of_)) return false;
  position_ = static_cast<std::uint64_t>(row.integer(1));
  dirty_since_ = unix_ms{row.integer(4)};
  if (position_ == 0) return true;
  const auto last = of_.make_reader()->feed(position_ - 1, 1, 1);
  return last && !last->empty() && last->front().position == position_ &&
         last->front().room.view() == row.text(2) &&
         sql::clamp(last->front().entry.seq) == row.integer(3);
}

bool sqlite_index::take(std::span<const journal::feed_item> items) {
  if (items.empty()) return true;
  if (generation_ == 0) return make_anew(), false;
  changes_.clear();
  fresh_.clear();
  is_dirtied_ = false;
  // After an exception.
  if (database_.in_transaction()) query{run_.rollback}.run();
  int code = query{run_.begin}.run();
  if (code == SQLITE_OK) code = store(items);
  if (code == SQLITE_OK) code = query{run_.commit}.run();
  if (code != SQLITE_OK) {
    tell(code);
    if (database_.in_transaction()) query{run_.rollback}.run();
    numbers_.clear();  // some of them may be of this page
    if (generation_ == 0) make_anew();
    return false;
  }
  is_failing_ = false;
  position_ = items.back().position;
  if (is_dirtied_) {
    if (dirty_since_.value() == 0) dirty_since_ = how_.now();
    dirty_again_ = true;
  }
  return true;
}

/// Once, until it works again; what is damaged is told when it is made anew.
void sqlite_index::tell(int code) {
  if (sql::is_damage(code))
    generation_ = 0;
  else if (!std::exchange(is_failing_, true)) how_.failed(words_of(code));
}

/// Nothing of it is kept beside: it may have what was deleted.
void sqlite_index::make_anew() {
  run_ = {};  // before their connection
  database_ = {};
  remove_index(how_.file);
  position_ = 0;
  dirty_since_ = {};
  numbers_.clear();
  now_ = cleaning::none;
  if (const auto why = open()) {
    if (!std::exchange(is_failing_, true)) how_.failed(why->first);
    return;
  }
  how_.failed("it was damaged, and is made anew from the journal");
  is_failing_ = false;
  generation_ = ++made_;
}

int sqlite_index::store(std::span<const journal::feed_item> items) {
  for (const auto& item : items)
    if (const int code = gather(item)) return code;
  for (auto& [position, what] : changes_)
    if (const int code = apply(position, what)) return code;
  const auto& last = items.back();
  if (const int code = query{run_.move, sql::clamp(last.position), last.room.view(),
                             sql::clamp(last.entry.seq), last.entry.at.value()}
                           .run())
    return code;
  if (!is_dirtied_ || dirty_since_.value() != 0) return SQLITE_OK;
  return query{run_.dirty, how_.now().value()}.run();
}

int sqlite_index::number_of(const room_id& room, std::int64_t& into) {
  if (const auto known = numbers_.find(room); known != numbers_.end()) {
    into = known->second;
    return SQLITE_OK;
  }
  query found{run_.number, room.view()};
  if (found.next()) {
    into = found.integer(0);
  } else {
    if (found.code()) return found.code();
    if (const int code = query{run_.add_room, room.view()}.run()) return code;
    into = sqlite3_last_insert_rowid(database_.get());
  }
  if (numbers_.size() >= numbers_kept_max) numbers_.clear();
  numbers_.emplace(room, into);
  return SQLITE_OK;
}

/// Adds to `changes_` what the item does to its message.
int sqlite_index::gather(const journal::feed_item& item) {
  // Items come at least once: what is in it already is not taken in again.
  if (item.position <= position_ || item.room == rooms::server_room) return SQLITE_OK;
  std::int64_t room = 0;
  if (const int code = number_of(item.room, room)) return code;
  const auto& entry = item.entry;
  const auto put = [](message_change& into, const content& what) {
    into.text = what.text;
    into.has_attachment = what.attachments.has_value();
  };
  return std::visit(
      overloaded{[&](const posted& what) {
                   if (what.what.empty()) return SQLITE_OK;  // deleted meanwhile
                   message_change fresh;
                   fresh.is_new = true;
                   fresh.room = room;
                   fresh.seq = entry.seq;
                   fresh.at = entry.at;
                   fresh.from = entry.from.value();
                   put(fresh, what.what);
                   changes_.emplace(item.position, std::move(fresh));
                   fresh_.emplace(std::pair{room, entry.seq.value()}, item.position);
                   return SQLITE_OK;
                 },
                 [&](const edited& what) {
                   message_change* into = nullptr;
                   if (const int code = change(room, what.target, &into)) return code;
                   if (!into) return SQLITE_OK;
                   if (what.what.empty())
                     into->is_gone = true;
                   else
                     put(*into, what.what);
                   return SQLITE_OK;
                 },
                 [&](const deleted& what) {
                   message_change* into = nullptr;
                   if (const int code = change(room, what.target, &into)) return code;
                   if (into) into->is_gone = true;
                   return SQLITE_OK;
                 },
                 [&](const member_set& what) { return take_members(room, what); },
                 [&](const trimmed& what) { return trim(room, what.upto); },
                 [&](const erased& what) {  // in entries before it they may have either name
                   const int code = query{run_.remove_member, what.user.view(), room}.run();
                   return code ? code : query{run_.remove_member, what.as.view(), room}.run();
                 },
                 [](const reacted&) { return SQLITE_OK; }, [](const pinned&) { return SQLITE_OK; },
                 [](const room_set&) { return SQLITE_OK; },
                 [](const recorded&) { return SQLITE_OK; },
                 [](const user_set&) { return SQLITE_OK; }},
      entry.body);
}

int sqlite_index::trim(std::int64_t room, seq_no upto) {
  query row{run_.places_upto, room, sql::clamp(upto)};
  while (row.next()) changes_[static_cast<std::uint64_t>(row.integer(0))].is_gone = true;
  for (const auto& [place, position] : fresh_)
    if (place.first == room && place.second <= upto.value()) changes_.at(position).is_gone = true;
  return row.code();
}

/// Of a message in the index, or in this page; null where there is none.
int sqlite_index::change(std::int64_t room, seq_no target, message_change** into) {
  if (const auto fresh = fresh_.find({room, target.value()}); fresh != fresh_.end()) {
    *into = &changes_.at(fresh->second);
    return SQLITE_OK;
  }
  query row{run_.place, room, sql::clamp(target)};
  if (!row.next()) return row.code();
  *into = &changes_[static_cast<std::uint64_t>(row.integer(0))];
  return SQLITE_OK;
}

int sqlite_index::apply(std::uint64_t position, message_change& what) {
  const auto at = sql::clamp(position);
  // What looks like tags is read as such.
  if (!what.text.empty() && static_cast<unsigned char>(what.text.front()) < ' ')
    what.text.insert(0, " ");
  if (what.is_new) {
    if (what.is_gone) return SQLITE_OK;
    const auto tags = tags_of(what.room, what.from, what.has_attachment);
    if (const int code =
            query{run_.add_place, at, what.room, sql::clamp(what.seq), what.at.value()}.run())
      return code;
    if (const int code = query{run_.add_text, at, what.text, tags}.run()) return code;
    return what.text.empty() ? SQLITE_OK : query{run_.add_words, at, what.text, tags}.run();
  }
  std::string old_text, old_tags;
  {
    query row{run_.text, at};
    if (!row.next()) return row.code();
    old_text = row.text(0);
    old_tags = row.text(1);
  }
  if (!old_text.empty()) {
    is_dirtied_ = true;
    if (const int code = query{run_.remove_words, at, old_text, old_tags}.run()) return code;
  }
  if (what.is_gone) {
    if (const int code = query{run_.remove_place, at}.run()) return code;
    return query{run_.remove_text, at}.run();
  }
  const auto tags = with_attachment(old_tags, what.has_attachment);
  if (const int code = query{run_.change_text, at, what.text, tags}.run()) return code;
  return what.text.empty() ? SQLITE_OK : query{run_.add_words, at, what.text, tags}.run();
}

int sqlite_index::take_members(std::int64_t room, const member_set& change) {
  if (!change.state) return SQLITE_OK;
  const bool in = *change.state == member_state::member;
  if (!in && *change.state != member_state::left && *change.state != member_state::removed &&
      *change.state != member_state::banned)
    return SQLITE_OK;
  for (const auto& user : change.users)
    if (const int code = query{in ? run_.add_member : run_.remove_member, user.view(), room}.run())
      return code;
  return SQLITE_OK;
}

// --- cleaning ----------------------------------------------------------------------------------

bool sqlite_index::clean() {
  if (generation_ == 0) return make_anew(), false;
  if (now_ == cleaning::none) {
    // By a clock that was ahead then it might not be due for years.
    const auto age = how_.now().value() - dirty_since_.value();
    if (dirty_since_.value() == 0 || (age >= 0 && age < how_.clean_after.count())) return false;
    now_ = cleaning::first_merge;
    dirty_again_ = false;
  }
  const bool again = step_of_cleaning();
  if (generation_ == 0) make_anew();
  return again;
}

/// FTS5 keeps the words of what was deleted until the parts they are in have become one. That is
/// made in steps, so that new messages get in between; negative: begin with all parts there are.
bool sqlite_index::step_of_cleaning() {
  if (now_ != cleaning::log) {
    const auto before = sqlite3_total_changes(database_.get());
    const int pages = now_ == cleaning::first_merge ? -how_.clean_pages : how_.clean_pages;
    if (const int code = query{run_.merge, pages}.run()) {
      tell(code);
      now_ = cleaning::first_merge;
      return false;
    }
    const bool over = sqlite3_total_changes(database_.get()) - before < changes_of_an_idle_merge;
    now_ = over ? cleaning::log : cleaning::merges;
    return true;
  }
  // Its old frames hold pages as they were.
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), "main", SQLITE_CHECKPOINT_TRUNCATE,
                                             nullptr, nullptr);
  if (code == SQLITE_BUSY) return false;  // somebody reads
  const unix_ms dirty = dirty_again_ ? how_.now() : unix_ms{};
  const int noted = code ? code : query{run_.dirty, dirty.value()}.run();
  if (noted) {
    tell(noted);
    return false;
  }
  dirty_since_ = dirty;
  now_ = cleaning::none;
  return false;
}

}  // namespace

std::variant<std::unique_ptr<index>, std::string> open_index(index_options how,
                                                             journal::journal& of) {
  for (bool again = true;; again = false) {
    auto fresh = std::make_unique<sqlite_index>(how, of);
    const auto failed = fresh->open();
    if (!failed) return std::unique_ptr<index>{std::move(fresh)};
    const auto& [why, anew] = *failed;
    if (!anew || !again) return "cannot open " + how.file + ": " + why;
    fresh.reset();
    remove_index(how.file);
  }
}

bool remove_index(const std::string& file) {
  bool was_there = false;
  for (const auto* suffix : {"", "-wal", "-shm"})
    was_there |= std::remove((file + suffix).c_str()) == 0;
  return was_there;
}

}  // namespace confab::search
