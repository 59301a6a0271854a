#include "bench/swarm/dialect.hpp"

#include "protocol/base64url.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <stdexcept>

namespace confab::bench {

namespace {

using json = nlohmann::ordered_json;
using lines = std::vector<dialect::line>;

std::string user(int client) { return "user-" + std::to_string(client); }

/// `resume`: all is said within the upgrade request, as the client library does when it comes back.
dialect confab_in(bool cbor, bool resume = false) {
  const auto encode = [cbor](const json& what) {
    if (!cbor) return what.dump();
    const auto bytes = json::to_cbor(what);
    return std::string{bytes.begin(), bytes.end()};
  };
  const auto hello = [](int client) {
    return json{{"type", "hello"}, {"id", 1}, {"guest", user(client)}};
  };
  dialect d;
  d.subprotocol = cbor ? "confab.v1.cbor" : "confab.v1.json";
  d.kind = cbor ? opcode::binary : opcode::text;
  d.greeting = [=](int client, const std::string& room) {
    const dialect::line in_room{cbor ? "type\x66joined" : R"("type":"joined")", ""};
    if (resume) return lines{in_room};
    return lines{
        {"", encode(hello(client))},
        {cbor ? "type\x67welcome" : R"("type":"welcome")",
         encode({{"type", "join"}, {"id", 2}, {"room", room}})},
        in_room,
    };
  };
  if (resume)
    d.offer_too = [=](int client, const std::string& room) {
      auto said = hello(client);
      said["resume"] = {{{"room", room}}};
      return "confab.hello." + base64url_encoded(encode(said));
    };
  d.publish = [=](const std::string& room, const std::string& text) {
    return encode({{"type", "send"}, {"room", room}, {"text", text}});
  };
  return d;
}

/// The protocol that the peers without one share: see bench/peers/README.md.
dialect simple() {
  dialect d;
  d.greeting = [](int client, const std::string& room) {
    return lines{{"", json{{"type", "join"}, {"room", room}, {"name", user(client)}}.dump()},
                 {R"("type":"joined")", ""}};
  };
  d.publish = [](const std::string&, const std::string& text) {
    return json{{"type", "send"}, {"text", text}}.dump();
  };
  return d;
}

/// https://socket.io/docs/v4/engine-io-protocol/ and …/socket-io-protocol/, websocket only.
dialect socketio() {
  dialect d;
  d.path = "/socket.io/?EIO=4&transport=websocket";
  d.greeting = [](int client, const std::string& room) {
    return lines{{"0{", "40"},
                 {"40", "42" + json{"join", room, user(client)}.dump()},
                 {R"(42["joined")", ""}};
  };
  d.publish = [](const std::string&, const std::string& text) {
    return "42" + json{"send", text}.dump();
  };
  d.ping = "2";
  d.pong = "3";
  return d;
}

/// https://docs.nats.io/reference/reference-protocols/nats-protocol
dialect nats() {
  dialect d;
  d.path = "/";
  d.kind = opcode::binary;
  d.stream = true;
  d.greeting = [](int client, const std::string& room) {
    return lines{
        {"INFO", "CONNECT " +
                     json{{"verbose", false}, {"pedantic", false}, {"name", user(client)}}.dump() +
                     "\r\nSUB " + room + " 1\r\nPING\r\n"},
        {"PONG", ""}};
  };
  d.publish = [](const std::string& room, const std::string& text) {
    return "PUB " + room + " " + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  };
  d.ping = "PING\r\n";
  d.pong = "PONG\r\n";
  return d;
}

/// A field of MQTT 3.1.1: its length in two bytes, then itself.
std::string mqtt_field(const std::string& text) {
  return std::string{static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xff)} +
         text;
}

/// A packet of MQTT 3.1.1 (§2.2): type and flags, the length in groups of seven bits, the body.
std::string mqtt_packet(char type, const std::string& body) {
  std::string out(1, type);
  auto rest = body.size();
  do {
    out += static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return out + body;
}

/// http://docs.oasis-open.org/mqtt/mqtt/v3.1.1, QoS 0, no keep-alive.
dialect mqtt() {
  dialect d;
  d.path = "/mqtt";
  d.subprotocol = "mqtt";
  d.kind = opcode::binary;
  d.stream = true;
  d.greeting = [](int client, const std::string& room) {
    using namespace std::string_literals;
    return lines{{"", mqtt_packet('\x10', mqtt_field("MQTT") + "\x04\x02\x00\x00"s +
                                              mqtt_field(user(client)))},
                 {"\x20\x02", mqtt_packet('\x82', "\x00\x01"s + mqtt_field(room) + "\x00"s)},
                 {"\x90", ""}};
  };
  d.publish = [](const std::string& room, const std::string& text) {
    return mqtt_packet('\x30', mqtt_field(room) + text);
  };
  return d;
}

/// The JSON protocol of the centrifuge library 0.15: methods are numbers, and a message from the
/// server may hold several lines.
dialect centrifuge() {
  enum { connect = 0, subscribe = 1, publish = 3 };
  dialect d;
  d.path = "/connection/websocket";
  d.greeting = [](int, const std::string& room) {
    return lines{{"", json{{"id", 1}, {"method", connect}, {"params", json::object()}}.dump()},
                 {R"("id":1)",
                  json{{"id", 2}, {"method", subscribe}, {"params", {{"channel", room}}}}.dump()},
                 {R"("id":2)", ""}};
  };
  d.publish = [](const std::string& room, const std::string& text) {
    return json{
        {"id", 3}, {"method", publish}, {"params", {{"channel", room}, {"data", {{"text", text}}}}}}
        .dump();
  };
  return d;
}

/// Text comes back as it was sent; nobody is greeted.
dialect plain_echo() {
  dialect d;
  d.path = "/echo";
  d.greeting = [](int, const std::string&) { return lines{}; };
  d.publish = [](const std::string&, const std::string& text) { return text; };
  return d;
}

dialect socketio_echo() {
  auto d = socketio();
  d.greeting = [](int, const std::string&) { return lines{{"0{", "40"}, {"40", ""}}; };
  d.publish = [](const std::string&, const std::string& text) {
    return "42" + json{"echo", text}.dump();
  };
  return d;
}

}  // namespace

dialect dialect_of(std::string_view name, int stage) {
  static const std::map<std::string_view, std::function<dialect()>> known{
      {"confab-json", [] { return confab_in(false); }},
      {"confab-json-resume", [] { return confab_in(false, true); }},
      {"confab-cbor", [] { return confab_in(true); }},
      {"confab-json-echo", plain_echo},
      {"simple", simple},
      {"simple-echo", plain_echo},
      {"socketio", socketio},
      {"socketio-echo", socketio_echo},
      {"nats", nats},
      {"mqtt", mqtt},
      {"centrifuge", centrifuge},
  };
  auto d = known.at(name)();
  if (stage == 0) d.greeting = [](int, const std::string&) { return lines{}; };
  if (stage == 1)
    d.greeting = [whole = d.greeting](int client, const std::string& room) {
      auto begun = whole(client, room);
      begun.resize(2);
      begun.back().say.clear();
      return begun;
    };
  return d;
}

}  // namespace confab::bench
