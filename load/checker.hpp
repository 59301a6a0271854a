#pragma once

#include "load/frame_reader.hpp"
#include "load/report.hpp"
#include "load/room_log.hpp"
#include "load/stamp.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace confab::load {

/// Closed ranges of seqs.
using seq_ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

/// One connection's place in one room's log. It is owed every entry after `from`, once and in
/// order, until it leaves.
struct seat {
  std::uint32_t room = 0;        // the checker's number for it
  std::uint32_t generation = 0;  // the two of the room, when joining or resuming was asked for
  std::uint64_t known_head = 0;
  std::uint64_t from = 0;
  std::uint64_t next = 1;               // the seq that is expected
  std::unique_ptr<seq_ranges> missing;  // left out so far; there only once something is wrong

  enum class state : std::uint8_t { outside, asked, catching_up, inside, leaving };
  state at = state::outside;
  bool is_admitted = false;  // then it resumes, else it joins anew
  bool is_direct = false;    // served without having joined
};

/// Checks what is delivered against PROTOCOL §6. No I/O; one per thread, for the connections of
/// that thread. Counts into `checks`: `damaged`, `wrong_room`, `duplicated` (a seq again),
/// `out_of_order` (late, or not what others saw under that seq), `undurable_seen`; and what was
/// left out only once a seat is closed, as it could still come: `lost`, with `expected`.
class checker {
 public:
  /// Rooms `0 … names - 1` are named in order, so that a number means the same in every thread.
  /// `user_prefix`: with what the ids of this tool's users begin.
  checker(checks& count, std::uint32_t run, std::vector<std::string> rooms,
          std::string user_prefix);

  std::uint32_t number_of(std::string_view room);  // makes unknown ones known
  room_log& room(std::uint32_t number) { return rooms_[number]; }
  const std::vector<room_log>& rooms() const { return rooms_; }
  std::size_t fixed_rooms() const { return fixed_rooms_; }

  /// Before `join` or `hello` with `resume` is written.
  void ask(seat& at);

  enum class admission : std::uint8_t {
    fresh,  // everything after its head is owed from now on
    resumed,
    gap  // the server said that it cannot continue; as fresh
  };
  /// Of `joined`. `with_since`: it answers a join or resume that named one.
  admission admit(seat& at, const server_frame& joined, bool with_since);

  /// A log event that was delivered to `user` (a number) in the room of `at`. True: its first time.
  /// `connected_us`: since when that connection stands.
  bool take(seat& at, std::uint32_t user, const log_event& event, const read_stamp& text,
            std::int64_t connected_us, std::int64_t now_us);

  /// A page that shows messages in their present form; only their texts are checked.
  void look_at(std::uint32_t room, std::uint32_t user, const log_event& event);

  /// The server says that `text`, sent by `from`, is entry `seq`.
  void acknowledge(std::uint32_t room, std::uint64_t seq, std::string_view from,
                   std::uint32_t text_sum, std::int64_t due_us, std::int64_t connected_us,
                   std::int64_t now_us);

  /// `head`: up to where the seat had to be served; 0: as far as it was.
  void close(seat& at, std::uint64_t head = 0);

  /// An event in a room that the connection is not in.
  void misroute() { ++count_.wrong_room; }

 private:
  bool is_damaged(const log_event& event, const read_stamp& text) const;
  bool is_in_place(std::uint32_t room, std::uint32_t user, const log_event& event,
                   const read_stamp& text);
  void note(std::uint32_t room, std::uint64_t seq, std::uint64_t content, std::int64_t due_us,
            std::int64_t connected_us, std::int64_t now_us);

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };

  checks& count_;
  std::uint32_t run_;
  std::size_t fixed_rooms_;
  std::string user_prefix_;
  std::vector<room_log> rooms_;
  std::unordered_map<std::string, std::uint32_t, text_hash, std::equal_to<>> numbers_;
};

}  // namespace confab::load
