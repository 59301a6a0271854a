#include "server/jwt_kept.hpp"

#include "server/files.hpp"
#include "server/log.hpp"

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace confab::server {
namespace {

/// Before the set in its file: this, when it was fetched, and from where.
constexpr std::string_view head = "confab-key-set 1 ";

std::string first_line(std::string_view url, unix_ms at) {
  return std::string{head} + std::to_string(at.value()) + " " + std::string{url} + "\n";
}

}  // namespace

kept_key_set::found kept_key_set::find(std::string_view url) const {
  if (file_.empty()) return {{}, "none is kept", {}};
  if (const auto exposed = exposure_of(file_, file_kind::public_key)) return {{}, *exposed, {}};
  auto text = read_file(file_);
  if (!text) return {{}, "none is kept", {}};
  std::int64_t at = 0;
  if (text->starts_with(head))
    std::from_chars(text->data() + head.size(), text->data() + text->size(), at);
  const auto line = first_line(url, unix_ms{at});
  if (!text->starts_with(line)) return {{}, "what is kept is from elsewhere", {}};
  const std::chrono::milliseconds age{now_().value() - at};
  // From the future it is where the clock was wrong, then or now.
  if (age > age_max || age < -std::chrono::minutes{1}) return {{}, "what is kept is too old", {}};
  return {text->substr(line.size()), {}, unix_ms{at}};
}

kept_key_set::outcome kept_key_set::store(std::string_view url, std::string_view text) const {
  if (file_.empty()) return outcome::stored;
  std::error_code ignored;
  if (!std::filesystem::is_directory(std::filesystem::path{file_}.parent_path(), ignored))
    return outcome::nowhere_yet;
  const auto fresh = file_ + ".new";
  std::ofstream out{fresh, std::ios::binary | std::ios::trunc};
  out << first_line(url, now_()) << text;
  out.close();
  if (out && std::rename(fresh.c_str(), file_.c_str()) == 0) return outcome::stored;
  log::warn("token-keys-not-kept", "file={}", file_);
  return outcome::failed;
}

}  // namespace confab::server
