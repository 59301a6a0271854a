#include "load/summary.hpp"

#include "load/figure.hpp"
#include "load/find_max.hpp"
#include "load/text.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <string>

namespace confab::load {
namespace {

/// Writes the parts, each under a heading and after an empty line.
class printer {
 public:
  printer(const report& of, const terminal_style& style, std::ostream& out)
      : of_{of}, style_{style}, out_{out} {}

  void all() {
    head();
    warnings();
    objectives();
    search();
    checks();
    latencies();
    rates();
    counts();
    errors();
    costs();
  }

 private:
  void heading(std::string_view text) {
    out_ << '\n' << painted(text, colour::bold, style_) << '\n';
  }

  void head() {
    const auto& run = of_.run;
    out_ << painted(printable(run.scenario), colour::bold, style_) << " on " << printable(run.url)
         << ": ";
    switch (run.ending) {
      case ending::completed:
        out_ << painted("completed", colour::green, style_) << " in ";
        break;
      case ending::interrupted:
        out_ << painted("interrupted", colour::yellow, style_) << " after ";
        break;
      case ending::failed:
        out_ << painted("failed", colour::red, style_) << " after ";
        break;
    }
    out_ << time_text(run.real_s) << '\n';
    if (!run.reason.empty()) out_ << printable(run.reason) << '\n';
    out_ << grouped(of_.totals.counters.users) << " of " << grouped(run.users) << " users";
    if (run.devices > 1) out_ << ", " << run.devices << " devices each";
    if (run.rooms > 0) out_ << ", " << grouped(run.rooms) << (run.rooms == 1 ? " room" : " rooms");
    out_ << ", seed " << run.seed << ", confab-load " << printable(run.tool_version);
    if (run.processes > 1) out_ << ", " << run.processes << " processes";
    out_ << '\n';
  }

  void warnings() {
    if (of_.warnings.empty()) return;
    out_ << '\n';
    for (const auto& each : of_.warnings)
      out_ << painted("WARNING", colour::yellow, style_) << "  " << printable(each) << '\n';
  }

  void objectives() {
    if (of_.objectives.empty()) return;
    heading("Objectives");
    for (const auto& each : of_.objectives)
      out_ << "  "
           << (each.met ? painted("met   ", colour::green, style_)
                        : painted("MISSED", colour::red, style_))
           << "  " << left(printable(each.text), 24) << "  " << printable(each.explanation) << '\n';
  }

  void search() {
    if (!of_.search) return;
    const auto& found = *of_.search;
    heading("Highest rate with " + printable(found.objective));
    for (const auto& each : found.trials) {
      out_ << "  " << right(grouped(static_cast<std::uint64_t>(each.rate)), 12) << "/s  ";
      if (each.tool_was_bottleneck)
        out_ << painted("not valid", colour::yellow, style_) << "  the tool was the bottleneck; ";
      else if (each.met)
        out_ << painted("sustained", colour::green, style_) << "  ";
      else
        out_ << painted("failed   ", colour::red, style_) << "  ";
      out_ << printable(each.explanation) << '\n';
    }
    const auto rate = grouped(static_cast<std::uint64_t>(found.highest)) + " messages/s";
    out_ << "  = "
         << painted(found.highest > 0 ? rate : "none was sustained", colour::bold, style_);
    if (was_limited_by_tool(found)) out_ << ", or more: the tool could not go further";
    out_ << '\n';
  }

  void checks() {
    const auto& checks = of_.totals.checks;
    heading("Checks");
    out_ << "  " << grouped(of_.totals.counters.deliveries) << " deliveries, "
         << grouped(checks.expected) << " expected: ";
    if (violations(checks) == 0)
      out_ << painted("none lost, duplicated, out of order, misrouted or damaged", colour::green,
                      style_);
    out_ << '\n';
    const auto line = [&](std::uint64_t count, std::string_view label) {
      if (count > 0)
        out_ << "  " << painted(right(grouped(count), 14), colour::red, style_) << "  " << label
             << '\n';
    };
    for (const auto& row : violation_rows) line(checks.*row.field, row.label);
    for (const auto& row : counter_rows)
      if (is_failing(row)) line(of_.totals.counters.*row.field, row.label);
  }

