#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Values as people write them, for the options and for `confabd token`.
namespace confab::server {

std::optional<std::uint64_t> read_number(std::string_view text);
/// With a unit, as `25s`; only zero may do without.
std::optional<std::chrono::milliseconds> read_time(std::string_view text);
/// With or without a unit: `65536`, `64KiB`.
std::optional<std::uint64_t> read_bytes(std::string_view text);
std::optional<bool> read_yes_no(std::string_view text);

/// In the largest unit that divides them.
std::string time_text(std::chrono::milliseconds time);
std::string bytes_text(std::uint64_t count);

}  // namespace confab::server
