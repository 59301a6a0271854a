#include "protocol/codec.hpp"
#include "protocol/utf8.hpp"
#include "protocol/words.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace confab {

namespace {

/// Whether `text` begins with eight bytes from space to tilde. A byte of which one is not has its
/// highest bit set, or gets it: less than a space by borrowing, DEL by the carry.
bool begins_with_eight_plain(std::string_view text) noexcept {
  constexpr std::uint64_t each = 0x0101'0101'0101'0101;
  std::uint64_t eight = 0;
  if (text.size() < sizeof eight) return false;
  std::memcpy(&eight, text.data(), sizeof eight);
  return ((eight | (eight - each * ' ') | (eight + each)) & each * 0x80) == 0;
}

/// The character at the start of `text`, which has `bytes` bytes of well-formed UTF-8.
char32_t character(std::string_view text, std::size_t bytes) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (bytes == 1) return byte(0);
  char32_t c = byte(0) & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) c = c << 6 | (byte(i) & 0x3fu);
  return c;
}

constexpr bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

/// UAX #9: embeddings, overrides and isolates reach beyond the name they stand in.
constexpr bool turns_direction(char32_t c) {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

struct range {
  char32_t first, last;
};
/// White space, and what Unicode 15 calls ignorable by default or draws as nothing.
constexpr range invisible[]{
    {0x0, 0x20},        {0x7f, 0xa0},       {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},
    {0x115f, 0x1160},   {0x1680, 0x1680},   {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f},
    {0x2028, 0x202f},   {0x205f, 0x206f},   {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164},
    {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0}, {0xfff0, 0xfff8}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool is_visible(char32_t c) noexcept {
  return std::ranges::none_of(invisible,
                              [&](const range& r) { return c >= r.first && c <= r.last; });
}

/// Calls `what` with each character and its bytes; false where the text is not UTF-8.
template <class What>
bool for_each_character(std::string_view text, What what) {
  while (!text.empty()) {
    const auto bytes = utf8::sequence_bytes(text);
    if (bytes == 0) return false;
    what(character(text, bytes), text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace

bool is_display_name(std::string_view text) noexcept {
  bool visible = false, allowed = true;
  const bool valid = for_each_character(text, [&](char32_t c, std::string_view) {
    visible |= is_visible(c);
    allowed &= !is_control(c) && !turns_direction(c);
  });
  return valid && visible && allowed;
}

std::string display_name_of(std::string_view text, std::size_t bytes_max) {
  std::string name;
  bool visible = false, full = false;
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    if (full || is_control(c) || turns_direction(c)) return;
    full = name.size() + bytes.size() > bytes_max;
    if (full) return;
    name += bytes;
    visible |= is_visible(c);
  });
  return visible ? name : std::string{};
}

std::string_view beginning_of(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  auto end = bytes_max;  // not within a character
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

std::string plain_emoji(std::string_view emoji) {
  constexpr std::string_view picture = "\xef\xb8\x8f";  // U+FE0F
  std::string plain;
  for (auto at = emoji.find(picture); at != std::string_view::npos; at = emoji.find(picture)) {
    plain += emoji.substr(0, at);
    emoji.remove_prefix(at + picture.size());
  }
  return plain.append(emoji);
}

std::vector<std::string_view> words_in(std::string_view text) {
  constexpr std::string_view ideographic = "\xe3\x80\x80";
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  const auto end_word = [&](std::size_t at, std::size_t bytes) {
    if (at > begin) words.push_back(text.substr(begin, at - begin));
    begin = at + bytes;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n')
      end_word(at, 1);
    else if (text.substr(at).starts_with(ideographic))
      end_word(at, ideographic.size());
  }
  end_word(text.size(), 0);
  return words;
}

bool is_clean_text(std::string_view text, bool multiline) noexcept {
  while (!text.empty()) {
    if (begins_with_eight_plain(text)) {
      text.remove_prefix(8);
      continue;
    }
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
