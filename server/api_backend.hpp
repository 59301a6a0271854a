#pragma once

#include "actors/environment.hpp"
#include "actors/housekeeping.hpp"
#include "api/backend.hpp"
#include "server/feed_pulse.hpp"
#include "server/hook_sender.hpp"
#include "server/jwt.hpp"
#include "transport/incident.hpp"

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace confab::server {

/// By which tokens are made for who asks over the API.
struct token_signer {
  jwt_key key;
  std::string issuer;
  std::string audience;
  std::string user_claim;
};

/// The chat as the API sees it: the journal's writer, readers and rooms of `environment`. Any
/// thread; the mutex is the border between who signs tokens and who reloads the secret.
class api_backend final : public api::backend {
 public:
  struct sources {
    std::function<api::server_numbers()> numbers;
    actors::tariffs prices{};  // see `api_tariffs`
    std::function<void(const transport::incident&)> note{};
    std::function<void(std::optional<std::chrono::milliseconds>)> drain;
  };
  /// `env` has its writer and its switchboard filled by now, and outlives this.
  api_backend(const actors::environment& env, feed_pulse_actor pulse, std::string log_name,
              sources from);
  /// Before the actors end; and when their threads have: lets go of all handles.
  void end() { caf::anon_send_exit(pulse_, caf::exit_reason::user_shutdown); }
  void clear() noexcept {
    pulse_ = feed_pulse_actor{};
    eraser_ = actors::eraser_actor{};
  }
  void sign_with(std::optional<token_signer> signer);
  /// Before anybody calls.
  void send_by(hook_sender& sender) noexcept { hooks_ = &sender; }
  /// Whether each of them looks at a session just now, or is kept out of the server.
  void who_needs_no_push(const std::vector<user_id>& users,
                         std::function<void(std::vector<bool>)> then) const;
  void erase_by(actors::eraser_actor eraser) noexcept { eraser_ = std::move(eraser); }

  void submit(std::vector<rooms::operation> what,
              std::function<void(std::vector<rooms::brief>)> then) override;
  void open_direct(const user_id& one, const user_id& other,
                   std::function<void(bool done)> then) override;
  void read(std::string_view who, std::string_view about, std::function<bool()> wanted,
            std::function<void(journal::reader*)> job) override;
  void search(std::string_view who, command::search what,
              std::function<bool(const room_id&)> sees, std::function<bool()> wanted,
              std::function<void(std::optional<api::search_done>)> then) override;
  bool has_search() const override { return static_cast<bool>(env_.search); }
  void who_is_in(const room_id& room,
                 std::function<void(std::size_t, std::vector<user_id>)> then) override;
  void sessions_of(const user_id& user,
                   std::function<void(std::vector<api::open_session>)> then) override;
  void signal(const user_id& to, const user_id& from, const free_data& data,
              std::function<void(std::size_t)> then) override;
  void close_session(session_id session, close_code code, std::string reason) override;
  void drain(std::optional<std::chrono::milliseconds> over) override { from_.drain(over); }
  rooms::bar bar_of(const user_id& user) const override { return env_.barred->of(user); }
  void set_bar(const user_id& user, const rooms::bar& how) override { env_.barred->set(user, how); }
  void close_barred(session_id session, close_code code, std::string reason) override;
  void forget_room(const room_id& room, seq_no head, std::function<void(bool)> then) override;
  void erase(const user_id& user, std::function<void(api::erasure)> then) override;
  void is_erasing(const user_id& as, std::function<void(std::optional<bool>)> then) override;
  void feed_position(std::function<void(std::uint64_t)> then) override;
  void wait_for_feed(std::uint64_t after, std::chrono::milliseconds wait,
                     std::function<void(std::uint64_t)> then) override;
  std::chrono::nanoseconds wait(api::price what, std::string_view payer, double amount) override;
  std::chrono::nanoseconds take(api::price what, std::string_view payer, double amount) override;
  void charge(api::price what, std::string_view payer, double amount) override;
  void key_refused(std::string_view why, std::string_view peer, std::string_view key) override {
    from_.note({transport::incident_kind::api_key_refused, why, peer, key});
  }
  bool hold(std::size_t bytes) override;
  void let_go(std::size_t bytes) override;
  void hooks(std::function<void(webhooks::engine*)> job) override {
    hooks_ ? hooks_->run(std::move(job)) : job(nullptr);
  }
  std::optional<std::variant<std::string, std::string>> make_token(
      const api::token_wanted& what) override;
  std::optional<user_id> admin_of(std::string_view token) override;
  bool is_in(std::string_view net, std::string_view address) const override;
  api::server_numbers numbers() const override { return from_.numbers(); }
  std::string_view node() const override { return env_.how.node; }
  std::string_view durability() const override { return journal::name(env_.durability); }
  std::size_t text_bytes_max() const override { return env_.how.text_bytes_max; }
  std::string_view log_name() const override { return log_name_; }
  epoch_id fresh_epoch() override;
  unix_ms now() const override { return env_.now(); }
  std::chrono::steady_clock::time_point steady_now() const override;
  std::uint64_t random() override { return env_.random(); }

 private:
  /// `hear` on the room's shard, when it is awake; null where it is not there.
  void look(const room_id& room, std::function<void(const actors::room_state*)> hear) const;

  const actors::environment& env_;
  feed_pulse_actor pulse_;
  const std::string log_name_;
  const sources from_;
  actors::payers payers_;
  hook_sender* hooks_ = nullptr;
  actors::eraser_actor eraser_;
  std::mutex border_;
  std::optional<token_signer> signer_;  // guarded
};

}  // namespace confab::server
