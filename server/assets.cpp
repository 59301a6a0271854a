#include "server/assets.hpp"

#include <openssl/evp.h>

#include <array>
#include <utility>

namespace confab::server {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 15> content_types{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".d.ts", "text/plain; charset=utf-8"},  // .ts is registered for video (MPEG transport streams)
    {".map", "application/json"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".tgz", "application/gzip"},
    {".md", "text/plain; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
}};

// connect-src 'self' covers ws: and wss: of the page's own origin (CSP Level 3 §6.7.2.8).
// https: is for the pictures of messages, which the page loads only after a click, and for files that are put where the
// deployment says.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "
    "connect-src 'self' https:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

/// Strong, over the content: two servers of one build agree, so a client may go from one to the
/// other.
std::string etag_of(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), hash.data(), &length, EVP_sha256(), nullptr);
  constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (std::size_t i = 0; i < 16; ++i) {
    out += digits[hash[i] >> 4];
    out += digits[hash[i] & 15];
  }
  return out + '"';
}

/// If-None-Match compares weakly (RFC 9110 §13.1.2): a W/ in front does not count.
bool matches_any(std::string_view header, std::string_view etag) {
  while (!header.empty()) {
    const auto comma = header.find(',');
    auto item = header.substr(0, comma);
    header.remove_prefix(comma == std::string_view::npos ? header.size() : comma + 1);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == etag || item == "*") return true;
  }
  return false;
}

transport::http_response respond(const asset& what, const transport::http_request& request) {
  transport::http_response out;
  out.content_type = what.content_type;
  out.headers = {{"ETag", what.etag},
                 {"Cache-Control", "no-cache"},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Referrer-Policy", "no-referrer"}};
  // The client library is for pages of other origins as well; where from they may connect is for `origins` to say.
  if (what.path.starts_with("/sdk/")) out.headers.emplace_back("Access-Control-Allow-Origin", "*");
  if (what.content_type.starts_with("text/html"))
    out.headers.emplace_back("Content-Security-Policy", page_policy);
  else if (what.content_type == "image/svg+xml")  // a document of its own when opened directly
    out.headers.emplace_back("Content-Security-Policy",
                             "default-src 'none'; style-src 'unsafe-inline'");
  if (const auto known = request.header("If-None-Match"); known && matches_any(*known, what.etag))
    out.status = 304;
  else
    out.body = what.bytes;
  return out;
}

/// "sdk/" is served under its name; a page's own folder (web, examples/NAME) is the root. An index.html
/// is its folder.
std::string url_path_of(std::string_view file) {
  if (file.starts_with("web/"))
    file.remove_prefix(4);
  else if (file.starts_with("examples/"))
    file.remove_prefix(file.find('/', 9) + 1);
  if (file == "index.html" || file.ends_with("/index.html"))
    file.remove_suffix(std::string_view{"index.html"}.size());
  std::string out{'/'};
  out += file;
  return out;
}

}  // namespace

std::string_view content_type_of(std::string_view path) noexcept {
  if (path == "/" || path.ends_with('/')) return content_types[0].second;
  for (const auto& [extension, type] : content_types)
    if (path.ends_with(extension)) return type;
  return "application/octet-stream";
}

namespace detail {
asset make_asset(std::string path, std::string_view bytes) {
  const auto type = content_type_of(path);
  return {std::move(path), type, bytes, etag_of(bytes)};
}
}  // namespace detail

std::span<const asset> assets() {
  static const auto all = [] {
    std::vector<asset> out;
    for (const auto& file : detail::embedded_files())
      out.push_back(detail::make_asset(
          url_path_of(file.path), {file.begin, static_cast<std::size_t>(file.end - file.begin)}));
    return out;
  }();
  return all;
}

std::vector<asset> assets_with(std::string_view config) {
  std::vector<asset> out{assets().begin(), assets().end()};
  for (auto& it : out)
    if (it.path == "/config.js") it = detail::make_asset(std::move(it.path), config);
  return out;
}

std::string page_config(std::span<const std::string> image_origins) {
  std::string list;
  for (const auto& origin : image_origins) list += (list.empty() ? "\"" : ", \"") + origin + '"';
  return "export const IMAGE_ORIGINS = [" + list + "];\n";
}

std::vector<transport::http_route> http_routes(std::span<const asset> assets) {
  std::vector<transport::http_route> out;
  for (const auto& it : assets)
    out.push_back(
        {it.path, [&it](const transport::http_request& request) { return respond(it, request); }});
  return out;
}

transport::http_route leads_to(std::string path, std::string location) {
  return {std::move(path), [location = std::move(location)](const transport::http_request& request) {
            transport::http_response out;
            out.status = 308;
            const auto query = request.query.empty() ? "" : "?" + request.query;
            out.headers = {{"Location", location + query}, {"Cache-Control", "no-store"}};
            return out;
          }};
}

}  // namespace confab::server
