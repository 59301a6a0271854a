#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace confab::transport {

/// Counts connections, in all and per address. Any thread: connections end on their own shards
/// (the mutex is this border, taken only where addresses are limited).
class admission : public std::enable_shared_from_this<admission> {
 public:
  admission(std::size_t connections_max, std::size_t per_address_max)
      : connections_max_(connections_max), per_address_max_(per_address_max) {}

  /// One admitted connection; gives its place back when it dies.
  class slot {
   public:
    slot() = default;
    slot(slot&& other) noexcept
        : owner_(std::move(other.owner_)),
          address_(std::move(other.address_)),
          reserved_(other.reserved_) {}
    slot& operator=(slot&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(address_, other.address_);
      std::swap(reserved_, other.reserved_);
      return *this;
    }
    ~slot() {
      if (owner_) owner_->leave(address_);
    }
    /// All places were taken: only for questions about the server's health.
    bool reserved() const noexcept { return reserved_; }

   private:
    friend class admission;
    slot(std::shared_ptr<admission> owner, std::string address)
        : owner_(std::move(owner)), address_(std::move(address)) {}
    std::shared_ptr<admission> owner_;  // null: counts as none
    std::string address_;               // kept only where addresses are limited
    bool reserved_ = false;
  };

  /// `full`: the slot is a reserved one.
  enum class verdict { admitted, full, address_full };
  /// `address` is what it is counted by; empty: not at all.
  std::pair<verdict, slot> admit(const std::string& address);
  /// Until it is opened again all places count as taken. Any thread.
  void close(bool closed) noexcept { closed_.store(closed, std::memory_order_relaxed); }
  bool is_closed() const noexcept { return closed_.load(std::memory_order_relaxed); }
  std::size_t open_count() const noexcept { return open_count_.load(std::memory_order_relaxed); }
  /// Nine of ten places are taken.
  bool is_crowded() const noexcept {
    return open_count() >= connections_max_ - connections_max_ / 10;
  }

 private:
  void leave(const std::string& address) noexcept;

  const std::size_t connections_max_;
  const std::size_t per_address_max_;
  std::atomic<std::size_t> open_count_{0};
  std::atomic<bool> closed_{false};
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> by_address_;
};

}  // namespace confab::transport
