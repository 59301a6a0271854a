#include "load/probe.hpp"

#include <poll.h>

#include <chrono>

namespace confab::load {
namespace {

constexpr auto patience = std::chrono::seconds{5};

class probing final : public channel_owner {
 public:
  probing(const load_plan& plan, const wire_plan& wires, const std::string& url)
      : plan_{plan},
        wires_{wires},
        url_{url},
        context_{new channel_context{*this, wires.server, wires.tls, plan.format,
                                     wires.may_compress, count_}} {}

  /// Empty, or what is wrong.
  std::string run(const address& to) {
    if (const auto error = channel_.start(*context_, to, {}); !error.empty())
      ended(channel_, 1006, error);
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!is_over_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0) return silent();
      pollfd one{channel_.fd(), static_cast<short>(POLLIN | (channel_.wants_write() ? POLLOUT : 0)),
                 0};
      if (poll(&one, 1, static_cast<int>(left.count())) > 0)
        channel_.proceed(*context_, (one.revents & ~POLLOUT) != 0, (one.revents & POLLOUT) != 0);
    }
    return error_;
  }

  void opened(channel& which) override {
    is_open_ = true;
    const command_writer commands{plan_.format};
    const auto id = plan_.identities.id(plan_.first_user);
    const auto token = plan_.identities.token(plan_.first_user, plan_.started_at_ms / 1000);
    which.send(*context_,
               plan_.format == codec::json ? websocket::opcode::text : websocket::opcode::binary,
               commands.hello(1, {token, id, {}, {}}));
  }

  void received(channel& which, websocket::opcode, std::string_view payload) override {
    frame_reader reader;
    const auto& frame = reader.read(plan_.format, payload);
    if (frame.type == frame_type::error) {
      error_ = "The server at " + url_ + " does not let " + plan_.identities.id(plan_.first_user) +
               " in: " + std::string{frame.code} + ", " + std::string{frame.message} +
               ". (Users come by --guest, --jwt-secret-file or --tokens.)";
    } else if (frame.type != frame_type::welcome) {
      error_ =
          "What answers at " + url_ + " is no chat server of this kind: it did not say welcome.";
    }
    is_over_ = true;
    which.drop();
  }

  void ended(channel&, std::uint16_t code, std::string_view reason) override {
    is_over_ = true;
    if (code == 1006 && !is_open_)
      error_ = "No WebSocket at " + url_ + ": " + std::string{reason} + ".";
    else if (code == 1006)
      error_ =
          "The server at " + url_ + " ended the connection at once: " + std::string{reason} + ".";
    else
      error_ = "The server at " + url_ + " closed the connection at once, with " +
               std::to_string(code) + (reason.empty() ? "." : ": " + std::string{reason} + ".");
  }

 private:
  std::string silent() const {
    return "The server at " + url_ + " did not answer within 5 s: " +
           (is_open_ ? "it took the WebSocket but said no welcome."
                     : "it hangs, or is out of reach.");
  }

  const load_plan& plan_;
  const wire_plan& wires_;
  const std::string& url_;
  counters count_;
  std::unique_ptr<channel_context> context_;
  channel channel_;
  std::string error_;
  bool is_open_ = false, is_over_ = false;
};

}  // namespace

std::string probe(const load_plan& plan, wire_plan& wires, const std::string& url) {
  std::string error;
  for (const auto& each : wires.server.addresses) {
    error = probing{plan, wires, url}.run(each);
    if (error.empty()) {
      wires.address = each;
      return {};
    }
  }
  return error;
}

}  // namespace confab::load
