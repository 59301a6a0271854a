#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The configuration file's syntax: the part of TOML 1.0 that options need. Keys of one word;
/// strings, integers, yes/no and arrays of strings as values; comments. No tables.
///
/// Not CLI11's reader, which differs between the packaged releases, takes `[` at a line's end for
/// a value, cuts strings at `#` (2.1) and knows no line numbers.
namespace confab::server {

struct file_entry {
  std::string key;
  std::vector<std::string> values;
  std::size_t line = 0;
};
struct file_mistake {
  std::size_t line = 0;
  std::string message;
};
struct file_contents {
  std::vector<file_entry> entries;
  std::vector<file_mistake> mistakes;  // the lines they are in are left out of `entries`
};

file_contents read_config_file(std::string_view text);

}  // namespace confab::server
