#pragma once

#include "journal/sqlite_statement.hpp"

#include <optional>
#include <span>
#include <string>

namespace confab::journal::sqlite {

/// The steps of the schema: number n (from 1) leads from `user_version` n-1 to n. A step that was
/// released is never changed.
std::span<const char* const> schema_steps() noexcept;

/// Brings the database to the last of `steps`, each in a transaction of its own. Refuses what
/// belongs to another program and what a newer version wrote, without changing it. The error says
/// what to tell the operator.
std::optional<std::string> migrate(connection& database, std::span<const char* const> steps);

}  // namespace confab::journal::sqlite
