#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// Numbers with units, as flags and scenario files have them. Nothing: it is not of that form.
namespace confab::load {

std::optional<double> read_number(std::string_view text);
std::optional<std::uint64_t> read_count(std::string_view text);  // 500, 20k, 1M
std::optional<double> read_seconds(std::string_view text);       // 300ms, 5s, 2m, 1h
std::optional<double> read_rate(std::string_view text);          // 500/s, 30/m; without: per second
std::optional<std::uint64_t> read_bytes(std::string_view text);  // 64, 4KiB, 1MiB
std::optional<double> read_share(std::string_view text);         // 0.05, 5%

}  // namespace confab::load
