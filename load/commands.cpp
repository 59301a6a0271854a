#include "load/commands.hpp"

#include <nlohmann/json.hpp>

#include <initializer_list>
#include <utility>

namespace confab::load {
namespace {

using json = nlohmann::ordered_json;
using members = std::initializer_list<std::pair<const char*, json>>;

/// Null, which is left out, where there is nothing.
json if_any(std::string_view text) { return text.empty() ? json{} : json(text); }
json if_any(std::uint64_t number) { return number == 0 ? json{} : json(number); }

void put(json& to, members all) {
  for (const auto& [name, value] : all)
    if (!value.is_null()) to[name] = value;
}

std::string written(codec format, const char* type, std::uint64_t id, members rest) {
  json what;
  put(what, {{"type", type}, {"id", if_any(id)}});
  put(what, rest);
  // Ids and tokens come from files: what is no UTF-8 there is for the server to refuse.
  if (format == codec::json) return what.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string out;
  json::to_cbor(what, out);
  return out;
}

}  // namespace

std::string command_writer::hello(std::uint64_t id, const hello_fields& fields) const {
  json resume;
  for (const auto& each : fields.resume)
    put(resume.emplace_back(),
        {{"room", each.room}, {"since", each.since}, {"epoch", if_any(each.epoch)}});
  const bool is_guest = fields.token.empty();
  return written(format_, "hello", id,
                 {{is_guest ? "guest" : "token", is_guest ? fields.guest : fields.token},
                  {"device", if_any(fields.device)},
                  {"resume", resume}});
}

std::string command_writer::join(std::uint64_t id, const resume_entry& at, bool with_since) const {
  return written(format_, "join", id,
                 {{"room", at.room},
                  {"since", with_since ? json(at.since) : json{}},
                  {"epoch", with_since ? if_any(at.epoch) : json{}}});
}

std::string command_writer::leave(std::uint64_t id, std::string_view room) const {
  return written(format_, "leave", id, {{"room", room}});
}

std::string command_writer::send(std::uint64_t id, std::string_view room, std::string_view key,
                                 std::string_view text) const {
  return written(format_, "send", id, {{"room", room}, {"key", if_any(key)}, {"text", text}});
}

std::string command_writer::direct(std::uint64_t id, std::string_view to, std::string_view key,
                                   std::string_view text) const {
  return written(format_, "direct", id, {{"to", to}, {"key", key}, {"text", text}});
}

std::string command_writer::edit(std::uint64_t id, std::string_view room, std::uint64_t target,
                                 std::string_view text) const {
  return written(format_, "edit", id, {{"room", room}, {"target", target}, {"text", text}});
}

std::string command_writer::react(std::uint64_t id, std::string_view room, std::uint64_t target,
                                  std::string_view emoji, bool on) const {
  return written(format_, on ? "react" : "unreact", id,
                 {{"room", room}, {"target", target}, {"emoji", emoji}});
}

std::string command_writer::history(std::uint64_t id, std::string_view room,
                                    std::uint64_t before) const {
  return written(format_, "history", id, {{"room", room}, {"before", if_any(before)}});
}

std::string command_writer::typing(std::string_view room, bool on) const {
  return written(format_, "typing", 0, {{"room", room}, {"on", on}});
}

std::string command_writer::signal(std::uint64_t id, std::string_view to) const {
  return written(format_, "signal", id, {{"to", to}, {"data", {{"kind", "ring"}}}});
}

std::string command_writer::nonsense(std::uint64_t id) const {
  return written(format_, "frobnicate", id, {});
}

}  // namespace confab::load
