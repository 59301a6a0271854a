#pragma once

#include "load/histogram.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The result of one run: what the engine fills and everything else shows. Durations end in `_us`
/// or `_s`, points in time are Unix time and end in `_ms`.
namespace confab::load {

/// Everything that is only counted. `counter_rows` names each field once, for JSON, objectives and
/// tables.
struct counters {
  std::uint64_t users = 0;       // that said hello at least once
  std::uint64_t connects = 0;    // sockets that became WebSockets, the later ones included
  std::uint64_t reconnects = 0;  // of these, those that replace a lost or closed one
  std::uint64_t resumes = 0;     // rooms taken up again with `since`
  std::uint64_t sends = 0;       // messages written for the first time
  std::uint64_t repeats = 0;     // written again under the same key, for want of an answer
  std::uint64_t acks = 0;        // `sent` replies
  std::uint64_t duplicates = 0;  // of these, answers with `"duplicate":true`
  std::uint64_t deliveries = 0;  // `message` events, each checked
  std::uint64_t directs = 0;
  std::uint64_t signals = 0;
  std::uint64_t typing = 0;
  std::uint64_t histories = 0;  // history pages asked for
  std::uint64_t edits = 0;
  std::uint64_t reactions = 0;
  std::uint64_t joins = 0;
  std::uint64_t leaves = 0;
  std::uint64_t frames_in = 0;
  std::uint64_t frames_out = 0;
  std::uint64_t bytes_in = 0;  // on the socket, WebSocket headers included, TLS not
  std::uint64_t bytes_out = 0;
  std::uint64_t misbehaviours = 0;           // sent on purpose
  std::uint64_t misbehaviours_answered = 0;  // of these, those answered as PROTOCOL says
  std::uint64_t unacked = 0;                 // messages that were due and had no answer at the end
  std::uint64_t absent = 0;  // users that should have had a connection at the end, and had none
};

template <class Of>
struct field_row {
  std::string_view name;  // in JSON and in objectives
  std::string_view label;
  std::uint64_t Of::*field;
};
using counter_row = field_row<counters>;

inline constexpr std::array counter_rows{
    counter_row{"users", "users", &counters::users},
    counter_row{"connects", "connections made", &counters::connects},
    counter_row{"reconnects", "reconnections", &counters::reconnects},
    counter_row{"resumes", "rooms resumed", &counters::resumes},
    counter_row{"sends", "messages sent", &counters::sends},
    counter_row{"repeats", "sent again", &counters::repeats},
    counter_row{"acks", "acknowledged", &counters::acks},
    counter_row{"duplicates", "repeats recognised", &counters::duplicates},
    counter_row{"deliveries", "deliveries", &counters::deliveries},
    counter_row{"directs", "direct messages", &counters::directs},
    counter_row{"signals", "signals", &counters::signals},
    counter_row{"typing", "typing", &counters::typing},
    counter_row{"histories", "history pages", &counters::histories},
    counter_row{"edits", "edits", &counters::edits},
    counter_row{"reactions", "reactions", &counters::reactions},
    counter_row{"joins", "joins", &counters::joins},
    counter_row{"leaves", "leaves", &counters::leaves},
    counter_row{"frames_in", "frames in", &counters::frames_in},
    counter_row{"frames_out", "frames out", &counters::frames_out},
    counter_row{"bytes_in", "bytes in", &counters::bytes_in},
    counter_row{"bytes_out", "bytes out", &counters::bytes_out},
    counter_row{"misbehaviours", "misbehaviours", &counters::misbehaviours},
    counter_row{"misbehaviours_answered", "answered as they should",
                &counters::misbehaviours_answered},
    counter_row{"unacked", "messages without an answer at the end", &counters::unacked},
    counter_row{"absent", "users without a connection at the end", &counters::absent},
};

/// Those of which any speaks against the server.
constexpr bool is_failing(const counter_row& row) {
  return row.field == &counters::unacked || row.field == &counters::absent;
}

/// What the server promised (PROTOCOL §6) and whether it kept it. All but `expected` should be 0.
struct checks {
  std::uint64_t expected = 0;  // deliveries that had to come, as far as they can be known
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t out_of_order = 0;
  std::uint64_t wrong_room = 0;
  std::uint64_t damaged = 0;
  std::uint64_t undurable_seen = 0;  // shown before a restart, gone or different after it
  std::uint64_t unanswered = 0;      // commands that never got the one reply they were owed
};

using check_row = field_row<checks>;

/// The violations: every field of `checks` but `expected`.
inline constexpr std::array violation_rows{
    check_row{"lost", "lost", &checks::lost},
    check_row{"duplicated", "duplicated", &checks::duplicated},
    check_row{"out_of_order", "out of order", &checks::out_of_order},
    check_row{"wrong_room", "in the wrong room", &checks::wrong_room},
    check_row{"damaged", "damaged", &checks::damaged},
    check_row{"undurable_seen", "seen before durable", &checks::undurable_seen},
    check_row{"unanswered", "never answered", &checks::unanswered},
};

std::uint64_t violations(const checks& of);

/// What is timed. `delivery` and `send_ack` count from when the message was due, not from when it
/// was written (coordinated omission); `pause` from when a connection was lost, or wanted again, until the
/// user is welcomed anew; the others from the first byte of the request.
enum class latency : std::uint8_t {
  delivery,
  send_ack,
  connect,
  hello,
  join,
  resume,
  pause,
  history,
  direct
};

struct latency_row {
  latency kind;
  std::string_view name;  // in JSON, and in objectives: `join.p99<200ms`
  std::string_view label;
};

inline constexpr std::array latency_rows{
    latency_row{latency::delivery, "delivery", "delivery"},
    latency_row{latency::send_ack, "ack", "acknowledgement"},
    latency_row{latency::connect, "connect", "connect"},
    latency_row{latency::hello, "hello", "hello"},
    latency_row{latency::join, "join", "join"},
    latency_row{latency::resume, "resume", "resume"},
    latency_row{latency::pause, "pause", "pause"},
    latency_row{latency::history, "history", "history"},
    latency_row{latency::direct, "direct", "direct message"},
};

class latencies {
 public:
  histogram& operator[](latency kind) { return all_[static_cast<std::size_t>(kind)]; }
  const histogram& operator[](latency kind) const { return all_[static_cast<std::size_t>(kind)]; }

