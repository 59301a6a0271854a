#pragma once

#include "journal/sqlite_statement.hpp"

#include <functional>

namespace confab::journal::sqlite {

/// As long as this lives: ends what SQLite is at, with SQLITE_INTERRUPT, as soon as `stop` says so.
/// That is asked every some hundred rows.
class interruption {
 public:
  interruption(connection& database, const std::function<bool()>& stop) : database_(database) {
    constexpr int every_instructions = 5'000;
    sqlite3_progress_handler(
        database.get(), every_instructions,
        [](void* asked) {
          return static_cast<int>((*static_cast<const std::function<bool()>*>(asked))());
        },
        const_cast<std::function<bool()>*>(&stop));
  }
  ~interruption() { sqlite3_progress_handler(database_.get(), 0, nullptr, nullptr); }
  interruption(const interruption&) = delete;
  interruption& operator=(const interruption&) = delete;

 private:
  connection& database_;
};

}  // namespace confab::journal::sqlite
