#pragma once

#include "journal/journal.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

/// Private to journal: a note, apart from the database, of how far it had come. A database that has
/// come less far has lost what clients were told is stored: its log was cut, or an older copy was
/// put back.
namespace confab::journal {

struct journal_mark {
  std::string journal;         // which one: hex digits
  std::uint64_t position = 0;  // of its last entry, or a little before
  friend bool operator==(const journal_mark&, const journal_mark&) = default;
};

/// Nothing where there is no such file; else the mark, or what is wrong.
std::variant<std::optional<journal_mark>, std::string> read_mark(const std::string& path);
/// Replaces the file in one step. What is wrong; nothing if all is well.
std::optional<std::string> write_mark(const std::string& path, const journal_mark& what);

/// Writes as `to` does, and marks how far that has come: once in `how.every` at most, and at the
/// end.
std::unique_ptr<writer> marking(std::unique_ptr<writer> to, std::string journal,
                                const mark_options& how);

}  // namespace confab::journal
