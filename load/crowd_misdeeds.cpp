#include "load/crowd.hpp"

#include "protocol/codes.hpp"
#include "protocol/limits.hpp"

namespace confab::load {
namespace {

/// What PROTOCOL says about each: an error with the command's id, a close code, or both none.
enum class misdeed : std::uint8_t {
  unknown_type,
  not_joined,
  too_long,
  flood,  // answered with rate_limited, without an id
  not_json,
  wrong_kind,
  not_utf8,
  too_big
};
constexpr std::uint64_t misdeeds = 8;
constexpr std::size_t flood_commands = 2 * limits::commands_burst;

}  // namespace

bool crowd::is_expected(const pending& what, std::string_view code) const {
  switch (static_cast<misdeed>(what.count)) {
    case misdeed::unknown_type:
      return code == row(error_code::unknown_type).name;
    case misdeed::not_joined:
      return code == row(error_code::not_joined).name ||
             code == row(error_code::no_such_room).name;
    case misdeed::too_long:
      return code == row(error_code::too_long).name;
    case misdeed::flood:
    case misdeed::not_json:
    case misdeed::wrong_kind:
    case misdeed::not_utf8:
    case misdeed::too_big:
      break;
  }
  return false;
}

void crowd::misbehave(std::uint32_t user_no) {
  auto& who = users_[user_no];
  const auto number = who.first_session;
  auto& one = sessions_[number];
  if (one.at != session::state::online || one.expected_close != 0) return;
  const auto is_json = plan_.format == codec::json;
  const auto kind = is_json ? websocket::opcode::text : websocket::opcode::binary;
  auto what = static_cast<misdeed>(who.random.below(misdeeds));
  if (what == misdeed::not_utf8 && !is_json) what = misdeed::not_json;
  ++count_.misbehaviours;

  const auto owed_an_error = [&] {
    const auto id = ask(one, task::misdeed, 0, now_us_);
    one.pendings.back().count = static_cast<std::uint32_t>(what);
    return id;
  };
  const auto ends_it = [&](close_code code, websocket::opcode as, std::string_view payload) {
    one.expected_close = static_cast<std::uint16_t>(code);
    out_.write(number, as, payload);
  };
  switch (what) {
    case misdeed::unknown_type:
      return say(number, commands_.nonsense(owed_an_error()));
    case misdeed::not_joined:
      return say(number, commands_.history(owed_an_error(), "load-nobody-is-here", 0));
    case misdeed::too_long:
      return say(number, commands_.send(owed_an_error(), "load-nobody-is-here", {},
                                        std::string(limits::text_bytes_max + 1, 'x')));
    case misdeed::flood:
      who.misdeed_count = 1;
      for (std::size_t i = 0; i < flood_commands; ++i)
        say(number, commands_.typing("load-0", true));
      return;
    case misdeed::not_json:
      return ends_it(close_code::protocol_error, kind, is_json ? R"({"type":)" : "\x5f\xff");
    case misdeed::wrong_kind:
      return ends_it(close_code::wrong_kind,
                     is_json ? websocket::opcode::binary : websocket::opcode::text, "{}");
    case misdeed::not_utf8:
      return ends_it(close_code::not_utf8, kind, "{\"type\":\"\xff\"}");
    case misdeed::too_big:
      return ends_it(close_code::too_big, kind, std::string(limits::frame_bytes_max + 1, ' '));
  }
}

}  // namespace confab::load
