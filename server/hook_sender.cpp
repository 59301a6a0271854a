#include "server/hook_sender.hpp"

#include "server/give_way.hpp"
#include "server/hook_transfer.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace confab::server {
namespace {

using std::chrono::milliseconds;
using webhooks::engine;

/// What is stored within it is looked at together: under load there is a commit every millisecond.
constexpr milliseconds gather{20};
constexpr milliseconds bug_rest{1'000};
constexpr long idle_connections_max = 64;

}  // namespace

/// Of the thread but for what is behind the border.
class hook_sender::work : public std::enable_shared_from_this<work> {
 public:
  work(std::unique_ptr<engine> hooks, hook_sender_options how)
      : hooks_(std::move(hooks)), how_(std::move(how)) {
    use_curl();
    multi_.reset(curl_multi_init());
    if (!multi_) throw std::runtime_error("libcurl has no memory");
    wants_presence_ = hooks_->wants_presence();
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, idle_connections_max);
  }

  void go() {
    give_way(nice_of_readers);
    for (bool again = true; again;) {
      try {
        again = turn();
      } catch (...) {
        how_.bug();
        curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(bug_rest.count()), nullptr);
      }
    }
    for (auto& [ticket, one] : under_way_) curl_multi_remove_handle(multi_.get(), one->curl.get());
    hooks_->store_cursors();
  }
  void run(job what) {
    {
      const std::lock_guard lock{border_};
      if (!ends_) {
        jobs_.push_back(std::move(what));
        curl_multi_wakeup(multi_.get());
        return;
      }
    }
    what(nullptr);
  }
  void note_presence(const user_id& user, bool online) {
    if (!wants_presence_) return;
    const std::lock_guard lock{border_};
    if (presence_.empty() && !presence_lost_) curl_multi_wakeup(multi_.get());
    presence_lost_ = presence_lost_ || presence_.size() >= webhooks::presence_changes_max;
    if (!presence_lost_) presence_.emplace_back(user, online);
  }
  void end() {
    const std::lock_guard lock{border_};
    ends_ = true;
    curl_multi_wakeup(multi_.get());
  }
  /// When the thread has ended.
  void turn_away() {
    for (const auto& one : take_jobs()) one(nullptr);
  }
  webhooks::engine_numbers numbers() const {
    const std::lock_guard lock{border_};
    return numbers_;
  }

 private:
  bool turn();
  void arm();
  void ask();
  void take_presence();
  void begin(webhooks::request what);
  bool finish_some();
  std::vector<job> take_jobs() {
    const std::lock_guard lock{border_};
    return std::exchange(jobs_, {});
  }

  const std::unique_ptr<engine> hooks_;
  const hook_sender_options how_;
  // Behind `multi_`, which their handles are in.
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_{nullptr, &curl_multi_cleanup};
  std::map<std::uint64_t, std::unique_ptr<hook_transfer>> under_way_;  // by ticket
  bool is_armed_ = false;
  std::chrono::steady_clock::time_point arm_at_{};

  std::atomic<bool> wants_presence_{false};

  mutable std::mutex border_;
  std::vector<job> jobs_;              // guarded, as all that follows
  std::optional<std::uint64_t> told_;  // how far the journal is; none: nobody said anything
  std::vector<std::pair<user_id, bool>> presence_;  // who came or went
  bool presence_lost_ = false;                      // there were too many
  bool ends_ = false;
  webhooks::engine_numbers numbers_;
};

/// To be told when the journal is further than what is known here.
void hook_sender::work::arm() {
  is_armed_ = true;
  how_.wait_for_feed(hooks_->head(), [self = weak_from_this()](std::uint64_t position) {
    const auto here = self.lock();
    if (!here) return;
    const std::lock_guard lock{here->border_};
    here->told_ = position;
    curl_multi_wakeup(here->multi_.get());
  });
  arm_at_ = how_.now().steady + gather;
}

