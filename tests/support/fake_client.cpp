#include "tests/support/fake_client.hpp"

#include "protocol/limits.hpp"
#include "tests/support/actor_world.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace confab::test {

json decode_frame(wire_format format, const std::string& bytes) {
  const auto octet = [&](std::size_t at) {
    return static_cast<std::uint64_t>(static_cast<unsigned char>(bytes.at(at)));
  };
  const std::uint64_t expected = format.objects == codec::json ? 0x81 : 0x82;
  if (octet(0) != expected) throw std::runtime_error("not an unfragmented, plain data frame");
  std::uint64_t length = octet(1);
  std::size_t header = 2;
  if (length == 126 || length == 127) {
    const std::size_t octets = length == 126 ? 2 : 8;
    length = 0;
    for (std::size_t i = 0; i < octets; ++i) length = length << 8 | octet(header++);
  }
  if (bytes.size() != header + length) throw std::runtime_error("the length is wrong");
  const auto payload = bytes.substr(header);
  return format.objects == codec::json ? json::parse(payload) : json::from_cbor(payload);
}

// --- the way out ---------------------------------------------------------------------------------

namespace {

/// How many bytes the frame at the start of `bytes` takes (RFC 6455 §5.2).
std::size_t frame_bytes(std::string_view bytes) {
  const auto octet = [&](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes.at(at)));
  };
  const auto length = octet(1);
  if (length < 126) return 2 + length;
  const std::size_t octets = length == 126 ? 2 : 8;
  std::size_t extended = 0;
  for (std::size_t i = 0; i < octets; ++i) extended = extended << 8 | octet(2 + i);
  return 2 + octets + extended;
}

}  // namespace

push_result fake_sink::push(const frame& bytes, importance weight, std::uint32_t count) {
  if (ended_ || closed) return push_result::closed;
  if (weight == importance::droppable && queued_ > limits::outbox_droppable_bytes_max) {
    ++dropped;
    return push_result::dropped;
  }
  if (queued_ + bytes->size() > limits::outbox_bytes_max) {
    close(close_code::slow_consumer, "too slow");
    return push_result::overflow;
  }
  ++pushes;
  for (std::string_view rest = *bytes; !rest.empty(); --count) {
    const auto size = frame_bytes(rest);
    const bool alone = size == bytes->size();
    frames.push_back(alone ? bytes : std::make_shared<const std::string>(rest.substr(0, size)));
    rest.remove_prefix(std::min(size, rest.size()));
  }
  if (count != 0) throw std::logic_error("not as many frames as was said");
  if (slow_) queued_ += bytes->size();
  return push_result::accepted;
}

void fake_sink::close(close_code code, std::string reason) {
  if (!closed) closed = closing{code, std::move(reason)};
}

void fake_sink::notify_when_low() {
  wants_low_ = true;
  if (queued_ <= limits::outbox_low_water_bytes) read_all();
}

void fake_sink::read_all() {
  queued_ = 0;
  if (std::exchange(wants_low_, false)) on_low();
}

// --- the connection ------------------------------------------------------------------------------

client::client(actor_world& in, session_id own, wire_format as, actors::payers::key address)
    : id(own),
      format(as),
      taken(std::make_shared<actors::intake>(in.env.prices.get(), address)),
      world_(in) {
  sink->on_resume = [this] {
    while (!taken->paused() && !unread_.empty()) {
      const auto next = std::move(unread_.front());
      unread_.pop_front();
      deliver(next);
    }
  };
  sink->on_low = [this] { actors::tell(session, actors::sink_writable{}); };
}

void client::say(const json& command) {
  if (format.objects == codec::json) return say_bytes(command.dump());
  std::string payload;
  json::to_cbor(command, payload);
  say_bytes(payload);
}

void client::say_bytes(const std::string& payload) {
  if (taken->paused())
    unread_.push_back(payload);
  else
    deliver(payload);
}

void client::deliver(const std::string& payload) {
  if (gone_ || closed()) return;
  actors::tell(session, taken->take(format.objects, payload, {}, world_.env.steady_now()));
}

void client::disconnect() {
  if (std::exchange(gone_, true)) return;
  sink->end();
  actors::tell(session, actors::connection_closed{});
  session = actors::session_actor{};
}

json client::ask(json command) {
  const auto number = next_id();
  command["id"] = number;
  say(command);
  world_.settle();
  return reply_to(number);
}

json client::join(const std::string& room) { return ask({{"type", "join"}, {"room", room}}); }

json client::join(const std::string& room, std::uint64_t since, const std::string& epoch) {
  return ask({{"type", "join"}, {"room", room}, {"since", since}, {"epoch", epoch}});
}

json client::send(const std::string& room, const std::string& text, const std::string& key) {
  json command{{"type", "send"}, {"room", room}, {"text", text}};
  if (!key.empty()) command["key"] = key;
  return ask(std::move(command));
}

const std::vector<json>& client::received() {
  for (; decoded_ < sink->frames.size(); ++decoded_)
    inbox_.push_back(decode_frame(format, *sink->frames[decoded_]));
  return inbox_;
}

std::vector<json> client::received(const std::string& type) {
  std::vector<json> found;
  for (const auto& what : received())
    if (what["type"] == type) found.push_back(what);
  return found;
}

std::vector<json> client::received(const std::string& type, const std::string& room) {
  auto found = received(type);
  std::erase_if(found, [&](const json& what) { return what["room"] != room; });
  return found;
}

std::string client::session_text() const { return world_.env.board.name_of(id).text(); }

json client::reply_to(std::uint64_t number) {
  for (const auto& what : received())
    if (what.contains("re") && what["re"] == number) return what;
  return nullptr;
}

void client::forget() {
  received();
  inbox_.clear();
}

}  // namespace confab::test
