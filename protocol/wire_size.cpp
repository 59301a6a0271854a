#include "protocol/wire_size.hpp"

#include "protocol/message_parts.hpp"

#include <cstdint>
#include <string_view>

namespace confab {
namespace {

/// What JSON takes, or CBOR where that takes more. A comma is counted with each value.
class size_writer {
 public:
  using output = std::size_t;
  explicit size_writer(std::size_t& bytes) : bytes_(bytes) {}

  void begin_object() { bytes_ += 3; }
  void end_object() {}
  void begin_map(std::size_t) { bytes_ += 3; }
  void end_map() {}
  void begin_array(std::size_t) { bytes_ += 3; }
  void end_array() {}
  void key(std::string_view name) { bytes_ += name.size() + 3; }
  void map_key(std::string_view name) { text(name); }
  void text(std::string_view value) {
    bytes_ += value.size() + 3;
    for (const char c : value) {
      if (c == '"' || c == '\\' || c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t')
        bytes_ += 1;
      else if (static_cast<unsigned char>(c) < 0x20)
        bytes_ += 5;
    }
  }
  void integer(std::uint64_t value) {
    bytes_ += 2;
    for (; value >= 10; value /= 10) ++bytes_;
  }
  void signed_integer(std::int64_t value) {
    if (value < 0) ++bytes_;
    // Twos' complement: right for the least value too.
    integer(value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value));
  }
  void boolean(bool value) { bytes_ += value ? 5 : 6; }
  /// A fraction takes nine bytes in CBOR, and as few as three and a comma in JSON.
  void raw_json(std::string_view value) {
    bytes_ += value.size() + 1;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    for (std::size_t i = 1; i < value.size(); ++i)
      if ((value[i] == '.' || value[i] == 'e') && is_digit(value[i - 1])) bytes_ += 5;
  }

 private:
  std::size_t& bytes_;
};

class measuring : message_parts<size_writer> {
 public:
  explicit measuring(std::size_t& bytes) : message_parts<size_writer>(bytes) {}
  using message_parts<size_writer>::write;
  using message_parts<size_writer>::write_event;
};

}  // namespace

std::size_t wire_size(const room_id& room, const log_entry& entry) {
  std::size_t bytes = 0;
  measuring{bytes}.write_event(room, entry);
  return bytes;
}

std::size_t wire_size(const room_id& room, const message::present_message& message) {
  std::size_t bytes = 0;
  measuring{bytes}.write_event(room, message);
  return bytes;
}

std::size_t wire_size(const message::profile& user) {
  std::size_t bytes = 0;
  measuring{bytes}.write(user);
  return bytes;
}

}  // namespace confab
