#include "actors/journal_reader.hpp"

#include "actors/room_state.hpp"
#include "actors/walls.hpp"
#include "protocol/limits.hpp"
#include "protocol/wire_size.hpp"
#include "rooms/rights.hpp"

#include <algorithm>

namespace confab::actors {
namespace {

/// What a room is given to remember when it comes back: enough for the usual join.
constexpr std::size_t tail_entries = 128;
constexpr std::size_t tail_bytes = 64 * 1024;

std::vector<user_id> distinct(std::vector<user_id> users) {
  std::ranges::sort(users);
  const auto [from, to] = std::ranges::unique(users);
  users.erase(from, to);
  return users;
}

}  // namespace

/// Of the authors in a page.
template <class Event>
std::vector<message::user_ref> journal_reader::names_in(const std::vector<Event>& events) {
  std::vector<user_id> users;
  for (const auto& event : events) users.push_back(event.from);
  return names_of(distinct(std::move(users)));
}

journal_reader::journal_reader(caf::actor_config& config, const environment* env,
                               reader_source source)
    : reader_actor::base(config), env_(env), source_(std::move(source)) {}

journal_reader::behavior_type journal_reader::make_behavior() {
  end_process_on_bug(*this, *env_);
  return {
      [this](const load_room_request& what) { return guarded([&] { return load(what.room); }); },
      [this](const room_read_request& what) { return read(what); },
      [this](const messages_request& what) { return guarded([&] { return read(what); }); },
      [this](const block_question& what) {
        return guarded([&] { return block_answer{has_blocked(what.by, what.of)}; });
      },
      [this](const directs_request& what) { return read(what); },
      [this](const inbox_rows_request& what) { return read(what); },
      [this](session_read& what) { queue(waiting(what)); },
      [this](read_job& what) { queue(waiting(what)); },
      [this](const serve_next_read&) { serve_next(); },
      [](const alive_request&) { return still_here{}; },
  };
}

void journal_reader::make_reader() {
  reader_ = source_();
  reader_->stop_when(
      [this] { return env_->steady_now() > read_until_ || (wanted_ && !wanted_()); });
  reader_->tell_failures([this](std::string_view detail) { env_->bug("journal_read", detail); });
}

template <class Read>
auto journal_reader::guarded(Read read) -> decltype(read()) {
  try {
    if (!reader_) make_reader();
    read_until_ = env_->steady_now() + limits::read_time_max;
    return read();
  } catch (...) {
    report_bug(*env_, name(), {});
    reader_.reset();
    return {};
  }
}

/// One is served at a time, behind all that has come meanwhile: so everybody's are there to choose
/// from.
void journal_reader::queue(waiting_read what) {
  const bool idle = waiting_.empty();
  if (!waiting_.add(std::move(what)))
    what.answer(false);
  else if (idle)
    send(this, serve_next_read{});
}

void journal_reader::serve_next() {
  const auto next = waiting_.take();
  if (!waiting_.empty()) send(this, serve_next_read{});
  if (!next) return;
  wanted_ = next->wanted;
  next->answer(true);
  wanted_ = nullptr;
}

waiting_read journal_reader::waiting(session_read& what) {
  auto wanted = [asker = what.asker] { return !asker.expired(); };
  auto answer = [this, session = what.session, ticket = what.ticket,
                 question = std::move(what.what)](bool may) {
    const auto found = [&](const auto& asked) -> decltype(read_done::what) {
      if (!may) return decltype(read(asked)){};
      return guarded([&] { return read(asked); });
    };
    send(env_->board.audience_of(session),
         to_session{session, read_done{ticket, std::visit(found, question)}});
  };
  return {what.user, std::move(wanted), std::move(answer)};
}

/// What is asked for must be answered, also where there was a bug.
waiting_read journal_reader::waiting(read_job& what) {
  auto answer = [this, job = std::move(what.job)](bool may) {
    if (!may) return job(nullptr);
    guarded([&] {
      job(reader_.get());
      return true;
    });
  };
  return {what.who, std::move(what.wanted), std::move(answer), reads_per_key_max};
}

entries_read journal_reader::read(const entries_request& what) {
  auto read = reader_->entries(what.room, what.after, what.upto, limits::page_entries_max,
                               limits::page_bytes_max);
  if (!read) return {};
  auto names = names_in(*read);
  return {true, std::move(*read), std::move(names)};
}

rooms_read journal_reader::read(const rooms_request& what) {
  auto read = reader_->rooms(what.after, what.filter, what.count);
  if (!read) return {};
  return {true, std::move(*read)};
}

room_loaded journal_reader::load(const room_id& room) {
  auto info = reader_->room(room);
  if (!info)
    return {info.why() == journal::fault::no_such_room ? room_loaded::state::unknown
                                                       : room_loaded::state::unavailable,
            {},
            {}};
  const auto head = info->head.value();
  const auto floor = info->floor.value();
  const auto after = std::max(head > tail_entries ? head - tail_entries : 0, floor - 1);
  auto tail =
      reader_->entries(room, seq_no{after}, info->head, tail_entries, limits::page_bytes_max);
  if (!tail) return {room_loaded::state::unavailable, {}, {}};
  // The page is cut at its end when entries are large, but a room must remember the *last* ones.
  if (head > after && (tail->empty() || tail->back().seq != info->head)) {
    auto last = reader_->entries(room, seq_no{head - 1}, info->head, 1, tail_bytes);
    if (!last) return {room_loaded::state::unavailable, {}, {}};
    tail = std::move(last);
  }
  room_loaded found{room_loaded::state::found, std::move(*info), std::move(*tail), {}};
  found.names = names_in(found.tail);
  if (found.info.direct) {
    const auto& [a, b] = *found.info.direct;
    found.first_blocks = has_blocked(a, b);
    found.second_blocks = has_blocked(b, a);
  }
  const auto& of = found.info;
  if (has_receipts(of.settings ? *of.settings : room_settings{}, of.direct.has_value(), of.members)) {
    found.reads = markers_of(of);
    if (!found.reads) return {room_loaded::state::unavailable, {}, {}};
  }
  return found;
}

/// The names of those in a page that have one. Where the journal can't be read there are none: a
/// page without names is better than no page.
std::vector<message::user_ref> journal_reader::names_of(const std::vector<user_id>& users) {
  std::vector<message::user_ref> names;
  const auto found = reader_->profiles(users);
  if (!found) return names;
  for (const auto& one : *found)
    if (one.name != one.user.view()) names.push_back({one.user, one.name});
  return names;
}

bool journal_reader::has_blocked(const user_id& blocker, const user_id& blocked) {
  const auto found = reader_->has_blocked(blocker, blocked);
  return found && *found;
}

blocks_read journal_reader::read(const blocks_request& what) {
  blocks_read answer{true, {}};
  if (what.blocked) {
    if (has_blocked(what.user, *what.blocked)) answer.users.push_back(*what.blocked);
    return answer;
  }
  const auto found = reader_->marks(what.user, rooms::mark::kind::block);
  if (!found) return {};
  for (const auto& one : *found)
    if (one.what.value != 0) answer.users.push_back(user_id::trusted(one.what.subject));
  return answer;
}

profiles_read journal_reader::read(const profiles_request& what) {
  const auto skipped = std::min(what.after, what.users.size());
  const std::span asked{what.users.begin() + static_cast<std::ptrdiff_t>(skipped), what.users.end()};
  auto found = reader_->profiles(asked);
  if (!found) return {};
  profiles_read answer{true, {}, {}};
  std::size_t used = 0;
  for (auto& one : *found) {
    message::profile shown{one.user, std::move(one.name), std::move(one.data)};
    used += wire_size(shown);
    if (!answer.profiles.empty() && used > limits::page_bytes_max) {
      const auto place = std::ranges::find(what.users, shown.id);
      answer.next = static_cast<std::size_t>(place - what.users.begin());
      break;
    }
    answer.profiles.push_back(std::move(shown));
  }
  return answer;
}

counts_read journal_reader::read(const counts_request& what) {
  const auto found = reader_->counts(what.room, what.user);
  if (!found) return {found.why() == journal::fault::no_such_room, {}};
  return {true, *found};
}

unread_read journal_reader::read(const unread_request& what) {
  unread_read answer{true, {}, {}};
  if (what.sum) {
    const auto sum = reader_->totals(what.user, what.now, what.allowed);
    if (!sum) return {};
    answer.sum = *sum;
  } else {
    auto rooms = reader_->unread_rooms(what.user, what.allowed);
    if (!rooms) return {};
    answer.rooms = std::move(*rooms);
  }
  return answer;
}

mentions_read journal_reader::read(const mentions_request& what) {
  auto page = reader_->notes(what.user, what.before, what.count, limits::page_bytes_max, what.allowed);
  if (!page) return {};
  std::vector<user_id> users;
  for (const auto& one : page->list) users.push_back(one.message.from);
  return {true, std::move(*page), names_of(distinct(std::move(users)))};
}

inbox_read journal_reader::read(const inbox_request& what) {
  auto page = reader_->inbox(what.what);
  if (!page) return {};
  std::vector<user_id> users;
  for (auto& row : page->rows) {
    tell_default(row);
    if (row.last) users.push_back(row.last->from);
  }
  return {true, std::move(*page), names_of(distinct(std::move(users)))};
}

/// Of whom has set nothing, where the deployment has another default than clients know.
void journal_reader::tell_default(message::inbox_row& row) const {
  const auto known = row.with ? notify_level::all : notify_level::mentions;
  const auto set = row.with ? env_->how.notify_direct : env_->how.notify;
  if (row.read && !row.own.notify && set != known) row.own.notify = set;
}

inbox_rows_read journal_reader::rows(const inbox_rows_request& what) {
  inbox_rows_read answer{true, {}, {}, {}};
  auto as_of = reader_->as_of(what.position);
  if (!as_of) return {};
  answer.as_of = std::move(*as_of);
  std::vector<user_id> users;
  for (const auto& room : what.rooms) {
    auto row = reader_->inbox_row(what.user, room, what.now);
    if (!row) return {};
    tell_default(*row);
    if (row->last) users.push_back(row->last->from);
    answer.rows.push_back(std::move(*row));
  }
  answer.names = names_of(distinct(std::move(users)));
  return answer;
}

caf::result<inbox_rows_read> journal_reader::read(const inbox_rows_request& what) {
  auto promise = make_response_promise<inbox_rows_read>();
  queue({what.user, [] { return true; }, [this, promise, what](bool may) mutable {
           promise.deliver(may ? guarded([&] { return rows(what); }) : inbox_rows_read{});
         }});
  return promise;
}

// --- for rooms ---------------------------------------------------------------------------------

caf::result<room_read> journal_reader::read(const room_read_request& what) {
  const auto found = [this](const room_read_request& asked) {
    return guarded([&] {
      const auto read_it = [&](const auto& question) { return read(asked.room, question); };
      return room_read{std::visit(read_it, asked.what)};
    });
  };
  const auto* asker = std::visit(
      overloaded{[](const member_question&) -> const user_id* { return nullptr; },
                 [](const reads_question&) -> const user_id* { return nullptr; },
                 [](const messages_of_question& question) { return &question.asker; },
                 [](const auto& question) { return &question.by.user; }},
      what.what);
  if (!asker) return found(what);
  auto promise = make_response_promise<room_read>();
  queue({*asker, [] { return true; },
         [promise, what, found](bool may) mutable {
           promise.deliver(may ? found(what) : room_read{});
         }});
  return promise;
}

room_answer journal_reader::read(const room_id& room, const member_question& what) {
  auto found = reader_->member(room, what.user);
  if (!found) return {};
  return std::move(*found);
}

room_answer journal_reader::read(const room_id& room, const members_question& what) {
  auto page = reader_->members(room, what.state, what.after, what.count);
  if (!page) return {};
  if (auto why = keeps_out(room, what.by)) return *std::move(why);
  std::vector<user_id> users;
  for (const auto& one : page->members) users.push_back(one.user);
  return members_found{std::move(*page), names_of(users)};
}

room_answer journal_reader::read(const room_id& room, const pins_question& what) {
  auto page = reader_->pins(room, what.by.user, what.after, limits::page_bytes_max);
  if (!page) return {};
  if (auto why = keeps_out(room, what.by)) return *std::move(why);
  std::vector<user_id> users;
  for (const auto& one : page->pins) users.push_back(one.message.from);
  return pins_found{std::move(*page), names_of(distinct(std::move(users)))};
}

room_answer journal_reader::read(const room_id& room, const threads_question& what) {
  auto page = reader_->threads(room, what.by.user, what.mine, what.before, what.count,
                               limits::page_bytes_max);
  if (!page) return {};
  if (auto why = keeps_out(room, what.by)) return *std::move(why);
  auto names = names_in(page->roots);
  return threads_found{std::move(*page), std::move(names)};
}

/// Asked behind a page: a ban that stands before one of its entries is seen here, also where the room
/// has not told the session yet. Nothing to object where it can't be read.
std::optional<rooms::refused> journal_reader::keeps_out(const room_id& room,
                                                        const rooms::principal& by) {
  const auto info = reader_->room(room);
  if (!info || info->direct) return std::nullopt;
  rooms::member_row row;
  if (info->rows > 0)
    if (auto found = reader_->member(room, by.user)) row = std::move(found->row);
  const auto view = journal::view_of(*info);
  return rooms::keeps_out(
      {view, by, row, std::max(env_->now(), info->last_at), env_->how.rules});
}

std::optional<markers_found> journal_reader::markers_of(const journal::room_info& room) {
  std::vector<user_id> users;
  if (room.direct) {
    users = {room.direct->first, room.direct->second};
  } else {
    const auto page = reader_->members(room.room, member_state::member, {},
                                       limits::receipts_members_max);
    if (!page) return std::nullopt;
    for (const auto& one : page->members) users.push_back(one.user);
  }
  markers_found found;
  for (const auto& user : users) {
    const auto row = reader_->member(room.room, user);
    if (!row) return std::nullopt;
    found.reads[user] = row->read;
    if (!row->receipts) found.silent.insert(user);
  }
  return found;
}

room_answer journal_reader::read(const room_id& room, const reads_question&) {
  const auto info = reader_->room(room);
  if (!info) return {};
  auto found = markers_of(*info);
  if (!found) return {};
  return std::move(*found);
}

/// The latest thousand of each, as the norm has it (SEMANTICS §3).
room_answer journal_reader::read(const room_id& room, const messages_of_question& what) {
  constexpr std::size_t messages_max = 1'000;
  auto found = reader_->messages_of(room, what.users, what.since, messages_max);
  if (!found) return {};
  return std::move(*found);
}

messages_read journal_reader::read(const messages_request& what) {
  auto page = reader_->messages(what.room, what.by.user, what.before, what.after, what.count,
                                limits::page_bytes_max, what.thread);
  if (!page) return {};
  if (auto why = keeps_out(what.room, what.by)) return {true, {}, false, {}, {}, std::move(why)};
  auto names = names_in(page->messages);
  return {true, std::move(page->messages), page->more, page->head, std::move(names), {}};
}

/// Why a message is not for who asks. `joined`: from where on a session in the room reads; of a visitor's
/// coming only the session knows.
std::optional<rooms::refused> journal_reader::hides(const room_id& room, seq_no target,
                                                    const rooms::principal& by,
                                                    std::optional<seq_no> joined, bool& ok) {
  const auto info = reader_->room(room);
  ok = info || info.why() == journal::fault::no_such_room;
  if (!info) return rooms::refusal(error_code::no_such_room, "no such room");
  rooms::member_row row;
  if (info->rows > 0) {
    auto found = reader_->member(room, by.user);
    ok = static_cast<bool>(found);
    if (!found) return std::nullopt;
    row = std::move(found->row);
  }
  const auto view = journal::view_of(*info);
  if (auto why = rooms::keeps_out(
          {view, by, row, std::max(env_->now(), info->last_at), env_->how.rules}))
    return why;
  const bool as_visitor = rooms::reads_own_only(view, by) && !row.is_member();
  const auto floor = std::max(rooms::floor_of(view, by, row),
                              joined ? *joined : as_visitor ? next(view.head) : seq_no{});
  if (target >= floor) return std::nullopt;
  return rooms::refusal(error_code::no_such_message, "no such message");
}

reactions_read journal_reader::read(const reactions_request& what) {
  const auto& [room, target, emoji, after] = what.what;
  reactions_read answer;
  answer.joined = what.floor.has_value();
  answer.refused = hides(room, target, what.by, what.floor, answer.ok);
  if (!answer.ok || answer.refused) return answer;
  auto page = reader_->reactions(room, target, emoji, after, limits::reactions_page_count_max);
  if (!page) return {};
  answer.page = std::move(*page);
  return answer;
}

reported_read journal_reader::read(const reported_request& what) {
  reported_read answer;
  answer.joined = what.floor.has_value();
  answer.refused = hides(what.room, what.target, what.by, what.floor, answer.ok);
  if (!answer.ok || answer.refused) return answer;
  const seq_no before{what.target.value() - 1};
  const auto found = reader_->entries(what.room, before, what.target, 1, limits::page_bytes_max);
  if (!found) return {};
  if (found->empty() || !std::holds_alternative<posted>(found->front().body))
    answer.refused = rooms::refusal(error_code::no_such_message, "no such message");
  return answer;
}

directs_reads journal_reader::read(const directs_request& what) {
  directs_reads answer;
  answer.of.reserve(what.users.size());
  for (const auto& user : what.users)
    answer.of.push_back(guarded([&] { return directs_of(user); }));
  return answer;
}

directs_read journal_reader::directs_of(const user_id& user) {
  auto rooms = reader_->directs(user, limits::directs_count_max);
  if (!rooms) return {};
  directs_read answer{true, {}};
  for (auto& info : *rooms) {
    if (!info.direct) continue;
    const auto& [a, b] = *info.direct;
    answer.directs.push_back({info.room, a == user ? b : a, info.head, info.last_at});
  }
  return answer;
}

}  // namespace confab::actors
