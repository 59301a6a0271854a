#pragma once

#include "protocol/ids.hpp"

#include <sqlite3.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// SQLite's C interface as values with owners. Codes are SQLite's extended result codes throughout.
namespace confab::journal::sqlite {

/// As a string within SQL.
inline std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out += '\'';
}

/// A connection, used by one thread at a time. Outlives its statements.
class connection {
 public:
  int open(const std::string& path, int flags) {
    sqlite3* handle = nullptr;
    // Also after a failure there is a handle, which holds the message.
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    handle_.reset(handle);
    if (!handle) return code;
    sqlite3_extended_result_codes(handle, 1);
    return code == SQLITE_OK ? SQLITE_OK : sqlite3_extended_errcode(handle);
  }
  /// Closing the last connection copies the log into the database and syncs both. Not with this.
  void leave_log_at_close() noexcept {
    if (handle_) sqlite3_db_config(get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  bool is_open() const noexcept { return handle_ != nullptr; }

  int execute(const char* sql) { return sqlite3_exec(get(), sql, nullptr, nullptr, nullptr); }
  bool in_transaction() const noexcept { return sqlite3_get_autocommit(get()) == 0; }
  std::string message() const { return handle_ ? sqlite3_errmsg(get()) : "out of memory"; }
  sqlite3* get() const noexcept { return handle_.get(); }

 private:
  struct closer {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, closer> handle_;
};

/// A prepared statement; what runs it is a `query`.
class statement {
 public:
  int prepare(const connection& on, std::string_view sql) {
    sqlite3_stmt* handle = nullptr;
    const int code = sqlite3_prepare_v3(on.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    handle_.reset(handle);
    return code;
  }
  sqlite3_stmt* get() const noexcept { return handle_.get(); }

 private:
  struct finalizer {
    void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
  };
  std::unique_ptr<sqlite3_stmt, finalizer> handle_;
};

/// SQLite's integers are signed; nothing is numbered or counted beyond them.
inline std::int64_t clamp(std::uint64_t number) noexcept {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  return number > static_cast<std::uint64_t>(most) ? most : static_cast<std::int64_t>(number);
}
inline std::int64_t clamp(seq_no seq) noexcept { return clamp(seq.value()); }
/// As the limit of a query that is to tell whether there are more.
inline std::int64_t one_more(std::size_t count) noexcept {
  return count >= static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max())
             ? std::numeric_limits<std::int64_t>::max()
             : clamp(count + 1);
}

/// One run of a statement: binds its arguments, and resets it at the end, which also ends the
/// read transaction that would hold back checkpoints. Texts are not copied: they must outlive it.
class query {
 public:
  template <class... Arguments>
  explicit query(const statement& prepared, const Arguments&... arguments)
      : handle_(prepared.get()) {
    int index = 0;
    (bind(++index, arguments), ...);
  }
  query(const query&) = delete;
  query& operator=(const query&) = delete;
  ~query() { sqlite3_reset(handle_); }

  /// One argument more, before the first row.
  template <class Argument>
  void bind_more(int index, const Argument& argument) {
    bind(index, argument);
  }

  /// Whether there is a (further) row. After false, `code` tells the end from a failure.
  bool next() {
    if (code_ != SQLITE_OK) return false;
    const int step = sqlite3_step(handle_);
    if (step == SQLITE_ROW) return true;
    if (step != SQLITE_DONE) code_ = step;
    return false;
  }
  /// For statements without rows.
  int run() {
    next();
    return code_;
  }
  int code() const noexcept { return code_; }

  bool is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
  std::string_view text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    if (!bytes) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
  }

 private:
  void keep(int code) {
    if (code_ == SQLITE_OK) code_ = code;
  }
  void bind(int index, std::integral auto number) {
    keep(sqlite3_bind_int64(handle_, index, static_cast<sqlite3_int64>(number)));
  }
  void bind(int index, std::string_view text) {
    // A null pointer would bind NULL.
    keep(sqlite3_bind_text64(handle_, index, text.data() ? text.data() : "", text.size(),
                             SQLITE_STATIC, SQLITE_UTF8));
  }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value)
      bind(index, *value);
    else
      keep(sqlite3_bind_null(handle_, index));
  }

  sqlite3_stmt* handle_;
  int code_ = SQLITE_OK;
};

}  // namespace confab::journal::sqlite
