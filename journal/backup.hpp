#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// Copies of an SQLite journal, and the way back from one.
namespace confab::journal {

struct copy_report {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;          // of the file
  std::vector<std::string> faults;  // rooms that lack entries; none: it is sound
};

/// Copies `directory`/confab.db, as it is at one moment, to the file `to`, while a server writes to it
/// or not. The copy stands there only when it is whole, was looked through and is on the disk. While
/// it is made nothing leaves SQLite's write-ahead log; when that has more than `wal_bytes_max` the
/// copying is given up. Error: what to tell the operator.
std::variant<copy_report, std::string> back_up_sqlite(const std::string& directory,
                                                      const std::string& to,
                                                      std::uint64_t wal_bytes_max);

/// Makes of the copy `from` the journal in `directory`, which no server may have open. It is brought to
/// the form of this version, all its rooms begin a new epoch, places in the journal of before are not
/// taken for places in it, and it has a new name, so that no mark is taken for its own. A journal that was there is kept as confab.db.replaced.
std::variant<copy_report, std::string> restore_sqlite(const std::string& directory,
                                                      const std::string& from);

}  // namespace confab::journal
