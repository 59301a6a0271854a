#pragma once

#include "protocol/ids.hpp"
#include "protocol/membership.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Who speaks on a connection, and the port that finds it out.
namespace confab::actors {

/// What a token (or a guest's `hello`) says of its bearer (PROTOCOL §3).
struct identity {
  user_id user;
  std::string name;
  std::optional<unix_ms> expires_at;
  std::optional<unix_ms> issued_at = {};  // since when it is a token, where it says so
  /// The claim `confab.rooms`: ids and prefixes ending in `*`; absent: every room. Direct rooms
  /// do not depend on it.
  std::optional<std::vector<std::string>> rooms;
  /// The claim `confab.roles`: the same patterns, to a role.
  std::map<std::string, role> roles;
  bool admin = false;
  bool guest = false;  // whom the server gave an id, and a token to come back with

  bool may_join(const room_id& room) const noexcept;
  /// What it gives in this room: of the exact id, else of the longest prefix; else `none`.
  role role_in(const room_id& room) const noexcept;
  /// Whether it lets its bearer in, whatever the room's visibility (SEMANTICS §1).
  bool opens(const room_id& room) const noexcept;
};

/// `pattern` is an id or a prefix ending in `*`.
bool matches(std::string_view pattern, std::string_view id) noexcept;

struct unauthorized {
  std::string reason;  // for the client: never says more than it knows already
  bool expired = false;
};

using token_verdict = std::variant<identity, unauthorized>;

/// A token whose verdict may come later, from any thread. Only the first answer counts. Who lets go
/// of the question without one has answered that there will be none.
class token_question {
 public:
  using hear = std::function<void(std::optional<token_verdict>)>;

  token_question(std::string token, hear then) : token_(std::move(token)), then_(std::move(then)) {}
  token_question(const token_question&) = delete;
  token_question& operator=(const token_question&) = delete;
  ~token_question() { give(std::nullopt); }

  const std::string& token() const noexcept { return token_; }
  void answer(token_verdict what) { give(std::move(what)); }

 private:
  void give(std::optional<token_verdict> what) {
    if (!over_.exchange(true)) then_(std::move(what));
  }

  const std::string token_;
  const hear then_;
  std::atomic<bool> over_{false};
};

/// Checks tokens. Implemented by server/; called on shards' threads, so it must not block.
class authenticator {
 public:
  virtual ~authenticator() = default;
  virtual token_verdict verify(std::string_view token, unix_ms now) const = 0;
  /// Whether verdicts have to be waited for: then `verify_later` is asked, and `verify` never.
  virtual bool answers_later() const noexcept { return false; }
  virtual void verify_later(std::shared_ptr<token_question> what, unix_ms now) const {
    what->answer(verify(what->token(), now));
  }
  virtual bool guests_allowed() const noexcept = 0;
  /// Whether there are users with tokens. If not, a guest is whom it says it is; if so, it must not
  /// be taken for one of them.
  virtual bool has_key() const noexcept = 0;
};

/// Whose signals reach a user: of those who have joined one room with him, or with whom he has
/// written in their direct room; or everybody's.
enum class signal_senders : std::uint8_t { shared, all };

/// How users make rooms other than direct ones: by `create` and by joining an unknown one, by
/// `create` alone, or not at all.
enum class room_making : std::uint8_t { by_joining, by_create, never };

}  // namespace confab::actors
