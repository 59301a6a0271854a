#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace confab::load {

/// What the output may make use of.
struct terminal_style {
  bool is_terminal = false;  // else a file or a pipe
  bool colours = false;
  bool utf8 = false;
  std::size_t columns = 80;
};

/// The process's environment in production, a map in tests. Unset and empty are the same.
using environment = std::function<const char*(const char* variable)>;

/// Colours only on a terminal that is not dumb, and without NO_COLOR (https://no-color.org).
terminal_style style_of(bool is_terminal, std::size_t columns, const environment& env);

/// The same, asking the system about the file descriptor `fd`.
terminal_style style_of(int fd);

enum class colour : std::uint8_t { none, bold, dim, red, green, yellow };

std::string painted(std::string_view text, colour in, const terminal_style& style);

/// In characters, of valid UTF-8.
std::size_t width_of(std::string_view text);
/// Padded with spaces to `columns` characters; longer ones stay as they are.
std::string left(std::string_view text, std::size_t columns);
std::string right(std::string_view text, std::size_t columns);
/// The first `columns` characters.
std::string cut(std::string_view text, std::size_t columns);
/// Safe to print: what comes from outside must not move the cursor.
std::string printable(std::string_view text);

}  // namespace confab::load
