// The head of an HTTP request, from bytes to what the rules of the upgrade make of it.

#include "protocol/base64url.hpp"
#include "tests/fuzzing/fuzzing.hpp"
#include "transport/deflate.hpp"
#include "transport/handshake.hpp"
#include "transport/header_list.hpp"
#include "transport/http_connection.hpp"
#include "transport/http_head.hpp"

using namespace confab::transport;
using confab::fuzzing::must;

namespace {

bool has_line_break(std::string_view text) { return text.find_first_of("\r\n") != text.npos; }

websocket_route route() {
  websocket_route out;
  out.path = "/ws";
  return out;
}

void check(const http_request& request) {
  for (const auto& [name, value] : request.headers) {
    must(!name.empty(), "a header has a name");
    must(!has_line_break(name) && !has_line_break(value), "no header holds a line break");
    must(request.header(name).has_value(), "a header is found by its name");
  }
  must(request.path.find('?') == request.path.npos, "a path has no query");
  must(!has_line_break(request.path) && !has_line_break(request.query), "a target is one line");

  if (const auto token = request.bearer())
    must(!token->empty() && token->find(' ') == token->npos, "a token is one word");
  (void)request.cookie("session");
  (void)request.parameter("a");
  const auto origin = request.header("origin");
  if (!origin) must(origin_allowed(request, {}), "without an origin there is nothing to refuse");
  must(origin_allowed(request, {"*"}), "* is any origin");
  if (const auto key = request.header("sec-websocket-key"); key && is_websocket_key(*key)) {
    const auto answer = upgrade_answer(*key, {}, {});
    must(answer.ends_with("\r\n\r\n"), "an answer has an end");
  }
  static const auto ws = route();
  if (const auto chosen = choose_subprotocol(request, ws)) {
    must(!has_line_break(chosen->subprotocol), "a subprotocol is one line");
    if (chosen->first_message) (void)confab::base64url_decoded(*chosen->first_message);
  }
  if (const auto extension = accept_deflate_offer(request.list("sec-websocket-extensions")))
    must(extension->starts_with("permessage-deflate; server_no_context_takeover"),
         "deflate is accepted in one way only");
  (void)etag_matches(request.header("if-none-match").value_or(""), "\"tag\"");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::request_parser<http::string_body> parser;
  parser.header_limit(4096);
  parser.body_limit(1024);
  parser.eager(true);
  boost::beast::flat_buffer buffer;
  boost::beast::error_code ec;
  auto left = boost::asio::buffer(data, size);
  while (left.size() > 0 && !parser.is_done()) {
    const auto taken = parser.put(left, ec);
    if (ec || taken == 0) break;
    left += taken;
  }
  if (ec && ec != http::error::need_more) {
    const auto status = status_for(ec);
    must(status == 0 || (status >= 400 && status < 500), "it is the client's fault");
  }
  if (parser.is_header_done()) check(to_request(parser.get(), "127.0.0.1", false));
  return 0;
}
