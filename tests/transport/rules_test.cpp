#include "transport/address.hpp"
#include "transport/admission.hpp"
#include "transport/deflate.hpp"
#include "transport/handshake.hpp"
#include "transport/header_list.hpp"
#include "transport/http_answers.hpp"
#include "transport/http_head.hpp"
#include "transport/port.hpp"
#include "transport/routing.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>
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
  // A proxy that speaks another scheme to us leaves out the port that is implied there.
  REQUIRE(origin_allowed(from("https://a:80", "a"), none));
  REQUIRE(origin_allowed(from("http://a:443", "a"), none));
  REQUIRE(origin_allowed(from("https://a", "a:80"), none));
  REQUIRE(origin_allowed(from("http://[::1]:8080", "[::1]:8080"), none));
  REQUIRE_FALSE(origin_allowed(from("https://a:8443", "a"), none));
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

TEST_CASE("a host is served if it is listed, or local where only those are") {
  const auto served = [](std::string host, std::vector<std::string> hosts, bool local_only) {
    return host_served(with({{"Host", std::move(host)}}), hosts, local_only);
  };

  REQUIRE(served("anything.example", {}, false));
  REQUIRE(served("Chat.Example.", {"chat.example"}, false));
  REQUIRE(served("chat.example:8443", {"chat.example"}, false));
  REQUIRE(served("chat.example:8443", {"chat.example:8443"}, false));
  REQUIRE_FALSE(served("chat.example:8444", {"chat.example:8443"}, false));
  REQUIRE_FALSE(served("chat.example", {"chat.example:8443"}, false));
  REQUIRE(served("a.b.chat.example", {"*.chat.example"}, false));
  REQUIRE_FALSE(served("chat.example", {"*.chat.example"}, false));
  REQUIRE_FALSE(served("notchat.example", {"*.chat.example", "chat.example"}, false));
  REQUIRE_FALSE(served("localhost", {"chat.example"}, false));
  REQUIRE(served("anything.example", {"*"}, true));

  for (const auto* local : {"localhost", "localhost:8080", "chat.localhost", "127.0.0.1:8080",
                            "[::1]:8080", "10.0.0.7", "LOCALHOST"})
    REQUIRE(served(local, {}, true));
  for (const auto* foreign : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                              "", "[::1", "notlocalhost"})
    REQUIRE_FALSE(served(foreign, {}, true));
  REQUIRE(served("chat.example", {"chat.example"}, true));
}

TEST_CASE("networks have the addresses that begin like them") {
  const auto has = [](const char* text, const char* one) {
    return network::make(text)->has(*address::make(one));
  };

  REQUIRE(has("10.0.0.0/8", "10.255.0.1"));
  REQUIRE_FALSE(has("10.0.0.0/8", "11.0.0.1"));
  REQUIRE(has("192.168.4.0/22", "192.168.7.255"));
  REQUIRE_FALSE(has("192.168.4.0/22", "192.168.8.0"));
  REQUIRE(has("10.1.2.3", "::ffff:10.1.2.3"));
  REQUIRE_FALSE(has("10.1.2.3", "10.1.2.4"));
  REQUIRE(has("fd00::/8", "fdff::1"));
  REQUIRE(has("0.0.0.0/0", "1.2.3.4"));
  REQUIRE_FALSE(has("0.0.0.0/0", "fd00::1"));
  for (const auto* bad : {"", "10.0.0.0/33", "fd00::/129", "10.0.0", "a/8", "10.0.0.0/", "::1/x"})
    REQUIRE_FALSE(network::make(bad));
}

TEST_CASE("private addresses are those of nobody on the public Internet, however they are written") {
  const auto is_private = [](std::string_view text) {
    const auto all = private_networks();
    return std::ranges::any_of(all, [&](const auto& one) { return one.has(*address::make(text)); });
  };
  for (const auto* text :
       {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::a00:1", "64:ff9b:1::1", "2002:a00:1::1", "2001::1", "2001:db8::1", "fc00::1", "fdff::1", "fe80::1",
        "febf::1", "fec0::1", "ff02::1"}) {
    INFO(text);
    CHECK(is_private(text));
  }
  for (const auto* text : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
                           "172.32.0.0", "192.167.255.255", "223.255.255.255", "::ffff:1.1.1.1", "2600::1",
                           "2a00:1450:4001::1", "64:ff9c::1"}) {
    INFO(text);
    CHECK_FALSE(is_private(text));
  }
}

