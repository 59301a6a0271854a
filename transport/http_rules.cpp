#include "protocol/base64url.hpp"
#include "transport/http_connection.hpp"

namespace confab::transport {

http_request to_request(const http::request<http::string_body>& from, std::string peer_address,
                        bool secure) {
  http_request out;
  out.method = std::string(from.method_string());
  std::string_view target(from.target().data(), from.target().size());
  // The absolute form (RFC 9112 §3.2.2) is for proxies, but must be understood.
  if (const auto scheme = target.find("://"); !target.starts_with('/') && scheme != target.npos) {
    const auto path = target.find('/', scheme + 3);
    target = path == target.npos ? std::string_view("/") : target.substr(path);
  }
  const auto query = target.find('?');
  out.path = std::string(target.substr(0, query));
  if (query != target.npos) out.query = std::string(target.substr(query + 1));
  for (const auto& field : from)
    out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  out.peer_address = std::move(peer_address);
  out.secure = secure;
  out.body = from.body();
  return out;
}

http::response<http::string_body> to_response(http_response&& from, const http_request& to,
                                              bool keep_alive) {
  http::response<http::string_body> out;
  out.version(11);
  out.result(from.status);
  out.set(http::field::server, "confab");
  for (const auto& [name, value] : from.headers) out.insert(name, value);
  out.keep_alive(keep_alive);
  if (from.status == 304 || from.status == 204) return out;
  if (!from.content_type.empty()) out.set(http::field::content_type, from.content_type);
  out.content_length(from.body.size());
  if (to.method != "HEAD") out.body() = std::move(from.body);
  return out;
}

http_response respond(const site& shared, const http_request& request) {
  const auto* page = find_route(shared.pages, request.path);
  if (!page) {
    if (!find_route(shared.websockets, request.path)) return refuse(404, "there is nothing here");
    if (request.method == "GET") return upgrade_required();
    auto out = refuse(405, "GET only");
    out.headers.emplace_back("Allow", "GET");
    return out;
  }
  if (!list_has(page->methods, request.method)) {
    auto out = refuse(405, "only " + page->methods);
    out.headers.emplace_back("Allow", page->methods);
    return out;
  }
  http_response out;
  try {
    out = page->respond(request);
  } catch (const std::exception& e) {
    if (shared.how.log) shared.how.log("page_failed", "path=" + request.path + " what=" + e.what());
    return refuse(500, "internal error");
  }
  const auto wanted = request.header("if-none-match");
  if (out.status == 200 && wanted)
    for (const auto& [name, value] : out.headers)
      if (beast::iequals(name, "etag") && etag_matches(*wanted, value)) {
        out.status = 304;
        out.body.clear();
        break;
      }
  return out;
}

std::variant<agreement, http_response> judge_upgrade(const site& shared,
                                                     const http_request& request,
                                                     const websocket_route& route) {
  if (shared.draining) {
    auto out = refuse(503, "the server stops");
    out.headers.emplace_back("Retry-After", "1");
    return out;
  }
  const auto key = request.header("sec-websocket-key");
  if (!key || !is_websocket_key(*key)) return refuse(400, "Sec-WebSocket-Key is missing or wrong");
  if (request.header("sec-websocket-version") != "13") return upgrade_required();
  if (!origin_allowed(request, shared.how.origins)) return refuse(403, "origin not allowed");
  auto chosen = choose_subprotocol(request, route);
  if (!chosen) return refuse_subprotocols(route);

  agreement out;
  out.route = &route;
  out.key = *key;
  out.subprotocol = std::move(chosen->subprotocol);
  out.format.objects = chosen->objects;
  if (chosen->first_message) {
    out.first_message = base64url_decoded(*chosen->first_message);
    if (!out.first_message) return refuse(400, "the message in the request is not base64url");
  }
  if (shared.how.compression) {
    if (auto answer = accept_deflate_offer(request.list("sec-websocket-extensions"))) {
      out.extension = std::move(*answer);
      out.format.deflate = true;
    }
  }
  try {
    auto verdict = route.authorize(request);
    if (auto* refused = std::get_if<upgrade_refused>(&verdict)) return std::move(refused->response);
    out.make_session = std::get<session_factory>(std::move(verdict));
  } catch (const std::exception& e) {
    if (shared.how.log) shared.how.log("authorize_failed", std::string("what=") + e.what());
    return refuse(500, "internal error");
  }
  return out;
}

unsigned status_for(const error_code& ec) {
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) return 0;
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) return 431;
  if (ec == http::error::body_limit) return 413;
  if (ec.category() == make_error_code(http::error::bad_method).category()) return 400;
  return 0;
}

}  // namespace confab::transport
