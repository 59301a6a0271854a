#pragma once

#include "protocol/ids.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

/// By which a guest comes back as the same one (PROTOCOL §3): what it says, and an HMAC-SHA-256
/// over it. No message of this file names a token or the secret.
namespace confab {

struct guest_pass {
  user_id user;
  std::string name;
  unix_ms until;
  friend bool operator==(const guest_pass&, const guest_pass&) = default;
};
using guest_secret = std::array<unsigned char, 32>;

/// Whether it is meant to be one: no JWT begins like this.
bool is_guest_token(std::string_view token) noexcept;

std::string write_guest_token(const guest_pass& pass, const guest_secret& secret);
/// Nothing: it was not made with this secret. Whether it is still good is for the reader to see.
std::optional<guest_pass> read_guest_token(std::string_view token, const guest_secret& secret);

/// `guest:` and 64 random bits, in lower-case base32 (RFC 4648 §6) without padding.
user_id guest_id_of(std::uint64_t random);

}  // namespace confab
