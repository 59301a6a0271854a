#include "load/load_test.hpp"

#include "load/files.hpp"
#include "load/find_max.hpp"
#include "load/html.hpp"
#include "load/objective.hpp"
#include "load/probe.hpp"
#include "load/quantity.hpp"
#include "load/run.hpp"
#include "load/summary.hpp"
#include "load/text.hpp"
#include "load/verify.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <thread>

namespace confab::load {
namespace {

/// Ends with one sentence on stderr.
struct refusal {
  std::string sentence;
};

template <class T>
T or_refuse(std::variant<T, std::string> result, const std::string& prefix = {}) {
  if (auto* wrong = std::get_if<std::string>(&result)) throw refusal{prefix + *wrong};
  return std::get<T>(std::move(result));
}

scenario load_scenario(const std::string& name) {
  for (const auto& [each, toml] : built_in_scenarios())
    if (each == name) return std::get<scenario>(parse_scenario(each, toml));
  const auto text = read_file(name);
  if (!text) {
    std::string known;
    for (const auto& [each, toml] : built_in_scenarios())
      known += (known.empty() ? "" : ", ") + each;
    throw refusal{"There is no scenario or readable file " + name + ". Built in are " + known +
                  "."};
  }
  const auto slash = name.rfind('/');
  auto shown = name.substr(slash == std::string::npos ? 0 : slash + 1);
  if (shown.ends_with(".toml")) shown.resize(shown.size() - 5);
  auto parsed = parse_scenario(shown, *text);
  if (const auto* mistakes = std::get_if<std::vector<mistake>>(&parsed)) {
    std::string all;
    for (const auto& each : *mistakes) {
      if (!all.empty()) all += '\n';
      all += name + (each.line > 0 ? ":" + std::to_string(each.line) : "") + ": " + each.text;
    }
    throw refusal{all};
  }
  return std::get<scenario>(std::move(parsed));
}

/// `2000/s`, or `0.5/s/user`.
void apply_rate(scenario& to, std::string_view rate) {
  constexpr std::string_view each = "/user";
  const bool is_of_each = rate.ends_with(each);
  const auto number = read_rate(is_of_each ? rate.substr(0, rate.size() - each.size()) : rate);
  if (!number || *number <= 0)
    throw refusal{"--rate must be like 2000/s (of all together) or 0.5/s/user, not " +
                  std::string{rate}};
  to.set_rate(is_of_each ? *number * static_cast<double>(to.users) : *number);
}

scenario final_scenario(const options& what) {
  auto out = load_scenario(what.scenario);
  for (const auto& [key, value] : what.settings)
    if (const auto wrong = set_key(out, key, value); !wrong.empty()) throw refusal{wrong};
  if (!what.rate.empty()) apply_rate(out, what.rate);
  if (const auto wrong = impossibility(out, what.first_user); !wrong.empty())
    throw refusal{"That cannot be simulated: " + wrong};
  return out;
}

identities final_identities(const options& what, std::uint64_t users) {
  if (!what.jwt_secret_file.empty() + !what.tokens_file.empty() + what.is_guest > 1)
    throw refusal{"Only one of --guest, --jwt-secret-file and --tokens can be given."};
  if (!what.jwt_secret_file.empty()) {
    auto secret = read_file(what.jwt_secret_file);
    if (!secret) throw refusal{what.jwt_secret_file + " cannot be read."};
    if (secret->ends_with('\n')) secret->pop_back();
    if (secret->ends_with('\r')) secret->pop_back();
    if (secret->empty()) throw refusal{what.jwt_secret_file + " is empty."};
    return identities::minted(std::move(*secret));
  }
  if (what.tokens_file.empty()) return identities::guests();
  const auto lines = read_file(what.tokens_file);
  if (!lines) throw refusal{what.tokens_file + " cannot be read."};
  auto out = or_refuse(identities::from_tokens(*lines), what.tokens_file + ": ");
  if (out.count() < what.first_user + users)
    throw refusal{what.tokens_file + " has " + grouped(out.count()) + " tokens for " +
                  grouped(users) + " users."};
  return out;
}

std::unique_ptr<server_watch> final_watch(const options& what) {
  if (what.server_pid > 0) return or_refuse(watch_process(what.server_pid), "--server-pid: ");
  if (!what.metrics_url.empty())
    return or_refuse(watch_metrics(what.metrics_url), "--metrics-url: ");
  return nullptr;
}

std::vector<objective> final_objectives(const options& what) {
  std::vector<objective> out;
  for (const auto& each : what.expected)
    out.push_back(or_refuse(parse_objective(each), "--expect: "));
  return out;
}

/// A history file that is open for appending, or none.
class history_file {
 public:
  history_file(const load_plan& plan, const std::string& path) : path_{path} {
    if (path.empty()) return;
    fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    const auto head =
        "run " + std::to_string(plan.run) + " " + std::to_string(plan.scenario.users) + "\n";
    if (fd_ < 0 || ::write(fd_, head.data(), head.size()) != static_cast<ssize_t>(head.size()))
      throw refusal{path + " cannot be written."};
  }
  ~history_file() {
    if (fd_ >= 0) ::close(fd_);
  }
  history_file(const history_file&) = delete;
  history_file& operator=(const history_file&) = delete;
  int fd() const { return fd_; }

