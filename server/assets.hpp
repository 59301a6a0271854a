#pragma once

#include "transport/port.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The demo page and the client library, built into the program (cmake/ConfabEmbed.cmake).
namespace confab::server {

/// One file as HTTP shows it. The bytes live as long as the program.
struct asset {
  // "/" is the page's index.html, "/admin/" that of its folder admin, "/sdk/…" is sdk/, the rest the page's folder
  std::string path;
  std::string_view content_type;
  std::string_view bytes;
  std::string etag;  // strong, quoted: a hash of the bytes
};

/// Every file that was embedded.
std::span<const asset> assets();

/// The same, but `config` for the page's config.js, in which it finds what the options say to it.
/// `config` must outlive what is returned.
std::vector<asset> assets_with(std::string_view config);

/// A config.js. `image_origins` as in the configuration.
std::string page_config(std::span<const std::string> image_origins);

/// By the extension; `application/octet-stream` where it is not known.
std::string_view content_type_of(std::string_view path) noexcept;

/// One row per asset: GET, HEAD and If-None-Match, always revalidated, with the headers that keep
/// a page from running or loading anything that is not its own. `assets` must outlive the rows.
std::vector<transport::http_route> http_routes(std::span<const asset> assets);

/// A row that sends who asks for `path` to `location`, with the query; a browser keeps the fragment.
transport::http_route leads_to(std::string path, std::string location);

namespace detail {
/// What the generated table consists of.
struct embedded_file {
  std::string_view path;
  const char* begin;
  const char* end;
};
std::span<const embedded_file> embedded_files();  // generated

asset make_asset(std::string path, std::string_view bytes);
}  // namespace detail

}  // namespace confab::server
