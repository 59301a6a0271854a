#pragma once

#include "actors/intake.hpp"
#include "actors/messages.hpp"
#include "protocol/codec.hpp"
#include "protocol/frame_sink.hpp"

#include <nlohmann/json.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace confab::test {

using nlohmann::json;

/// What a server's frame says; the WebSocket header (RFC 6455 §5.2) must fit the bytes.
json decode_frame(wire_format format, const std::string& bytes);

/// A connection's way out, as the transport's outbox behaves, without a socket.
class fake_sink final : public frame_sink {
 public:
  push_result push(const frame& bytes, importance weight, std::uint32_t count) override;
  void close(close_code code, std::string reason) override;
  void resume_reading() override { on_resume(); }
  std::size_t queued_bytes() const noexcept override { return queued_; }
  void notify_when_low() override;

  /// From now on nothing is taken off the queue but by `read_all`.
  void be_slow() { slow_ = true; }
  void read_all();
  /// The connection is gone: whatever is pushed from now on reaches nobody.
  void end() { ended_ = true; }

  struct closing {
    close_code code;
    std::string reason;
  };
  std::vector<frame> frames;      // as pushed, in order
  std::optional<closing> closed;  // by the server
  std::size_t dropped = 0;
  std::size_t pushes = 0;  // of one frame or several
  std::function<void()> on_resume = [] {};
  std::function<void()> on_low = [] {};

 private:
  bool slow_ = false;
  bool ended_ = false;
  bool wants_low_ = false;
  std::size_t queued_ = 0;
};

class actor_world;

/// One connection as its client sees it. Does what server/bridge.cpp does for a socket: decodes
/// at the border and tells the session actor; and reads back what the server says.
class client {
 public:
  client(actor_world& in, session_id id, wire_format format, actors::payers::key address);
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  // --- to the server; nothing runs until the world is settled ---
  void say(const json& command);
  void say_bytes(const std::string& payload);
  /// The connection breaks.
  void disconnect();

  // --- a question and its answer: settles the world ---
  /// Gives `command` an id, and returns the reply (null where none came).
  json ask(json command);
  json join(const std::string& room);
  json join(const std::string& room, std::uint64_t since, const std::string& epoch);
  json send(const std::string& room, const std::string& text, const std::string& key = {});

  // --- from the server ---
  /// Everything since the last `forget`, in order.
  const std::vector<json>& received();
  std::vector<json> received(const std::string& type);
  /// The same, of one room.
  std::vector<json> received(const std::string& type, const std::string& room);
  json reply_to(std::uint64_t id);
  void forget();

  bool closed() const { return sink->closed.has_value(); }
  /// 0 while it is open.
  int close_code() const { return closed() ? static_cast<int>(sink->closed->code) : 0; }
  bool gone() const { return gone_; }
  std::uint64_t next_id() { return ++last_id_; }
  /// As other clients know this session.
  std::string session_text() const;

  const session_id id;
  const wire_format format;
  std::shared_ptr<fake_sink> sink = std::make_shared<fake_sink>();
  std::shared_ptr<actors::intake> taken;
  actors::session_actor session;
  json welcome;  // of the hello by which the world let it in

 private:
  void deliver(const std::string& payload);

  actor_world& world_;
  std::vector<json> inbox_;
  std::size_t decoded_ = 0;
  std::deque<std::string> unread_;  // the server had enough for now
  std::uint64_t last_id_ = 0;
  bool gone_ = false;
};

}  // namespace confab::test
