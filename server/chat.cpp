#include "server/chat.hpp"

#include "actors/audience.hpp"
#include "actors/directory.hpp"
#include "actors/journal_reader.hpp"
#include "actors/journal_writer.hpp"
#include "actors/registrar.hpp"
#include "server/assets.hpp"
#include "server/bridge.hpp"
#include "server/log.hpp"

#include <caf/scoped_actor.hpp>

#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace confab::server {
namespace {

constexpr auto flush_wait_max = std::chrono::seconds{10};

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

std::unique_ptr<journal::journal> open_journal(const config& how) {
  const rooms::key_window window{how.dedupe_age, how.dedupe_count};
  if (how.journal == journal_kind::memory) return journal::open_memory(window);
  auto opened = journal::open_sqlite(how.data, window);
  if (auto* why = std::get_if<std::string>(&opened)) throw std::runtime_error(*why);
  return std::get<std::unique_ptr<journal::journal>>(std::move(opened));
}

transport::http_response plain(unsigned status, std::string text) {
  transport::http_response answer;
  answer.status = status;
  answer.body = std::move(text);
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

}  // namespace

chat::chat(runtime& on, const config& how)
    : on_(on), journal_(open_journal(how)), authenticator_(make_authenticator(how)) {
  limits_.text_bytes_max = how.text_bytes;
  env_.how.node = how.node;
  env_.how.text_bytes_max = how.text_bytes;
  env_.how.frame_bytes_max = how.frame_bytes;
  env_.how.rooms_per_session_max = how.rooms_per_session;
  env_.how.commands_per_second = how.rate_commands;
  env_.how.commands_burst = how.rate_burst;
  env_.how.create_rooms = how.create_rooms;
  env_.how.heartbeat = how.ping_interval;
  env_.how.hello_wait_max = how.hello_wait;
  env_.how.write_window = how.write_window;
  env_.how.commit_window = how.commit_window;
  env_.durability = journal_->level();
  env_.may_have_directs = [this](const user_id& user) { return journal_->may_have_directs(user); };
  env_.auth = authenticator_.get();
  env_.now = system_now;
  env_.steady_now = std::chrono::steady_clock::now;
  env_.random = system_random;
  env_.board.sign_names({env_.random(), env_.random()});
  env_.journal_health = [this](bool healthy, std::string_view detail) {
    journal_healthy_ = healthy;
    if (healthy)
      log::info("journal-recovered");
    else
      log::error("journal-failing", "detail={}", detail);
  };
  env_.journal_fatal = [](std::string_view detail) {
    log::error("journal-fatal", "detail={}", detail);
    std::_Exit(EXIT_FAILURE);
  };
  spawn_actors();
  on_.on_ended([this] {
    env_.writer = actors::writer_actor{};
    env_.board.clear();
  });
}

void chat::spawn_actors() {
  auto& system = on_.system();
  env_.writer = system.spawn<actors::journal_writer, caf::detached>(
      &env_, std::shared_ptr<journal::writer>{journal_->make_writer()});
  for (std::size_t i = 0; i < on_.shards(); ++i)
    env_.board.add({actors::spawn_on<actors::directory>(system, on_.unit(i), &env_),
                    actors::spawn_on<actors::audience>(system, on_.unit(i), &env_),
                    system.spawn<actors::journal_reader, caf::detached>(
                        &env_, std::shared_ptr<journal::reader>{journal_->make_reader()}),
                    actors::spawn_on<actors::registrar>(system, on_.unit(i), &env_)});
}

std::vector<transport::websocket_route> chat::websockets() {
  transport::websocket_route route;
  route.path = "/ws";
  route.subprotocols = {{"confab.v1.json", codec::json}, {"confab.v1.cbor", codec::cbor}};
  route.first_message_prefix = "confab.hello.";
  route.authorize = [this](const transport::http_request& request)
      -> std::variant<transport::session_factory, transport::upgrade_refused> {
    std::optional<actors::identity> known;
    if (const auto token = request.bearer()) {
      auto verified = authenticator_->verify(*token, env_.now());
      if (const auto* why = std::get_if<actors::unauthorized>(&verified)) {
        auto answer = plain(401, why->reason + "\n");
        answer.headers.emplace_back("WWW-Authenticate", "Bearer error=\"invalid_token\"");
        return transport::upgrade_refused{std::move(answer)};
      }
      known = std::get<actors::identity>(std::move(verified));
    }
    return chat_session(on_, env_, limits_, std::move(known));
  };
  return {std::move(route)};
}

std::vector<transport::http_route> chat::pages() {
  std::vector<transport::http_route> rows;
  rows.push_back({"/healthz", [](const auto&) { return plain(200, "ok\n"); }});
  rows.push_back({"/readyz", [this](const auto&) {
                    if (!journal_healthy_) return plain(503, "journal is failing\n");
                    if (!ready_) return plain(503, "starting or draining\n");
                    return plain(200, "ready\n");
                  }});
  rows.push_back({"/metrics", [this](const auto&) {
                    auto answer = plain(200, metrics());
                    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
                    return answer;
                  }});
  for (auto& row : http_routes(assets())) rows.push_back(std::move(row));
  return rows;
}

/// The transport's counters, and what the process uses, in Prometheus' text format (version 0.0.4).
std::string chat::metrics() const {
  const auto count = on_.listener().count();
  std::string text;
  const auto row = [&](std::string_view name, std::string_view type, std::string_view help,
                       auto value) {
    text.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text.append(name).append(" ").append(type).append("\n");
    text.append(name).append(" ").append(std::to_string(value)).append("\n");
  };
  row("confab_connections", "gauge", "Open TCP connections.", count.connections_open);
  row("confab_websockets", "gauge", "Open WebSocket connections.", count.websockets_open);
  row("confab_accepted_total", "counter", "TCP connections accepted.", count.accepted);
  row("confab_refused_total", "counter", "TCP connections refused for a limit.", count.refused);
  row("confab_messages_in_total", "counter", "WebSocket messages received.", count.messages_in);
  row("confab_frames_out_total", "counter", "WebSocket frames sent.", count.frames_out);
  row("confab_writes_total", "counter", "Gathered writes to sockets.", count.writes);
  row("confab_bytes_in_total", "counter", "Bytes received.", count.bytes_in);
  row("confab_bytes_out_total", "counter", "Bytes sent.", count.bytes_out);
  row("confab_slow_consumers_total", "counter", "Connections closed with 4000.",
      count.slow_consumers);
  row("confab_journal_healthy", "gauge", "1 while appends succeed.", journal_healthy_ ? 1 : 0);
  // Under the names that Prometheus' own libraries use.
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  row("process_cpu_seconds_total", "counter", "CPU time of the process, user and system.",
      seconds(used.ru_utime) + seconds(used.ru_stime));
  std::uint64_t pages = 0, resident_pages = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> resident_pages;
  row("process_resident_memory_bytes", "gauge", "Resident memory of the process.",
      resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  return text;
}

void chat::end_actors() {
  caf::scoped_actor waiting{on_.system()};
  waiting->request(env_.writer, flush_wait_max, actors::flush_request{})
      .receive(
          [](const actors::flushed& done) {
            if (!done.ok) log::error("journal-flush-failed");
          },
          [](caf::error&) { log::error("journal-flush-timed-out"); });
  for (std::size_t i = 0; i < env_.board.shards(); ++i) {
    const auto& shard = env_.board.shard(i);
    caf::anon_send_exit(shard.directory, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shard.audience, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shard.reader, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(shard.registrar, caf::exit_reason::user_shutdown);
  }
  caf::anon_send_exit(env_.writer, caf::exit_reason::user_shutdown);
}

transport::options transport_options(const config& from) {
  transport::options to;
  to.host = from.host;
  to.port = from.port;
  to.tls_cert_file = from.tls_cert;
  to.tls_key_file = from.tls_key;
  to.origins = from.origins;
  to.compression = from.compression;
  to.frame_bytes_max = from.frame_bytes;
  to.outbox_bytes_max = from.outbox_bytes;
  to.connections_max = from.connections_max;
  to.connections_per_address_max = from.connections_per_address;
  to.handshake_wait_max = from.handshake_wait;
  to.ping_interval = from.ping_interval;
  to.pong_wait_max = from.pong_wait;
  to.close_wait_max = from.close_wait;
  return to;
}

}  // namespace confab::server
