#pragma once

#include "protocol/codec.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

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

struct bad_command {
  std::string type;
  std::string members;
  error_code code = error_code::bad_request;
};

/// Each is answered with its id and its code, and closes nothing.
inline void check_refused(const std::vector<bad_command>& commands) {
  for (const auto& bad : commands) {
    const auto text = command_text(bad.type, bad.members);
    INFO(text.substr(0, 200));
    const auto expected = described(bad.code, 7);

    CHECK(describe(decode(codec::json, text)) == expected);
    CHECK(describe(decode(codec::cbor, in_cbor(text))) == expected);
    if (const auto what = decode(codec::json, text); std::holds_alternative<rejected>(what))
      CHECK_FALSE(std::get<rejected>(what).message.empty());
  }
}

inline void check_accepted(const std::vector<std::pair<std::string, std::string>>& commands) {
  for (const auto& [type, members] : commands) {
    const auto text = command_text(type, members);
    INFO(text.substr(0, 200));

    CHECK(describe(decode(codec::json, text)) == "accepted");
    CHECK(describe(decode(codec::cbor, in_cbor(text))) == "accepted");
  }
}

/// An object whose compact text has `size` bytes.
inline std::string data_of(std::size_t size) {
  return R"("data":{"a":")" + chars(size - 8) + R"("})";
}

inline const std::string room = R"("room":"general")";
inline const std::string target = R"("target":1)";
inline const std::string to = R"("to":"bob")";

}  // namespace confab
