#include "actors/budget.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace confab::actors {
namespace {

/// No price is paid off for longer than this: a bound for sums, not for anybody.
constexpr double cost_max = 1e15;  // 11 days

std::int64_t nanoseconds_of(steady_time now) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
}

std::int64_t cost_of(double amount, const tariff& by) {
  return static_cast<std::int64_t>(std::min(amount * 1e9 / by.per_second, cost_max));
}

/// How long until `amount` may be taken from what will be paid off `then`. What costs more than can
/// be saved is to be had when as much as possible has been.
std::int64_t wait_for(std::int64_t then, double amount, const tariff& by, std::int64_t now) {
  const auto saved = cost_of(by.burst, by);
  const auto cost = std::min(cost_of(amount, by), saved);
  return std::max<std::int64_t>(std::max(then, now) + cost - saved - now, 0);
}

// SipHash-1-3 (Aumasson and Bernstein 2012, with the fewer rounds that hash tables use).
std::uint64_t siphash(const std::array<std::uint64_t, 2>& secret, std::string_view bytes) {
  std::uint64_t v0 = secret[0] ^ 0x736f6d6570736575, v1 = secret[1] ^ 0x646f72616e646f6d;
  std::uint64_t v2 = secret[0] ^ 0x6c7967656e657261, v3 = secret[1] ^ 0x7465646279746573;
  const auto round = [&] {
    v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
    v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
    v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
  };
  const auto take = [&](std::uint64_t word) {
    v3 ^= word;
    round();
    v0 ^= word;
  };
  const auto size = bytes.size();
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    take(word);
  }
  std::uint64_t last = std::uint64_t{size} << 56;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    last |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
  take(last);
  v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace

tariffs tariffs::times(double share) const {
  auto out = *this;
  for (auto& one : out.of) {
    one.per_second *= share;
    one.burst *= share;
  }
  return out;
}

// --- one payer ---------------------------------------------------------------------------------

budget::span budget::wait(price what, double amount, const tariffs& by,
                          steady_time now) const noexcept {
  if (by[what].per_second <= 0) return {};
  return span{wait_for(paid_off(what), amount, by[what], nanoseconds_of(now))};
}

budget::span budget::take(price what, double amount, const tariffs& by, steady_time now) noexcept {
  const auto left = wait(what, amount, by, now);
  // Between the two somebody else may take it too: then it is owed.
  if (left.count() == 0) charge(what, amount, by, now);
  return left;
}

void budget::charge(price what, double amount, const tariffs& by, steady_time now) noexcept {
  if (by[what].per_second <= 0) return;
  const auto cost = cost_of(amount, by[what]);
  auto& word = paid_off_[static_cast<std::size_t>(what)];
  auto then = word.load(std::memory_order_relaxed);
  while (!word.compare_exchange_weak(then, std::max(then, nanoseconds_of(now)) + cost,
                                     std::memory_order_relaxed)) {
  }
}

void budget::raise(price what, std::int64_t then) noexcept {
  auto& word = paid_off_[static_cast<std::size_t>(what)];
  auto before = word.load(std::memory_order_relaxed);
  while (before < then && !word.compare_exchange_weak(before, then, std::memory_order_relaxed)) {
  }
}

// --- many --------------------------------------------------------------------------------------

payers::payers(const tariffs& by, std::array<std::uint64_t, 2> secret)
    : by_(by), secret_(secret), places_(rows_count * columns_count) {}

payers::key payers::key_of(std::string_view name) const noexcept {
  return std::max<key>(siphash(secret_, name), 1);
}

payers::place& payers::at(key who, std::size_t row) const noexcept {
  static_assert(std::has_single_bit(columns_count) && rows_count * 16 <= 64);
  return places_[row * columns_count + ((who >> row * 16) & (columns_count - 1))];
}

const payers::place& payers::least(key who, price what) const noexcept {
  const auto* found = &at(who, 0);
  for (std::size_t row = 1; row < rows_count; ++row)
    if (const auto& other = at(who, row); other.paid_off(what) < found->paid_off(what))
      found = &other;
  return *found;
}

budget::span payers::wait(key who, price what, double amount, steady_time now) const noexcept {
  if (who == 0 || by_[what].per_second <= 0) return {};
  return least(who, what).wait(what, amount, by_, now);
}

budget::span payers::take(key who, price what, double amount, steady_time now) noexcept {
  const auto left = wait(who, what, amount, now);
  if (left.count() == 0) charge(who, what, amount, now);
  return left;
}

void payers::charge(key who, price what, double amount, steady_time now) noexcept {
  if (who == 0 || by_[what].per_second <= 0) return;
  const auto then =
      std::max(least(who, what).paid_off(what), nanoseconds_of(now)) + cost_of(amount, by_[what]);
  for (std::size_t row = 0; row < rows_count; ++row) at(who, row).raise(what, then);
}

std::array<std::uint64_t, prices_count> takings::all() const noexcept {
  std::array<std::uint64_t, prices_count> out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint64_t>(sums_[i].whole.load(std::memory_order_relaxed));
  return out;
}

// --- a connection ------------------------------------------------------------------------------

budget::span payer::wait(price what, double amount, steady_time now) const noexcept {
  if (!list_) return {};
  return std::max({own_.wait(what, amount, list_->session, now),
                   list_->users.wait(user_, what, amount, now),
                   list_->addresses.wait(address_, what, amount, now)});
}

budget::span payer::take(price what, double amount, steady_time now) noexcept {
  const auto left = wait(what, amount, now);
  if (left.count() == 0) charge(what, amount, now);
  return left;
}

void payer::charge(price what, double amount, steady_time now) noexcept {
  if (!list_) return;
  list_->taken.add(what, amount);
  own_.charge(what, amount, list_->session, now);
  list_->users.charge(user_, what, amount, now);
  list_->addresses.charge(address_, what, amount, now);
}

}  // namespace confab::actors
