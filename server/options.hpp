#pragma once

#include "server/config.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace confab::server {

/// One row of the option table, which flags, environment, file, help and docs all come from.
struct option_row {
  std::string key;  // in the file; snake_case
  std::string group;
  std::string placeholder;  // of the value in the help; empty: a yes/no option
  std::string range;        // what is accepted, or empty
  std::string meaning;
  bool repeatable = false;
  /// The mistake, if there is one; `into` is then as before.
  std::function<std::optional<std::string>(config& into, const std::vector<std::string>& texts)>
      read;
  std::function<std::string(const config& of)> print;

  std::string flag() const;      // --rate-burst
  std::string variable() const;  // CONFAB_RATE_BURST
  std::string fallback() const;  // the default as one would write it; empty: none
};
const std::vector<option_row>& option_rows();

}  // namespace confab::server
