#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace confab {

/// `bytes` in base64url without padding (RFC 4648 §5).
std::string base64url_encoded(std::string_view bytes);

/// The bytes that `text` stands for in base64url without padding (RFC 4648 §5); nothing if a
/// character is none of its digits.
std::optional<std::string> base64url_decoded(std::string_view text);

}  // namespace confab
