#pragma once

#include "api/problem.hpp"
#include "api/service.hpp"
#include "protocol/object_writing.hpp"
#include "protocol/readers.hpp"

#include <string>
#include <string_view>
#include <vector>

/// How answers are written, and what several handlers read and answer alike.
namespace confab::api {

/// An event as the wire has it, alone.
template <class Event>
std::string event_text(const room_id& room, const Event& what) {
  struct alone : message_parts<json_writer> {
    explicit alone(std::string& out) : message_parts<json_writer>(out) {}
    using message_parts<json_writer>::write_event;
  };
  std::string text;
  alone{text}.write_event(room, what);
  return text;
}

/// The members of `User`.
void put_profile(writing& out, service& api, const user_set& of);
/// The members of `Member`.
void put_listed_member(writing& out, const journal::listed_member& one, std::string_view name);
/// What became of an entry: the members of `Stored`. `user`: of a direct message, to whom.
void put_stored(writing& out, std::string_view durability, const room_id& room,
                const rooms::brief& what);
/// What went wrong with it; none: nothing.
std::optional<problem> problem_in(const rooms::brief& what);
/// Answers as `Stored`: 201 where `status` says so and it is new, else 200; or a problem.
void answer_stored(service& api, const call& of, const room_id& room, const rooms::brief& what,
                   unsigned status = 200);

/// Why something of a room could not be read.
problem unreadable(journal::fault why);
/// A fault of what stands in a body at `at`, as the codec tells it.
problem problem_at(const std::string& at, const fault& what);

/// A message as a body has it: all but where it goes.
struct message_in {
  rooms::post_message what;
  bool as_user = false;
};
/// The body is one that its schema takes. `at`: where it stands in the whole, for a fault.
std::variant<message_in, problem> read_message(const json& body, const decode_limits& limits,
                                               const std::string& at = {});
/// Who looks, of what only sessions have eyes for.
inline const user_id nobody{};

}  // namespace confab::api
