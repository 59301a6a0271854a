#pragma once

#include "load/report.hpp"
#include "load/text.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace confab::load {

/// One number of a report, by the name that --expect knows it by.
struct figure {
  std::string name;
  load::unit unit;
  /// Durations in microseconds; nothing where it was not measured in that run.
  std::function<std::optional<double>(const report&)> measure;
  /// What 100 % of it is; empty where it is a share of nothing.
  std::function<double(const report&)> whole;
};

/// `p99`, `join.p99.9`, `lost`, `errors.rate_limited`, `deliveries/s`, `server.cpu`, …
std::optional<figure> find_figure(std::string_view name);

/// The value of a figure that there is, as people read it.
std::string figure_text(const report& of, std::string_view name);

/// All there are, in a few lines for an error message.
std::string known_figures();

}  // namespace confab::load
