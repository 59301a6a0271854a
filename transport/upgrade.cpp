#include "transport/upgrade.hpp"

#include "protocol/base64url.hpp"
#include "transport/deflate.hpp"
#include "transport/handshake.hpp"
#include "transport/http_answers.hpp"
#include "transport/reactor.hpp"

#include <utility>

namespace confab::transport {

namespace {

void note_refusal(const site& shared, const http_request& request, std::string_view reason,
                  std::string_view detail) {
  shared.note({incident_kind::upgrade_refused, reason, request.peer_address, detail});
}

}  // namespace

std::variant<agreement, http_response> judge_upgrade(const site& shared,
                                                     const http_request& request,
                                                     const websocket_route& route) {
  const auto refused = [&](http_response answer, std::string_view reason, std::string_view detail) {
    note_refusal(shared, request, reason, detail);
    return answer;
  };
  if (shared.draining) return refused(refuse_for_now(503, "the server stops"), "draining", {});
  const auto key = request.header("sec-websocket-key");
  if (!key || !is_websocket_key(*key))
    return refused(refuse(400, "Sec-WebSocket-Key is missing or wrong"), "malformed", "key");
  if (request.header("sec-websocket-version") != "13")
    return refused(upgrade_required(), "malformed", "version");
  if (!origin_allowed(request, shared.how.origins))
    return refused(refuse(403, "origin not allowed"), "origin", *request.header("origin"));
  auto chosen = choose_subprotocol(request, route);
  if (!chosen)
    return refused(refuse_subprotocols(route), "subprotocol",
                   request.list("sec-websocket-protocol"));

  agreement out;
  out.route = &route;
  out.key = *key;
  out.subprotocol = std::move(chosen->subprotocol);
  out.format.objects = chosen->objects;
  if (chosen->first_message) {
    out.first_message = base64url_decoded(*chosen->first_message);
    if (!out.first_message)
      return refused(refuse(400, "the message in the request is not base64url"), "malformed",
                     "first message");
  }
  if (shared.how.compression) {
    if (auto answer = accept_deflate_offer(request.list("sec-websocket-extensions"))) {
      out.extension = std::move(*answer);
      out.format.deflate = true;
    }
  }
  if (route.authorize_later) return out;
  try {
    auto verdict = route.authorize(request);
    if (auto* no = std::get_if<upgrade_refused>(&verdict))
      return refused(std::move(no->response), "credentials", no->detail);
    out.make_session = std::get<session_factory>(std::move(verdict));
  } catch (...) {
    shared.note_bug("authorize");
    return internal_error();
  }
  return out;
}

void ask(const site& shared, const websocket_route& route,
         const std::shared_ptr<upgrade_handle::slot>& slot) {
  const auto handle = std::make_shared<upgrade_handle>(slot);
  try {
    route.authorize_later(handle);
  } catch (...) {
    shared.note_bug("authorize");
    slot->give(upgrade_refused{internal_error(), "internal error"});
  }
}

std::optional<http_response> settle(const site& shared, upgrade_handle::slot& slot,
                                    agreement& into) {
  const bool in_time = slot.over();
  auto verdict = slot.take();
  if (!verdict && !in_time) {
    note_refusal(shared, slot.request(), "late", {});
    return refuse(503, "no answer in time");
  }
  if (!verdict) {
    shared.note({incident_kind::bug, "authorize", {}, "the question was not answered"});
    return internal_error();
  }
  if (auto* no = std::get_if<upgrade_refused>(&*verdict)) {
    note_refusal(shared, slot.request(), "credentials", no->detail);
    return std::move(no->response);
  }
  into.make_session = std::get<session_factory>(std::move(*verdict));
  return std::nullopt;
}

}  // namespace confab::transport
