#pragma once

#include "actors/steady_time.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a client's input costs, and whether it can be paid (PROTOCOL §6, G7). Pure: time is an
/// argument. Nothing here knows what is bought.
namespace confab::actors {

/// What has a price. Each is counted in a unit of its own, so that no sum has to be made of what
/// loads the parser, the journal and the network.
enum class price : std::uint8_t {
  commands,   // that a client sent, and rooms that it resumes
  bytes_in,   // of its messages, inflated
  nodes,      // values in them
  rows,       // of logs, read for it
  bytes_out,  // of answers to it
  rooms,      // that its user made
  signals,    // bytes of them that others have sent to it
  emits,      // that it sent
  invitations,  // users that its user invited
  reports,      // that its user made
  searches,     // that it asked for
  calls,        // of the API, by a key,
  operations,   // and how many it asks for at once
  wrong_keys,   // of the API, from an address
};
inline constexpr std::size_t prices_count = 14;
inline constexpr std::array<std::string_view, prices_count> price_names{
    "commands", "bytes_in",    "nodes",   "rows",     "bytes_out", "rooms",      "signals",
    "emits",    "invitations", "reports", "searches", "calls",     "operations", "wrong_keys"};

/// Of one price: how much may be spent in the long run, and how much at once after a pause.
struct tariff {
  double per_second = 0;  // 0: no limit
  double burst = 0;
};
/// Of all prices.
struct tariffs {
  std::array<tariff, prices_count> of{};

  const tariff& operator[](price what) const { return of[static_cast<std::size_t>(what)]; }
  tariff& operator[](price what) { return of[static_cast<std::size_t>(what)]; }
  tariffs times(double share) const;  // but for those without a limit
};

/// What one payer has spent: a token bucket for each price, in the form of GCRA (ITU-T I.371): the
/// time at which all of it will be paid off, one word for each. Any thread: no word depends on
/// another. The tariffs are an argument, the same each time: there are many of these.
class budget {
 public:
  using span = std::chrono::nanoseconds;

  /// How long until `amount` could be taken; 0: now.
  span wait(price what, double amount, const tariffs& by, steady_time now) const noexcept;
  /// Takes it, or says how long until it can be taken.
  span take(price what, double amount, const tariffs& by, steady_time now) noexcept;
  /// Takes it whether it is there or not: the price of what has been done. What is owed must be
  /// paid off before `wait` is 0 again.
  void charge(price what, double amount, const tariffs& by, steady_time now) noexcept;
  /// Nothing is paid off before `then`; see `payers`.
  void raise(price what, std::int64_t then) noexcept;
  std::int64_t paid_off(price what) const noexcept {
    return paid_off_[static_cast<std::size_t>(what)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::int64_t>, prices_count> paid_off_{};  // ns of the steady clock
};

/// Budgets of any number of payers in a fixed amount of memory: they outlast the connections that
/// spend them, and nobody can make more of them by making up names. A count-min sketch with
/// conservative update (Estan and Varghese 2002) over budgets: each payer has a place in every one
/// of some rows, and has spent what the place says that says the least. Two payers are taken for
/// one only if they meet somewhere in every row, or others have used up all their places.
/// Any thread.
class payers {
 public:
  using key = std::uint64_t;  // 0: nobody, who has all there is

  /// `secret` keeps others from choosing whom they meet.
  explicit payers(const tariffs& by, std::array<std::uint64_t, 2> secret);

  key key_of(std::string_view name) const noexcept;
  budget::span wait(key who, price what, double amount, steady_time now) const noexcept;
  budget::span take(key who, price what, double amount, steady_time now) noexcept;
  void charge(key who, price what, double amount, steady_time now) noexcept;

 private:
  static constexpr std::size_t rows_count = 4;
  static constexpr std::size_t columns_count = 4096;  // 48 bits of a key, 2 MiB in all
  struct alignas(64) place : budget {};

  place& at(key who, std::size_t row) const noexcept;
  const place& least(key who, price what) const noexcept;

  tariffs by_;
  std::array<std::uint64_t, 2> secret_;
  mutable std::vector<place> places_;
};

/// How much of each price was taken since the start, whoever paid it. Any thread.
class takings {
 public:
  void add(price what, double amount) noexcept {
    sums_[static_cast<std::size_t>(what)].whole.fetch_add(std::llround(amount), std::memory_order_relaxed);
  }
  std::array<std::uint64_t, prices_count> all() const noexcept;

 private:
  struct alignas(64) sum {  // threads that take different prices don't meet
    std::atomic<std::int64_t> whole{0};
  };
  std::array<sum, prices_count> sums_;
};

/// What everybody may spend, and what users and addresses have spent: one for the process.
struct price_list {
  price_list(const tariffs& of_session, const tariffs& of_user, const tariffs& of_address,
             std::array<std::uint64_t, 2> secret)
      : session(of_session), users(of_user, secret), addresses(of_address, secret) {}

  const tariffs session;
  payers users;
  payers addresses;
  std::atomic<std::size_t> bytes_in_flight{0};  // of all connections; see `intake`
  takings taken;                                // of all, and of the API's callers
};

/// Pays for one connection: out of its own budget, its user's and its address's, out of each in
/// full. Owner: the connection. Without a price list all is free.
class payer {
 public:
  payer() = default;
  payer(price_list* list, payers::key address) : list_(list), address_(address) {}

  void know_user(std::string_view name) noexcept {
    if (list_) user_ = list_->users.key_of(name);
  }
  payers::key address() const noexcept { return address_; }

  budget::span wait(price what, double amount, steady_time now) const noexcept;
  budget::span take(price what, double amount, steady_time now) noexcept;
  void charge(price what, double amount, steady_time now) noexcept;

 private:
  price_list* list_ = nullptr;
  budget own_;
  payers::key user_ = 0;
  payers::key address_ = 0;
};

}  // namespace confab::actors
