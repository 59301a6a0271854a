#include "load/endpoint.hpp"
#include "tests/support/catch.hpp"

#include <arpa/inet.h>

using namespace confab::load;

namespace {

address address_of(const char* text) {
  address out;
  auto& to = reinterpret_cast<sockaddr_in&>(out.storage);
  to.sin_family = AF_INET;
  inet_pton(AF_INET, text, &to.sin_addr);
  out.size = sizeof to;
  return out;
}

/// Empty: any.
std::string source_of(const char* server, std::uint64_t number) {
  const auto from = source_for(address_of(server), number);
  if (from.size == 0) return {};
  std::string out(INET_ADDRSTRLEN, '\0');
  return inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(from.storage).sin_addr,
                   out.data(), INET_ADDRSTRLEN);
}

}  // namespace

TEST_CASE("on loopback every 25,000 connections come from another address") {
  CHECK(source_of("127.0.0.1", 24'999).empty());
  CHECK(source_of("127.0.0.1", 25'000) == "127.0.0.2");
  CHECK(source_of("127.0.0.1", 60'000) == "127.0.0.3");
  CHECK(source_of("192.0.2.1", 60'000).empty());
}

TEST_CASE("the parts of an address of a server are found") {
  const auto found = find_endpoint("wss://127.0.0.1:8443/chat/ws?x=1");
  REQUIRE(std::holds_alternative<endpoint>(found));
  const auto& server = std::get<endpoint>(found);
  CHECK(server.is_tls);
  CHECK(server.host == "127.0.0.1");
  CHECK(server.host_header == "127.0.0.1:8443");
  CHECK(server.port == "8443");
  CHECK(server.path == "/chat/ws?x=1");
  CHECK(std::get<endpoint>(find_endpoint("ws://[::1]:80/")).host == "::1");
  CHECK(std::get<endpoint>(find_endpoint("ws://127.0.0.1")).port == "80");
}

TEST_CASE("what is no address of a WebSocket server is refused") {
  for (const auto* wrong : {"", "http://a", "ws://", "ws://127.0.0.1:0x1/", "ws://127.0.0.1:99999/",
                            "ws://127.0.0.1/a b"})
    CHECK(std::holds_alternative<std::string>(find_endpoint(wrong)));
}
