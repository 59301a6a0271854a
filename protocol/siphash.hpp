#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// SipHash-2-4 (Aumasson and Bernstein, 2012): a short tag of short bytes that nobody can make, or
/// find a collision of, without the secret.
namespace confab {

using siphash_secret = std::array<std::uint64_t, 2>;

std::uint64_t siphash64(const siphash_secret& secret, std::string_view bytes) noexcept;
/// The variant with a result of 128 bits, low word first.
std::array<std::uint64_t, 2> siphash128(const siphash_secret& secret,
                                        std::string_view bytes) noexcept;

}  // namespace confab
