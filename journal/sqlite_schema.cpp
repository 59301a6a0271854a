#include "journal/sqlite_schema.hpp"

#include "journal/sqlite_faults.hpp"

#include <array>
#include <variant>

namespace confab::journal::sqlite {
namespace {

/// "cnfb", so that no other program's database is taken for ours (PRAGMA application_id).
constexpr std::int64_t application = 0x636e6662;

// `kind`: see rooms::entry_kind. It is the last column of `log_order` so that a page of history
// skips a long run of reactions without fetching their rows. There is no index on `key`: it would
// halve the rate of appends, and the recent ones are kept in memory.
constexpr const char* step_1 = R"(
  create table rooms (
    id integer primary key,
    room text not null unique,
    title text not null,
    epoch text not null,
    created_at integer not null,
    direct_a text,
    direct_b text,
    floor integer not null default 1
  ) strict;
  create index rooms_listed on rooms (room) where direct_a is null;
  create index rooms_direct_a on rooms (direct_a) where direct_a is not null;
  create index rooms_direct_b on rooms (direct_b) where direct_b is not null;

  create table log (
    id integer primary key,
    room integer not null,
    seq integer not null,
    at integer not null,
    sender text not null,
    kind integer not null,
    target integer,
    key text,
    text text,
    data text
  ) strict;
  create unique index log_order on log (room, seq, kind);
  create index log_changes on log (room, target) where target is not null;

  create table probe (id integer primary key, count integer not null) strict;
  insert into probe values (1, 0);
)";

// Projections of the log, written in the same transaction as the entries they come from
// (sqlite_projection), and what keys need so that a start reads no log. Those of an older log are
// filled in afterwards, see sqlite_migration: `progress` says how far that is; with -1 all of them
// are made anew.
//
// `log.counted`: messages up to this entry that count as unread. `log.more`: entries of the same
// operation that follow. `changed`: one row for each message that a later entry names; `edit` is the
// entry that has its content, where that is not the message itself. A position is a place in the
// order of the whole journal: `log.id`, and one for each group of marks. What a clock that was ahead
// wrote is brought to the present here: later the log is not touched. The server's own room has
// the number 0, so that lists of rooms can leave it out.
constexpr const char* step_2 = R"(
  alter table log add column counted integer not null default 0;
  alter table log add column more integer not null default 0;
  update log set at = unixepoch() * 1000 where at > unixepoch() * 1000;

  create table changed (
    room integer not null,
    seq integer not null,
    edits integer not null default 0,
    reactions integer not null default 0,
    emoji integer not null default 0,
    edit integer,
    edited_at integer,
    edited_by text,
    deleted_by text,
    primary key (room, seq)
  ) strict, without rowid;
  create table reactions (
    room integer not null,
    target integer not null,
    emoji text not null,
    user text not null,
    seq integer not null,
    primary key (room, target, emoji, user)
  ) strict, without rowid;
  create index reactions_order on reactions (room, target, emoji, seq);
  create table reaction_counts (
    room integer not null,
    target integer not null,
    emoji text not null,
    count integer not null,
    primary key (room, target, emoji)
  ) strict, without rowid;

  create table marks (
    user text not null,
    kind integer not null,
    subject text not null,
    value integer not null,
    text text not null,
    position integer not null,
    primary key (user, kind, subject)
  ) strict, without rowid;
  create index marks_position on marks (position);

  create table key_runs (
    last integer primary key,
    first integer not null,
    newest integer not null,
    places blob not null
  ) strict;
  create table secrets (name text primary key, value blob not null) strict, without rowid;
  insert into secrets values ('keys', randomblob(16)), ('guests', randomblob(32));
  create table progress (step text primary key, done integer not null) strict, without rowid;
  insert into progress select 'project', 0 where exists (select 1 from log);

  insert into rooms (id, room, title, epoch, created_at)
    values (0, '@server', '@server', lower(hex(randomblob(4))), unixepoch() * 1000);
)";

// A page of messages must not go through the changes between them, nor a page of changes through
// messages: each entry is in one of two indexes instead of in one with its kind. Only edits are
// looked for by their target, to take deleted content away.
constexpr const char* step_3 = R"(
  create unique index log_messages on log (room, seq) where kind = 0;
  create unique index log_changes_order on log (room, seq) where kind <> 0;
  create index log_edits on log (room, target) where kind = 1;
  drop index log_order;
  drop index log_changes;
)";

