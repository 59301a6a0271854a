#pragma once

#include "journal/sqlite_statement.hpp"
#include "protocol/ids.hpp"

#include <cstdint>
#include <vector>

namespace confab::journal::sqlite {

/// Takes away what a room's log says up to an entry. The rows stay, with all that rules and replays
/// fold (number, time, author, kind, key), as those of deleted messages do; nobody reads them any
/// more. A part of `projection`.
class trimming {
 public:
  int prepare(const connection& database);
  int trim(std::int64_t room, seq_no upto);

 private:
  statement floor_, raise_floor_;
  std::vector<statement> clear_;   // of the log: ?2 is the first entry that goes, ?3 the last
  std::vector<statement> forget_;  // of the projections: up to ?2
};

}  // namespace confab::journal::sqlite
