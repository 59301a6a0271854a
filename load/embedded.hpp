#pragma once

#include <span>
#include <string_view>

/// Files built into the program (cmake/ConfabEmbed.cmake).
namespace confab::load {

struct embedded_file {
  std::string_view path;
  const char* begin;
  const char* end;
  std::string_view contents() const { return {begin, end}; }
};

// Generated.
namespace page {
std::span<const embedded_file> embedded_files();
}
namespace scenarios {
std::span<const embedded_file> embedded_files();
}

}  // namespace confab::load
