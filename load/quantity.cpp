#include "load/quantity.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace confab::load {
namespace {

struct unit_row {
  std::string_view suffix;
  double factor;
};

/// The number in front of one of `units`; an empty suffix stands for a bare number.
template <std::size_t N>
std::optional<double> read(std::string_view text, const std::array<unit_row, N>& units) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !std::isfinite(value) || value < 0) return std::nullopt;
  const auto suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& each : units)
    if (suffix == each.suffix) return value * each.factor;
  return std::nullopt;
}

std::optional<std::uint64_t> whole(std::optional<double> value) {
  if (!value || *value != std::floor(*value) || *value > 1e15) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

constexpr std::array counts{unit_row{"", 1}, unit_row{"k", 1e3}, unit_row{"M", 1e6}};

}  // namespace

std::optional<double> read_number(std::string_view text) { return read(text, counts); }
std::optional<std::uint64_t> read_count(std::string_view text) { return whole(read(text, counts)); }

std::optional<double> read_seconds(std::string_view text) {
  return read(text, std::array{unit_row{"us", 1e-6}, unit_row{"ms", 1e-3}, unit_row{"s", 1},
                               unit_row{"m", 60}, unit_row{"h", 3600}});
}

std::optional<double> read_rate(std::string_view text) {
  return read(text, std::array{unit_row{"", 1}, unit_row{"/s", 1}, unit_row{"k/s", 1e3},
                               unit_row{"k", 1e3}, unit_row{"/m", 1.0 / 60}});
}

std::optional<std::uint64_t> read_bytes(std::string_view text) {
  return whole(read(text, std::array{unit_row{"", 1}, unit_row{"B", 1}, unit_row{"KiB", 1024},
                                     unit_row{"MiB", 1024 * 1024.0}}));
}

std::optional<double> read_share(std::string_view text) {
  const auto value = read(text, std::array{unit_row{"", 1}, unit_row{"%", 0.01}});
  return value && *value <= 1 ? value : std::nullopt;
}

}  // namespace confab::load
