// Ids of rooms, users and sessions, patterns, base64url and texts: each as the protocol says, and
// back.

#include "protocol/ids.hpp"
#include "protocol/base64url.hpp"
#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "server/jwt.hpp"
#include "tests/fuzzing/fuzzing.hpp"

#include <algorithm>

using namespace confab;
using confab::fuzzing::must;

namespace {

/// PROTOCOL §2, written once more in the plainest way.
bool is_room_by_the_book(std::string_view text) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (text.empty() || text.size() > 64 || !is_alphanumeric(text[0])) return false;
  return std::ranges::all_of(text, [&](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == ':' || c == '-';
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::input in{data, size};
  const auto one = in.text(), other = in.text();

  const auto room = room_id::make(one);
  must(room.has_value() == is_room_by_the_book(one), "a room's id has the form of the protocol");
  if (room) must(room->view() == one, "an id is kept as it is");
  must(device_id::make(one).has_value() == is_room_by_the_book(one), "a device's id, too");

  const auto a = user_id::make(one), b = user_id::make(other);
  if (a && b) {
    const auto direct = direct_room_of(*a, *b);
    must(direct == direct_room_of(*b, *a), "a direct room is the same from both sides");
    must(is_direct(direct) && direct.view().size() <= 64, "a direct room's id is one");
    must(is_room_by_the_book(direct.view()), "a direct room can be named by clients");
  }

  if (const auto session = session_name::parse(one))
    must(session->text() == one, "a session has one name only");
  const session_name made{static_cast<std::uint16_t>(in.number(2)), session_id{in.number(8)},
                          in.number(8)};
  must(session_name::parse(made.text()) == made, "every session has a name");

  const auto encoded = base64url_encoded(one);
  must(base64url_decoded(encoded) == one, "base64url comes back");
  if (const auto bytes = base64url_decoded(one))
    must(bytes->size() <= one.size(), "base64url does not grow");

  if (is_clean_text(one, false)) must(is_clean_text(one, true), "a line is a text");
  if (is_clean_text(one, true) && one.find_first_of("\n\t") == one.npos)
    must(is_clean_text(one, false), "a text of one line is a line");
  (void)server::is_room_pattern(one);
  return 0;
}
