#include "protocol/codec.hpp"
#include "protocol/document.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

namespace confab {

namespace {

struct fault {
  error_code code;
  std::string message;
};

/// A member of a JSON object, or nullptr. A null counts as left out: many a language's objects
/// are written with it for what is not set.
const json* member(const json& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// The values in `of`, itself included. Recursive: the tree is `limits::nesting_max` deep at most.
std::size_t nodes_in(const json& of) {
  std::size_t count = 1;
  if (of.is_structured())
    for (const auto& inner : of) count += nodes_in(inner);
  return count;
}

/// An integer as the sender wrote one: 3.0 is none, in JSON as in CBOR.
std::optional<std::uint64_t> natural(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0)
    return static_cast<std::uint64_t>(value.get<std::int64_t>());
  return std::nullopt;
}

/// The members of one command, checked while they are taken. The first fault is kept and what is
/// taken then has no meaning; so a command reads as the list of its members, and is asked for its
/// fault once, at the end.
class fields {
 public:
  fields(const json& object, const decode_limits& limits) : object_(&object), limits_(limits) {}

  const std::optional<fault>& first_fault() const { return fault_; }
  bool has(std::string_view name) const { return member(*object_, name) != nullptr; }

  std::string text(std::string_view name, std::size_t bytes_min, std::size_t bytes_max,
                   bool multiline = false) {
    const auto* found = required(name);
    if (!found) return {};
    const auto* value = found->get_ptr<const json::string_t*>();
    if (!value) return bad<std::string>(name, "must be a string");
    if (value->size() > bytes_max) return too_long<std::string>(name, bytes_max, "bytes");
    if (value->size() < bytes_min) return bad<std::string>(name, "must not be empty");
    if (!is_clean_text(*value, multiline))
      return bad<std::string>(name, "must not hold control characters");
    return *value;
  }

  template <class Id>
  Id id(std::string_view name) {
    const auto* found = required(name);
    if (!found) return {};
    const auto* text = found->get_ptr<const json::string_t*>();
    auto made = text ? Id::make(*text) : std::nullopt;
    if (!made) return bad<Id>(name, "must be a valid id");
    return *std::move(made);
  }

  session_name session(std::string_view name) {
    const auto* found = required(name);
    if (!found) return {};
    const auto* text = found->get_ptr<const json::string_t*>();
    const auto parsed = text ? session_name::parse(*text) : std::nullopt;
    if (!parsed) bad(name, "must be a session id");
    return parsed.value_or(session_name{});
  }

  seq_no seq(std::string_view name) {
    const auto* found = required(name);
    if (!found) return {};
    const auto value = natural(*found);
    if (!value || *value > limits::ref_max)
      return bad<seq_no>(name, "must be an integer, 0..2^53-1");
    return seq_no{*value};
  }

  /// Where a list goes on: what an earlier page named as its `next`.
  seq_no next(std::string_view name) {
    const auto said = text(name, 1, limits::next_bytes_max);
    std::uint64_t value = 0;
    const auto [end, wrong] = std::from_chars(said.data(), said.data() + said.size(), value);
    if (wrong != std::errc{} || end != said.data() + said.size() || value > limits::ref_max)
      return bad<seq_no>(name, "must be the next of an earlier page");
    return seq_no{value};
  }

  bool boolean(std::string_view name) {
    const auto* found = required(name);
    if (!found) return {};
    if (!found->is_boolean()) return bad<bool>(name, "must be true or false");
    return found->get<bool>();
  }

  /// Any integer; what lies outside is moved to the nearer end.
  std::uint32_t clamped(std::string_view name, std::uint32_t low, std::uint32_t high) {
    const auto* found = required(name);
    if (!found) return {};
    if (!found->is_number_integer()) return bad<std::uint32_t>(name, "must be an integer");
    const auto value = natural(*found);
    return value ? static_cast<std::uint32_t>(std::clamp<std::uint64_t>(*value, low, high)) : low;
  }

  free_data data(std::string_view name) {
    const auto* found = required(name);
    if (!found) return {};
    if (nodes_in(*found) > limits::data_nodes_max)
      return too_long<free_data>(name, limits::data_nodes_max, "values");
    auto compact = found->dump();
    if (compact.size() > limits::data_bytes_max)
      return too_long<free_data>(name, limits::data_bytes_max, "bytes as compact JSON");
    return free_data{std::move(compact)};
  }

  /// `get` if the member is there.
  template <class Get>
  auto optional(std::string_view name, Get get) -> std::optional<decltype(get(name))> {
    if (!has(name)) return std::nullopt;
    return get(name);
  }

  std::optional<seq_no> optional_seq(std::string_view name) {
    return optional(name, [this](auto n) { return seq(n); });
  }

  /// `each` with the members of every object in the array `name`.
  template <class Each>
  void for_each_object(std::string_view name, std::size_t count_max, Each each) {
    const auto* found = member(*object_, name);
    if (!found) return;
    if (!found->is_array()) return bad(name, "must be an array");
    if (found->size() > count_max) return too_long(name, count_max, "elements");
    for (const auto& element : *found) {
      if (!element.is_object()) return bad(name, "must hold objects");
      fields inner{element, limits_};
      each(inner);
      if (inner.fault_)
        return note(inner.fault_->code, std::string{name} + ": " + inner.fault_->message);
    }
  }

  template <class Nothing = void>
  Nothing bad(std::string_view name, std::string_view why) {
    note(error_code::bad_request, std::string{name}.append(" ").append(why));
    return Nothing();
  }

  const decode_limits& limits() const { return limits_; }

 private:
  const json* required(std::string_view name) {
    const auto* found = member(*object_, name);
    if (!found) bad(name, "is missing");
    return found;
  }

