#pragma once

#include "actors/budget.hpp"
#include "actors/counts.hpp"
#include "protocol/meter.hpp"
#include "server/hook_asker.hpp"
#include "server/incidents.hpp"
#include "transport/listener.hpp"
#include "webhooks/engine.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace confab::server {

/// What all shards' actors have done, and the journal's writer.
struct actor_totals {
  std::array<std::uint64_t, actors::no_command> commands{};
  std::array<std::array<std::uint64_t, error_rows.size()>, actors::command_types_count> errors{};
  std::uint64_t users = 0;
  std::uint64_t rooms_awake = 0;
  std::uint64_t commits_failed = 0;
  histogram_sum storing, commit_time, commit_operations;

  void add(const actors::shard_counts& shard);
  void add(const actors::writer_counts& writer);
};

/// Of the journal's files; where there are none, of nothing.
struct disk_use {
  std::uint64_t database_bytes = 0;
  std::uint64_t wal_bytes = 0;
  std::uint64_t free_bytes = 0;  // that the server may use
};
disk_use disk_use_of(const std::string& directory);

/// What `/metrics` shows, read at one moment.
struct metric_sources {
  transport::counters transport;
  actor_totals actors;
  histogram_sum turn_time;
  std::optional<disk_use> disk;
  std::optional<double> search_behind_seconds;  // none: there is no search
  std::optional<webhooks::engine_numbers> hooks;  // none: there is no API
  std::vector<hook_counts> asked;  // of each hook that there is
  unix_ms now;
  double started_at = 0;  // in seconds of the Unix epoch
  std::vector<incidents::count> happened;
  std::uint64_t log_lines_dropped = 0;
  bool ready = false;
  bool journal_healthy = true;
  bool clock_in_doubt = false;
  std::array<std::uint64_t, actors::prices_count> taken{};  // of each price
};

/// Takes the values of one metric.
class metric_values {
 public:
  metric_values(std::string& text, std::string_view name, std::string_view label,
                std::string_view second_label)
      : text_(text), name_(name), label_(label), second_label_(second_label) {}
  void add(std::uint64_t number) { add({}, std::to_string(number)); }
  void add(double number) { add({}, std::to_string(number)); }
  void add(std::string_view label, double number) { add(label, std::to_string(number)); }
  void add(std::string_view label, std::uint64_t number) { add(label, std::to_string(number)); }
  void add(std::string_view label, std::string_view second_label, std::uint64_t number);
  /// `per_unit`: how many of what was counted in make one of what is shown.
  void add(const histogram_sum& all, double per_unit);

 private:
  void add(std::string_view label, const std::string& number);
  void line(std::string_view ending, std::string_view label, std::string_view value,
            const std::string& number);
  std::string& text_;
  std::string_view name_;
  std::string_view label_, second_label_;
};

/// One row of the metric table, which the page and its documentation come from.
struct metric_row {
  std::string_view name;
  std::string_view type;  // gauge, counter or histogram
  std::string_view help;
  std::string_view label;  // empty: there is one value
  std::function<void(const metric_sources& from, metric_values& to)> read;
  std::string_view second_label = {};
};
const std::vector<metric_row>& metric_rows();

/// In Prometheus' text format (version 0.0.4).
std::string metrics_text(const metric_sources& from);

}  // namespace confab::server
