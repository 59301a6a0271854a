#pragma once

#include "protocol/codes.hpp"
#include "protocol/commands.hpp"
#include "protocol/meter.hpp"

#include <array>
#include <cstdint>
#include <variant>

/// What the actors have done so far, for /metrics.
namespace confab::actors {

/// A command's place in `command::any`; one more is of a frame that is no command.
using command_type = std::uint8_t;
inline constexpr command_type no_command = std::variant_size_v<command::any>;
inline constexpr std::size_t command_types_count = no_command + 1;

/// Of one shard. Written by its thread, read by any.
struct shard_counts {
  std::array<meter, no_command> commands;  // by type, as they came
  /// By type and code, as they were told.
  std::array<std::array<meter, error_rows.size()>, command_types_count> errors;
  histogram storing{histogram::times};  // from when a room took a command until it answers it
  meter users;                          // that its registrar knows
  meter rooms_awake;

  void failed(command_type what, error_code why) {
    errors[what][static_cast<std::size_t>(why)].add();
  }
};

/// Of the journal's writer. Written by its thread, read by any.
struct writer_counts {
  histogram commit_time{histogram::times};
  histogram commit_operations{histogram::powers};
  meter commits_failed;
};

}  // namespace confab::actors
