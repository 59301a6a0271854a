#include "transport/admission.hpp"
#include "transport/deflate.hpp"
#include "transport/handshake.hpp"
#include "transport/port.hpp"

#include "tests/support/catch.hpp"

#include <string>
#include <vector>

using namespace confab;
using namespace confab::transport;

namespace {

http_request with(std::vector<std::pair<std::string, std::string>> headers) {
  http_request out;
  out.headers = std::move(headers);
  return out;
}

}  // namespace

TEST_CASE("headers are found whatever their case") {
  const auto request = with({{"X-One", "1"}, {"x-one", "2"}});

  REQUIRE(request.header("x-ONE") == "1");
  REQUIRE_FALSE(request.header("x-two"));
}

TEST_CASE("cookies are found by their whole name, in any of the cookie headers") {
  const auto request =
      with({{"Cookie", "sid=abc; theme=dark;flag"}, {"cookie", "other=\"q;\"; sidx=no"}});

  REQUIRE(request.cookie("sid") == "abc");
  REQUIRE(request.cookie("theme") == "dark");
  REQUIRE(request.cookie("sidx") == "no");
  REQUIRE_FALSE(request.cookie("flag"));
  REQUIRE_FALSE(request.cookie("si"));
}

TEST_CASE("query parameters are decoded, and malformed ones are not there") {
  http_request request;
  request.query = "a=1&b=x%20y+z&c=%zz&d&e=%4&%66=six";

  REQUIRE(request.parameter("a") == "1");
  REQUIRE(request.parameter("b") == "x y z");
  REQUIRE_FALSE(request.parameter("c"));
  REQUIRE(request.parameter("d") == "");
  REQUIRE_FALSE(request.parameter("e"));
  REQUIRE(request.parameter("f") == "six");
  REQUIRE_FALSE(request.parameter("g"));
}

TEST_CASE("a bearer token is what stands behind its scheme") {
  REQUIRE(with({{"Authorization", "Bearer abc.def"}}).bearer() == "abc.def");
  REQUIRE(with({{"authorization", "bearer  abc "}}).bearer() == "abc");
  REQUIRE_FALSE(with({{"Authorization", "Basic abc"}}).bearer());
  REQUIRE_FALSE(with({{"Authorization", "Bearer "}}).bearer());
  REQUIRE_FALSE(with({{"Authorization", "Bearer a b"}}).bearer());
  REQUIRE_FALSE(with({}).bearer());
}

TEST_CASE("an origin is allowed if it is the host's own, listed, or none") {
  const std::vector<std::string> none;
  const auto from = [](std::string origin, std::string host) {
    return with({{"Host", std::move(host)}, {"Origin", std::move(origin)}});
  };

  REQUIRE(origin_allowed(with({{"Host", "a"}}), none));
  REQUIRE(origin_allowed(from("http://a:8080", "A:8080"), none));
  REQUIRE(origin_allowed(from("https://a", "a:443"), none));
  REQUIRE(origin_allowed(from("http://a:80", "a"), none));
  REQUIRE_FALSE(origin_allowed(from("http://a:8081", "a:8080"), none));
  REQUIRE_FALSE(origin_allowed(from("http://b", "a"), none));
  REQUIRE_FALSE(origin_allowed(from("null", "a"), none));
  REQUIRE(origin_allowed(from("https://b", "a"), {"https://B"}));
  REQUIRE_FALSE(origin_allowed(from("http://b", "a"), {"https://b"}));
  REQUIRE(origin_allowed(from("null", "a"), {"*"}));
}

TEST_CASE("the first offered subprotocol that is known is taken") {
  websocket_route route;
  route.subprotocols = {{"v1.json", codec::json}, {"v1.cbor", codec::cbor}};

  REQUIRE(choose_subprotocol(with({{"Sec-WebSocket-Protocol", "x, v1.cbor ,v1.json"}}), route)
              ->subprotocol == "v1.cbor");
  REQUIRE(choose_subprotocol(
              with({{"Sec-WebSocket-Protocol", "x"}, {"Sec-WebSocket-Protocol", "v1.cbor"}}), route)
              ->objects == codec::cbor);
  REQUIRE(choose_subprotocol(with({}), route)->subprotocol.empty());
  REQUIRE_FALSE(choose_subprotocol(with({{"Sec-WebSocket-Protocol", "V1.JSON"}}), route));
  REQUIRE(choose_subprotocol(with({{"Sec-WebSocket-Protocol", "x"}}), {})->subprotocol.empty());
}

TEST_CASE("a first message is found among the subprotocols, and is none that could be chosen") {
  websocket_route route;
  route.subprotocols = {{"v1.json", codec::json}};
  const auto offer = with({{"Sec-WebSocket-Protocol", "say.aGk, v1.json"}});
  const auto alone = with({{"Sec-WebSocket-Protocol", "say.aGk"}});

  REQUIRE_FALSE(choose_subprotocol(offer, route)->first_message);
  route.first_message_prefix = "say.";
  REQUIRE(choose_subprotocol(offer, route)->subprotocol == "v1.json");
  REQUIRE(choose_subprotocol(offer, route)->first_message == "aGk");
  REQUIRE_FALSE(choose_subprotocol(alone, route));
}

