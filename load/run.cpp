#include "load/run.hpp"

#include "load/text.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <thread>

namespace confab::load {
namespace {

using namespace std::chrono_literals;

constexpr auto step = 20ms;
constexpr double ramp_grace_s = 30;  // for the last ones to come up
constexpr double deserted_s = 30;    // nobody is up for so long: there is nothing to measure
constexpr double quiet_s = 0.3;      // for what nobody waits for: doubles
// The tool's own lateness that would show in the server's figures.
constexpr std::uint64_t lag_p99_us_max = 10'000;
constexpr double busy_cores = 0.9;
constexpr double busy_share = 0.25;

std::uint64_t sum(const std::vector<std::atomic<std::uint64_t>>& of) {
  return std::accumulate(of.begin(), of.end(), std::uint64_t{0},
                         [](auto a, const auto& b) { return a + b.load(); });
}

double own_cpu_s() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Directs the threads of one run and collects what they count.
class director {
 public:
  director(const load_plan& plan, const wire_plan& wires, const run_options& options)
      : plan_{plan},
        options_{options},
        state_{plan.scenario.rooms, plan.threads},
        start_{std::chrono::steady_clock::now()},
        own_cpu_before_s_{own_cpu_s()} {
    for (std::uint32_t i = 0; i < plan.threads; ++i)
      workers_.push_back(std::make_unique<worker>(plan, wires, state_, i, start_));
    start_reading_server();
  }

  report run() {
    std::vector<std::thread> threads;
    for (auto& each : workers_) threads.emplace_back([&each] { each->run(); });
    while (!is_over()) {
      std::this_thread::sleep_for(step);
      collect();
    }
    state_.is_over = true;
    for (auto& each : threads) each.join();
    collect();
    return finish();
  }

 private:
  double elapsed_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  double ramp_s() const {
    return static_cast<double>(plan_.scenario.users) / plan_.scenario.ramp_per_s;
  }

  void stop_sending(double at_s) {
    stop_at_s_ = at_s;
    state_.stop_sending_at_us = static_cast<std::int64_t>(at_s * 1e6);
  }

  void fail(std::string reason) {
    out_.run.ending = ending::failed;
    out_.run.reason = std::move(reason);
    stop_sending(elapsed_s());
  }

  bool is_over() {
    const auto now_s = elapsed_s();
    const auto online = sum(state_.online);
    if (online > 0) last_online_s_ = now_s;
    if (now_s >= stop_at_s_) return is_drained(now_s);

    if (!up_at_s_) {
      const auto arrived = sum(state_.arrived);
      const bool is_late = now_s > 2 * ramp_s() + ramp_grace_s;
      if (arrived >= plan_.scenario.users || is_late) {
        up_at_s_ = now_s;
        stop_sending(now_s + plan_.scenario.for_s);
        if (is_late)
          out_.warnings.push_back(grouped(plan_.scenario.users - arrived) + " of " +
                                  grouped(plan_.scenario.users) + " users never came up.");
      }
    }
    storm(now_s);
    if (options_.interruptions() > 0) {
      out_.run.ending = ending::interrupted;
      out_.run.reason = "It was interrupted.";
      stop_sending(now_s);
    } else if (now_s - last_online_s_ > deserted_s) {
      fail("Nobody could connect for " + time_text(deserted_s) + ".");
    }
    return false;
  }

  void storm(double now_s) {
    const auto& how = plan_.scenario;
    if (how.storm_at_s <= 0 || !up_at_s_) return;
    const auto since_s = now_s - *up_at_s_ - how.storm_at_s;
    if (since_s < 0) return;
    const auto due =
        how.storm_every_s > 0 ? 1 + static_cast<std::uint32_t>(since_s / how.storm_every_s) : 1;
    if (due > state_.storms) state_.storms = due;
  }