  void latencies() {
    constexpr std::array<double, 5> percents{50, 90, 99, 99.9, 99.99};
    heading(left("Latency", 16) +
            "       p50       p90       p99     p99.9    p99.99       max        count");
    for (const auto& row : latency_rows)
      latency_line(row.label, of_.totals.latencies[row.kind], percents);
    latency_line("(schedule lag)", of_.totals.schedule_lag, percents);
  }

  template <class Percents>
  void latency_line(std::string_view label, const histogram& of, const Percents& percents) {
    if (of.empty()) return;
    out_ << "  " << left(label, 16);
    for (const auto each : percents) out_ << duration(of.percentile(each));
    out_ << duration(of.max()) << right(grouped(of.count()), 13) << '\n';
  }

  static std::string duration(std::uint64_t us) {
    return right(duration_text(static_cast<double>(us)), 10);
  }

  void rates() {
    const auto& counters = of_.totals.counters;
    const auto& run = of_.run;
    heading(left("Rates", 16) + "              mean           total");
    const auto line = [&](std::string_view label, std::uint64_t sample::*field, std::uint64_t total,
                          bool bytes = false) {
      const auto in = bytes ? unit::bytes_per_second : unit::per_second;
      out_ << "  " << left(label, 16) << right(text_of(rate(of_, field), in), 16)
           << right(text_of(static_cast<double>(total), bytes ? unit::bytes : unit::count), 16)
           << '\n';
    };
    line("sent", &sample::sends, counters.sends);
    line("acknowledged", &sample::acks, counters.acks);
    line("delivered", &sample::deliveries, counters.deliveries);
    line("connections", &sample::connects, counters.connects);
    line("bytes in", &sample::bytes_in, counters.bytes_in, true);
    line("bytes out", &sample::bytes_out, counters.bytes_out, true);
    if (run.steady_to_s > run.steady_from_s)
      out_ << "  the means are of the full load, seconds " << rounded(run.steady_from_s) << " to "
           << rounded(run.steady_to_s) << '\n';
  }

  /// What the head and the table of rates do not have; of frames nobody asked.
  void counts() {
    constexpr std::array elsewhere{
        &counters::users,     &counters::connects,   &counters::sends,
        &counters::acks,      &counters::deliveries, &counters::bytes_in,
        &counters::bytes_out, &counters::frames_in,  &counters::frames_out};
    std::string line;
    for (const auto& row : counter_rows) {
      const auto count = of_.totals.counters.*row.field;
      if (count == 0 || is_failing(row) ||
          std::ranges::find(elsewhere, row.field) != elsewhere.end())
        continue;
      const auto text = grouped(count) + ' ' + std::string{row.label};
      if (line.size() + text.size() > 90) {
        out_ << "  " << line << ",\n";
        line.clear();
      }
      line += (line.empty() ? "" : ", ") + text;
    }
    if (!line.empty()) out_ << "  " << line << '\n';
  }

  void errors() {
    if (of_.totals.errors.empty() && of_.totals.closes.empty()) return;
    heading("Errors and closes");
    const auto line = [&](const std::string& what, std::uint64_t count) {
      out_ << "  " << painted(right(grouped(count), 14), colour::red, style_) << "  "
           << printable(what) << '\n';
    };
    for (const auto& [what, count] : of_.totals.errors) line(what, count);
    for (const auto& [code, count] : of_.totals.closes) line(close_text(code), count);
  }

  void costs() {
    heading("Costs");
    if (of_.server) {
      const auto& server = *of_.server;
      out_ << "  server  " << figure_text(of_, "server.cpu") << " cores (user "
           << rounded(server.cpu_user_s) << " s, system " << rounded(server.cpu_system_s) << " s), "
           << figure_text(of_, "deliveries/core") << " delivered per core\n"
           << "          memory " << size_text(server.memory_before_bytes) << " before, "
           << size_text(server.memory_peak_bytes) << " at most, "
           << size_text(server.memory_after_bytes) << " after\n";
    }
    out_ << "  tool    " << figure_text(of_, "tool.cpu") << " cores, "
         << size_text(of_.tool.rss_bytes) << '\n';
  }

  const report& of_;
  const terminal_style& style_;
  std::ostream& out_;
};

}  // namespace

void print_summary(const report& of, const terminal_style& style, std::ostream& out) {
  printer{of, style, out}.all();
}

}  // namespace confab::load