  /// Checks what was written; findings become warnings of the report, and counts the higher ones.
  void verify(report& into) const {
    if (fd_ < 0) return;
    std::ifstream lines(path_);
    const auto result = verify_history(lines);
    if (const auto* wrong = std::get_if<std::string>(&result)) {
      into.warnings.push_back("The history could not be checked: " + *wrong);
      return;
    }
    const auto& found = std::get<verification>(result);
    for (const auto& row : violation_rows) {
      auto& counted = into.totals.checks.*row.field;
      counted = std::max(counted, found.checks.*row.field);
    }
    for (const auto& each : found.findings) into.warnings.push_back("History: " + each + ".");
  }

 private:
  std::string path_;
  int fd_ = -1;
};

/// What one command line runs, once or many times.
class load_test {
 public:
  load_test(const options& what, std::int64_t started_at_ms, int (*interruptions)())
      : what_{what},
        watch_{final_watch(what)},
        objectives_{final_objectives(what)},
        display_{std::cerr} {
    plan_.scenario = final_scenario(what);
    plan_.identities = final_identities(what, plan_.scenario.users);
    if (!what.find_max.empty()) search_ = or_refuse(parse_objective(what.find_max), "--find-max: ");
    if (search_ && !what.verify_file.empty())
      throw refusal{"--verify and --find-max do not go together: a history is of one run."};
    plan_.format = what.is_cbor ? codec::cbor : codec::json;
    plan_.seed = what.seed;
    plan_.first_user = what.first_user;
    plan_.threads =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(what.threads, plan_.scenario.users));
    plan_.started_at_ms = started_at_ms;
    run_options_.url = what.url;
    const auto drain_s = read_seconds(what.drain);
    if (!drain_s) throw refusal{"--drain must be a time, as 10s, not " + what.drain};
    run_options_.drain_s = *drain_s;
    run_options_.server = watch_.get();
    run_options_.interruptions = interruptions;
    const auto style = style_of(STDERR_FILENO);
    run_options_.show = [this, style](const progress& of) { display_.show(of, style); };

    for (const auto* path : {&what.json_file, &what.html_file})
      if (!path->empty() && !is_writable(*path)) throw refusal{*path + " cannot be written."};
    if (const auto wrong = raise_open_files(plan_.scenario.users * plan_.scenario.devices);
        !wrong.empty())
      throw refusal{wrong + "."};
    wires_.server = or_refuse(find_endpoint(what.url), "--url: ");
    if (wires_.server.is_tls) tls_ = std::make_unique<tls_context>(!what.is_insecure);
    wires_.tls = tls_.get();
    wires_.may_compress = what.may_compress;
    number_run();
    if (const auto wrong = probe(plan_, wires_, what.url); !wrong.empty()) throw refusal{wrong};
  }

