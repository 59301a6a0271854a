#include "server/config_file.hpp"

#include "server/log.hpp"

// The packaged library throws; the headers alone can return mistakes instead.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <algorithm>
#include <optional>

namespace confab::server {
namespace {

std::optional<std::string> text_of(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* number = value.as_integer()) return std::to_string(number->get());
  if (const auto* yes = value.as_boolean()) return yes->get() ? "true" : "false";
  return std::nullopt;
}

/// Puts the texts of one value, or of an array's, into `into`.
void read_value(const std::string& key, const toml::node& value, std::vector<std::string>& into,
                std::vector<file_mistake>& mistakes) {
  if (auto text = text_of(value))
    into.push_back(std::move(*text));
  else
    mistakes.push_back(
        {value.source().begin.line,
         log::quoted(key) + (value.is_table()
                                 ? ": tables are not used here: write key = value"
                                 : ": must be \"text\", a whole number, true, false or an array")});
}

}  // namespace

file_contents read_config_file(std::string_view text) {
  file_contents out;
  const auto parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    out.is_toml = false;
    out.mistakes.push_back({error.source().begin.line, std::string{error.description()}});
    return out;
  }

  for (const auto& [key, value] : parsed.table()) {
    file_entry entry{std::string{key.str()}, {}, key.source().begin.line};
    const auto mistakes = out.mistakes.size();
    if (const auto* array = value.as_array())
      for (const auto& it : *array) read_value(entry.key, it, entry.values, out.mistakes);
    else
      read_value(entry.key, value, entry.values, out.mistakes);
    if (out.mistakes.size() == mistakes) out.entries.push_back(std::move(entry));
  }
  // The library's table is by key.
  const auto by_line = [](const auto& a, const auto& b) { return a.line < b.line; };
  std::stable_sort(out.entries.begin(), out.entries.end(), by_line);
  std::stable_sort(out.mistakes.begin(), out.mistakes.end(), by_line);
  return out;
}

}  // namespace confab::server
