#pragma once

#include "load/figure.hpp"
#include "load/report.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace confab::load {

enum class comparison : std::uint8_t { less, at_most, equal, at_least, more };

/// What --expect and --find-max ask for: `p99<50ms`, `lost=0`, `deliveries/s>=100k`,
/// `server.cpu<150%`, `errors<0.1%`.
struct objective {
  std::string text;  // as it was given
  load::figure figure;
  load::comparison comparison;
  double bound = 0;       // in the figure's unit (microseconds, bytes, …), or a share of 1
  bool is_share = false;  // of the figure's whole
};

/// Or what is wrong with `text`: a sentence, and the known figures where the name is not one.
std::variant<objective, std::string> parse_objective(std::string_view text);

/// A figure that was not measured does not meet any objective.
objective_outcome evaluate(const objective& what, const report& of);

}  // namespace confab::load
