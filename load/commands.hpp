#pragma once

#include "protocol/frame.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// What a simulated user says, as it goes over the wire.
namespace confab::load {

struct resume_entry {
  std::string_view room;
  std::uint64_t since = 0;
  std::string_view epoch;  // empty: not known
};

struct hello_fields {
  std::string_view token;  // empty: a guest
  std::string_view guest;
  std::string_view device;
  std::span<const resume_entry> resume;
};

/// Each returns one payload, JSON or CBOR. `id` 0: without, so that only a mistake is answered.
class command_writer {
 public:
  explicit command_writer(codec format) : format_{format} {}

  std::string hello(std::uint64_t id, const hello_fields& fields) const;
  std::string join(std::uint64_t id, const resume_entry& at, bool with_since) const;
  std::string leave(std::uint64_t id, std::string_view room) const;
  std::string send(std::uint64_t id, std::string_view room, std::string_view key,
                   std::string_view text) const;
  std::string direct(std::uint64_t id, std::string_view to, std::string_view key,
                     std::string_view text) const;
  std::string edit(std::uint64_t id, std::string_view room, std::uint64_t target,
                   std::string_view text) const;
  std::string react(std::uint64_t id, std::string_view room, std::uint64_t target,
                    std::string_view emoji, bool on) const;
  std::string history(std::uint64_t id, std::string_view room, std::uint64_t before) const;
  std::string typing(std::string_view room, bool on) const;
  std::string signal(std::uint64_t id, std::string_view to) const;
  /// Of a type that there is not.
  std::string nonsense(std::uint64_t id) const;

 private:
  codec format_;
};

}  // namespace confab::load
