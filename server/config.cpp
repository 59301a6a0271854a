#include "server/config.hpp"

#include "server/files.hpp"
#include "server/jwt_source.hpp"
#include "server/options.hpp"
#include "server/values.hpp"
#include "transport/address.hpp"
#include "webhooks/hook.hpp"
#include "webhooks/signing.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <filesystem>
#include <tuple>

namespace confab::server {
namespace {

using namespace std::chrono_literals;

bool is_origin(std::string_view text) {
  if (text == "*") return true;
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return false;
  const auto host = text.substr(scheme + 3);
  return !host.empty() && host.find_first_of("/?#@ \t\"*") == std::string_view::npos &&
         std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// The page shows pictures by https only.
bool is_image_origin(std::string_view text) {
  constexpr std::string_view scheme = "https://";
  return text.starts_with(scheme) && is_origin(text) &&
         transport::is_host(text.substr(scheme.size()));
}

bool is_host_pattern(std::string_view text) {
  if (text == "*") return true;
  if (text.starts_with("*.")) text.remove_prefix(2);
  return !text.empty() && text.find('*') == text.npos && transport::is_host(text);
}

/// Who changes what is fetched from there decides who comes in.
bool is_key_url(std::string_view text) {
  if (text.starts_with("https://")) return true;
  if (!text.starts_with("http://")) return false;
  text.remove_prefix(7);
  const auto host = transport::host_name::make(text.substr(0, text.find('/')));
  return host && is_loopback(host->host);
}

unix_ms system_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return unix_ms{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

kept_key_set kept_keys_of(const config& from) {
  if (from.journal == journal_kind::memory) return {};
  return {from.data + "/confab.token-keys", system_now};
}

/// One part or more, each with a / before it.
bool is_base_path(std::string_view text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-/";
  return text.starts_with('/') && !text.ends_with('/') && text.find("//") == text.npos &&
         text.find("/.") == text.npos && text.find_first_not_of(plain) == text.npos;
}

}  // namespace

std::vector<std::string> load_api_keys(config& into) {
  const auto& file = into.api_keys_file;
  if (file.empty()) return {};
  const auto at = "--api-keys-file " + log::quoted(file) + ": ";
  if (const auto exposed = exposure_of(file, file_kind::secret)) return {at + *exposed};
  const auto text = read_file(file);
  if (!text) return {at + "cannot be read"};
  auto read = api::key_ring::read(
      *text, [](std::string_view net) { return transport::network::make(net).has_value(); });
  if (auto* ring = std::get_if<api::key_ring>(&read)) {
    into.api_keys = std::move(*ring);
    return {};
  }
  std::vector<std::string> mistakes;
  for (const auto& wrong : std::get<std::vector<std::string>>(read)) mistakes.push_back(at + wrong);
  return mistakes;
}

std::vector<std::string> load_hook_secret(config& into) {
  const auto& file = into.hook_secret_file;
  if (file.empty()) return {};
  const auto at = "--hook-secret-file " + log::quoted(file) + ": ";
  if (const auto exposed = exposure_of(file, file_kind::secret)) return {at + *exposed};
  auto text = read_file(file);
  if (!text) return {at + "cannot be read"};
  if (text->ends_with('\n')) text->pop_back();
  if (!webhooks::is_secret(*text))
    return {at + "must hold whsec_ and 24 to 64 random bytes in base64, as openssl rand -base64 32 prints them"};
  into.hook_secret = *std::move(text);
  return {};
}

std::optional<endpoint> read_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return std::nullopt;
  const auto port = read_number(text.substr(colon + 1));
  auto host = text.substr(0, colon);
  if (!port || *port > UINT16_MAX || !transport::is_host(host)) return std::nullopt;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  return endpoint{std::string{host}, static_cast<std::uint16_t>(*port)};
}

bool is_loopback(const std::string& host) noexcept {
  if (host == "localhost" || host.starts_with('/')) return true;
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool config::takes_tokens() const noexcept {
  return !token_keys.empty() || !jwt_secret_file.empty() || !jwt_key_file.empty() ||
         !jwt_key_set.empty();
}

bool config::guests_allowed() const noexcept {
  return guests.value_or(!takes_tokens() && is_loopback(host));
}

bool config::hosts_are_local() const noexcept { return is_loopback(host) && guests_allowed(); }

std::string config::admin_socket_path() const {
  if (!admin_socket.empty() || journal == journal_kind::memory) return admin_socket;
  return data + "/confab.sock";
}

std::unique_ptr<actors::authenticator> make_authenticator(const config& from) {
  jwt_checks checks{from.jwt_leeway, from.jwt_issuer, from.jwt_audience, from.jwt_user_claim};
  if (from.fetches_keys())
    return make_fetching_authenticator(from.jwt_key_set, std::move(checks), from.jwt_algorithm,
                                       from.guests_allowed(), kept_keys_of(from));
  return make_authenticator(from.token_keys, std::move(checks), from.guests_allowed());
}

std::vector<log::field> settings(const config& of) {
  std::vector<log::field> out;
  for (const auto& it : option_rows()) {
    auto text = it.print(of);
    // The effective value, where unset means "it depends".
    if (it.key == "guests") text = of.guests_allowed() ? "true" : "false";
    if (it.key == "jwt_algorithm" && of.token_keys.size() == 1)
      text = name(of.token_keys[0].algorithm());
    if (!text.empty()) out.push_back({it.key, std::move(text)});
  }
  return out;
}

std::vector<std::string> mistakes_in(const config& it) {
  std::vector<std::string> out;
  const auto add = [&](bool wrong, std::string text) {
    if (wrong) out.push_back(std::move(text));
  };

  const bool has_key = it.takes_tokens();
  const bool bad_host = it.host.empty() || (!it.host.starts_with('/') &&
                                            it.host.find_first_of("[]/ ") != std::string::npos);

  add(bad_host, "--host: must be an address or a name, without port and brackets, or a path");
  add(it.tls_cert.empty() != it.tls_key.empty(), "--tls-cert and --tls-key: one needs the other");
  for (const auto& [flag, file, kind] :
       {std::tuple{"--tls-cert ", &it.tls_cert, file_kind::public_key},
        {"--tls-key ", &it.tls_key, file_kind::secret}}) {
    add(!file->empty() && !read_file(*file), flag + log::quoted(*file) + ": cannot be read");
    if (const auto exposed = exposure_of(*file, kind))
      add(true, flag + log::quoted(*file) + ": " + *exposed);
  }
  for (const auto& origin : it.origins)
    add(!is_origin(origin),
        "--origins " + log::quoted(origin) +
            ": must be scheme://host or scheme://host:port in lower case, or *");

  add(!it.admin_listen.empty() && !read_endpoint(it.admin_listen),
      "--admin-listen " + log::quoted(it.admin_listen) +
          ": must be address:port, as 127.0.0.1:9090 or [::1]:9090");
  for (const auto& host : it.hosts)
    add(!is_host_pattern(host), "--hosts " + log::quoted(host) +
                                    ": must be a name or an address, *.name, or either with :port");
  for (const auto& network : it.trust_proxy)
    add(!transport::network::make(network), "--trust-proxy " + log::quoted(network) +
                                                ": must be an address, or a network as 10.0.0.0/8");
  for (const auto& network : it.hook_nets)
    add(!transport::network::make(network), "--hook-nets " + log::quoted(network) +
                                                ": must be an address, or a network as 10.0.0.0/8");
  for (const auto& [flag, url] : {std::pair{"--hook-check-url ", &it.hook_check_url},
                                  {"--hook-files-url ", &it.hook_files_url}}) {
    if (url->empty()) continue;
    const auto wrong = webhooks::fault_of_url(*url);
    add(!wrong.empty(), flag + log::quoted(*url) + ": " + std::string{wrong});
    add(it.hook_secret_file.empty(), flag + std::string{"needs --hook-secret-file"});
  }
  for (const auto& pattern : it.hook_check_rooms)
    add(!api::is_room_pattern(pattern), "--hook-check-rooms " + log::quoted(pattern) +
                                       ": must be a room's id, or how some begin and *");
  add(!it.base_path.empty() && !is_base_path(it.base_path),
      "--base-path " + log::quoted(it.base_path) +
          ": must begin with / and not end with it, of letters, digits and ._~- between: /chat");
  for (const auto& origin : it.image_origins)
    add(!is_image_origin(origin), "--image-origins " + log::quoted(origin) +
                                      ": must be https://host or https://host:port in lower case");

  add(it.retention > 0ms && it.retention.count() < limits::retention_ms_min,
      "--retention: must be 0s, or 1h and more");

  std::error_code error;
  add(it.journal == journal_kind::sqlite && it.data.empty(), "--data: is missing");
  add(it.journal == journal_kind::sqlite && std::filesystem::exists(it.data, error) &&
          !std::filesystem::is_directory(it.data, error),
      "--data " + log::quoted(it.data) + ": is not a directory");
  add(it.dedupe_age < 24h && it.dedupe_count < 100'000,
      "--dedupe-age and --dedupe-count: the protocol promises 24h or 100000");

  add(it.guests == false && !has_key,
      "--no-guests: needs --jwt-secret-file or --jwt-key-file, or nobody could sign in");
  add(!it.guests && !bad_host && !has_key && !it.guests_allowed(),
      "--host " + log::quoted(it.host) +
          ": is not loopback, so guests are not let in unless --guests is said; or give "
          "--jwt-secret-file or --jwt-key-file");

  add(it.fetches_keys() && !is_key_url(it.jwt_key_set),
      "--jwt-key-set " + log::quoted(it.jwt_key_set) +
          ": must be a file, an https:// URL, or http:// to this machine");
  add(it.jwt_user_claim.empty(), "--jwt-user-claim: is missing");
  add(it.rate_commands > 0 && it.rate_burst < it.rate_commands,
      "--rate-burst: must be at least --rate-commands (" + std::to_string(it.rate_commands) + ")");
  add(it.text_bytes + limits::data_bytes_max >= it.frame_bytes,
      "--frame-bytes: must be more than --text-bytes and " + bytes_text(limits::data_bytes_max) +
          " of data together (" + bytes_text(it.text_bytes + limits::data_bytes_max) + ")");
  add(it.outbox_bytes <= 2 * limits::page_bytes_max,
      "--outbox-bytes: must be more than two pages of history (" +
          bytes_text(2 * limits::page_bytes_max) + ")");
  add(it.pong_wait > it.ping_interval,
      "--pong-wait: must be at most --ping-interval (" + time_text(it.ping_interval) + ")");
  add(!is_valid_id(it.node), "--node: must be [A-Za-z0-9][A-Za-z0-9._:-]{0,63}");
  return out;
}

}  // namespace confab::server
