#include "server/reloading.hpp"

#include "server/files.hpp"
#include "server/log.hpp"
#include "server/options.hpp"

#include <sys/stat.h>

#include <string_view>
#include <utility>

namespace confab::server {
namespace {

void add(std::string& to, std::string_view name) {
  to.append(to.empty() ? "" : ",").append(name);
}

bool is_of_tokens(const option_row& row) { return row.key.starts_with("jwt_"); }

}  // namespace

reloading::reloading(config& now, read_config read) : now_(now), read_(std::move(read)) {
  certificate_.files = {now.tls_cert, now.tls_key};
  keys_.files = {now.jwt_secret_file, now.jwt_key_file, now.jwt_key_set};
  certificate_.note();
  keys_.note();
}

std::string reloading::watched::signature() const {
  std::string out;
  for (const auto& file : files) {
    struct stat info {};
    if (file.empty() || ::stat(file.c_str(), &info) != 0) continue;
    for (const auto part : {static_cast<std::int64_t>(info.st_dev), static_cast<std::int64_t>(info.st_ino),
                            static_cast<std::int64_t>(info.st_size), static_cast<std::int64_t>(info.st_mode),
                            static_cast<std::int64_t>(info.st_mtim.tv_sec),
                            static_cast<std::int64_t>(info.st_mtim.tv_nsec)})
      add(out, std::to_string(part));
  }
  return out;
}

bool reloading::watched::has_settled() {
  auto is = signature();
  const bool settled = is == std::exchange(seen, is) && is != used;
  if (settled) used = std::move(is);
  return settled;
}

void reloading::all() {
  const auto fresh = read_();
  if (const auto* mistakes = std::get_if<std::string>(&fresh))
    return log::error("reload-refused", "detail={}", *mistakes);
  const auto& wanted = std::get<config>(fresh);
  // Whether there are users with tokens is what rooms and guests are judged by.
  const bool takes_keys = now_.takes_tokens() && wanted.takes_tokens() &&
                          now_.fetches_keys() == wanted.fetches_keys() &&
                          now_.guests_allowed() == wanted.guests_allowed();
  std::string applied, left;
  for (const auto& row : option_rows()) {
    if (row.print(now_) == row.print(wanted)) continue;
    const bool is_of_api = row.key == "api_keys_file" && now_.api_keys && wanted.api_keys;
    add(row.key == "log_level" || is_of_api || (is_of_tokens(row) && takes_keys) ? applied : left, row.key);
  }
  now_.log_level = wanted.log_level;
  log::set_level(now_.log_level);
  if (!now_.tls_cert.empty() && take_certificate()) add(applied, "tls");
  if (takes_keys) {
    take_keys(wanted);
    add(applied, "keys");
  }
  if (now_.api_keys && wanted.api_keys) {
    now_.api_keys_file = wanted.api_keys_file;
    now_.api_keys = wanted.api_keys;
    chat_->use(*wanted.api_keys);
    add(applied, "api_keys");
  }
  log::info("reloaded", "applied={} needs_restart={}", applied, left);
}

void reloading::look() {
  if (certificate_.has_settled() && take_certificate())
    log::info("reloaded", "applied={} needs_restart={}", "tls", "");
  if (now_.token_keys.empty() || !keys_.has_settled()) return;
  auto fresh = now_;
  for (const auto& mistake : load_token_keys(fresh))
    return log::error("reload-refused", "detail={}", mistake);
  take_keys(fresh);
  log::info("reloaded", "applied={} needs_restart={}", "keys", "");
}

bool reloading::take_certificate() {
  certificate_.note();
  auto why = exposure_of(now_.tls_key, file_kind::secret);
  why = why ? now_.tls_key + " " + *why : listener_->reload_tls();
  if (why)
    log::error("reload-refused", "tls_cert={} tls_key={} detail={}", now_.tls_cert, now_.tls_key,
               *why);
  return !why;
}

/// `from` has its key loaded.
void reloading::take_keys(const config& from) {
  now_.jwt_secret_file = from.jwt_secret_file;
  now_.jwt_key_file = from.jwt_key_file;
  now_.jwt_key_set = from.jwt_key_set;
  now_.jwt_algorithm = from.jwt_algorithm;
  now_.jwt_leeway = from.jwt_leeway;
  now_.jwt_issuer = from.jwt_issuer;
  now_.jwt_audience = from.jwt_audience;
  now_.jwt_user_claim = from.jwt_user_claim;
  now_.token_keys = from.token_keys;
  keys_.files = {now_.jwt_secret_file, now_.jwt_key_file, now_.jwt_key_set};
  keys_.note();
  chat_->use(make_authenticator(now_));
  chat_->sign_with(signer_of(now_));
}

}  // namespace confab::server