TEST_CASE("who asks is the last in the list of proxies that none of them is") {
  auto proxies = loopback_networks();
  proxies.push_back(*network::make("10.0.0.0/8"));
  const auto asks = [&](std::string_view peer, std::string_view list) {
    return client_address(peer, list, proxies);
  };

  CHECK(asks("127.0.0.1", "203.0.113.9") == "203.0.113.9");
  CHECK(asks("::1", " 2001:db8::7\t") == "2001:db8::7");
  CHECK(asks("127.0.0.1", "203.0.113.9, 10.1.2.3") == "203.0.113.9");
  CHECK(asks("127.0.0.1", "127.0.0.1,198.51.100.1,203.0.113.9,10.1.2.3") == "203.0.113.9");
  CHECK(asks("127.0.0.1", "10.1.2.3") == "10.1.2.3");
  CHECK(asks("198.51.100.1", "203.0.113.9") == "198.51.100.1");  // nobody's proxy
  CHECK(asks("", "203.0.113.9").empty());                        // of a Unix domain socket
  for (const auto* list : {"", ",", "203.0.113.9,", "unknown", "203.0.113.9, unknown",
                           "203.0.113.9:80", "<script>", "203.0.113.9 10.0.0.1"})
    CHECK(asks("127.0.0.1", list) == "127.0.0.1");
}

TEST_CASE("addresses are counted one by one, of IPv6 those of one network") {
  const auto counted = [](std::string_view peer) { return counted_as(peer, {}); };
  REQUIRE(counted("10.1.2.3") == "10.1.2.3");
  REQUIRE(counted("::ffff:10.1.2.3") == "10.1.2.3");
  REQUIRE(counted("2001:db8:1:2:3::4") == counted("2001:db8:1:2:ffff::5"));
  REQUIRE(counted("2001:db8:1:2::4") != counted("2001:db8:1:3::4"));
  REQUIRE(counted("fe80::1%eth0") == counted("fe80::2"));
  REQUIRE(counted("no address") == "no address");
}

TEST_CASE("who comes through a proxy is not counted, and a private address is none by itself") {
  const std::vector<network> proxies{*network::make("127.0.0.0/8"), *network::make("fd00::/8")};
  for (const auto* peer : {"127.8.8.8", "::ffff:127.0.0.1", "fd12::1", "fd12::1%eth0"})
    REQUIRE(counted_as(peer, proxies).empty());
  for (const auto* peer : {"128.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fe80::1"})
    REQUIRE_FALSE(counted_as(peer, proxies).empty());
}

TEST_CASE("Connection and Upgrade are lists, in as many lines as one likes") {
  const auto asks = [](std::vector<std::pair<std::string, std::string>> headers) {
    auto request = with(std::move(headers));
    request.method = "GET";
    return asks_for_websocket(request, 11);
  };

  REQUIRE(asks({{"Connection", "Upgrade"}, {"Upgrade", "websocket"}}));
  REQUIRE(asks({{"Connection", "keep-alive, upgrade"}, {"upgrade", "h2c, WebSocket"}}));
  REQUIRE(
      asks({{"Connection", "keep-alive"}, {"Connection", "Upgrade"}, {"Upgrade", "websocket"}}));
  REQUIRE_FALSE(asks({{"Connection", "keep-alive"}, {"Upgrade", "websocket"}}));
  REQUIRE_FALSE(asks({{"Connection", "Upgraded"}, {"Upgrade", "websocket"}}));
}

TEST_CASE("an exact path wins over prefixes, and the longest of these over the others") {
  std::vector<http_route> routes(4);
  routes[0].path = "/*";
  routes[1].path = "/sdk/*";
  routes[2].path = "/sdk/x.js";
  routes[3].path = "/only";

  REQUIRE(find_route(routes, "/sdk/x.js", "GET") == &routes[2]);
  REQUIRE(find_route(routes, "/sdk/y.js", "GET") == &routes[1]);
  REQUIRE(find_route(routes, "/sdk", "GET") == &routes[0]);
  routes.erase(routes.begin());
  REQUIRE(find_route(routes, "/onlyx", "GET") == nullptr);
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
  REQUIRE(doors->admit("c").second.reserved());
  REQUIRE(doors->open_count() == 3);

  a1.second = {};
  REQUIRE(doors->open_count() == 2);
  REQUIRE(doors->admit("a").first == admission::verdict::admitted);
}

TEST_CASE("a folded line is found in a head that is not whole yet, and in no body") {
  for (const auto* folded : {"GET / HTTP/1.1\r\nA: b\r\n c", "GET / HTTP/1.1\r\n\tA: b\r\n\r\n"})
    REQUIRE(has_folded_line(folded));
  for (const auto* plain : {"", " ", "GET / HTTP/1.1\r\nA: b\r\n", "A: b c\r\n\r\n body\n body"})
    REQUIRE_FALSE(has_folded_line(plain));
}
