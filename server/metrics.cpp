#include "server/metrics.hpp"

#include "protocol/codes.hpp"
#include "server/memory.hpp"

#include <sys/resource.h>

#include <charconv>
#include <filesystem>
#include <iterator>

namespace confab::server {
namespace {

using transport::incident_kind;

auto transport_count(std::uint64_t transport::counters::*field) {
  return [field](const metric_sources& from, metric_values& to) { to.add(from.transport.*field); };
}

auto by_reason(incident_kind what) {
  return [what](const metric_sources& from, metric_values& to) {
    for (const auto& each : from.happened)
      if (each.what == what) to.add(each.reason, each.number);
  };
}

auto in_all(incident_kind what) {
  return [what](const metric_sources& from, metric_values& to) {
    std::uint64_t sum = 0;
    for (const auto& each : from.happened)
      if (each.what == what) sum += each.number;
    to.add(sum);
  };
}

void closes(const metric_sources& from, metric_values& to) {
  const auto& counts = from.transport.closes;
  for (std::size_t i = 0; i < close_rows.size(); ++i)
    to.add(std::to_string(static_cast<unsigned>(close_rows[i].code)), counts[i]);
  to.add("1006", counts[close_rows.size()]);
  to.add("other", counts[close_rows.size() + 1]);
}

void commands(const metric_sources& from, metric_values& to) {
  for (std::size_t i = 0; i < command::names.size(); ++i)
    to.add(command::names[i], from.actors.commands[i]);
}

void errors(const metric_sources& from, metric_values& to) {
  for (std::size_t type = 0; type < from.actors.errors.size(); ++type)
    for (const auto& row : error_rows)
      if (const auto number = from.actors.errors[type][static_cast<std::size_t>(row.code)])
        to.add(type < command::names.size() ? command::names[type] : "none", row.name, number);
}

constexpr double nanoseconds_per_second = 1e9;

auto times(histogram_sum actor_totals::*field) {
  return [field](const metric_sources& from, metric_values& to) {
    to.add(from.actors.*field, nanoseconds_per_second);
  };
}

auto actors_count(std::uint64_t actor_totals::*field) {
  return [field](const metric_sources& from, metric_values& to) { to.add(from.actors.*field); };
}

/// None where the journal is in memory.
auto disk(std::uint64_t disk_use::*field) {
  return [field](const metric_sources& from, metric_values& to) {
    if (from.disk) to.add((*from.disk).*field);
  };
}

/// `value` is given what is known of a webhook, and the time.
template <class Value>
auto of_hooks(Value value) {
  return [value](const metric_sources& from, metric_values& to) {
    if (!from.hooks) return;
    for (const auto& one : from.hooks->hooks) to.add(one.id, value(one, from.now));
  };
}

void asked_results(const metric_sources& from, metric_values& to) {
  for (const auto& one : from.asked)
    for (std::size_t i = 0; i < one.results.size(); ++i)
      to.add(one.hook, webhooks::asked_results[i], one.results[i]);
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::uint64_t open_files() {
  std::error_code failed;
  const std::filesystem::directory_iterator files{"/proc/self/fd", failed};
  return failed ? 0 : static_cast<std::uint64_t>(std::distance(begin(files), end(files)));
}

std::uint64_t open_files_max() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

/// Of a label's value, as the format wants it.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

/// As few digits as say the same.
std::string shortest(double number) {
  char digits[32];
  return {digits, std::to_chars(std::begin(digits), std::end(digits), number).ptr};
}

std::vector<metric_row> make_rows() {
  using counters = transport::counters;
  return {
      {"confab_connections", "gauge", "Open TCP connections.", "",
       transport_count(&counters::connections_open)},
      {"confab_websockets", "gauge", "Open WebSocket connections.", "",
       transport_count(&counters::websockets_open)},
      {"confab_accepted_total", "counter", "TCP connections accepted.", "",
       transport_count(&counters::accepted)},
      {"confab_refused_total", "counter", "TCP connections refused for a limit.", "",
       transport_count(&counters::refused)},
      {"confab_connections_refused_total", "counter",
       "TCP connections over a limit: all of them, or those of one address.", "limit",
       by_reason(incident_kind::connection_refused)},
      {"confab_accept_failed_total", "counter",
       "Times that a connection could not be accepted for want of descriptors or memory.", "",
       in_all(incident_kind::accept_failed)},
      {"confab_tls_failed_total", "counter", "TLS handshakes that failed.", "",
       in_all(incident_kind::tls_failed)},
      {"confab_certificate_expires_seconds", "gauge",
       "When the certificate in use expires, since the Unix epoch.", "",
       [](const auto& from, auto& to) {
         if (const auto at = from.transport.certificate_expires_at; at > 0) to.add(at);
       }},
      {"confab_requests_refused_total", "counter",
       "HTTP requests that were malformed, too large, or for another host.", "reason",
       by_reason(incident_kind::request_refused)},
      {"confab_upgrades_refused_total", "counter", "Requests for a WebSocket that were refused.",
       "reason", by_reason(incident_kind::upgrade_refused)},
      {"confab_closes_total", "counter",
       "WebSocket connections that have ended, by their close code; 1006: without one.", "code",
       closes},
      {"confab_users", "gauge", "Users who are known, which are those with a session and few others.",
       "", actors_count(&actor_totals::users)},
      {"confab_rooms_awake", "gauge", "Rooms in memory.", "",
       actors_count(&actor_totals::rooms_awake)},
      {"confab_commands_total", "counter", "Commands of clients, as they came.", "type", commands},
      {"confab_errors_total", "counter",
       "Errors that clients were told, by the type of what they had sent (none: no command) and the "
       "error's code.",
       "type", errors, "code"},
      {"confab_storing_seconds", "histogram",
       "From when a room takes what is to be stored until it answers.", "",
       times(&actor_totals::storing)},
      {"confab_commit_seconds", "histogram", "How long a commit of the journal takes.", "",
       times(&actor_totals::commit_time)},
      {"confab_commit_operations", "histogram", "How much is stored by one commit.", "",
       [](const auto& from, auto& to) { to.add(from.actors.commit_operations, 1); }},
      {"confab_commits_failed_total", "counter", "Commits that stored nothing.", "",
       actors_count(&actor_totals::commits_failed)},
      {"confab_turn_seconds", "histogram",
       "How long a turn of a shard takes; whoever is on it waits so long.", "",
       [](const auto& from, auto& to) { to.add(from.turn_time, nanoseconds_per_second); }},
      {"confab_messages_in_total", "counter", "WebSocket messages received.", "",
       transport_count(&counters::messages_in)},
      {"confab_frames_out_total", "counter", "WebSocket frames sent.", "",
       transport_count(&counters::frames_out)},
      {"confab_writes_total", "counter", "Gathered writes to sockets.", "",
       transport_count(&counters::writes)},
      {"confab_bytes_in_total", "counter", "Bytes received.", "",
       transport_count(&counters::bytes_in)},
      {"confab_bytes_out_total", "counter", "Bytes sent.", "",
       transport_count(&counters::bytes_out)},
      {"confab_slow_consumers_total", "counter", "Connections closed with 4000.", "",
       transport_count(&counters::slow_consumers)},
      {"confab_outbound_bytes", "gauge", "Bytes that wait for all readers together.", "",
       transport_count(&counters::outbound_bytes)},
      {"confab_outbox_highest_bytes", "gauge",
       "Most bytes that waited for one reader within the last minute or two.", "",
       transport_count(&counters::outbox_highest)},
      {"confab_outbound_full_total", "counter",
       "Times that too much waited for all readers together, and the slowest were closed.", "",
       in_all(incident_kind::outbound_full)},
      {"confab_bugs_total", "counter", "Exceptions that a wall has caught, by the wall.", "where",
       by_reason(incident_kind::bug)},
      {"confab_log_lines_dropped_total", "counter", "Lines of the log that had no room.", "",
       [](const auto& from, auto& to) { to.add(from.log_lines_dropped); }},
      {"confab_ready", "gauge", "1 while /readyz answers 200.", "",
       [](const auto& from, auto& to) { to.add(std::uint64_t{from.ready}); }},
      {"confab_journal_healthy", "gauge", "1 while appends succeed.", "",
       [](const auto& from, auto& to) { to.add(std::uint64_t{from.journal_healthy}); }},
      {"confab_retention_stopped", "gauge",
       "1 while no messages are trimmed by age, because the clock is in doubt.", "",
       [](const auto& from, auto& to) { to.add(std::uint64_t{from.clock_in_doubt}); }},
      {"confab_journal_bytes", "gauge", "Size of the database.", "",
       disk(&disk_use::database_bytes)},
      {"confab_wal_bytes", "gauge", "Size of the database's write-ahead log.", "",
       disk(&disk_use::wal_bytes)},
      {"confab_disk_free_bytes", "gauge", "What is free where the database is.", "",
       disk(&disk_use::free_bytes)},
      {"confab_search_behind_seconds", "gauge",
       "Since when the index of search has not caught up with the journal; 0: it has.", "",
       [](const auto& from, auto& to) {
         if (from.search_behind_seconds) to.add(*from.search_behind_seconds);
       }},
      {"confab_webhook_lag_seconds", "gauge",
       "Age of the oldest entry that a webhook was not told yet; 0: it was told all.", "webhook",
       of_hooks([](const auto& hook, unix_ms now) {
         constexpr double second = 1'000;
         return hook.oldest_at ? static_cast<double>(now.value() - hook.oldest_at->value()) / second : 0.0;
       })},
      {"confab_webhook_paused", "gauge", "1 while nothing is sent to a webhook.", "webhook",
       of_hooks([](const auto& hook, unix_ms) { return std::uint64_t{hook.paused}; })},
      {"confab_webhook_dead", "gauge", "Dead letters of a webhook.", "webhook",
       of_hooks([](const auto& hook, unix_ms) { return hook.dead; })},
      {"confab_webhook_attempts_total", "counter",
       "Deliveries to webhooks that were tried, by what came of them.", "result",
       [](const auto& from, auto& to) {
         if (!from.hooks) return;
         to.add("delivered", from.hooks->delivered);
         to.add("failed", from.hooks->failed);
         to.add("refused", from.hooks->refused);
       }},
      {"confab_charged_total", "counter",
       "What clients and callers of the API were charged, each price in its own unit.", "price",
       [](const auto& from, auto& to) {
         for (std::size_t i = 0; i < from.taken.size(); ++i)
           to.add(actors::price_names[i], from.taken[i]);
       }},
      {"confab_api_keys_refused_total", "counter", "Calls of the API whose key was not taken.", "reason",
       by_reason(incident_kind::api_key_refused)},
      {"confab_hook_questions_total", "counter",
       "Questions to the hooks that are asked, by what came of them.", "hook", asked_results,
       "result"},
      {"confab_hook_questions", "gauge", "Questions to a hook that are not answered yet.", "hook",
       [](const auto& from, auto& to) {
         for (const auto& one : from.asked) to.add(one.hook, one.under_way);
       }},
      {"confab_hook_seconds_total", "counter",
       "How long answers of a hook were waited for, all together.", "hook",
       [](const auto& from, auto& to) {
         constexpr double second = 1'000;
         for (const auto& one : from.asked)
           to.add(one.hook, static_cast<double>(one.answer_ms) / second);
       }},
      {"confab_build_info", "gauge", "1; the version is the label.", "version",
       [](const auto&, auto& to) { to.add(CONFAB_VERSION, std::uint64_t{1}); }},
      // Under the names that Prometheus' own libraries use.
      {"process_start_time_seconds", "gauge", "When the server started, since the Unix epoch.", "",
       [](const auto& from, auto& to) { to.add(from.started_at); }},
      {"process_cpu_seconds_total", "counter", "CPU time of the process, user and system.", "",
       [](const auto&, auto& to) { to.add(cpu_seconds()); }},
      {"process_resident_memory_bytes", "gauge", "Resident memory of the process.", "",
       [](const auto&, auto& to) { to.add(resident_bytes()); }},
      {"process_open_fds", "gauge", "Open file descriptors.", "",
       [](const auto&, auto& to) { to.add(open_files()); }},
      {"process_max_fds", "gauge", "File descriptors that may be open.", "",
       [](const auto&, auto& to) { to.add(open_files_max()); }},
  };
}

}  // namespace

void metric_values::line(std::string_view ending, std::string_view label, std::string_view value,
                         const std::string& number) {
  text_.append(name_).append(ending);
  if (!label.empty())
    text_.append("{").append(label).append("=\"").append(escaped(value)).append("\"}");
  text_.append(" ").append(number).append("\n");
}

void metric_values::add(std::string_view label, const std::string& number) {
  line("", label_, label, number);
}

void metric_values::add(std::string_view label, std::string_view second_label,
                        std::uint64_t number) {
  text_.append(name_).append("{").append(label_).append("=\"").append(escaped(label));
  text_.append("\",").append(second_label_).append("=\"").append(escaped(second_label));
  text_.append("\"} ").append(std::to_string(number)).append("\n");
}

void metric_values::add(const histogram_sum& all, double per_unit) {
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < all.bounds.size(); ++i)
    line("_bucket", "le", shortest(static_cast<double>(all.bounds[i]) / per_unit),
         std::to_string(so_far += all.counts[i]));
  if (!all.counts.empty()) so_far += all.counts.back();
  line("_bucket", "le", "+Inf", std::to_string(so_far));
  line("_sum", "", "", shortest(static_cast<double>(all.sum) / per_unit));
  line("_count", "", "", std::to_string(so_far));
}

void actor_totals::add(const actors::shard_counts& shard) {
  for (std::size_t i = 0; i < commands.size(); ++i) commands[i] += shard.commands[i].get();
  for (std::size_t type = 0; type < errors.size(); ++type)
    for (std::size_t code = 0; code < error_rows.size(); ++code)
      errors[type][code] += shard.errors[type][code].get();
  users += shard.users.get();
  rooms_awake += shard.rooms_awake.get();
  storing.add(shard.storing);
}

void actor_totals::add(const actors::writer_counts& writer) {
  commits_failed += writer.commits_failed.get();
  commit_time.add(writer.commit_time);
  commit_operations.add(writer.commit_operations);
}

disk_use disk_use_of(const std::string& directory) {
  const auto bytes = [&](const char* name) -> std::uint64_t {
    std::error_code none;
    const auto size = std::filesystem::file_size(directory + "/" + name, none);
    return none ? 0 : size;
  };
  std::error_code unknown;
  const auto space = std::filesystem::space(directory, unknown);
  return {bytes("confab.db"), bytes("confab.db-wal"), unknown ? 0 : space.available};
}

const std::vector<metric_row>& metric_rows() {
  static const auto rows = make_rows();
  return rows;
}

std::string metrics_text(const metric_sources& from) {
  std::string text;
  for (const auto& row : metric_rows()) {
    text.append("# HELP ").append(row.name).append(" ").append(row.help).append("\n# TYPE ");
    text.append(row.name).append(" ").append(row.type).append("\n");
    metric_values values{text, row.name, row.label, row.second_label};
    row.read(from, values);
  }
  return text;
}

}  // namespace confab::server
