#pragma once

#include "load/crowd.hpp"
#include "load/live.hpp"
#include "load/report.hpp"
#include "load/server_watch.hpp"
#include "load/worker.hpp"

#include <functional>
#include <string>

namespace confab::load {

struct run_options {
  std::string url;
  double drain_s = 10;  // for what is still owed when nothing is sent any more
  server_watch* server = nullptr;
  /// Called each second.
  std::function<void(const progress&)> show = [](const progress&) {};
  /// How often the user asked for the end: 1 ends the sending, 2 everything.
  std::function<int()> interruptions = [] { return 0; };
};

/// One run from the first connection to the report. Its threads end with it.
report run_load(const load_plan& plan, const wire_plan& wires, const run_options& options);

/// Lets this process open as many files as it may. Empty, or why `connections` are too many.
std::string raise_open_files(std::uint64_t connections);

}  // namespace confab::load
