#include "server/incidents.hpp"

#include "server/log.hpp"

#include <optional>

namespace confab::server {
namespace {

using transport::incident_kind;
using fields = std::vector<log::field>;

/// How many bytes of `text` fit, without cutting a character of UTF-8.
std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

void write(const transport::incident& what, std::uint64_t skipped) {
  fields out;
  const auto add = [&](std::string_view key, std::string_view text) {
    if (!text.empty()) out.push_back({key, std::string{cut(text, incidents::detail_bytes_max)}});
  };
  const auto add_rest = [&] {
    add("peer", what.peer);
    add("detail", what.detail);
    if (skipped > 0) out.push_back({"skipped", std::to_string(skipped)});
  };
  switch (what.what) {
    case incident_kind::accept_failed:
      add_rest();
      return log::line(log::level::warn, "accept-failed", out);
    case incident_kind::connection_refused:
      add("limit", what.reason);
      add_rest();
      return log::line(log::level::warn, "connection-refused", out);
    case incident_kind::tls_failed:
      add_rest();
      return log::line(log::level::info, "tls-failed", out);
    case incident_kind::request_refused:
      add("reason", what.reason);
      add_rest();
      return log::line(log::level::info, "request-refused", out);
    case incident_kind::upgrade_refused:
      add("reason", what.reason);
      add_rest();
      return log::line(log::level::info, "upgrade-refused", out);
    case incident_kind::closed_by_us:
      add("reason", what.reason);
      add_rest();
      return log::line(log::level::info, "websocket-closed", out);
    case incident_kind::outbound_full:
      add(what.reason, what.detail);
      if (skipped > 0) out.push_back({"skipped", std::to_string(skipped)});
      return log::line(log::level::warn, "outbound-full", out);
    case incident_kind::api_key_refused:
      add("reason", what.reason);
      add("peer", what.peer);
      add("key", what.detail);
      if (skipped > 0) out.push_back({"skipped", std::to_string(skipped)});
      return log::line(log::level::warn, "api-key-refused", out);
    case incident_kind::bug:
      add("where", what.reason);
      add_rest();
      return log::line(log::level::error, "bug", out);
  }
}

}  // namespace

void incidents::note(const transport::incident& what) {
  std::optional<std::uint64_t> skipped;
  {
    const std::lock_guard lock(mutex_);
    auto& own = rows_[std::pair{what.what, std::string{what.reason}}];
    ++own.number;
    skipped = own.lines.take(now_());
  }
  if (skipped) write(what, *skipped);
}

std::vector<incidents::count> incidents::counts() const {
  const std::lock_guard lock(mutex_);
  std::vector<count> out;
  for (const auto& [key, own] : rows_) out.push_back({key.first, key.second, own.number});
  return out;
}

}  // namespace confab::server
