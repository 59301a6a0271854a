#include "journal/transfer.hpp"

#include "journal/scratch_file.hpp"
#include "journal/sqlite_check.hpp"
#include "journal/sqlite_directory.hpp"
#include "journal/sqlite_faults.hpp"
#include "journal/sqlite_interruption.hpp"
#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_migration.hpp"
#include "journal/sqlite_placing.hpp"
#include "journal/sqlite_rows.hpp"
#include "journal/sqlite_schema.hpp"
#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "rooms/principal.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <istream>
#include <optional>
#include <ostream>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <variant>

namespace confab::journal {
namespace sqlite {
namespace {

namespace fs = std::filesystem;
using error = std::optional<std::string>;

// SQLite writes and reads the lines: they are the columns of its tables under the names of the
// protocol. A column that is null makes its member null, and with `||` nothing of it is left.
// A kind that has no name here makes the whole line null.
static_assert(std::variant_size_v<entry_body> == 11, "a new kind of entry needs its words in both");

constexpr const char* rooms_out = R"(
  select '{"type":"room","room":' || json_quote(room) || ',"epoch":' || json_quote(epoch) ||
    ',"created_at":' || created_at || iif(title = '', '', ',"title":' || json_quote(title)) ||
    iif(direct_a is null, '', ',"direct":' || json_array(direct_a, direct_b)) ||
    coalesce(',"floor":' || nullif(floor, 1), '') || '}'
  from rooms order by id)";

constexpr const char* rooms_in = R"(
  insert into rooms (room, title, epoch, created_at, direct_a, direct_b, floor)
    select e ->> 'room', coalesce(e ->> 'title', ''),
      iif(?2, e ->> 'epoch', lower(hex(randomblob(4)))), e ->> 'created_at', e ->> '$.direct[0]',
      e ->> '$.direct[1]', coalesce(e ->> 'floor', 1) from (select ?1 as e) where true
    on conflict (room) do update set epoch = excluded.epoch, created_at = excluded.created_at
      where rooms.id = 0)";

constexpr const char* entries_out = R"(
  select '{"type":"' || case kind when 0 then 'message' when 6 then 'message'
      when 1 then 'edited' when 2 then 'deleted' when 3 then 'reacted' when 4 then 'reacted'
      when 5 then 'recorded' when 7 then 'member_set' when 8 then 'room_set' when 9 then 'pinned'
      when 10 then 'pinned' when 11 then 'user_set' when 12 then 'trimmed'
      when 13 then 'erased' end ||
    '","position":' || l.id || ',"room":' || json_quote(r.room) || ',"seq":' || seq ||
    ',"at":' || at || ',"from":' || json_quote(sender) ||
    iif(key is null, '', ',"key":' || json_quote(key)) || coalesce(',"more":' || nullif(more, 0), '') ||
    coalesce(iif(kind = 12, ',"upto":', ',"target":') || target, '') || coalesce(',"thread":' || thread, '') ||
    coalesce(',"reply_to":' || reply_to, '') || iif(event is null, '', ',"event":' || json_quote(event)) ||
    case when kind in (3, 9) then ',"on":true' when kind in (4, 10) then ',"on":false' else '' end ||
    case when flags is null then '' when kind = 11 then iif(flags & 1, ',"guest":true', '') || iif(flags & 2, ',"by_api":true', '') || iif(flags & 4, ',"first":true', '')
      else iif(flags & 1, ',"quiet":true', '') || iif(flags & 2, ',"unchecked":true', '') end ||
    iif(text is null, '', case kind when 2 then ',"reason":' when 3 then ',"emoji":' when 4 then ',"emoji":'
      when 5 then ',"event":' when 7 then ',"reason":' when 11 then ',"name":' when 13 then ',"as":'
      else ',"text":' end || json_quote(text)) ||
    coalesce(case kind when 7 then ',"change":' when 8 then ',"settings":' else ',"data":' end ||
      json(data), '') ||
    coalesce(case kind when 7 then ',"users":' when 11 then ',"users":' when 13 then ',"users":' else ',"mentions":' end ||
      '["' || replace(users, ' ', '","') || '"]', '') ||
    coalesce(',"attachments":' || json(attachments), '') ||
    iif(api_key is null, '', ',"by":' || json_quote(api_key)) || '}'
  from log l left join rooms r on r.id = l.room order by l.id)";

