#include "actors/environment.hpp"

namespace confab::actors {

/// FNV-1a, 64 bit (draft-eastlake-fnv): the same on every platform and in every process, which
/// std::hash does not promise.
std::uint64_t environment::hash(std::string_view text) noexcept {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const unsigned char c : text) h = (h ^ c) * 0x100000001b3;
  return h ^ (h >> 32);
}

}  // namespace confab::actors
