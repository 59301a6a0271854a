#include "load/options.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace confab::load {

std::optional<options> read_command_line(int argc, const char* const* argv, int& status) {
  options out;
  CLI::App app{"Load-tests a Confab server with simulated users, and checks every delivery."};
  app.name("confab-load");
  app.set_version_flag("--version", std::string{"confab-load/"} + CONFAB_VERSION);
  app.footer(
      "Exit status: 0 all well, 1 an objective or a promise of the server was missed, "
      "2 it could not be run.\nFrom the first run to sizing a deployment: docs/load-testing.md");

  // First of all: they would inherit the groups of the options.
  app.add_subcommand("run", "Run a scenario (what happens without any of these)")->fallthrough();
  auto* compare = app.add_subcommand("compare", "Show two reports (--json) side by side");
  auto* merge =
      app.add_subcommand("merge", "Make one report of several processes that ran at the same time");
  auto* scenarios = app.add_subcommand("scenarios", "List the scenarios, or print one");
  auto* verify = app.add_subcommand("verify", "Check a history (--verify) again");
  app.require_subcommand(0, 1);
  compare->add_option("files", out.files, "Two reports")->required()->expected(2);
  merge->add_option("files", out.files, "Reports")->required()->expected(2, 1000);
  merge->add_option("--json", out.json_file, "Write the whole");
  merge->add_option("--html", out.html_file, "Write it as a page with plots");
  scenarios->add_option("name", out.scenario_name, "Print this one");
  scenarios->add_flag("--keys", out.lists_keys, "Say what can be set");
  verify->add_option("file", out.files, "The history")->required()->expected(1);

  const auto begin_group = [&](const char* name) { app.option_defaults()->group(name); };
  const auto setting = [&](const std::string& flag, std::string key, const std::string& help) {
    app.add_option_function<std::string>(
           flag, [&out, key](const std::string& value) { out.settings.emplace_back(key, value); },
           help)
        ->type_name("VALUE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  };

  begin_group("Server");
  app.add_option("--url", out.url, "Where the server is: ws:// or wss://")->capture_default_str();
  app.add_flag("--insecure", out.is_insecure, "Accept any certificate");
  app.add_option("--server-pid", out.server_pid, "Measure the server's CPU and memory from /proc")
      ->check(CLI::PositiveNumber);
  app.add_option("--metrics-url", out.metrics_url, "Or from its Prometheus metrics");

  begin_group("Who and what");
  app.add_option("--scenario", out.scenario, "A name (confab-load scenarios), or a TOML file")
      ->capture_default_str();
  setting("--users", "users", "Simulated users");
  setting("--devices", "devices", "Connections of each");
  setting("--rooms", "rooms", "Rooms there are");
  setting("--ramp", "ramp", "Users that arrive per second: 500/s");
  setting("--for", "for", "How long is sent, once all are up: 60s");
  app.add_option("--rate", out.rate,
                 "Messages sent per second by all together, 2000/s, or by each, 0.5/s/user");
  app.add_option_function<std::vector<std::string>>(
         "--set",
         [&out](const std::vector<std::string>& all) {
           for (const auto& each : all) {
             const auto equals = each.find('=');
             out.settings.emplace_back(each.substr(0, equals),
                                       equals == std::string::npos ? "" : each.substr(equals + 1));
           }
         },
         "Any key of the scenario: --set think=2s")
      ->type_name("KEY=VALUE")
      ->type_size(1)
      ->allow_extra_args(false);
  app.add_option("--seed", out.seed, "The same seed, the same behaviour")->capture_default_str();
  app.add_option("--first-user", out.first_user,
                 "Number of the first user, where several processes share the load")
      ->capture_default_str();

  begin_group("Sign-in");
  app.add_flag("--guest", out.is_guest, "Users come as guests (default)");
  app.add_option("--jwt-secret-file", out.jwt_secret_file, "Make each user an HS256 token");
  app.add_option("--tokens", out.tokens_file, "Users come with these tokens, one a line");

  begin_group("How");
  app.add_option("--threads", out.threads, "Threads of this tool")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_flag("--cbor", out.is_cbor, "CBOR instead of JSON");
  app.add_flag("--compress", out.may_compress, "Offer permessage-deflate");
  app.add_option("--drain", out.drain, "How long to wait at the end for what is still owed")
      ->capture_default_str();

  begin_group("Results");
  app.add_option("--expect", out.expected, "An objective, 'p99<50ms' or lost=0; may be repeated")
      ->type_size(1)
      ->allow_extra_args(false);
  app.add_option("--find-max", out.find_max,
                 "Search for the highest rate that meets this: 'p99<100ms'");
  app.add_option("--json", out.json_file, "Write the report");
  app.add_option("--html", out.html_file, "Write it as a page with plots");
  app.add_option("--verify", out.verify_file,
                 "Write the history of all that was sent and seen, and check it");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    status = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  using what = options::what;
  out.to_do = compare->parsed()     ? what::compare
              : merge->parsed()     ? what::merge
              : scenarios->parsed() ? what::scenarios
              : verify->parsed()    ? what::verify
                                    : what::run;
  return out;
}

}  // namespace confab::load
