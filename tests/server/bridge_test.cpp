#include "server/bridge.hpp"

#include "server/runtime.hpp"
#include "tests/support/catch.hpp"

#include <future>
#include <stdexcept>

using namespace confab;
using namespace confab::server;

namespace {

class sink_of_a_test final : public frame_sink {
 public:
  push_result push(const frame&, importance, std::uint32_t) override {
    return push_result::accepted;
  }
  void close(close_code code, std::string) override { closed.set_value(code); }
  void resume_reading() override {}
  std::size_t queued_bytes() const noexcept override { return 0; }
  void notify_when_low() override {}

  std::promise<close_code> closed;
};

std::unique_ptr<transport::session_port> port_of(runtime& on, const frame_sink_ptr& sink,
                                                 socket_behavior behavior) {
  const auto route = actor_route(on, "/bug", std::move(behavior));
  const auto verdict = route.authorize({});
  return std::get<transport::session_factory>(verdict)(sink, {}, 0);
}

}  // namespace

TEST_CASE("a bug of a socket's actor closes its connection with 1011") {
  const auto sink = std::make_shared<sink_of_a_test>();
  runtime on{1};
  const bool at_birth = GENERATE(true, false);

  const auto port = port_of(on, sink, [=](socket_actor*, socket) -> caf::behavior {
    if (at_birth) throw std::logic_error("a bug");
    return {[](const message_received&) { throw std::logic_error("a bug"); }};
  });
  port->on_message(frame_kind::text, "x");

  auto closed = sink->closed.get_future();
  REQUIRE(closed.wait_for(std::chrono::seconds{10}) == std::future_status::ready);
  CHECK(closed.get() == close_code::internal);
}
