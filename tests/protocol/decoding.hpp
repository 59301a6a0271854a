#pragma once

#include "protocol/codec.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <variant>

/// Commands as text, and what decoding said to them in a word.
namespace confab {

using nlohmann::ordered_json;

using id = std::optional<std::uint64_t>;
using decoded = std::variant<request, rejected>;

inline std::string repeat(std::size_t count, const std::string& what) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += what;
  return result;
}

inline std::string chars(std::size_t count) { return std::string(count, 'x'); }

inline std::string in_cbor(const std::string& text) {
  std::string bytes;
  ordered_json::to_cbor(ordered_json::parse(text), bytes);
  return bytes;
}

/// A command with `id` 7 and `members`.
inline std::string command_text(const std::string& type, const std::string& members) {
  return R"({"type":")" + type + R"(","id":7)" + (members.empty() ? "" : ",") + members + "}";
}

inline std::string describe(const decoded& what) {
  const auto* why = std::get_if<rejected>(&what);
  if (!why) return "accepted";
  return std::string{row(why->code).name} + " id " +
         (why->id ? std::to_string(why->id->value()) : "none") + (why->close ? " and close" : "");
}

inline std::string described(error_code code, id of) {
  return describe(rejected{of ? std::optional{ref_no{*of}} : std::nullopt, code, "", {}});
}

inline const auto not_well_formed =
    describe(rejected{{}, error_code::bad_request, "", close_code::protocol_error});

inline const std::string room = R"("room":"general")";
inline const std::string target = R"("target":1)";
inline const std::string to = R"("to":"bob")";

}  // namespace confab
