#include "load/inflater.hpp"

#include "load/websocket.hpp"

#include <zlib.h>

#include <new>

namespace confab::load {

inflater::inflater() : stream_{new z_stream{}} {
  if (inflateInit2(stream_, -MAX_WBITS) != Z_OK) {
    delete stream_;
    throw std::bad_alloc{};
  }
}

inflater::~inflater() {
  inflateEnd(stream_);
  delete stream_;
}

std::optional<std::string_view> inflater::inflate(std::string_view payload) {
  if (payload == deflated_ && !payload.empty()) return plain_;
  deflated_.clear();  // what fails must not be found again
  auto input = std::string{payload} + std::string{"\x00\x00\xff\xff", 4};  // RFC 7692 §7.2.2
  inflateReset(stream_);
  stream_->next_in = reinterpret_cast<Bytef*>(input.data());
  stream_->avail_in = static_cast<uInt>(input.size());
  std::size_t size = 0;
  int rc = Z_OK;
  do {
    if (size > websocket::message_bytes_max) return std::nullopt;
    plain_.resize(size + 4 * input.size() + 256);
    stream_->next_out = reinterpret_cast<Bytef*>(plain_.data() + size);
    stream_->avail_out = static_cast<uInt>(plain_.size() - size);
    rc = ::inflate(stream_, Z_SYNC_FLUSH);
    size = plain_.size() - stream_->avail_out;
  } while (rc == Z_OK && stream_->avail_out == 0);
  if ((rc != Z_OK && rc != Z_BUF_ERROR) || stream_->avail_in != 0) return std::nullopt;
  plain_.resize(size);
  deflated_ = payload;
  return plain_;
}

}  // namespace confab::load
