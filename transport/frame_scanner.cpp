#include "transport/frame_scanner.hpp"

#include <algorithm>

namespace confab::transport {

namespace {

// RFC 6455 §5.2.
constexpr unsigned rsv1_bit = 0x40;
constexpr unsigned opcode_bits = 0x0f;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_bits = 0x7f;
constexpr unsigned length_16bit_mark = 126;
constexpr unsigned length_64bit_mark = 127;
constexpr unsigned mask_key_bytes = 4;

// Of a mark: the opcode, and this.
constexpr char compressed_bit = 0x40;

}  // namespace

void frame_scanner::scan(std::span<unsigned char> bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (payload_left_ > 0) {
      const auto skipped = std::min<std::uint64_t>(payload_left_, bytes.size() - at);
      payload_left_ -= skipped;
      at += static_cast<std::size_t>(skipped);
      continue;
    }
    on_header_byte(bytes[at++]);
  }
}

void frame_scanner::on_header_byte(unsigned char& byte) {
  if (header_size_ == 0) {
    const unsigned opcode = byte & opcode_bits;
    if (opcode == static_cast<unsigned>(frame_kind::text) ||
        opcode == static_cast<unsigned>(frame_kind::binary)) {
      const bool compressed = (byte & rsv1_bit) != 0;
      marks_ += static_cast<char>(opcode | (compressed ? compressed_bit : 0));
      if (compressed)
        byte = static_cast<unsigned char>((byte & ~(rsv1_bit | opcode_bits)) |
                                          static_cast<unsigned>(frame_kind::binary));
    }
  }
  // Only the length is of interest; the key of the mask is counted, not kept.
  if (header_size_ < header_.size()) header_[header_size_] = byte;
  ++header_size_;
  if (header_size_ == 2) {
    const unsigned length = byte & length_bits;
    const unsigned extended = length == length_64bit_mark ? 8 : length == length_16bit_mark ? 2 : 0;
    header_need_ =
        static_cast<std::uint8_t>(2 + extended + ((byte & mask_bit) ? mask_key_bytes : 0));
  }
  if (header_size_ < 2 || header_size_ < header_need_) return;
  const unsigned length = header_[1] & length_bits;
  payload_left_ = length;
  if (length >= length_16bit_mark) {
    payload_left_ = 0;
    for (unsigned i = 0; i < (length == length_64bit_mark ? 8u : 2u); ++i)
      payload_left_ = payload_left_ << 8 | header_[2 + i];
  }
  header_size_ = 0;
  header_need_ = 2;
}

frame_scanner::mark frame_scanner::next_message() noexcept {
  if (marks_head_ >= marks_.size()) return {};
  const auto value = marks_[marks_head_++];
  if (marks_head_ == marks_.size()) {
    marks_.clear();
    marks_head_ = 0;
  }
  return {static_cast<frame_kind>(value & ~compressed_bit), (value & compressed_bit) != 0};
}

}  // namespace confab::transport
