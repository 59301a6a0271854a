#include "protocol/guest_token.hpp"

#include "protocol/base64url.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>
#include <stdexcept>

namespace confab {

namespace {

constexpr std::string_view token_prefix = "guest.";

std::string seal_of(std::string_view text, const guest_secret& secret) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  if (!HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(), &size))
    throw std::runtime_error("OpenSSL has no HMAC");
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

/// What stands before the next line's end, which is taken with it.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

bool is_guest_token(std::string_view token) noexcept { return token.starts_with(token_prefix); }

std::string write_guest_token(const guest_pass& pass, const guest_secret& secret) {
  // Neither ids nor numbers hold a line's end; the name is what is left.
  auto said = std::to_string(pass.until.value()) + "\n";
  said.append(pass.user.view()).append("\n").append(pass.name);
  std::string token{token_prefix};
  token += base64url_encoded(said);
  token += '.';
  token += base64url_encoded(seal_of(said, secret));
  return token;
}

std::optional<guest_pass> read_guest_token(std::string_view token, const guest_secret& secret) {
  if (!is_guest_token(token)) return std::nullopt;
  token.remove_prefix(token_prefix.size());
  const auto dot = token.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto said = base64url_decoded(token.substr(0, dot));
  const auto seal = base64url_decoded(token.substr(dot + 1));
  if (!said || !seal) return std::nullopt;
  const auto expected = seal_of(*said, secret);
  if (seal->size() != expected.size() ||
      CRYPTO_memcmp(seal->data(), expected.data(), expected.size()) != 0)
    return std::nullopt;

  std::string_view rest = *said;
  const auto until = take_line(rest), user = take_line(rest);
  if (!until || !user) return std::nullopt;
  std::int64_t ms = 0;
  std::from_chars(until->data(), until->data() + until->size(), ms);
  return guest_pass{user_id::trusted(std::string{*user}), std::string{rest}, unix_ms{ms}};
}

user_id guest_id_of(std::uint64_t random) {
  constexpr std::string_view digits = "abcdefghijklmnopqrstuvwxyz234567";
  constexpr int digits_count = 13;  // 5 bits each
  std::string id{guest_prefix};
  for (int i = 0; i < digits_count; ++i, random >>= 5) id += digits[random & 31];
  return user_id::trusted(std::move(id));
}

}  // namespace confab
