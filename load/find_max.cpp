#include "load/find_max.hpp"

#include "load/text.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace confab::load {
namespace {

bool is_sustained(const trial& it) { return it.met && !it.tool_was_bottleneck; }

/// Past any machine. Without an end a server that swallows everything would double for ever.
constexpr double rate_max = 1e9;

}  // namespace

rate_search::rate_search(std::string objective, double start_rate, double precision)
    : start_rate_{std::max(1.0, std::round(start_rate))}, precision_{precision} {
  result_.objective = std::move(objective);
}

std::optional<double> rate_search::next_rate() const {
  if (result_.trials.empty()) return start_rate_;
  const auto low = result_.highest;
  if (!lowest_failed_) return low < rate_max ? std::optional{2 * low} : std::nullopt;
  const auto middle = std::round((low + *lowest_failed_) / 2);
  const bool is_close = *lowest_failed_ - low <= precision_ * *lowest_failed_;
  if (is_close || middle <= low || middle >= *lowest_failed_) return std::nullopt;
  return middle;
}

void rate_search::finish_trial(const objective_outcome& outcome, bool tool_was_bottleneck) {
  const auto rate = next_rate();
  if (!rate) return;
  result_.trials.push_back({*rate, outcome.met, tool_was_bottleneck, outcome.explanation});
  if (is_sustained(result_.trials.back()))
    result_.highest = *rate;
  else
    lowest_failed_ = *rate;
}

objective_outcome judge_trial(objective_outcome outcome, const report& of) {
  auto faults = failings(of);
  const auto add = [&](std::uint64_t count, std::string_view one, std::string_view many) {
    if (count > 0) faults.push_back(grouped(count) + std::string{count == 1 ? one : many});
  };
  add(of.totals.errors_total(), " error", " errors");
  add(of.totals.closes_total(), " connection closed", " connections closed");
  if (faults.empty()) return outcome;
  outcome.explanation += outcome.met ? ", but: " : "; ";
  for (const auto& each : faults)
    outcome.explanation += (&each == faults.data() ? "" : ", ") + each;
  outcome.met = false;
  return outcome;
}

bool was_limited_by_tool(const search_result& of) {
  const trial* lowest = nullptr;
  for (const auto& each : of.trials)
    if (!is_sustained(each) && (!lowest || each.rate < lowest->rate)) lowest = &each;
  return lowest && lowest->tool_was_bottleneck;
}

}  // namespace confab::load
