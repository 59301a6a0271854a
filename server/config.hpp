#pragma once

#include "actors/identity.hpp"
#include "api/keys.hpp"
#include "protocol/ids.hpp"
#include "protocol/limits.hpp"
#include "protocol/own_settings.hpp"
#include "rooms/rules.hpp"
#include "server/jwt.hpp"
#include "server/log.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace confab::server {

enum class journal_kind : std::uint8_t { sqlite, memory };
/// What becomes of a message that could not be asked about: it is unavailable, or let through.
enum class hook_failing : std::uint8_t { closed, open };

/// Everything a deployment may change. As it stands here it works: a server on loopback that lets
/// guests in. Each field but those read from files is an option of the same name: `rate_burst` is the flag
/// `--rate-burst`, the variable CONFAB_RATE_BURST and the key `rate_burst` of the file.
struct config {
  using milliseconds = std::chrono::milliseconds;

  std::string host = "127.0.0.1";  // or the path of a Unix domain socket
  std::uint16_t port = 8080;  // 0: any free one
  std::string admin_listen;   // address:port; empty: nowhere
  std::string admin_socket;   // empty: see admin_socket_path()
  std::string api_keys_file;  // empty: there is no API
  std::vector<std::string> hook_nets;  // networks of the deployment's that webhooks may go to
  std::string hook_check_url;          // that is asked about messages; empty: nothing is
  std::string hook_files_url;          // and about files
  std::string hook_secret_file;        // by which both questions are signed
  std::vector<std::string> hook_check_rooms;  // empty: all but direct ones
  milliseconds hook_check_budget{500};
  hook_failing hook_check_fail = hook_failing::closed;
  std::string tls_cert;       // PEM, with chain; both or neither
  std::string tls_key;
  std::vector<std::string> origins;        // allowed beside the own host; "*": all
  std::vector<std::string> hosts;          // that Host may name; empty: see hosts_are_local()
  std::vector<std::string> trust_proxy;    // networks
  bool proxy_protocol = false;             // from those
  std::string base_path;                   // "/chat"; empty: none
  std::vector<std::string> image_origins;  // whose pictures the page shows without a click
  bool compression = true;

  std::string data = "data";
  journal_kind journal = journal_kind::sqlite;
  bool backup = true;  // before a migration
  std::string mark_file;  // empty: confab.mark in `data`
  bool accept_older_journal = false;
  bool search = true;  // of a journal on disk
  milliseconds dedupe_age = std::chrono::hours{24};
  std::size_t dedupe_count = 1'000'000;
  milliseconds retention{0};  // of messages; 0: for ever
  milliseconds mentions_kept = limits::mentions_kept;  // that are read; 0: for ever
  milliseconds erased_ids_kept = limits::erased_ids_kept;

