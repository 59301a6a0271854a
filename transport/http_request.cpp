#include "transport/port.hpp"

#include "transport/header_list.hpp"

#include <algorithm>

namespace confab::transport {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::optional<std::string_view> http_request::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (equal_ignoring_case(key, name)) return value;
  return std::nullopt;
}

std::size_t http_request::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(),
                    [&](const auto& each) { return equal_ignoring_case(each.first, name); }));
}

std::string http_request::list(std::string_view name) const {
  std::string out;
  for (const auto& [key, value] : headers) {
    if (!equal_ignoring_case(key, name)) continue;
    if (!out.empty()) out += ',';
    out += value;
  }
  return out;
}

std::optional<std::string_view> http_request::cookie(std::string_view name) const noexcept {
  std::optional<std::string_view> result;
  for (const auto& [key, value] : headers) {
    if (!equal_ignoring_case(key, "cookie")) continue;
    any_part(value, ';', [&](std::string_view pair) {
      const auto equals = pair.find('=');
      if (equals == pair.npos || trimmed(pair.substr(0, equals)) != name) return false;
      result = trimmed(pair.substr(equals + 1));
      return true;
    });
    if (result) break;
  }
  return result;
}

std::optional<std::string> http_request::parameter(std::string_view name) const {
  std::optional<std::string> result;
  any_part(query, '&', [&](std::string_view pair) {
    const auto equals = std::min(pair.find('='), pair.size());
    if (percent_decoded(pair.substr(0, equals), true) != name) return false;
    result = percent_decoded(pair.substr(std::min(pair.size(), equals + 1)), true);
    return true;
  });
  return result;
}

std::optional<std::string_view> http_request::bearer() const noexcept {
  const auto value = header("authorization");
  constexpr std::string_view scheme = "bearer ";
  if (!value || value->size() < scheme.size() ||
      !equal_ignoring_case(value->substr(0, scheme.size()), scheme))
    return std::nullopt;
  const auto token = trimmed(value->substr(scheme.size()));
  if (token.empty() || token.find(' ') != token.npos) return std::nullopt;
  return token;
}

bool http_request::has_token(std::string_view name, std::string_view token) const noexcept {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& one) {
    return equal_ignoring_case(one.first, name) &&
           any_item(one.second,
                    [&](std::string_view each) { return equal_ignoring_case(each, token); });
  });
}

std::optional<std::string_view> http_request::path_parameter(std::string_view name) const noexcept {
  for (const auto& [key, value] : path_parameters)
    if (key == name) return value;
  return std::nullopt;
}

}  // namespace confab::transport
