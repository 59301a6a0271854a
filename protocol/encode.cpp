#include "protocol/codec.hpp"
#include "protocol/document.hpp"
#include "protocol/message_parts.hpp"
#include "protocol/writers.hpp"

#include <array>

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
class encoder : message_parts<Writer> {
 public:
  explicit encoder(std::string& out) : message_parts<Writer>(out) {}

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
    put("mentions", limits::mentions_max);
    put("attachments", limits::attachments_max);
    if (what.members > 0) put("members", what.members);
    if (what.memberships > 0) put("memberships", what.memberships);
    put("key_ms", what.keys);
    out_.end_object();
    out_.key("features");
    out_.begin_array(features.size() + (what.search ? 1 : 0) + (what.upload ? 1 : 0));
    for (const auto feature : features) out_.text(feature);
    if (what.search) out_.text("search");
    if (what.upload) out_.text("upload");
    out_.end_array();
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
    put("until", what.until);
    put_text("reason", what.reason);
    put("limit", what.limit);
    put("data", what.data);
    out_.end_object();
  }

  void operator()(const message::sent& what) {
    begin("sent", what.ref);
    put_stored(what.what);
    put_mentions("unreached", what.unreached);
    out_.end_object();
  }

  void operator()(const message::done& what) {
    begin("done", what.ref);
    if (what.what) put_stored(*what.what);
    put("deleted", what.deleted);
    put_mentions("unreached", what.unreached);
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
    if (what.member) put("member", true);
    put("read", what.read);
    if (what.reads) {
      put("receipts", true);
      put_reads(*what.reads);
    }
    if (!what.settings.empty()) {
      out_.key("settings");
      out_.begin_object();
      put_settings(what.settings);
      out_.end_object();
    }
    put("count", what.count);
    put_list("pins", what.pins);
    put_list("users", what.users);
    // Without `this` GCC 12 breaks down here.
    std::visit([&](const auto& events) { this->put_events(what.room, events); }, what.events);
    if (what.more) put("more", true);
    out_.end_object();
  }

  void operator()(const message::more_events& what) {
    begin("events");
    put("room", what.room);
    put_list("users", what.users);
    put_events(what.room, what.events);
    put("more", what.more);
    out_.end_object();
  }

  void operator()(const message::left& what) {
    begin("left", what.ref);
    put("room", what.room);
    put_text("reason", what.reason);
    out_.end_object();
  }

  void operator()(const message::history& what) {
    begin("history", what.ref);
    put("room", what.room);
    put("head", what.head);
    put_list("users", what.users);
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

  void operator()(const message::logged& what) { write_event(what.room, what.entry, what.name); }

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

  void operator()(const message::created& what) {
    begin("created", what.ref);
    put("room", what.room);
    put("epoch", what.epoch);
    put("head", what.head);
    if (what.duplicate) put("duplicate", true);
    out_.end_object();
  }

  void operator()(const message::members& what) {
    begin("members", what.ref);
    put("room", what.room);
    put("seq", what.head);
    put("count", what.count);
    put("members", what.list);
    put_next(what.next);
    out_.end_object();
  }

  void operator()(const message::pins& what) {
    begin("pins", what.ref);
    put("room", what.room);
    put_list("users", what.users);
    out_.key("pins");
    out_.begin_array(what.list.size());
    for (const auto& pin : what.list) {
      out_.begin_object();
      put("pinned_by", pin.by);
      put("pinned_at", pin.at);
      out_.key("message");
      write_event(what.room, pin.message);
      out_.end_object();
    }
    out_.end_array();
    put_next(what.next);
    out_.end_object();
  }

  void operator()(const message::threads& what) {
    begin("threads", what.ref);
    put("room", what.room);
    put_list("users", what.users);
    put_events(what.room, what.events);
    put_next(what.next);
    out_.end_object();
  }

  void operator()(const message::found& what) {
    begin("search", what.ref);
    put_list("users", what.users);
    out_.key("hits");
    out_.begin_array(what.hits.size());
    for (const auto& [room, message] : what.hits) {
      out_.begin_object();
      put("room", room);
      out_.key("message");
      write_event(room, message);
      out_.end_object();
    }
    out_.end_array();
    put_next(what.next);
    put("upto_at", what.upto_at);
    out_.end_object();
  }

  void operator()(const message::users& what) {
    begin("users", what.ref);
    put("users", what.list);
    put_next(what.next);
    out_.end_object();
  }

  void operator()(const message::blocks& what) {
    begin("blocks", what.ref);
    put("users", what.users);
    out_.end_object();
  }

  void operator()(const message::emitted& what) {
    begin("emitted");
    put("room", what.room);
    put("from", what.from);
    put("event", what.event);
    put("data", what.data);
    out_.end_object();
  }

  void operator()(const message::upload& what) {
    begin("upload", what.ref);
    put("ref", what.file);
    put("method", what.method);
    put("url", what.url);
    put("headers", what.headers);
    put("expires_at", what.expires_at);
    out_.end_object();
  }

  void operator()(const message::download& what) {
    begin("download", what.ref);
    put("url", what.url);
    put("expires_at", what.expires_at);
    out_.end_object();
  }

  void operator()(const message::read& what) {
    begin("read", what.ref);
    put("room", what.room);
    put("read", what.upto);
    put("unread", what.unread);
    put("mentions", what.mentions);
    out_.end_object();
  }

  void operator()(const message::receipts& what) {
    begin("receipts");
    put("room", what.room);
    put_reads(what.reads);
    out_.end_object();
  }

  void operator()(const message::read_all& what) {
    begin("read", what.ref);
    put("totals", what.sum);
    out_.end_object();
  }

  void operator()(const message::mentions& what) {
    begin("mentions", what.ref);
    put_list("users", what.users);
    out_.key("mentions");
    out_.begin_array(what.list.size());
    for (const auto& one : what.list) {
      out_.begin_object();
      put("why", one.why);
      put("read", one.read);
      out_.key("message");
      write_event(one.room, one.message);
      out_.end_object();
    }
    out_.end_array();
    put_next(what.next);
    out_.end_object();
  }

  void operator()(const message::inbox& what) {
    begin("inbox", what.ref);
    put("as_of", what.as_of);
    if (what.reset) put("reset", true);
    put_list("users", what.users);
    put("rooms", what.rows);
    if (what.next) put_next(*what.next);
    put("totals", what.sum);
    out_.end_object();
  }

 private:
  /// What of SEMANTICS this server knows.
  static constexpr std::array<std::string_view, 7> features{
      "members", "threads", "mentions", "pins", "inbox", "receipts", "after"};

  void put_reads(const std::map<user_id, seq_no>& reads) {
    out_.key("reads");
    out_.begin_map(reads.size());
    for (const auto& [user, read] : reads) {
      out_.map_key(user.view());
      out_.integer(read.value());
    }
    out_.end_map();
  }

  using parts = message_parts<Writer>;
  using parts::begin;
  using parts::out_;
  using parts::put;
  using parts::put_events;
  using parts::put_list;
  using parts::put_mentions;
  using parts::put_next;
  using parts::put_settings;
  using parts::put_stored;
  using parts::put_text;
  using parts::write_event;
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

std::size_t count_of(const attachment_list& files) {
  const auto tree = read_json(files.value());
  return tree.root.size();
}

std::string ref_of(const attachment_list& files, std::size_t index) {
  const auto tree = read_json(files.value());
  if (index >= tree.root.size()) return "";
  const auto ref = tree.root[index].find("ref");
  return ref != tree.root[index].end() && ref->is_string() ? ref->get<std::string>() : "";
}

std::string reconnect_reason(std::chrono::milliseconds after) {
  return "{\"reconnect_after_ms\":" + std::to_string(after.count()) + "}";
}

free_data report_of(const room_id& room, seq_no target, const user_id& by,
                    std::string_view reason) {
  std::string text;
  json_writer out{text};
  out.begin_object();
  out.key("room");
  out.text(room.view());
  out.key("target");
  out.integer(target.value());
  out.key("by");
  out.text(by.view());
  if (!reason.empty()) {
    out.key("reason");
    out.text(reason);
  }
  out.end_object();
  return free_data{std::move(text)};
}

std::optional<free_data> left_of_report(const free_data& report, const user_id& by,
                                        const user_id& as) {
  auto tree = read_json(report.value());
  auto& root = tree.root;
  if (!root.is_object()) return std::nullopt;
  const auto rename = [&](const char* name) {
    const auto found = root.find(name);
    if (found == root.end() || !found->is_string() ||
        found->get_ref<const std::string&>() != by.value())
      return false;
    *found = as.value();
    return true;
  };
  const bool about = rename("user"), own = rename("by");
  if (!about && !own) return std::nullopt;
  if (own) root.erase("reason");
  return free_data{root.dump()};
}

}  // namespace confab