// `direct_order`: each user's direct rooms in the order of their last entries, so that the latest
// cost no more rows than they are. A position is that of an entry, and moves only when another room
// comes to the front: whoever writes to one room writes no row here.
//
// With and without U+FE0F an emoji is the same (protocol/codec.hpp, `plain_emoji`): reactions are
// stored without. Where there were others, all projections are made anew from the log.
constexpr const char* step_4 = R"(
  create table direct_order (
    user text not null,
    position integer not null,
    room integer not null,
    primary key (user, position)
  ) strict, without rowid;
  create unique index direct_order_rooms on direct_order (user, room);
  with last (a, b, room, position) as (
    select direct_a, direct_b, id, max(
      coalesce((select id from log where room = r.id and kind = 0 order by seq desc limit 1), 0),
      coalesce((select id from log where room = r.id and kind <> 0 order by seq desc limit 1), 0))
    from rooms r where direct_a is not null)
  insert into direct_order select a, position, room from last where position > 0
    union select b, position, room from last where position > 0;

  update log set text = replace(text, char(0xfe0f), '') where kind <> 0 and kind in (3, 4)
    and instr(text, char(0xfe0f)) > 0 and replace(text, char(0xfe0f), '') <> '';
  insert or replace into progress select 'project', -1 where changes() > 0;
)";

// Members, settings, pins, threads and profiles. A message in a thread is of kind 6, so that the
// main line of a room keeps its index and replies have their own: of all, and of those that are not
// deleted. There is no index by sender: each message would dirty a page of its own. `last_messages`
// says when somebody last said something in a room in which slow mode is on.
//
// `members`: see rooms::member_row; a row goes when nothing is left of it. `rooms.kept` is how many
// there are of a room: of most rooms none, and then nobody is looked up. `rooms.unlisted`: private, in
// no list but its members'. `log.users` are ids and
// "@room", apart by spaces.
constexpr const char* step_5 = R"(
  alter table log add column thread integer;
  alter table log add column reply_to integer;
  alter table log add column flags integer;
  alter table log add column event text;
  alter table log add column users text;
  alter table log add column attachments text;
  alter table log add column gone integer;
  create unique index log_replies on log (room, seq) where kind = 6;
  create index log_threads on log (room, thread, seq) where kind = 6;
  create index log_threads_kept on log (room, thread, seq) where kind = 6 and gone is null;

  alter table changed add column reason text;
  alter table rooms add column settings text;
  alter table rooms add column members integer not null default 0;
  alter table rooms add column owners integer not null default 0;
  alter table rooms add column kept integer not null default 0;
  alter table rooms add column unlisted integer not null default 0;
  drop index rooms_listed;
  create index rooms_listed on rooms (room) where direct_a is null and unlisted = 0;

  create table members (
    room integer not null,
    user text not null,
    state integer not null,
    role integer not null,
    since integer not null,
    until integer,
    mute_until integer not null,
    invited_by text,
    reason text,
    primary key (room, user)
  ) strict, without rowid;
  create index members_listed on members (room, state, user);
  create index members_rank on members (room, role, since, user) where state = 2;
  create index members_user on members (user) where state in (1, 2);
  create table users (
    user text primary key,
    name text not null,
    data text,
    guest integer not null
  ) strict, without rowid;
  create table last_messages (
    room integer not null,
    user text not null,
    at integer not null,
    primary key (room, user)
  ) strict, without rowid;
  create table pins (
    room integer not null,
    seq integer not null,
    target integer not null,
    pinned_by text not null,
    pinned_at integer not null,
    primary key (room, target)
  ) strict, without rowid;
  create table threads (
    room integer not null,
    root integer not null,
    replies integer not null,
    last integer not null,
    last_at integer not null,
    primary key (room, root)
  ) strict, without rowid;
  create index threads_order on threads (room, last);
  create table thread_users (
    room integer not null,
    root integer not null,
    user text not null,
    replies integer not null,
    primary key (room, root, user)
  ) strict, without rowid;
)";

// What has not been read. `notes`: of a message for each member whom it addresses, at the place of
// the message or of the edit that named the member (rooms::note). `room_mentions`: messages that name
// everybody; `deleted_counted`: those that `log.counted` counts and that were deleted. Read markers
// are marks of kind 1. `thread_users.last` is a user's latest reply that is not deleted: who wrote in
// a thread last is told of the next reply. `gone_rooms`: where somebody was a member or invited and is
// no more, with the place of the entry that ended it. The secret `inbox` tells places in this log from
// those in another.
//
// All of it is in no row of an older log: the projections are made anew.
constexpr const char* step_6 = R"(
  alter table thread_users add column last integer not null default 0;
  create index thread_users_last on thread_users (room, root, last);
  create index log_thread_users on log (room, thread, sender, seq)
    where kind = 6 and gone is null;

  create table notes (
    user text not null,
    room integer not null,
    place integer not null,
    message integer not null,
    why integer not null,
    position integer not null,
    primary key (user, room, place)
  ) strict, without rowid;
  create index notes_latest on notes (user, position);
  create index notes_message on notes (room, message);
  create table room_mentions (
    room integer not null,
    seq integer not null,
    primary key (room, seq)
  ) strict, without rowid;
  create table deleted_counted (
    room integer not null,
    seq integer not null,
    primary key (room, seq)
  ) strict, without rowid;
  create table gone_rooms (
    user text not null,
    room integer not null,
    state integer not null,
    position integer not null,
    primary key (user, room)
  ) strict, without rowid;

  insert into secrets values ('inbox', randomblob(8));
  insert or replace into progress select 'project', -1 where exists (select 1 from log);
)";

