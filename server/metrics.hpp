#pragma once

#include "server/incidents.hpp"
#include "transport/listener.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace confab::server {

/// What `/metrics` shows, read at one moment.
struct metric_sources {
  transport::counters transport;
  std::vector<incidents::count> happened;
  std::uint64_t log_lines_dropped = 0;
  bool ready = false;
  bool journal_healthy = true;
};

/// Takes the values of one metric.
class metric_values {
 public:
  metric_values(std::string& text, std::string_view name, std::string_view label)
      : text_(text), name_(name), label_(label) {}
  void add(std::uint64_t number) { add({}, std::to_string(number)); }
  void add(double number) { add({}, std::to_string(number)); }
  void add(std::string_view label, std::uint64_t number) { add(label, std::to_string(number)); }

 private:
  void add(std::string_view label, const std::string& number);
  std::string& text_;
  std::string_view name_;
  std::string_view label_;
};

/// One row of the metric table, which the page and its documentation come from.
struct metric_row {
  std::string_view name;
  std::string_view type;  // gauge or counter
  std::string_view help;
  std::string_view label;  // empty: there is one value
  std::function<void(const metric_sources& from, metric_values& to)> read;
};
const std::vector<metric_row>& metric_rows();

/// In Prometheus' text format (version 0.0.4).
std::string metrics_text(const metric_sources& from);

}  // namespace confab::server