 private:
  std::array<histogram, latency_rows.size()> all_;
};

/// What threads count apart and add up: each has one, and nobody else touches it while it runs.
struct tally {
  load::counters counters;
  load::checks checks;
  /// By code (`rate_limited`), or what happened (`connection refused`). Without answers to
  /// misbehaviour that are as they should be.
  std::map<std::string, std::uint64_t> errors;
  /// Closed by the server, by code; 1006: the connection just ended. Without those that answer
  /// misbehaviour, and without those the tool asked for.
  std::map<std::uint16_t, std::uint64_t> closes;
  load::latencies latencies;
  histogram schedule_lag;  // how much later than due the tool itself began to send

  tally& operator+=(const tally& other);

  std::uint64_t errors_total() const;
  std::uint64_t closes_total() const;
};

/// One second of the run: [t_s, t_s + 1) from its start. Counts are of that second alone.
struct sample {
  std::int64_t t_s = 0;
  std::uint64_t users_online = 0;  // at its end
  std::uint64_t connects = 0;
  std::uint64_t sends = 0;
  std::uint64_t acks = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t errors = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t p50_us = 0;  // of the deliveries of that second; 0: there were none
  std::uint64_t p99_us = 0;
  std::uint64_t max_us = 0;
  std::uint64_t schedule_lag_max_us = 0;
  double own_cpu_cores = 0;
  std::optional<double> server_cpu_cores;
  std::optional<std::uint64_t> server_memory_bytes;

  /// The same second of another thread or process. Percentiles become the higher ones, which are
  /// upper bounds; of the server, which both looked at, the higher figures count.
  sample& operator+=(const sample& other);
};

struct tool_cost {
  double cpu_s = 0;
  std::uint64_t rss_bytes = 0;  // at its highest
  bool was_bottleneck = false;  // its figures then say less about the server than about the tool
};

/// From --server-pid or --metrics-url.
struct server_cost {
  double cpu_user_s = 0;
  double cpu_system_s = 0;
  std::uint64_t memory_before_bytes = 0;
  std::uint64_t memory_peak_bytes = 0;
  std::uint64_t memory_after_bytes = 0;
};

enum class ending : std::uint8_t { completed, interrupted, failed };

struct run_description {
  std::string tool_version;
  std::string scenario;
  std::string url;
  std::uint64_t seed = 0;
  std::uint64_t users = 0;  // that were asked for
  std::uint64_t devices = 1;
  std::uint64_t rooms = 0;
  std::uint64_t threads = 1;
  std::uint64_t processes = 1;  // more in a merged report
  std::int64_t started_at_ms = 0;
  double planned_s = 0;
  double real_s = 0;
  /// From when all users were up until the sending ended, in seconds from the start. Rates and
  /// cores are of whole seconds inside; 0 and 0: of the whole run.
  double steady_from_s = 0;
  double steady_to_s = 0;
  load::ending ending = load::ending::completed;
  std::string reason;  // a sentence, where it was not completed
};

/// One --expect with what came out.
struct objective_outcome {
  std::string text;  // as it was given
  bool met = false;
  std::optional<double> measured;  // in the objective's unit; nothing: the figure is not there
  std::string explanation;         // "p99 was 61.3 ms", "nothing was timed"
};

/// One rate that --find-max tried.
struct trial {
  double rate = 0;  // messages sent per second
  bool met = false;
  bool tool_was_bottleneck = false;
  std::string explanation;
};

struct search_result {
  std::string objective;
  double highest = 0;  // rate that was sustained; 0: none was
  std::vector<trial> trials;
};

struct report {
  run_description run;
  tally totals;
  std::vector<sample> series;  // ascending in t_s
  tool_cost tool;
  std::optional<server_cost> server;
  std::vector<objective_outcome> objectives;
  std::optional<search_result> search;
  std::vector<std::string> warnings;  // plain sentences
};

/// `{"format":1,"tool":"confab-load",…}`, a line per section and per second. What is written stays
/// readable for every later version: fields are added, missing ones have their defaults.
std::string to_json(const report& what);

/// A sentence where `text` is not a report of ours (or of a later format).
std::variant<report, std::string> from_json(std::string_view text);

/// Two processes that loaded the same server at the same time, as one. Seconds of the wall clock
/// are added; percentiles of a second become the worse of both, which is an upper bound. The
/// server was measured twice, so of its figures the higher count. Of objectives none are left.
report merge(const report& a, const report& b);

/// What speaks against the server beside its objectives: promises it broke, messages it left
/// without an answer, users it left without a connection. Sentences without an end; empty: nothing
/// does.
std::vector<std::string> failings(const report& of);

/// Those of the series that lie wholly in the steady part.
std::vector<const sample*> steady_seconds(const report& of);

/// Per second over the steady part, from the series; over the whole run where that is too short.
double rate(const report& of, std::uint64_t sample::*field);

}  // namespace confab::load
