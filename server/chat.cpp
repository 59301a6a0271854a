#include "server/chat.hpp"

#include "actors/registrar.hpp"
#include "api/service.hpp"
#include "server/bridge.hpp"
#include "server/log.hpp"
#include "server/memory.hpp"

#include <caf/scoped_actor.hpp>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace confab::server {
namespace {

constexpr auto log_wait_max = std::chrono::seconds{1};
constexpr std::string_view admin_page = "/admin/";

/// What actors take for the time of day.
unix_ms system_now() {
  return unix_ms{std::chrono::duration_cast<std::chrono::milliseconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count()};
}

/// From the kernel: nobody can find out what comes next, or what came before.
std::uint64_t system_random() {
  thread_local std::array<std::uint64_t, 32> drawn;  // 256 bytes come whole (getrandom(2))
  thread_local std::size_t left = 0;
  if (left == 0) {
    while (::getrandom(drawn.data(), sizeof drawn, 0) != ssize_t{sizeof drawn})
      if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    left = drawn.size();
  }
  return std::exchange(drawn[--left], 0);
}

/// Kept in the journal: a guest comes back as the same one after a restart too.
guest_secret guest_key_of(const journal::journal& of) {
  guest_secret key{};
  const auto secret = of.secret();
  std::copy_n(secret.begin(), std::min(secret.size(), key.size()), key.begin());
  return key;
}

/// Guests beside a token key are nobody's members (SEMANTICS §1).
rooms::rules rules_of(const config& how) {
  rooms::rules rules;
  rules.guest_members = how.guest_members && !how.takes_tokens();
  rules.members_max = how.room_members_max;
  rules.memberships_max = how.memberships_max;
  rules.room_mention_members_max = how.room_mention_members;
  rules.invitation_life = how.invitation_life;
  rules.retention = how.retention;
  return rules;
}

std::unique_ptr<journal::journal> open_journal(const config& how, opening& told,
                                               std::function<bool()> stop) {
  const rooms::key_window window{how.dedupe_age, how.dedupe_count};
  if (how.journal == journal_kind::memory) return journal::open_memory(window, rules_of(how));
  journal::migration_options migration;
  migration.backup = how.backup;
  migration.stop = std::move(stop);
  migration.progress = [&, last = std::string{}](auto step, auto done, auto of) mutable {
    told.reached(step, done, of);
    if (std::exchange(last, step) != step) log::info("journal-migrating", "step={} of={}", step, of);
  };
  journal::mark_options marks;
  marks.file = how.mark_file.empty() ? how.data + "/confab.mark" : how.mark_file;
  marks.accept_older = how.accept_older_journal;
  marks.failed = [](std::string_view why) { log::warn("mark-failing", "detail={}", why); };
  marks.accepted = [](auto position, auto noted) {
    log::warn("older-journal-accepted", "position={} noted={}", position, noted);
  };
  auto opened = journal::open_sqlite(how.data, window, migration, marks, rules_of(how));
  if (auto* why = std::get_if<std::string>(&opened)) throw std::runtime_error(*why);
  return std::get<std::unique_ptr<journal::journal>>(std::move(opened));
}

[[noreturn]] void end_process() {
  static_cast<void>(log::flush(log_wait_max));
  std::_Exit(EXIT_FAILURE);
}

transport::http_response plain(unsigned status, std::string text) {
  transport::http_response answer;
  answer.status = status;
  answer.body = std::move(text);
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

transport::upgrade_refused not_open_yet() {
  auto answer = plain(503, "the server is starting\n");
  answer.headers.emplace_back("Retry-After", "1");
  return {std::move(answer), "starting"};
}

transport::upgrade_refused drained() {
  auto answer = plain(503, "the server takes nobody in\n");
  answer.headers.emplace_back("Retry-After", "5");
  return {std::move(answer), "draining"};
}

/// Behind a proxy on this machine everybody comes from here.
bool is_from_here(const transport::http_request& request) {
  if (request.proxied) return false;
  for (const auto* sign : {"forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"})
    if (request.header(sign)) return false;
  const auto peer = transport::address::make(request.peer_address);
  if (!peer) return false;
  for (const auto& here : transport::loopback_networks())
    if (here.has(*peer)) return true;
  return false;
}

/// By which who sent it, or a proxy, finds it in logs of its own. The peer may have written anything.
std::string trace_of(const transport::http_request& request) {
  constexpr std::size_t bytes_max = 128;
  for (const auto* name : {"traceparent", "x-request-id"})
    if (const auto value = request.header(name)) return std::string{value->substr(0, bytes_max)};
  return "";
}

/// Loopback, and what the operator names.
std::vector<transport::network> trusted_proxies(const config& how) {
  auto networks = transport::loopback_networks();
  for (const auto& each : how.trust_proxy)
    if (const auto network = transport::network::make(each)) networks.push_back(*network);
  return networks;
}

}  // namespace

chat::chat(runtime& on, const config& how, std::unique_ptr<actors::authenticator> checks_tokens)
    : on_(on),
      authenticator_(std::move(checks_tokens)),
      proxies_(trusted_proxies(how)),
      base_path_(how.base_path),
      page_config_(page_config(how.image_origins)),
      page_(assets_with(page_config_)),
      data_(how.journal == journal_kind::sqlite ? how.data : ""),
      has_search_(how.search && !data_.empty()),
      started_(system_now()),
      metrics_apart_(!how.admin_listen.empty()),
      drain_for_(how.drain_for),
      spread_(how.drain_for),
      memory_max_(how.memory_max > 0 ? how.memory_max : memory_of_group() / 10 * 9),
      has_api_(how.api_keys.has_value()) {
  limits_.text_bytes_max = how.text_bytes;
  env_.how.node = how.node;
  env_.how.text_bytes_max = how.text_bytes;
  env_.how.signals_from = how.signals_from;
  env_.how.mentions_kept = how.mentions_kept;
  env_.how.erased_ids_kept = how.erased_ids_kept;
  env_.how.notify = how.notify;
  env_.how.notify_direct = how.notify_direct;
  env_.how.frame_bytes_max = how.frame_bytes;
  env_.how.rooms_per_session_max = how.rooms_per_session;
  env_.how.commands_per_second = how.rate_commands;
  env_.how.commands_burst = how.rate_burst;
  env_.how.rooms_per_hour = how.rooms_per_hour;
  env_.how.address_share = how.rate_address;
  env_.how.create_rooms = how.create_rooms;
  env_.how.rules = rules_of(how);
  env_.how.record_rooms = has_api_;
  env_.how.emits_per_second = how.emits_per_second;
  env_.how.searches_per_second = how.searches_per_second;
  env_.how.invitations_per_hour = how.invitations_per_hour;
  env_.how.key_age = how.dedupe_age;
  env_.how.heartbeat = how.ping_interval;
  env_.how.hello_wait_max = how.hello_wait;
  env_.how.write_window = how.write_window;
  env_.how.commit_window = how.commit_window;
  env_.auth = &authenticator_;
  env_.now = system_now;
  env_.steady_now = std::chrono::steady_clock::now;
  env_.random = system_random;
  env_.board.sign_names({env_.random(), env_.random()});
  env_.prices = actors::price_list_of(env_.how, {env_.random(), env_.random()});
  env_.journal_health = [this](bool healthy, std::string_view detail) {
    journal_healthy_ = healthy;
    if (healthy)
      log::info("journal-recovered");
    else
      log::error("journal-failing", "detail={}", detail);
  };
  env_.clock_in_doubt = [this](bool doubt) {
    clock_in_doubt_ = doubt;
    if (doubt)
      log::error("retention-stopped", "detail={}",
                 "the clock is in doubt: set it, or confabd retention resume");
    else
      log::info("retention-resumed");
  };
  env_.journal_fatal = [](std::string_view detail) {
    log::error("journal-fatal", "detail={}", detail);
    end_process();
  };
  env_.came = [this](const actors::signed_in& who) {
    if (!log::enabled(log::level::info)) return;
    const auto skipped = [this] {
      const std::lock_guard lock{sign_ins_border_};
      return sign_ins_.take(std::chrono::steady_clock::now());
    }();
    if (!skipped) return;
    std::vector<log::field> line{{"user", who.user.value()},
                                 {"session", env_.board.name_of(who.session).text()},
                                 {"peer", who.from.peer}};
    if (who.guest) line.push_back({"guest", "true"});
    if (who.device) line.push_back({"device", who.device->value()});
    if (!who.from.trace.empty()) line.push_back({"trace", who.from.trace});
    if (*skipped > 0) line.push_back({"skipped", std::to_string(*skipped)});
    log::info("signed-in", line);
  };
  env_.presence = [this](const user_id& user, bool online) {
    if (!opening_.goes_on() && hooks_) hooks_->note_presence(user, online);
  };
  env_.reconnect_spread = [this] { return spread_.load(); };
  env_.closing = [this](session_id session, const user_id& user, close_code code,
                        std::string_view reason) {
    log::debug("session-closing", "user={} session={} code={} reason={}", user,
               env_.board.name_of(session), static_cast<unsigned>(code), reason);
  };
  env_.bug = [this](std::string_view where, std::string_view detail) {
    incidents_.bug(where, detail);
  };
  env_.fatal_bug = [this](std::string_view where, std::string_view detail) {
    incidents_.bug(where, detail);
    end_process();
  };
  on_.on_ended([this] {
    env_.writer = actors::writer_actor{};
    env_.search = actors::search_actor{};
    env_.claims.reset();
    searching_ = {};
    keeper_ = actors::keeper_actor{};
    eraser_ = actors::eraser_actor{};
    env_.board.clear();
    drains_ = node_drain_actor{};
    if (backend_) backend_->clear();
  });
}

void chat::open(const config& how, std::function<bool()> stop) {
  journal_ = open_journal(how, opening_, std::move(stop));
  env_.durability = journal_->level();
  env_.keys_since = [this] { return journal_->keys_since(); };
  env_.may_have_directs = [this](const user_id& user) { return journal_->may_have_directs(user); };
  env_.guest_key = guest_key_of(*journal_);
  const auto bars = journal_->make_reader()->marks(rooms::bars_owner, rooms::mark::kind::own_settings);
  if (!bars) throw std::runtime_error("the journal cannot be read: " + bars.detail());
  for (const auto& [mark, position] : *bars)
    env_.barred->set(user_id::trusted(mark.subject), rooms::bar_of(mark));
  open_asker(how);
  spawn_actors();
  if (has_api_) open_api(how, position_);
  watch_.start(on_.system());
  opening_.is_over();
}

std::vector<transport::websocket_route> chat::websockets() {
  transport::websocket_route route;
  route.path = base_path_ + "/ws";
  route.subprotocols = {{"confab.v1.json", codec::json}, {"confab.v1.cbor", codec::cbor}};
  route.first_message_prefix = "confab.hello.";
  if (!authenticator_.answers_later()) {
    route.authorize = [this](const transport::http_request& request) -> transport::upgrade_verdict {
      if (opening_.goes_on()) return not_open_yet();
      if (drained_) return drained();
      const auto token = request.bearer();
      return admit(request, token ? actors::verify(env_, *token, [](auto) {}) : std::nullopt);
    };
    return {std::move(route)};
  }
  route.authorize_later = [this](const std::shared_ptr<transport::upgrade_question>& asked) {
    if (opening_.goes_on()) return asked->answer(not_open_yet());
    if (drained_) return asked->answer(drained());
    const auto token = asked->request().bearer();
    if (!token) return asked->answer(admit(asked->request(), std::nullopt));
    // Without a verdict the question is let go of, which is an answer too.
    const auto answer = [this, asked](const std::optional<actors::token_verdict>& of_token) {
      if (of_token) asked->answer(admit(asked->request(), *of_token));
    };
    if (const auto at_once = actors::verify(env_, *token, answer)) answer(at_once);
  };
  return {std::move(route)};
}

/// Who may be upgraded, by the verdict on the request's token if it has one.
transport::upgrade_verdict chat::admit(const transport::http_request& request,
                                       std::optional<actors::token_verdict> of_token) {
  std::optional<actors::identity> known;
  if (of_token) {
    const auto refused = [](const std::string& why) {
      auto answer = plain(401, why + "\n");
      answer.headers.emplace_back("WWW-Authenticate", "Bearer error=\"invalid_token\"");
      return transport::upgrade_refused{std::move(answer), why};
    };
    if (const auto* why = std::get_if<actors::unauthorized>(&*of_token)) return refused(why->reason);
    known = std::get<actors::identity>(*std::move(of_token));
    if (const auto why = env_.barred->keeps_out(*known)) return refused(why->reason);
  }
  return chat_session(on_, env_, limits_, transport::counted_as(request.peer_address, proxies_),
                      std::move(known), {request.peer_address, trace_of(request)});
}

std::vector<transport::http_route> chat::monitoring_pages() {
  std::vector<transport::http_route> rows;
  rows.push_back({"/healthz", [](const auto&) { return plain(200, "ok\n"); }});
  rows.push_back({"/readyz", [this](const auto&) {
                    if (auto progress = opening_.progress()) {
                      auto answer = plain(503, *std::move(progress) + "\n");
                      answer.content_type = "application/json";
                      return answer;
                    }
                    const auto why_not = trouble();
                    if (!why_not.empty()) return plain(503, why_not + "\n");
                    return plain(200, "ready\n");
                  }});
  for (auto& row : rows) row.health = true;
  if (has_api_) rows.push_back(api_row());
  rows.push_back({"/metrics", [this](const auto&) { return show_metrics(); }});
  return rows;
}

void chat::add_files(std::vector<transport::http_route>& rows,
                     const std::function<bool(std::string_view)>& wanted) {
  for (auto& row : http_routes(page_)) {
    if (!wanted(row.path)) continue;
    // Relative, so that it holds behind a proxy that takes a path away too.
    if (row.path == admin_page) rows.push_back(leads_to(base_path_ + "/admin", "admin/"));
    row.path.insert(0, base_path_);
    row.respond = [this, respond = std::move(row.respond)](const auto& request) {
      return opening_.goes_on() ? not_open_yet().response : respond(request);
    };
    rows.push_back(std::move(row));
  }
}

std::vector<transport::http_route> chat::admin_pages() {
  auto rows = monitoring_pages();
  if (has_api_) add_files(rows, [](std::string_view path) { return path != "/"; });
  return rows;
}

std::vector<transport::http_route> chat::pages() {
  auto rows = monitoring_pages();
  if (has_api_ && metrics_apart_) rows.erase(rows.end() - 2);  // it is at the other address
  rows.back().respond = [this](const transport::http_request& request) {
    if (metrics_apart_ || !is_from_here(request))
      return plain(403, "the metrics are not for everybody: see --admin-listen\n");
    return show_metrics();
  };
  if (!base_path_.empty()) rows.push_back(leads_to(base_path_, base_path_ + "/"));
  add_files(rows, [this](std::string_view path) {
    return !path.starts_with(admin_page) || (has_api_ && !metrics_apart_);
  });
  return rows;
}

transport::http_response chat::show_metrics() const {
  auto answer = plain(200, metrics_text(numbers()));
  answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
  return answer;
}

std::string chat::trouble() const {
  if (!journal_healthy_) return "journal is failing";
  if (!ready_) return "starting or draining";
  if (drained_) return "drained by the API";
  if (memory_is_short_) return "memory is short";
  return watch_.trouble();
}

metric_sources chat::numbers() const {
  metric_sources from;
  from.transport = on_.listener().count();
  if (!opening_.goes_on()) {  // before, the shards are still being added
    for (std::size_t i = 0; i < env_.board.shards(); ++i) from.actors.add(env_.board.counts(i));
    from.actors.add(*env_.of_writer);
  }
  from.turn_time = on_.turn_time();
  if (!data_.empty()) from.disk = disk_use_of(data_);
  if (!opening_.goes_on()) from.search_behind_seconds = searching_.behind_seconds(system_now());
  from.now = system_now();
  if (!opening_.goes_on() && hooks_) from.hooks = hooks_->numbers();
  if (!opening_.goes_on() && asker_) from.asked = asker_->numbers();
  from.started_at = static_cast<double>(started_.value()) / 1000;
  from.happened = incidents_.counts();
  from.log_lines_dropped = log::dropped();
  from.ready = trouble().empty();
  from.journal_healthy = journal_healthy_;
  from.clock_in_doubt = clock_in_doubt_;
  from.taken = env_.prices->taken.all();
  return from;
}

std::chrono::seconds chat::up() const {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now() - up_since_);
}

