#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Standard Webhooks 1.0: how a receiver knows who sent it.
namespace confab::webhooks {

/// `whsec_…` of 32 bytes, which must be from the kernel.
std::string secret_of(const std::array<unsigned char, 32>& random);

/// Whether it is such a secret: of 24 to 64 bytes.
bool is_secret(std::string_view text);

/// `v1,` and the HMAC-SHA256 of id, time and body in base64.
std::string signature(std::string_view secret, std::string_view id, std::int64_t seconds,
                      std::string_view body);

}  // namespace confab::webhooks
