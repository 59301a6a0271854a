#pragma once

#include "protocol/ids.hpp"

#include <string>

namespace confab {

/// Free JSON of a client, kept as its compact text. Checked by the codec (at most
/// `limits::data_bytes_max`, valid UTF-8), never looked into by anyone else.
using free_data = strong<struct free_data_tag, std::string>;

}  // namespace confab
