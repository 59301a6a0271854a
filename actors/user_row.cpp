#include "actors/user_row.hpp"

#include "protocol/limits.hpp"

#include <algorithm>
#include <tuple>

namespace confab::actors {
namespace {

bool is_later(const message::direct_ref& a, const message::direct_ref& b) {
  return std::tie(b.last_at, a.room) < std::tie(a.last_at, b.room);
}

}  // namespace

user_row::rest& user_row::more() {
  if (!rest_) rest_ = std::make_unique<rest>();
  return *rest_;
}

void user_row::tidy() {
  if (rest_ && rest_->watchers.empty() && rest_->directs.empty() && rest_->waiting.empty())
    rest_.reset();
}

// --- sessions ----------------------------------------------------------------------------------

const user_row::online* user_row::find(session_id session) const noexcept {
  const auto at = std::ranges::find(sessions_, session, &online::id);
  return at == sessions_.end() ? nullptr : &*at;
}

std::vector<session_id> user_row::attach(const session_info& who, std::optional<device_id> device) {
  std::vector<session_id> replaced;
  if (device)
    for (const auto& other : sessions_)
      if (other.device && *other.device == *device) replaced.push_back(other.id);
  sessions_.push_back(
      {who.id, who.format, device ? std::make_unique<device_id>(std::move(*device)) : nullptr, {}});
  return replaced;
}

void user_row::detach(session_id session) {
  std::erase_if(sessions_, [&](const online& o) { return o.id == session; });
  if (rest_) std::erase(rest_->waiting, session);
  tidy();
}

void user_row::move(session_id session, awake_room room, bool in) {
  const auto at = std::ranges::find(sessions_, session, &online::id);
  if (at == sessions_.end()) return;
  std::erase(at->rooms, room);
  if (in) at->rooms.push_back(room);
}

void user_row::set_active(session_id session, bool on) {
  const auto at = std::ranges::find(sessions_, session, &online::id);
  if (at != sessions_.end()) at->active = on;
}

bool user_row::has_joined_any(const std::vector<awake_room>& rooms) const {
  return std::ranges::any_of(sessions_, [&](const online& one) {
    return std::ranges::find_first_of(one.rooms, rooms) != one.rooms.end();
  });
}

bool user_row::has_direct_with(const user_id& other) const {
  return rest_ && std::ranges::find(rest_->directs, other, &message::direct_ref::with) !=
                      rest_->directs.end();
}

// --- awake direct rooms ------------------------------------------------------------------------

void user_row::watch(awake_room room) { more().watchers.push_back(room); }

void user_row::unwatch(awake_room room) {
  if (rest_) std::erase(rest_->watchers, room);
  tidy();
}

std::vector<awake_room> user_row::watchers() const {
  return rest_ ? rest_->watchers : std::vector<awake_room>{};
}

// --- all direct rooms --------------------------------------------------------------------------

std::vector<session_id> user_row::directs_read(std::uint32_t read,
                                               const std::vector<message::direct_ref>* list) {
  if (read_ != read) return {};
  read_ = 0;
  knows_directs_ = list != nullptr;
  if (list)
    for (const auto& direct : *list) note(direct);
  auto waited = rest_ ? std::exchange(rest_->waiting, {}) : std::vector<session_id>{};
  tidy();
  return waited;
}

void user_row::forget_directs() {
  knows_directs_ = false;
  if (rest_) rest_->directs.clear();
  tidy();
}

void user_row::note(const message::direct_ref& direct) {
  if (!knows_directs_ || direct.head.value() == 0) return;
  auto& list = more().directs;
  const auto at = std::ranges::find(list, direct.room, &message::direct_ref::room);
  if (at != list.end()) {
    if (direct.head >= at->head) *at = direct;
    return;
  }
  list.push_back(direct);
  if (list.size() > limits::directs_count_max)
    list.erase(std::ranges::max_element(list, is_later));  // the oldest
}

std::vector<message::direct_ref> user_row::latest_directs() const {
  if (!rest_) return {};
  auto list = rest_->directs;
  std::ranges::sort(list, is_later);
  return list;
}

}  // namespace confab::actors
