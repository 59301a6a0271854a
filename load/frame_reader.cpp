#include "load/frame_reader.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace confab::load {
namespace {

using json = nlohmann::json;

constexpr std::pair<std::string_view, frame_type> type_names[]{
    {"message", frame_type::message},     {"edited", frame_type::edited},
    {"deleted", frame_type::deleted},     {"reacted", frame_type::reacted},
    {"welcome", frame_type::welcome},     {"joined", frame_type::joined},
    {"events", frame_type::events},       {"sent", frame_type::sent},
    {"done", frame_type::done},           {"left", frame_type::left},
    {"history", frame_type::history},     {"error", frame_type::error},
    {"signalled", frame_type::signalled}, {"signal", frame_type::signal},
    {"typing", frame_type::typing},       {"presence", frame_type::presence},
};

std::string_view text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string()
             ? std::string_view{found->get_ref<const std::string&>()}
             : std::string_view{};
}
std::uint64_t number_in(const json& object, const char* name, std::uint64_t otherwise = 0) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>()
                                                              : otherwise;
}
bool flag_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

frame_type type_of(const json& object) {
  const auto name = text_in(object, "type");
  if (name.empty()) return frame_type::malformed;
  for (const auto& [each, type] : type_names)
    if (each == name) return type;
  return frame_type::other;
}

log_event event_in(const json& object) {
  log_event out;
  out.type = type_of(object);
  out.room = text_in(object, "room");
  out.seq = number_in(object, "seq");
  out.prev = number_in(object, "prev", out.seq - 1);
  out.from = text_in(object, "from");
  out.text = text_in(object, out.type == frame_type::reacted ? "emoji" : "text");
  out.target = number_in(object, "target");
  return out;
}

/// Typing and presence of a busy room outnumber what matters, and nothing in them does.
std::optional<frame_type> known_by_its_beginning(codec format, std::string_view payload) {
  if (format != codec::json) return std::nullopt;
  if (payload.starts_with(R"({"type":"typing",)")) return frame_type::typing;
  if (payload.starts_with(R"({"type":"presence",)")) return frame_type::presence;
  return std::nullopt;
}

}  // namespace

struct frame_reader::tree {
  json root;
};

frame_reader::frame_reader() : tree_{std::make_unique<tree>()} {}
frame_reader::~frame_reader() = default;

const server_frame& frame_reader::read(codec format, std::string_view payload) {
  frame_ = {};
  if (const auto known = known_by_its_beginning(format, payload)) {
    frame_.type = *known;
    return frame_;
  }
  auto& root = tree_->root;
  root = format == codec::json ? json::parse(payload, nullptr, false)
                               : json::from_cbor(payload.begin(), payload.end(), true, false);
  if (!root.is_object()) return frame_;

  auto& out = frame_;
  out.type = type_of(root);
  if (const auto re = number_in(root, "re")) out.re = re;
  if (out.type <= frame_type::reacted) out.event = event_in(root);
  out.room = text_in(root, "room");
  out.epoch = text_in(root, "epoch");
  out.code = text_in(root, "code");
  out.message = text_in(root, "message");
  out.durability = text_in(root, "durability");
  out.seq = number_in(root, "seq");
  out.head = number_in(root, "head");
  out.retry_after_ms = number_in(root, "retry_after_ms");
  out.gap = flag_in(root, "gap");
  out.more = flag_in(root, "more");
  out.duplicate = flag_in(root, "duplicate");
  out.retry = flag_in(root, "retry");
  if (const auto events = root.find("events"); events != root.end() && events->is_array())
    for (const auto& each : *events)
      if (each.is_object()) out.events.push_back(event_in(each));
  if (const auto directs = root.find("directs"); directs != root.end() && directs->is_array())
    for (const auto& each : *directs)
      if (each.is_object()) out.directs.push_back({text_in(each, "room"), number_in(each, "head")});
  return out;
}

std::optional<std::uint64_t> read_reconnect_after_ms(std::string_view reason) {
  const auto root = json::parse(reason, nullptr, false);
  if (!root.is_object()) return std::nullopt;
  const auto found = root.find("reconnect_after_ms");
  if (found == root.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

}  // namespace confab::load
