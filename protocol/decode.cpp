#include "protocol/codec.hpp"
#include "protocol/readers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

namespace confab {

namespace {

command::resume_point read_resume_point(fields& in) {
  command::resume_point at;
  at.room = in.id<room_id>("room");
  at.since = in.optional_seq("since");
  at.epoch = in.optional(
      "epoch", [&](auto name) { return epoch_id{in.text(name, 0, limits::key_bytes_max)}; });
  return at;
}

command::inbox_point read_inbox_point(fields& in) {
  return {in.limit(limits::history_count_default, limits::inbox_page_count_max),
          in.optional_text("since", limits::cursor_bytes_max)};
}

command::any read_hello(fields& in) {
  command::hello what;
  what.token =
      in.optional("token", [&](auto name) { return in.text(name, 0, limits::token_bytes_max); });
  what.guest = in.optional("guest", [&](auto name) { return in.id<user_id>(name); });
  if (what.guest && is_reserved(*what.guest))
    in.bad("guest", "begins as ids that the server makes");
  what.name = in.optional_name("name");
  what.device = in.optional("device", [&](auto name) { return in.id<device_id>(name); });
  std::unordered_set<room_id> rooms;
  in.for_each_object("resume", limits::resume_rooms_max, [&](fields& inner) {
    if (auto point = read_resume_point(inner); rooms.insert(point.room).second)
      what.resume.push_back(std::move(point));
  });
  if (in.has("inbox"))
    in.in_object("inbox", [&](fields& inner) { what.inbox = read_inbox_point(inner); });
  return what;
}

command::any read_refresh(fields& in) {
  return command::refresh{in.text("token", 0, limits::token_bytes_max)};
}

command::any read_ping(fields&) { return command::ping{}; }

command::any read_join(fields& in) {
  command::join what;
  what.at = read_resume_point(in);
  what.member = in.optional_boolean("member");
  return what;
}

command::any read_leave(fields& in) {
  command::leave what;
  what.room = in.id<room_id>("room");
  what.member = in.optional_boolean("member");
  return what;
}

command::any read_rooms(fields& in) {
  return command::list_rooms{in.optional("after", [&](auto name) { return in.id<room_id>(name); })};
}

command::any read_typing(fields& in) {
  command::typing what;
  what.room = in.id<room_id>("room");
  what.on = in.boolean("on");
  return what;
}

command::any read_signal(fields& in) {
  command::signal what;
  if (in.has("to") == in.has("to_session"))
    in.bad("to", "or to_session is needed, and not both");
  else if (in.has("to"))
    what.to = in.id<user_id>("to");
  else
    what.to = in.session("to_session");
  what.data = in.data("data");
  return what;
}

command::any read_block(fields& in) {
  command::block what;
  what.user = in.id<user_id>("user");
  what.on = in.boolean("on");
  return what;
}

command::any read_blocks(fields&) { return command::list_blocks{}; }

command::any read_users(fields& in) {
  command::list_users what;
  what.ids = in.ids<user_id>("ids", 1, limits::users_count_max);
  if (const auto after = in.seq_cursor()) what.after = static_cast<std::size_t>(after->value());
  return what;
}

command::any read_active(fields& in) { return command::set_active{in.boolean("on")}; }

command::any read_marker(fields& in) {
  command::read what;
  what.room = in.optional("room", [&](auto name) { return in.id<room_id>(name); });
  if (what.room)
    what.upto = in.seq("seq");
  else if (in.has("seq"))
    in.bad("seq", "is of one room");
  return what;
}

command::any read_mentions(fields& in) {
  command::list_mentions what;
  if (const auto after = in.seq_cursor()) what.after = after->value();
  what.limit = in.limit(limits::history_count_default, limits::mentions_page_count_max);
  return what;
}

command::any read_inbox(fields& in) {
  command::inbox what{read_inbox_point(in), in.cursor()};
  if (in.has("watch")) what.watch = in.boolean("watch");
  return what;
}

struct command_row {
  std::string_view type;
  command::any (*read)(fields&);
};

constexpr std::array command_rows{
    command_row{"hello", read_hello},       command_row{"refresh", read_refresh},
    command_row{"ping", read_ping},         command_row{"join", read_join},
    command_row{"leave", read_leave},       command_row{"send", read_send},
    command_row{"edit", read_edit},         command_row{"delete", read_delete},
    command_row{"react", read_react},       command_row{"unreact", read_unreact},
    command_row{"history", read_history},   command_row{"rooms", read_rooms},
    command_row{"typing", read_typing},     command_row{"signal", read_signal},
    command_row{"direct", read_direct},     command_row{"pin", read_pin},
    command_row{"unpin", read_unpin},       command_row{"pins", read_pins},
    command_row{"threads", read_threads},   command_row{"set_member", read_set_member},
    command_row{"members", read_members},   command_row{"create", read_create},
    command_row{"set_room", read_set_room}, command_row{"emit", read_emit},
    command_row{"upload", read_upload},     command_row{"download", read_download},
    command_row{"block", read_block},       command_row{"blocks", read_blocks},
    command_row{"users", read_users},       command_row{"report", read_report},
    command_row{"active", read_active},     command_row{"reactions", read_reactions},
    command_row{"read", read_marker},       command_row{"mentions", read_mentions},
    command_row{"inbox", read_inbox},       command_row{"search", read_search},
    command_row{"set_own", read_set_own},
};
static_assert(command_rows.size() == std::variant_size_v<command::any> + 2,
              "every command is read; react and pin have two types each");

/// The `id` of a command: none, or an integer of its range, or a mistake. Not even null is taken
/// for none: whoever names an id waits for the reply.
struct id_member {
  std::optional<ref_no> value;
  bool is_valid = true;
};

id_member read_id(const json& object) {
  const auto found = object.find("id");
  if (found == object.end()) return {};
  const auto value = natural(*found);
  if (!value || *value < 1 || *value > limits::ref_max) return {std::nullopt, false};
  return {ref_no{*value}, true};
}

const std::string* read_type(const json& object) {
  const auto* type = member(object, "type");
  return type ? type->get_ptr<const json::string_t*>() : nullptr;
}

}  // namespace

std::variant<request, rejected> decode(codec format, std::string_view payload,
                                       const decode_limits& limits, decode_cost* cost) {
  const bool is_json = format == codec::json;
  const auto tree = is_json ? read_json(payload) : read_cbor(payload);
  if (cost) cost->nodes = tree.nodes;
  rejected why;
  const auto reject = [&](error_code code, std::string_view message) {
    why.code = code;
    why.message = message;
    return std::move(why);
  };
  if (!tree.well_formed) {
    why.close = close_code::protocol_error;
    return reject(error_code::bad_request, is_json ? "not JSON" : "not CBOR");
  }
  if (!tree.root.is_object())
    return reject(error_code::bad_request, tree.fault.value_or("not an object"));

  const auto id = read_id(tree.root);
  const auto* type = read_type(tree.root);
  why.id = id.value;
  why.hello = type && *type == "hello";
  if (tree.fault) return reject(error_code::bad_request, *tree.fault);
  if (!id.is_valid) return reject(error_code::bad_request, "id must be an integer, 1..2^53-1");
  if (!type) return reject(error_code::bad_request, "type must be a string");
  const auto row = std::find_if(command_rows.begin(), command_rows.end(),
                                [&](const auto& candidate) { return candidate.type == *type; });
  if (row == command_rows.end()) return reject(error_code::unknown_type, "no such command");

  fields in{tree.root, limits};
  auto what = row->read(in);
  if (const auto& fault = in.first_fault()) return reject(fault->code, fault->message);
  return request{id.value, std::move(what)};
}

}  // namespace confab
