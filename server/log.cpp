#include "server/log.hpp"

#include "server/line_queue.hpp"

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <memory>
#include <mutex>
#include <ostream>

namespace confab::server::log {
namespace {

/// Where lines go: the queue before stderr, or a test's stream.
struct target {
  format as = format::text;
  std::shared_ptr<line_queue> queue;
  std::ostream* stream = nullptr;
  std::mutex writes_stream;
};

std::atomic<level> least{level::info};

/// 2025-11-22T14:35:00.123Z: the date is worked out once a second, since many lines may fall into it.
std::string now_text() {
  using namespace std::chrono;
  thread_local sys_seconds second{};
  thread_local char text[32]{};
  constexpr std::size_t millis_at = 20;
  const auto now = floor<milliseconds>(system_clock::now());
  if (const auto current = floor<seconds>(now); text[0] == 0 || current != second) {
    second = current;
    const auto day = floor<days>(now);
    const year_month_day date{day};
    const hh_mm_ss time{current - day};
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.000Z",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                  static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
  }
  auto millis = (now - second).count();
  for (std::size_t i = 3; i-- > 0; millis /= 10)
    text[millis_at + i] = static_cast<char>('0' + millis % 10);
  return text;
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
  if (as == format::json)
    out.append("{\"at\":\"")
        .append(now_text())
        .append("\",\"level\":\"")
        .append(name(at))
        .append("\",\"event\":\"")
        .append(event)
        .append("\"");
  else
    out.append(now_text()).append(" ").append(name(at)).append(" ").append(event);
  return out;
}

std::string ended(format as, std::string line) {
  line += as == format::json ? "}\n" : "\n";
  return line;
}

std::string dropped_line(format as, std::uint64_t count) {
  auto out = begin(as, level::warn, "log-lines-dropped");
  append_key(out, as, "count");
  append(out, as, value{count});
  return ended(as, std::move(out));
}

/// Never destroyed: threads that outlive `main` may still have something to say.
std::unique_ptr<target>& current() {
  static auto& it = *new std::unique_ptr<target>;
  return it;
}

void replace(options how, std::ostream* stream) {
  auto fresh = std::make_unique<target>();
  fresh->as = how.as;
  fresh->stream = stream;
  if (!stream)
    fresh->queue =
        line_queue::open(STDERR_FILENO, how.queue_bytes_max,
                         [as = how.as](std::uint64_t count) { return dropped_line(as, count); });
  if (current() && current()->queue) current()->queue->close();
  current() = std::move(fresh);
  least = how.least;
}

target& opened() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (!current()) replace({}, nullptr);
  });
  return *current();
}

void emit(target& to, std::string line) {
  line = ended(to.as, std::move(line));
  if (to.queue) return to.queue->push(line);
  const std::lock_guard lock(to.writes_stream);
  *to.stream << line << std::flush;
}

}  // namespace

void open(options how) { replace(how, nullptr); }
void open(options how, std::ostream& out) { replace(how, &out); }

void set_level(level at) noexcept { least = at; }
bool enabled(level at) noexcept { return at >= least && at != level::off; }

std::string_view name(level of) noexcept {
  switch (of) {
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

bool flush(std::chrono::milliseconds wait) {
  const auto& queue = opened().queue;
  return !queue || queue->flush(wait);
}

std::uint64_t dropped() noexcept {
  const auto& queue = opened().queue;
  return queue ? queue->dropped() : 0;
}

std::string quoted(std::string_view text) {
  std::string out;
  append(out, format::text, text);
  return out;
}

namespace detail {

void write(level at, std::string_view event, std::string_view format,
           std::span<const value> values) {
  auto& to = opened();
  auto out = begin(to.as, at, event);
  for (const auto& what : values) {
    const auto equals = format.find('=');
    append_key(out, to.as, format.substr(0, equals));
    append(out, to.as, what);
    format.remove_prefix(std::min(format.size(), equals + 4));  // "={} "
  }
  emit(to, std::move(out));
}

void write(level at, std::string_view event, std::span<const field> fields) {
  if (!enabled(at)) return;
  auto& to = opened();
  auto out = begin(to.as, at, event);
  for (const auto& [key, text] : fields) {
    append_key(out, to.as, key);
    append(out, to.as, std::string_view{text});
  }
  emit(to, std::move(out));
}

}  // namespace detail
}  // namespace confab::server::log
