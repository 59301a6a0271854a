#pragma once

#include "journal/sqlite_statement.hpp"

#include <chrono>
#include <string>

namespace confab::journal::sqlite {

inline constexpr const char* database_name = "confab.db";

/// How long a lock of a foreign program (a backup, a shell) is waited for before a call is
/// `unavailable`. The connections of one journal never wait for each other.
inline constexpr std::chrono::milliseconds foreign_lock_wait_max{250};

enum class role { writer, checkpointer, reader };

/// Opens the database for one of its uses. The code is SQLite's.
int open_connection(connection& fresh, const std::string& path, role use);

}  // namespace confab::journal::sqlite