  bool is_drained(double now_s) {
    const bool is_quiet =
        std::ranges::all_of(state_.quiet, [](const auto& each) { return each.load(); });
    if (!is_quiet) quiet_since_s_ = now_s;
    if (options_.interruptions() > 1) return true;
    if (is_quiet && now_s - std::max(quiet_since_s_, stop_at_s_) > quiet_s) return true;
    if (now_s < stop_at_s_ + options_.drain_s) return false;
    if (sum(state_.online) == 0)
      out_.warnings.push_back(
          "Nobody was connected any more at the end: what the server still owed could not be "
          "checked.");
    else
      out_.warnings.push_back("After " + time_text(options_.drain_s) +
                              " of waiting (--drain) not all had arrived; what was missing counts "
                              "as lost, though it may only have been late.");
    return true;
  }

  void start_reading_server() {
    if (!options_.server) return;
    if ((last_reading_ = options_.server->read())) {
      auto& cost = out_.server.emplace();
      cost.memory_before_bytes = cost.memory_peak_bytes = cost.memory_after_bytes =
          last_reading_->memory_bytes;
    }
  }

  void read_server(sample& into) {
    if (!options_.server || !out_.server) return;
    const auto now_s = elapsed_s();
    const auto reading = options_.server->read();
    if (!reading) return;  // it has gone, perhaps to come back
    const auto spent = [](const server_reading& one) { return one.cpu_user_s + one.cpu_system_s; };
    const auto time_s = now_s - last_reading_s_;
    auto& cost = *out_.server;
    const auto cpu_s = spent(*reading) - spent(*last_reading_);
    if (time_s > 0.1 && cpu_s >= 0) {
      into.server_cpu_cores = cpu_s / time_s;
      cost.cpu_user_s += reading->cpu_user_s - last_reading_->cpu_user_s;
      cost.cpu_system_s += reading->cpu_system_s - last_reading_->cpu_system_s;
    }
    into.server_memory_bytes = reading->memory_bytes;
    cost.memory_peak_bytes = std::max(cost.memory_peak_bytes, reading->memory_bytes);
    cost.memory_after_bytes = reading->memory_bytes;
    last_reading_ = reading;
    last_reading_s_ = now_s;
  }

  /// Seconds that all threads have told of become rows of the report.
  void collect() {
    std::vector<std::vector<thread_second>> rows;
    {
      const std::lock_guard lock{state_.mutex};
      const auto count =
          std::ranges::min(state_.seconds, {}, [](const auto& each) { return each.size(); }).size();
      for (std::size_t k = 0; k < count; ++k) {
        auto& row = rows.emplace_back();
        for (auto& thread : state_.seconds) row.push_back(std::move(thread[k]));
      }
      for (auto& thread : state_.seconds)
        thread.erase(thread.begin(), thread.begin() + static_cast<std::ptrdiff_t>(count));
    }
    for (const auto& row : rows) add_second(row);
  }

  void add_second(const std::vector<thread_second>& of) {
    sample row;
    row.t_s = of[0].counts.t_s;
    histogram deliveries;
    progress shown;
    for (const auto& each : of) {
      row += each.counts;
      deliveries.merge(each.deliveries);
      shown.errors += each.errors;
      shown.closes += each.closes;
      shown.violations += each.violations;
    }
    const bool is_steady = up_at_s_ && static_cast<double>(row.t_s) >= *up_at_s_ &&
                           static_cast<double>(row.t_s) + 1 <= stop_at_s_;
    if (is_steady) {
      ++steady_seconds_;
      const auto is_busy = [](const thread_second& each) {
        return each.counts.own_cpu_cores > busy_cores;
      };
      busy_seconds_ += std::ranges::any_of(of, is_busy) ? 1 : 0;
    }
    row.p50_us = deliveries.percentile(50);
    row.p99_us = deliveries.percentile(99);
    row.max_us = deliveries.max();
    read_server(row);
    out_.series.push_back(row);

    shown.title = plan_.scenario.name;
    shown.phase = elapsed_s() >= stop_at_s_ ? "draining" : up_at_s_ ? "sending" : "connecting";
    shown.elapsed_s = static_cast<double>(row.t_s + 1);
    shown.planned_s = up_at_s_.value_or(ramp_s()) + plan_.scenario.for_s;
    shown.users = plan_.scenario.users;
    shown.second = row;
    options_.show(shown);
  }