/// Who is active, so that push goes on.
void hook_sender::work::ask() {
  auto asked = hooks_->take_question();
  if (!asked) return;
  how_.who_is_active(std::move(asked->users), [self = weak_from_this(), ticket = asked->ticket](
                                                  std::vector<bool> active) {
    if (const auto here = self.lock())
      here->run([ticket, active = std::move(active)](engine* hooks) {
        if (hooks) hooks->answer(ticket, active);
      });
  });
}

void hook_sender::work::take_presence() {
  wants_presence_ = hooks_->wants_presence();
  std::vector<std::pair<user_id, bool>> changes;
  bool lost = false;
  {
    const std::lock_guard lock{border_};
    changes.swap(presence_);
    lost = std::exchange(presence_lost_, false);
  }
  for (const auto& [user, online] : changes) hooks_->note_presence(user, online, how_.now());
  if (lost) hooks_->lose_presence();
}

/// False: it is over.
bool hook_sender::work::turn() {
  std::optional<std::uint64_t> told;
  {
    const std::lock_guard lock{border_};
    if (ends_) return false;
    told = std::exchange(told_, std::nullopt);
  }
  if (told) {
    hooks_->moved(*told);
    is_armed_ = false;
  }
  const auto jobs = take_jobs();
  // Who is answered that there is a webhook now may come at once.
  if (!jobs.empty()) wants_presence_ = true;
  for (const auto& one : jobs) one(hooks_.get());
  take_presence();
  for (auto& one : hooks_->due(how_.now())) begin(std::move(one));
  ask();
  int running = 0;
  curl_multi_perform(multi_.get(), &running);
  const bool some = finish_some();
  const auto now = how_.now();
  auto wait = some ? milliseconds{0} : hooks_->wait(now);
  {
    const std::lock_guard lock{border_};
    numbers_ = hooks_->numbers();
    if (ends_ || !jobs_.empty() || !presence_.empty()) wait = milliseconds{0};
  }
  if (!is_armed_ && !hooks_->is_empty()) {
    if (now.steady >= arm_at_)
      arm();
    else
      wait = std::min(wait, std::chrono::ceil<milliseconds>(arm_at_ - now.steady));
  }
  if (wait.count() > 0)
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
  return true;
}

void hook_sender::work::begin(webhooks::request what) {
  const auto ticket = what.ticket;
  auto fresh = std::make_unique<hook_transfer>(std::move(what), how_.nets, webhooks::answer_bytes_kept);
  if (!fresh->prepare() || curl_multi_add_handle(multi_.get(), fresh->curl.get()) != CURLM_OK)
    return hooks_->take(ticket, {0, "libcurl has no memory"}, how_.now());
  under_way_.emplace(ticket, std::move(fresh));
}

bool hook_sender::work::finish_some() {
  bool some = false;
  int left = 0;
  while (const auto* said = curl_multi_info_read(multi_.get(), &left)) {
    if (said->msg != CURLMSG_DONE) continue;
    some = true;
    hook_transfer* of = nullptr;
    curl_easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, &of);
    of->finish(said->data.result);
    curl_multi_remove_handle(multi_.get(), of->curl.get());
    const auto ticket = of->asked.ticket;
    auto came = std::move(of->came);
    under_way_.erase(ticket);
    hooks_->take(ticket, std::move(came), how_.now());
  }
  return some;
}

hook_sender::hook_sender(std::unique_ptr<engine> hooks, hook_sender_options how)
    : work_(std::make_shared<work>(std::move(hooks), std::move(how))),
      thread_([of = work_] { of->go(); }) {}

hook_sender::~hook_sender() { end(); }

void hook_sender::note_presence(const user_id& user, bool online) {
  work_->note_presence(user, online);
}

void hook_sender::run(job what) { work_->run(std::move(what)); }

webhooks::engine_numbers hook_sender::numbers() const { return work_->numbers(); }

void hook_sender::end() {
  if (!thread_.joinable()) return;
  work_->end();
  thread_.join();
  work_->turn_away();
}

}  // namespace confab::server
