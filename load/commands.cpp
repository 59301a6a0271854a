#include "load/commands.hpp"

#include <nlohmann/json.hpp>

namespace confab::load {
namespace {

using json = nlohmann::ordered_json;

json command(std::string_view type, std::uint64_t id) {
  json out{{"type", type}};
  if (id != 0) out["id"] = id;
  return out;
}

std::string written(codec format, const json& what) {
  // Ids and tokens come from files: what is no UTF-8 there is for the server to refuse.
  if (format == codec::json) return what.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string out;
  json::to_cbor(what, out);
  return out;
}

void put_resume_point(json& to, const resume_entry& at) {
  to["room"] = at.room;
  to["since"] = at.since;
  if (!at.epoch.empty()) to["epoch"] = at.epoch;
}

}  // namespace

std::string command_writer::hello(std::uint64_t id, const hello_fields& fields) const {
  auto out = command("hello", id);
  if (fields.token.empty())
    out["guest"] = fields.guest;
  else
    out["token"] = fields.token;
  if (!fields.device.empty()) out["device"] = fields.device;
  for (const auto& each : fields.resume) put_resume_point(out["resume"].emplace_back(), each);
  return written(format_, out);
}

std::string command_writer::join(std::uint64_t id, const resume_entry& at, bool with_since) const {
  auto out = command("join", id);
  if (with_since)
    put_resume_point(out, at);
  else
    out["room"] = at.room;
  return written(format_, out);
}

std::string command_writer::leave(std::uint64_t id, std::string_view room) const {
  auto out = command("leave", id);
  out["room"] = room;
  return written(format_, out);
}

std::string command_writer::send(std::uint64_t id, std::string_view room, std::string_view key,
                                 std::string_view text) const {
  auto out = command("send", id);
  out["room"] = room;
  if (!key.empty()) out["key"] = key;
  out["text"] = text;
  return written(format_, out);
}

std::string command_writer::direct(std::uint64_t id, std::string_view to, std::string_view key,
                                   std::string_view text) const {
  auto out = command("direct", id);
  out["to"] = to;
  out["key"] = key;
  out["text"] = text;
  return written(format_, out);
}

std::string command_writer::edit(std::uint64_t id, std::string_view room, std::uint64_t target,
                                 std::string_view text) const {
  auto out = command("edit", id);
  out["room"] = room;
  out["target"] = target;
  out["text"] = text;
  return written(format_, out);
}

std::string command_writer::react(std::uint64_t id, std::string_view room, std::uint64_t target,
                                  std::string_view emoji, bool on) const {
  auto out = command(on ? "react" : "unreact", id);
  out["room"] = room;
  out["target"] = target;
  out["emoji"] = emoji;
  return written(format_, out);
}

std::string command_writer::history(std::uint64_t id, std::string_view room,
                                    std::uint64_t before) const {
  auto out = command("history", id);
  out["room"] = room;
  if (before != 0) out["before"] = before;
  return written(format_, out);
}

std::string command_writer::typing(std::string_view room, bool on) const {
  auto out = command("typing", 0);
  out["room"] = room;
  out["on"] = on;
  return written(format_, out);
}

std::string command_writer::signal(std::uint64_t id, std::string_view to) const {
  auto out = command("signal", id);
  out["to"] = to;
  out["data"] = {{"kind", "ring"}};
  return written(format_, out);
}

std::string command_writer::nonsense(std::uint64_t id) const {
  return written(format_, command("frobnicate", id));
}

}  // namespace confab::load
