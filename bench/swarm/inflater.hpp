#pragma once

#include "load/inflater.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace confab::bench {

/// Inflates permessage-deflate payloads that stand alone (RFC 7692, no context takeover). The
/// members of a room get the same bytes, each member several messages at a time: what equals a
/// recent one is not inflated again, so that the generator does not become the limit.
class recent_inflation {
 public:
  /// Valid until the next call. Ends the program if the payload is not deflated data.
  std::string_view inflate(std::string_view payload);

 private:
  struct message {
    std::string deflated, plain;
  };
  load::inflater inflater_;
  std::vector<message> recent_;  // by hash of the payload; empty until something is compressed
};

}  // namespace confab::bench