void chat::look_at_memory() {
  if (memory_max_ == 0) return;
  const auto resident = resident_bytes();
  const bool was = memory_is_short_;
  const bool is = resident > (was ? memory_max_ / 10 * 9 : memory_max_);
  if (is && !was) log::warn("memory-short", "resident={} max={}", resident, memory_max_);
  if (was && !is) log::info("memory-recovered", "resident={} max={}", resident, memory_max_);
  memory_is_short_ = is;
  if (is || was) on_.listener().spare_memory(is);
}

void chat::begin_drain() {
  constexpr std::uint64_t back_per_second = 2'000;
  const std::chrono::milliseconds needed{on_.listener().count().websockets_open * 1000 /
                                         back_per_second};
  spread_ = std::min(drain_for_, needed);
  set_ready(false);
}

transport::options transport_options(const config& from) {
  transport::options to;
  to.host = from.host;
  to.port = from.port;
  to.tls_cert = from.tls_cert;
  to.tls_key = from.tls_key;
  to.origins = from.origins;
  to.hosts = from.hosts;
  to.local_hosts_only = from.hosts_are_local();
  to.trusted_proxies = trusted_proxies(from);
  to.proxy_protocol = from.proxy_protocol;
  to.compression = from.compression;
  to.frame_bytes = from.frame_bytes;
  to.outbox_bytes = from.outbox_bytes;
  to.outbound_bytes_max = from.outbound_bytes_max;
  to.connections_max = from.connections_max;
  to.connections_per_address = from.connections_per_address;
  to.handshake_wait = from.handshake_wait;
  to.ping_interval = from.ping_interval;
  to.pong_wait = from.pong_wait;
  to.close_wait = from.close_wait;
  return to;
}

transport::options admin_options(const config& from) {
  const auto where = read_endpoint(from.admin_listen);
  transport::options to;
  to.host = where->host;
  to.port = where->port;
  to.local_hosts_only = is_loopback(where->host);
  if (!from.api_keys) to.connections_max = 64;
  return to;
}

}  // namespace confab::server
