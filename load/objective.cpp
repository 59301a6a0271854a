#include "load/objective.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace confab::load {
namespace {

constexpr std::array<std::pair<std::string_view, comparison>, 5> operators{{
    {"<=", comparison::at_most},
    {">=", comparison::at_least},
    {"<", comparison::less},
    {">", comparison::more},
    {"=", comparison::equal},
}};

bool holds(double a, comparison how, double b) {
  switch (how) {
    case comparison::less:
      return a < b;
    case comparison::at_most:
      return a <= b;
    case comparison::equal:
      return a == b;
    case comparison::at_least:
      return a >= b;
    case comparison::more:
      return a > b;
  }
  return false;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

struct factor {
  std::string_view suffix;
  double of;
};

/// What may stand behind the number, for a figure in that unit.
std::vector<factor> factors_of(unit in) {
  switch (in) {
    case unit::microseconds:
      return {{"us", 1}, {"ms", 1e3}, {"s", 1e6}};
    case unit::bytes:
    case unit::bytes_per_second:
      return {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    case unit::cores:
      return {{"", 1}, {"%", 0.01}};
    case unit::count:
    case unit::per_second:
      return {{"", 1}, {"k", 1e3}, {"M", 1e6}};
  }
  return {};
}

std::string known_suffixes(const figure& of) {
  std::string out;
  for (const auto& each : factors_of(of.unit))
    if (!each.suffix.empty()) out += (out.empty() ? "" : ", ") + std::string{each.suffix};
  return of.whole ? out + ", %" : out;
}

}  // namespace

std::variant<objective, std::string> parse_objective(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return "The objective \"" + std::string{text} + "\" " + why;
  };
  const auto at = text.find_first_of("<>=");
  if (at == std::string_view::npos)
    return wrong("compares nothing: write it like p99<50ms, lost=0 or deliveries/s>=100k.");
  const auto found = std::ranges::find_if(
      operators, [&](const auto& each) { return text.substr(at).starts_with(each.first); });
  const auto name = trimmed(text.substr(0, at));
  auto value = trimmed(text.substr(at + found->first.size()));

  auto figure = find_figure(name);
  if (!figure)
    return wrong("names \"" + std::string{name} + "\", which is no figure. Known are:\n" +
                 known_figures());

  objective out{std::string{text}, std::move(*figure), found->second};
  // from_chars would also read -1, nan and inf.
  const bool numeric = !value.empty() && (value[0] == '.' || (value[0] >= '0' && value[0] <= '9'));
  const auto end = value.data() + value.size();
  const auto read = numeric ? std::from_chars(value.data(), end, out.bound)
                            : std::from_chars_result{end, std::errc::invalid_argument};
  if (read.ec != std::errc{})
    return wrong("needs a number behind " + std::string{found->first} + '.');
  const auto suffix = trimmed({read.ptr, static_cast<std::size_t>(end - read.ptr)});

  const auto factors = factors_of(out.figure.unit);
  const auto factor = std::ranges::find(factors, suffix, &factor::suffix);
  if (factor != factors.end()) {
    out.bound *= factor->of;
  } else if (suffix == "%" && out.figure.whole) {
    out.bound /= 100;
    out.is_share = true;
  } else if (!suffix.empty() || out.bound != 0) {  // nothing is nothing in any unit
    return wrong(
        (suffix.empty() ? "needs a unit; " : "has \"" + std::string{suffix} + "\" for a unit; ") +
        std::string{name} + " knows " + known_suffixes(out.figure) + '.');
  }
  return out;
}

objective_outcome evaluate(const objective& what, const report& of) {
  objective_outcome out;
  out.text = what.text;
  const auto value = what.figure.measure(of);
  const auto whole = what.is_share ? what.figure.whole(of) : 0;
  if (!value || (what.is_share && whole <= 0)) {
    out.explanation = what.figure.name + " was not measured";
    return out;
  }
  out.measured = what.is_share ? *value / whole : *value;
  out.met = holds(*out.measured, what.comparison, what.bound);
  out.explanation = what.figure.name + " was " + text_of(*value, what.figure.unit);
  if (what.is_share)
    out.explanation += " of " + text_of(whole, what.figure.unit) + ", " + percent(*out.measured);
  return out;
}

}  // namespace confab::load