  report finish() {
    std::vector<const crowd*> crowds;
    for (const auto& each : workers_) crowds.push_back(&each->result());
    for (const auto& each : workers_) each->result().count_undelivered(crowds);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      auto& crowd = workers_[i]->result();
      out_.totals += crowd.tally();
      if (!workers_[i]->history_is_whole())
        out_.warnings.push_back("The history (--verify) could not be written in full.");
      if (i == 0) continue;
      // What members of different threads were shown.
      const auto& one = workers_[i - 1]->result().checker();
      const auto& other = crowd.checker();
      for (std::size_t room = 0; room < one.fixed_rooms(); ++room)
        out_.totals.checks.out_of_order += one.rooms()[room].differences(other.rooms()[room]);
    }
    auto& run = out_.run;
    run.tool_version = CONFAB_VERSION;
    run.scenario = plan_.scenario.name;
    run.url = options_.url;
    run.seed = plan_.seed;
    run.users = plan_.scenario.users;
    run.devices = plan_.scenario.devices;
    run.rooms = plan_.scenario.rooms;
    run.threads = plan_.threads;
    run.started_at_ms = plan_.started_at_ms;
    run.planned_s = ramp_s() + plan_.scenario.for_s;
    run.real_s = elapsed_s();
    if (up_at_s_ && stop_at_s_ > *up_at_s_) {
      run.steady_from_s = *up_at_s_;
      run.steady_to_s = stop_at_s_;
    }
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    out_.tool.cpu_s = own_cpu_s() - own_cpu_before_s_;
    out_.tool.rss_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
    judge_tool();
    return std::move(out_);
  }

  void judge_tool() {
    const auto lag_us = out_.totals.schedule_lag.percentile(99);
    const bool is_late = lag_us > lag_p99_us_max;
    const bool is_busy =
        busy_seconds_ > busy_share * static_cast<double>(std::max(1, steady_seconds_));
    out_.tool.was_bottleneck = is_late || is_busy;
    if (!out_.tool.was_bottleneck) return;
    out_.warnings.push_back(
        "This tool or its machine was the bottleneck: " +
        (is_late ? "1 % of the messages were sent more than " +
                       duration_text(static_cast<double>(lag_us)) + " late"
                 : "a thread of it was busy for more than a quarter of the time") +
        ". The latencies include that. Use more --threads, more machines, or a lower rate.");
  }

  const load_plan& plan_;
  const run_options& options_;
  run_state state_;
  std::chrono::steady_clock::time_point start_;
  double own_cpu_before_s_;
  std::vector<std::unique_ptr<worker>> workers_;
  report out_;
  std::optional<double> up_at_s_;
  double stop_at_s_ = HUGE_VAL;
  double last_online_s_ = 0;
  double quiet_since_s_ = 0;
  std::optional<server_reading> last_reading_;
  double last_reading_s_ = 0;
  int steady_seconds_ = 0, busy_seconds_ = 0;
};

}  // namespace

report run_load(const load_plan& plan, const wire_plan& wires, const run_options& options) {
  return director{plan, wires, options}.run();
}

std::string raise_open_files(std::uint64_t connections) {
  constexpr std::uint64_t others = 64;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur >= connections + others) return {};
  auto wanted = files;
  wanted.rlim_cur = std::max<rlim_t>(files.rlim_cur, connections + others);
  wanted.rlim_max = std::max(files.rlim_max, wanted.rlim_cur);
  if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) return {};  // root may raise its maximum
  if (files.rlim_max < connections + others)
    return grouped(connections) +
           " connections need as many open files, and this process may have " +
           grouped(files.rlim_max) + " (ulimit -n)";
  wanted.rlim_max = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &wanted);
  return {};
}

}  // namespace confab::load
