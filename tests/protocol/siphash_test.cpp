#include "protocol/siphash.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace confab;

namespace {

/// The key of the reference implementation's vectors: bytes 0 to 15.
constexpr siphash_secret secret{0x0706050403020100, 0x0f0e0d0c0b0a0908};

/// Bytes 0, 1, 2 and so on, as in the reference implementation's vectors.
std::string ascending(std::size_t count) {
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) bytes += static_cast<char>(i);
  return bytes;
}

}  // namespace

TEST_CASE("SipHash-2-4 is as in its reference vectors") {
  CHECK(siphash64(secret, ascending(0)) == 0x726fdb47dd0e0e31);
  CHECK(siphash64(secret, ascending(1)) == 0x74f839c593dc67fd);
  CHECK(siphash64(secret, ascending(8)) == 0x93f5f5799a932462);
  CHECK(siphash64(secret, ascending(15)) == 0xa129ca6149be45e5);
}

TEST_CASE("SipHash-2-4 with 128 bits is as in its reference vectors") {
  using digest = std::array<std::uint64_t, 2>;
  CHECK(siphash128(secret, ascending(0)) == digest{0xe6a825ba047f81a3, 0x930255c71472f66d});
  CHECK(siphash128(secret, ascending(1)) == digest{0x44af996bd8c187da, 0x45fc229b11597634});
}