  std::optional<bool> guests;  // unset: see guests_allowed()
  std::string jwt_secret_file;
  std::string jwt_key_file;
  std::string jwt_key_set;  // a file, or a URL
  std::optional<server::jwt_algorithm> jwt_algorithm;
  milliseconds jwt_leeway{30'000};
  std::string jwt_issuer;
  std::string jwt_audience;
  std::string jwt_user_claim = "sub";

  actors::room_making create_rooms = actors::room_making::by_joining;
  bool guest_members = true;  // without a token key
  std::size_t room_members_max = limits::members_max;
  std::size_t memberships_max = limits::memberships_max;
  std::size_t room_mention_members = limits::room_mention_members_max;
  milliseconds invitation_life = rooms::rules{}.invitation_life;
  unsigned api_rate = 1'000;   // calls a second, of a key; 0: off
  unsigned api_burst = 2'000;
  unsigned invitations_per_hour = limits::invitations_per_hour;
  unsigned emits_per_second = limits::emits_per_second;        // 0: off
  unsigned searches_per_second = limits::searches_per_second;  // 0: off
  unsigned rate_commands = limits::commands_per_second;  // 0: off
  unsigned rate_burst = limits::commands_burst;
  unsigned rate_address = static_cast<unsigned>(limits::address_share);  // sessions' worth; 0: off
  unsigned rooms_per_hour = limits::rooms_per_hour;                      // 0: off
  actors::signal_senders signals_from = actors::signal_senders::shared;
  notify_level notify = notify_level::mentions;
  notify_level notify_direct = notify_level::all;
  std::size_t text_bytes = limits::text_bytes_max;
  std::size_t frame_bytes = limits::frame_bytes_max;
  std::size_t outbox_bytes = limits::outbox_bytes_max;
  std::size_t outbound_bytes_max = limits::outbound_bytes_max;  // 0: no limit
  std::size_t memory_max = 0;                                   // 0: by the control group
  std::size_t rooms_per_session = limits::rooms_per_session_max;
  std::size_t connections_max = 15'000;
  std::size_t connections_per_address = 1'000;  // 0: no limit

  milliseconds handshake_wait{10'000};
  milliseconds hello_wait = limits::hello_wait_max;
  milliseconds write_window = limits::write_window;
  milliseconds commit_window = limits::commit_window;
  milliseconds ping_interval = limits::ping_interval;
  milliseconds pong_wait = limits::pong_wait_max;
  milliseconds close_wait = limits::close_wait_max;
  milliseconds hook_retry{1'000};
  milliseconds notify_after{10'000};
  milliseconds notify_within{3'600'000};
  milliseconds drain_wait{10'000};
  milliseconds drain_for = limits::reconnect_spread;

  std::size_t shards = 0;  // 0: as many as cores
  std::string node = "n1";
  log::level log_level = log::level::info;
  log::format log_format = log::format::text;

  /// Read from `jwt_secret_file`, `jwt_key_file` or `jwt_key_set` by `parse`; never printed.
  std::vector<jwt_key> token_keys;

  /// Whether there are users with tokens.
  bool takes_tokens() const noexcept;
  bool fetches_keys() const noexcept { return jwt_key_set.find("://") != std::string::npos; }
  /// Read from `api_keys_file`.
  std::optional<api::key_ring> api_keys;
  std::string hook_secret;  // read from `hook_secret_file`; never printed

  /// Unless it was said, guests are let in only where nobody else could come in and only this
  /// machine can reach it.
  bool guests_allowed() const noexcept;
  /// Where operators ask, by default beside the journal; empty: nowhere.
  std::string admin_socket_path() const;
  /// A page of anywhere can make its own name resolve to this machine. So a server that trusts
  /// whoever reaches it, because only this machine can, takes no names but local ones and `hosts`.
  bool hosts_are_local() const noexcept;
};

struct endpoint {
  std::string host;
  std::uint16_t port = 0;
};
/// `127.0.0.1:9090`, `[::1]:9090`, `name:9090`.
std::optional<endpoint> read_endpoint(std::string_view text);

/// `localhost`, 127.0.0.0/8, ::1 and a path; any other name might resolve to anything.
bool is_loopback(const std::string& host) noexcept;

/// Reads `token_keys` from the file that is configured, if one is; the mistakes, as `mistakes_in`.
std::vector<std::string> load_token_keys(config& into);
/// The same for `api_keys`.
std::vector<std::string> load_api_keys(config& into);
/// And for `hook_secret`.
std::vector<std::string> load_hook_secret(config& into);
std::unique_ptr<actors::authenticator> make_authenticator(const config& from);

/// `confabd token …`: what to sign, and with what.
struct token_command {
  jwt_key key;
  token_claims claims;
};
/// Prints the token; returns the process's exit code.
int run(const token_command& what, unix_ms now, std::ostream& out, std::ostream& err);

/// `confabd check …`: the journal of a server that does not run.
struct check_command {
  std::string data;
  bool rebuild = false;
};
/// Prints what it finds; returns the process's exit code, see docs/configuration.md.
int run(const check_command& asked, std::ostream& out, std::ostream& err);

/// `confabd backup …`: a copy of the journal, also of one that a server writes to.
struct backup_command {
  std::string data;
  std::string to;
  std::size_t wal_bytes_max = std::size_t{4} << 30;
};
int run(const backup_command& asked, std::ostream& out, std::ostream& err);

/// `confabd restore …`: such a copy becomes the journal of a server that does not run.
struct restore_command {
  std::string data;
  std::string from;
};
int run(const restore_command& asked, std::ostream& out, std::ostream& err);

/// `confabd export …`: the journal as lines of JSON, also of one that a server writes to.
struct export_command {
  std::string data;
  std::string to;  // empty: to `out`
  std::size_t wal_bytes_max = backup_command{}.wal_bytes_max;
};
int run(const export_command& asked, std::ostream& out, std::ostream& err);

/// `confabd import …`: such lines become the journal of a server that does not run.
struct import_command {
  std::string data;
  std::string from;  // empty: from standard input
  bool keep_epochs = false;
};
int run(const import_command& asked, std::ostream& out, std::ostream& err);

/// `confabd tail …`: what is said in a room, until the process is ended.
struct tail_command {
  std::string socket;
  std::string room;
};
int run(const tail_command& asked, std::ostream& out, std::ostream& err);

/// `confabd status` and the like: what a server that runs is asked.
struct ask_command {
  std::string socket;
  std::vector<std::string> words;
};
int run(const ask_command& asked, std::ostream& out, std::ostream& err);

struct exit_code {
  int value = 0;
};

/// `confabd api-key …`: a key for the API, of which the server is told the digest alone.
struct api_key_command {
  std::string name;
  std::string scopes;
};
int run(const api_key_command& asked, std::ostream& out, std::ostream& err);

/// What the command line asks for.
using command_line = std::variant<config, token_command, check_command, backup_command,
                                  restore_command, export_command, import_command, tail_command,
                                  ask_command, api_key_command, exit_code>;

/// The process's environment in production, a map in tests. Unset and empty are the same.
using environment = std::function<const char*(const char* variable)>;

/// Flags before environment before file before defaults. Help and version go to `out` and exit
/// with 0; mistakes go to `err`, all of them at once, and exit with 2.
command_line parse(int argc, const char* const* argv, const environment& env, std::ostream& out,
                   std::ostream& err);

/// What stands in the way of starting with `candidate`; one line each, beginning with the flag.
std::vector<std::string> mistakes_in(const config& candidate);

/// Every option with its value, for the line at start. Without secrets: a file of a secret is
/// named, not shown.
std::vector<log::field> settings(const config& of);

}  // namespace confab::server