constexpr const char* entries_in = R"(
  insert into log (id, room, seq, at, sender, kind, key, more, target, thread, reply_to, flags,
      event, text, data, users, attachments, api_key)
    select e ->> 'position', (select id from rooms where room = e ->> 'room'), e ->> 'seq',
      e ->> 'at', e ->> 'from',
      case t when 'message' then iif(e ->> 'thread' is null, 0, 6) when 'edited' then 1
        when 'deleted' then 2 when 'reacted' then iif(e ->> 'on', 3, 4) when 'recorded' then 5
        when 'member_set' then 7 when 'room_set' then 8 when 'pinned' then iif(e ->> 'on', 9, 10)
        when 'user_set' then 11 when 'trimmed' then 12 when 'erased' then 13 end,
      e ->> 'key', coalesce(e ->> 'more', 0), e ->> iif(t = 'trimmed', 'upto', 'target'), e ->> 'thread', e ->> 'reply_to',
      nullif(iif(e ->> iif(t = 'user_set', 'guest', 'quiet'), 1, 0) + iif(e ->> iif(t = 'user_set', 'by_api', 'unchecked'), 2, 0) +
        iif(t = 'user_set' and e ->> 'first', 4, 0), 0),
      iif(t = 'recorded', null, e ->> 'event'),
      e ->> case t when 'deleted' then 'reason' when 'reacted' then 'emoji'
        when 'recorded' then 'event' when 'member_set' then 'reason' when 'user_set' then 'name' when 'erased' then 'as'
        else 'text' end,
      e -> case t when 'member_set' then 'change' when 'room_set' then 'settings' else 'data' end,
      (select group_concat(value, ' ') from
        json_each(e, iif(t in ('member_set', 'user_set', 'erased'), '$.users', '$.mentions'))),
      e -> 'attachments', e ->> 'by'
    from (select ?1 as e, ?1 ->> 'type' as t))";

constexpr const char* marks_out = R"(
  select '{"type":"mark","position":' || position || ',"user":' || json_quote(user) || ',"mark":"' ||
    case kind when 1 then 'read_marker' when 2 then 'own_settings' when 3 then 'block'
      when 4 then 'cursor' end ||
    '","subject":' || json_quote(subject) || ',"value":' || value || ',"text":' ||
    json_quote(text) || '}'
  from marks order by position, user, kind, subject)";

constexpr const char* marks_in = R"(
  insert into marks (position, user, kind, subject, value, text)
    select e ->> 'position', e ->> 'user', case e ->> 'mark' when 'read_marker' then 1
      when 'own_settings' then 2 when 'block' then 3 when 'cursor' then 4 end,
      e ->> 'subject', e ->> 'value', e ->> 'text' from (select ?1 as e))";

/// Of a key's name, or of whose token was taken for one.
constexpr std::size_t longest_by = 160;
constexpr std::string_view form = "confab-export";
constexpr std::int64_t form_number = 1;

std::optional<std::int64_t> number(connection& database, std::string_view sql) {
  statement prepared;
  if (prepared.prepare(database, sql)) return std::nullopt;
  query row{prepared};
  return row.next() ? std::optional{row.integer(0)} : std::nullopt;
}

// --- out ---------------------------------------------------------------------------------------

class exporter {
 public:
  exporter(connection& database, std::ostream& to) : database_(database), to_(to) {}

  error run(copy_report& into) {
    const auto version = number(database_, "pragma user_version").value_or(0);
    if (version != static_cast<std::int64_t>(schema_steps().size()) ||
        number(database_, "select 1 from progress"))
      return "it is of another version, or its migration was cut off: start the server once, "
             "which brings it up to date";
    check_report found;
    if (auto why = find_gaps(database_, found)) return why;
    into.faults = std::move(found.faults);

    put("{\"type\":\"" + std::string{form} + "\",\"format\":" + std::to_string(form_number) + '}');
    std::uint64_t rooms = 0, marks = 0;
    if (auto why = put_all(rooms_out, rooms)) return why;
    if (auto why = put_all(entries_out, into.entries)) return why;
    if (auto why = put_all(marks_out, marks)) return why;
    put("{\"type\":\"end\",\"rooms\":" + std::to_string(rooms) +
        ",\"entries\":" + std::to_string(into.entries) + ",\"marks\":" + std::to_string(marks) + '}');
    to_.flush();
    if (!to_) return "the lines cannot be written";
    into.bytes = bytes_;
    return std::nullopt;
  }

