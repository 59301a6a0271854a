#include "load/text.hpp"

#include "protocol/codes.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace confab::load {
namespace {

struct scale {
  double from;
  std::string_view name;
};

/// In the largest of `scales` (descending) that `value` reaches once it is rounded.
template <std::size_t Count>
std::string scaled(double value, const std::array<scale, Count>& scales) {
  const scale* at = &scales.back();
  for (const auto& each : scales)
    if (std::abs(value) >= 0.9995 * each.from) {
      at = &each;
      break;
    }
  return rounded(value / at->from) + ' ' + std::string{at->name};
}

constexpr std::array<scale, 3> durations{{{1e6, "s"}, {1e3, "ms"}, {1, "us"}}};
constexpr std::array<scale, 4> sizes{
    {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}}};

}  // namespace

std::string grouped(std::uint64_t count) {
  auto out = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > 0; at -= 3)
    out.insert(static_cast<std::size_t>(at), 1, ',');
  return out;
}

std::string rounded(double value) {
  if (!std::isfinite(value)) return "-";
  if (value < 0) return '-' + rounded(-value);
  if (value >= 999.5) {
    const auto step = std::pow(10, std::floor(std::log10(value)) - 2);
    return grouped(static_cast<std::uint64_t>(std::llround(value / step) * std::llround(step)));
  }
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.3g", value);
  return buffer.data();
}

std::string percent(double share) { return rounded(share * 100) + " %"; }

std::string close_text(std::uint16_t code) {
  // 1006 is never sent (RFC 6455 §7.1.5), so the protocol's table does not have it.
  const auto meaning = code == 1006 ? "the connection just ended" : name(close_code{code});
  auto out = "closed with " + std::to_string(code);
  if (!meaning.empty()) (out += ": ") += meaning;
  return out;
}

std::string time_text(double seconds) {
  if (seconds < 59.95) return rounded(seconds) + " s";
  const auto whole = std::llround(seconds);
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

std::string text_of(double value, unit in) {
  switch (in) {
    case unit::count:
      return value < 0 || value != std::floor(value) ? rounded(value)
                                                     : grouped(static_cast<std::uint64_t>(value));
    case unit::per_second:
      return rounded(value) + "/s";
    case unit::microseconds:
      return scaled(value, durations);
    case unit::cores:
      return rounded(value);
    case unit::bytes:
      return scaled(value, sizes);
    case unit::bytes_per_second:
      return scaled(value, sizes) + "/s";
  }
  return {};
}

std::string text_of(std::optional<double> value, unit in) {
  return value ? text_of(*value, in) : "-";
}

std::string duration_text(double us) { return text_of(us, unit::microseconds); }
std::string size_text(std::uint64_t bytes) {
  return text_of(static_cast<double>(bytes), unit::bytes);
}

}  // namespace confab::load
