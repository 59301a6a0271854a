#include "protocol/codec.hpp"
#include "protocol/utf8.hpp"

namespace confab {

bool is_clean_text(std::string_view text, bool multiline) noexcept {
  while (!text.empty()) {
    const auto bytes = utf8::sequence_bytes(text);
    if (bytes == 0) return false;
    const auto lead = static_cast<unsigned char>(text.front());
    const bool c0_or_del = bytes == 1 && (lead < 0x20 || lead == 0x7f);
    const bool c1 = lead == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
    const bool allowed = multiline && (lead == '\n' || lead == '\t');
    if ((c0_or_del || c1) && !allowed) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace confab
