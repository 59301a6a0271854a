#pragma once

#include "journal/journal.hpp"

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

/// The recent keys of a journal, in the order of its log, and the first entry of each.
/// Owned by the writer and used on its thread only.
///
/// Keeps digests instead of the strings: about 60 bytes for a key of any length, so a million
/// takes 60 MB and the default `keys_max` 600 MB. The secret is drawn anew in every
/// process: nobody can make a key that passes for another user's.
class key_index {
 public:
  struct first_entry {
    seq_no seq;
    unix_ms at;
  };

  explicit key_index(key_window window);

  /// What stands for (room, user, key); `room` is any number that stays the same for the room.
  digest digest_of(std::uint64_t room, const user_id& user, std::string_view key);

  std::optional<first_entry> find(const digest& of) const noexcept;

  /// `position` counts the entries of the whole journal, those without a key included. Where the
  /// key is known already (it had left the window), the new entry takes its place.
  void remember(const digest& of, std::uint64_t position, first_entry entry);

  /// Drops what has left the window when the journal ends at `last_position`.
  void expire(unix_ms now, std::uint64_t last_position);

  /// Takes back the newest `count` calls of `remember`: their batch was not stored.
  void take_back(std::size_t count) noexcept;

  std::size_t size() const noexcept { return records_.size(); }

 private:
  struct record {
    digest of;
    std::uint64_t position;
    first_entry entry;
  };

  /// The record's ordinal as a mark (0: empty), and bits of its digest, so that passing by other
  /// keys does not have to fetch their records.
  struct slot {
    std::uint32_t mark = 0;
    std::uint32_t tag = 0;
  };

  static std::uint32_t tag_of(const digest& of) noexcept {
    return static_cast<std::uint32_t>(of.high);
  }
  const record& at(const slot& held) const noexcept;
  std::size_t slot_of(const digest& of) const noexcept;
  void unlink(const record& gone, std::uint32_t mark) noexcept;
  std::uint32_t mark_of(std::uint64_t ordinal) const noexcept;
  void grow();

  key_window window_;
  digest_secret secret_;
  std::string scratch_;
  std::deque<record> records_;       // oldest first
  std::uint64_t first_ordinal_ = 0;  // of records_.front()
  std::vector<slot> slots_;          // open addressing
};

}  // namespace confab::journal
