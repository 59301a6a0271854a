#include "transport/frame_reader.hpp"

#include "protocol/codes.hpp"
#include "protocol/utf8.hpp"
#include "transport/control_frame.hpp"

#include <cstring>

namespace confab::transport {

namespace {

// RFC 6455 §5.2.
constexpr unsigned fin_bit = 0x80;
constexpr unsigned rsv1_bit = 0x40;
constexpr unsigned rsv_bits = 0x70;
constexpr unsigned opcode_bits = 0x0f;
constexpr unsigned control_bit = 0x08;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_bits = 0x7f;
constexpr unsigned length_16bit_mark = 126;
constexpr unsigned length_64bit_mark = 127;
constexpr std::size_t mask_key_bytes = 4;
constexpr std::size_t control_payload_bytes_max = 125;  // §5.5

enum opcode : unsigned { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

frame_reader::result broken(std::uint16_t code = close_protocol_error) {
  frame_reader::result out;
  out.what = frame_reader::kind::broken;
  out.code = code;
  return out;
}

/// RFC 6455 §7.4.2, and the registry of IANA: what an endpoint may send.
bool may_be_sent(unsigned code) {
  constexpr unsigned reserved = 1004, registered_max = 1014;
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= registered_max && code != reserved &&
         code != close_without_code && code != close_without_frame;
}

/// §5.3, eight bytes at a time: the key comes round every four.
void unmask(char* payload, std::size_t size, const char* key) {
  std::uint32_t half;
  std::memcpy(&half, key, sizeof half);
  const std::uint64_t whole = std::uint64_t{half} << 32 | half;
  std::size_t i = 0;
  for (; i + sizeof whole <= size; i += sizeof whole) {
    std::uint64_t word;
    std::memcpy(&word, payload + i, sizeof word);
    word ^= whole;
    std::memcpy(payload + i, &word, sizeof word);
  }
  for (; i < size; ++i) payload[i] = static_cast<char>(payload[i] ^ key[i % mask_key_bytes]);
}

}  // namespace

frame_reader::result frame_reader::next(std::span<char> bytes) {
  if (!under_way_ && !fragments_.empty()) std::string().swap(fragments_);
  if (bytes.size() < 2) return {};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned opcode = byte(0) & opcode_bits;
  const bool fin = (byte(0) & fin_bit) != 0;
  const bool control_frame = (opcode & control_bit) != 0;
  const bool starts = opcode == opcode::text || opcode == opcode::binary;

  // Judged by its first two bytes, before anything is kept.
  if ((byte(1) & mask_bit) == 0) return broken();  // §5.1: a client masks
  if (!starts && opcode != opcode::continuation && opcode != opcode::close &&
      opcode != opcode::ping && opcode != opcode::pong)
    return broken();
  const unsigned rsv_allowed = deflate_ && starts ? rsv1_bit : 0;  // RFC 7692 §6
  if ((byte(0) & rsv_bits & ~rsv_allowed) != 0) return broken();
  if (control_frame ? !fin : starts == under_way_) return broken();

  std::size_t header = 2;
  std::uint64_t size = byte(1) & length_bits;
  if (size >= length_16bit_mark) {
    const std::size_t extended = size == length_64bit_mark ? 8 : 2;
    if (control_frame) return broken();
    if (bytes.size() < header + extended) return {};
    size = 0;
    for (std::size_t i = 0; i < extended; ++i) size = size << 8 | byte(header + i);
    // §5.2: the shortest form, and no sign bit.
    if (extended == 2 ? size < length_16bit_mark : size <= 0xffff || size >> 63 != 0)
      return broken();
    header += extended;
  }
  static_assert(control_payload_bytes_max < length_16bit_mark);
  if (!control_frame && size + fragments_.size() > message_bytes_max_)
    return broken(static_cast<std::uint16_t>(close_code::too_big));
  header += mask_key_bytes;
  const auto whole = header + static_cast<std::size_t>(size);
  if (bytes.size() < whole) return {};

  auto* payload = bytes.data() + header;
  unmask(payload, static_cast<std::size_t>(size), payload - mask_key_bytes);
  const std::string_view content(payload, static_cast<std::size_t>(size));
  if (control_frame) return control(opcode, content, whole);

  if (starts) {
    type_ = static_cast<frame_kind>(opcode);
    compressed_ = (byte(0) & rsv1_bit) != 0;
  }
  under_way_ = !fin;
  result out;
  out.bytes = whole;
  out.type = type_;
  out.compressed = compressed_;
  out.what = fin ? kind::message : kind::fragment;
  out.payload = content;
  if (!fin || !starts) {
    fragments_.append(content);
    out.payload = fragments_;
  }
  return out;
}

frame_reader::result frame_reader::control(unsigned opcode, std::string_view payload,
                                           std::size_t bytes) const {
  result out;
  out.bytes = bytes;
  out.payload = payload;
  if (opcode == opcode::close) {
    out.what = kind::close;
    if (payload.empty()) return out;
    if (payload.size() < 2) return broken();
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(payload[i]); };
    out.code = static_cast<std::uint16_t>(byte(0) << 8 | byte(1));
    out.payload = payload.substr(2);
    if (!may_be_sent(out.code) || !utf8::is_valid(out.payload)) return broken();
    return out;
  }
  out.what = opcode == opcode::ping ? kind::ping : kind::pong;
  return out;
}

}  // namespace confab::transport
