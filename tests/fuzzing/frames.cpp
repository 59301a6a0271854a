// What a client sends on an upgraded connection, from bytes to messages: frames, fragments,
// deflate.

#include "tests/fuzzing/fuzzing.hpp"
#include "transport/deflate.hpp"
#include "transport/frame_reader.hpp"

#include <algorithm>
#include <vector>

using namespace confab;
using namespace confab::transport;
using confab::fuzzing::must;
using kind = frame_reader::kind;

namespace {

constexpr std::size_t message_bytes_max = 1000;

struct seen {
  kind what;
  std::string payload;
  frame_kind type;
  bool compressed;
  std::uint16_t code;
  bool operator==(const seen&) const = default;
};

/// All that comes out when `sent` comes in by pieces of `piece` bytes.
std::vector<seen> read_all(std::string_view sent, std::size_t piece, bool deflate) {
  frame_reader reader{message_bytes_max, deflate};
  std::vector<seen> out;
  std::string rest;
  for (std::size_t at = 0; at < sent.size(); at += piece) {
    rest += sent.substr(at, piece);
    for (;;) {
      const auto frame = reader.next(rest);
      if (frame.what == kind::incomplete) {
        must(frame.bytes == 0, "nothing is taken of what is incomplete");
        break;
      }
      must(frame.bytes <= rest.size(), "no more is taken than there was");
      if (frame.what == kind::broken) {
        must(frame.code >= 1002 && frame.code <= 1009, "what is broken has a code to close with");
        out.push_back({frame.what, {}, {}, {}, frame.code});
        return out;
      }
      must(frame.bytes > 0, "a frame has bytes");
      if (frame.what == kind::message) {
        must(frame.payload.size() <= message_bytes_max, "a message is not too big");
        out.push_back({frame.what, std::string{frame.payload}, frame.type, frame.compressed, 0});
      } else if (frame.what != kind::fragment) {
        must(frame.payload.size() <= 125, "control frames are short");
        out.push_back({frame.what, std::string{frame.payload}, {}, {}, frame.code});
      }
      rest.erase(0, frame.bytes);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzing::input in{data, size};
  const auto how = in.byte();
  const bool deflate = (how & 1) != 0;
  const auto sent = in.rest();

  const auto whole = read_all(sent, std::max<std::size_t>(1, sent.size()), deflate);
  const auto pieces = read_all(sent, 1 + (how >> 1), deflate);
  must(whole == pieces, "frames are the same wherever their bytes are cut");

  static inflater inflate;
  for (const auto& each : whole) {
    if (!each.compressed) continue;
    must(deflate, "nothing is compressed unless that was agreed on");
    const auto plain = inflate.run(each.payload, message_bytes_max);
    must(plain.payload.size() <= message_bytes_max, "what is inflated is not too big");
    must(plain.failed == inflater::failure::none || plain.payload.empty(),
         "no payload of a failure");
    const std::string first{plain.payload};
    must(inflate.run(each.payload, message_bytes_max).payload == first,
         "a message does not depend on the one before");
  }
  return 0;
}
