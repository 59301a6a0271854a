#pragma once

#include "protocol/document.hpp"
#include "protocol/messages.hpp"
#include "protocol/settings_members.hpp"

#include <array>
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

/// Private to protocol: what messages are made of, and how it is written.
namespace confab {

/// `Writer` is one of writers.hpp, or takes the same calls.
template <class Writer>
class message_parts {
 protected:
  explicit message_parts(typename Writer::output& out) : out_(out) {}

  void begin(std::string_view type, message::re ref = std::nullopt) {
    out_.begin_object();
    put("type", type);
    put("re", ref);
  }

  template <class T>
  void put(std::string_view name, const T& value) {
    out_.key(name);
    write(value);
  }

  template <class T>
  void put(std::string_view name, const std::optional<T>& value) {
    if (value) put(name, *value);
  }

  /// An empty text is none.
  void put_text(std::string_view name, std::string_view text) {
    if (!text.empty()) put(name, text);
  }

  /// Left out where it is empty.
  template <class T>
  void put_list(std::string_view name, const std::vector<T>& list) {
    if (!list.empty()) put(name, list);
  }

  void put_mentions(std::string_view name, const mention_list& mentions) {
    if (!mentions.empty()) put(name, mentions);
  }

  void put_settings(const room_settings& settings) {
    for_each_setting(
        [&](std::string_view member, auto setting) { put(member, settings.*setting); });
  }

  /// Where a list goes on, if it does.
  void put_next(const std::string& next) {
    put("more", !next.empty());
    put_text("next", next);
  }

  void put_stored(const message::stored& what) {
    put("room", what.room);
    put("seq", what.seq);
    put("at", what.at);
    put("durability", what.durability);
    if (what.duplicate) put("duplicate", true);
  }

  void put_content(const content& what, const placement& where) {
    put_text("text", what.text);
    put("data", what.data);
    put("reply_to", where.reply_to);
    put("thread", where.thread);
    if (!what.empty()) put_mentions("mentions", what.mentions);
    put("attachments", what.attachments);
    if (where.quiet) put("quiet", true);
    put_text("event", where.event);
  }

  void put_body(const posted& body) {
    put_content(body.what, body.where);
    if (body.unchecked) put("unchecked", true);
    if (body.what.empty()) put("deleted", true);  // what was taken away is not sent again
  }
  void put_body(const edited& body) {
    put("target", body.target);
    put_content(body.what, {});
    if (body.unchecked) put("unchecked", true);
  }
  void put_body(const deleted& body) {
    put("target", body.target);
    put_text("reason", body.reason);
  }
  void put_body(const reacted& body) {
    put("target", body.target);
    put("emoji", body.emoji);
    put("on", body.on);
  }
  void put_body(const recorded& body) {
    put("event", body.type);
    put("data", body.data);
  }
  void put_body(const member_set& body) {
    put("users", body.users);
    put("state", body.state);
    put("role", body.as);
    put("until", body.until);
    put("mute_until", body.mute_until);
    put_text("reason", body.reason);
  }
  void put_body(const room_set& body) { put_settings(body.change); }
  void put_body(const pinned& body) {
    put("target", body.target);
    put("on", body.on);
  }
  void put_body(const user_set& body) {
    put("user", body.user);
    put_text("name", body.name);
    put("data", body.data);
  }
  void put_body(const trimmed& body) { put("upto", body.upto); }
  void put_body(const erased& body) {
    put("user", body.user);
    put("as", body.as);
  }

  static std::string_view type_of(const posted&) { return "message"; }
  static std::string_view type_of(const edited&) { return "edited"; }
  static std::string_view type_of(const deleted&) { return "deleted"; }
  static std::string_view type_of(const reacted&) { return "reacted"; }
  static std::string_view type_of(const recorded&) { return "recorded"; }
  static std::string_view type_of(const member_set&) { return "member_set"; }
  static std::string_view type_of(const room_set&) { return "room_set"; }
  static std::string_view type_of(const pinned&) { return "pinned"; }
  static std::string_view type_of(const user_set&) { return "user_set"; }
  static std::string_view type_of(const trimmed&) { return "trimmed"; }
  static std::string_view type_of(const erased&) { return "erased"; }

  template <class Event>
  void put_events(const room_id& room, const std::vector<Event>& events) {
    out_.key("events");
    out_.begin_array(events.size());
    for (const auto& event : events) write_event(room, event);
    out_.end_array();
  }

  /// What is the same of all that comes from a room's log, live or in a list.
  template <class Event>
  void begin_event(std::string_view type, const room_id& room, const Event& event,
                   std::string_view name = {}) {
    begin(type);
    put("room", room);
    put("seq", event.seq);
    put("at", event.at);
    put("from", event.from);
    put_text("name", name);
    put_text("key", event.key);
  }

  /// `name` is the author's, of a live message.
  void write_event(const room_id& room, const log_entry& entry, std::string_view name = {}) {
    std::visit(
        [&](const auto& body) {
          begin_event(type_of(body), room, entry, name);
          put_body(body);
        },
        entry.body);
    out_.end_object();
  }

