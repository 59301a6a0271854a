#pragma once

#include "actors/environment.hpp"
#include "actors/housekeeping.hpp"
#include "journal/journal.hpp"
#include "protocol/codec.hpp"
#include "server/api_backend.hpp"
#include "server/assets.hpp"
#include "server/config.hpp"
#include "server/hook_asker.hpp"
#include "server/hook_sender.hpp"
#include "server/incidents.hpp"
#include "server/line_pacing.hpp"
#include "server/metrics.hpp"
#include "server/node_drain.hpp"
#include "server/opening.hpp"
#include "server/renewable_authenticator.hpp"
#include "server/runtime.hpp"
#include "server/searching.hpp"
#include "server/watch.hpp"
#include "transport/listener.hpp"
#include "transport/port.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace confab::api {
class service;
}

namespace confab::server {

/// The chat service on a runtime: its journal, its actors, and the routes that lead to them.
/// Must outlive the runtime's connections; ended by `end_actors`, after the last of them.
class chat {
 public:
  chat(runtime& on, const config& how, std::unique_ptr<actors::authenticator> checks_tokens);
  ~chat();

  /// Opens the journal, which takes a while where it has to be brought up to date, and starts the
  /// actors. Until then the routes answer, and turn people away. `stop` is asked now and then: an
  /// opening may be given up. Throws std::runtime_error with what to tell the operator.
  void open(const config& how, std::function<bool()> stop);

  std::vector<transport::websocket_route> websockets();
  /// /healthz, /readyz, the page and the client library; the API, its page and /metrics, unless they have
  /// an address of their own.
  std::vector<transport::http_route> pages();
  /// /healthz, /readyz, /metrics, the API and its page.
  std::vector<transport::http_route> admin_pages();

  /// For the transport's options.
  std::function<void(const transport::incident&)> on_incident() {
    return [this](const auto& what) { incidents_.note(what); };
  }

  /// By which tokens are checked from now on; what it says of guests and keys is as before. Any thread.
  void use(std::unique_ptr<actors::authenticator> checks_tokens) {
    authenticator_.use(std::move(checks_tokens));
  }

  /// By which calls of the API are judged from now on, if there is one. Any thread.
  void use(api::key_ring keys);
  /// By which the API makes tokens. Any thread.
  void sign_with(std::optional<token_signer> signer) {
    if (backend_) backend_->sign_with(std::move(signer));
  }

  /// What keeps the server from being ready, as a sentence; empty if nothing does. Any thread.
  std::string trouble() const;
  metric_sources numbers() const;  // any thread
  std::chrono::seconds up() const;
  /// Of the journal, which is open. Any thread.
  std::unique_ptr<journal::reader> reader() const { return journal_->make_reader(); }
  const actors::switchboard& board() const noexcept { return env_.board; }
  /// Logged and counted. Any thread.
  void note_bug(std::string_view where, std::string_view detail) { incidents_.bug(where, detail); }
  const actors::keeper_actor& keeper() const noexcept { return keeper_; }
  const actors::eraser_actor& eraser() const noexcept { return eraser_; }

  void set_ready(bool ready) noexcept { ready_ = ready; }
  /// Twice a second: sheds what can be where memory is short.
  void look_at_memory();
  /// Not ready any more; who is there is to come back at the pace of PROTOCOL §7.
  void begin_drain();
  /// See `backend::drain`; any thread.
  void drain_node(std::optional<std::chrono::milliseconds> over);
  /// Everything asked of the journal is committed or failed, then the actors end, if there are any.
  void end_actors();

 private:
  void spawn_actors();
  void open_api(const config& how, std::uint64_t position);
  void open_hooks(const config& how, std::uint64_t position);
  std::unique_ptr<webhooks::push> open_push(const config& how, std::uint64_t position);
  void open_asker(const config& how);
  transport::upgrade_verdict admit(const transport::http_request& request,
                                   std::optional<actors::token_verdict> of_token);
  transport::http_route api_row();
  std::vector<transport::http_route> monitoring_pages();
  /// Of the page, those with the paths that are wanted.
  void add_files(std::vector<transport::http_route>& rows,
                 const std::function<bool(std::string_view)>& wanted);
  transport::http_response show_metrics() const;

  /// That are told of one by one: when everybody comes back at once they are thousands.
  static constexpr unsigned sign_ins_per_second_max = 100;

  runtime& on_;
  incidents incidents_;
  std::mutex sign_ins_border_;
  line_pacing sign_ins_{sign_ins_per_second_max};  // guarded
  std::unique_ptr<journal::journal> journal_;
  renewable_authenticator authenticator_;
  actors::environment env_;
  decode_limits limits_;
  searching searching_;
  watch watch_;
  const std::vector<transport::network> proxies_;
  const std::string base_path_;
  const std::string page_config_;
  const std::vector<asset> page_;
  const std::string data_;  // empty: there is no database
  const bool has_search_;
  const unix_ms started_;
  const std::chrono::steady_clock::time_point up_since_ = std::chrono::steady_clock::now();
  opening opening_;
  const bool metrics_apart_;
  const std::chrono::milliseconds drain_for_;
  std::atomic<std::chrono::milliseconds> spread_;
  const std::uint64_t memory_max_;  // 0: no limit
  std::atomic<bool> memory_is_short_{false};
  const bool has_api_;
  std::uint64_t position_ = 0;  // of the journal when it was opened
  std::unique_ptr<api_backend> backend_;  // these three from `open` on, where there is an API
  std::unique_ptr<hook_sender> hooks_;    // none where its file cannot be opened
  std::unique_ptr<hook_asker> asker_;     // from `open` on, where a hook is asked
  std::unique_ptr<api::service> api_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> journal_healthy_{true};
  std::atomic<bool> clock_in_doubt_{false};
  std::atomic<bool> drained_{false};  // by the API
  node_drain_actor drains_;
  actors::keeper_actor keeper_;
  actors::eraser_actor eraser_;
};

/// By which tokens are made: nothing where there is only a public key, or none.
std::optional<token_signer> signer_of(const config& from);

/// What the transport needs of the configuration.
transport::options transport_options(const config& from);
/// The same for `admin_listen`, which must be there.
transport::options admin_options(const config& from);

}  // namespace confab::server
