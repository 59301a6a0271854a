#pragma once

#include "journal/sqlite_directory.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// Private to journal: files that get their name when they are whole. Each returns what is wrong.
namespace confab::journal::sqlite {

/// 0: there is none.
std::uint64_t bytes_of(const std::string& path);
/// Of SQLite's log, for which a copy is given up.
std::string too_long_words(const std::string& log);
/// A new file for nobody but the owner: it has all that people wrote.
std::optional<std::string> make_private(const std::string& path);
/// Makes `part` durable, and then `to` its name.
std::optional<std::string> place(const std::string& part, const std::string& to);
/// Makes the database `fresh` that of `directory`. One that is there is kept as confab.db.replaced.
std::optional<std::string> replace_journal(const data_directory& directory,
                                           const std::string& fresh);
/// Why `replace_journal` would not; asked before the work.
std::optional<std::string> cannot_replace(const data_directory& directory);

}  // namespace confab::journal::sqlite
