#pragma once

#include "tests/rooms/map_source.hpp"
#include "tests/support/catch.hpp"

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// A room with an owner, for the tests of what members may do, and short ways to ask.
namespace confab::rooms::test {

inline const auto dave = user_id::trusted("dave");
inline const auto eve = user_id::trusted("eve");

inline operation in_general(const user_id& who, want what, std::string key = "") {
  return {general, author(who), std::move(key), std::move(what)};
}
inline operation change(const user_id& who, member_set what, std::string key = "") {
  return in_general(who, set_members{std::move(what)}, std::move(key));
}
inline member_set make(std::vector<user_id> users, std::optional<member_state> state,
                       std::optional<role> as = {}) {
  member_set change;
  change.users = std::move(users);
  change.state = state;
  change.as = as;
  return change;
}
inline member_set mute(std::vector<user_id> users, std::int64_t until) {
  member_set change;
  change.users = std::move(users);
  change.mute_until = unix_ms{until};
  return change;
}
inline member_set ban(const user_id& user, std::optional<std::int64_t> until = {},
                      std::string reason = "") {
  auto change = make({user}, member_state::banned);
  if (until) change.until = unix_ms{*until};
  change.reason = std::move(reason);
  return change;
}
inline operation set(const user_id& who, room_settings what) {
  return in_general(who, set_room{std::move(what)});
}
inline operation join(const user_id& who) { return in_general(who, become_member{}); }
inline operation leave(const user_id& who) { return in_general(who, cease_membership{}); }
inline operation pin(const user_id& who, std::uint64_t target, bool on = true) {
  return in_general(who, set_pin{seq_no{target}, on});
}
inline operation reply(std::string text, std::uint64_t root, const user_id& who = alice) {
  auto asked = post(std::move(text), "", who);
  std::get<post_message>(asked.what).where.thread = seq_no{root};
  return asked;
}
inline operation as_admin(operation asked) {
  asked.by.admin = true;
  return asked;
}
inline operation with_token(operation asked, role token) {
  asked.by.token = token;
  return asked;
}
inline operation not_joined(operation asked) {
  asked.by.joined = false;
  return asked;
}
inline operation by_api(operation asked) {
  asked.by.as = principal::kind::api_key;
  asked.by.user = server_user;
  return asked;
}

/// Settings of one member: `with(&room_settings::posting, posting_rights::threads)`.
template <class T, class Value>
room_settings with(std::optional<T> room_settings::*setting, Value value,
                   room_settings settings = {}) {
  settings.*setting = T{value};
  return settings;
}

inline std::optional<error_code> code(const decision& made) {
  const auto* no = std::get_if<refused>(&made);
  return no ? std::optional{no->code} : std::nullopt;
}
inline bool done(const decision& made) { return std::holds_alternative<appended>(made); }
inline bool nothing(const decision& made) { return std::holds_alternative<unchanged>(made); }
inline const std::vector<log_entry>& entries(const decision& made) {
  return std::get<appended>(made).entries;
}
inline const member_set& members_of(const log_entry& entry) {
  return std::get<member_set>(entry.body);
}

/// The room "general", which alice owns: its first entry. Time stands at 1,000 unless told.
struct chat : fixture {
  explicit chat(const room_settings& settings = {}, const rules& how = {}) : fixture(how) {
    create_room wanted{epoch_id{"e"}, {}, create_room::founding{settings, {}}};
    REQUIRE(std::holds_alternative<room_created>(decide(in_general(alice, std::move(wanted)))));
  }
  /// Makes a member by the API, whatever the room is set to.
  void add(const user_id& who, role as = role::member) {
    REQUIRE(done(decide(by_api(change(alice, make({who}, member_state::member, as))))));
  }
  member_row row(const user_id& who) { return from.member(view(), who); }
  const room_view& view() { return from.rooms.at(general).view; }
  std::uint64_t say(std::string text = "x", const user_id& who = alice) {
    const auto made = decide(post(std::move(text), "", who));
    REQUIRE(done(made));
    return entries(made).back().seq.value();
  }
};

}  // namespace confab::rooms::test
