#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// Numbers as people read them.
namespace confab::load {

enum class unit : std::uint8_t { count, per_second, microseconds, cores, bytes, bytes_per_second };

/// To three significant digits where it is measured, in full where it is counted: `61.3 ms`,
/// `1,234,567`, `12,300/s`, `1.42`, `78.1 MiB`, `1.2 MiB/s`.
std::string text_of(double value, unit in);

/// "-": it was not measured.
std::string text_of(std::optional<double> value, unit in);

std::string duration_text(double us);
std::string size_text(std::uint64_t bytes);

/// `1,234,567`
std::string grouped(std::uint64_t count);

/// Three significant digits, without trailing zeros: `61.3`, `0.5`, `12,300`.
std::string rounded(double value);

/// A share of 1 in percent: `0.013 %`.
std::string percent(double share);

/// `closed with 4000: slow consumer`
std::string close_text(std::uint16_t code);

/// `8.2 s`, `3 min 20 s`, `1 h 4 min`
std::string time_text(double seconds);

}  // namespace confab::load
