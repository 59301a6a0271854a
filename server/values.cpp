#include "server/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace confab::server {
namespace {

using std::chrono::milliseconds;

struct unit_row {
  std::string_view name;
  std::uint64_t factor;
};
// Smallest first: printing takes the last one that divides.
constexpr std::array time_units{unit_row{"ms", 1}, unit_row{"s", 1000}, unit_row{"m", 60'000},
                                unit_row{"h", 3'600'000}, unit_row{"d", 86'400'000}};
constexpr std::array byte_units{unit_row{"B", 1}, unit_row{"KiB", 1024},
                                unit_row{"MiB", 1024 * 1024}, unit_row{"GiB", 1024 * 1024 * 1024}};

template <std::size_t N>
std::optional<std::uint64_t> with_unit(std::string_view text, const std::array<unit_row, N>& units,
                                       bool unit_required) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = read_number(text.substr(0, digits));
  auto unit = text.substr(digits);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (!number) return std::nullopt;
  if (unit.empty()) return unit_required && *number != 0 ? std::nullopt : number;
  for (const auto& it : units)
    if (it.name == unit) {
      if (*number > UINT64_MAX / it.factor) return std::nullopt;
      return *number * it.factor;
    }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<milliseconds> read_time(std::string_view text) {
  const auto count = with_unit(text, time_units, true);
  if (!count || *count > static_cast<std::uint64_t>(milliseconds::max().count()))
    return std::nullopt;
  return milliseconds{*count};
}

std::optional<std::uint64_t> read_bytes(std::string_view text) {
  return with_unit(text, byte_units, false);
}

std::optional<bool> read_yes_no(std::string_view text) {
  for (const auto* yes : {"true", "yes", "on", "1"})
    if (text == yes) return true;
  for (const auto* no : {"false", "no", "off", "0"})
    if (text == no) return false;
  return std::nullopt;
}

std::string time_text(milliseconds time) {
  auto count = static_cast<std::uint64_t>(time.count());
  if (count == 0) return "0s";
  // A day is clearer as 24h than 24h is as 1d.
  for (auto it = time_units.rbegin() + 1; it != time_units.rend(); ++it)
    if (count % it->factor == 0) return std::to_string(count / it->factor) + std::string{it->name};
  return {};
}

std::string bytes_text(std::uint64_t count) {
  for (auto it = byte_units.rbegin(); count != 0 && it->factor > 1; ++it)
    if (count % it->factor == 0) return std::to_string(count / it->factor) + std::string{it->name};
  return std::to_string(count);
}

}  // namespace confab::server
