#include "load/scenario.hpp"

// The packaged library throws; the headers alone can return mistakes instead.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace confab::load {
namespace {

/// As `set_key` reads it; empty: no single value.
std::string text_of(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* whole = value.as_integer()) return std::to_string(whole->get());
  if (const auto* number = value.as_floating_point()) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number->get()).ptr;
    return {digits.data(), end};
  }
  return {};
}

}  // namespace

std::variant<scenario, std::vector<mistake>> parse_scenario(std::string_view name,
                                                            std::string_view toml) {
  const auto parsed = toml::parse(toml);
  if (!parsed) {
    const auto& error = parsed.error();
    return std::vector{mistake{error.source().begin.line, std::string{error.description()}}};
  }
  scenario out;
  out.name = name;
  std::vector<mistake> mistakes;
  for (const auto& [key, value] : parsed.table()) {
    const auto text = text_of(value);
    auto wrong = text.empty() && !value.is_string()
                     ? std::string{key.str()} + " must be text or a number"
                     : set_key(out, key.str(), text);
    if (!wrong.empty()) mistakes.push_back({key.source().begin.line, std::move(wrong)});
  }
  if (mistakes.empty()) {
    if (auto wrong = impossibility(out); !wrong.empty()) mistakes.push_back({0, std::move(wrong)});
  }
  if (mistakes.empty()) return out;
  std::ranges::stable_sort(mistakes, {}, &mistake::line);  // the library's table is by key
  return mistakes;
}

}  // namespace confab::load
