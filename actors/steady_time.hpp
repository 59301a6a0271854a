#pragma once

#include <chrono>

namespace confab::actors {

/// What every deadline is counted by: a clock that nobody sets. `unix_ms` is the time of day, which
/// may jump: for what people are told, and for what tokens say.
using steady_time = std::chrono::steady_clock::time_point;

}  // namespace confab::actors