 private:
  error put_all(std::string_view sql, std::uint64_t& count) {
    statement prepared;
    if (const int code = prepared.prepare(database_, sql)) return words(code, database_);
    query row{prepared};
    while (row.next()) {
      if (row.is_null(0))
        return "behind the line " + std::to_string(lines_) +
               " comes what this version does not know: see what confabd check says";
      put(row.text(0));
      if (!to_) return "the lines cannot be written";
      ++count;
    }
    return row.code() ? error{words(row.code(), database_)} : std::nullopt;
  }
  void put(std::string_view line) {
    to_ << line << '\n';
    bytes_ += line.size() + 1;
    ++lines_;
  }

  connection& database_;
  std::ostream& to_;
  std::uint64_t bytes_ = 0, lines_ = 0;
};

error export_to(const std::string& path, std::ostream& to, std::uint64_t wal_bytes_max,
                copy_report& into) {
  connection database;
  if (const int code = open_connection(database, path, role::reader))
    return words(code, database);
  const auto log = path + "-wal";
  const std::function<bool()> too_long = [&] { return bytes_of(log) > wal_bytes_max; };
  const interruption bound{database, too_long};
  // One transaction: all of it is of one moment.
  if (const int code = database.execute("begin")) return words(code, database);
  auto why = exporter{database, to}.run(into);
  if (why && too_long()) return too_long_words(log);
  return why;
}

// --- in ----------------------------------------------------------------------------------------

/// What no client could have made: others may have written the lines. Empty: nothing.
std::string_view fault_of(const content& what) {
  const auto& users = what.mentions.users;
  if (!is_clean_text(what.text, true)) return "its text is not clean";
  if (what.data && what.data->value().size() > limits::data_bytes_max) return "its data is too long";
  if (what.attachments && what.attachments->value().size() > limits::attachments_bytes_max)
    return "its attachments are too long";
  if (!std::ranges::all_of(users, [](const auto& one) { return is_valid_user_id(one.view()); }))
    return "it mentions what is no user";
  return "";
}
std::string_view fault_of(const entry_body& body) {
  struct {
    std::string_view operator()(const posted& it) const { return fault_of(it.what); }
    std::string_view operator()(const edited& it) const { return fault_of(it.what); }
    std::string_view operator()(const deleted& it) const { return text(it.reason); }
    std::string_view operator()(const reacted& it) const { return text(it.emoji); }
    std::string_view operator()(const pinned&) const { return ""; }
    std::string_view operator()(const trimmed&) const { return ""; }
    std::string_view operator()(const erased& it) const {
      return is_valid_user_id(it.user.view()) && is_valid_user_id(it.as.view())
                 ? ""
                 : "it is about what is no user";
    }
    std::string_view operator()(const room_set&) const { return ""; }
    std::string_view operator()(const recorded& it) const { return text(it.type); }
    std::string_view operator()(const user_set& it) const {
      return is_valid_user_id(it.user.view()) ? text(it.name) : "it is about what is no user";
    }
    std::string_view operator()(const member_set& it) const {
      const auto valid = [](const auto& one) { return is_valid_user_id(one.view()); };
      if (it.users.empty() || !std::ranges::all_of(it.users, valid))
        return "it is about what is no user";
      return text(it.reason);
    }
    static std::string_view text(std::string_view of) {
      return is_clean_text(of, false) ? "" : "its text is not clean";
    }
  } const look;
  return std::visit(look, body);
}
std::string_view fault_of(const log_entry& entry) {
  if (entry.seq.value() == 0) return "its seq is 0";
  if (!is_valid_user_id(entry.from.view()) && entry.from != rooms::server_user)
    return "it is from what is no user";
  if (entry.key.size() > limits::key_bytes_max || !is_clean_text(entry.key, false))
    return "its key cannot be one";
  if (entry.by.size() > longest_by || !is_clean_text(entry.by, false))
    return "it is by what is no key of the API";
  const auto* gone = std::get_if<trimmed>(&entry.body);
  const auto target = gone ? std::optional{gone->upto} : target_of(entry.body);
  if (target && !(*target < entry.seq)) return "it changes what is not before it";
  return fault_of(entry.body);
}

