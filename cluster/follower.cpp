#include "cluster/follower.hpp"

#include "protocol/siphash.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace confab::cluster {
namespace {

std::uint64_t digest_of(std::string_view bytes) { return siphash64({1, 2}, bytes); }

}  // namespace

const follower::place* follower::past(log_position position) const {
  if (position > applied_ || applied_ - position >= past_.size()) return nullptr;
  return &past_[past_.size() - 1 - (applied_ - position)];
}

/// What this process applied itself and has forgotten is taken on trust; what it can't have written
/// is not.
bool follower::may_be(log_position position, std::string_view bytes) const {
  const auto* known = past(position);
  if (!known) return position > began_at_;
  return known->digest ? *known->digest == digest_of(bytes) : position > began_at_;
}

follower::taken follower::take(log_message message, clock now) {
  heard_at_ = now;
  return keep(std::move(message));
}

follower::taken follower::keep(log_message message) {
  knows(message.position);
  if (message.position <= applied_) {
    const auto* known = past(message.position);
    const bool other = known && known->digest && *known->digest != digest_of(message.bytes);
    return other ? taken::rewritten : taken::well;
  }
  const auto at = waiting_.find(message.position);
  if (at != waiting_.end())
    return at->second.bytes == message.bytes ? taken::well : taken::rewritten;
  if (waiting_.size() >= how_.messages_max) {
    // What is needed first displaces what is needed last.
    const auto last = std::prev(waiting_.end());
    if (last->first < message.position) return taken::well;
    waiting_.erase(last);
  }
  const auto position = message.position;
  waiting_.emplace(position, std::move(message));
  return taken::well;
}

follower::taken follower::take(fetched_messages answer, clock now) {
  asked_at_.reset();
  heard_at_ = now;
  knows(answer.last);
  if (!first_end_) first_end_ = answer.last;
  for (auto& one : answer.messages)
    if (keep(std::move(one)) == taken::rewritten) return taken::rewritten;
  return first_missing() < answer.first ? taken::trimmed : taken::well;
}

log_position follower::first_missing() const {
  auto next = applied_ + 1;
  for (auto at = waiting_.begin(); at != waiting_.end() && at->first == next; ++at) ++next;
  return next;
}

std::optional<follower::wanted> follower::next_fetch(clock now) {
  if (asked_at_ && now - *asked_at_ < how_.fetch_wait) return std::nullopt;
  const auto from = first_missing();
  const bool hole = from <= known_end_;
  if (!hole && first_end_ && now - heard_at_ < how_.silence) return std::nullopt;
  asked_at_ = now;
  const auto behind = waiting_.lower_bound(from);
  const auto gap = behind == waiting_.end() ? how_.fetch_count : behind->first - from;
  return wanted{from, std::min<std::size_t>(gap, how_.fetch_count)};
}

std::vector<log_message> follower::ready(std::size_t count) const {
  std::vector<log_message> found;
  auto next = applied_ + 1;
  for (auto at = waiting_.begin();
       at != waiting_.end() && at->first == next && found.size() < count; ++at, ++next)
    found.push_back(at->second);
  return found;
}

void follower::applied(log_position position, std::uint64_t chain, std::string_view bytes) {
  applied_ = position;
  past_.push_back({chain, digest_of(bytes)});
  if (past_.size() > remembered_max) past_.pop_front();
  waiting_.erase(waiting_.begin(), waiting_.upper_bound(position));
}

std::optional<std::uint64_t> follower::chain_at(log_position position) const {
  const auto* known = past(position);
  return known ? std::optional{known->chain} : std::nullopt;
}

}  // namespace confab::cluster