TEST_CASE("an exact path wins over prefixes, and the longest of these over the others") {
  std::vector<http_route> routes(4);
  routes[0].path = "/*";
  routes[1].path = "/sdk/*";
  routes[2].path = "/sdk/x.js";
  routes[3].path = "/only";

  REQUIRE(find_route(routes, "/sdk/x.js") == &routes[2]);
  REQUIRE(find_route(routes, "/sdk/y.js") == &routes[1]);
  REQUIRE(find_route(routes, "/sdk") == &routes[0]);
  routes.erase(routes.begin());
  REQUIRE(find_route(routes, "/onlyx") == nullptr);
}

TEST_CASE("entity tags are compared weakly") {
  REQUIRE(etag_matches("\"a\", W/\"b\"", "\"b\""));
  REQUIRE(etag_matches("*", "\"b\""));
  REQUIRE_FALSE(etag_matches("\"a\"", "\"b\""));
}

TEST_CASE("an offer of permessage-deflate is taken where both sides can forget the context") {
  const std::string plain =
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

  REQUIRE(accept_deflate_offer("permessage-deflate") == plain);
  REQUIRE(accept_deflate_offer("permessage-deflate; client_max_window_bits") == plain);
  REQUIRE(accept_deflate_offer("x-other, permessage-deflate; client_max_window_bits=\"10\"") ==
          plain);
  REQUIRE(accept_deflate_offer("permessage-deflate; server_max_window_bits=15") ==
          plain + "; server_max_window_bits=15");
  // Our frames are compressed once for everybody, with the whole window.
  REQUIRE_FALSE(accept_deflate_offer("permessage-deflate; server_max_window_bits=10"));
  REQUIRE(accept_deflate_offer(
              "permessage-deflate; server_max_window_bits=10, permessage-deflate") == plain);
  REQUIRE_FALSE(accept_deflate_offer("permessage-deflate; unknown"));
  REQUIRE_FALSE(accept_deflate_offer("permessage-deflate; client_max_window_bits=16"));
  REQUIRE_FALSE(
      accept_deflate_offer("permessage-deflate; client_max_window_bits; client_max_window_bits"));
  REQUIRE_FALSE(accept_deflate_offer(""));
}

TEST_CASE("an inflater takes messages up to the bound, and says what is wrong with others") {
  inflater stream;
  const std::string text(10'000, 'z');
  const auto packed = deflate_payload(text);

  REQUIRE(stream.run(packed, 10'000).payload == text);
  REQUIRE(stream.run(packed, 9'999).failed == inflater::failure::too_big);
  REQUIRE(stream.run("\xff\xff\xff", 100).failed == inflater::failure::corrupt);
  REQUIRE(stream.run(std::string_view("\0", 1), 100).failed == inflater::failure::none);
  REQUIRE(stream.run(std::string_view("\0", 1), 100).payload.empty());
  REQUIRE(stream.run(packed, 10'000).payload == text);
}

TEST_CASE("a key of the handshake is sixteen bytes in base64, and is answered as in the RFC") {
  REQUIRE(is_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
  for (const auto* bad :
       {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=x",
        "dGhlIHNhbXBsZSBub25j\r\n==", "dGhlIHNhbXBsZSBub25jZQdGhlIHNhbXBsZSBub25jZQ=="})
    REQUIRE_FALSE(is_websocket_key(bad));

  // RFC 6455 §1.3.
  const auto answer = upgrade_answer("dGhlIHNhbXBsZSBub25jZQ==", "chat", "");
  REQUIRE(answer.starts_with("HTTP/1.1 101 "));
  REQUIRE(answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != answer.npos);
  REQUIRE(answer.find("Sec-WebSocket-Protocol: chat\r\n") != answer.npos);
  REQUIRE(answer.find("Extensions") == answer.npos);
  REQUIRE(answer.ends_with("\r\n\r\n"));
}

TEST_CASE("connections are admitted up to the bounds, and their places are given back") {
  const auto doors = std::make_shared<admission>(3, 2);
  auto a1 = doors->admit("a");
  auto a2 = doors->admit("a");
  REQUIRE(a2.first == admission::verdict::admitted);
  REQUIRE(doors->admit("a").first == admission::verdict::address_full);
  auto b = doors->admit("b");
  REQUIRE(b.first == admission::verdict::admitted);
  REQUIRE(doors->admit("c").first == admission::verdict::full);

  a1.second = {};
  REQUIRE(doors->open_count() == 2);
  REQUIRE(doors->admit("a").first == admission::verdict::admitted);
}
