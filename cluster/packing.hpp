#pragma once

#include "cluster/bytes.hpp"
#include "protocol/entry.hpp"
#include "rooms/operation.hpp"

#include <cstddef>
#include <optional>
#include <string>

/// Operations as bytes, in format 1: one form for one value, each length bounded.
namespace confab::cluster {

// Bounds of format 1, beside those of protocol/limits.hpp. A batch of entries is bounded, too, by
// what it may become: a deletion of a hundred messages counts as a hundred.
inline constexpr std::size_t message_bytes_max = 512 * 1024;
inline constexpr std::size_t operations_max = 4'096;
inline constexpr std::size_t marks_max = 1'000;  // of one group

/// False: a part of it is longer than the format has room for, and `to` is of no use any more.
bool pack(byte_writer& to, const rooms::operation& asked);
/// None: these bytes are no operation, and `from` failed.
std::optional<rooms::operation> unpack_operation(byte_reader& from);

/// An entry as all nodes see it alike: what the chain is made of.
void pack(byte_writer& to, const log_entry& entry);

/// How many entries an operation may become.
std::size_t entries_of(const rooms::operation& asked) noexcept;

}  // namespace confab::cluster
