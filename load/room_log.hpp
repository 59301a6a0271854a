#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace confab::load {

/// What all members together have seen of a room: enough to tell that one of them was shown
/// something else. Remembers the latest `remembered_max` entries.
class room_log {
 public:
  static constexpr std::size_t remembered_max = 1024;

  explicit room_log(std::string room_id) : id{std::move(room_id)} {}

  struct entry {
    std::uint64_t seq = 0;  // 0: none
    std::uint64_t content = 0;
    std::int64_t shown_us = 0;  // first
    std::int64_t due_us = not_timed;
  };
  static constexpr std::int64_t not_timed = -1;  // no message of this run

  std::string id;
  std::string epoch;               // empty: not known yet
  std::uint64_t head = 0;          // the highest seq that was shown or acknowledged
  std::uint64_t last_message = 0;  // seq of the latest message shown: something to react to
  std::uint32_t generation = 0;    // how often the log was found to be set back
  bool is_durable = true;          // not: the server said "memory"

  /// The entry remembered in the place of `seq`, if it is that one. Otherwise remembers this one,
  /// unless a later one took its place.
  entry* note(std::uint64_t seq, std::uint64_t content, std::int64_t now_us, std::int64_t due_us);

  /// Null: `seq` was never seen, or is not remembered any more.
  const entry* find(std::uint64_t seq) const;

  /// Everything after `to` is gone.
  void set_back(std::uint64_t to);

  /// Entries that both remember, with different content.
  std::uint64_t differences(const room_log& other) const;

 private:
  entry& place(std::uint64_t seq) { return ring_[seq & (ring_.size() - 1)]; }

  std::vector<entry> ring_;  // by seq; a power of two
};

}  // namespace confab::load