  int run() {
    auto out = search_ ? search() : run_once();
    for (const auto& each : objectives_) out.objectives.push_back(evaluate(each, out));
    display_.clear();
    print_summary(out, style_of(STDOUT_FILENO), std::cout);
    if (const auto wrong = write_results(out, what_); !wrong.empty()) throw refusal{wrong};
    if (out.run.ending == ending::failed) return impossible;
    const bool is_met = std::ranges::all_of(out.objectives, &objective_outcome::met) &&
                        (!out.search || out.search->highest > 0);
    return is_met && failings(out).empty() ? 0 : missed;
  }

 private:
  /// Texts and keys of each run differ from those of every other, whatever the seed.
  void number_run() {
    random_source mixed{static_cast<std::uint64_t>(plan_.started_at_ms) ^ (plan_.seed << 32) ^
                        static_cast<std::uint64_t>(getpid()) ^ (runs_++ << 48)};
    plan_.run = static_cast<std::uint32_t>(mixed.next());
  }

  report run_once() {
    number_run();
    const history_file history{plan_, what_.verify_file};
    wires_.history_fd = history.fd();
    auto out = run_load(plan_, wires_, run_options_);
    history.verify(out);
    return out;
  }

  report search() {
    rate_search rates{what_.find_max, plan_.scenario.rate()};
    report last, best;
    std::optional<run_description> ended;
    while (const auto rate = rates.next_rate()) {
      plan_.scenario.set_rate(*rate);
      if (plan_.scenario.think_s < think_s_min) {
        rates.finish_trial({what_.find_max, false, {}, "more than these users can send"}, true);
        continue;
      }
      if (!rates.result().trials.empty())
        if (const auto wrong = probe(plan_, wires_, what_.url); !wrong.empty()) {
          ended.emplace().ending = ending::failed;
          ended->reason = wrong;
          break;
        }
      last = run_once();
      if (last.run.ending != ending::completed) {
        ended = last.run;
        break;
      }
      const auto outcome = judge_trial(evaluate(*search_, last), last);
      rates.finish_trial(outcome, last.tool.was_bottleneck);
      display_.clear();
      std::cerr << text_of(*rate, unit::per_second) << ": " << (outcome.met ? "met" : "not met")
                << ", " << outcome.explanation
                << (last.tool.was_bottleneck ? " (this tool was the bottleneck)" : "") << '\n';
      if (outcome.met && !last.tool.was_bottleneck) best = last;
    }
    auto& out = best.series.empty() ? last : best;
    out.search = rates.result();
    if (ended) {  // else the figures of an earlier trial would pass for a finished search
      out.run.ending = ended->ending;
      out.run.reason = "The search did not come to its end. " + ended->reason;
    }
    return out;
  }

  const options& what_;
  std::unique_ptr<server_watch> watch_;
  std::vector<objective> objectives_;
  std::optional<objective> search_;
  load_plan plan_;
  wire_plan wires_;
  std::unique_ptr<tls_context> tls_;
  run_options run_options_;
  live_display display_;
  std::uint64_t runs_ = 0;
};

}  // namespace

std::string write_results(const report& of, const options& what) {
  std::string wrong;
  if (!what.json_file.empty()) wrong = write_file(what.json_file, to_json(of));
  if (wrong.empty() && !what.html_file.empty()) wrong = write_file(what.html_file, to_html(of));
  return wrong;
}

int run_load_test(const options& what, std::int64_t started_at_ms, int (*interruptions)()) {
  try {
    return load_test{what, started_at_ms, interruptions}.run();
  } catch (const refusal& why) {
    std::cerr << why.sentence << '\n';
    return impossible;
  }
}

}  // namespace confab::load
