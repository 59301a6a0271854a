#include "protocol/membership.hpp"

#include "protocol/document.hpp"
#include "protocol/writers.hpp"

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

std::string to_json(const member_set& change) {
  std::string text;
  json_writer out{text};
  out.begin_object();
  const auto put = [&](std::string_view member, std::string_view word) {
    out.key(member);
    out.text(word);
  };
  const auto put_time = [&](std::string_view member, std::optional<unix_ms> at) {
    if (!at) return;
    out.key(member);
    out.signed_integer(at->value());
  };
  if (change.state) put("state", name(*change.state));
  if (change.as) put("role", name(*change.as));
  put_time("until", change.until);
  put_time("mute_until", change.mute_until);
  out.end_object();
  return text;
}

void read_json_into(member_set& change, std::string_view text) {
  const auto tree = read_json(text);
  if (!tree.well_formed || !tree.root.is_object()) return;
  const auto word = [&](std::string_view member) -> std::string_view {
    const auto found = tree.root.find(member);
    const auto* value =
        found == tree.root.end() ? nullptr : found->get_ptr<const std::string*>();
    return value ? std::string_view{*value} : std::string_view{};
  };
  const auto time = [&](std::string_view member) -> std::optional<unix_ms> {
    const auto found = tree.root.find(member);
    if (found == tree.root.end() || !found->is_number_integer()) return std::nullopt;
    return unix_ms{found->get<std::int64_t>()};
  };
  change.state = member_state_named(word("state"));
  change.as = role_named(word("role"));
  change.until = time("until");
  change.mute_until = time("mute_until");
}

}  // namespace confab
