#include "server/log.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <memory>

namespace confab::server::log {
namespace {

constexpr auto text_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %v";
// In JSON the level belongs to the object, so both are written here and not by the pattern.
constexpr auto json_pattern = "{\"at\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v}";

struct target {
  format as = format::text;
  std::shared_ptr<spdlog::logger> out;
};

spdlog::level::level_enum to_spdlog(level at) noexcept {
  switch (at) {
    case level::debug:
      return spdlog::level::debug;
    case level::info:
      return spdlog::level::info;
    case level::warn:
      return spdlog::level::warn;
    case level::error:
      return spdlog::level::err;
    case level::off:
      break;
  }
  return spdlog::level::off;
}

std::string_view name(level at) noexcept {
  switch (at) {
    case level::debug:
      return "debug";
    case level::info:
      return "info";
    case level::warn:
      return "warn";
    case level::error:
      return "error";
    case level::off:
      break;
  }
  return "off";
}

target make(options how, spdlog::sink_ptr sink) {
  auto out = std::make_shared<spdlog::logger>("confab", std::move(sink));
  out->set_level(to_spdlog(how.least));
  // A full disk or a closed stderr must not take the service down, nor print a token by accident.
  out->set_error_handler([](const std::string&) {});
  out->set_pattern(how.as == format::json ? json_pattern : text_pattern,
                   spdlog::pattern_time_type::utc);
  out->flush_on(spdlog::level::trace);
  return {how.as, std::move(out)};
}

target& current() {
  static target it = make({}, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return it;
}

/// Length of the well-formed UTF-8 sequence (RFC 3629 §4) at the front of `text`, or 0.
std::size_t sequence_bytes(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = at(0);
  if (first < 0x80) return 1;
  const std::size_t count = first >= 0xf0 && first <= 0xf4   ? 4
                            : first >= 0xe0 && first < 0xf0  ? 3
                            : first >= 0xc2 && first <= 0xdf ? 2
                                                             : 0;
  if (count == 0 || text.size() < count) return 0;
  for (std::size_t i = 1; i < count; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  const bool overlong = (first == 0xe0 && at(1) < 0xa0) || (first == 0xf0 && at(1) < 0x90);
  const bool surrogate = first == 0xed && at(1) >= 0xa0;
  const bool beyond = first == 0xf4 && at(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : count;
}

/// Escapes so that the result is one line of valid UTF-8 and, between quotes, valid JSON.
void escape(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  const auto unit = [&](unsigned char byte) {
    out += "\\u00";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  };
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const auto count = sequence_bytes(text);
    // C1 controls (U+0080..U+009F) can steer a terminal as C0 ones do.
    if (count == 2 && byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) {
      unit(static_cast<unsigned char>(text[1]));
    } else if (count > 1) {
      out += text.substr(0, count);
    } else if (byte == '"' || byte == '\\') {
      out += '\\';
      out += text.front();
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte >= 0x7f) {
      unit(byte);
    } else {
      out += text.front();
    }
    text.remove_prefix(count == 0 ? 1 : count);
  }
}

bool is_plain(std::string_view text) noexcept {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto count = sequence_bytes(text.substr(i));
    if (count == 0 || byte <= 0x20 || byte == 0x7f || byte == '"' || byte == '\\' || byte == '=')
      return false;
    if (byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;
    i += count;
  }
  return true;
}

void append(std::string& out, format as, std::string_view text) {
  if (as == format::text && is_plain(text)) {
    out += text;
    return;
  }
  out += '"';
  escape(out, text);
  out += '"';
}

void append(std::string& out, format as, const value& what) {
  std::visit(
      [&](const auto& it) {
        using type = std::decay_t<decltype(it)>;
        if constexpr (std::same_as<type, bool>) {
          out += it ? "true" : "false";
        } else if constexpr (std::is_arithmetic_v<type>) {
          char digits[32];
          const auto end = std::to_chars(std::begin(digits), std::end(digits), it);
          const std::string_view number{digits, end.ptr};
          // JSON has no infinity and no NaN.
          const bool finite = number.find_first_not_of("0123456789.e+-") == std::string_view::npos;
          if (as == format::json && !finite)
            append(out, as, number);
          else
            out += number;
        } else {
          append(out, as, std::string_view{it});
        }
      },
      what);
}

void append_key(std::string& out, format as, std::string_view key) {
  if (as == format::json) {
    out += ",\"";
    out += key;
    out += "\":";
  } else {
    out += ' ';
    out += key;
    out += '=';
  }
}

std::string begin(format as, level at, std::string_view event) {
  std::string out;
  if (as == format::json) {
    out += "\"level\":\"";
    out += name(at);
    out += "\",\"event\":\"";
    out += event;
    out += '"';
  } else {
    out += name(at);
    out += ' ';
    out += event;
  }
  return out;
}

}  // namespace

void open(options how) { current() = make(how, std::make_shared<spdlog::sinks::stderr_sink_mt>()); }

void open(options how, std::ostream& out) {
  current() = make(how, std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
}

bool enabled(level at) noexcept { return current().out->should_log(to_spdlog(at)); }

std::string quoted(std::string_view text) {
  std::string out;
  append(out, format::text, text);
  return out;
}

namespace detail {

void write(level at, std::string_view event, std::string_view format,
           std::span<const value> values) {
  const auto& to = current();
  auto out = begin(to.as, at, event);
  for (const auto& what : values) {
    const auto equals = format.find('=');
    append_key(out, to.as, format.substr(0, equals));
    append(out, to.as, what);
    format.remove_prefix(std::min(format.size(), equals + 4));  // "={} "
  }
  to.out->log(to_spdlog(at), spdlog::string_view_t{out.data(), out.size()});
}

void write(level at, std::string_view event, std::span<const field> fields) {
  if (!enabled(at)) return;
  const auto& to = current();
  auto out = begin(to.as, at, event);
  for (const auto& [key, text] : fields) {
    append_key(out, to.as, key);
    append(out, to.as, std::string_view{text});
  }
  to.out->log(to_spdlog(at), spdlog::string_view_t{out.data(), out.size()});
}

}  // namespace detail
}  // namespace confab::server::log
