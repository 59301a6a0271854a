#include "transport/handshake.hpp"

#include "transport/address.hpp"
#include "transport/header_list.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace confab::transport {

namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

}  // namespace

bool origin_allowed(const http_request& request, const std::vector<std::string>& allowed) {
  const auto origin = request.header("origin");
  if (!origin) return true;
  const auto wanted = lowered(*origin);
  for (const auto& each : allowed)
    if (each == "*" || lowered(each) == wanted) return true;
  // The scheme is not compared: behind a proxy that ends TLS the page's is https, ours is not.
  const auto scheme_end = wanted.find("://");
  const auto host = request.header("host");
  if (scheme_end == wanted.npos || !host) return false;
  const std::string_view scheme = std::string_view(wanted).substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") return false;
  const auto page = host_name::make(std::string_view(wanted).substr(scheme_end + 3));
  return page && page == host_name::make(*host);
}

bool asks_for_websocket(const http_request& request, unsigned version) {
  return version >= 11 && request.method == "GET" && request.has_token("connection", "upgrade") &&
         request.has_token("upgrade", "websocket");
}

std::optional<negotiated> choose_subprotocol(const http_request& request,
                                             const websocket_route& route) {
  if (route.subprotocols.empty()) return negotiated{};
  const auto offered = request.list("sec-websocket-protocol");
  if (offered.empty()) return negotiated{"", route.subprotocols.front().objects, {}};
  std::optional<negotiated> chosen;
  std::optional<std::string> first_message;
  const std::string_view prefix = route.first_message_prefix;
  any_item(offered, [&](std::string_view item) {
    if (!prefix.empty() && item.starts_with(prefix))
      first_message = item.substr(prefix.size());
    else if (!chosen)
      for (const auto& known : route.subprotocols)
        if (known.name == item) chosen = negotiated{known.name, known.objects, {}};
    return false;
  });
  if (chosen) chosen->first_message = std::move(first_message);
  return chosen;
}

bool is_websocket_key(std::string_view key) {
  constexpr std::size_t base64_bytes = 24;
  const auto is_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  return key.size() == base64_bytes && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2, is_digit);
}

std::string upgrade_answer(std::string_view key, std::string_view subprotocol,
                           std::string_view extension) {
  auto proof = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  // Looked up once: OpenSSL's own SHA1() does it each time, which takes longer than the hash.
  static const auto* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  EVP_Digest(proof.data(), proof.size(), digest.data(), nullptr, sha1, nullptr);
  proof.resize(4 * ((digest.size() + 2) / 3) + 1);  // base64, and a zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(proof.data()), digest.data(),
                  static_cast<int>(digest.size()));
  proof.pop_back();

  std::string out =
      "HTTP/1.1 101 Switching Protocols\r\nServer: confab\r\nConnection: Upgrade\r\n"
      "Upgrade: websocket\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.append(name).append(": ").append(value).append("\r\n");
  };
  add("Sec-WebSocket-Accept", proof);
  add("Sec-WebSocket-Protocol", subprotocol);
  add("Sec-WebSocket-Extensions", extension);
  return out += "\r\n";
}

}  // namespace confab::transport
