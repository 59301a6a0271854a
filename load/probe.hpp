#pragma once

#include "load/crowd.hpp"
#include "load/worker.hpp"

#include <string>

namespace confab::load {

/// One user says hello and leaves: is there a server of ours that lets us in? Empty, and
/// `wires.address` is the one that answered; or what is wrong, as a sentence.
std::string probe(const load_plan& plan, wire_plan& wires, const std::string& url);

}  // namespace confab::load
