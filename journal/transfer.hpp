#pragma once

#include "journal/backup.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <variant>

/// A journal as lines of JSON, and one made of such lines. Their form is in docs/export.md.
namespace confab::journal {

/// Writes what `directory`/confab.db holds, as it is at one moment, while a server writes to it or
/// not. Meanwhile nothing leaves SQLite's write-ahead log; see `back_up_sqlite`. Error: what to tell
/// the operator; then `to` has less than all of it, and no line of type `end`.
std::variant<copy_report, std::string> export_sqlite(const std::string& directory, std::ostream& to,
                                                     std::uint64_t wal_bytes_max);
/// The same to a new file, which stands under its name only when it is whole and on the disk.
std::variant<copy_report, std::string> export_sqlite(const std::string& directory,
                                                     const std::string& to,
                                                     std::uint64_t wal_bytes_max);

/// Makes of such lines the journal in `directory`, which no server may have open and which must be
/// empty or not be there. Entries keep their numbers, times and positions. All rooms begin a new
/// epoch, unless `keep_epochs`: nothing was written after the export. Error: what to tell the
/// operator, with the number of the line; then nothing was changed.
std::variant<copy_report, std::string> import_sqlite(const std::string& directory,
                                                     std::istream& from, bool keep_epochs);

}  // namespace confab::journal
