#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace confab::load {

/// Nothing: it cannot be read.
std::optional<std::string> read_file(const std::string& path);

/// Leaves it as it is, or not there.
bool is_writable(const std::string& path);

/// Whole or not at all: beside it first, then in its place. Empty, or what went wrong.
std::string write_file(const std::string& path, std::string_view contents);

}  // namespace confab::load
