#pragma once

#include "api/problem.hpp"
#include "api/service.hpp"
#include "protocol/message_parts.hpp"
#include "protocol/readers.hpp"
#include "protocol/writers.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// How answers are written, and what several handlers read and answer alike.
namespace confab::api {

/// A JSON object under way, written as the wire's messages are.
class writing : private message_parts<json_writer> {
  using parts = message_parts<json_writer>;

 public:
  writing() : parts(text_) { out_.begin_object(); }
  writing(const writing&) = delete;

  using parts::put;
  using parts::put_list;
  using parts::put_mentions;
  using parts::put_text;

  void raw(std::string_view name, std::string_view json_text) {
    out_.key(name);
    out_.raw_json(json_text);
  }
  /// `each` with every element, which it writes as one value by `object` or `event`.
  template <class List, class Each>
  void array(std::string_view name, const List& list, Each each) {
    out_.key(name);
    out_.begin_array(list.size());
    for (const auto& element : list) each(element);
    out_.end_array();
  }
  template <class Members>
  void object(Members members) {
    out_.begin_object();
    members();
    out_.end_object();
  }
  template <class Members>
  void object(std::string_view name, Members members) {
    out_.key(name);
    object(members);
  }
  template <class Event>
  void event(const room_id& room, const Event& what) {
    parts::write_event(room, what);
  }
  template <class Event>
  void member_event(std::string_view name, const room_id& room, const Event& what) {
    out_.key(name);
    parts::write_event(room, what);
  }
  /// An object whose names are others' texts.
  template <class Value>
  void entry(std::string_view name, const Value& what) {
    out_.map_key(name);
    parts::write(what);
  }
  template <class Members>
  void entry_object(std::string_view name, Members members) {
    out_.map_key(name);
    object(members);
  }

  std::string done() {
    out_.end_object();
    return std::move(text_);
  }

 private:
  std::string text_;
};

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

/// What became of an entry: the members of `Stored`. `user`: of a direct message, to whom.
void put_stored(writing& out, std::string_view durability, const room_id& room,
                const rooms::brief& what);
/// What went wrong with it; none: nothing.
std::optional<problem> problem_in(const rooms::brief& what);
/// Answers as `Stored`: 201 where `status` says so and it is new, else 200; or a problem.
void answer_stored(service& api, const call& of, const room_id& room, const rooms::brief& what,
                   unsigned status = 200);

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
