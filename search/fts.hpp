#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

/// Private to search: our tokens within SQLite's FTS5, and the layout of the index.
namespace confab::search {

struct phrase;

/// Before a connection's first use of the table `words`. The code is SQLite's.
int register_tokenizer(sqlite3* database);

/// What a message is found by beside its words, as the column `tags`.
std::string tags_of(std::int64_t room, std::string_view from, bool has_attachment);
/// The same tags with or without an attachment.
std::string with_attachment(std::string_view tags, bool has_attachment);
std::string room_tag(std::int64_t room);
std::string author_tag(std::string_view from);
std::string attachment_tag();

/// As FTS5 reads it. `rooms`: any of these tags; empty: wherever. `tags`: all of these.
std::string expression_of(const std::vector<phrase>& words, const std::vector<std::string>& rooms,
                          const std::vector<std::string>& tags);

}  // namespace confab::search
