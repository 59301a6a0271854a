#include "load/channel.hpp"

#include <algorithm>

namespace confab::load {
namespace {

std::string_view subprotocol_of(codec format) {
  return format == codec::json ? "confab.v1.json" : "confab.v1.cbor";
}

}  // namespace

std::string channel::start(channel_context& with, const address& to, const address& source,
                           int receive_bytes) {
  drop();
  auto error = wire_.connect(to, source, with.tls, with.server.host, receive_bytes);
  if (error.empty())
    at_ = state::connecting;
  else
    wire_.close();
  return error;
}

void channel::drop() {
  wire_.close();
  in_ = {};
  out_ = {};
  fragments_.reset();
  at_ = state::none;
  deflates_ = false;
  ++generation_;
}

void channel::end(channel_context& with, std::uint16_t code, std::string_view reason) {
  drop();
  with.owner.ended(*this, code, reason);
}

void channel::fail(channel_context& with, std::string_view why) { end(with, 1006, why); }

void channel::proceed(channel_context& with, bool is_readable, bool is_writable,
                      std::size_t bytes_max) {
  const auto generation = generation_;
  const auto is_over = [&] { return generation != generation_; };
  if (at_ == state::connecting || at_ == state::shaking) {
    shake(with);
    if (is_over() || at_ != state::open) return;
  }
  if (is_writable && !out_.empty()) flush(with);
  if (is_over() || !is_readable) return;
  while (read_once(with, bytes_max) && !is_over() && wire_.has_buffered()) {
  }
}

void channel::shake(channel_context& with) {
  std::string error;
  switch (wire_.finish_connecting(error)) {
    case wire::progress::done:
      return begin_upgrade(with);
    case wire::progress::wants_read:
      at_ = state::shaking;
      return;
    case wire::progress::wants_write:
      at_ = state::connecting;
      return;
    case wire::progress::failed:
      return fail(with, error);
  }
}

void channel::begin_upgrade(channel_context& with) {
  at_ = state::upgrading;
  out_ = websocket::upgrade_request(
      {with.server.host_header, with.server.path, subprotocol_of(with.format), with.may_compress});
  flush(with);
}

/// False: there is nothing more to read for now.
bool channel::read_once(channel_context& with, std::size_t bytes_max) {
  auto& input = with.input;
  constexpr std::size_t read_bytes_min = 64 * 1024;
  if (input.size() < in_.size() + read_bytes_min) input.resize(2 * (in_.size() + read_bytes_min));
  std::copy(in_.begin(), in_.end(), input.begin());
  const auto kept = in_.size();
  const auto room = std::min(input.size() - kept, bytes_max);
  std::string error;
  const auto got = wire_.read({input.data() + kept, room}, error);
  if (got < 0) return fail(with, error), false;
  if (got == 0) return false;
  with.count.bytes_in += static_cast<std::uint64_t>(got);

  const std::string_view bytes{input.data(), kept + static_cast<std::size_t>(got)};
  const auto generation = generation_;
  const auto used = take(with, bytes);
  if (generation != generation_) return false;
  const auto rest = bytes.substr(used);
  if (rest.empty())
    in_ = {};
  else
    in_.assign(rest);
  return true;
}

/// How much of `bytes` was taken; the rest is the beginning of something.
std::size_t channel::take(channel_context& with, std::string_view bytes) {
  const auto generation = generation_;
  auto rest = bytes;
  if (at_ == state::upgrading && !take_upgrade(with, rest)) return 0;
  while (generation == generation_) {
    websocket::frame one;
    const auto how = websocket::first_frame(rest, one);
    if (how == websocket::parsed::broken) fail(with, "broken WebSocket frame");
    if (how != websocket::parsed::frame) break;
    rest.remove_prefix(one.size);
    ++with.count.frames_in;
    take_frame(with, one);
  }
  return bytes.size() - rest.size();
}

bool channel::take_upgrade(channel_context& with, std::string_view& bytes) {
  const auto answer = websocket::read_upgrade_answer(bytes, subprotocol_of(with.format));
  switch (answer.what) {
    case websocket::answer::incomplete:
      return false;
    case websocket::answer::refused:
      fail(with, "refused with HTTP " + answer.status);
      return false;
    case websocket::answer::not_http:
      fail(with, "the answer is not HTTP");
      return false;
    case websocket::answer::not_websocket:
      fail(with, "the answer is HTTP but no WebSocket of this protocol");
      return false;
    case websocket::answer::accepted:
      break;
  }
  bytes.remove_prefix(answer.size);
  at_ = state::open;
  deflates_ = answer.deflate;
  const auto generation = generation_;
  with.owner.opened(*this);
  return generation == generation_;
}

void channel::take_frame(channel_context& with, const websocket::frame& what) {
  using websocket::opcode;
  switch (what.kind) {
    case opcode::ping:
      return send(with, opcode::pong, what.payload);
    case opcode::pong:
      return;
    case opcode::close: {
      const auto said = websocket::read_close(what.payload);
      const std::string reason{said.reason};
      const auto generation = generation_;
      send(with, opcode::close, what.payload.substr(0, 2));
      if (generation == generation_) end(with, said.code, reason);
      return;
    }
    case opcode::continuation: {
      if (!fragments_) return fail(with, "broken WebSocket frame");
      fragments_->payload += what.payload;
      if (fragments_->payload.size() > websocket::message_bytes_max)
        return fail(with, "message too long");
      if (!what.last) return;
      const auto whole = std::exchange(fragments_, nullptr);
      return take_message(with, whole->kind, whole->compressed, whole->payload);
    }
    case opcode::text:
    case opcode::binary:
      if (fragments_) return fail(with, "broken WebSocket frame");
      if (what.last) return take_message(with, what.kind, what.compressed, what.payload);
      fragments_ = std::make_unique<fragments>(
          fragments{what.kind, what.compressed, std::string{what.payload}});
      return;
  }
}

void channel::take_message(channel_context& with, websocket::opcode kind, bool compressed,
                           std::string_view payload) {
  if (!compressed) return with.owner.received(*this, kind, payload);
  const auto plain = deflates_ ? with.inflater.inflate(payload) : std::nullopt;
  if (!plain) return fail(with, "broken compression");
  with.owner.received(*this, kind, *plain);
}

void channel::send(channel_context& with, websocket::opcode kind, std::string_view payload) {
  if (at_ != state::open) return;
  ++with.count.frames_out;
  with.mask = with.mask * 1664525 + 1013904223;
  if (!out_.empty()) return websocket::append_frame(out_, kind, payload, with.mask);
  auto& frame = with.output;
  frame.clear();
  websocket::append_frame(frame, kind, payload, with.mask);
  const auto put = wire_.write(frame);
  if (put < 0) return;  // the reading side learns why
  with.count.bytes_out += static_cast<std::uint64_t>(put);
  if (static_cast<std::size_t>(put) < frame.size())
    out_ = frame.substr(static_cast<std::size_t>(put));
}

void channel::flush(channel_context& with) {
  while (!out_.empty()) {
    const auto put = wire_.write(out_);
    if (put < 0) {
      out_ = {};  // the reading side learns why
      return;
    }
    if (put == 0) return;
    with.count.bytes_out += static_cast<std::uint64_t>(put);
    out_.erase(0, static_cast<std::size_t>(put));
  }
  out_ = {};
}

}  // namespace confab::load
