#pragma once

#include <array>
#include <cstdint>
#include <string_view>

/// Error and close codes of PROTOCOL §7: one row each. Numbers and names are never reused.
namespace confab {

enum class error_code : std::uint8_t {
  bad_request,
  unknown_type,
  unauthorized,
  forbidden,
  not_joined,
  no_such_room,
  no_such_user,
  no_such_message,
  too_long,
  too_many_rooms,
  rate_limited,
  unavailable,
  already,
  conflict,
  internal,
  limit,
  banned,
  muted,
  read_only,
  slow_mode,
  not_member,
  rejected,
  out_of_order,
};

struct error_row {
  error_code code;
  std::string_view name;
  bool retry;
};

inline constexpr std::array error_rows{
    error_row{error_code::bad_request, "bad_request", false},
    error_row{error_code::unknown_type, "unknown_type", false},
    error_row{error_code::unauthorized, "unauthorized", false},
    error_row{error_code::forbidden, "forbidden", false},
    error_row{error_code::not_joined, "not_joined", false},
    error_row{error_code::no_such_room, "no_such_room", false},
    error_row{error_code::no_such_user, "no_such_user", false},  // reserved: nobody keeps a list of users
    error_row{error_code::no_such_message, "no_such_message", false},
    error_row{error_code::too_long, "too_long", false},
    error_row{error_code::too_many_rooms, "too_many_rooms", false},
    error_row{error_code::rate_limited, "rate_limited", true},
    error_row{error_code::unavailable, "unavailable", true},
    error_row{error_code::already, "already", false},
    error_row{error_code::conflict, "conflict", false},
    error_row{error_code::internal, "internal", true},
    error_row{error_code::limit, "limit", false},
    error_row{error_code::banned, "banned", false},
    error_row{error_code::muted, "muted", false},
    error_row{error_code::read_only, "read_only", false},
    error_row{error_code::slow_mode, "slow_mode", false},
    error_row{error_code::not_member, "not_member", false},
    error_row{error_code::rejected, "rejected", false},
    error_row{error_code::out_of_order, "out_of_order", true},
};

constexpr const error_row& row(error_code code) {
  return error_rows[static_cast<std::size_t>(code)];
}

/// 1000–1015 as RFC 6455 §7.4.1 has them; 4000–4499: reconnect and resume; 4500–4999: do not.
enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  wrong_kind = 1003,
  not_utf8 = 1007,
  too_big = 1009,
  internal = 1011,
  restart = 1012,
  slow_consumer = 4000,
  heartbeat_missed = 4001,
  hello_late = 4002,
  rate_abuse = 4003,
  disconnected = 4004,
  unauthorized = 4500,
  token_expired = 4501,
  removed = 4502,
  protocol_error = 4503,
  replaced = 4504,
};

struct close_row {
  close_code code;
  std::string_view name;
};

inline constexpr std::array close_rows{
    close_row{close_code::normal, "normal"},
    close_row{close_code::going_away, "going away"},
    close_row{close_code::wrong_kind, "wrong kind of frame"},
    close_row{close_code::not_utf8, "not UTF-8"},
    close_row{close_code::too_big, "too big"},
    close_row{close_code::internal, "internal error"},
    close_row{close_code::restart, "restart"},
    close_row{close_code::slow_consumer, "slow consumer"},
    close_row{close_code::heartbeat_missed, "heartbeat missed"},
    close_row{close_code::hello_late, "hello did not come in time"},
    close_row{close_code::rate_abuse, "rate abuse"},
    close_row{close_code::disconnected, "disconnected by the deployment"},
    close_row{close_code::unauthorized, "unauthorized"},
    close_row{close_code::token_expired, "token expired"},
    close_row{close_code::removed, "banned or removed"},
    close_row{close_code::protocol_error, "protocol error"},
    close_row{close_code::replaced, "replaced by a newer session of the same device"},
};

constexpr std::string_view name(close_code code) {
  for (const auto& row : close_rows)
    if (row.code == code) return row.name;
  return "";
}

}  // namespace confab
