#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

struct z_stream_s;

namespace confab::transport {

/// Answers the offers of a `Sec-WebSocket-Extensions` header (RFC 7692 §7.1): the value for the
/// response, or nothing if none can be accepted. Both sides go without context takeover, so that
/// nothing is kept per connection; a smaller window for our side is not accepted, because frames
/// are compressed once for everybody.
std::optional<std::string> accept_deflate_offer(std::string_view extensions);

/// Inflates whole messages; one serves a shard. Not thread-safe.
class inflater {
 public:
  inflater();
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
  ~inflater();

  enum class failure { none, corrupt, too_big };
  struct result {
    std::string_view payload;  // good until the next call
    failure failed = failure::none;
  };
  /// A message as it came, without the four bytes that RFC 7692 §7.2.1 has left out.
  result run(std::string_view compressed, std::size_t bytes_max);

 private:
  z_stream_s* stream_;
  std::string out_;
};

}  // namespace confab::transport
