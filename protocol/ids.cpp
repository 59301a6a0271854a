#include "protocol/ids.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <stdexcept>
#include <tuple>

namespace confab {

namespace {

constexpr std::size_t id_bytes_max = 64;
constexpr std::size_t user_id_bytes_max = 128;
constexpr std::string_view session_prefix = "s-";
constexpr std::string_view base32_digits = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t session_bytes = 18, session_digits = 29;

constexpr bool is_alphanumeric(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

constexpr bool is_id_character(char c) {
  return is_alphanumeric(c) || c == '.' || c == '_' || c == ':' || c == '-';
}

bool begins_with_any(std::string_view id, std::initializer_list<std::string_view> prefixes) {
  return std::ranges::any_of(prefixes, [&](auto prefix) { return id.starts_with(prefix); });
}

std::array<unsigned char, 32> sha256(std::string_view text) {
  std::array<unsigned char, 32> digest;
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL has no SHA-256");
  return digest;
}

std::string sha256_hex(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const auto byte : sha256(text)) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

/// RFC 4648 §6, lower case, unpadded.
class base32_text {
 public:
  explicit base32_text(std::string begun) : text_(std::move(begun)) {}
  void put(std::uint8_t byte) {
    held_ = held_ << 8 | byte;
    for (bits_ += 8; bits_ >= 5; held_ &= (1u << bits_) - 1)
      text_ += base32_digits[held_ >> (bits_ -= 5)];
  }
  std::string finish() && {
    if (bits_ > 0) text_ += base32_digits[held_ << (5 - bits_)];
    return std::move(text_);
  }

 private:
  std::string text_;
  unsigned held_ = 0, bits_ = 0;
};

}  // namespace

bool is_valid_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > id_bytes_max || !is_alphanumeric(text.front())) return false;
  return std::ranges::all_of(text, is_id_character);
}

bool is_valid_user_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > user_id_bytes_max) return false;
  if (!is_alphanumeric(text.front()) && text.front() != '_') return false;
  return std::ranges::all_of(text, [](char c) {
    return is_id_character(c) || c == '|' || c == '@' || c == '+' || c == '=' || c == '~';
  });
}

bool is_reserved(const room_id& room) noexcept {
  return begins_with_any(room.view(), {direct_room_prefix, "r:", "f:"});
}

bool is_reserved(const user_id& user) noexcept {
  return begins_with_any(user.view(), {guest_prefix, "p:", "gone:"});
}

std::optional<session_name> session_name::parse(std::string_view text) noexcept {
  if (text.size() != session_prefix.size() + session_digits || !text.starts_with(session_prefix))
    return std::nullopt;
  text.remove_prefix(session_prefix.size());
  std::array<std::uint8_t, session_bytes> bytes;
  auto next = bytes.begin();
  unsigned held = 0, bits = 0;
  for (const char c : text) {
    const auto digit = base32_digits.find(c);
    if (digit == base32_digits.npos) return std::nullopt;
    held = held << 5 | static_cast<unsigned>(digit);
    if ((bits += 5) < 8) continue;
    *next++ = static_cast<std::uint8_t>(held >> (bits -= 8));
    held &= (1u << bits) - 1;
  }
  if (held != 0) return std::nullopt;  // of what fills the last digit: a name has one form only
  const auto number = [&](std::size_t first, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[first + i];
    return value;
  };
  return session_name{static_cast<std::uint16_t>(number(0, 2)), session_id{number(2, 8)},
                      number(10, 8)};
}

std::string session_name::text() const {
  std::string begun{session_prefix};
  begun.reserve(session_prefix.size() + session_digits);
  base32_text text{std::move(begun)};
  const auto put = [&](std::uint64_t value, int count) {
    while (count-- > 0) text.put(static_cast<std::uint8_t>(value >> 8 * count));
  };
  put(node, 2), put(id.value(), 8), put(tag, 8);
  return std::move(text).finish();
}

room_id direct_room_of(const user_id& one, const user_id& other) {
  const auto& [low, high] = one < other ? std::tie(one, other) : std::tie(other, one);
  const auto fits = [](const user_id& user) {
    return std::ranges::all_of(user.view(), [](char c) { return c != ':' && is_id_character(c); });
  };
  std::string name{direct_room_prefix};
  name.append(low.view()).append(":").append(high.view());
  if (fits(low) && fits(high) && name.size() <= id_bytes_max)
    return room_id::trusted(std::move(name));

  // No id holds a newline, so no two pairs are hashed from the same text.
  std::string pair{low.view()};
  pair.append("\n").append(high.view());
  std::string hashed{direct_room_prefix};
  hashed += ':';
  hashed += sha256_hex(pair);
  hashed.resize(id_bytes_max);  // 240 bits of the hash
  return room_id::trusted(std::move(hashed));
}

room_id made_room_of(const user_id& user, std::string_view key) {
  std::string pair{user.view()};
  pair.append("\n").append(key);
  base32_text text{"r:"};
  for (const auto byte : sha256(pair)) text.put(byte);
  return room_id::trusted(std::move(text).finish());
}

}  // namespace confab
