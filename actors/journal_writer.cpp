#include "actors/journal_writer.hpp"

#include <chrono>
#include <string>
#include <unordered_map>
#include <utility>

namespace confab::actors {
namespace {

constexpr auto probe_interval = std::chrono::seconds{1};
/// Bounds the memory of one commit and the wait of the last in it.
constexpr std::size_t batch_operations_max = 4096;
/// For fewer a wait is not worth its latency. On a busy shard most of it is none: members wait
/// there for the next message of their room anyway.
constexpr double worthwhile_appends = 4;
constexpr double worthwhile_appends_busy = 1.5;

}  // namespace

journal_writer::journal_writer(caf::actor_config& config, const environment* env,
                               std::shared_ptr<journal::writer> to)
    : writer_actor::base(config), env_(env), state_(std::in_place) {
  state_->writer = std::move(to);
}

journal_writer::behavior_type journal_writer::make_behavior() {
  // What a bug has left half done here nobody can know; a fresh process starts from the log.
  set_exception_handler([this](std::exception_ptr&) -> caf::error {
    env_->journal_fatal("the writer has a bug");
    return caf::exit_reason::unhandled_exception;
  });
  return {
      [this](append_request& request) {
        auto& s = *state_;
        s.batch.push_back(std::move(request.what));
        s.askers.push_back(current_sender());
        if (s.batch.size() >= batch_operations_max) return commit();
        if (s.commit_queued) return;
        // Behind whatever is in the mailbox by now: all of it becomes one batch.
        s.commit_queued = true;
        send(this, commit_batch{});
      },
      [this](const commit_batch&) {
        state_->commit_queued = wait_for_more();
        if (!state_->commit_queued) return commit();
        send(this, commit_batch{});
      },
      [this](const shard_load& what) { state_->busy_shards += what.busy ? 1 : -1; },
      [this](const probe_journal&) { probe(); },
      [this](const flush_request&) {
        commit();
        return flushed{state_->healthy};
      },
  };
}

/// True: it has waited, and what came meanwhile is in the mailbox. In two parts, of which the
/// second must bring something too: after a burst the first only shows how much of it had not come
/// yet.
bool journal_writer::wait_for_more() {
  auto& s = *state_;
  const auto window = env_->how.commit_window;
  if (const auto before = std::exchange(s.waited_with, {})) {
    const bool more = s.batch.size() > *before;
    if (!more || s.wait_left.count() == 0) s.next.waited(!more);
    if (!more) s.wait_left = {};
  } else if (!s.batch.empty()) {
    const auto now = env_->steady_now();
    const auto next = s.next.expected(now, s.batch.size());
    const auto worthwhile = s.busy_shards > 0 ? worthwhile_appends_busy : worthwhile_appends;
    if (next && *next - now < window / worthwhile) s.wait_left = window;
  }
  if (s.wait_left.count() == 0) return false;
  const auto part = s.wait_left == window ? window / 2 : s.wait_left;
  s.wait_left -= part;
  s.waited_with = s.batch.size();
  env_->pause(part);
  return true;
}

void journal_writer::commit() {
  auto& s = *state_;
  if (s.batch.empty()) return;
  s.next.arrived(env_->steady_now(), s.batch.size());
  auto result = s.writer->commit(s.batch, env_->now());
  if (!result && result.why() == journal::fault::fatal) env_->journal_fatal(result.detail());
  report(static_cast<bool>(result), result ? std::string_view{} : result.detail());

  // One answer per asker, its outcomes in the order of asking; askers in the order they came.
  std::vector<std::pair<caf::strong_actor_ptr, append_outcome>> answers;
  std::unordered_map<caf::strong_actor_ptr, std::size_t> index;
  for (std::size_t i = 0; i < s.batch.size(); ++i) {
    const auto [at, fresh] = index.try_emplace(s.askers[i], answers.size());
    if (fresh) answers.emplace_back(s.askers[i], append_outcome{});
    auto& answer = answers[at->second].second;
    if (result)
      answer.outcomes.push_back(std::move((*result)[i]));
    else
      ++answer.failed, answer.unknown = result.why() == journal::fault::unknown;
  }
  s.batch.clear();
  s.askers.clear();
  for (auto& [asker, answer] : answers)
    if (asker) send(caf::actor_cast<room_actor>(asker), std::move(answer));
}

void journal_writer::report(bool healthy, std::string_view detail) {
  auto& s = *state_;
  if (s.healthy == healthy) return;
  s.healthy = healthy;
  env_->journal_health(healthy, detail);
  if (!healthy) delayed_send(this, probe_interval, probe_journal{});
}

void journal_writer::probe() {
  if (state_->healthy) return;
  // Appends may have stopped coming: somebody must find out that the disk has room again.
  const auto result = state_->writer->probe();
  if (!result && result.why() == journal::fault::fatal) env_->journal_fatal(result.detail());
  if (result)
    report(true, {});
  else
    delayed_send(this, probe_interval, probe_journal{});
}

}  // namespace confab::actors
