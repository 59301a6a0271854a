#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace confab::load {

/// The command line, read but not yet looked into.
struct options {
  enum class what : std::uint8_t { run, compare, merge, scenarios, verify };
  what to_do = what::run;
  std::vector<std::string> files;  // of compare, merge and verify
  std::string scenario_name;       // of scenarios
  bool lists_keys = false;         // of scenarios

  std::string url = "ws://127.0.0.1:8080/ws";
  std::string scenario = "chatty-office";
  /// Keys of the scenario with what flags say instead, in order.
  std::vector<std::pair<std::string, std::string>> settings;
  std::string rate;
  std::uint32_t threads = 1;
  std::uint64_t seed = 1;
  std::uint32_t first_user = 0;
  std::string drain = "10s";
  std::string json_file, html_file, verify_file;
  std::vector<std::string> expected;
  std::string find_max;
  int server_pid = 0;
  std::string metrics_url;
  std::string jwt_secret_file, tokens_file;
  bool is_guest = false, is_cbor = false, may_compress = false, is_insecure = false;
};

/// Nothing: it was a request for help (printed) or is wrong (told on stderr); `status` is for exit.
std::optional<options> read_command_line(int argc, const char* const* argv, int& status);

}  // namespace confab::load
