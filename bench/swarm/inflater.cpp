#include "bench/swarm/inflater.hpp"

#include "bench/swarm/link.hpp"

#include <zlib.h>

#include <array>
#include <functional>

namespace confab::bench {

std::string_view recent_inflation::inflate(std::string_view payload) {
  recent_.resize(256);
  auto& [deflated, plain] = recent_[std::hash<std::string_view>{}(payload) % recent_.size()];
  if (payload == deflated) return plain;
  deflated = payload;
  plain.clear();
  auto input = deflated + std::string{"\x00\x00\xff\xff", 4};  // RFC 7692 §7.2.2
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) die("zlib");
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::array<char, 16384> piece;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = piece.size();
    const int rc = ::inflate(&stream, Z_SYNC_FLUSH);
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
      die("a compressed message is broken");
    plain.append(piece.data(), piece.size() - stream.avail_out);
  } while (stream.avail_out == 0);
  inflateEnd(&stream);
  return plain;
}

}  // namespace confab::bench
