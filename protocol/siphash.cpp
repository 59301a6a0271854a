#include "protocol/siphash.hpp"

#include <bit>
#include <cstddef>

namespace confab {
namespace {

std::uint64_t little_endian(std::string_view bytes) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return word;
}

struct sip_state {
  std::uint64_t v0, v1, v2, v3;

  explicit sip_state(const siphash_secret& secret) noexcept
      : v0(secret[0] ^ 0x736f6d6570736575),
        v1(secret[1] ^ 0x646f72616e646f6d),
        v2(secret[0] ^ 0x6c7967656e657261),
        v3(secret[1] ^ 0x7465646279746573) {}

  void round() noexcept {
    v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
    v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
    v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
  }
  void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    round(), round();
    v0 ^= word;
  }
  void absorb(std::string_view bytes) noexcept {
    const auto last = std::uint64_t{bytes.size()} << 56;
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) absorb(little_endian(bytes.substr(0, 8)));
    absorb(little_endian(bytes) | last);
  }
  std::uint64_t squeeze() noexcept {
    round(), round(), round(), round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

}  // namespace

std::uint64_t siphash64(const siphash_secret& secret, std::string_view bytes) noexcept {
  sip_state state{secret};
  state.absorb(bytes);
  state.v2 ^= 0xff;
  return state.squeeze();
}

std::array<std::uint64_t, 2> siphash128(const siphash_secret& secret,
                                        std::string_view bytes) noexcept {
  sip_state state{secret};
  state.v1 ^= 0xee;
  state.absorb(bytes);
  state.v2 ^= 0xee;
  const auto low = state.squeeze();
  state.v1 ^= 0xdd;
  return {low, state.squeeze()};
}

}  // namespace confab
