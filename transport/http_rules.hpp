#pragma once

#include "transport/late_answer.hpp"
#include "transport/reactor.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>
#include <string>
#include <variant>

/// What is done with a request and its answer, whatever the stream they go over.
namespace confab::transport {

namespace http = beast::http;

http_request to_request(const http::request_header<>& from, std::string peer_address, bool secure);
http::response<http::string_body> to_response(http_response&& from, const http_request& to,
                                              bool keep_alive);
/// The head of a response whose body follows in chunks.
http::response<http::empty_body> to_head(http_response&& from, bool keep_alive, bool chunked);

/// What is wrong with a request before its body is read: the answer that ends the connection.
std::optional<http_response> refuse_head(const site& shared, const http_request& request,
                                         unsigned version);
/// Whether the row wants the request refused before its body is read.
std::optional<http_response> refuse_early(const site& shared, const http_request& request);
/// The answer to what could not be read.
http_response refuse_unread(const site& shared, const http_request& request, unsigned status,
                            std::string reason);
/// How large the body of `request` may be.
std::size_t body_bytes_max(const site& shared, const http_request& request);
/// What keeps an intelligible request from being served: who it is for, or that there is no place.
std::optional<http_response> turn_down(const site& shared, const http_request& request,
                                       bool reserved);

/// The row that answers a request, or the answer itself if there is none.
std::variant<const http_route*, http_response> find_page(const site& shared, http_request& request);
/// The answer of a row that answers at once.
http_response respond(const site& shared, const http_route& page, const http_request& request);
/// 304 where the request has it already.
void spare_unchanged(const http_request& request, http_response& answer);
/// Asks a row that answers later.
void ask(const site& shared, const http_route& page,
         const std::shared_ptr<exchange_handle::slot>& slot);
/// What a late answer has come to.
late_response settle(const site& shared, exchange_handle::slot& slot);

/// What to answer to a request that could not be read; 0: nothing, it is not HTTP's fault.
unsigned status_for(const error_code& ec);

}  // namespace confab::transport
