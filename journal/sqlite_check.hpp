#pragma once

#include "journal/journal.hpp"
#include "journal/sqlite_statement.hpp"

#include <optional>
#include <string>

namespace confab::journal::sqlite {

/// Adds what SQLite finds wrong with the file. The error says why it could not look.
std::optional<std::string> find_damage(connection& database, check_report& into);
/// Counts the entries of a log of any schema, and adds which rooms lack some.
std::optional<std::string> find_gaps(connection& database, check_report& into);

}  // namespace confab::journal::sqlite
