#include "actors/inbox_watches.hpp"

#include "protocol/limits.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace confab::actors {
namespace {

/// Of rooms that change while a window is read; beyond it all of them are read again.
constexpr std::size_t recent_rooms_max = 10'000;

constexpr auto minus_one = ~std::uint64_t{0};  // sums wrap around

std::uint32_t low(seq_no of) { return static_cast<std::uint32_t>(of.value()); }
bool is_behind(std::uint32_t one, std::uint32_t other) {
  return static_cast<std::int32_t>(other - one) > 0;
}
bool is_behind(std::uint32_t one, seq_no other) { return is_behind(one, low(other)); }
/// The number whose last bits are `bits`, near `to`.
seq_no whole(std::uint32_t bits, seq_no to) { return seq_no{to.value() - (low(to) - bits)}; }

}  // namespace

void inbox_watches::open(session_id session, const user_id& user,
                         const journal::room_filter& allowed) {
  auto& who = watches_[session];
  if (who) return;
  who = std::make_unique<watch>();
  who->session = session;
  who->user = user;
  who->allowed = allowed;
  const auto free = std::ranges::find(numbered_, nullptr);
  who->number = static_cast<std::uint32_t>(free - numbered_.begin());
  if (free == numbered_.end())
    numbered_.push_back(who.get());
  else
    *free = who.get();
  users_[user].push_back(who.get());
  if (opening_++ == 0) recent_from_ = 0;
}

void inbox_watches::allow(session_id session, const journal::room_filter& allowed) {
  auto& who = *watches_.at(session);
  who.allowed = allowed;
  for (auto at = who.rooms.size(); at-- > 0;)
    if (!is_allowed(who, table_[who.rooms[at].room].id)) remove(who, who.rooms[at]);
}

bool inbox_watches::begin(session_id session, std::uint64_t position, std::string as_of,
                          const std::vector<counted>& rooms, steady_time now) {
  const auto at = watches_.find(session);
  if (at == watches_.end() || at->second->begun) return false;
  auto& who = *at->second;
  who.as_of = std::move(as_of);
  who.rooms.reserve(rooms.size());
  for (const auto& one : rooms) {
    if (!is_allowed(who, one.room)) continue;
    add(who, one.room, one.head, one.read);
    set_counts(who, who.rooms.back(), one.unread, one.mentions);
    set_own(who, who.rooms.back(), one.own);
    const auto moved = recent_.find(one.room);
    if (position < recent_from_ || (moved != recent_.end() && position < moved->second))
      mark(who, one.room, &who.rooms.back());
  }
  has_begun(who);
  if (who.due) wake_by(now + limits::inbox_gather);
  return true;
}

void inbox_watches::has_begun(watch& who) {
  if (std::exchange(who.begun, true)) return;
  if (--opening_ == 0) recent_.clear();
}

bool inbox_watches::close(session_id session) {
  const auto at = watches_.find(session);
  if (at == watches_.end()) return false;
  auto& who = *at->second;
  has_begun(who);
  while (!who.rooms.empty()) remove(who, who.rooms.back());
  const auto others = users_.find(who.user);
  std::erase(others->second, &who);
  if (others->second.empty()) users_.erase(others);
  if (who.due) std::erase(due_, session);
  numbered_[who.number] = nullptr;
  watches_.erase(at);
  return true;
}

// --- what changes ------------------------------------------------------------------------------

void inbox_watches::take(std::uint64_t position, const std::vector<inbox_change>& changes,
                         steady_time now) {
  position_ = position;
  for (const auto& change : changes) {
    if (change.everyones || !change.messages.empty()) changed(change);
    for (const auto& user : change.users)
      if (const auto at = users_.find(user); at != users_.end())
        for (auto* who : at->second) mark(*who, change.room, find(*who, change.room));
  }
  if (!changed_.empty() || !due_.empty()) wake_by(now + limits::inbox_gather);
}

/// One mark, whoever watches the room.
void inbox_watches::changed(const inbox_change& what) {
  if (opening_ > 0) {
    if (recent_.size() >= recent_rooms_max) recent_.clear(), recent_from_ = position_;
    recent_.insert_or_assign(what.room, position_);
  }
  const auto at = index_.find(what.room);
  if (at == index_.end()) return;
  auto& room = table_[at->second];
  room.everyones = room.everyones || what.everyones;
  if (what.last) {
    room.messages.insert(room.messages.end(), what.messages.begin(), what.messages.end());
    room.last = *what.last;
    room.name = what.name;
  }
  if (!std::exchange(room.changed, true)) changed_.push_back(at->second);
}

