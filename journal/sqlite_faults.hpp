#pragma once

#include "journal/journal.hpp"

#include <string>

/// What a result code of SQLite means for who asked.
namespace confab::journal::sqlite {

class connection;

/// The file is no sound database.
bool is_damage(int code) noexcept;

/// Of anything before COMMIT: nothing was stored. Fatal all the same after a failed fsync, which
/// must not be tried again (the kernel may have dropped the pages it could not write), and where
/// the database is damaged.
fault fault_before_commit(int code) noexcept;

/// Of COMMIT itself: `unavailable` only for what is known to leave the last frame of the
/// transaction unwritten. Others can come after it is on disk (the shared index could not grow):
/// the next commit overwrites it, but a crash before that brings it back.
fault fault_of_commit(int code) noexcept;

/// "database or disk is full (SQLite 13)": for the operator.
std::string words(int code, const connection& from);

}  // namespace confab::journal::sqlite
