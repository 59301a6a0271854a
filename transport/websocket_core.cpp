#include "transport/websocket_core.hpp"

#include "protocol/utf8.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace confab::transport {

using std::chrono::milliseconds;

websocket_core::websocket_core(std::shared_ptr<reactor_core> reactor, admission::slot slot)
    : reactor_(std::move(reactor)),
      outbox_(std::make_shared<outbox>(static_cast<outbox_writer&>(*this), reactor_->dirty(),
                                       reactor_->how().outbox_bytes_max)),
      slot_(std::move(slot)) {
  link_.out = outbox_.get();
  link_.bytes_in = &reactor_->count.bytes_in;
  reactor_->add(*this);
}

/// The wall: what a session throws is a bug and ends this connection only.
template <class Call>
void websocket_core::guarded(Call call) noexcept {
  try {
    call();
  } catch (const std::exception& e) {
    reactor_->log("session_failed", std::string("what=") + e.what());
    close(close_code::internal);
  }
}

websocket_core::~websocket_core() {
  // The session may still hold the sink, and may use it while it dies.
  outbox_->detach();
  port_.reset();
  reactor_->disarm(*this);  // the reactor may die with us
  if (opened_) reactor_->count.websockets_open.sub();
}

void websocket_core::open(const agreement& agreed) {
  opened_ = true;
  reactor_->count.websockets_open.add();
  objects_ = agreed.format.objects;
  any_kind_ = agreed.route->any_kind;
  phase_ = phase::ping_due;
  reactor_->arm(*this, reactor_->random_part(reactor_->how().ping_interval));
  guarded([&] { port_ = agreed.make_session(outbox_, agreed.format, reactor_->index()); });
  if (!port_) return close(close_code::internal);
  if (reactor_->shared().draining) {
    draining_ = true;
    guarded([&] { port_->on_drain(); });
  }
}

void websocket_core::deliver(frame_scanner::mark what, std::string_view bytes) {
  if (we_closed_ || draining_ || !port_) return;
  const auto expected = objects_ == codec::json ? frame_kind::text : frame_kind::binary;
  if (!any_kind_ && what.kind != expected) return close(close_code::wrong_kind);
  if (what.compressed) {
    const auto inflated = reactor_->inflate().run(bytes, frame_bytes_max());
    if (inflated.failed == inflater::failure::too_big) return close(close_code::too_big);
    const bool corrupt = inflated.failed == inflater::failure::corrupt;
    if (corrupt || (what.kind == frame_kind::text && !utf8::is_valid(inflated.payload)))
      return close(close_code::not_utf8);
    bytes = inflated.payload;
  } else if (bytes.size() > frame_bytes_max()) {
    return close(close_code::too_big);
  }
  reactor_->count.messages_in.add();
  resumed_ = false;
  guarded([&] {
    const auto flow = port_->on_message(what.kind, bytes);
    paused_ = flow == session_port::flow::enough && !resumed_ && !we_closed_;
  });
}

bool websocket_core::finish(const error_code& why, bool closed_by_frame, std::uint16_t peer_code,
                            std::string_view peer_reason) {
  constexpr std::uint16_t no_code = 1005;   // RFC 6455 §7.1.5
  constexpr std::uint16_t no_frame = 1006;  // the same
  const auto sent = outbox_->close_code_sent();
  outbox_->seal();

  close_info info;
  if (closed_by_frame && !we_closed_) {
    info.code = peer_code == 0 ? no_code : peer_code;
    info.reason = peer_reason;
    info.by_peer = true;
  } else {
    info.code = sent == 0 ? no_frame : sent;
    if (we_closed_) info.reason = name(static_cast<close_code>(sent));
  }
  if (!closed_by_frame) info.error = (write_error_ ? write_error_ : why).message();

  if (auto port = std::move(port_)) {
    if (info.code == no_frame) guarded([&] { port->on_error(info.error); });
    guarded([&] { port->on_close(info); });
  }
  return sent != 0 && !dropped_;
}

void websocket_core::limit_closing() {
  if (phase_ == phase::closing) return;
  phase_ = phase::closing;
  reactor_->arm(*this, reactor_->how().close_wait_max);
}

void websocket_core::fail(const error_code& why) {
  if (!write_error_) write_error_ = why;
  drop();
}

void websocket_core::drop() noexcept {
  if (std::exchange(dropped_, true)) return;
  reactor_->disarm(*this);
  outbox_->detach();
  close_socket();
  paused_ = false;
  wake();
}

void websocket_core::drain() {
  if (std::exchange(draining_, true) || !port_) return;
  guarded([&] { port_->on_drain(); });
}

void websocket_core::abort() noexcept { drop(); }

void websocket_core::expired() {
  const auto& how = reactor_->how();
  switch (phase_) {
    case phase::opening:
      return;
    case phase::ping_due:
      outbox_->shrink();  // what a past burst has left allocated
      link_.heard = false;
      phase_ = phase::pong_due;
      reactor_->arm(*this, how.pong_wait_max);
      outbox_->push_control({"\x89\x00", 2});
      return;
    case phase::pong_due:
      // Who is not being read cannot be heard.
      if (link_.heard || paused_) {
        phase_ = phase::ping_due;
        return reactor_->arm(*this,
                             std::max(how.ping_interval - how.pong_wait_max, milliseconds{1}));
      }
      return close(close_code::heartbeat_missed);
    case phase::closing:
      return drop();
  }
}

void websocket_core::closing(close_code code) {
  if (std::exchange(we_closed_, true)) return;
  if (code == close_code::slow_consumer) reactor_->count.slow_consumers.add();
  if (code != close_code::normal && reactor_->how().log)
    reactor_->log("closing", "code=" + std::to_string(static_cast<unsigned>(code)));
  limit_closing();
  resume_reading();  // the peer's close frame comes behind what was not read yet
}

void websocket_core::resume_reading() {
  resumed_ = true;
  if (!std::exchange(paused_, false)) return;
  link_.heard = true;
  wake();
}

void websocket_core::writable() {
  if (port_) guarded([&] { port_->on_writable(); });
}

}  // namespace confab::transport
