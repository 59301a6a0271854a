#pragma once

#include "protocol/codec.hpp"
#include "tests/fuzzing/fuzzing.hpp"

#include <type_traits>

namespace confab::fuzzing {

/// What `codec.hpp` says of any frame, whatever is in it.
inline void check_decoding(codec format, std::string_view payload) {
  const auto read = decode(format, payload);
  if (const auto* why = std::get_if<rejected>(&read)) {
    must(!why->message.empty(), "a rejection has a reason");
    must(is_clean_text(why->message, false), "a rejection's reason is a text that can be sent");
    must(!why->close || !why->id, "what is not well-formed has no id");
    must(!why->id || (why->id->value() >= 1 && why->id->value() <= limits::ref_max),
         "an id is one a client may choose");
    return;
  }
  const auto& request = std::get<confab::request>(read);
  must(!request.id || (request.id->value() >= 1 && request.id->value() <= limits::ref_max),
       "an id is one a client may choose");
  std::visit(
      [](const auto& command) {
        // Whatever the command, what it carries is fit for the log.
        if constexpr (requires { command.what.text; }) {
          must(command.what.text.size() <= limits::text_bytes_max, "a text is not too long");
          must(is_clean_text(command.what.text, true), "a text is clean");
          must(!command.what.empty(), "there is some content");
        }
        if constexpr (requires { command.key.size(); }) {
          must(command.key.size() <= limits::key_bytes_max, "a key is not too long");
          must(is_clean_text(command.key, false), "a key is clean");
        }
        if constexpr (requires { command.room.view(); })
          must(room_id::make(command.room.view()).has_value(), "a room's id is one");
      },
      request.what);
  must(decode(format, payload).index() == read.index(), "the same frame is the same twice");
}

}  // namespace confab::fuzzing
