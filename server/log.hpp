#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// Structured lines on stderr: time, level, a stable event id, then key=value.
///
///     log::info("room-idle-closed", "room={} age_s={}", room, age_s);
///     2025-11-22T14:35:00.123Z info room-idle-closed room=general age_s=31
///
/// The compiler checks the id's form and that every key has its value. Ids belong into a line
/// always, texts, tokens and secrets never.
///
/// Any thread; nobody waits for stderr, which may be a pipe that nobody reads: lines wait in a
/// queue with a bound, and those that have no room there are counted. Who is about to end the
/// process calls `flush`.
namespace confab::server::log {

enum class level : std::uint8_t { debug, info, warn, error, off };
enum class format : std::uint8_t { text, json };

struct options {
  level least = level::info;
  format as = format::text;
  std::size_t queue_bytes_max = 1024 * 1024;  // what waits for stderr
};

/// Sets where lines go and how; without it: stderr, info, text. Call it before threads start.
void open(options how);
/// For tests: into a stream that outlives the next `open`, at once.
void open(options how, std::ostream& out);

/// May change while lines are written.
void set_level(level least) noexcept;
bool enabled(level at) noexcept;
std::string_view name(level of) noexcept;

/// Waits until the lines so far are written; false if that takes longer.
bool flush(std::chrono::milliseconds wait);
/// Lines that had no room, in all.
std::uint64_t dropped() noexcept;

/// What a line can hold. Borrowed for the time of the call.
using value =
    std::variant<std::string_view, std::string, std::int64_t, std::uint64_t, double, bool>;

/// A key and its value where the keys are not known to the compiler (the configuration).
struct field {
  std::string_view key;
  std::string text;
};

/// `text` as it stands in a line: quoted where it has spaces, quotes, controls or `=`, or is empty;
/// bytes that are not UTF-8 are escaped.
std::string quoted(std::string_view text);

namespace detail {

void write(level at, std::string_view event, std::string_view format,
           std::span<const value> values);
void write(level at, std::string_view event, std::span<const field> fields);

template <class T>
value to_value(const T& what) {
  if constexpr (std::same_as<T, bool>) {
    return what;
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string_view{what};
  } else if constexpr (std::floating_point<T>) {
    return static_cast<double>(what);
  } else if constexpr (std::signed_integral<T>) {
    return std::int64_t{what};
  } else if constexpr (std::unsigned_integral<T>) {
    return std::uint64_t{what};
  } else if constexpr (requires { std::string_view{what.view()}; }) {
    return std::string_view{what.view()};
  } else if constexpr (requires { std::string{what.text()}; }) {  // session_name
    return std::string{what.text()};
  } else if constexpr (requires {
                         what.value();
                         what.message();
                       }) {  // std::error_code
    return std::string{what.message()};
  } else if constexpr (requires { what.value(); }) {
    return to_value(what.value());
  } else {
    return std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(what).count()};
  }
}

// Not constexpr on purpose: reaching it ends the compilation with its name in the message.
inline void an_event_id_is_lower_case_words_and_dashes() {}
inline void a_format_is_key_equals_braces_separated_by_one_space() {}
inline void a_format_has_as_many_braces_as_values() {}

consteval bool is_word(char c, char joint) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == joint;
}

}  // namespace detail

/// An event id that the compiler has looked at.
struct event {
  template <std::size_t N>
  consteval event(const char (&literal)[N]) : id{literal, N - 1} {  // NOLINT(explicit)
    if (id.empty()) detail::an_event_id_is_lower_case_words_and_dashes();
    for (char c : id)
      if (!detail::is_word(c, '-')) detail::an_event_id_is_lower_case_words_and_dashes();
  }
  std::string_view id;
};

/// `key={} other={}` with as many `{}` as `Args`.
template <class... Args>
struct keys {
  template <std::size_t N>
  consteval keys(const char (&literal)[N]) : text{literal, N - 1} {  // NOLINT(explicit)
    std::size_t count = 0;
    std::size_t at = 0;
    while (at < text.size()) {
      if (count++ > 0 && text[at++] != ' ')
        detail::a_format_is_key_equals_braces_separated_by_one_space();
      const auto from = at;
      while (at < text.size() && detail::is_word(text[at], '_')) ++at;
      if (at == from || text.substr(at, 3) != "={}")
        detail::a_format_is_key_equals_braces_separated_by_one_space();
      at += 3;
    }
    if (count != sizeof...(Args)) detail::a_format_has_as_many_braces_as_values();
  }
  std::string_view text;
};

template <class... Args>
void line(level at, event what, keys<std::type_identity_t<Args>...> format, const Args&... args) {
  if (!enabled(at)) return;
  const std::array<value, sizeof...(Args)> values{detail::to_value(args)...};
  detail::write(at, what.id, format.text, values);
}
inline void line(level at, event what) { detail::write(at, what.id, std::span<const field>{}); }
inline void line(level at, event what, const std::vector<field>& fields) {
  detail::write(at, what.id, fields);
}

// clang-format off
template <class... Args>
void debug(event what, keys<std::type_identity_t<Args>...> format, const Args&... args) { line(level::debug, what, format, args...); }
template <class... Args>
void info(event what, keys<std::type_identity_t<Args>...> format, const Args&... args) { line(level::info, what, format, args...); }
template <class... Args>
void warn(event what, keys<std::type_identity_t<Args>...> format, const Args&... args) { line(level::warn, what, format, args...); }
template <class... Args>
void error(event what, keys<std::type_identity_t<Args>...> format, const Args&... args) { line(level::error, what, format, args...); }
// clang-format on
inline void debug(event what) { line(level::debug, what); }
inline void info(event what) { line(level::info, what); }
inline void warn(event what) { line(level::warn, what); }
inline void error(event what) { line(level::error, what); }
inline void info(event what, const std::vector<field>& fields) { line(level::info, what, fields); }

}  // namespace confab::server::log
