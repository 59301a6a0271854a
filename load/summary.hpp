#pragma once

#include "load/report.hpp"
#include "load/terminal.hpp"

#include <iosfwd>
#include <string_view>

namespace confab::load {

/// The end of a run on a terminal: what was asked for and whether it was met first, then what was
/// measured.
void print_summary(const report& of, const terminal_style& style, std::ostream& out);

/// Two runs side by side, with the ratio of each figure and what got better or worse by more than
/// 5 %. `name_a` and `name_b` head the columns (the files' names).
void print_comparison(const report& a, const report& b, std::string_view name_a,
                      std::string_view name_b, const terminal_style& style, std::ostream& out);

}  // namespace confab::load
