#include "search/searcher.hpp"

#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_statement.hpp"
#include "protocol/limits.hpp"
#include "protocol/wire_size.hpp"
#include "rooms/rights.hpp"
#include "search/fts.hpp"
#include "search/tokens.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

namespace confab::search {
namespace {

namespace sql = journal::sqlite;
using sql::query;

/// Up to so many rooms the index itself looks for; in more of them each candidate is looked up.
constexpr std::size_t rooms_in_expression_max = 8;
/// Positions that the index is asked for at once: first as many as a usual answer needs, then ever
/// more, since there is little to be found; so many at most, as nothing stops it in between.
constexpr std::int64_t span_first = 25'000, span_max = 400'000, span_growth = 4;

constexpr std::uint64_t candidates_between_clocks = 500;

/// In whatever rooms there are: which, is found out from what is found.
bool looks_anywhere(const question& what) { return what.sees && what.rooms.empty(); }

class sqlite_searcher final : public searcher {
 public:
  sqlite_searcher(searcher_options how, std::unique_ptr<journal::reader> from)
      : how_(std::move(how)), journal_(std::move(from)) {}

  std::variant<answer, std::string> search(const question& what) override;
  std::optional<std::uint64_t> position() override;

 private:
  /// A room in which the asker may find something.
  struct place {
    room_id room;
    const joined_room* joined = nullptr;  // null: a member without having joined
    /// Not known before there is a candidate in it; then the first entry he may read, 0: he may
    /// not.
    std::optional<std::uint64_t> floor;
  };
  struct candidate {
    std::int64_t position;
    std::int64_t room;
    seq_no seq;
  };
  struct state {
    std::int64_t position = 0;
    unix_ms at;
  };
  /// What is asked and found, while it goes on.
  struct run {
    const question& what;
    std::vector<phrase> words;
    std::unordered_map<std::int64_t, place> places{};  // by number
    std::set<std::int64_t> unseen{};  // numbers of rooms that are not for this asker
    std::size_t bytes = 0;
    answer found{};
  };

  int open();
  void close();
  int read(state& into);
  int find_places(run& of);
  int add_place(run& of, const room_id& room, const joined_room* joined, bool checked);
  int look_through(run& of, std::int64_t upto);
  int look_at(run& of, const std::string& expression, std::int64_t from, std::int64_t upto,
              bool& full);
  std::uint64_t floor_of(const run& of, const place& at);
  bool is_allowed(const question& what, const room_id& room) const;
  bool has_place(run& of, std::int64_t number);
  void add_names(run& of);
  std::optional<message::present_message> message_at(const run& of, const room_id& room,
                                                     seq_no seq);
  bool add(run& of, const candidate& one);

