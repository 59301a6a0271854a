#include "tests/load/sample_report.hpp"

#include <cmath>
#include <random>

namespace confab::load {
namespace {

constexpr std::int64_t length_s = 60;

/// Exponential about `mean_us`, from one uniform number; not std's, whose results differ between
/// libraries.
std::uint64_t exponential(std::mt19937_64& random, double mean_us) {
  const auto uniform = static_cast<double>(random() >> 11) * 0x1p-53;
  return static_cast<std::uint64_t>(200 - mean_us * std::log1p(-uniform));
}

}  // namespace

report sample_report() {
  std::mt19937_64 random{7};
  report out;
  out.run = {.tool_version = "0.1.0",
             .scenario = "town-hall",
             .url = "ws://127.0.0.1:8080/ws",
             .seed = 7,
             .users = 1'000,
             .devices = 1,
             .rooms = 1,
             .threads = 1,
             .processes = 1,
             .started_at_ms = 1'767'225'600'000,
             .planned_s = 60,
             .real_s = 60,
             .steady_from_s = 10,
             .steady_to_s = 58,
             .ending = ending::completed,
             .reason = ""};
  auto& totals = out.totals;
  for (std::int64_t t = 0; t < length_s; ++t) {
    const bool sending = t < 58, hiccup = t == 40;
    sample second;
    second.t_s = t;
    second.users_online = std::min<std::uint64_t>(1'000, 100 * static_cast<std::uint64_t>(t + 1));
    second.connects = t < 10 ? 100 : hiccup ? 20 : 0;
    second.sends = sending ? 90 + random() % 21 : 0;
    second.acks = hiccup ? second.sends / 2 : second.sends;
    second.deliveries = second.acks * second.users_online;
    second.errors = hiccup ? 12 : 0;
    second.bytes_in = second.deliveries * 180;
    second.bytes_out = second.sends * 140;
    second.own_cpu_cores = 0.1 + static_cast<double>(second.deliveries) / 400'000;
    second.server_cpu_cores = 0.05 + static_cast<double>(second.deliveries) / 900'000;
    second.server_memory_bytes = (20u << 20) + second.users_online * 11'000;
    second.schedule_lag_max_us = 150 + random() % 400;
    histogram own;
    for (std::uint64_t i = 0; sending && i < 500; ++i)
      own.record(exponential(random, hiccup ? 40'000 : 1'500), second.deliveries / 500);
    second.p50_us = own.percentile(50);
    second.p99_us = own.percentile(99);
    second.max_us = own.max();
    out.series.push_back(second);

    totals.latencies[latency::delivery].merge(own);
    totals.counters.connects += second.connects;
    totals.counters.sends += second.sends;
    totals.counters.acks += second.acks;
    totals.counters.deliveries += second.deliveries;
    totals.counters.bytes_in += second.bytes_in;
    totals.counters.bytes_out += second.bytes_out;
    for (std::uint64_t i = 0; i < second.acks; ++i)
      totals.latencies[latency::send_ack].record(exponential(random, hiccup ? 30'000 : 900));
    for (std::uint64_t i = 0; i < second.connects; ++i) {
      totals.latencies[latency::connect].record(exponential(random, 300));
      totals.latencies[latency::hello].record(exponential(random, 500));
      totals.latencies[latency::join].record(exponential(random, 1'200));
    }
    totals.schedule_lag.record(second.schedule_lag_max_us);
  }
  totals.counters.users = 1'000;
  totals.counters.reconnects = totals.counters.resumes = 20;
  totals.counters.joins = 1'020;
  totals.checks.expected = totals.counters.deliveries;
  totals.errors = {{"rate_limited", 12}};
  totals.closes = {{1006, 15}, {4000, 5}};
  out.tool = {.cpu_s = 20.1, .rss_bytes = 45u << 20, .was_bottleneck = false};
  out.server = server_cost{.cpu_user_s = 6.1,
                           .cpu_system_s = 2.9,
                           .memory_before_bytes = 20u << 20,
                           .memory_peak_bytes = 33u << 20,
                           .memory_after_bytes = 24u << 20};
  return out;
}

}  // namespace confab::load
