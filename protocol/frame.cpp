#include "protocol/frame.hpp"

#include <zlib.h>

#include <new>
#include <stdexcept>

namespace confab {

namespace {

// RFC 6455 §5.2.
constexpr unsigned char fin_bit = 0x80;
constexpr unsigned char rsv1_bit = 0x40;
constexpr std::size_t length_7bit_max = 125;
constexpr std::size_t length_16bit_max = 0xffff;
constexpr unsigned char length_16bit_mark = 126;
constexpr unsigned char length_64bit_mark = 127;
constexpr std::size_t header_bytes_max = 10;

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
}

// RFC 7692 §7.2.1: what ends a sync flush is left out and put back by the receiver.
constexpr std::size_t flush_tail_bytes = 4;

/// A raw deflate stream, set back before each payload: setting one up takes longer than compressing
/// a chat message does.
class deflater {
 public:
  deflater() {
    // The whole window (clients must inflate 15 bits by default); a small hash table (memLevel 5),
    // because every reset clears it.
    constexpr int window_bits_raw = -15;
    constexpr int mem_level = 5;
    if (deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, window_bits_raw, mem_level,
                     Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc{};
  }
  deflater(const deflater&) = delete;
  deflater& operator=(const deflater&) = delete;
  ~deflater() { deflateEnd(&stream_); }

  std::string run(std::string_view payload) {
    if (deflateReset(&stream_) != Z_OK) throw std::logic_error("deflateReset");
    // No larger than what is still worth it: a full buffer means that nothing was gained.
    std::string out(payload.size() + flush_tail_bytes, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(payload.data()));
    stream_.avail_in = static_cast<uInt>(payload.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    if (deflate(&stream_, Z_SYNC_FLUSH) != Z_OK || stream_.avail_out == 0) return {};
    out.resize(out.size() - stream_.avail_out - flush_tail_bytes);
    return out;
  }

 private:
  z_stream stream_{};
};

}  // namespace

frame make_frame(frame_kind kind, std::string_view payload, bool compressed) {
  std::string bytes;
  bytes.reserve(header_bytes_max + payload.size());
  bytes +=
      static_cast<char>(fin_bit | (compressed ? rsv1_bit : 0) | static_cast<unsigned char>(kind));
  if (payload.size() <= length_7bit_max) {
    bytes += static_cast<char>(payload.size());
  } else if (payload.size() <= length_16bit_max) {
    bytes += static_cast<char>(length_16bit_mark);
    append_big_endian(bytes, payload.size(), 2);
  } else {
    bytes += static_cast<char>(length_64bit_mark);
    append_big_endian(bytes, payload.size(), 8);
  }
  bytes += payload;
  return std::make_shared<const std::string>(std::move(bytes));
}

std::string deflate_payload(std::string_view payload) {
  if (payload.empty()) return {};
  thread_local deflater stream;
  return stream.run(payload);
}

frame make_frame(wire_format format, std::string_view payload) {
  const auto kind = format.objects == codec::json ? frame_kind::text : frame_kind::binary;
  if (format.deflate && payload.size() >= deflate_bytes_min) {
    const auto compressed = deflate_payload(payload);
    if (!compressed.empty()) return make_frame(kind, compressed, true);
  }
  return make_frame(kind, payload);
}

}  // namespace confab
