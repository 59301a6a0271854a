#include "load/live.hpp"

#include "load/text.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>

namespace confab::load {
namespace {

constexpr std::size_t plain_interval_s = 5;
constexpr std::size_t bar_width = 24;

std::string count_rate(double per_second) { return text_of(per_second, unit::per_second); }
std::string count_rate(std::uint64_t per_second) {
  return count_rate(static_cast<double>(per_second));
}
std::string duration(std::uint64_t us) {
  return us == 0 ? "-" : duration_text(static_cast<double>(us));
}

/// `1:05`
std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(0.0, seconds));
  const auto rest = std::to_string(whole % 60);
  return std::to_string(whole / 60) + (rest.size() == 1 ? ":0" : ":") + rest;
}

std::string bar(double share, const terminal_style& style) {
  const auto full = static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * bar_width));
  std::string out;
  for (std::size_t i = 0; i < bar_width; ++i)
    out += i < full ? (style.utf8 ? "\u2588" : "#") : (style.utf8 ? "\u2591" : "-");
  return out;
}

std::string head(const progress& of, const terminal_style& style) {
  auto out = printable(of.title) + "  " + clock_text(of.elapsed_s);
  if (of.planned_s > 0)
    out +=
        " of " + clock_text(of.planned_s) + "  [" + bar(of.elapsed_s / of.planned_s, style) + ']';
  return out + "  " + of.phase;
}

std::string costs(const sample& of) {
  std::string out = "cpu       ";
  if (of.server_cpu_cores) out += left("server " + rounded(*of.server_cpu_cores), 18);
  if (of.server_memory_bytes) out += left("memory " + size_text(*of.server_memory_bytes), 22);
  out += left("tool " + rounded(of.own_cpu_cores), 14);
  return out + "lag " + duration(of.schedule_lag_max_us);
}

}  // namespace

std::vector<std::string> live_lines(const progress& of, const terminal_style& style) {
  const auto& second = of.second;
  const auto troubles = "errors    " + left(grouped(of.errors), 18) +
                        left("closed " + grouped(of.closes), 22) + "violations " +
                        grouped(of.violations);
  std::vector<std::string> out{
      head(of, style),
      "users     " + left(grouped(second.users_online) + " of " + grouped(of.users), 18) +
          left("connecting " + count_rate(second.connects), 22) + "bytes in " +
          size_text(second.bytes_in) + "/s",
      "rates     " + left("sent " + count_rate(second.sends), 18) +
          left("acknowledged " + count_rate(second.acks), 22) + "delivered " +
          count_rate(second.deliveries),
      "latency   " + left("p50 " + duration(second.p50_us), 18) +
          left("p99 " + duration(second.p99_us), 22) + "max " + duration(second.max_us),
      troubles,
      costs(second),
  };
  // Cut before painting: codes take no room. A line that wraps would spoil the redrawing.
  for (auto& line : out) line = cut(line, style.columns);
  out[0] = painted(out[0], colour::bold, style);
  if (of.violations > 0)
    out[4] = painted(out[4], colour::red, style);
  else if (of.errors + of.closes > 0)
    out[4] = painted(out[4], colour::yellow, style);
  return out;
}

std::string live_line(const progress& of, const std::vector<sample>& seconds) {
  double sends = 0, deliveries = 0;
  std::uint64_t p50_us = 0, p99_us = 0, max_us = 0;
  for (const auto& each : seconds) {
    sends += static_cast<double>(each.sends);
    deliveries += static_cast<double>(each.deliveries);
    p50_us = std::max(p50_us, each.p50_us);
    p99_us = std::max(p99_us, each.p99_us);
    max_us = std::max(max_us, each.max_us);
  }
  const auto count = static_cast<double>(std::max<std::size_t>(1, seconds.size()));
  return clock_text(of.elapsed_s) + ' ' + of.phase + ": users " + grouped(of.second.users_online) +
         " of " + grouped(of.users) + ", sent " + count_rate(sends / count) + ", delivered " +
         count_rate(deliveries / count) + ", p50 " + duration(p50_us) + ", p99 " +
         duration(p99_us) + ", max " + duration(max_us) + ", errors " + grouped(of.errors) +
         ", violations " + grouped(of.violations);
}

void live_display::show(const progress& of, const terminal_style& style) {
  if (!style.is_terminal) {
    seconds_.push_back(of.second);
    if (seconds_.size() < plain_interval_s) return;
    out_ << live_line(of, seconds_) << std::endl;
    seconds_.clear();
    return;
  }
  clear();
  const auto lines = live_lines(of, style);
  for (const auto& line : lines) out_ << line << '\n';
  out_.flush();
  lines_ = lines.size();
}

void live_display::clear() {
  // CSI F: to the beginning of the line so many up; CSI J: all below away (ECMA-48).
  if (lines_ > 0) out_ << "\x1b[" << lines_ << "F\x1b[J" << std::flush;
  lines_ = 0;
}

}  // namespace confab::load
