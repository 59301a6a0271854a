#include "journal/sqlite_faults.hpp"

#include "journal/sqlite_statement.hpp"

#include <system_error>

namespace confab::journal::sqlite {

bool is_damage(int code) noexcept {
  const int primary = code & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

fault fault_before_commit(int code) noexcept {
  switch (code) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
      return fault::fatal;
    default:
      break;
  }
  return is_damage(code) ? fault::fatal : fault::unavailable;
}

fault fault_of_commit(int code) noexcept {
  if (fault_before_commit(code) == fault::fatal) return fault::fatal;
  switch (code) {
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_LOCK:
      return fault::unavailable;
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return fault::unavailable;
    default:
      return fault::unknown;
  }
}

namespace {

/// "disk I/O error" is said of a disk that may only be read, and of many another. What fails at a commit
/// SQLite keeps with the file only, which is the write-ahead log.
int system_error(int code, const connection& from) {
  if (code != SQLITE_IOERR_WRITE && code != SQLITE_IOERR_FSYNC)
    return (code & 0xff) == SQLITE_CANTOPEN ? sqlite3_system_errno(from.get()) : 0;
  sqlite3_file* log = nullptr;
  int why = 0;
  if (sqlite3_file_control(from.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
      log && log->pMethods)
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &why);
  return why;
}

}  // namespace

std::string words(int code, const connection& from) {
  // What was found damaged by our own reading is no error to SQLite.
  const bool is_its_own = from.get() && sqlite3_extended_errcode(from.get()) == code;
  auto said = is_its_own ? from.message() : std::string{sqlite3_errstr(code)};
  if (const int why = is_its_own ? system_error(code, from) : 0)
    said += ": " + std::generic_category().message(why);
  return said + " (SQLite " + std::to_string(code) + ")";
}

}  // namespace confab::journal::sqlite
