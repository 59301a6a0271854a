// Rows of the log as damage may leave them: any value of any type in any column.

#include "journal/sqlite_rows.hpp"
#include "journal/sqlite_statement.hpp"
#include "tests/fuzzing/fuzzing.hpp"

#include <vector>

using namespace confab;
using namespace confab::journal::sqlite;
using confab::fuzzing::must;

namespace {

/// `select COLUMNS from (values ...)`: the columns by their names, so that this stands whatever
/// they come to be.
struct table {
  connection database;
  statement rows;
  int columns = 1;

  table() {
    std::string marks = "?";
    for (const char c : entry_columns)
      if (c == ',') {
        ++columns;
        marks += ", ?";
      }
    must(database.open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) == SQLITE_OK,
         "open");
    const auto sql = "with row(" + std::string{entry_columns} + ") as (values (" + marks +
                     ")) select " + std::string{entry_columns} + " from row";
    must(rows.prepare(database, sql) == SQLITE_OK, "prepare");
  }
};

void bind_any(sqlite3_stmt* to, int index, fuzzing::input& in) {
  const auto how = in.byte();
  switch (how % 5) {
    case 0:
      sqlite3_bind_null(to, index);
      return;
    case 1:
      sqlite3_bind_int64(to, index, how >> 4);  // small, as kinds are
      return;
    case 2:
      sqlite3_bind_int64(to, index, static_cast<sqlite3_int64>(in.number(8)));
      return;
    case 3: {
      const auto text = in.text();
      sqlite3_bind_text64(to, index, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT,
                          SQLITE_UTF8);
      return;
    }
    case 4: {
      const auto bytes = in.text();
      sqlite3_bind_blob64(to, index, bytes.data() ? bytes.data() : "", bytes.size(),
                          SQLITE_TRANSIENT);
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static table log;
  fuzzing::input in{data, size};
  for (int i = 1; i <= log.columns; ++i) bind_any(log.rows.get(), i, in);

  query row{log.rows};
  must(row.next(), "there is a row");
  if (const auto entry = entry_of(row)) {
    const auto columns = columns_of(entry->body);
    // Whether a message is a reply its thread says, whatever damage has made of its kind.
    const bool is_message = std::holds_alternative<posted>(entry->body);
    must(is_message || static_cast<std::int64_t>(columns.kind) == row.integer(4),
         "an entry keeps its kind");
    // That of a trim says up to where it goes.
    const bool has_target =
        target_of(entry->body).has_value() || std::holds_alternative<trimmed>(entry->body);
    must(has_target == columns.target.has_value(), "and whether it has a target");
    must(cost_of(*entry) < (std::size_t{1} << 32), "a cost is one");
  }
  return 0;
}
