#pragma once

#include "rooms/key_window.hpp"
#include "rooms/operation.hpp"
#include "rooms/rules.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a message of the shared log holds, in format 1 (docs/decisions/0015). All of it is read by
/// every node, so whatever the bytes are, each node reads the same of them.
///
///     message  magic u32 · format u8 · kind u8 · flags u16 · crc32c u32 · frames u16 · frame…
///     frame    length u32 · node text · session u64 · number u64 · seen_position u64 ·
///              seen_chain u64 · content
///     batch    count u32 · operation…                                              (cluster/packing)
///
/// Little endian. The checksum is that of the message without itself; texts have their length before
/// them, as a varint. `flags` are 0.
namespace confab::cluster {

inline constexpr std::uint8_t newest_format = 1;
inline constexpr std::size_t node_bytes_max = 64;
inline constexpr std::size_t address_bytes_max = 256;
inline constexpr std::size_t frames_max = 64;

/// A place in the shared log, from 1.
using log_position = std::uint64_t;
/// Which log: made at random by who founds it.
using log_id = std::array<std::uint64_t, 2>;

enum class message_kind : std::uint8_t { genesis = 1, begin = 2, batch = 3, leave = 4, barrier = 5 };

/// The first message that counts. What the rules depend on is the same on every node from then on.
struct genesis {
  log_id log{};
  rooms::key_window window;
  rooms::rules how;
  /// Where the journal of who founded it ended: others without data take a snapshot first. 0: empty.
  std::uint64_t imported = 0;
  friend bool operator==(const genesis& a, const genesis& b);
};
/// A process begins to write: this message's position is its session, unless another one has begun
/// since `replaces`.
struct begin_session {
  std::uint64_t nonce = 0;     // by which the process knows its own
  std::uint64_t replaces = 0;  // the node's session as far as the process knows; 0: none
  std::uint8_t formats = newest_format;  // up to this one
  std::string address;                   // for people
  friend bool operator==(const begin_session&, const begin_session&) = default;
};
struct batch {
  std::vector<rooms::operation> operations;
};
/// Out of the roster.
struct leave_roster {
  friend bool operator==(const leave_roster&, const leave_roster&) = default;
};
/// Who reads this has read all that was ordered before.
struct barrier {
  std::uint64_t nonce = 0;
  friend bool operator==(const barrier&, const barrier&) = default;
};
/// In the order of `message_kind`.
using frame_content = std::variant<genesis, begin_session, batch, leave_roster, barrier>;

struct frame {
  std::string node;  // whose
  std::uint64_t session = 0;
  std::uint64_t number = 0;  // of the batch in its session, from 1
  // The author's own state, so that others notice when it is not theirs.
  log_position seen_position = 0;
  std::uint64_t seen_chain = 0;
  frame_content content;

  message_kind kind() const noexcept {
    return static_cast<message_kind>(content.index() + 1);
  }
};

/// Why bytes are no message of this format.
enum class unreadable : std::uint8_t {
  foreign,    // no message of ours
  newer,      // of a format that this program does not know: it must not go on
  damaged,    // the checksum is another
  malformed,  // it is whole, but says nothing: the work of a bug
};

/// All frames are of one kind.
std::variant<std::vector<frame>, unreadable> decode(std::string_view bytes);
/// None: something in it is longer than the format has room for.
std::optional<std::string> encode(const std::vector<frame>& frames);

/// A batch of operations that were packed before; `what.content` is not looked at.
std::optional<std::string> encode_batch(const frame& what, std::uint32_t count,
                                        std::string_view operations);
/// Bytes of a message around the operations of its one frame, at most.
inline constexpr std::size_t overhead_bytes_max = 14 + 4 + 1 + node_bytes_max + 4 * 8 + 4;

}  // namespace confab::cluster