  template <class Nothing = void>
  Nothing too_long(std::string_view name, std::size_t max, std::string_view unit) {
    auto message = std::string{name}.append(" is longer than ").append(std::to_string(max));
    note(error_code::too_long, message.append(" ").append(unit));
    return Nothing();
  }

  void note(error_code code, std::string message) {
    if (!fault_) fault_ = fault{code, std::move(message)};
  }

  const json* object_;
  decode_limits limits_;
  std::optional<fault> fault_;
};

std::string read_key(fields& in) {
  return in.has("key") ? in.text("key", 1, limits::key_bytes_max) : std::string{};
}

content read_content(fields& in) {
  content what;
  if (in.has("text")) what.text = in.text("text", 0, in.limits().text_bytes_max, true);
  what.data = in.optional("data", [&](auto name) { return in.data(name); });
  if (what.text.empty() && !what.data) in.bad("text", "or data is needed");
  return what;
}

command::resume_point read_resume_point(fields& in) {
  command::resume_point at;
  at.room = in.id<room_id>("room");
  at.since = in.optional_seq("since");
  at.epoch = in.optional(
      "epoch", [&](auto name) { return epoch_id{in.text(name, 0, limits::key_bytes_max)}; });
  return at;
}

command::any read_hello(fields& in) {
  command::hello what;
  what.token =
      in.optional("token", [&](auto name) { return in.text(name, 0, limits::token_bytes_max); });
  what.guest = in.optional("guest", [&](auto name) { return in.id<user_id>(name); });
  if (what.guest && is_reserved(*what.guest))
    in.bad("guest", "begins as ids that the server makes");
  what.name =
      in.optional("name", [&](auto name) { return in.text(name, 0, limits::name_bytes_max); });
  if (what.name && what.name->empty()) what.name.reset();
  if (what.name && !is_display_name(*what.name))
    in.bad("name", "must hold something to see, and nothing that turns its direction");
  what.device = in.optional("device", [&](auto name) { return in.id<device_id>(name); });
  std::unordered_set<room_id> rooms;
  in.for_each_object("resume", limits::resume_rooms_max, [&](fields& inner) {
    if (auto point = read_resume_point(inner); rooms.insert(point.room).second)
      what.resume.push_back(std::move(point));
  });
  return what;
}

command::any read_refresh(fields& in) {
  return command::refresh{in.text("token", 0, limits::token_bytes_max)};
}

command::any read_ping(fields&) { return command::ping{}; }

command::any read_join(fields& in) { return command::join{read_resume_point(in)}; }

command::any read_leave(fields& in) { return command::leave{in.id<room_id>("room")}; }

command::any read_send(fields& in) {
  command::send what;
  what.room = in.id<room_id>("room");
  what.key = read_key(in);
  what.what = read_content(in);
  return what;
}

command::any read_edit(fields& in) {
  command::edit what;
  what.room = in.id<room_id>("room");
  what.key = read_key(in);
  what.target = in.seq("target");
  what.what = read_content(in);
  return what;
}

command::any read_delete(fields& in) {
  command::delete_message what;
  what.room = in.id<room_id>("room");
  what.key = read_key(in);
  what.target = in.seq("target");
  return what;
}

std::string read_emoji(fields& in) {
  auto emoji = plain_emoji(in.text("emoji", 1, limits::emoji_bytes_max));
  if (emoji.empty()) in.bad("emoji", "must not be empty");
  return emoji;
}

command::any read_reaction(fields& in, bool on) {
  command::react what;
  what.room = in.id<room_id>("room");
  what.key = read_key(in);
  what.target = in.seq("target");
  what.emoji = read_emoji(in);
  what.on = on;
  return what;
}

command::any read_react(fields& in) { return read_reaction(in, true); }
command::any read_unreact(fields& in) { return read_reaction(in, false); }

command::any read_history(fields& in) {
  command::history what;
  what.room = in.id<room_id>("room");
  what.before = in.optional_seq("before");
  what.after = in.optional_seq("after");
  what.limit = in.optional("limit", [&](auto name) {
                   return in.clamped(name, 1, limits::history_count_max);
                 }).value_or(limits::history_count_default);
  return what;
}

command::any read_rooms(fields& in) {
  return command::list_rooms{in.optional("after", [&](auto name) { return in.id<room_id>(name); })};
}

command::any read_reactions(fields& in) {
  command::list_reactions what;
  what.room = in.id<room_id>("room");
  what.target = in.seq("target");
  what.emoji = read_emoji(in);
  what.after = in.optional("after", [&](auto name) { return in.next(name); }).value_or(seq_no{});
  return what;
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

command::any read_direct(fields& in) {
  command::direct what;
  what.to = in.id<user_id>("to");
  what.key = read_key(in);
  what.what = read_content(in);
  return what;
}

struct command_row {
  std::string_view type;
  command::any (*read)(fields&);
};

constexpr std::array command_rows{
    command_row{"hello", read_hello},     command_row{"refresh", read_refresh},
    command_row{"ping", read_ping},       command_row{"join", read_join},
    command_row{"leave", read_leave},     command_row{"send", read_send},
    command_row{"edit", read_edit},       command_row{"delete", read_delete},
    command_row{"react", read_react},     command_row{"unreact", read_unreact},
    command_row{"history", read_history}, command_row{"rooms", read_rooms},
    command_row{"typing", read_typing},   command_row{"signal", read_signal},
    command_row{"direct", read_direct},   command_row{"reactions", read_reactions},
};
static_assert(command_rows.size() == std::variant_size_v<command::any> + 1,
              "every command is read; react has two types");

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
