#include "transport/http_answers.hpp"

#include <utility>

namespace confab::transport {

http_response refuse(unsigned status, std::string text) {
  http_response out;
  out.status = status;
  out.body = std::move(text) + "\n";
  return out;
}

http_response refuse_for_now(unsigned status, std::string text) {
  auto out = refuse(status, std::move(text));
  out.headers.emplace_back("Retry-After", "1");
  return out;
}

http_response wrong_method(std::string methods) {
  auto out = refuse(405, "only " + methods);
  out.headers.emplace_back("Allow", std::move(methods));
  return out;
}

http_response internal_error() { return refuse(500, "internal error"); }

http_response refuse_subprotocols(const websocket_route& route) {
  http_response out;
  out.status = 400;
  out.content_type = "application/json";
  out.body = R"({"error":"unknown_subprotocol","known":[)";
  for (const auto& each : route.subprotocols) {
    if (&each != &route.subprotocols.front()) out.body += ',';
    out.body += '"' + each.name + '"';
  }
  out.body += "]}\n";
  return out;
}

http_response upgrade_required() {
  auto out = refuse(426, "this path speaks WebSocket");
  out.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}};
  return out;
}

}  // namespace confab::transport
