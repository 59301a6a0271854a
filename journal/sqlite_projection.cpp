#include "journal/sqlite_projection.hpp"

#include "journal/sqlite_rows.hpp"

#include <utility>
#include <variant>

namespace confab::journal::sqlite {

int projection::prepare(const connection& database) {
  const std::pair<statement&, std::string_view> all[] = {
      // A main message is in one index, a reply in another.
      {run_.message,
       "select l.id, l.sender, l.at, l.thread, l.users, c.deleted_by is not null, "
       "coalesce(c.edits, 0), coalesce(c.reactions, 0), coalesce(c.emoji, 0), c.edit, l.flags from ("
       "select * from log where room = ?1 and seq = ?2 and kind = 0 union all "
       "select * from log where room = ?1 and seq = ?2 and kind = 6) l "
       "left join changed c on c.room = l.room and c.seq = l.seq"},
      {run_.edit_users, "select users from log where room = ?1 and seq = ?2 and kind <> 0"},
      {run_.emoji_there,
       "select 1 from reaction_counts where room = ?1 and target = ?2 and emoji = ?3"},
      {run_.reacted,
       "select 1 from reactions where room = ?1 and target = ?2 and emoji = ?3 and user = ?4"},
      {run_.edit,
       "insert into changed (room, seq, edits, edit, edited_at, edited_by) "
       "values (?1, ?2, 1, ?3, ?4, ?5) on conflict do update set edits = edits + 1, "
       "edit = excluded.edit, edited_at = excluded.edited_at, edited_by = excluded.edited_by"},
      {run_.edit_lost, "update changed set edits = edits + 1 where room = ?1 and seq = ?2"},
      {run_.clear_edit,
       "update log set text = null, data = null, users = null, attachments = null "
       "where room = ?1 and seq = ?2 and kind <> 0"},
      {run_.erase,
       "insert into changed (room, seq, deleted_by, reason) values (?1, ?2, ?3, ?4) "
       "on conflict do update set deleted_by = excluded.deleted_by, reason = excluded.reason, "
       "edit = null, edited_at = null, edited_by = null, emoji = 0"},
      {run_.clear_message,
       "update log set text = null, data = null, users = null, attachments = null, "
       "gone = case kind when 6 then 1 end where id = ?1"},
      {run_.clear_edits,
       "update log indexed by log_edits set text = null, data = null, users = null, "
       "attachments = null where room = ?1 and target = ?2 and kind = 1"},
      {run_.clear_reactions, "delete from reactions where room = ?1 and target = ?2"},
      {run_.clear_counts, "delete from reaction_counts where room = ?1 and target = ?2"},
      {run_.latest_direct,
       "select room from direct_order where user = ?1 order by position desc limit 1"},
      {run_.leave_place, "delete from direct_order where user = ?1 and room = ?2"},
      {run_.take_place, "insert into direct_order (user, position, room) values (?1, ?2, ?3)"},
      {run_.react,
       "insert into reactions (room, target, emoji, user, seq) values (?1, ?2, ?3, ?4, ?5) "
       "on conflict do nothing"},
      {run_.count_up,
       "insert into reaction_counts (room, target, emoji, count) values (?1, ?2, ?3, 1) "
       "on conflict do update set count = count + 1 returning count"},
      {run_.unreact,
       "delete from reactions where room = ?1 and target = ?2 and emoji = ?3 and user = ?4"},
      {run_.count_down,
       "update reaction_counts set count = count - 1 "
       "where room = ?1 and target = ?2 and emoji = ?3 returning count"},
      {run_.drop_count,
       "delete from reaction_counts where room = ?1 and target = ?2 and emoji = ?3"},
      {run_.reaction_entry,
       "insert into changed (room, seq, reactions, emoji) values (?1, ?2, 1, max(?3, 0)) "
       "on conflict do update set reactions = reactions + 1, emoji = emoji + ?3"},
      {run_.reply,
       "insert into threads (room, root, replies, last, last_at) values (?1, ?2, 1, ?3, ?4) "
       "on conflict do update set replies = replies + 1, last = excluded.last, "
       "last_at = excluded.last_at"},
      {run_.reply_user,
       "insert into thread_users (room, root, user, replies, last) values (?1, ?2, ?3, 1, ?4) "
       "on conflict do update set replies = replies + 1, last = excluded.last"},
      {run_.writers,
       "select user from thread_users indexed by thread_users_last where room = ?1 and root = ?2 "
       "order by last desc limit ?3"},
      {run_.lose_reply,
       "update threads set replies = replies - 1 where room = ?1 and root = ?2"},
      {run_.lose_reply_user,
       "update thread_users set replies = replies - 1, last = coalesce((select max(seq) from log "
       "indexed by log_thread_users where room = ?1 and thread = ?2 and sender = ?3 and kind = 6 "
       "and gone is null), 0) where room = ?1 and root = ?2 and user = ?3"},
      {run_.drop_thread_users,
       "delete from thread_users where room = ?1 and root = ?2 and user = ?3 and replies = 0"},
      {run_.last_reply,
       "select seq, at from log indexed by log_threads_kept where room = ?1 and thread = ?2 "
       "and kind = 6 and gone is null order by seq desc limit 1"},
      {run_.thread_moved, "update threads set last = ?3, last_at = ?4 where room = ?1 and root = ?2"},
      {run_.drop_thread, "delete from threads where room = ?1 and root = ?2"},
      {run_.pin,
       "insert or replace into pins (room, seq, target, pinned_by, pinned_at) "
       "values (?1, ?2, ?3, ?4, ?5)"},
      {run_.unpin, "delete from pins where room = ?1 and target = ?2"},
  };
  for (const auto& [prepared, sql] : all)
    if (const int code = prepared.prepare(database, sql)) return code;
  if (const int code = trimming_.prepare(database)) return code;
  if (const int code = erasing_.prepare(database)) return code;
  return notes_.prepare(database);
}

std::optional<projection::found_message> projection::find(std::int64_t room, seq_no seq,
                                                          int& code) {
  query row{run_.message, room, seq.value()};
  if (!row.next()) {
    code = row.code();
    return std::nullopt;
  }
  found_message found{row.integer(0), {}, unix_ms{row.integer(2)}, (row.integer(10) & 1) != 0};
  auto& state = found.state;
  state.author = user_id::trusted(std::string{row.text(1)});
  if (!row.is_null(3)) state.thread = seq_no{static_cast<std::uint64_t>(row.integer(3))};
  state.mentions_room = mentions_of(row.text(4)).room;
  state.deleted = row.integer(5) != 0;
  state.edits = static_cast<std::uint32_t>(row.integer(6));
  state.reaction_entries = static_cast<std::uint32_t>(row.integer(7));
  state.emoji = static_cast<std::uint32_t>(row.integer(8));
  if (!row.is_null(9)) {
    query edit{run_.edit_users, room, row.integer(9)};
    state.mentions_room = edit.next() && mentions_of(edit.text(0)).room;
    code = edit.code();
  }
  return found;
}

std::optional<rooms::message_state> projection::message(std::int64_t room, seq_no seq,
                                                        const user_id& by, std::string_view emoji,
                                                        int& code) {
  auto found = find(room, seq, code);
  if (!found) return std::nullopt;
  auto& state = found->state;
  if (!emoji.empty() && state.emoji > 0) {
    query there{run_.emoji_there, room, seq.value(), emoji};
    state.emoji_there = there.next();
    query own{run_.reacted, room, seq.value(), emoji, by.view()};
    state.reacted = own.next();
    code = there.code() ? there.code() : own.code();
  }
  return std::move(found->state);
}

int projection::project(const connection& database, const rooms::room_view& room,
                        const log_entry& entry, std::uint64_t position, people& who) {
  struct {
    projection& of;
    const connection& database;
    const notes::at place;

    std::int64_t room() const { return place.room.number; }
    const log_entry& entry() const { return place.entry; }
    int operator()(const posted& what) const { return of.post(place, what); }
    int operator()(const recorded&) const { return SQLITE_OK; }
    int operator()(const member_set& what) const { return of.left(place, what); }
    int operator()(const room_set&) const { return SQLITE_OK; }
    int operator()(const user_set&) const { return SQLITE_OK; }
    int operator()(const erased& what) const { return of.erase_user(place, what); }
    int operator()(const trimmed& what) const { return of.trimming_.trim(room(), what.upto); }
    int operator()(const edited& what) const { return of.edit(place, what); }
    int operator()(const deleted& what) const { return of.erase(room(), entry(), what); }
    int operator()(const reacted& what) const {
      return of.react(database, room(), entry(), what);
    }
    int operator()(const pinned& what) const { return of.pin(room(), entry(), what); }
  } const visitor{*this, database, {room, entry, position, who}};
  return std::visit(visitor, entry.body);
}

int projection::post(const notes::at& place, const posted& what) {
  const auto room = place.room.number;
  const auto& where = what.where;
  // Most messages address nobody.
  if (!what.what.mentions.empty() || where.reply_to || where.thread) {
    int code = SQLITE_OK;
    rooms::addressing of;
    std::vector<user_id> writers;
    const auto author = [&](seq_no seq) -> std::optional<user_id> {
      auto found = find(room, seq, code);
      return found ? std::optional{std::move(found->state.author)} : std::nullopt;
    };
    if (where.reply_to) of.replied_to = author(*where.reply_to);
    if (where.thread) {
      of.root = author(*where.thread);
      query row{run_.writers, room, where.thread->value(), rooms::thread_writers_noted_max};
      while (row.next()) writers.push_back(user_id::trusted(std::string{row.text(0)}));
      if (row.code()) return row.code();
      of.writers = writers;
    }
    if (!code) code = notes_.posted(place, of);
    if (code) return code;
  }
  return where.thread ? add_reply(room, *where.thread, place.entry) : SQLITE_OK;
}

/// Before `people` takes it in, so that it is known who was a member until now.
int projection::left(const notes::at& place, const member_set& what) {
  for (const auto& user : what.users) {
    int code = SQLITE_OK;
    const auto row = place.who.member(place.room.number, user, code);
    if (code) return code;
    if (row.is_member() && !rooms::apply(row, place.entry).is_member())
      if (const int failed = notes_.left(place.room.number, user)) return failed;
  }
  return SQLITE_OK;
}

int projection::erase_user(const notes::at& place, const erased& what) {
  const auto room = place.room.number;
  int code = notes_.left(room, what.user);
  if (!code) code = notes_.left(room, what.as);
  return code ? code : erasing_.erase(room, place.entry.seq, what, replays_);
}

int projection::edit(const notes::at& place, const edited& what) {
  const auto room = place.room.number;
  const auto& entry = place.entry;
  const auto at = what.target;
  int code = SQLITE_OK;
  const auto found = find(room, at, code);
  if (!found) return code;
  const auto& target = found->state;
  if (target.deleted) {  // the edit had lost a race: what it says was never seen, and goes
    code = query{run_.edit_lost, room, at.value()}.run();
    return code ? code : query{run_.clear_edit, room, entry.seq.value()}.run();
  }
  if (!found->quiet) code = notes_.edited(place, what, target.author, target.mentions_room);
  if (code) return code;
  std::optional<std::string_view> by;
  if (entry.from != target.author) by = entry.from.view();
  return query{run_.edit, room, at.value(), entry.seq.value(), entry.at.value(), by}.run();
}

/// Also what was said before: deleted content is in no row (SEMANTICS §2).
int projection::erase(std::int64_t room, const log_entry& entry, const deleted& what) {
  int code = SQLITE_OK;
  const auto target = find(room, what.target, code);
  if (!target || target->state.deleted) return code;
  const auto seq = what.target.value();
  std::optional<std::string_view> reason;
  if (!what.reason.empty()) reason = what.reason;
  code = query{run_.erase, room, seq, entry.from.view(), reason}.run();
  if (!code) code = query{run_.clear_message, target->id}.run();
  if (!code) code = query{run_.clear_edits, room, seq}.run();
  if (!code) code = query{run_.unpin, room, seq}.run();
  if (!code)
    code = notes_.deleted(room, what.target, !target->quiet && !target->state.thread);
  if (!code && target->state.thread) code = lose_reply(room, *target->state.thread, *target);
  if (code || target->state.emoji == 0) return code;
  code = query{run_.clear_reactions, room, seq}.run();
  return code ? code : query{run_.clear_counts, room, seq}.run();
}

int projection::add_reply(std::int64_t room, seq_no root, const log_entry& entry) {
  const int code =
      query{run_.reply, room, root.value(), entry.seq.value(), entry.at.value()}.run();
  return code ? code
              : query{run_.reply_user, room, root.value(), entry.from.view(), entry.seq.value()}
                    .run();
}

int projection::lose_reply(std::int64_t room, seq_no at, const found_message& reply) {
  const auto root = at.value();
  const auto author = reply.state.author.view();
  int code = query{run_.lose_reply, room, root}.run();
  if (!code) code = query{run_.lose_reply_user, room, root, author}.run();
  if (!code) code = query{run_.drop_thread_users, room, root, author}.run();
  if (code) return code;
  query last{run_.last_reply, room, root};
  if (last.next())
    return query{run_.thread_moved, room, root, last.integer(0), last.integer(1)}.run();
  return last.code() ? last.code() : query{run_.drop_thread, room, root}.run();
}

int projection::pin(std::int64_t room, const log_entry& entry, const pinned& what) {
  const auto target = what.target.value();
  if (!what.on) return query{run_.unpin, room, target}.run();
  return query{run_.pin, room, entry.seq.value(), target, entry.from.view(), entry.at.value()}
      .run();
}

int projection::bring_to_front(const rooms::room_view& room, const log_entry& last,
                               std::uint64_t position) {
  const auto& [a, b] = *room.direct;
  const auto* gone = std::get_if<erased>(&last.body);
  for (const auto* user : {&a, &b}) {
    if (user == &b && a == b) break;
    bool in_front = false;
    {
      query latest{run_.latest_direct, user->view()};
      in_front = latest.next() && latest.integer(0) == room.number;
      if (latest.code()) return latest.code();
    }
    const bool goes = gone && gone->user == *user;
    if (in_front && !goes) continue;
    int code = query{run_.leave_place, user->view(), room.number}.run();
    if (!code && !goes) code = query{run_.take_place, user->view(), position, room.number}.run();
    if (code) return code;
  }
  return SQLITE_OK;
}

int projection::react(const connection& database, std::int64_t room, const log_entry& entry,
                      const reacted& what) {
  int code = SQLITE_OK;
  const auto seq = what.target.value();
  const std::string_view emoji{what.emoji};
  const auto target = message(room, what.target, entry.from, {}, code);
  if (!target) return code;

  std::int64_t emoji_more = 0;
  if (!target->deleted) {
    code = what.on ? query{run_.react, room, seq, emoji, entry.from.view(), entry.seq.value()}.run()
                   : query{run_.unreact, room, seq, emoji, entry.from.view()}.run();
    if (code) return code;
    if (sqlite3_changes(database.get()) > 0) {
      query count{what.on ? run_.count_up : run_.count_down, room, seq, emoji};
      const auto left = count.next() ? count.integer(0) : 0;
      while (count.next()) continue;  // the statement ends with its last row
      if (count.code()) return count.code();
      if (what.on && left == 1) emoji_more = 1;
      if (!what.on && left == 0) {
        emoji_more = -1;
        code = query{run_.drop_count, room, seq, emoji}.run();
        if (code) return code;
      }
    }
  }
  return query{run_.reaction_entry, room, seq, emoji_more}.run();
}

}  // namespace confab::journal::sqlite
