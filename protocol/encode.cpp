#include "protocol/codec.hpp"
#include "protocol/document.hpp"
#include "protocol/writers.hpp"

#include <concepts>

namespace confab {

void cbor_writer::head(major_type kind, std::uint64_t argument) {
  const auto initial = [&](unsigned info) { out_ += static_cast<char>(kind << 5 | info); };
  if (argument < 24) return initial(static_cast<unsigned>(argument));
  const int size_log2 = argument <= 0xff          ? 0
                        : argument <= 0xffff      ? 1
                        : argument <= 0xffff'ffff ? 2
                                                  : 3;
  initial(static_cast<unsigned>(24 + size_log2));
  for (int shift = ((1 << size_log2) - 1) * 8; shift >= 0; shift -= 8)
    out_ += static_cast<char>(argument >> shift & 0xff);
}

void cbor_writer::raw_json(std::string_view value) {
  const auto tree = read_json(value);
  json::to_cbor(tree.root, out_);
}

namespace {

/// Writes each message as PROTOCOL has it: the members in the order of its examples.
template <class Writer>
class encoder {
 public:
  explicit encoder(std::string& out) : out_(out) {}

  void operator()(const message::welcome& what) {
    begin("welcome", what.ref);
    put("user", what.user);
    put("session", what.session);
    put("node", what.node);
    put("server", what.server);
    put("heartbeat_ms", what.heartbeat);
    out_.key("limits");
    out_.begin_object();
    put("text_bytes", what.text_bytes);
    put("frame_bytes", what.frame_bytes);
    put("rooms", what.rooms);
    out_.end_object();
    put("expires_at", what.expires_at);
    put("guest_token", what.guest_token);
    put("directs", what.directs);
    if (what.directs_unavailable) put("directs_unavailable", true);
    out_.end_object();
  }

  void operator()(const message::refreshed& what) {
    begin("refreshed", what.ref);
    put("expires_at", what.expires_at);
    out_.end_object();
  }

  void operator()(const message::token_expiring& what) {
    begin("token_expiring");
    put("expires_at", what.expires_at);
    out_.end_object();
  }

  void operator()(const message::pong& what) {
    begin("pong", what.ref);
    out_.end_object();
  }

  void operator()(const message::error& what) {
    begin("error", what.ref);
    put("code", row(what.code).name);
    put("message", what.text);
    put("retry", row(what.code).retry);
    put("retry_after_ms", what.retry_after);
    put("room", what.room);
    out_.end_object();
  }

  void operator()(const message::sent& what) {
    begin("sent", what.ref);
    put_stored(what.what);
    out_.end_object();
  }

  void operator()(const message::done& what) {
    begin("done", what.ref);
    if (what.what) put_stored(*what.what);
    out_.end_object();
  }

  void operator()(const message::joined& what) {
    begin("joined", what.ref);
    put("room", what.room);
    put("title", what.title);
    put("epoch", what.epoch);
    put("head", what.head);
    put("gap", what.oldest.has_value());
    put("oldest", what.oldest);
    put("role", what.role);
    put("online", what.online);
    put("members", what.members);
    std::visit([&](const auto& events) { put_events(what.room, events); }, what.events);
    if (what.more) put("more", true);
    out_.end_object();
  }

  void operator()(const message::more_events& what) {
    begin("events");
    put("room", what.room);
    put_events(what.room, what.events);
    put("more", what.more);
    out_.end_object();
  }

  void operator()(const message::left& what) {
    begin("left", what.ref);
    put("room", what.room);
    if (!what.reason.empty()) put("reason", what.reason);
    out_.end_object();
  }

  void operator()(const message::history& what) {
    begin("history", what.ref);
    put("room", what.room);
    put("head", what.head);
    put_events(what.room, what.events);
    put("more", what.more);
    out_.end_object();
  }

  void operator()(const message::rooms& what) {
    begin("rooms", what.ref);
    put("rooms", what.list);
    put("more", what.more);
    out_.end_object();
  }

  void operator()(const message::reactions& what) {
    begin("reactions", what.ref);
    put("users", what.users);
    put("count", what.count);
    put("more", what.next.has_value());
    // A text: where a list goes on is for the server alone to understand.
    if (what.next) put("next", std::to_string(what.next->value()));
    out_.end_object();
  }

