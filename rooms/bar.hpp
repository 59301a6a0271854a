#pragma once

#include "protocol/ids.hpp"
#include "rooms/operation.hpp"

#include <charconv>
#include <cstdint>
#include <string>

namespace confab::rooms {

/// What keeps a user from signing in, by the deployment's wish.
struct bar {
  bool deactivated = false;
  unix_ms tokens_before{};  // are not taken any more; 0: all are

  bool keeps_nobody_out() const noexcept { return !deactivated && tokens_before.value() == 0; }
  friend bool operator==(const bar&, const bar&) = default;
};

/// Whose marks these are, each about a user.
inline const user_id bars_owner = user_id::trusted("@barred");

inline mark to_mark(const user_id& user, const bar& of) {
  return {bars_owner, user.value(), mark::kind::own_settings, of.deactivated ? 1 : 0,
          std::to_string(of.tokens_before.value())};
}
/// Of what `to_mark` has made.
inline bar bar_of(const mark& kept) {
  std::int64_t before = 0;
  std::from_chars(kept.text.data(), kept.text.data() + kept.text.size(), before);
  return {kept.value != 0, unix_ms{before}};
}

}  // namespace confab::rooms