/// To all who watch the room, what half a second has brought.
void inbox_watches::spread(std::uint32_t number) {
  auto& room = table_[number];
  room.changed = false;
  const bool everyones = std::exchange(room.everyones, false);
  if (everyones) room.last = {};  // it may be what was deleted
  std::vector<user_id> authors;
  for (const auto& one : room.messages)
    if (authors.empty() || authors.back() != one.from) authors.push_back(one.from);
  std::ranges::sort(authors);
  for (const auto& [who_number, at] : room.watchers) {
    auto& who = *numbered_[who_number];
    auto& own = who.rooms[at];
    if (everyones)
      mark(who, room.id, &own);
    else
      count(who, own, room, authors);
  }
  room.messages.clear();
}

void inbox_watches::count(watch& who, own_room& own, const watched_room& room,
                          const std::vector<user_id>& authors) {
  if (own.marked) return;
  if (own.lapses || std::ranges::binary_search(authors, who.user)) return mark(who, room.id, &own);
  // What the row that was read last had counted is not counted again.
  const auto is_new = [&](const auto& one) { return is_behind(own.head, one.seq); };
  const auto first = std::ranges::find_if(room.messages, is_new);
  if (first == room.messages.end()) return;
  set_counts(who, own, own.unread + static_cast<std::uint64_t>(room.messages.end() - first),
             own.mentions);
  own.head = low(room.last.seq);
  if (own.fresh) return;
  own.fresh = true;
  who.fresh.push_back(own.room);
  become_due(who);
}

void inbox_watches::mark(watch& who, const room_id& room, own_room* own) {
  if (!is_allowed(who, room)) return;
  if (own ? own->marked : std::ranges::find(who.marked, room) != who.marked.end()) return;
  if (own) own->marked = true, own->fresh = false;
  who.marked.push_back(room);
  become_due(who);
}

void inbox_watches::become_due(watch& who) {
  if (!std::exchange(who.due, true)) due_.push_back(who.session);
}

void inbox_watches::wake_by(steady_time at) {
  if (!tick_) tick_ = at;
}

// --- what is told ------------------------------------------------------------------------------

std::vector<inbox_watches::question> inbox_watches::on_time(
    steady_time now, const std::function<bool(session_id)>& may_write,
    const std::function<void(session_id, message::inbox)>& tell) {
  std::vector<question> asked;
  if (!tick_ || *tick_ > now) return asked;
  tick_.reset();
  for (const auto number : std::exchange(changed_, {})) spread(number);
  for (const auto session : std::exchange(due_, {})) {
    auto& who = *watches_.at(session);
    if (!who.begun || !may_write(session)) {
      due_.push_back(session);
      continue;
    }
    if (auto fresh = tell_fresh(who)) tell(session, std::move(*fresh));
    if (who.asked) {
      due_.push_back(session);
      continue;
    }
    who.due = !who.marked.empty() || !who.fresh.empty();
    if (who.marked.empty()) {
      if (who.due) due_.push_back(session);
      continue;
    }
    question one{session, who.user, {}, position_,
                 who.marked.size() <= limits::inbox_page_count_max && who.fresh.empty()};
    const auto count = std::min(who.marked.size(), limits::inbox_page_count_max);
    const auto from = who.marked.begin();
    const auto to = from + static_cast<std::ptrdiff_t>(count);
    one.rooms.assign(std::move_iterator{from}, std::move_iterator{to});
    who.marked.erase(from, to);
    for (const auto& room : one.rooms)
      if (auto* own = find(who, room)) own->marked = false;
    who.asked = true;
    who.due = !who.marked.empty() || !who.fresh.empty();
    if (who.due) due_.push_back(session);
    asked.push_back(std::move(one));
  }
  if (!due_.empty()) wake_by(now + limits::inbox_gather);
  return asked;
}

/// What is known here without a reader, as much as one event holds.
std::optional<message::inbox> inbox_watches::tell_fresh(watch& who) {
  message::inbox told;
  while (!who.fresh.empty() && told.rows.size() < limits::inbox_page_count_max) {
    const auto number = who.fresh.back();
    who.fresh.pop_back();
    const auto own = std::ranges::find(who.rooms, number, &own_room::room);
    if (own == who.rooms.end() || !own->fresh) continue;
    own->fresh = false;
    const auto& room = table_[number];
    auto& row = told.rows.emplace_back();
    row.room = room.id;
    row.head = whole(own->head, room.last.seq);
    row.at = room.last.at;
    row.read = whole(own->read, row.head);
    row.unread = own->unread;
    row.mentions = own->mentions;
    row.last = room.last;
    if (!room.name.empty()) told.users.push_back({room.last.from, room.name});
  }
  if (told.rows.empty()) return std::nullopt;
  if (who.fresh.empty() && who.marked.empty() && !who.asked)
    who.as_of = who.as_of.substr(0, who.as_of.find('.') + 1) + std::to_string(position_);
  told.as_of = who.as_of;
  told.sum = who.sum;
  return told;
}

