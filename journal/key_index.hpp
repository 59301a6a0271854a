#pragma once

#include "protocol/ids.hpp"
#include "rooms/key_window.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace confab::journal {

/// 128 bits of SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).
struct digest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const digest&, const digest&) = default;
};
using digest_secret = std::array<std::uint64_t, 2>;
digest siphash128(const digest_secret& secret, std::string_view bytes) noexcept;

/// Where a key may stand: its hash, and a position counted from that of its run.
struct key_place {
  std::uint32_t hash = 0;
  std::uint32_t offset = 0;
};
static_assert(sizeof(key_place) == 8, "stored as it is");

/// Keys of consecutive entries, ordered by hash: what a store keeps so that a start needs no scan.
struct key_run {
  std::uint64_t first = 0;  // position that offsets are counted from
  std::uint64_t last = 0;
  unix_ms newest;  // the greatest time among its entries
  std::vector<key_place> places;
};

/// Which entries of a journal may have been made with a key. Eight bytes a key, at most two thirds
/// of them used: a million keys take 12 to 24 MB, ten million 120 to 240 MB. It only finds the
/// candidates; whether one has the key, and is still remembered, the store's row tells.
/// Owned by the writer and used on its thread only.
class key_index {
 public:
  static constexpr std::size_t run_keys = 16'384;

  /// `secret`: nobody can make keys that meet in one place of the table.
  key_index(const digest_secret& secret, rooms::key_window window);

  /// What stands for (room, user, key); `room` is any number that stays the same for the room.
  std::uint32_t hash_of(std::int64_t room, const user_id& user, std::string_view key);

  /// Calls `look(position)` for each entry that may have it, until that returns true.
  template <class Look>
  void find(std::uint32_t hash, Look look) const {
    const auto mask = slots_.size() - 1;
    for (auto index = home(hash); slots_[index].mark != 0; index = (index + 1) & mask)
      if (slots_[index].hash == hash && look(base_ + slots_[index].mark)) return;
  }

  /// Positions rise from call to call.
  void remember(std::uint32_t hash, std::uint64_t position, unix_ms at);
  /// A run that was stored before. Ascending, before the first `remember`.
  void load(const key_run& run);

  /// The oldest keys that are in no run yet, where there are `run_keys` of them. They count as
  /// stored when `run_stored` is called.
  std::optional<key_run> full_run() const;
  void run_stored();
  /// Positions up to here are in runs.
  std::uint64_t runs_end() const noexcept { return runs_.empty() ? 0 : runs_.back().last; }
  /// Forgets the runs of which no key is remembered any more. The last position of the latest of
  /// them; none: nothing was forgotten.
  std::optional<std::uint64_t> expire(std::uint64_t last_position, unix_ms log_time);

  /// Of what was made later, every key is within the latest `keys_max` entries; 0: of all.
  unix_ms whole_since(std::uint64_t last_position) const noexcept;

  std::size_t size() const noexcept { return size_; }

 private:
  struct slot {
    std::uint32_t hash = 0;
    std::uint32_t mark = 0;  // position - base_; 0: empty
  };
  struct pending {
    std::uint32_t hash;
    std::uint64_t position;
    unix_ms at;
  };
  struct run_end {
    std::uint64_t last;
    unix_ms newest;
  };

  /// By the upper bits: runs, which are in order of hash, are then taken in from the table's
  /// beginning to its end.
  std::size_t home(std::uint32_t hash) const noexcept {
    return static_cast<std::size_t>(std::uint64_t{hash} * slots_.size() >> 32);
  }
  void put(std::uint32_t hash, std::uint64_t position) noexcept;
  void make_room(std::size_t more, std::uint64_t last_position);

  digest_secret secret_;
  rooms::key_window window_;
  std::string scratch_;
  std::deque<pending> fresh_;  // in no run yet
  std::deque<run_end> runs_;
  std::uint64_t floor_ = 0;  // positions up to here are forgotten
  std::uint64_t base_ = 0;
  std::size_t size_ = 0;
  std::vector<slot> slots_;  // open addressing
};

}  // namespace confab::journal
