#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// When to write to sockets and when to commit: every number of it, with its reason. What a
/// deployment may change stands in `limits` (`write_window`, `commit_window`,
/// `busy_deliveries_per_second`), what a write costs is measured (`shard_unit::write_time`).
namespace confab::actors::pacing {

using namespace std::chrono_literals;

// --- is the shard busy, and which rooms make it so (`gathering`) ---

/// Over which the shard's rate is taken: long against the gaps between a room's messages, short
/// against the time after which somebody would notice.
inline constexpr auto period = 200ms;
/// Rooms below this part of what a room delivers on average do not wait: all of them together are
/// less than as much of the work.
inline constexpr double little = 0.25;

// --- how long a room's messages wait (`gathering`) ---

/// More makes a write no cheaper, and may be more than an outbox has left.
inline constexpr std::size_t joined_bytes_max = 16 * 1024;
/// By how much the next message may be later than expected: commits do not all take the same.
inline constexpr auto slack = 500us;
/// Between two looks at what must not wait any longer: a wake is for many rooms.
inline constexpr auto grain = 500us;
/// What the wait for a commit may take off the window. More would let a room gather less where the
/// shard has more to do than it can.
inline constexpr auto lag_max = 4ms;
/// Slower than a room's own mean: the shard's is of all its rooms.
inline constexpr int lag_weight = 32;

// --- will the next come in time (`anticipation`) ---

/// A long silence says no more than a short one, and is to be forgotten as quickly.
inline constexpr auto gap_max = 100ms;
/// Of the mean between arrivals: the last four or so decide.
inline constexpr int gap_weight = 4;
/// After waits in vain so many times more arrivals pass without one, up to the maximum: a wait in
/// vain costs its length, and a try in thousands costs nothing.
inline constexpr std::uint32_t skip_growth = 4;
inline constexpr std::uint32_t skip_max = 4096;

// --- how long a commit waits for more (`commit_pacing`) ---

/// For fewer a wait is not worth its latency.
inline constexpr double worthwhile_appends = 4;
/// On a busy shard most of that latency is none: members wait there for the next message of their
/// room anyway.
inline constexpr double worthwhile_appends_busy = 1.5;

}  // namespace confab::actors::pacing
