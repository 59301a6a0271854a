// The load generator of bench/run: many clients in one thread, framing of its own, so that it costs
// less than what it measures. Prints one JSON object; `bench_swarm --help` lists the options.

#include "bench/swarm/crowd.hpp"
#include "bench/swarm/process.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

using namespace confab::bench;
using namespace std::chrono_literals;
using json = nlohmann::ordered_json;

namespace {

using clock_type = std::chrono::steady_clock;

double seconds_since(clock_type::time_point then) {
  return std::chrono::duration<double>(clock_type::now() - then).count();
}

/// Both sides' CPU and the time from here on.
class stopwatch {
 public:
  explicit stopwatch(pid_t server) : server_(server) {}
  cpu_time server() const { return cpu_of(server_) - server_before_; }
  cpu_time own() const { return cpu_of(getpid()) - own_before_; }
  double seconds() const { return seconds_since(begin_); }

 private:
  pid_t server_;
  cpu_time server_before_ = cpu_of(server_);
  cpu_time own_before_ = cpu_of(getpid());
  clock_type::time_point begin_ = clock_type::now();
};

json delays(const confab::load::histogram& of) {
  return {{"p50_us", of.percentile(50)},
          {"p90_us", of.percentile(90)},
          {"p99_us", of.percentile(99)},
          {"p999_us", of.percentile(99.9)},
          {"max_us", of.max()}};
}

/// Until the server has next to nothing to do, or three seconds.
void let_settle(pid_t server) {
  for (int i = 0; i < 30; ++i) {
    const stopwatch watch{server};
    std::this_thread::sleep_for(100ms);
    if (watch.server().total < 0.005) return;
  }
}

json connect(crowd& all, const plan& what, pid_t server) {
  const stopwatch watch{server};
  all.connect_all();
  const double n = what.connections + what.quiet, time = watch.seconds(),
               cpu = watch.server().total;
  return {{"connects_per_s", n / time},
          {"connects_per_core_s", n / cpu},
          {"cpu_s_per_1000", 1000 * cpu / n},
          {"server_cores", cpu / time},
          {"generator_cores", watch.own().total / time}};
}

/// The second wave is measured: the first lets a just-in-time compiler see the code.
json storm(plan what, const dialect& how, pid_t server) {
  {
    crowd first{what, how};
    first.connect_all();
  }
  let_settle(server);
  what.first_user = what.connections;
  crowd second{what, how};
  return connect(second, what, server);
}

json idle(const plan& what, const dialect& how, pid_t server, std::chrono::milliseconds settle) {
  const auto before = pss_of(server), kernel_before = kernel_memory();
  crowd all{what, how};
  auto out = connect(all, what, server);
  all.run_for(settle);
  const double n = what.connections;
  out["bytes_per_connection"] = static_cast<double>(pss_of(server) - before) / n;
  out["kernel_bytes_per_connection"] = static_cast<double>(kernel_memory() - kernel_before) / n;
  return out;
}

json load(const plan& what, const dialect& how, pid_t server, std::chrono::milliseconds warm_up,
          std::chrono::milliseconds time) {
  crowd all{what, how};
  all.connect_all();
  const auto pss_before = pss_of(server);
  all.start();
  all.run_for(warm_up);
  all.measure();
  const auto before = all.count();
  const auto machine_before = machine_cpu();
  const stopwatch watch{server};
  all.run_for(time);
  const auto elapsed = watch.seconds();
  const auto used = watch.server(), own = watch.own();
  const auto others = machine_cpu() - machine_before - used.total - own.total;
  const auto window = all.count() - before;
  const auto pss_after = pss_of(server);
  const auto outstanding = all.drain();

  const auto n = static_cast<double>(window.deliveries);
  json out{{"deliveries_per_s", n / elapsed},
           {"cpu_us", 1e6 * used.total / n},
           {"user_us", 1e6 * used.user_share() / n},
           {"system_us", 1e6 * used.system_share() / n},
           {"server_cores", used.total / elapsed},
           {"generator_cores", own.total / elapsed},
           {"generator_was_limit", own.total / elapsed > 0.9},
           {"others_cores", std::max(0.0, others / elapsed)},
           {"frames_per_receive", n / static_cast<double>(window.receives)},
           {"bytes_per_delivery", static_cast<double>(window.bytes) / n}};
  out.update(delays(all.delay()));
  if (what.rate > 0) out["sent_late_p99_us"] = all.lag().percentile(99);
  if (what.quiet > 0) out["quiet"] = delays(all.quiet_delay());
  if (what.deaf > 0) out["deaf_closed"] = all.deaf_closed();
  const auto& faults = all.count();
  out.update(json{{"lost", faults.lost},
                  {"duplicated", faults.duplicated},
                  {"out_of_order", faults.out_of_order},
                  {"outstanding", outstanding},
                  {"closed", faults.closed},
                  {"pss_growth_bytes", pss_after - pss_before}});
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  plan what;
  std::string name = "confab-json", mode = "load";
  int server = 0, stage = 2;
  double seconds = 2, warm_up = 1;
  CLI::App app{"Many WebSocket clients in one thread; prints one JSON object"};
  app.add_option("--mode", mode, "load, idle or storm")
      ->check(CLI::IsMember({"load", "idle", "storm"}));
  app.add_option("--dialect", name);
  app.add_option("--port", what.port)->required();
  app.add_option("--pid", server, "the server, to read its CPU time and memory")->required();
  app.add_option("--connections", what.connections);
  app.add_option("--rooms", what.rooms);
  auto* closed = app.add_option("--in-flight", what.in_flight, "closed loop: messages per room");
  app.add_flag("--until-all", what.until_all,
               "closed loop: one is on its way until all members have it, not only its writer")
      ->needs(closed);
  app.add_option("--rate", what.rate, "open loop: deliveries per second over all rooms");
  app.add_option("--text-bytes", what.text_bytes);
  app.add_option("--deaf", what.deaf, "members of the first room that stop reading");
  app.add_option("--quiet", what.quiet, "members of one more room");
  app.add_option("--quiet-rate", what.quiet_rate, "messages per second in that room");
  app.add_option("--stage", stage, "confab: 0 upgraded, 1 said hello, 2 in a room");
  app.add_option("--seconds", seconds, "measured; idle: until memory is read");
  app.add_option("--warm-up", warm_up, "seconds");
  app.add_flag("--deflate", what.deflate);
  app.add_flag("--tls", what.tls);
  CLI11_PARSE(app, argc, argv);

  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  try {
    const auto how = dialect_of(name, stage);
    const auto ms = [](double s) { return std::chrono::milliseconds{static_cast<long>(1000 * s)}; };
    const auto result = mode == "storm"  ? storm(what, how, server)
                        : mode == "idle" ? idle(what, how, server, ms(seconds))
                                         : load(what, how, server, ms(warm_up), ms(seconds));
    std::cout << result.dump() << '\n';
  } catch (const std::out_of_range&) {
    die("no dialect " + name);
  }
}
