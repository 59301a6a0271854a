#include "protocol/readers.hpp"

namespace confab {

namespace {

std::chrono::milliseconds read_retention(fields& in) {
  const auto kept = in.duration("retention_ms");
  if (kept.count() != 0 && kept.count() < limits::retention_ms_min)
    in.bad("retention_ms", "must be 0, or an hour or more");
  return kept;
}

}  // namespace

room_settings read_settings(fields& in) {
  const auto boolean = [&](auto name) { return in.boolean(name); };
  room_settings set;
  set.title = in.optional("title", [&](auto name) { return in.display_name(name); });
  set.topic = in.optional(
      "topic", [&](auto name) { return in.text(name, 0, limits::topic_bytes_max, true); });
  set.data =
      in.optional("data", [&](auto name) { return in.object(name, limits::room_data_bytes_max); });
  set.visible = in.optional("visibility", [&](auto name) { return in.word<visibility>(name); });
  set.visitors = in.optional("visitors", [&](auto name) { return in.word<visitor_rights>(name); });
  set.posting = in.optional("posting", [&](auto name) { return in.word<posting_rights>(name); });
  set.inviting = in.optional("inviting", [&](auto name) { return in.word<inviting_rights>(name); });
  set.slow =
      in.optional("slow_ms", [&](auto name) { return in.duration(name, limits::slow_ms_max); });
  set.archived = in.optional("archived", boolean);
  set.history = in.optional("history", [&](auto name) { return in.word<history_scope>(name); });
  set.retention = in.optional("retention_ms", [&](auto) { return read_retention(in); });
  set.receipts = in.optional("receipts", boolean);
  return set;
}

namespace {

/// What one user can be made by another, or by itself as far as `join` and `leave` do not.
member_state read_state(fields& in) {
  const auto state = member_state_named(in.text("state", 1, limits::name_bytes_max));
  if (!state || *state == member_state::left)
    return in.bad<member_state>("state", "must be invited, member, removed, banned or unbanned");
  return *state;
}

role read_role(fields& in) {
  const auto as = role_named(in.text("role", 1, limits::name_bytes_max));
  if (!as) in.bad("role", "must be reader, member, moderator or owner");
  return as.value_or(role::none);
}

member_set read_change(fields& in) {
  member_set change;
  const auto time = [&](auto name) { return in.time(name); };
  change.users = in.ids<user_id>("users", 1, limits::member_users_max);
  change.state = in.optional("state", [&](auto) { return read_state(in); });
  change.as = in.optional("role", [&](auto) { return read_role(in); });
  change.until = in.optional("until", time);
  change.mute_until = in.optional("mute_until", time);
  change.reason = in.reason();
  if (!change.state && !change.as && !change.mute_until)
    in.bad("state", "or role or mute_until is needed");
  if (change.until && change.state != member_state::invited && change.state != member_state::banned)
    in.bad("until", "is of those invited or banned");
  return change;
}

}  // namespace

command::any read_create(fields& in) {
  command::create what;
  what.room = in.optional("room", [&](auto name) { return in.id<room_id>(name); });
  if (what.room && is_reserved(*what.room)) in.bad("room", "begins as ids that the server makes");
  what.key = in.key();
  if (!what.room && what.key.empty()) in.bad("key", "is needed where there is no room");
  what.settings = read_settings(in);
  if (in.has("users")) what.users = in.ids<user_id>("users", 0, limits::member_users_max);
  return what;
}

command::any read_set_room(fields& in) {
  command::set_room what;
  what.room = in.id<room_id>("room");
  what.key = in.key();
  what.change = read_settings(in);
  if (what.change.empty()) in.bad("set_room", "names no setting");
  return what;
}

command::any read_set_own(fields& in) {
  command::set_own what;
  const auto boolean = [&](auto name) { return in.boolean(name); };
  what.room = in.id<room_id>("room");
  auto& change = what.change;
  change.notify = in.optional("notify", [&](auto name) { return in.word<notify_level>(name); });
  if (in.has("notify_until")) change.notify_until = in.time("notify_until");
  if (in.has("notify_until") && !change.notify) in.bad("notify_until", "is of notify");
  change.marked = in.optional("marked", boolean);
  change.hidden = in.optional("hidden", boolean);
  change.receipts = in.optional("receipts", boolean);
  if (change.empty()) in.bad("set_own", "names no setting");
  return what;
}

command::any read_set_member(fields& in) {
  command::set_member what;
  what.room = in.id<room_id>("room");
  what.key = in.key();
  what.change = read_change(in);
  what.delete_for = in.optional("delete_ms", [&](auto name) { return in.duration(name); });
  if (what.delete_for && what.change.state != member_state::banned)
    in.bad("delete_ms", "is of those banned");
  return what;
}

command::any read_members(fields& in) {
  command::list_members what;
  what.room = in.id<room_id>("room");
  what.state = in.optional("state", [&](auto) { return read_state(in); });
  if (what.state == member_state::removed || what.state == member_state::unbanned)
    in.bad("state", "must be member, invited or banned");
  what.after = in.cursor();
  what.limit = in.limit(limits::members_page_count_max, limits::members_page_count_max);
  return what;
}

}  // namespace confab