  searcher_options how_;
  std::unique_ptr<journal::reader> journal_;
  std::string unreadable_;  // why the journal could not be read
  sql::connection database_;
  sql::statement begin_, end_, state_, member_, number_, room_, memberships_, candidates_;
  std::uint64_t generation_ = 0;  // of the file that is open
};

int sqlite_searcher::open() {
  if (database_.is_open()) return SQLITE_OK;
  sql::connection fresh;
  if (const int code = fresh.open(how_.file, SQLITE_OPEN_READWRITE)) return code;
  // What the index's own thread writes is its own to put away.
  fresh.leave_log_at_close();
  constexpr int foreign_lock_wait_max_ms = 250;
  sqlite3_busy_timeout(fresh.get(), foreign_lock_wait_max_ms);
  if (const int code = register_tokenizer(fresh.get())) return code;
  if (const int code = fresh.execute("pragma query_only = on; pragma cache_size = -16384"))
    return code;
  const std::pair<sql::statement&, const char*> all[] = {
      {begin_, "begin"},
      {end_, "commit"},
      {state_, "select position, at from state"},
      {number_, "select id from rooms where room = ?1"},
      {room_, "select room from rooms where id = ?1"},
      {member_, "select 1 from members where user = ?1 and room = ?2"},
      {memberships_,
       "select m.room, r.room from members m join rooms r on r.id = m.room where m.user = ?1 limit "
       "?2"},
      {candidates_,
       "select w.rowid, p.room, p.seq, p.at from words w cross join places p on p.position = "
       "w.rowid "
       "where w.words match ?1 and w.rowid >= ?2 and w.rowid <= ?3 order by w.rowid desc"},
  };
  for (const auto& [prepared, text] : all)
    if (const int code = prepared.prepare(fresh, text)) {
      close();  // before their connection
      return code;
    }
  database_ = std::move(fresh);
  return SQLITE_OK;
}

void sqlite_searcher::close() {
  for (auto* each : {&begin_, &end_, &state_, &number_, &room_, &member_, &memberships_, &candidates_})
    *each = {};
  database_ = {};
}

int sqlite_searcher::read(state& into) {
  query row{state_};
  if (row.next()) into = {row.integer(0), unix_ms{row.integer(1)}};
  return row.code();
}

std::optional<std::uint64_t> sqlite_searcher::position() {
  state now;
  if (open() || read(now)) return std::nullopt;
  return static_cast<std::uint64_t>(now.position);
}

std::variant<answer, std::string> sqlite_searcher::search(const question& what) {
  run now{what, phrases_of(what.words)};
  unreadable_.clear();
  const auto generation = how_.generation();
  if (std::exchange(generation_, generation) != generation) close();
  if (generation == 0) return std::string{};
  state index;
  int code = open();
  if (code == SQLITE_OK) code = query{begin_}.run();
  if (code == SQLITE_OK) {
    code = read(index);
    // What is not in the index yet may be missing. Where it has all there is, nothing is.
    const auto rest = journal_->feed(static_cast<std::uint64_t>(index.position), 1, 1);
    now.found.upto_at = rest && rest->empty() ? how_.now() : index.at;
    if (code == SQLITE_OK && !now.words.empty()) code = find_places(now);
    if (code == SQLITE_OK && (!now.places.empty() || looks_anywhere(what))) {
      const auto before = what.before ? sql::clamp(what.before - 1) : index.position;
      code = look_through(now, std::min(before, index.position));
    }
    query{end_}.run();
  }
  if (sql::is_damage(code)) {
    close();
    how_.doubt(generation);
    return std::string{};
  }
  if (code) return sql::words(code, database_);
  if (!unreadable_.empty()) return unreadable_;
  add_names(now);
  return std::move(now.found);
}

// --- where -------------------------------------------------------------------------------------

int sqlite_searcher::find_places(run& of) {
  const auto& what = of.what;
  if (looks_anywhere(what)) return SQLITE_OK;
  const auto joined_in = [&](const room_id& room) -> const joined_room* {
    const auto at = std::ranges::find(what.joined, room, &joined_room::room);
    return at == what.joined.end() ? nullptr : &*at;
  };
  if (!what.rooms.empty()) {
    for (const auto& room : what.rooms)
      if (const int code = add_place(of, room, joined_in(room), false)) return code;
    return SQLITE_OK;
  }
  for (const auto& one : what.joined)
    if (const int code = add_place(of, one.room, &one, true)) return code;
  {
    query row{memberships_, what.by.user.view(), sql::clamp(limits::memberships_max)};
    while (row.next()) {
      auto room = room_id::trusted(std::string{row.text(1)});
      if (!is_allowed(what, room)) continue;
      of.places.emplace(row.integer(0), place{std::move(room), nullptr, {}});
    }
    if (row.code()) return row.code();
  }
  const auto directs = journal_->directs(what.by.user, limits::memberships_max);
  if (!directs) {
    unreadable_ = directs.detail();
    return SQLITE_OK;
  }
  for (const auto& one : *directs)
    if (const int code = add_place(of, one.room, nullptr, true)) return code;
  return SQLITE_OK;
}

bool sqlite_searcher::is_allowed(const question& what, const room_id& room) const {
  if (!what.allowed) return true;
  // An empty filter would admit every room.
  return !what.allowed->empty() && journal::room_filter{*what.allowed}.admits(room);
}

/// `checked`: the asker belongs there. Else it is looked up; of direct rooms the journal is asked
/// when something is found in them.
int sqlite_searcher::add_place(run& of, const room_id& room, const joined_room* joined,
                               bool checked) {
  query number{number_, room.view()};
  if (!number.next()) return number.code();  // nothing was ever said there
  if (of.what.sees) {
    if (of.what.sees(room)) of.places.emplace(number.integer(0), place{room, nullptr, {}});
    return SQLITE_OK;
  }
  if (!joined && !checked && !is_direct(room)) {
    if (!is_allowed(of.what, room)) return SQLITE_OK;
    query row{member_, of.what.by.user.view(), number.integer(0)};
    if (!row.next()) return row.code();
  }
  of.places.emplace(number.integer(0), place{room, joined, {}});
  return SQLITE_OK;
}

/// By the journal, which knows of a ban or a leaving before the index does.
std::uint64_t sqlite_searcher::floor_of(const run& of, const place& at) {
  const auto& by = at.joined ? at.joined->by : of.what.by;
  const auto info = journal_->room(at.room);
  if (!info) {
    if (info.why() != journal::fault::no_such_room) unreadable_ = info.detail();
    return 0;
  }
  if (of.what.sees) return std::max(info->floor, seq_no{1}).value();
  rooms::member_row row;
  if (info->rows > 0) {
    auto found = journal_->member(at.room, by.user);
    if (!found) {
      unreadable_ = found.detail();
      return 0;
    }
    row = std::move(found->row);
  }
  const auto view = journal::view_of(*info);
  if (!at.joined && !view.direct && !row.is_member()) return 0;
  if (rooms::keeps_out({view, by, row, std::max(how_.now(), info->last_at), how_.rules})) return 0;
  const auto floor = std::max({rooms::floor_of(view, by, row), seq_no{1}});
  // Of a visitor's coming only the session knows.
  return at.joined ? std::max(floor, by.reads_from).value() : floor.value();
}

// --- what --------------------------------------------------------------------------------------

int sqlite_searcher::look_through(run& of, std::int64_t upto) {
  const auto& what = of.what;
  std::vector<std::string> in, tags;
  if (of.places.size() <= rooms_in_expression_max)
    for (const auto& [number, at] : of.places) in.push_back(room_tag(number));
  if (what.from) tags.push_back(author_tag(what.from->view()));
  if (what.has_attachment) tags.push_back(attachment_tag());
  const auto expression = expression_of(of.words, in, tags);

  for (auto span = span_first; upto > 0; span = std::min(span * span_growth, span_max)) {
    const auto from = std::max<std::int64_t>(upto - span + 1, 1);
    bool full = false;
    if (const int code = look_at(of, expression, from, upto, full)) return code;
    if (full || !unreadable_.empty()) return SQLITE_OK;
    upto = from - 1;
    if (upto > 0 && how_.is_late()) {
      of.found.next = static_cast<std::uint64_t>(from);
      return SQLITE_OK;
    }
  }
  return SQLITE_OK;
}

int sqlite_searcher::look_at(run& of, const std::string& expression, std::int64_t from,
                             std::int64_t upto, bool& full) {
  const auto& what = of.what;
  query row{candidates_, std::string_view{expression}, from, upto};
  while (row.next()) {
    const auto position = row.integer(0);
    const auto looked_at = of.found.candidates;
    full = looked_at >= candidates_max ||
           (looked_at > 0 && looked_at % candidates_between_clocks == 0 && how_.is_late());
    if (!full) {
      ++of.found.candidates;
      const unix_ms at{row.integer(3)};
      if ((what.after_at && at < *what.after_at) || (what.before_at && at >= *what.before_at) ||
          !has_place(of, row.integer(1)))
        continue;
      full =
          !add(of, {position, row.integer(1), seq_no{static_cast<std::uint64_t>(row.integer(2))}});
    }
    if (!unreadable_.empty()) return SQLITE_OK;
    if (!full) continue;
    of.found.next = static_cast<std::uint64_t>(position) + 1;
    return SQLITE_OK;
  }
  return row.code();
}

/// Whether the asker may find something in the room with this number.
bool sqlite_searcher::has_place(run& of, std::int64_t number) {
  if (of.places.contains(number)) return true;
  if (!looks_anywhere(of.what) || of.unseen.contains(number)) return false;
  query row{room_, number};
  auto room = row.next() ? room_id::trusted(std::string{row.text(0)}) : room_id{};
  if (room == room_id{} || !of.what.sees(room)) return of.unseen.insert(number), false;
  of.places.emplace(number, place{std::move(room), nullptr, {}});
  return true;
}

/// False: the page is full without it.
bool sqlite_searcher::add(run& of, const candidate& one) {
  auto& at = of.places.at(one.room);
  if (!at.floor) at.floor = floor_of(of, at);
  if (*at.floor == 0 || one.seq.value() < *at.floor) return true;
  auto message = message_at(of, at.room, one.seq);
  // The index may be behind: what was deleted or edited meanwhile is as it is now.
  if (!message || message->deleted || !has_all(message->what.text, of.words)) return true;
  const auto cost = wire_size(at.room, *message);
  if (of.found.hits.size() >= of.what.count ||
      (!of.found.hits.empty() && of.bytes + cost > limits::page_bytes_max))
    return false;
  of.bytes += cost;
  of.found.hits.push_back({at.room, std::move(*message)});
  return true;
}

/// Without them it is better than not at all.
void sqlite_searcher::add_names(run& of) {
  std::vector<user_id> users;
  for (const auto& one : of.found.hits)
    if (std::ranges::find(users, one.message.from) == users.end())
      users.push_back(one.message.from);
  const auto profiles = journal_->profiles(users);
  if (!profiles) return;
  for (const auto& one : *profiles)
    if (one.name != one.user.view()) of.found.names.push_back({one.user, one.name});
}

std::optional<message::present_message> sqlite_searcher::message_at(const run& of,
                                                                    const room_id& room,
                                                                    seq_no seq) {
  auto page = journal_->messages(room, of.what.by.user, next(seq), seq_no{seq.value() - 1}, 1,
                                 limits::page_bytes_max);
  if (!page) {
    unreadable_ = page.detail();
    return std::nullopt;
  }
  if (page->messages.empty() || page->messages.front().seq != seq) return std::nullopt;
  return std::move(page->messages.front());
}

}  // namespace

std::unique_ptr<searcher> make_searcher(searcher_options how,
                                        std::unique_ptr<journal::reader> from) {
  return std::make_unique<sqlite_searcher>(std::move(how), std::move(from));
}

}  // namespace confab::search