std::optional<message::inbox> inbox_watches::answer(
    const question& asked, std::string as_of, std::optional<std::vector<message::inbox_row>> rows,
    steady_time now) {
  const auto at = watches_.find(asked.session);
  if (at == watches_.end() || !std::exchange(at->second->asked, false)) return std::nullopt;
  auto& who = *at->second;
  if (!rows) {
    for (const auto& room : asked.rooms) mark(who, room, find(who, room));
    wake_by(now + limits::inbox_gather);
    return std::nullopt;
  }
  std::erase_if(*rows, [&](const auto& row) { return !is_allowed(who, row.room); });
  for (const auto& row : *rows) {
    auto* own = find(who, row.room);
    if (!row.read) {  // gone, or no more than an invitation
      if (own) remove(who, *own);
      continue;
    }
    if (!own) {
      add(who, row.room, row.head, *row.read);
      own = &who.rooms.back();
    }
    // It was read before messages that have been counted here meanwhile.
    if (is_behind(low(row.head), own->head)) mark(who, row.room, own);
    own->fresh = false;
    own->head = low(row.head);
    own->read = low(*row.read);
    set_counts(who, *own, row.unread, row.mentions);
    set_own(who, *own, row.own);
  }
  if (!due_.empty()) wake_by(now + limits::inbox_gather);
  if (asked.whole) who.as_of = std::move(as_of);
  message::inbox told;
  told.as_of = who.as_of;
  told.rows = std::move(*rows);
  told.sum = who.sum;
  return told;
}

// --- the rooms of a watch ----------------------------------------------------------------------

inbox_watches::own_room* inbox_watches::find(watch& who, const room_id& room) {
  const auto at = index_.find(room);
  if (at == index_.end()) return nullptr;
  const auto own = std::ranges::find(who.rooms, at->second, &own_room::room);
  return own == who.rooms.end() ? nullptr : &*own;
}

void inbox_watches::add(watch& who, const room_id& room, seq_no head, seq_no read) {
  const auto [at, fresh] = index_.try_emplace(room, 0);
  if (fresh && free_.empty()) {
    at->second = static_cast<std::uint32_t>(table_.size());
    table_.emplace_back();
  } else if (fresh) {
    at->second = free_.back();
    free_.pop_back();
  }
  auto& entry = table_[at->second];
  if (fresh) entry = {}, entry.id = room;
  const bool marked = std::ranges::find(who.marked, room) != who.marked.end();
  who.rooms.push_back(
      {at->second, static_cast<std::uint32_t>(entry.watchers.size()), 0, low(head), low(read), 0,
       marked, false, false, false, false});
  entry.watchers.push_back({who.number, static_cast<std::uint32_t>(who.rooms.size() - 1)});
}

/// The last ones take its places.
void inbox_watches::remove(watch& who, own_room& room) {
  set_counts(who, room, 0, 0);
  set_own(who, room, {});
  const auto number = room.room;
  auto& entry = table_[number];
  auto& watchers = entry.watchers;
  const auto slot = room.slot;
  watchers[slot] = watchers.back();
  watchers.pop_back();
  if (slot < watchers.size())
    numbered_[watchers[slot].who]->rooms[watchers[slot].at].slot = slot;
  const auto place = static_cast<std::size_t>(&room - who.rooms.data());
  who.rooms[place] = who.rooms.back();
  who.rooms.pop_back();
  if (place < who.rooms.size()) {
    const auto& moved = who.rooms[place];
    table_[moved.room].watchers[moved.slot].at = static_cast<std::uint32_t>(place);
  }
  if (!watchers.empty()) return;
  if (entry.changed) std::erase(changed_, number);
  index_.erase(entry.id);
  entry = {};
  free_.push_back(number);
}

// The sums follow.

void inbox_watches::sum(watch& who, const own_room& room, std::uint64_t sign) {
  if (room.silent) return;
  if (room.unread > 0 || room.mentions > 0 || room.wished) who.sum.rooms += sign;
  who.sum.unread += sign * room.unread;
  who.sum.mentions += sign * room.mentions;
}

void inbox_watches::set_counts(watch& who, own_room& room, std::uint64_t unread,
                               std::uint64_t mentions) {
  sum(who, room, minus_one);
  room.unread = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(unread, std::numeric_limits<std::uint32_t>::max()));
  room.mentions = static_cast<std::uint16_t>(mentions);
  sum(who, room, 1);
}

void inbox_watches::set_own(watch& who, own_room& room, const own_settings& own) {
  sum(who, room, minus_one);
  room.silent = own.is_silent();
  room.wished = own.marked;
  room.lapses = own.may_lapse();
  sum(who, room, 1);
}

}  // namespace confab::actors