class importer {
 public:
  importer(connection& database, bool keep_epochs) : database_(database), keep_(keep_epochs) {}

  error run(std::istream& from) {
    int code = type_.prepare(database_, "select case when json_valid(?1) then ?1 ->> 'type' end");
    if (!code) code = head_.prepare(database_, "select ?1 ->> 'format'");
    if (!code) code = room_.prepare(database_, rooms_in);
    if (!code) code = entry_.prepare(database_, entries_in);
    if (!code) code = mark_.prepare(database_, marks_in);
    if (!code)
      code = end_.prepare(database_, "select ?1 ->> 'rooms', ?1 ->> 'entries', ?1 ->> 'marks'");
    if (!code) code = database_.execute("begin");
    if (code) return words(code, database_);

    std::string line;
    for (std::uint64_t number = 1; std::getline(from, line); ++number)
      if (const auto why = take(line)) return "line " + std::to_string(number) + ": " + *why;
    if (!from.eof()) return "the lines cannot be read";
    if (!ended_) return "it ends without a line of type `end`: it is not whole";
    if ((code = database_.execute("commit"))) return words(code, database_);
    return look_at_entries();
  }

 private:
  error take(const std::string& line) {
    if (ended_) return "it stands behind the end";
    query row{type_, std::string_view{line}};
    if (!row.next()) return words(row.code(), database_);
    const auto type = row.text(0);
    if (!begun_) {
      if (type != form) return "this is no export of confabd";
      query head{head_, std::string_view{line}};
      if (!head.next() || head.integer(0) != form_number)
        return "the export is of a form that this version does not know";
      begun_ = true;
      return std::nullopt;
    }
    if (type.empty()) return "it is no JSON object with a type";
    if (type == "room") return insert(query{room_, std::string_view{line}, keep_}, rooms_);
    if (type == "mark") return insert(query{mark_, std::string_view{line}}, marks_);
    if (type != "end") return insert(query{entry_, std::string_view{line}}, entries_);
    query end{end_, std::string_view{line}};
    ended_ = end.next() && end.integer(0) == rooms_ && end.integer(1) == entries_ &&
             end.integer(2) == marks_;
    return ended_ ? std::nullopt : error{"it counts other lines than there are"};
  }

  error insert(query&& run, std::int64_t& count) {
    if (const int code = run.run()) return words(code, database_);
    if (sqlite3_changes(database_.get()) != 1) return "it is there twice";
    ++count;
    return std::nullopt;
  }

  /// As a replay will meet them.
  error look_at_entries() {
    statement rooms, entries;
    int code = rooms.prepare(database_, "select room from rooms where id <> 0");
    if (!code)
      code = entries.prepare(database_, "select " + std::string{entry_columns} +
                                            ", id, room from log order by id");
    if (code) return words(code, database_);
    query room{rooms};
    while (room.next())
      if (!is_valid_id(room.text(0)) && !room.text(0).starts_with(rooms::gone_room_prefix))
        return "a room is called " + std::string{room.text(0)} + ", which no room can be";
    std::unordered_map<std::int64_t, seq_no> heads;
    query row{entries};
    while (row.next()) {
      const auto entry = entry_of(row);
      auto& head = heads[row.integer(entry_columns_count + 1)];
      auto why = entry ? fault_of(*entry) : "it is of no known type";
      if (why.empty() && !(head < entry->seq)) why = "its seq is not behind those before it";
      if (!why.empty())
        return "the entry at position " + std::to_string(row.integer(entry_columns_count)) + ": " +
               std::string{why};
      head = entry->seq;
    }
    code = room.code() ? room.code() : row.code();
    return code ? error{words(code, database_)} : std::nullopt;
  }

