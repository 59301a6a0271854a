#pragma once

#include "protocol/frame.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the server says, as far as a simulated user looks at it.
namespace confab::load {

enum class frame_type : std::uint8_t {
  // of a room's log
  message,
  edited,
  deleted,
  reacted,
  // replies and events
  welcome,
  joined,
  events,
  sent,
  done,
  left,
  history,
  error,
  signalled,
  signal,
  typing,
  presence,
  other,     // something that a user need not know
  malformed  // no object of the protocol
};

/// An entry of a room's log, live or in a list.
struct log_event {
  frame_type type = frame_type::message;
  std::string_view room;
  std::uint64_t seq = 0;
  std::uint64_t prev = 0;  // its predecessor: seq - 1 where the server names none
  std::string_view from;
  std::string_view text;  // of a reaction its emoji
  std::uint64_t target = 0;
};

struct direct_room {
  std::string_view room;
  std::uint64_t head = 0;
};

struct server_frame {
  frame_type type = frame_type::malformed;
  std::optional<std::uint64_t> re;
  log_event event;        // message, edited, deleted, reacted
  std::string_view room;  // joined, events, sent, done, left, history
  std::string_view epoch, code, message, durability;
  std::uint64_t seq = 0, head = 0, retry_after_ms = 0;
  bool gap = false, more = false, duplicate = false, retry = false;
  std::vector<log_event> events;
  std::vector<direct_room> directs;
};

/// The fields of a live `message` in the order in which the server writes them, without building a
/// tree. False: it is something else, or written otherwise; then `frame_reader` knows.
bool scan_message(codec format, std::string_view payload, log_event& into);

/// One per thread. Everything in what it returns is valid until the next call.
class frame_reader {
 public:
  frame_reader();
  ~frame_reader();

  const server_frame& read(codec format, std::string_view payload);

 private:
  struct tree;
  std::unique_ptr<tree> tree_;
  server_frame frame_;
};

/// `reconnect_after_ms` in the reason of a close frame.
std::optional<std::uint64_t> read_reconnect_after_ms(std::string_view reason);

}  // namespace confab::load
