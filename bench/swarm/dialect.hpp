#pragma once

#include "load/websocket.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace confab::bench {

namespace websocket = load::websocket;
using websocket::opcode;

/// How one kind of server wants to be spoken to, as data.
struct dialect {
  /// One line of the talk until a client is in its room.
  struct line {
    std::string heard;  // what must occur in a message from the server; empty: nothing
    std::string say;    // what is answered; empty: nothing
  };

  std::string path = "/ws";
  std::string subprotocol;  // empty: none is offered
  opcode kind = opcode::text;
  /// The server's messages are pieces of one stream of bytes, cut anywhere.
  bool stream = false;
  std::function<std::vector<line>(int client, const std::string& room)> greeting;
  /// A subprotocol offered besides, that says something already; not set: none.
  std::function<std::string(int client, const std::string& room)> offer_too;
  std::function<std::string(const std::string& room, const std::string& text)> publish;
  /// The protocol's own heartbeat, where it has one: a message that is just `ping`.
  std::string ping, pong;
};

/// By name: confab-json, confab-json-resume, confab-cbor, simple, socketio, nats, mqtt, centrifuge;
/// with "-echo" behind it, the echo that this server offers. `stage` cuts confab's greeting short:
/// 0 after the upgrade, 1 after `hello`. Throws std::out_of_range for an unknown name.
dialect dialect_of(std::string_view name, int stage = 2);

}  // namespace confab::bench
