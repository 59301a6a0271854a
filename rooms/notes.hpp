#pragma once

#include "protocol/entry.hpp"
#include "protocol/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

/// Whom a message addresses (SEMANTICS §6).
namespace confab::rooms {

/// Of those who wrote in a thread the latest are told of a reply.
inline constexpr std::size_t thread_writers_noted_max = 50;

/// Why somebody is told of a message; several may hold. Stored: numbers are never reused.
struct reasons {
  static constexpr std::uint8_t mention = 1;  // named in it
  static constexpr std::uint8_t reply = 2;    // wrote what it replies to
  static constexpr std::uint8_t thread = 4;   // began the thread, or wrote in it
};

/// What is kept of a message for one member whom it addresses: one for each user and message.
struct note {
  seq_no place;    // of the message, or of the edit that named the user
  seq_no message;
  std::uint8_t why = 0;
  std::uint64_t position = 0;  // of the entry at `place`, in the journal
  friend bool operator==(const note&, const note&) = default;
};

/// What a message's log entry does not tell.
struct addressing {
  std::optional<user_id> replied_to;            // the author of `reply_to`
  std::optional<user_id> root;                  // the author of the thread's root
  std::span<const user_id> writers;             // who wrote in the thread last
};

/// Whom `message` addresses, and why: its author never, and nobody where it is quiet or names
/// everybody. Only members of these are told.
std::map<user_id, std::uint8_t> addressed(const log_entry& message, const addressing& of);

}  // namespace confab::rooms
