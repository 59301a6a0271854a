#include "transport/http_rules.hpp"

#include "transport/header_list.hpp"
#include "transport/http_answers.hpp"
#include "transport/http_head.hpp"
#include "transport/routing.hpp"

#include <algorithm>
#include <utility>

namespace confab::transport {

namespace {

/// Or too little memory, in which connections that are kept go on asking.
http_response too_many() { return refuse_for_now(503, "too many connections"); }

bool is_health(const site& shared, const http_request& request) {
  const auto* page = find_route(shared.pages, request.path, request.method);
  return page && page->health;
}

}  // namespace

http_request to_request(const http::request_header<>& from, std::string peer_address, bool secure) {
  http_request out;
  out.method = std::string(from.method_string());
  std::string_view target(from.target().data(), from.target().size());
  for (const auto& field : from)
    out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  // The absolute form (RFC 9112 §3.2.2) is for proxies, but must be understood.
  if (const auto scheme = target.find("://"); !target.starts_with('/') && scheme != target.npos) {
    target.remove_prefix(scheme + 3);
    const auto path = std::min(target.find_first_of("/?"), target.size());
    for (auto& [name, value] : out.headers)
      if (equal_ignoring_case(name, "host")) value = target.substr(0, path);
    target.remove_prefix(path);
    if (!target.starts_with('/')) out.path = "/";
  }
  const auto query = target.find('?');
  out.path += target.substr(0, query);
  if (query != target.npos) out.query = std::string(target.substr(query + 1));
  out.peer_address = std::move(peer_address);
  out.secure = secure;
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

http::response<http::empty_body> to_head(http_response&& from, bool keep_alive, bool chunked) {
  http::response<http::empty_body> out;
  out.version(11);
  out.result(from.status);
  out.set(http::field::server, "confab");
  for (const auto& [name, value] : from.headers) out.insert(name, value);
  if (!from.content_type.empty()) out.set(http::field::content_type, from.content_type);
  out.keep_alive(keep_alive);
  out.chunked(chunked);
  return out;
}

std::optional<http_response> refuse_head(const site& shared, const http_request& request,
                                         unsigned version) {
  auto fault = head_fault(request, version);
  if (!fault) return std::nullopt;
  shared.note({incident_kind::request_refused, "malformed", request.peer_address, *fault});
  return refuse(400, std::move(*fault));
}

std::optional<http_response> refuse_early(const site& shared, const http_request& request) {
  const auto* page = find_route(shared.pages, request.path, request.method);
  if (!page || !page->refuse_early) return std::nullopt;
  try {
    return page->refuse_early(request);
  } catch (...) {
    shared.note_bug("page " + page->path);
    return internal_error();
  }
}

http_response refuse_unread(const site& shared, const http_request& request, unsigned status,
                            std::string reason) {
  constexpr unsigned body_too_large = 413;
  const auto* page = find_route(shared.pages, request.path, request.method);
  if (status == body_too_large && page && page->too_large) return page->too_large(request);
  return refuse(status, std::move(reason));
}

std::size_t body_bytes_max(const site& shared, const http_request& request) {
  const auto* page = find_route(shared.pages, request.path, request.method);
  return page ? page->body_bytes_max : http_route{}.body_bytes_max;
}

std::optional<http_response> turn_down(const site& shared, const http_request& request,
                                       bool reserved) {
  const bool spares = shared.admission->is_closed();
  if (!reserved && !spares && host_served(request, shared.how.hosts, shared.how.local_hosts_only))
    return std::nullopt;
  if (is_health(shared, request)) return std::nullopt;
  if (reserved || spares) return too_many();
  shared.note({incident_kind::request_refused, "host", request.peer_address,
               request.header("host").value_or("")});
  return refuse(421, "this server does not answer for that host");
}

std::variant<const http_route*, http_response> find_page(const site& shared,
                                                         http_request& request) {
  const auto* page = find_route(shared.pages, request.path, request.method);
  if (!page) {
    if (!find_route(shared.websockets, request.path)) return refuse(404, "there is nothing here");
    if (request.method == "GET") return upgrade_required();
    return wrong_method("GET");
  }
  if (!list_has(page->methods, request.method)) {
    auto methods = methods_of(shared.pages, *page) + ", OPTIONS";
    if (request.method != "OPTIONS") return wrong_method(std::move(methods));
    http_response which;
    which.status = 204;
    which.headers.emplace_back("Allow", std::move(methods));
    return which;
  }
  request.path_parameters = path_parameters(page->path, request.path);
  return page;
}

http_response respond(const site& shared, const http_route& page, const http_request& request) {
  try {
    auto out = page.respond(request);
    spare_unchanged(request, out);
    return out;
  } catch (...) {
    shared.note_bug("page " + page.path);
    return internal_error();
  }
}

void spare_unchanged(const http_request& request, http_response& answer) {
  const auto wanted = answer.status == 200 ? request.header("if-none-match") : std::nullopt;
  if (!wanted) return;
  for (const auto& [name, value] : answer.headers)
    if (equal_ignoring_case(name, "etag") && etag_matches(*wanted, value)) {
      answer.status = 304;
      answer.body.clear();
      return;
    }
}

void ask(const site& shared, const http_route& page,
         const std::shared_ptr<exchange_handle::slot>& slot) {
  // Kept until here: its end would be an answer.
  const auto handle = std::make_shared<exchange_handle>(slot, shared.how.stream_bytes_max);
  try {
    page.respond_later(handle);
  } catch (...) {
    shared.note_bug("page " + page.path);
    slot->give(late_response{internal_error(), nullptr});
  }
}

late_response settle(const site& shared, exchange_handle::slot& slot) {
  const bool in_time = slot.over();
  auto given = slot.take();
  if (!given && !in_time) return {refuse(503, "no answer in time"), nullptr};
  if (!given) {
    shared.note({incident_kind::bug, "page", {}, slot.request().path + " was not answered"});
    return {internal_error(), nullptr};
  }
  if (!given->body) spare_unchanged(slot.request(), given->head);
  return std::move(*given);
}

unsigned status_for(const error_code& ec) {
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) return 0;
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) return 431;
  if (ec == http::error::body_limit) return 413;
  if (ec.category() == make_error_code(http::error::bad_method).category()) return 400;
  return 0;
}

}  // namespace confab::transport
