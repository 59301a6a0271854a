#include "load/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace confab::load {
namespace {

constexpr std::array<std::string_view, 6> codes{"", "1", "2", "31", "32", "33"};

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

}  // namespace

terminal_style style_of(bool is_terminal, std::size_t columns, const environment& env) {
  const auto value = [&](const char* variable) {
    const char* found = env(variable);
    return std::string_view{found ? found : ""};
  };
  // The first that is set counts (POSIX: Base Definitions, 8.2).
  std::string locale;
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (locale = value(variable); !locale.empty()) break;
  std::ranges::transform(locale, locale.begin(), [](char it) {
    return it >= 'A' && it <= 'Z' ? static_cast<char>(it - 'A' + 'a') : it;
  });

  terminal_style out;
  out.is_terminal = is_terminal && value("TERM") != "dumb";
  out.colours = out.is_terminal && value("NO_COLOR").empty();
  out.utf8 = is_terminal && (locale.find("utf-8") != std::string::npos ||
                             locale.find("utf8") != std::string::npos);
  if (columns != 0) out.columns = columns;
  return out;
}

terminal_style style_of(int fd) {
  winsize size{};
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0;
  return style_of(::isatty(fd) == 1, known ? size.ws_col : 0,
                  [](const char* variable) -> const char* { return std::getenv(variable); });
}

std::string painted(std::string_view text, colour in, const terminal_style& style) {
  std::string out{text};
  if (!style.colours || in == colour::none) return out;
  return "\x1b[" + std::string{codes[static_cast<std::size_t>(in)]} + 'm' + out + "\x1b[0m";
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string left(std::string_view text, std::size_t columns) {
  const auto width = width_of(text);
  return std::string{text} + std::string(columns > width ? columns - width : 0, ' ');
}

std::string right(std::string_view text, std::size_t columns) {
  const auto width = width_of(text);
  return std::string(columns > width ? columns - width : 0, ' ') + std::string{text};
}

std::string cut(std::string_view text, std::size_t columns) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (begins_character(text[i]) && seen++ == columns) return std::string{text.substr(0, i)};
  return std::string{text};
}

std::string printable(std::string_view text) {
  std::string out{text};
  std::ranges::replace_if(
      out, [](char it) { return static_cast<unsigned char>(it) < 0x20 || it == 0x7f; }, ' ');
  return out;
}

}  // namespace confab::load
