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

/// For a database that has come less far than it had: clients and webhooks know entries of it that are
/// gone. All rooms begin a new epoch, and places in it are those of another log. The secret `log` has
/// all such forks, as `position:name`, with spaces between.
inline constexpr const char* begin_new_log =
    "begin; update rooms set epoch = lower(hex(randomblob(4)));"
    "update secrets set value = randomblob(8) where name = 'inbox';"
    "insert into secrets (name, value) select 'log', cast(max((select coalesce(max(id), 0) from log), "
    "(select coalesce(max(position), 0) from marks)) || ':' || lower(hex(randomblob(4))) as blob) "
    "where true on conflict (name) do update set "
    "value = cast(cast(value as text) || ' ' || cast(excluded.value as text) as blob); commit";

/// Opens the database for one of its uses. The code is SQLite's.
int open_connection(connection& fresh, const std::string& path, role use);

}  // namespace confab::journal::sqlite
