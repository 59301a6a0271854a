#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Frames of ours that are no messages (RFC 6455 §5.5), and the codes of §7.4.1 that are not in the
/// protocol's own table: only the framing knows them.
namespace confab::transport {

inline constexpr std::uint16_t close_protocol_error = 1002;
inline constexpr std::uint16_t close_without_code = 1005;   // never sent
inline constexpr std::uint16_t close_without_frame = 1006;  // never sent

std::string ping_frame();
/// The answer to a ping with `payload`, which is as long as that of a control frame may be.
std::string pong_frame(std::string_view payload);
/// As much of `reason` as fits is sent, in whole characters.
std::string close_frame(std::uint16_t code, std::string_view reason = {});

}  // namespace confab::transport
