#pragma once

#include "api/backend.hpp"
#include "api/exchange.hpp"
#include "api/jobs.hpp"
#include "api/keys.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"
#include "protocol/codec.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace confab::api {

inline constexpr std::size_t body_bytes_max = 1024 * 1024;
inline constexpr std::size_t body_nodes_max = 50'000;
inline constexpr std::size_t page_count_max = 1'000;
/// That are on their way to the order, of all calls together.
inline constexpr std::size_t operations_in_flight_max = 50'000;
inline constexpr std::size_t operation_bytes_in_flight_max = 64 * 1024 * 1024;
inline constexpr std::size_t streams_max = 64;  // of the feed, of a key
/// Wrong keys from one address: so many at once and in a second, then they are not looked at.
inline constexpr double wrong_keys_burst = 100, wrong_keys_per_second = 10;

struct service_options {
  std::string base = "/api/v1";  // before the routes' paths, for the document
};

/// One call under way. Owner: whoever is to answer it next.
struct call {
  backend* chat = nullptr;
  std::shared_ptr<exchange> to;
  std::string id;  // "r-…", the Request-Id
  const route* row = nullptr;
  std::shared_ptr<const key_ring> ring;  // keeps `key` alive
  std::shared_ptr<const api_key> own;    // of a token, which has a key of its own
  const api_key* key = nullptr;
  std::vector<std::pair<std::string, std::string>> path;   // decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  json body;
  std::string idempotency_key;

  // What the table has checked. Of the path: it is there.
  const std::string& in_path(std::string_view name) const;
  room_id room() const { return room_id::trusted(in_path("room")); }
  user_id user() const { return user_id::trusted(in_path("user")); }
  seq_no seq() const;
  const std::string* in_query(std::string_view name) const;
  std::optional<std::uint64_t> number_in_query(std::string_view name) const;
  std::optional<bool> flag_in_query(std::string_view name) const;
  std::size_t limit() const;
  /// A member of the body, or null.
  const json* in_body(std::string_view name) const;
  /// Of the body, the query or the path; @server where it is not said.
  user_id from() const;

  void answer(unsigned status, std::string text) const;
  void refuse(const problem& why) const;
  void refuse(error_code code, std::string_view detail) const { refuse(problem_of(code, detail)); }
};

/// Calls that a key has no scope for are recorded too: of each key one in a second. Any thread.
class refusals {
 public:
  void note(const call& of);

 private:
  std::mutex border_;
  std::map<std::string, std::chrono::steady_clock::time_point> last_;  // guarded: by the key's name
};

/// Calls: who they are from, whether they are well-formed, and who answers them. Any thread.
class service {
 public:
  service(backend& with, key_ring keys, service_options how);

  void handle(std::shared_ptr<exchange> to);
  /// Before the body is read: whether it is worth reading. None: it is.
  std::optional<response> refuse_early(const request_view& request);
  response too_large();
  /// By which keys are judged from now on.
  void use(key_ring keys);
  /// Jobs of an earlier process go on. Once, before anybody calls.
  void resume_jobs();

  backend& chat() noexcept { return with_; }
  const std::string& document() const noexcept { return document_; }
  decode_limits limits() const noexcept { return {with_.text_bytes_max()}; }

  // --- for handlers ---
  job_book& jobs() noexcept { return jobs_; }
  /// The author of what a call does in the name of `from`.
  rooms::principal principal_of(const call& of, const user_id& from, bool as_user = false) const;
  /// A place for operations that are to be submitted, among all that are under way. Null: there is none,
  /// and the call is refused.
  using place = std::shared_ptr<void>;
  place reserve(const call_ptr& of, const std::vector<rooms::operation>& what);
  void submit(const call_ptr& of, place in, std::vector<rooms::operation> what,
              std::function<void(std::vector<rooms::brief>)> then);
  /// Both.
  void submit(const call_ptr& of, std::vector<rooms::operation> what,
              std::function<void(std::vector<rooms::brief>)> then);
  /// Counts what the call holds while it waits, among all that is in flight. Null: too much is already.
  place hold(const call& of);
  /// As `backend::read`: where it can't be, the call is refused.
  void read(const call_ptr& of, std::string_view about, std::function<void(journal::reader&)> job);
  /// A place in `log_name()`, and back; 410 where it is one of another log.
  std::string cursor_of(char kind, std::string_view place) const;
  std::variant<std::string, problem> place_in(const call& of, char kind) const;
  /// Of the feed; false: the key has as many as it may.
  bool take_stream(const std::string& key);
  void give_stream(const std::string& key);

 private:
  struct credentials {
    std::shared_ptr<const key_ring> ring;
    std::shared_ptr<const api_key> own;
    const api_key* key = nullptr;
  };
  std::variant<credentials, problem> judge_credentials(const request_view& request);
  std::optional<problem> judge_call(call& of, const matched& found);
  std::optional<problem> judge_body(call& of);
  std::optional<problem> take_call(const api_key& key);
  std::shared_ptr<const key_ring> keys() const;
  std::string fresh_id();

  backend& with_;
  const service_options how_;
  schema_set schemas_;
  std::map<std::string_view, const schema_node*> parameters_;
  const std::string document_;
  job_book jobs_;
  refusals refusals_;
  std::atomic<std::size_t> operations_{0};  // under way,
  std::atomic<std::size_t> bytes_{0};       // and what they hold
  mutable std::mutex border_;
  std::map<std::string, std::size_t> streams_;  // guarded: how many, by the key's name
  std::shared_ptr<const key_ring> keys_;  // guarded
};

response response_of(const problem& why, std::string_view request_id);

}  // namespace confab::api
