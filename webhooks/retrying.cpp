#include "webhooks/retrying.hpp"

#include <algorithm>
#include <array>

namespace confab::webhooks {
namespace {

/// In seconds: at once, and in the end hourly.
constexpr std::array<std::int64_t, 7> waits{1, 5, 30, 120, 600, 1'800, 3'600};

/// What another attempt can't change (RFC 9110 §15.5; 425 of RFC 8470, 429 of RFC 6585).
constexpr bool refuses(unsigned status) noexcept {
  return status >= 400 && status < 500 && status != 408 && status != 425 && status != 429;
}

}  // namespace

verdict judge(trial& so_far, const reply& came) noexcept {
  ++so_far.attempts;
  if (came.status >= 200 && came.status < 300) return verdict::delivered;
  if (came.status == 410) return verdict::gone;
  if (refuses(came.status) && ++so_far.refusals >= refusals_max) return verdict::dead;
  return verdict::again;
}

std::chrono::milliseconds wait_after(unsigned attempts,
                                     std::optional<std::chrono::seconds> retry_after,
                                     std::chrono::milliseconds first,
                                     std::uint64_t random) noexcept {
  const auto row = std::min<std::size_t>(std::max(attempts, 1U) - 1, waits.size() - 1);
  const auto usual = waits[row] * first.count();
  constexpr std::int64_t steps = 400;  // from 0.8 to 1.2, in thousandths
  const auto spread = 800 + static_cast<std::int64_t>(random % (steps + 1));
  const std::chrono::milliseconds wait{usual * spread / 1'000};
  if (!retry_after) return wait;
  return std::max<std::chrono::milliseconds>(
      wait,
      std::clamp<std::chrono::seconds>(*retry_after, std::chrono::seconds{0}, retry_after_max));
}

}  // namespace confab::webhooks
