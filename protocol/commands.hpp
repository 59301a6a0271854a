#pragma once

#include "protocol/codes.hpp"
#include "protocol/entry.hpp"
#include "protocol/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What a client may ask for (PROTOCOL §§3–5). Valid when made by the codec: ids have their form,
/// texts are UTF-8 without control characters and within their limits.
namespace confab::command {

/// From where a client wants a room's log: `since` is the last entry it has.
struct resume_point {
  room_id room;
  std::optional<seq_no> since;
  std::optional<epoch_id> epoch;
  friend bool operator==(const resume_point&, const resume_point&) = default;
};

struct hello {
  std::optional<std::string> token;
  std::optional<user_id> guest;
  std::optional<std::string> name;
  std::optional<device_id> device;
  std::vector<resume_point> resume;
  friend bool operator==(const hello&, const hello&) = default;
};
struct refresh {
  std::string token;
  friend bool operator==(const refresh&, const refresh&) = default;
};
struct ping {
  friend bool operator==(const ping&, const ping&) = default;
};
struct join {
  resume_point at;
  friend bool operator==(const join&, const join&) = default;
};
struct leave {
  room_id room;
  friend bool operator==(const leave&, const leave&) = default;
};
struct send {
  room_id room;
  std::string key;  // empty: none
  content what;
  friend bool operator==(const send&, const send&) = default;
};
struct edit {
  room_id room;
  std::string key;
  seq_no target;
  content what;
  friend bool operator==(const edit&, const edit&) = default;
};
struct delete_message {
  room_id room;
  std::string key;
  seq_no target;
  friend bool operator==(const delete_message&, const delete_message&) = default;
};
/// `react` and, with `on` false, `unreact`.
struct react {
  room_id room;
  std::string key;
  seq_no target;
  std::string emoji;
  bool on = true;
  friend bool operator==(const react&, const react&) = default;
};
/// `before`, `after`, both (what lies between, from `after` on), or neither: the latest.
struct history {
  room_id room;
  std::optional<seq_no> before;
  std::optional<seq_no> after;
  std::uint32_t limit = 0;  // 1..limits::history_count_max
  friend bool operator==(const history&, const history&) = default;
};
struct list_rooms {
  std::optional<room_id> after;
  friend bool operator==(const list_rooms&, const list_rooms&) = default;
};
/// Who reacted to a message with one emoji, from the reaction after `after` on.
struct list_reactions {
  room_id room;
  seq_no target;
  std::string emoji;
  seq_no after;
  friend bool operator==(const list_reactions&, const list_reactions&) = default;
};
struct typing {
  room_id room;
  bool on = true;
  friend bool operator==(const typing&, const typing&) = default;
};
/// To all sessions of a user, or to one session.
struct signal {
  std::variant<user_id, session_name> to;
  free_data data;
  friend bool operator==(const signal&, const signal&) = default;
};
struct direct {
  user_id to;
  std::string key;
  content what;
  friend bool operator==(const direct&, const direct&) = default;
};

using any = std::variant<hello, refresh, ping, join, leave, send, edit, delete_message, react,
                         history, list_rooms, list_reactions, typing, signal, direct>;

}  // namespace confab::command

namespace confab {

/// A command with the client's `id` for it.
struct request {
  std::optional<ref_no> id;
  command::any what;
  friend bool operator==(const request&, const request&) = default;
};

/// Why a frame is no command. The `id` is kept where it could be read, so that the client's
/// promise settles. `close` is set where the protocol wants the connection closed at once.
struct rejected {
  std::optional<ref_no> id;
  error_code code = error_code::bad_request;
  std::string message;
  std::optional<close_code> close;
  bool hello = false;  // its `type` was "hello": before `welcome`, another try is allowed
  friend bool operator==(const rejected&, const rejected&) = default;
};

}  // namespace confab
