#pragma once

#include "actors/delivery.hpp"
#include "protocol/codec.hpp"

#include <utility>

namespace confab::actors {

/// One event for many readers: encoded once in each wire format that somebody asks for, when it is
/// asked for. The one place that knows that there are several.
class encoded_once {
 public:
  explicit encoded_once(const message::any& what) : what_(what) {}

  const frame& in(wire_format format) {
    auto& own = done_[format.index()];
    if (!own) own = encode_frame(format, what_);
    return own;
  }
  frames take() { return std::move(done_); }

 private:
  const message::any& what_;
  frames done_;
};

/// The format whose `index()` this is.
constexpr wire_format format_at(std::size_t index) {
  return {static_cast<codec>(index / 2), index % 2 != 0};
}

}  // namespace confab::actors