// `erased`: in which rooms a user was erased, by which entry, and how they are called since. What was
// written before it under the old name is given the new one afterwards, in parts.
constexpr const char* step_7 = R"(
  create table erased (
    room integer not null,
    user text not null,
    seq integer not null,
    called text not null,
    primary key (room, user, seq)
  ) strict, without rowid;
)";

// Who set a profile: what the deployment set is not written over by a sign-in. Of an entry of kind 11
// `log.flags` is 1 of a guest's and 2 of what the deployment set.
constexpr const char* step_8 = "alter table users add column by_api integer not null default 0;";

// Who is erased loses their reactions: those of all others are not to be looked through for them.
constexpr const char* step_9 = R"(
  create index reactions_user on reactions (room, user);
)";

// `erased_named`: of whom the old name stands in what says that they are no more. `users.at` and
// `users.seq` are of the entry that tells the name: a guest's name goes with time, and what is told of a
// guest later takes the place of what was told before. Of a direct room there is a row of `members`, with
// nothing but a `since`, for each of its users who was erased: where there is such a room a replay finds it.
constexpr const char* step_10 = R"(
  create index erased_user on erased (user);
  create index erased_named on erased (seq) where room = 0 and user <> called;
  alter table users add column at integer not null default 0;
  alter table users add column seq integer not null default 0;
  create temp table told as select users as user, at, max(seq) as seq from log
    where room = 0 and kind <> 0 and kind = 11 group by users;
  update users set at = t.at, seq = t.seq from told t where t.user = users.user;
  update log set text = null, data = null where room = 0 and kind <> 0 and kind = 11 and flags = 1
    and seq not in (select seq from told);
  drop table told;
  create index users_guests on users (at) where guest = 1 and by_api = 0;
  insert or replace into progress select 'project', -1
    where exists (select 1 from erased e join rooms r on r.id = e.room where r.direct_a is not null);
)";

// Who wants to be told of every message of a room is found among all its members: see rooms/own.cpp
// for the bits.
constexpr const char* step_11 = R"(
  create index marks_for_all on marks (subject, user) where kind = 2 and (value & 3) = 1;
)";

// Of an entry of kind 11 `log.flags` has 4 too where nothing was known of the user before.
//
// `log.api_key`: the name of the API's key that asked for it. What is looked for when somebody asks who did
// what to rooms and members is few among the messages: see `reader::audit`.
constexpr const char* step_12 = R"(
  alter table log add column api_key text;
  create index log_audited on log (id) where kind in (2, 5, 7, 8, 9, 10, 12, 13);
)";

constexpr std::array steps{step_1, step_2, step_3, step_4, step_5, step_6, step_7, step_8,
                           step_9, step_10, step_11, step_12};

std::variant<std::int64_t, std::string> number(connection& database, std::string_view sql) {
  statement prepared;
  if (const int code = prepared.prepare(database, sql)) return words(code, database);
  query run{prepared};
  if (run.next()) return run.integer(0);
  return run.code() ? words(run.code(), database) : std::string{"no answer"};
}

}  // namespace

std::span<const char* const> schema_steps() noexcept { return steps; }

std::optional<std::string> migrate(connection& database, std::span<const char* const> all) {
  std::int64_t found[3];
  const std::string_view questions[] = {"pragma user_version", "pragma application_id",
                                        "select count(*) from sqlite_schema"};
  for (int i = 0; i < 3; ++i) {
    auto answer = number(database, questions[i]);
    if (auto* error = std::get_if<std::string>(&answer)) return std::move(*error);
    found[i] = std::get<std::int64_t>(answer);
  }
  const auto [version, owner, objects] = found;
  if (owner != application && (owner != 0 || objects != 0))
    return "this database belongs to another program";
  if (version < 0 || static_cast<std::size_t>(version) > all.size())
    return "it was written by a newer version of confab (schema " + std::to_string(version) +
           ", this one knows " + std::to_string(all.size()) + ")";

  for (auto at = static_cast<std::size_t>(version); at < all.size(); ++at) {
    const auto sql = "begin immediate;" + std::string{all[at]} +
                     ";pragma application_id = " + std::to_string(application) +
                     ";pragma user_version = " + std::to_string(at + 1) + ";commit";
    if (const int code = database.execute(sql.c_str())) {
      auto error = words(code, database);
      if (database.in_transaction()) database.execute("rollback");
      return "schema step " + std::to_string(at + 1) + ": " + error;
    }
  }
  return std::nullopt;
}

}  // namespace confab::journal::sqlite
