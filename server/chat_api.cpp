// What the chat has to do with the HTTP API, where there is one.

#include "api/service.hpp"
#include "protocol/base64url.hpp"
#include "server/api_prices.hpp"
#include "server/api_routes.hpp"
#include "server/chat.hpp"

#include <openssl/evp.h>

#include <array>
#include <utility>

namespace confab::server {
namespace {

constexpr std::chrono::milliseconds feed_wait_max{30'000};

/// Name this journal, and say nothing of its secret.
webhooks::log_names names_of(const journal::journal& of) {
  constexpr std::size_t bytes = 6;
  const auto secret = of.secret();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(secret.data(), secret.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return {base64url_encoded({reinterpret_cast<const char*>(digest.data()), bytes}), of.forks()};
}

}  // namespace

chat::~chat() = default;

void chat::use(api::key_ring keys) {
  if (api_) api_->use(std::move(keys));
}

void chat::open_api(const config& how, std::uint64_t position) {
  auto pulse = actors::spawn_on<feed_pulse>(on_.system(), on_.unit(0), &env_, position);
  watch_.add("who tells of the feed", pulse);
  const auto count = [this] {
    const auto is = numbers();
    api::server_numbers out;
    out.users = is.actors.users;
    out.sessions = is.transport.websockets_open;
    out.connections = is.transport.connections_open;
    out.rooms_awake = is.actors.rooms_awake;
    if (is.disk) out.database_bytes = is.disk->database_bytes;
    out.search_behind_seconds = is.search_behind_seconds;
    if (is.hooks) out.webhooks = is.hooks->hooks;
    out.trouble = trouble();
    out.up = up();
    return out;
  };
  backend_ = std::make_unique<api_backend>(env_, std::move(pulse), std::string{names_of(*journal_).latest()},
                                           api_backend::sources{count, api_tariffs(how.api_rate, how.api_burst),
                                                                on_incident(),
                                                                [this](auto over) { drain_node(over); }});
  backend_->sign_with(signer_of(how));
  backend_->erase_by(eraser_);
  drains_ = actors::spawn_on<node_drain>(on_.system(), on_.unit(0), &env_);
  watch_.add("who drains the node", drains_);
  open_hooks(how, position);
  api_ = std::make_unique<api::service>(*backend_, *how.api_keys,
                                        api::service_options{base_path_ + std::string{api_path}});
  api_->resume_jobs();
}

std::unique_ptr<webhooks::push> chat::open_push(const config& how, std::uint64_t position) {
  const auto file = data_.empty() ? data_ : data_ + "/" + webhooks::push_store_name;
  const auto failed = [](std::string_view detail) { log::error("push-failing", "detail={}", detail); };
  auto opened = webhooks::open_push_store(file, names_of(*journal_), position, failed);
  if (const auto* why = std::get_if<std::string>(&opened)) {
    log::error("push-unavailable", "detail={}", *why);
    return nullptr;
  }
  return std::make_unique<webhooks::push>(
      std::get<0>(std::move(opened)), journal_->make_reader(),
      webhooks::push_options{how.notify_after, how.notify_within, how.notify, how.notify_direct,
                             webhooks::push_bytes_max, [](bool full) {
                               full ? log::warn("push-stopped", "detail={}", "too much waits to be sent")
                                    : log::info("push-resumed");
                             }});
}

void chat::open_hooks(const config& how, std::uint64_t position) {
  const auto file = data_.empty() ? data_ : data_ + "/" + webhooks::store_name;
  const auto failed = [](std::string_view detail) { log::error("webhooks-failing", "detail={}", detail); };
  auto opened = webhooks::open_store(file, names_of(*journal_), position, failed);
  if (const auto* why = std::get_if<std::string>(&opened))
    return log::error("webhooks-unavailable", "detail={}", *why);
  auto hooks = std::make_unique<webhooks::engine>(
      std::get<0>(std::move(opened)), journal_->make_reader(), position,
      webhooks::engine_options{how.hook_retry, env_.random,
                               [](auto id, auto why) {
                                 log::warn("webhook-paused", "webhook={} why={}", id, why);
                               },
                               env_.how.presence_grace, how.node,
                               [] { log::warn("presence-lost"); }},
      open_push(how, position));
  hook_sender_options sending;
  for (const auto& each : how.hook_nets)
    if (const auto net = transport::network::make(each)) sending.nets.push_back(*net);
  sending.now = [this] { return webhooks::moment{env_.now(), env_.steady_now()}; };
  sending.wait_for_feed = [this](std::uint64_t after, std::function<void(std::uint64_t)> then) {
    backend_->wait_for_feed(after, feed_wait_max, std::move(then));
  };
  sending.who_is_active = [this](std::vector<user_id> users,
                                 std::function<void(std::vector<bool>)> then) {
    backend_->who_needs_no_push(users, std::move(then));
  };
  sending.bug = [this] { actors::report_bug(env_, "webhooks", {}); };
  hooks_ = std::make_unique<hook_sender>(std::move(hooks), std::move(sending));
  backend_->send_by(*hooks_);
}

void chat::drain_node(std::optional<std::chrono::milliseconds> over) {
  if (drained_.exchange(over.has_value()) != over.has_value())
    over ? log::warn("node-drained", "spread_ms={}", over->count()) : log::info("node-undrained");
  if (over)
    caf::anon_send(drains_, drain_begin{*over});
  else
    caf::anon_send(drains_, drain_end{});
}

transport::http_route chat::api_row() {
  return api_route(base_path_, [this] { return opening_.goes_on() ? nullptr : api_.get(); });
}

std::optional<token_signer> signer_of(const config& from) {
  for (const auto& key : from.token_keys)
    if (key.use() == key_use::secret)
      return token_signer{key, from.jwt_issuer, from.jwt_audience, from.jwt_user_claim};
  return std::nullopt;
}

}  // namespace confab::server
