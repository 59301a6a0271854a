#pragma once

#include "protocol/message_parts.hpp"
#include "protocol/writers.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace confab {

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

}  // namespace confab
