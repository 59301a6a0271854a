#pragma once

#include "load/report.hpp"

/// A run as it might have been, for what shows reports: 60 seconds of a town hall, all users up
/// after 10, a hiccup in second 40, sending ended after 58.
namespace confab::load {

report sample_report();

}  // namespace confab::load