  void operator()(const message::logged& what) { write_event(what.room, what.entry); }

  void operator()(const message::typing& what) {
    begin("typing");
    put("room", what.room);
    put("from", what.from);
    put("on", what.on);
    out_.end_object();
  }

  void operator()(const message::presence& what) {
    begin("presence");
    put("room", what.room);
    if (!what.counts_only) {
      put("joined", what.came);
      put("left", what.went);
    }
    put("online", what.online);
    out_.end_object();
  }

  void operator()(const message::signal& what) {
    begin("signal");
    put("from", what.from);
    put("session", what.session);
    put("data", what.data);
    out_.end_object();
  }

  void operator()(const message::signalled& what) {
    begin("signalled", what.ref);
    put("sessions", what.sessions);
    out_.end_object();
  }

 private:
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

  void put_stored(const message::stored& what) {
    put("room", what.room);
    put("seq", what.seq);
    put("at", what.at);
    put("durability", what.durability);
    if (what.duplicate) put("duplicate", true);
  }

  void put_content(const content& what) {
    if (!what.text.empty()) put("text", what.text);
    put("data", what.data);
  }

  void put_body(const posted& body) {
    put_content(body.what);
    if (body.what.empty()) put("deleted", true);  // what was taken away is not sent again
  }
  void put_body(const edited& body) {
    put("target", body.target);
    put_content(body.what);
  }
  void put_body(const deleted& body) { put("target", body.target); }
  void put_body(const reacted& body) {
    put("target", body.target);
    put("emoji", body.emoji);
    put("on", body.on);
  }
  void put_body(const recorded& body) {
    put("event", body.type);
    put("data", body.data);
  }

  static std::string_view type_of(const posted&) { return "message"; }
  static std::string_view type_of(const edited&) { return "edited"; }
  static std::string_view type_of(const deleted&) { return "deleted"; }
  static std::string_view type_of(const reacted&) { return "reacted"; }
  static std::string_view type_of(const recorded&) { return "recorded"; }

  template <class Event>
  void put_events(const room_id& room, const std::vector<Event>& events) {
    out_.key("events");
    out_.begin_array(events.size());
    for (const auto& event : events) write_event(room, event);
    out_.end_array();
  }

  /// What is the same of all that comes from a room's log, live or in a list.
  template <class Event>
  void begin_event(std::string_view type, const room_id& room, const Event& event) {
    begin(type);
    put("room", room);
    put("seq", event.seq);
    put("at", event.at);
    put("from", event.from);
    if (!event.key.empty()) put("key", event.key);
  }

  void write_event(const room_id& room, const log_entry& entry) {
    std::visit(
        [&](const auto& body) {
          begin_event(type_of(body), room, entry);
          put_body(body);
        },
        entry.body);
    out_.end_object();
  }

  void write_event(const room_id& room, const message::present_message& what) {
    begin_event("message", room, what);
    put_content(what.what);
    put("edited_at", what.edited_at);
    put("edited_by", what.edited_by);
    if (what.deleted) put("deleted", true);
    put("deleted_by", what.deleted_by);
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
    out_.end_object();
  }

  template <class T>
  void write(const std::vector<T>& list) {
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

}  // namespace

namespace {

void encode_into(std::string& out, codec format, const message::any& what) {
  if (format == codec::json)
    std::visit(encoder<json_writer>{out}, what);
  else
    std::visit(encoder<cbor_writer>{out}, what);
}

}  // namespace

std::string encode(codec format, const message::any& what) {
  std::string out;
  encode_into(out, format, what);
  return out;
}

frame encode_frame(wire_format format, const message::any& what) {
  // Grown once, so that a frame is exactly as large as what is in it. (A page of a catch-up is the
  // largest there is.)
  thread_local std::string payload;
  payload.clear();
  encode_into(payload, format.objects, what);
  return make_frame(format, payload);
}

std::string reconnect_reason(std::chrono::milliseconds after) {
  return "{\"reconnect_after_ms\":" + std::to_string(after.count()) + "}";
}

}  // namespace confab
