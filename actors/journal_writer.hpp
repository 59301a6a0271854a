#pragma once

#include "actors/caf.hpp"
#include "actors/commit_pacing.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"
#include "journal/journal.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace confab::actors {

/// The only owner of the journal's writer; detached, because a commit waits for the disk.
/// Group commit by itself: what queues while one commit runs is the next batch, so the batch
/// grows with the load (research: storage §1.3). Where appends come one by one but quickly, it
/// waits a moment for more (`--commit-window`): a commit costs the same for one as for ten.
class journal_writer final : public writer_actor::base {
 public:
  journal_writer(caf::actor_config& config, const environment* env,
                 std::shared_ptr<journal::writer> to);
  behavior_type make_behavior() override;
  const char* name() const override { return "journal_writer"; }
  void on_exit() override { state_.reset(); }

 private:
  struct state {
    state(std::shared_ptr<journal::writer> to, std::chrono::microseconds window)
        : writer(std::move(to)), pacing(window) {}

    std::shared_ptr<journal::writer> writer;
    std::vector<rooms::operation> batch;
    /// Operations that one who is no session waits for together.
    struct group {
      std::function<void(std::vector<rooms::brief>)> hear;
      std::vector<rooms::brief> so_far;
      std::size_t count = 0;  // of all
    };
    struct asked {
      request_no request;
      std::optional<session_id> session;
      ticket_no ticket;
      std::shared_ptr<group> together{};
    };
    std::vector<asked> requests;  // of each operation
    /// Followers of the feed, each with how far it is; each waits with one question at most.
    std::vector<std::pair<std::uint64_t, caf::typed_response_promise<feed_moved>>> watching;
    bool commit_queued = false;
    commit_pacing pacing;
    bool healthy = true;
    steady_time failed_at{};
    std::optional<steady_time> recovered_at;
    std::chrono::milliseconds calm{0};  // without a failure, before it counts as healthy again
    bool clearing_planned = false;
    bool storing_planned = false;
    ordered last;  // of the last operation
  };

  void take(append_all_request& what);
  void commit_soon();
  void commit();
  void commit_some();
  void tell_followers();
  bool has_inboxes() const;
  void tell_inboxes(std::vector<inbox_change> changes);
  void report(bool healthy, std::string_view detail);
  void probe();
  void answer_session(const state::asked& who, const journal::outcome* what);
  void plan_storing();
  void plan_clearing(std::chrono::milliseconds wait);

  const environment* env_;
  std::optional<state> state_;
};

}  // namespace confab::actors
