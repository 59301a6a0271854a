#pragma once

#include <optional>
#include <string>
#include <string_view>

struct z_stream_s;

namespace confab::load {

/// Inflates messages of permessage-deflate (RFC 7692) without context takeover. One for all
/// connections of a thread: the server compresses a message once for all its receivers, so most
/// often the next one is the same as the last and costs a comparison.
class inflater {
 public:
  inflater();
  ~inflater();
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;

  /// Valid until the next call; nothing: that was not deflated.
  std::optional<std::string_view> inflate(std::string_view payload);

 private:
  z_stream_s* stream_;
  std::string deflated_, plain_;
};

}  // namespace confab::load
