#pragma once

#include "protocol/commands.hpp"
#include "protocol/frame.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

/// The border between bytes and values: the only place that knows JSON and CBOR.
namespace confab {

/// Limits a deployment may change.
struct decode_limits {
  std::size_t text_bytes_max = limits::text_bytes_max;
};

/// What reading a frame took, whatever came of it: the price that its sender pays.
struct decode_cost {
  std::size_t nodes = 0;  // values, at most `limits::frame_nodes_max`
};

/// Reads one WebSocket message. Never throws on input, whatever it is. Frame size, frame kind and
/// UTF-8 of text frames are the transport's; everything else of PROTOCOL §§1–5 is checked here.
/// What is not JSON (CBOR) at all is rejected with `close` set to 4503; nesting, numbers and lone
/// surrogates, CBOR that JSON cannot say, an unknown `type`, wrong types and invalid ids are
/// answered and do not close, with the `id` wherever in the frame it stands. A frame of too many
/// values is read no further, and answered with the `id` if that came before.
///
/// A null member counts as left out, but not as `id`. An integer is written as one: 3.0 is none, in
/// CBOR neither. Free data is an object; it is kept as compact JSON with its members in the order
/// sent, whatever the codec. Of several faults the first in the order of the checks is told.
std::variant<request, rejected> decode(codec format, std::string_view payload,
                                       const decode_limits& limits = {},
                                       decode_cost* cost = nullptr);

/// The payload (JSON text or CBOR bytes) of one server message. All texts in it MUST be valid UTF-8
/// and free data valid JSON, as decode() leaves them; neither is checked again.
std::string encode(codec format, const message::any& what);

/// One complete WebSocket frame, compressed where `format` says so and it pays.
frame encode_frame(wire_format format, const message::any& what);

/// The `reason` of close 1001 and 1012: `{"reconnect_after_ms":…}`.
std::string reconnect_reason(std::chrono::milliseconds after);

/// What the server's own log keeps of a `report`.
free_data report_of(const room_id& room, seq_no target, const user_id& by, std::string_view reason);
/// What is left of what is recorded there when `by`, who made it or whom it is about, is erased and called
/// `as`: their words are not. None: it is not about them.
std::optional<free_data> left_of_report(const free_data& report, const user_id& by, const user_id& as);

/// How many there are.
std::size_t count_of(const attachment_list& files);
/// The `ref` of one of them; empty: it has none, or is not there.
std::string ref_of(const attachment_list& files, std::size_t index);
/// Its beginning, of at most so many bytes, cut at a character.
std::string_view beginning_of(std::string_view text, std::size_t bytes_max) noexcept;

/// Valid UTF-8 without C0, DEL and C1 controls; newline and tab where `multiline`.
bool is_clean_text(std::string_view text, bool multiline) noexcept;

/// What people may be shown as a name or a title: clean text in any script with something to see in
/// it, and without what turns the direction of the text around it (U+202A–U+202E, U+2066–U+2069).
bool is_display_name(std::string_view text) noexcept;
/// The same made of any UTF-8, by leaving out what may not stand there and cutting at a character;
/// empty if nothing is left to see.
std::string display_name_of(std::string_view text, std::size_t bytes_max);
/// Without U+FE0F, which asks for a picture instead of a letter: with it and without it is the same
/// emoji.
std::string plain_emoji(std::string_view emoji);

}  // namespace confab