  connection& database_;
  const bool keep_;
  statement type_, head_, room_, entry_, mark_, end_;
  std::int64_t rooms_ = 0, entries_ = 0, marks_ = 0;
  bool begun_ = false, ended_ = false;
};

error make_of(std::istream& from, const std::string& fresh, bool keep_epochs, copy_report& into) {
  if (auto why = make_private(fresh)) return why;
  connection database;
  int code = open_connection(database, fresh, role::writer);
  // Where it is cut off the file goes again; when it is whole all of it is synced.
  if (!code) code = database.execute("pragma synchronous = off; pragma journal_mode = off");
  if (code) return words(code, database);
  if (auto why = bring_up_to_date(database, fresh, {})) return why;
  if (auto why = importer{database, keep_epochs}.run(from)) return why;
  if (auto why = rebuild(database, {})) return "it cannot be replayed: " + *why;
  check_report found;
  if (auto why = find_gaps(database, found)) return why;
  into.entries = found.entries;
  into.faults = std::move(found.faults);
  // By this name no mark of another journal is taken for its own.
  code = database.execute("insert into secrets values ('journal', randomblob(16))");
  into.bytes = bytes_of(fresh);
  return code ? error{words(code, database)} : std::nullopt;
}

/// A server that was started once has made an empty one.
error look_whether_empty(const std::string& path) {
  std::error_code failed;
  if (!fs::exists(path, failed)) return std::nullopt;
  connection database;
  if (const int code = open_connection(database, path, role::writer)) return words(code, database);
  const auto holds = number(database,
                            "select exists (select 1 from log) or exists (select 1 from marks) or "
                            "exists (select 1 from rooms where id <> 0)");
  if (holds && *holds == 0) return std::nullopt;
  return path + " is there, and not empty: it is replaced by nothing but confabd restore";
}

error import_into(const data_directory& directory, std::istream& from, bool keep_epochs,
                  copy_report& into) {
  const auto path = directory.file(database_name);
  if (auto why = look_whether_empty(path)) return why;
  if (auto why = cannot_replace(directory)) return why;
  const scratch_file fresh{path + ".import"};
  if (auto why = make_of(from, fresh.path(), keep_epochs, into)) return why;
  return replace_journal(directory, fresh.path());
}

std::string absolute(const std::string& path) {
  std::error_code failed;
  return fs::absolute(path, failed).string();
}

}  // namespace
}  // namespace sqlite

std::variant<copy_report, std::string> export_sqlite(const std::string& directory, std::ostream& to,
                                                     std::uint64_t wal_bytes_max) {
  std::error_code failed;
  const auto path = sqlite::absolute(directory) + "/" + sqlite::database_name;
  if (!std::filesystem::exists(path, failed)) return "there is no journal in " + directory;
  copy_report report;
  if (auto why = sqlite::export_to(path, to, wal_bytes_max, report))
    return "no export of " + path + ": " + *why;
  return report;
}

std::variant<copy_report, std::string> export_sqlite(const std::string& directory,
                                                     const std::string& to,
                                                     std::uint64_t wal_bytes_max) {
  std::error_code failed;
  const auto target = sqlite::absolute(to);
  if (std::filesystem::exists(target, failed)) return target + " is there already";
  const sqlite::scratch_file part{target + ".part"};
  if (auto why = sqlite::make_private(part.path())) return "no export to " + to + ": " + *why;
  std::ofstream lines{part.path(), std::ios::binary};
  auto made = export_sqlite(directory, lines, wal_bytes_max);
  if (std::holds_alternative<std::string>(made)) return made;
  lines.close();
  if (!lines) return "no export to " + to + ": the lines cannot be written";
  if (auto why = sqlite::place(part.path(), target)) return "no export to " + to + ": " + *why;
  return made;
}

std::variant<copy_report, std::string> import_sqlite(const std::string& directory,
                                                     std::istream& from, bool keep_epochs) {
  auto taken = sqlite::data_directory::take(directory);
  if (auto* why = std::get_if<std::string>(&taken)) return std::move(*why);
  copy_report report;
  if (auto why = sqlite::import_into(std::get<sqlite::data_directory>(taken), from, keep_epochs, report))
    return "nothing was imported: " + *why;
  return report;
}

}  // namespace confab::journal
