#pragma once

#include "journal/journal.hpp"
#include "journal/sqlite_statement.hpp"

#include <optional>
#include <string>

namespace confab::journal::sqlite {

/// Brings the database at `path` to the last schema: copies it beside itself first, where it is an
/// older one with content, then takes the schema's steps, then fills in what an older log lacks, in
/// transactions of a few thousand entries each. Whatever interrupts it, the next start goes on.
std::optional<std::string> bring_up_to_date(connection& database, const std::string& path,
                                            const migration_options& how);

/// Makes all projections of the log anew.
std::optional<std::string> rebuild(connection& database, const migration_options& how);

}  // namespace confab::journal::sqlite
