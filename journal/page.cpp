#include "journal/page.hpp"

#include "rooms/sequencer.hpp"

#include <algorithm>
#include <utility>

namespace confab::journal {
namespace {

/// The smallest text that is greater than `text`.
std::string successor(std::string_view text) { return std::string{text}.append(1, '\0'); }

/// Greater than every id: they begin with a letter or a digit.
const std::string beyond_ids = "\x7f";

id_range range_of(std::string_view pattern) {
  if (!pattern.ends_with('*')) return {std::string{pattern}, successor(pattern)};
  pattern.remove_suffix(1);
  std::string to{pattern};
  while (!to.empty() && static_cast<unsigned char>(to.back()) == 0xff) to.pop_back();
  if (to.empty()) return {std::string{pattern}, beyond_ids};
  to.back() = static_cast<char>(static_cast<unsigned char>(to.back()) + 1);
  return {std::string{pattern}, to};
}

}  // namespace

bool entry_page::add(log_entry entry) {
  const auto cost = cost_of(entry);
  if (entries_.size() >= count_ || (!entries_.empty() && used_ + cost > bytes_)) return false;
  used_ += cost;
  entries_.push_back(std::move(entry));
  return true;
}

message_range message_range::of(std::optional<seq_no> before, std::optional<seq_no> after,
                                seq_no head) {
  const auto end = next(head);
  return {after ? reading::forward : reading::backward, after.value_or(seq_no{}),
          before ? std::min(*before, end) : end};
}

latest_of::latest_of(std::span<const user_id> users, unix_ms since, std::size_t count)
    : since_(since) {
  if (count == 0) return;
  for (const auto& user : users) left_.emplace(user.view(), count);
}

bool latest_of::take(std::string_view from, unix_ms at) {
  ++looked_at_;
  // The clock may have been set back by up to a minute without a trace in the log.
  if (at.value() < since_.value() - rooms::clock_step_back_min.count()) left_.clear();
  const auto own = left_.find(from);
  if (own == left_.end() || at < since_) return false;
  if (--own->second == 0) left_.erase(own);
  return true;
}

std::size_t cost_of(const message::present_message& message) noexcept {
  auto cost = message.from.view().size() + message.key.size() + confab::cost_of(message.what) +
              message.where.event.size() + message.deleted_reason.size();
  for (const auto& [emoji, reaction] : message.reactions) {
    cost += emoji.size();
    for (const auto& user : reaction.users) cost += user.view().size();
  }
  return cost;
}

bool message_page_builder::add(message::present_message message) {
  const auto cost = cost_of(message);
  if (full() || (!page_.messages.empty() && used_ + cost > bytes_)) return false;
  used_ += cost;
  page_.messages.push_back(std::move(message));
  return true;
}

message_page message_page_builder::take(seq_no head) && {
  if (direction_ == reading::backward) std::reverse(page_.messages.begin(), page_.messages.end());
  page_.head = head;
  return std::move(page_);
}

std::vector<id_range> ranges_of(const room_filter& filter, const std::optional<room_id>& after) {
  std::vector<id_range> all;
  for (const auto& pattern : filter.patterns) all.push_back(range_of(pattern));
  if (filter.patterns.empty()) all.push_back({"", beyond_ids});
  std::sort(all.begin(), all.end(),
            [](const id_range& a, const id_range& b) { return a.from < b.from; });

  std::vector<id_range> merged;
  const auto start = after ? successor(after->view()) : std::string{};
  for (auto& range : all) {
    if (range.from < start) range.from = start;
    if (range.from >= range.to) continue;
    if (!merged.empty() && range.from <= merged.back().to)
      merged.back().to = std::max(merged.back().to, range.to);
    else
      merged.push_back(std::move(range));
  }
  return merged;
}

}  // namespace confab::journal
