#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The configuration file: TOML, of which options need keys with strings, whole numbers, yes/no
/// and arrays of those, but no tables.
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
/// Both by line. Entries with a mistake are left out.
struct file_contents {
  bool is_toml = true;  // no: there is one mistake, and no entries
  std::vector<file_entry> entries;
  std::vector<file_mistake> mistakes;
};

file_contents read_config_file(std::string_view text);

}  // namespace confab::server
