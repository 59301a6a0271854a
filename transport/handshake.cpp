#include "transport/handshake.hpp"

#include "transport/address.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace confab::transport {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

/// Items of a comma-separated list, until `found` returns true.
template <class Found>
bool any_item(std::string_view list, Found found) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    auto item = list.substr(0, end);
    list.remove_prefix(std::min(list.size(), end + 1));
    const auto first = item.find_first_not_of(" \t");
    if (first == item.npos) continue;
    item = item.substr(first, item.find_last_not_of(" \t") - first + 1);
    if (found(item)) return true;
  }
  return false;
}

/// Calls `found` with each part of a path between slashes of both at once; false as soon as it
/// returns false, or if they do not have as many parts.
template <class Found>
bool each_part(std::string_view pattern, std::string_view path, Found found) {
  for (;;) {
    const auto pattern_end = std::min(pattern.find('/'), pattern.size());
    const auto path_end = std::min(path.find('/'), path.size());
    if (!found(pattern.substr(0, pattern_end), path.substr(0, path_end))) return false;
    const bool last = pattern_end == pattern.size();
    if (last != (path_end == path.size())) return false;
    if (last) return true;
    pattern.remove_prefix(pattern_end + 1);
    path.remove_prefix(path_end + 1);
  }
}

bool is_parameter(std::string_view part) {
  return part.size() > 2 && part.front() == '{' && part.back() == '}';
}

enum class fit : std::uint8_t { none, prefix, parameters, exact };

fit fit_of(std::string_view pattern, std::string_view path) {
  if (pattern == path) return fit::exact;
  if (pattern.ends_with("/*"))
    return path.starts_with(pattern.substr(0, pattern.size() - 1)) ? fit::prefix : fit::none;
  if (pattern.find('{') == pattern.npos) return fit::none;
  const bool fits = each_part(pattern, path, [](std::string_view part, std::string_view of_path) {
    return is_parameter(part) ? !of_path.empty() : part == of_path;
  });
  return fits ? fit::parameters : fit::none;
}

/// The best of those that fit; of two that fit alike the first for which `preferred` holds.
template <class Route, class Preferred>
const Route* find_in(const std::vector<Route>& routes, std::string_view path, Preferred preferred) {
  const Route* best = nullptr;
  auto best_fit = fit::none;
  for (const auto& each : routes) {
    const auto own = fit_of(each.path, path);
    if (own == fit::none || own < best_fit) continue;
    if (own == fit::exact && preferred(each)) return &each;
    const bool longer = own == fit::prefix && best && each.path.size() > best->path.size();
    const bool same =
        own == best_fit && !longer && (own != fit::prefix || each.path.size() == best->path.size());
    if (own > best_fit || longer || (same && !preferred(*best) && preferred(each))) best = &each;
    best_fit = own;
  }
  return best;
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

bool host_served(const http_request& request, const std::vector<std::string>& hosts,
                 bool local_only) {
  if (hosts.empty() && !local_only) return true;
  const auto named = request.header("host");
  const auto host = named ? host_name::make(*named) : std::nullopt;
  if (!host) return false;
  if (local_only && host->is_local()) return true;
  return std::any_of(hosts.begin(), hosts.end(),
                     [&](const std::string& each) { return matches_host(each, *host); });
}

bool has_folded_line(std::string_view bytes) {
  bytes = bytes.substr(0, bytes.find("\r\n\r\n"));
  return bytes.find("\n ") != bytes.npos || bytes.find("\n\t") != bytes.npos;
}

std::optional<std::string> head_fault(const http_request& request, unsigned version) {
  constexpr unsigned http_1_1 = 11;
  const auto hosts = request.count("host");
  if (hosts > 1 || (hosts == 0 && version >= http_1_1)) return "there must be one Host";
  if (hosts == 1 && !is_host(*request.header("host"))) return "Host is no host";
  if (const auto encodings = request.count("transfer-encoding"); encodings > 0) {
    const bool chunked = lowered(*request.header("transfer-encoding")) == "chunked";
    if (encodings > 1 || !chunked || version < http_1_1 || request.count("content-length") > 0)
      return "Transfer-Encoding may be chunked, alone, and nothing else";
  }
  return std::nullopt;
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

const websocket_route* find_route(const std::vector<websocket_route>& routes,
                                  std::string_view path) {
  return find_in(routes, path, [](const auto&) { return true; });
}

const http_route* find_route(const std::vector<http_route>& routes, std::string_view path,
                             std::string_view method) {
  return find_in(routes, path,
                 [&](const http_route& each) { return list_has(each.methods, method); });
}

std::string methods_of(const std::vector<http_route>& routes, const http_route& found) {
  std::string out;
  for (const auto& each : routes)
    if (each.path == found.path) out += (out.empty() ? "" : ", ") + each.methods;
  return out;
}

std::vector<std::pair<std::string, std::string>> path_parameters(std::string_view pattern,
                                                                 std::string_view path) {
  std::vector<std::pair<std::string, std::string>> out;
  if (pattern.find('{') == pattern.npos) return out;
  each_part(pattern, path, [&](std::string_view part, std::string_view of_path) {
    if (is_parameter(part))
      out.emplace_back(part.substr(1, part.size() - 2),
                       percent_decoded(of_path, false).value_or(std::string(of_path)));
    return true;
  });
  return out;
}

bool list_has(std::string_view list, std::string_view item) {
  return any_item(list, [&](std::string_view each) { return each == item; });
}

bool etag_matches(std::string_view header, std::string_view etag) {
  const auto strong = [](std::string_view tag) {
    return tag.starts_with("W/") ? tag.substr(2) : tag;
  };
  return any_item(
      header, [&](std::string_view each) { return each == "*" || strong(each) == strong(etag); });
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

http_response refuse(unsigned status, std::string text) {
  http_response out;
  out.status = status;
  out.body = std::move(text) + "\n";
  return out;
}

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
