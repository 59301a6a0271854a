#include "transport/deflate.hpp"

#include "transport/header_list.hpp"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

namespace confab::transport {

namespace {

/// What comes before `separator`, outside of quotes; `text` becomes what comes after.
std::string_view take_until(std::string_view& text, char separator) {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == separator && !quoted) break;
  }
  const auto taken = trimmed(text.substr(0, i));
  text.remove_prefix(std::min(text.size(), i + 1));
  return taken;
}

bool window_bits(std::string_view value, int& bits) {
  if (value.empty() || value.size() > 2 || value[0] == '0') return false;
  bits = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return false;
    bits = bits * 10 + (c - '0');
  }
  return bits >= 8 && bits <= 15;
}

/// One offer; the answer, or nothing (RFC 7692 §§7.1.1–7.1.2).
std::optional<std::string> accept_offer(std::string_view offer) {
  if (take_until(offer, ';') != "permessage-deflate") return std::nullopt;
  std::string answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  std::vector<std::string_view> seen;
  while (!offer.empty()) {
    auto parameter = take_until(offer, ';');
    const bool has_value = parameter.find('=') != parameter.npos;
    const auto name = take_until(parameter, '=');
    auto value = trimmed(parameter);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) return std::nullopt;
    seen.push_back(name);

    int bits = 0;
    if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
      if (has_value) return std::nullopt;
    } else if (name == "client_max_window_bits") {
      if (has_value && !window_bits(value, bits)) return std::nullopt;
    } else if (name == "server_max_window_bits") {
      if (!has_value || !window_bits(value, bits) || bits != 15) return std::nullopt;
      answer += "; server_max_window_bits=15";
    } else {
      return std::nullopt;
    }
  }
  return answer;
}

}  // namespace

std::optional<std::string> accept_deflate_offer(std::string_view extensions) {
  while (!extensions.empty())
    if (auto answer = accept_offer(take_until(extensions, ','))) return answer;
  return std::nullopt;
}

inflater::inflater() {
  auto stream = std::make_unique<z_stream>();
  constexpr int window_bits_raw = -15;
  if (inflateInit2(stream.get(), window_bits_raw) != Z_OK) throw std::bad_alloc{};
  stream_ = stream.release();
}

inflater::~inflater() {
  inflateEnd(stream_);
  delete stream_;
}

inflater::result inflater::run(std::string_view compressed, std::size_t bytes_max) {
  if (inflateReset(stream_) != Z_OK) return {{}, failure::corrupt};
  // One more than allowed: a full buffer is a message that is too big.
  if (out_.size() < bytes_max + 1) out_.resize(bytes_max + 1);
  stream_->next_out = reinterpret_cast<Bytef*>(out_.data());
  stream_->avail_out = static_cast<uInt>(bytes_max + 1);
  constexpr std::string_view left_out{"\x00\x00\xff\xff", 4};
  for (const auto part : {compressed, left_out}) {
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
    stream_->avail_in = static_cast<uInt>(part.size());
    const int status = inflate(stream_, Z_SYNC_FLUSH);
    if (stream_->avail_out == 0) return {{}, failure::too_big};
    // A final block (BFINAL) ends the stream early; RFC 7692 §7.2.3.4 allows that.
    if (status == Z_STREAM_END) break;
    // Z_BUF_ERROR: there was nothing to do.
    if ((status != Z_OK && status != Z_BUF_ERROR) || stream_->avail_in > 0)
      return {{}, failure::corrupt};
  }
  return {std::string_view(out_).substr(0, bytes_max + 1 - stream_->avail_out)};
}

}  // namespace confab::transport
