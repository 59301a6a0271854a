// How push takes back what it told: what is read meanwhile, or deleted.

#include "webhooks/push.hpp"

#include "protocol/limits.hpp"
#include "protocol/overloaded.hpp"
#include "webhooks/body.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace confab::webhooks {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds clear_gather{2'000};
constexpr milliseconds look_again{1'000};
constexpr std::size_t entries_per_step = 256;
/// Of any room.
constexpr auto last_seq = std::numeric_limits<std::uint64_t>::max();

}  // namespace

bool push::take_back(const std::vector<withdrawal>& all, const push_place& at, const moment& now) {
  if (!all.empty()) {
    const auto found = store_->withdraw(at, all);
    if (!found) return false;
    if (*found > 0 && !clear_at_) clear_at_ = now.steady + clear_gather;
  }
  place_ = at;
  moved_ = true;
  return true;
}

/// What it takes back, of which messages and users.
void push::take_back_by(const journal::feed_item& item, std::vector<withdrawal>& all) {
  const auto& room = item.room;
  const auto& entry = item.entry;
  const auto until_here = [&](const user_id& user) { all.push_back({user, room, {}, entry.seq}); };
  std::visit(overloaded{[&](const deleted& gone) { all.push_back({{}, room, gone.target, {}}); },
                        [&](const trimmed& gone) { all.push_back({{}, room, {}, gone.upto}); },
                        [&](const erased& gone) { until_here(gone.user); },
                        [&](const member_set& change) {
                          if (change.state && *change.state != member_state::invited)
                            std::ranges::for_each(change.users, until_here);
                        },
                        [&](const recorded&) {
                          const auto gone = room_of(item);
                          if (gone && event_of(item) == event_kind::room_deleted)
                            all.push_back({{}, *gone, {}, seq_no{last_seq}});
                        },
                        [](const posted&) {}, [](const edited&) {}, [](const reacted&) {},
                        [](const room_set&) {}, [](const pinned&) {}, [](const user_set&) {}},
             entry.body);
}

/// Deletions, and who came to be in a room, or is no more. Not only when a message is told: it goes at
/// once.
bool push::undo(const moment& now, std::uint64_t head) {
  if (place_.undone >= head) return false;
  auto at = place_;
  std::vector<withdrawal> all;
  at.undone = head;
  if (store_->has_told()) {
    const auto page = from_->feed(place_.undone, entries_per_step, limits::page_bytes_max);
    if (!page) return fails(now);
    if (!page->empty()) at.undone = page->back().position;
    for (const auto& item : *page) take_back_by(item, all);
  }
  return take_back(all, at, now) || fails(now);
}

bool push::follow_markers(const moment& now, std::uint64_t head) {
  auto at = place_;
  if (!store_->has_told()) {
    markers_looked_ = at.markers = head;
    marker_ = {head};
    moved_ = moved_ || at != place_;
    place_ = at;
    return false;
  }
  if (markers_looked_ == head && now.steady < markers_at_) return false;
  const auto page = from_->markers_moved(marker_, entries_per_step);
  if (!page) return fails(now);
  std::vector<withdrawal> all;
  for (const auto& one : page->moved) all.push_back({one.user, one.room, {}, one.read});
  at.markers = page->upto.position;
  if (!take_back(all, at, now)) return fails(now);
  marker_ = page->upto;
  if (!page->at_end) return true;
  markers_looked_ = head;
  markers_at_ = now.steady + look_again;
  return false;
}

/// What was taken back within some time, told together.
bool push::clear(const moment& now) {
  if (!clear_at_ || now.steady < *clear_at_) return false;
  const auto rows = store_->to_clear(entries_per_step);
  if (!rows) return fails(now);
  if (rows->empty()) return clear_at_.reset(), false;
  std::map<std::pair<user_id, room_id>, std::vector<const withdrawn*>> users;
  for (const auto& one : *rows) users[{one.of.user, one.of.room}].push_back(&one);
  std::vector<push_event> fresh;
  for (const auto& [whose, all] : users) {
    const auto& [user, room] = whose;
    const auto row = from_->inbox_row(user, room, now.day);
    const auto sum = from_->totals(user, now.day);
    if (!row || !sum) return fails(now);
    bool is_read = false;
    std::vector<std::optional<seq_no>> told;
    for (const auto* one : all) {
      const bool covered = !one->deleted || (row->read && one->of.place <= *row->read);
      if (!covered) told.emplace_back(one->of.seq);
      is_read = is_read || covered;
    }
    if (is_read) told.insert(told.begin(), std::nullopt);
    for (const auto& seq : told) {
      auto& event = fresh.emplace_back();
      event.kind = event_kind::notify_cleared;
      event.position = place_.undone;
      event.at = now.day;
      event.room = room;
      event.data = withdrawal_json(user, room, seq, row->read, *sum);
    }
  }
  if (!store_->write(place_, fresh, {}, *rows)) return fails(now);
  if (rows->size() < entries_per_step) clear_at_.reset();
  return true;
}

}  // namespace confab::webhooks
