#include "api/keys.hpp"

#include "protocol/base64url.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace confab::api {
namespace {

constexpr std::array<std::string_view, 11> scope_names{
    "none", "read", "publish", "rooms", "moderate", "users", "tokens", "export", "erase", "hooks",
    "node"};
constexpr std::size_t name_bytes_max = 32;

std::array<unsigned char, 32> digest_of(std::string_view text) noexcept {
  // Looked up once: that takes longer than the hash.
  static const auto* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::array<unsigned char, 32> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, sha256, nullptr);
  return digest;
}

std::string hex_of(const std::array<unsigned char, 32>& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const auto byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::optional<std::array<unsigned char, 32>> bytes_of_hex(std::string_view text) noexcept {
  std::array<unsigned char, 32> out{};
  if (text.size() != out.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto* const from = text.data() + 2 * i;
    if (const auto read = std::from_chars(from, from + 2, out[i], 16); read.ptr != from + 2)
      return std::nullopt;
  }
  return out;
}

/// An id, or the beginning of one and `*`.
bool fits(std::string_view pattern, std::string_view id) noexcept {
  if (pattern.ends_with('*')) return id.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == id;
}

bool fits_any(const std::vector<std::string>& patterns, std::string_view id) noexcept {
  return std::ranges::any_of(patterns, [&](const auto& each) { return fits(each, id); });
}

std::vector<std::string> split(std::string_view text, std::string_view by) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(by), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// The first moment of a day, in UTC.
std::optional<unix_ms> read_date(std::string_view text) {
  constexpr std::size_t bytes = 10;  // 2027-01-31
  if (text.size() != bytes || text[4] != '-' || text[7] != '-') return std::nullopt;
  int year = 0;
  unsigned month = 0, day = 0;
  const auto read = [&](std::size_t at, std::size_t count, auto& into) {
    const auto* const from = text.data() + at;
    return std::from_chars(from, from + count, into).ptr == from + count;
  };
  if (!read(0, 4, year) || !read(5, 2, month) || !read(8, 2, day)) return std::nullopt;
  const auto date = std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day};
  if (!date.ok()) return std::nullopt;
  const auto since = std::chrono::sys_days{date}.time_since_epoch();
  return unix_ms{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

/// A user's id, @server, or the beginning of one and `*`.
bool is_author_pattern(std::string_view text) noexcept {
  constexpr std::string_view server = "@server";
  const bool many = text.ends_with('*');
  if (many) text.remove_suffix(1);
  return is_valid_user_id(text) || (many ? server.starts_with(text) : text == server);
}

using mistake = std::optional<std::string>;

mistake read_restriction(std::string_view word, api_key& into,
                         const std::function<bool(std::string_view)>& is_net) {
  const auto equals = word.find('=');
  const auto what = word.substr(0, equals);
  const auto value = equals == word.npos ? std::string_view{} : word.substr(equals + 1);
  auto list = split(value, ",");
  if (list.empty()) return std::string{what} + ": needs a value";
  if (what == "rooms") {
    for (const auto& each : list)
      if (!is_room_pattern(each)) return each + ": is no room's id, nor the beginning of one and *";
    into.rooms = std::move(list);
  } else if (what == "from") {
    for (const auto& each : list)
      if (!is_author_pattern(each)) return each + ": is no user's id, nor the beginning of one and *";
    into.from = std::move(list);
  } else if (what == "nets") {
    for (const auto& net : list)
      if (!is_net(net)) return net + ": is no network";
    into.nets = std::move(list);
  } else if (what == "expires") {
    into.expires = read_date(value);
    if (!into.expires) return "expires: must be a day, as 2027-01-31";
  } else {
    return std::string{what} + ": must be rooms, from, nets or expires";
  }
  return std::nullopt;
}

mistake read_line(const std::vector<std::string>& words, api_key& into,
                  const std::function<bool(std::string_view)>& is_net) {
  constexpr std::string_view algorithm = "sha256:";
  constexpr std::size_t least = 3;
  if (words.size() < least) return "must be: name sha256:… scopes";
  if (!is_key_name(words[0])) return "the name must be 1..32 of a-z, 0-9 and -";
  into.name = words[0];
  const auto digest = words[1].starts_with(algorithm)
                          ? bytes_of_hex(std::string_view{words[1]}.substr(algorithm.size()))
                          : std::nullopt;
  if (!digest) return "the digest must be sha256: and 64 hexadecimal digits";
  into.digest = *digest;
  const auto scopes = read_scopes(words[2]);
  if (!scopes) return "the scopes must be * or some of read, publish, rooms, moderate, users, "
                      "tokens, export, erase, hooks, node, with commas between";
  into.scopes = *scopes;
  for (std::size_t i = least; i < words.size(); ++i)
    if (auto wrong = read_restriction(words[i], into, is_net)) return wrong;
  return std::nullopt;
}

}  // namespace

std::string_view name(scope of) noexcept {
  return of == scope::any ? "any" : scope_names[static_cast<std::size_t>(of)];
}

std::optional<scope> scope_named(std::string_view text) noexcept {
  const auto at = std::ranges::find(scope_names, text);
  if (at == scope_names.end() || at == scope_names.begin()) return std::nullopt;
  return static_cast<scope>(at - scope_names.begin());
}

bool is_key_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::optional<std::uint32_t> read_scopes(std::string_view text) noexcept {
  api_key out;
  if (text == "*") {
    for (std::size_t i = 1; i < scope_names.size(); ++i) out.allow(static_cast<scope>(i));
    return out.scopes;
  }
  for (const auto& word : split(text, ",")) {
    const auto one = scope_named(word);
    if (!one) return std::nullopt;
    out.allow(*one);
  }
  if (out.scopes == 0) return std::nullopt;
  return out.scopes;
}

bool api_key::sees(const room_id& room) const noexcept {
  if (!is_direct(room)) return rooms.empty() || fits_any(rooms, room.view());
  return std::ranges::any_of(rooms, [&](const std::string& each) {
    return each.starts_with(direct_room_prefix) && fits(each, room.view());
  });
}

bool api_key::sees_all() const noexcept {
  return rooms.empty() || std::ranges::find(rooms, "*") != rooms.end();
}

bool api_key::speaks_for(const user_id& user) const noexcept {
  return from.empty() || fits_any(from, user.view());
}

std::variant<key_ring, std::vector<std::string>> key_ring::read(
    std::string_view text, const std::function<bool(std::string_view)>& is_net) {
  key_ring ring;
  std::vector<std::string> mistakes;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const auto words = split(line, " \t\r");
    if (words.empty()) continue;
    api_key key;
    auto wrong = read_line(words, key, is_net);
    if (!wrong && std::ranges::find(ring.keys_, key.digest, &api_key::digest) != ring.keys_.end())
      wrong = "the digest stands on an earlier line";
    if (wrong)
      mistakes.push_back("line " + std::to_string(number) + ": " + *wrong);
    else
      ring.keys_.push_back(std::move(key));
  }
  if (!mistakes.empty()) return mistakes;
  return ring;
}

const api_key* key_ring::find(std::string_view key) const noexcept {
  if (!key.starts_with(key_prefix)) return nullptr;
  const auto given = digest_of(key);
  const api_key* found = nullptr;
  for (const auto& each : keys_)
    if (CRYPTO_memcmp(each.digest.data(), given.data(), given.size()) == 0) found = &each;
  // The name within the key is for people; who writes another one has another digest.
  return found;
}

bool is_room_pattern(std::string_view text) noexcept {
  if (text.ends_with('*')) text.remove_suffix(1);
  return text.empty() || is_valid_id(text);
}

made_key make_key(std::string_view name, std::string_view scopes,
                  const std::array<unsigned char, 32>& random) {
  const std::string secret =
      base64url_encoded({reinterpret_cast<const char*>(random.data()), random.size()});
  made_key out;
  out.key = std::string{key_prefix}.append(name).append("_").append(secret);
  out.line = std::string{name}.append(" sha256:").append(hex_of(digest_of(out.key)));
  out.line.append(" ").append(scopes);
  return out;
}

}  // namespace confab::api
