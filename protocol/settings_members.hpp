#pragma once

#include "protocol/own_settings.hpp"
#include "protocol/room_settings.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

/// Private to protocol: the settings of a room, and one's own of it, as members of an object, in the order in which they
/// are written.
namespace confab {

constexpr std::array<std::string_view, 3> names_of(visibility) {
  return {"public", "invite", "private"};
}
constexpr std::array<std::string_view, 3> names_of(visitor_rights) {
  return {"write", "read", "none"};
}
constexpr std::array<std::string_view, 3> names_of(posting_rights) {
  return {"all", "threads", "moderators"};
}
constexpr std::array<std::string_view, 2> names_of(inviting_rights) {
  return {"members", "moderators"};
}
constexpr std::array<std::string_view, 2> names_of(history_scope) { return {"all", "own"}; }
constexpr std::array<std::string_view, 3> names_of(notify_level) {
  return {"all", "mentions", "none"};
}

/// A setting that is one of few words.
template <class T>
concept setting_word = requires {
  names_of(T{});
};

template <setting_word Word>
std::optional<Word> word_named(std::string_view text) noexcept {
  constexpr auto names = names_of(Word{});
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Word>(found - names.begin());
}

/// Calls `visit` with the name of each member and the pointer to it.
template <class Visit>
void for_each_setting(Visit visit) {
  visit("title", &room_settings::title);
  visit("topic", &room_settings::topic);
  visit("data", &room_settings::data);
  visit("visibility", &room_settings::visible);
  visit("visitors", &room_settings::visitors);
  visit("posting", &room_settings::posting);
  visit("inviting", &room_settings::inviting);
  visit("slow_ms", &room_settings::slow);
  visit("archived", &room_settings::archived);
  visit("history", &room_settings::history);
  visit("retention_ms", &room_settings::retention);
  visit("receipts", &room_settings::receipts);
}

}  // namespace confab
