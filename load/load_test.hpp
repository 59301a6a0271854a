#pragma once

#include "load/options.hpp"

namespace confab::load {

/// Runs what the command line asks for (`options::what::run`): probes the server, runs once or
/// searches, prints and writes the report. The exit status; mistakes are told on stderr.
/// `started_at_ms`: Unix time. `interruptions`: how often the user asked for the end.
int run_load_test(const options& what, std::int64_t started_at_ms, int (*interruptions)());

}  // namespace confab::load
