#include "server/config_file.hpp"

#include <algorithm>
#include <optional>

namespace confab::server {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

class reader {
 public:
  explicit reader(std::string_view text) : rest_(text) {}

  file_contents run() {
    file_contents out;
    while (true) {
      skip_blank_lines();
      if (rest_.empty()) return out;
      const auto line = line_;
      auto entry = read_entry();
      if (!entry) {
        out.mistakes.push_back({mistake_line_, mistake_});
        skip_line();
        continue;
      }
      entry->line = line;
      const auto same = std::find_if(out.entries.begin(), out.entries.end(),
                                     [&](const file_entry& it) { return it.key == entry->key; });
      if (same != out.entries.end())
        out.mistakes.push_back(
            {line, entry->key + ": stands already in line " + std::to_string(same->line)});
      else
        out.entries.push_back(std::move(*entry));
    }
  }

 private:
  std::optional<file_entry> read_entry() {
    if (rest_.front() == '[') return fail("tables are not used here: write key = value");
    file_entry entry;
    while (!rest_.empty() && is_word(rest_.front())) entry.key += take();
    if (entry.key.empty()) return fail("expected key = value");
    skip_spaces();
    if (!next_is('=')) return fail("expected = after " + entry.key);
    skip_spaces();
    if (next_is('[')) {
      if (!read_array(entry.values)) return std::nullopt;
    } else if (auto value = read_value()) {
      entry.values.push_back(std::move(*value));
    } else {
      return std::nullopt;
    }
    skip_spaces();
    if (!rest_.empty() && rest_.front() != '\n' && rest_.front() != '#')
      return fail("expected the end of the line after the value of " + entry.key);
    skip_line();
    return entry;
  }

  bool read_array(std::vector<std::string>& into) {
    while (true) {
      skip_blank_lines();
      if (next_is(']')) return true;
      auto value = read_value();
      if (!value) return false;
      into.push_back(std::move(*value));
      skip_blank_lines();
      if (next_is(',')) continue;
      if (next_is(']')) return true;
      fail("expected , or ] in the array");
      return false;
    }
  }

  std::optional<std::string> read_value() {
    if (rest_.empty() || rest_.front() == '\n' || rest_.front() == '#') {
      fail("expected a value");
      return std::nullopt;
    }
    if (rest_.starts_with("\"\"\"") || rest_.starts_with("'''")) {
      fail("strings of several lines are not used here");
      return std::nullopt;
    }
    if (next_is('\'')) return read_string('\'');
    if (next_is('"')) return read_string('"');
    std::string bare;
    while (!rest_.empty() && (is_word(rest_.front()) || rest_.front() == '+')) bare += take();
    if (bare == "true" || bare == "false") return bare;
    const auto digits = bare.find_first_not_of("+-") == std::string::npos
                            ? std::string_view{}
                            : std::string_view{bare}.substr(bare[0] == '-' || bare[0] == '+');
    const bool is_integer = !digits.empty() && digits.front() != '_' && digits.back() != '_' &&
                            digits.find_first_not_of("0123456789_") == std::string_view::npos;
    if (!is_integer) {
      fail("expected \"text\", a whole number, true, false or [ ]: text stands in quotes");
      return std::nullopt;
    }
    std::erase(bare, '_');
    return bare;
  }

  std::optional<std::string> read_string(char quote) {
    std::string out;
    while (!rest_.empty() && rest_.front() != '\n') {
      const char c = take();
      if (c == quote) return out;
      if (c != '\\' || quote == '\'') {
        out += c;
        continue;
      }
      const char escaped = rest_.empty() ? '\0' : take();
      if (escaped == '"' || escaped == '\\') {
        out += escaped;
      } else if (escaped == 't') {
        out += '\t';
      } else if (escaped == 'n') {
        out += '\n';
      } else {
        fail("unknown escape in the string; '…' takes everything as it is");
        return std::nullopt;
      }
    }
    fail("the string does not end");
    return std::nullopt;
  }

  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  bool next_is(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (!rest_.empty() &&
           (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r'))
      take();
  }
  void skip_line() {
    const auto end = rest_.find('\n');
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++line_;
  }
  void skip_blank_lines() {
    while (true) {
      skip_spaces();
      if (rest_.empty() || (rest_.front() != '\n' && rest_.front() != '#')) return;
      skip_line();
    }
  }
  std::nullopt_t fail(std::string message) {
    mistake_ = std::move(message);
    mistake_line_ = line_;
    return std::nullopt;
  }

  std::string_view rest_;
  std::size_t line_ = 1;
  std::string mistake_;
  std::size_t mistake_line_ = 0;
};

}  // namespace

file_contents read_config_file(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return reader{text}.run();
}

}  // namespace confab::server
