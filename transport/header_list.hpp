#pragma once

#include <algorithm>
#include <string_view>

/// Words and lists in headers (RFC 9110 §5.6). Whatever reads a list reads it by this.
namespace confab::transport {

inline char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

/// Without the blanks around it.
inline std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls `found` with each part of `text` between separators until it returns true; whether it did.
template <class Found>
bool any_part(std::string_view text, char separator, Found found) {
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (found(text.substr(0, end))) return true;
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return false;
}

/// The same with the items of a list, which are not empty.
template <class Found>
bool any_item(std::string_view list, Found found) {
  return any_part(list, ',', [&](std::string_view part) {
    const auto item = trimmed(part);
    return !item.empty() && found(item);
  });
}

/// True if `list` ("GET, HEAD") has `item`; case counts, as it does for methods and subprotocols.
inline bool list_has(std::string_view list, std::string_view item) {
  return any_item(list, [&](std::string_view each) { return each == item; });
}

/// True if an entity tag of `header` (`If-None-Match`) is `etag`, compared weakly (RFC 9110
/// §13.1.2).
inline bool etag_matches(std::string_view header, std::string_view etag) {
  const auto strong = [](std::string_view tag) {
    return tag.starts_with("W/") ? tag.substr(2) : tag;
  };
  return any_item(
      header, [&](std::string_view each) { return each == "*" || strong(each) == strong(etag); });
}

}  // namespace confab::transport
