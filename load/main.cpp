// confab-load: a load test of a chat server with simulated users. See docs/load-testing.md.

#include "load/files.hpp"
#include "load/load_test.hpp"
#include "load/options.hpp"
#include "load/report.hpp"
#include "load/scenario.hpp"
#include "load/summary.hpp"
#include "load/text.hpp"
#include "load/verify.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <fstream>
#include <iostream>

namespace {

using namespace confab::load;

volatile std::sig_atomic_t interruptions = 0;

int refuse(const std::string& sentence) {
  std::cerr << sentence << '\n';
  return impossible;
}

/// Nothing, having said why.
std::optional<report> read_report(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return refuse(path + " cannot be read."), std::nullopt;
  auto parsed = from_json(*text);
  if (const auto* wrong = std::get_if<std::string>(&parsed))
    return refuse(path + ": " + *wrong), std::nullopt;
  return std::get<report>(std::move(parsed));
}

int compare(const options& what) {
  const auto a = read_report(what.files[0]), b = read_report(what.files[1]);
  if (!a || !b) return impossible;
  print_comparison(*a, *b, what.files[0], what.files[1], style_of(STDOUT_FILENO), std::cout);
  return 0;
}

int merge_reports(const options& what) {
  std::optional<report> whole;
  for (const auto& path : what.files) {
    auto one = read_report(path);
    if (!one) return impossible;
    whole = whole ? merge(*whole, *one) : std::move(*one);
  }
  if (const auto wrong = write_results(*whole, what); !wrong.empty()) return refuse(wrong);
  print_summary(*whole, style_of(STDOUT_FILENO), std::cout);
  return failings(*whole).empty() ? 0 : missed;
}

int show_scenarios(const options& what) {
  if (what.lists_keys) return std::cout << scenario_keys(), 0;
  for (const auto& [name, toml] : built_in_scenarios()) {
    if (what.scenario_name.empty())
      std::cout << left(name, 18) << std::get<scenario>(parse_scenario(name, toml)).description
                << '\n';
    else if (name == what.scenario_name)
      return std::cout << toml, 0;
  }
  if (what.scenario_name.empty()) return 0;
  return refuse("There is no scenario " + what.scenario_name +
                "; confab-load scenarios lists them.");
}

int verify(const options& what) {
  std::ifstream lines(what.files[0]);
  if (!lines) return refuse(what.files[0] + " cannot be read.");
  const auto result = verify_history(lines);
  if (const auto* wrong = std::get_if<std::string>(&result))
    return refuse(what.files[0] + ": " + *wrong);
  const auto& found = std::get<verification>(result);
  std::cout << grouped(found.sends) << " messages sent, " << grouped(found.acks)
            << " acknowledged, " << grouped(found.deliveries) << " deliveries in "
            << grouped(found.rooms) << " rooms over " << grouped(found.connections)
            << " connections, " << grouped(found.resumes) << " rooms resumed\n";
  for (const auto& row : violation_rows)
    if (const auto count = found.checks.*row.field; count > 0)
      std::cout << grouped(count) << ' ' << row.label << '\n';
  for (const auto& each : found.findings) std::cout << "  " << each << '\n';
  if (violations(found.checks) > 0) return missed;
  std::cout << "The server kept its promises.\n";
  return 0;
}

int run(const options& what) {
  signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = [](int) { interruptions = interruptions + 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return run_load_test(what, std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
                       [] { return static_cast<int>(interruptions); });
}

}  // namespace

int main(int argc, char** argv) {
  int status = 0;
  const auto what = read_command_line(argc, argv, status);
  if (!what) return status;
  try {
    switch (what->to_do) {
      case options::what::run:
        return run(*what);
      case options::what::compare:
        return compare(*what);
      case options::what::merge:
        return merge_reports(*what);
      case options::what::scenarios:
        return show_scenarios(*what);
      case options::what::verify:
        return verify(*what);
    }
  } catch (const std::exception& error) {
    return refuse(std::string{"confab-load failed: "} + error.what());
  }
  return 0;
}
