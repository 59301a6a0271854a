#include "transport/websocket_core.hpp"

#include "protocol/limits.hpp"
#include "protocol/utf8.hpp"
#include "transport/control_frame.hpp"
#include "transport/handshake.hpp"
#include "transport/upgrade.hpp"

#include <boost/asio/error.hpp>

#include <exception>
#include <utility>

namespace confab::transport {

using stage = websocket_lifecycle::stage;

namespace {

// Deflate may make a message longer, by five bytes for each 16 KiB at worst (RFC 1951 §3.2.4).
std::size_t wire_bytes_max(std::size_t message_bytes_max, bool deflate) {
  return message_bytes_max + (deflate ? message_bytes_max / 1024 + 64 : 0);
}

}  // namespace

websocket_core::websocket_core(std::shared_ptr<reactor_core> reactor, admission::slot slot)
    : reactor_(std::move(reactor)),
      outbox_(std::make_shared<outbox>(static_cast<outbox_writer&>(*this), reactor_->dirty(),
                                       reactor_->how().outbox_bytes)),
      slot_(std::move(slot)) {
  reactor_->add(*this);
}

websocket_core::~websocket_core() {
  // The session may still hold the sink, and may use it while it dies.
  outbox_->detach();
  port_.reset();
  reactor_->disarm(*this);  // the reactor may die with us
  if (life_.now() != stage::opening) reactor_->count.websockets_open.sub();
}

/// The wall: what a session throws is a bug and ends this connection only.
template <class Call>
void websocket_core::guarded(Call call) noexcept {
  try {
    call();
  } catch (...) {
    reactor_->note_bug("session");
    close(close_code::internal);
  }
}

void websocket_core::open(const agreement& agreed, std::string_view read_already) {
  life_.open();
  reactor_->count.websockets_open.add();
  objects_ = agreed.format.objects;
  any_kind_ = agreed.route->any_kind;
  reader_ = frame_reader(wire_bytes_max(reactor_->how().frame_bytes, agreed.format.deflate),
                         agreed.format.deflate);
  outbox_->push_upgrade(upgrade_answer(agreed.key, agreed.subprotocol, agreed.extension),
                        agreed.first_message.has_value());
  reactor_->arm(*this, reactor_->random_part(reactor_->how().ping_interval));
  guarded([&] { port_ = agreed.make_session(outbox_, agreed.format, reactor_->index()); });
  if (!port_) close(close_code::internal);
  if (port_ && reactor_->shared().draining) drain();
  if (agreed.first_message)
    deliver({.what = frame_reader::kind::message,
             .payload = *agreed.first_message,
             .type = objects_ == codec::json ? frame_kind::text : frame_kind::binary});
  rest_ = read_already;
  reactor_->count.bytes_in.add(rest_.size());
  go_on();
}

void websocket_core::received(const error_code& why, std::span<char> bytes) {
  if (why) {
    finish(why);
  } else {
    reactor_->count.bytes_in.add(bytes.size());
    heard();
    if (rest_.empty()) {
      const auto used = take(bytes);
      if (life_.now() < stage::lost) rest_.assign(bytes.data() + used, bytes.size() - used);
    } else {
      rest_.append(bytes.data(), bytes.size());
      take_rest();
    }
  }
  proceed();
}

void websocket_core::go_on() {
  if (!rest_.empty()) take_rest();
  proceed();
}

void websocket_core::proceed() {
  using action = websocket_lifecycle::action;
  switch (life_.next(outbox_->queued_bytes())) {
    case action::read:
      return read();
    case action::wait:
      return wait();
    case action::finish:
      return finish(net::error::operation_aborted);
    case action::shut:
      return shut();
    case action::none:
      return;
  }
}

std::size_t websocket_core::take(std::span<char> bytes) {
  std::size_t used = 0;
  while (life_.reads()) {
    const auto frame = reader_.next(bytes.subspan(used));
    if (frame.what == frame_reader::kind::incomplete) break;
    handle(frame);
    used += frame.bytes;
  }
  return used;
}

/// In place: a frame that comes byte by byte is not copied for each of them.
void websocket_core::take_rest() {
  const auto used = take(rest_);
  if (life_.now() >= stage::lost || used == rest_.size())
    std::string().swap(rest_);
  else
    rest_.erase(0, used);
}

void websocket_core::handle(const frame_reader::result& frame) {
  using kind = frame_reader::kind;
  switch (frame.what) {
    case kind::incomplete:
    case kind::fragment:
      return;
    case kind::pong:
      static_cast<void>(admit_control());
      return;
    case kind::message:
      return deliver(frame);
    case kind::ping:
      if (!admit_control()) return;
      return outbox_->push_control(pong_frame(frame.payload));
    case kind::close: {
      constexpr auto normal = static_cast<std::uint16_t>(close_code::normal);
      outbox_->push_close(frame.code == 0 ? normal : frame.code);
      return finish({}, &frame);
    }
    case kind::broken:
      outbox_->push_close(frame.code);
      return finish({});
  }
}

bool websocket_core::admit_control() {
  static_assert(limits::control_frames_max < 0xffff);
  if (const auto now = reactor_->ticks();
      now - control_since_ > reactor_->ticks_in(limits::control_frames_span)) {
    control_since_ = now;
    control_frames_ = 0;
  }
  if (++control_frames_ <= limits::control_frames_max) return true;
  close(close_code::rate_abuse);
  return false;
}

void websocket_core::deliver(const frame_reader::result& message) {
  if (!life_.delivers() || !port_) return;
  const auto expected = objects_ == codec::json ? frame_kind::text : frame_kind::binary;
  if (!any_kind_ && message.type != expected) return close(close_code::wrong_kind);
  auto bytes = message.payload;
  if (message.compressed) {
    const auto inflated = reactor_->inflate().run(bytes, reactor_->how().frame_bytes);
    if (inflated.failed == inflater::failure::too_big) return close(close_code::too_big);
    if (inflated.failed == inflater::failure::corrupt) return close(close_code::not_utf8);
    bytes = inflated.payload;
  } else if (bytes.size() > reactor_->how().frame_bytes) {
    return close(close_code::too_big);
  }
  if (message.type == frame_kind::text && !utf8::is_valid(bytes))
    return close(close_code::not_utf8);
  reactor_->count.messages_in.add();
  life_.begin_delivery();
  guarded([&] {
    const auto flow = port_->on_message(message.type, bytes);
    life_.end_delivery(flow == session_port::flow::enough);
  });
}

void websocket_core::finish(const error_code& why, const frame_reader::result* close_frame) {
  const auto sent = outbox_->close_code_sent();
  const auto before = life_.now();
  const bool by_us = sent != 0 && before >= stage::closing;
  const bool is_to_flush = life_.finish(sent != 0);
  outbox_->seal();

  close_info info;
  if (close_frame && !by_us) {
    info.code = close_frame->code == 0 ? close_without_code : close_frame->code;
    info.reason = close_frame->payload;
    info.by_peer = true;
  } else {
    info.code = sent == 0 ? close_without_frame : sent;
    if (by_us) info.reason = name(static_cast<close_code>(sent));
  }
  if (why) info.error = (write_error_ ? write_error_ : why).message();
  count_close(reactor_->count, info.code);

  if (auto port = std::move(port_)) {
    if (info.code == close_without_frame) guarded([&] { port->on_error(info.error); });
    guarded([&] { port->on_close(info); });
  }
  // The close frame must get to the peer: written, then our side shut, then read until he shuts
  // his. Closing with bytes unread would send a reset, which may overtake it.
  if (!is_to_flush) return drop();
  if (before != stage::closing) reactor_->arm(*this, reactor_->how().close_wait);
}

void websocket_core::written() noexcept {
  if (life_.now() == stage::flushing) wake();
}

void websocket_core::fail(const error_code& why) {
  if (!write_error_) write_error_ = why;
  drop();
}

void websocket_core::drop() noexcept {
  if (!life_.drop()) return;
  reactor_->disarm(*this);
  outbox_->detach();
  close_socket();
  wake();
}

void websocket_core::drain() {
  if (port_ && life_.drain()) guarded([&] { port_->on_drain(); });
}

void websocket_core::abort() noexcept { drop(); }

void websocket_core::expired() {
  if (life_.now() < stage::closing)
    beat();
  else
    drop();
}

void websocket_core::beat() {
  using action = heartbeat::action;
  const auto step =
      heartbeat_.expired(reactor_->how(), life_.reads(), outbox_->queued_bytes() > 0);
  switch (step.what) {
    case action::ping:
      outbox_->shrink();  // what a past burst has left allocated
      reactor_->arm(*this, step.wait);
      return outbox_->push_control(ping_frame());
    case action::rest:
      return reactor_->arm(*this, step.wait);
    case action::missed:
      return close(close_code::heartbeat_missed);
    case action::overflow:
      return outbox_->overflow();
  }
}

void websocket_core::closing(close_code code) {
  // The peer's close frame comes behind what was not read yet. Who sends too much is not heard any
  // more: nothing that comes until the connection is dropped costs more than the kernel's buffer.
  const bool is_heard = code != close_code::rate_abuse;
  if (!life_.close(is_heard)) return;
  if (code == close_code::slow_consumer) reactor_->count.slow_consumers.add();
  if (code != close_code::normal && reactor_->how().on_incident)
    reactor_->note({incident_kind::closed_by_us, name(code), peer(),
                    std::to_string(static_cast<unsigned>(code))});
  reactor_->arm(*this, reactor_->how().close_wait);
  if (is_heard) resume_reading();
}

void websocket_core::resume_reading() {
  if (!life_.resume()) return;
  heard();
  wake();
}

void websocket_core::writable() {
  if (port_) guarded([&] { port_->on_writable(); });
}

}  // namespace confab::transport
