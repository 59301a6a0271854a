// What webhooks are told that is of no entry: whom to notify, and who comes and goes.

#include "webhooks/engine.hpp"

#include <algorithm>
#include <utility>

namespace confab::webhooks {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds read_retry{1'000};
constexpr int steps_per_turn = 8;
constexpr std::size_t events_per_step = 16;

}  // namespace

bool engine::wants(event_set some) const noexcept {
  return std::ranges::any_of(hooks_, [&](const auto& one) { return (one.second.events & some) != 0; });
}

// --- whom to notify ----------------------------------------------------------------------------

std::optional<activity_question> engine::take_question() {
  if (!push_) return std::nullopt;
  return push_->take_question();
}

void engine::answer(std::uint64_t ticket, const std::vector<bool>& active) {
  if (push_) push_->answer(ticket, active);
}

/// Nothing of it is kept while nobody wants it. `did`: somebody did before.
void engine::begin_or_end_push(bool did) {
  if (push_ && wants(push_events) != did) push_->begin(head_);
}

/// Who did not want it before is told of what comes from now on.
void engine::begin_push(worked_hook& of, event_set before) {
  if (!push_ || (of.events & push_events) == 0 || (before & push_events) != 0) return;
  for (unsigned i = 0; i < partitions; ++i) {
    auto& part = of.pushes[i];
    partition moved;
    moved.cursor = push_->store().last()[i];
    moved.in_flight = moved.was_moved = part.in_flight;
    part = moved;
  }
  of.moved = true;
}

void engine::send_push(const moment& now, std::vector<request>& into) {
  if (!push_ || !wants(push_events)) return;
  for (int i = 0; i < steps_per_turn && push_->step(now, head_); ++i) continue;
  for (auto& [id, one] : hooks_) {
    if ((one.events & push_events) == 0) continue;
    for (unsigned i = 0; i < partitions; ++i)
      if (is_ready(one, one.pushes[i], push_->store().last()[i], now.steady))
        step_push(one, i, now, into);
  }
}

/// What is late is left out, however often it was tried.
void engine::step_push(worked_hook& of, unsigned number, const moment& now,
                       std::vector<request>& into) {
  auto& part = of.pushes[number];
  const auto events = push_->store().behind(number, part.cursor, events_per_step);
  if (!events) {
    read_again_at_ = now.steady + read_retry;
    return;
  }
  const auto go_past = [&](std::uint64_t id) {
    part.cursor = id;
    part.upto = 0;
    part.tried = {};
    of.moved = true;
  };
  if (events->empty()) return go_past(push_->store().last()[number]);
  for (const auto& one : *events) {
    const bool wanted = (of.events & set_of(one.kind)) != 0 && of.rooms.has(one.room);
    if (wanted && !push_->is_late(one, now.day)) {
      auto body = push_->body_of(one, of.what.how.thin);
      if (!body) {
        read_again_at_ = now.steady + read_retry;
        return;
      }
      if (!body->empty()) {
        sent what{of.what.id, of.generation, number, {}, {}, {}, 0, true, false};
        what.id = push_id(of.what.id, one, store_->log());
        part.upto = one.id;
        part.in_flight = true;
        return into.push_back(pack(of, std::move(what), *std::move(body), now.day));
      }
    }
    go_past(one.id);
  }
}

void engine::tidy_push(const moment& now) {
  if (!push_ || !wants(push_events)) return;
  auto told = push_->store().last();
  for (const auto& [id, one] : hooks_)
    if ((one.events & push_events) != 0)
      for (unsigned i = 0; i < partitions; ++i) told[i] = std::min(told[i], one.pushes[i].cursor);
  push_->tidy(now, told);
}

void engine::wait_for_push(const moment& now, time_point& until) const {
  if (const auto due = presence_.deadline()) until = std::min(until, std::max(now.steady, *due));
  for (const auto& [id, one] : hooks_) {
    const bool waits = !one.presence.empty() && !one.presence_under_way;
    if (waits && one.what.paused == pause::none) until = now.steady;
  }
  if (!push_ || !wants(push_events)) return;
  until = std::min(until, now.steady + push_->wait(now, head_));
  for (const auto& [id, one] : hooks_) {
    if (one.what.paused != pause::none || (one.events & push_events) == 0) continue;
    for (unsigned i = 0; i < partitions; ++i) {
      const auto& part = one.pushes[i];
      if (is_ready(one, part, push_->store().last()[i], now.steady))
        until = std::min(until, std::max(now.steady, read_again_at_));
      if (part.upto > 0 && !part.in_flight) until = std::min(until, part.next_at);
    }
  }
}

// --- who comes and goes ------------------------------------------------------------------------

void engine::note_presence(const user_id& user, bool online, const moment& now) {
  if (!presence_.note(user, online, now)) lose_presence();
}

void engine::lose_presence() {
  for (auto& [id, one] : hooks_) lose_presence(one);
}

/// What its receiver believes is void then.
void engine::lose_presence(worked_hook& of) {
  of.presence.clear();
  if ((of.events & set_of(event_kind::presence_reset)) != 0) of.presence.emplace_back();
  if (!std::exchange(told_loss_, true)) how_.presence_lost();
}

void engine::send_presence(const moment& now, std::vector<request>& into) {
  for (const auto& change : presence_.take(now))
    for (auto& [id, one] : hooks_) {
      if ((one.events & set_of(change.kind)) == 0 || one.what.paused != pause::none) continue;
      one.presence.push_back(change);
      if (one.presence.size() > presence_changes_max) lose_presence(one);
    }
  for (auto& [id, one] : hooks_) {
    if (one.what.paused != pause::none) one.presence.clear();
    if (one.presence.empty() || one.presence_under_way) continue;
    const auto count = std::min<std::size_t>(one.presence.size(), one.what.how.batch);
    std::vector<std::pair<std::string, presence_change>> told;
    for (std::size_t i = 0; i < count; ++i) {
      auto change = std::move(one.presence.front());
      one.presence.pop_front();
      if (change.at.value() == 0) change.at = now.day;
      told.emplace_back(id_of(id, change.kind, how_.random()), std::move(change));
    }
    sent what{id, one.generation, 0, {}, {}, {}, 0, false, true};
    const bool many = one.what.how.batch > 1;
    what.id = many ? batch_id(id, how_.random(), how_.random()) : told.front().first;
    one.presence_under_way = true;
    into.push_back(pack(one, std::move(what), presence_body(told, how_.node, many), now.day));
  }
}

}  // namespace confab::webhooks
