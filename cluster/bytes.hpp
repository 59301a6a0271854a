#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// How the cluster's messages are laid out in bytes: little endian, lengths as varints.
namespace confab::cluster {

/// CRC-32C (Castagnoli, as in RFC 3720 §12.1), of bytes that follow those that gave `before`.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0) noexcept;

class byte_writer {
 public:
  void fixed(std::uint64_t value, int bytes) {
    for (; bytes > 0; --bytes, value >>= 8) out_ += static_cast<char>(value & 0xff);
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void raw(std::string_view bytes) { out_ += bytes; }
  void text(std::string_view bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  std::size_t size() const noexcept { return out_.size(); }
  std::string_view view() const noexcept { return out_; }
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

/// After the first thing that cannot be read it `failed`, and reads nothing but zeros.
class byte_reader {
 public:
  explicit byte_reader(std::string_view bytes) : left_(bytes) {}

  std::uint64_t fixed(int bytes) noexcept;
  /// One value has one form: no zeros behind the last digit.
  std::uint64_t varint() noexcept;
  std::string_view raw(std::size_t bytes) noexcept;
  std::string_view text(std::size_t bytes_max) noexcept;
  void fail() noexcept {
    failed_ = true;
    left_ = {};
  }
  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return left_.empty(); }

 private:
  std::string_view left_;
  bool failed_ = false;
};

}  // namespace confab::cluster
