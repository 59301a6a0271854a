#include "server/bridge.hpp"

#include "actors/walls.hpp"
#include "server/log.hpp"

namespace confab::server {
namespace {

using actors::intake;

class chat_port final : public transport::session_port {
 public:
  chat_port(const actors::environment& env, actors::session_actor session,
            std::shared_ptr<intake> taken, codec objects, decode_limits limits)
      : env_(&env),
        session_(std::move(session)),
        taken_(std::move(taken)),
        objects_(objects),
        limits_(limits) {}

  flow on_message(frame_kind, std::string_view payload) override {
    actors::tell(session_, taken_->take(objects_, payload, limits_, env_->steady_now()));
    return taken_->paused() ? flow::enough : flow::more;
  }
  void on_writable() override { actors::tell(session_, actors::sink_writable{}); }
  void on_drain() override { actors::tell(session_, actors::drain_session{}); }
  void on_close(const transport::close_info&) override {
    actors::tell(session_, actors::connection_closed{});
  }

 private:
  const actors::environment* env_;
  actors::session_actor session_;
  std::shared_ptr<intake> taken_;
  codec objects_;
  decode_limits limits_;
};

class actor_port final : public transport::session_port {
 public:
  actor_port(caf::actor handler, frame_sink_ptr sink)
      : handler_(std::move(handler)), sink_(std::move(sink)) {}

  flow on_message(frame_kind kind, std::string_view payload) override {
    caf::anon_send(handler_, message_received{kind, std::string{payload}});
    return flow::more;
  }
  void on_error(std::string_view error) override {
    caf::anon_send(handler_, failed{std::string{error}});
  }
  void on_drain() override {
    sink_->close(close_code::restart, reconnect_reason(std::chrono::milliseconds{0}));
  }
  void on_close(const transport::close_info& why) override {
    caf::anon_send(handler_, closed{why});
  }

 private:
  caf::actor handler_;
  frame_sink_ptr sink_;
};

/// Runs a socket_behavior; its state lives in what the behavior captured. The wall: its bug ends
/// this connection only.
class behaving_actor final : public socket_actor {
 public:
  behaving_actor(caf::actor_config& config, socket_behavior make, socket client)
      : socket_actor(config), make_(std::move(make)), client_(std::move(client)) {}
  caf::behavior make_behavior() override {
    actors::hear_unexpected(*this, log_bug);
    set_exception_handler([client = client_](std::exception_ptr& caught) -> caf::error {
      log_bug("socket", actors::text_of(caught));
      socket{client}.close(close_code::internal, "internal error");
      return caf::exit_reason::unhandled_exception;
    });
    return make_(this, std::move(client_));
  }
  const char* name() const override { return "socket"; }

 private:
  static void log_bug(std::string_view where, std::string_view detail) {
    log::error("bug", "where={} detail={}", where, detail);
  }

  socket_behavior make_;
  socket client_;
};

}  // namespace

transport::session_factory chat_session(runtime& on, const actors::environment& env,
                                        decode_limits limits, std::string_view counted_as,
                                        std::optional<actors::identity> known,
                                        actors::connection_origin from) {
  const auto address =
      env.prices && !counted_as.empty() ? env.prices->addresses.key_of(counted_as) : 0;
  return [&on, &env, limits, address, known = std::move(known), from = std::move(from)](
             frame_sink_ptr sink, wire_format format, unsigned shard) {
    auto taken = std::make_shared<intake>(env.prices.get(), address);
    actors::session_start start{session_id::make(env.random(), static_cast<std::uint8_t>(shard)),
                                std::move(sink), format, taken,
                                known ? std::make_unique<actors::identity>(*known) : nullptr, from};
    auto session =
        actors::spawn_light<actors::session>(on.system(), on.unit(shard), &env, std::move(start));
    return std::make_unique<chat_port>(env, std::move(session), std::move(taken), format.objects,
                                       limits);
  };
}

transport::websocket_route actor_route(runtime& on, std::string path, socket_behavior behavior) {
  transport::websocket_route route;
  route.path = std::move(path);
  route.any_kind = true;
  route.authorize = [&on, behavior = std::move(behavior)](const transport::http_request& request)
      -> std::variant<transport::session_factory, transport::upgrade_refused> {
    return [&on, behavior, request](frame_sink_ptr sink, wire_format,
                                    unsigned shard) -> std::unique_ptr<transport::session_port> {
      auto handler = actors::spawn_on<behaving_actor>(on.system(), on.unit(shard), behavior,
                                                      socket{sink, request});
      return std::make_unique<actor_port>(std::move(handler), std::move(sink));
    };
  };
  return route;
}

}  // namespace confab::server
