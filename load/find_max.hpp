#pragma once

#include "load/report.hpp"

#include <optional>
#include <string>

namespace confab::load {

/// The search of --find-max for the highest rate that meets an objective, without the trials:
/// doubles until one fails, then bisects. Whoever drives it runs a trial at `next_rate()` and tells
/// its outcome, until there is no next one.
class rate_search {
 public:
  /// Rates are messages sent per second by all users, at least 1. The search ends when the highest
  /// sustained and the lowest failed one differ by less than `precision`, a share of the latter.
  rate_search(std::string objective, double start_rate, double precision = 0.05);

  /// Nothing: the search is over.
  std::optional<double> next_rate() const;

  /// Of a trial at `next_rate()`. Where the tool was the bottleneck it counts as failed, met or
  /// not: it says nothing about the server.
  void finish_trial(const objective_outcome& outcome, bool tool_was_bottleneck);

  const search_result& result() const { return result_; }

 private:
  double start_rate_;
  double precision_;
  std::optional<double> lowest_failed_;
  search_result result_;
};

/// What a trial counts for. A rate is sustained only if the objective is met and everybody got by:
/// without an error, a close, a broken promise, an unanswered message or a lost user. Of a crash in
/// the middle latencies need not tell.
objective_outcome judge_trial(objective_outcome outcome, const report& of);

/// Whether the search ended at what the tool could do, not the server.
bool was_limited_by_tool(const search_result& of);

}  // namespace confab::load