  void write_event(const room_id& room, const message::present_message& what) {
    begin_event("message", room, what);
    put_content(what.what, what.where);
    put("edited_at", what.edited_at);
    put("edited_by", what.edited_by);
    if (what.deleted) put("deleted", true);
    put("deleted_by", what.deleted_by);
    put_text("reason", what.deleted_reason);
    if (what.replies > 0) put("replies", what.replies);
    put("last_reply", what.last_reply);
    put("last_reply_at", what.last_reply_at);
    if (!what.reactions.empty()) {
      out_.key("reactions");
      out_.begin_map(what.reactions.size());
      for (const auto& [emoji, summary] : what.reactions) {
        out_.map_key(emoji);
        write(summary);
      }
      out_.end_map();
    }
    out_.end_object();
  }

  void write(const message::reaction_summary& reaction) {
    out_.begin_object();
    put("count", reaction.count);
    put("users", reaction.users);
    if (reaction.mine) put("mine", true);
    out_.end_object();
  }

  void write(const message::user_ref& user) {
    out_.begin_object();
    put("id", user.id);
    put("name", user.name);
    out_.end_object();
  }

  void write(const message::direct_ref& direct) {
    out_.begin_object();
    put("room", direct.room);
    put("with", direct.with);
    put("head", direct.head);
    put("last_at", direct.last_at);
    out_.end_object();
  }

  void write(const message::room_ref& room) {
    out_.begin_object();
    put("room", room.room);
    put("title", room.title);
    put("head", room.head);
    put("online", room.online);
    put("joined", room.joined);
    put_text("topic", room.topic);
    put("visibility", room.visible);
    put("count", room.count);
    if (room.member) put("member", true);
    if (room.invited) put("invited", true);
    out_.end_object();
  }

  void write(const message::member_ref& member) {
    out_.begin_object();
    put("id", member.id);
    put_text("name", member.name);
    put("state", member.state);
    if (member.as != role::none) put("role", member.as);
    put("online", member.online);
    put("until", member.until);
    put("mute_until", member.mute_until);
    put("read", member.read);
    put("by", member.by);
    put_text("reason", member.reason);
    out_.end_object();
  }

  void write(const message::profile& user) {
    out_.begin_object();
    put("id", user.id);
    put_text("name", user.name);
    put("data", user.data);
    out_.end_object();
  }

  void write(const message::inbox_row& row) {
    out_.begin_object();
    put("room", row.room);
    if (!row.gone.empty()) {
      put("gone", row.gone);
      return out_.end_object();
    }
    put_text("title", row.title);
    put("with", row.with);
    put("state", row.state);
    if (row.as != role::none) put("role", row.as);
    put("by", row.by);
    put("until", row.until);
    put("head", row.head);
    put("at", row.at);
    if (row.read) {
      put("read", *row.read);
      put("unread", row.unread);
      put("mentions", row.mentions);
    }
    put("last", row.last);
    if (!row.own.empty()) put("own", row.own);
    out_.end_object();
  }

  void write(const own_settings& own) {
    out_.begin_object();
    if (own.notify) put("notify", *own.notify);
    if (own.notify_until.value() != 0) put("notify_until", own.notify_until);
    if (own.marked) put("marked", true);
    if (own.hidden) put("hidden", true);
    if (!own.receipts) put("receipts", false);
    out_.end_object();
  }

  void write(const message::inbox_last& last) {
    out_.begin_object();
    put("seq", last.seq);
    put("at", last.at);
    put("from", last.from);
    put_text("text", last.text);
    if (last.attachments > 0) put("attachments", last.attachments);
    out_.end_object();
  }

  void write(const message::totals& sum) {
    out_.begin_object();
    put("rooms", sum.rooms);
    put("unread", sum.unread);
    put("mentions", sum.mentions);
    out_.end_object();
  }

  void write(const mention_list& mentions) {
    out_.begin_array(mentions.users.size() + (mentions.room ? 1 : 0));
    for (const auto& user : mentions.users) write(user);
    if (mentions.room) out_.text("@room");
    out_.end_array();
  }

  template <class T>
  void write(const std::vector<T>& list) {
    write_array(list);
  }
  template <class T, std::size_t Size>
  void write(const std::array<T, Size>& list) {
    write_array(list);
  }
  template <class List>
  void write_array(const List& list) {
    out_.begin_array(list.size());
    for (const auto& element : list) write(element);
    out_.end_array();
  }

  template <class Tag, class Rep>
  void write(const strong<Tag, Rep>& value) {
    write(value.value());
  }
  void write(const session_name& session) { out_.text(session.text()); }
  void write(const free_data& data) { out_.raw_json(data.value()); }
  void write(const attachment_list& files) { out_.raw_json(files.value()); }
  void write(role of) { out_.text(name(of)); }
  void write(member_state of) { out_.text(name(of)); }
  template <setting_word Word>
  void write(Word word) {
    out_.text(name(word));
  }
  void write(std::chrono::milliseconds duration) { out_.signed_integer(duration.count()); }
  void write(std::string_view text) { out_.text(text); }
  void write(const char*) = delete;  // would be taken for a bool
  void write(bool value) { out_.boolean(value); }
  template <std::unsigned_integral Number>
  void write(Number value) {
    out_.integer(value);
  }
  void write(std::int64_t value) { out_.signed_integer(value); }

  Writer out_;
};

}  // namespace confab
