#pragma once

#include "load/report.hpp"
#include "load/terminal.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace confab::load {

/// What the live display is told once a second.
struct progress {
  std::string title;  // the scenario's name
  std::string phase;  // "connecting", "sending", "draining"
  double elapsed_s = 0;
  double planned_s = 0;      // 0: open end
  std::uint64_t users = 0;   // that are asked for
  sample second;             // the latest
  std::uint64_t errors = 0;  // so far, as the two below
  std::uint64_t closes = 0;
  std::uint64_t violations = 0;
};

/// A few lines for a terminal, each at most `style.columns` wide.
std::vector<std::string> live_lines(const progress& of, const terminal_style& style);

/// The same in one line, for a log. Rates are means over `seconds`, latencies the worst of them.
std::string live_line(const progress& of, const std::vector<sample>& seconds);

/// Redraws in place on a terminal; elsewhere writes a line every five seconds. Single-threaded.
class live_display {
 public:
  explicit live_display(std::ostream& out) : out_{out} {}

  void show(const progress& of, const terminal_style& style);
  /// Takes the lines away again (on a terminal), so that something else can be printed. The next
  /// `show` draws below that.
  void clear();

 private:
  std::ostream& out_;
  std::size_t lines_ = 0;  // that stand on the terminal
  std::vector<sample> seconds_;
};

}  // namespace confab::load
