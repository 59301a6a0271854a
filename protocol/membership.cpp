#include "protocol/membership.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace confab {

namespace {

constexpr std::array<std::string_view, 6> roles{"none",   "visitor",   "reader",
                                                "member", "moderator", "owner"};
constexpr std::array<std::string_view, 7> states{"none",    "invited", "member",  "left",
                                                 "removed", "banned",  "unbanned"};
static_assert(roles.size() == static_cast<std::size_t>(role::owner) + 1);
static_assert(states.size() == static_cast<std::size_t>(member_state::unbanned) + 1);

/// One of `names`, from `first` on.
template <class Value>
std::optional<Value> named(std::span<const std::string_view> names, Value first,
                           std::string_view text) {
  const auto found =
      std::find(names.begin() + static_cast<std::ptrdiff_t>(first), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Value>(found - names.begin());
}

template <class Value>
std::string_view name_in(std::span<const std::string_view> names, Value of) noexcept {
  const auto at = static_cast<std::size_t>(of);
  return at < names.size() ? names[at] : std::string_view{};
}

}  // namespace

std::string_view name(role of) noexcept { return name_in(roles, of); }
std::optional<role> role_named(std::string_view text) noexcept {
  return named(roles, role::reader, text);
}

std::string_view name(member_state of) noexcept { return name_in(states, of); }
std::optional<member_state> member_state_named(std::string_view text) noexcept {
  return named(states, member_state::invited, text);
}

}  // namespace confab
