#pragma once

#include "actors/identity.hpp"
#include "server/jwt.hpp"
#include "server/jwt_kept.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace confab::server {

/// What has come of asking for a key set.
struct fetched_set {
  std::string text;
  std::string error;  // empty: there is a text
  std::optional<std::chrono::seconds> max_age;  // that its server names
};
/// Blocks; `stop` is asked now and then, and whether it is to give up.
using fetch_set =
    std::function<fetched_set(const std::string& url, const std::function<bool()>& stop)>;
fetched_set fetch_by_curl(const std::string& url, const std::function<bool()>& stop);

struct source_timing {
  std::chrono::milliseconds age{std::chrono::minutes{5}};  // unless the set's server names another
  std::chrono::milliseconds age_min{std::chrono::minutes{1}}, age_max{std::chrono::hours{24}};
  std::chrono::milliseconds retry{std::chrono::seconds{10}};
  /// Between two times that it is asked again for a `kid` that is not known.
  std::chrono::milliseconds unknown{std::chrono::seconds{10}};
};

/// Checks tokens with the keys at `url`, which a thread of its own fetches: at once, when they have
/// become old, and for a token whose `kid` is not among them, which then waits. What was fetched last
/// counts until there is another. Before there is any, and where none is kept from before the start, no
/// verdict is given.
std::unique_ptr<actors::authenticator> make_fetching_authenticator(
    std::string url, jwt_checks checks, std::optional<jwt_algorithm> algorithm, bool guests,
    kept_key_set kept = {}, fetch_set fetch = fetch_by_curl, source_timing timing = {});

}  // namespace confab::server
