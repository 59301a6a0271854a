#pragma once

#include "actors/asked_hooks.hpp"
#include "actors/barred_users.hpp"
#include "actors/budget.hpp"
#include "actors/identity.hpp"
#include "actors/messages.hpp"
#include "actors/steady_time.hpp"
#include "actors/switchboard.hpp"
#include "protocol/guest_token.hpp"
#include "protocol/limits.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace confab::actors {

/// From where a connection came, for the log.
struct connection_origin {
  std::string peer;   // an address
  std::string trace;  // by which a proxy, or the client, knows it; empty: none was named
};

/// What a deployment may change of the actors' behaviour.
struct settings {
  std::string node = "n1";
  std::size_t text_bytes_max = limits::text_bytes_max;    // told to clients in `welcome`
  std::size_t frame_bytes_max = limits::frame_bytes_max;  // likewise
  std::size_t rooms_per_session_max = limits::rooms_per_session_max;
  unsigned commands_per_second = limits::commands_per_second;  // 0: nothing has a price but rooms
  unsigned commands_burst = limits::commands_burst;
  unsigned rooms_per_hour = limits::rooms_per_hour;  // new ones, of a user; 0: no limit
  unsigned invitations_per_hour = limits::invitations_per_hour;  // users, of a user; 0: no limit
  unsigned emits_per_second = limits::emits_per_second;          // of a session; 0: no limit
  unsigned searches_per_second = limits::searches_per_second;    // of a session; 0: no limit
  double address_share = limits::address_share;      // times what a session may; 0: no limit
  room_making create_rooms = room_making::by_joining;
  rooms::rules rules;  // the same that the journal judges by
  std::chrono::milliseconds mentions_kept = limits::mentions_kept;  // that are read; 0: for ever
  std::chrono::milliseconds erased_ids_kept = limits::erased_ids_kept;
  notify_level notify = notify_level::mentions;     // of who has set nothing else,
  notify_level notify_direct = notify_level::all;   // and in direct rooms
  signal_senders signals_from = signal_senders::shared;
  std::chrono::milliseconds heartbeat = limits::ping_interval;  // told to clients
  std::chrono::milliseconds hello_wait_max = limits::hello_wait_max;
  std::chrono::milliseconds verdict_wait_max = limits::verdict_wait_max;
  std::chrono::milliseconds key_age = std::chrono::hours{24};  // keys are remembered so long
  std::chrono::milliseconds append_wait_max = limits::append_wait_max;
  std::chrono::milliseconds presence_gather = limits::presence_gather;
  std::chrono::milliseconds presence_grace = limits::presence_grace;
  std::chrono::milliseconds typing_lapse = limits::typing_lapse;
  std::chrono::milliseconds room_idle = limits::room_idle;
  std::chrono::milliseconds write_window = limits::write_window;  // see `audience`; 0: never
  std::chrono::microseconds commit_window =
      limits::commit_window;  // see `journal_writer`; 0: never
  bool record_rooms = false;  // new ones, in the server's own log, for webhooks and the audit
  double busy_deliveries_per_second = limits::busy_deliveries_per_second;
};

/// Who came in, for the log.
struct signed_in {
  session_id session;
  const user_id& user;
  bool guest = false;
  const std::optional<device_id>& device;
  const connection_origin& from;
};

/// What every actor may use beside its own state. Filled by server/ (or a test) before the first
/// session is spawned, constant from then on, and outlives all actors. Time and randomness come
/// in here, so that a test decides over them.
struct environment {
  settings how;
  switchboard board;
  std::unique_ptr<price_list> prices;  // of `price_list_of`; null: all is free
  writer_actor writer;
  search_actor search{};  // null: there is none
  std::unique_ptr<writer_counts> of_writer = std::make_unique<writer_counts>();
  journal::durability durability = journal::durability::memory;
  const authenticator* auth = nullptr;
  std::unique_ptr<barred_users> barred = std::make_unique<barred_users>();
  asked_hooks* hooks = nullptr;  // null: there are none
  std::shared_ptr<key_claims> claims = std::make_shared<key_claims>();
  guest_secret guest_key{};  // of the tokens by which guests come back
  /// The time of day. It may jump, so nothing waits for it: it is for people, and for tokens.
  std::function<unix_ms()> now;  // any thread
  /// What deadlines are counted by.
  std::function<steady_time()> steady_now;  // any thread
  std::function<std::uint64_t()> random;    // any thread
  /// False where the journal knows without looking that a user has no direct rooms; any thread.
  std::function<bool(const user_id&)> may_have_directs = [](auto&) { return true; };
  /// See `journal::keys_since`; any thread.
  std::function<unix_ms()> keys_since = [] { return unix_ms{0}; };
  /// Blocks the calling thread; for actors that have one of their own.
  std::function<void(std::chrono::microseconds)> pause = [](auto span) {
    std::this_thread::sleep_for(span);
  };
  /// Told when appends begin to fail and when they work again. Any thread.
  std::function<void(bool healthy, std::string_view detail)> journal_health = [](bool, auto) {};
  /// Told when trims by age stop, because the clock is in doubt, and when they go on. Any thread.
  std::function<void(bool)> clock_in_doubt = [](bool) {};
  /// A failed fsync: what the process believes is stored may not be. Must not return normally.
  std::function<void(std::string_view detail)> journal_fatal = [](auto) {};
  /// Over how long those are spread who come back after the server has ended. Any thread.
  std::function<std::chrono::milliseconds()> reconnect_spread = [] {
    return std::chrono::milliseconds{limits::reconnect_spread};
  };
  /// Told of everybody who comes in, and whom a session closes. Any shard's thread.
  std::function<void(const signed_in&)> came = [](auto&) {};
  std::function<void(session_id, const user_id&, close_code, std::string_view reason)> closing =
      [](auto, auto&, auto, auto) {};
  /// Told of a user's first session, and of the end of the last one. Any shard's thread.
  std::function<void(const user_id&, bool online)> presence = [](auto&, bool) {};
  /// Told of every bug that a wall has caught, by the kind of actor. Any thread.
  std::function<void(std::string_view where, std::string_view detail)> bug = [](auto, auto) {};
  /// A bug of an actor that others cannot do without and nobody can make again. Must not return
  /// normally: a fresh process starts from the log.
  std::function<void(std::string_view where, std::string_view detail)> fatal_bug = [](auto, auto) {
  };
};

/// Tells of what a wall has caught just now. `subject` is the id of whom it concerns, or empty.
void report_bug(const environment& env, std::string_view where, std::string_view subject,
                std::exception_ptr caught = std::current_exception()) noexcept;
/// What an exception says of itself.
std::string text_of(const std::exception_ptr& caught);

/// Who has this token: a user, or a guest who comes back. None: `then` hears it later, from any
/// thread, and of nothing where there will be no verdict.
std::optional<token_verdict> verify(const environment& env, std::string_view token,
                              token_question::hear then);

/// What sessions, users and addresses may cost. `secret` is random.
std::unique_ptr<price_list> price_list_of(const settings& how, std::array<std::uint64_t, 2> secret);

}  // namespace confab::actors
