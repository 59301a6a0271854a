#pragma once

#include "protocol/codes.hpp"
#include "protocol/commands.hpp"
#include "protocol/meter.hpp"

#include <array>
#include <variant>

/// What the actors have done so far, for /metrics.
namespace confab::actors {

/// Of one shard. Written by its thread, read by any.
struct shard_counts {
  std::array<meter, std::variant_size_v<command::any>> commands;  // by kind, as they came
  std::array<meter, error_rows.size()> errors;                    // by code, as they were told
  histogram storing{histogram::times};  // from when a room took a command until it answers it
  meter users;                          // that its registrar knows
  meter rooms_awake;
};

/// Of the journal's writer. Written by its thread, read by any.
struct writer_counts {
  histogram commit_time{histogram::times};
  histogram commit_operations{histogram::powers};
  meter commits_failed;
};

}  // namespace confab::actors
