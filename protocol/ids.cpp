#include "protocol/ids.hpp"

#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <tuple>

namespace confab {

namespace {

constexpr std::size_t id_bytes_max = 64;
constexpr std::string_view session_prefix = "s-";
constexpr int session_base = 36;

constexpr bool is_alphanumeric(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL has no SHA-256");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += digits[digest[i] >> 4];
    hex += digits[digest[i] & 15];
  }
  return hex;
}

}  // namespace

bool is_valid_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > id_bytes_max || !is_alphanumeric(text.front())) return false;
  for (char c : text)
    if (!is_alphanumeric(c) && c != '.' && c != '_' && c != ':' && c != '-') return false;
  return true;
}

std::optional<session_id> session_id::parse(std::string_view text) noexcept {
  if (!text.starts_with(session_prefix)) return std::nullopt;
  text.remove_prefix(session_prefix.size());
  // from_chars takes capitals and leading zeros too; a session has one name only.
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  for (char c : text)
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z')) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, fault] =
      std::from_chars(text.data(), text.data() + text.size(), value, session_base);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return session_id{value};
}

std::string session_id::text() const {
  std::array<char, 16> digits;  // 2^64 has 13 digits in base 36
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value(), session_base).ptr;
  std::string text{session_prefix};
  text.append(digits.data(), end);
  return text;
}

room_id direct_room_of(const user_id& one, const user_id& other) {
  const auto& [low, high] = one < other ? std::tie(one, other) : std::tie(other, one);
  const bool ambiguous = low.view().find(':') != std::string_view::npos ||
                         high.view().find(':') != std::string_view::npos;
  std::string name{direct_room_prefix};
  name.append(low.view()).append(":").append(high.view());
  if (!ambiguous && name.size() <= id_bytes_max) return room_id::trusted(std::move(name));

  // No id holds a newline, so no two pairs are hashed from the same text.
  std::string pair{low.view()};
  pair.append("\n").append(high.view());
  std::string hashed{direct_room_prefix};
  hashed += ':';
  hashed += sha256_hex(pair);
  hashed.resize(id_bytes_max);  // 240 bits of the hash
  return room_id::trusted(std::move(hashed));
}

}  // namespace confab
