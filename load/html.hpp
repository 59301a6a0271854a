#pragma once

#include "load/report.hpp"

#include <string>

namespace confab::load {

/// One page with everything in it: the data, the plots and the script that draws them. It loads
/// nothing and needs no network.
std::string to_html(const report& of);

}  // namespace confab::load
