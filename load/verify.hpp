#pragma once

#include "load/report.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <variant>
#include <vector>

namespace confab::load {

struct verification {
  std::uint64_t sends = 0, acks = 0, deliveries = 0, connections = 0, resumes = 0, rooms = 0;
  load::checks checks;
  /// The first of what is wrong, a sentence each.
  std::vector<std::string> findings;
};

/// Checks a history (history_log.hpp) against PROTOCOL §6, apart from what the run itself checked:
/// one content under each seq of a room, for all (G2); one seq for each message (G3); every
/// connection got all that followed its join, once and in order, also across connections (G4);
/// nothing that was shown or acknowledged is gone (G1). Or why it is no history.
std::variant<verification, std::string> verify_history(std::istream& history);

}  // namespace confab::load
