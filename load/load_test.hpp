#pragma once

#include "load/options.hpp"
#include "load/report.hpp"

#include <cstdint>
#include <string>

namespace confab::load {

/// Exit statuses beside 0: an objective or a promise of the server was missed; it could not be run.
inline constexpr int missed = 1, impossible = 2;

/// To the files of --json and --html, as far as they are asked for. Empty, or what went wrong.
std::string write_results(const report& of, const options& what);

/// Runs what the command line asks for (`options::what::run`): probes the server, runs once or
/// searches, prints and writes the report. The exit status; mistakes are told on stderr.
/// `started_at_ms`: Unix time. `interruptions`: how often the user asked for the end.
int run_load_test(const options& what, std::int64_t started_at_ms, int (*interruptions)());

}  // namespace confab::load
