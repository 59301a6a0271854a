#pragma once

#include <span>
#include <string_view>

/// Files built into the program (cmake/ConfabEmbed.cmake).
namespace confab::load {

struct embedded_file {
  std::string_view path;
  const char* begin;
  const char* end;
};

namespace page {
std::span<const embedded_file> embedded_files();  // generated
}

}  // namespace confab::load
