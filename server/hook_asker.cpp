#include "server/hook_asker.hpp"

#include "server/hook_transfer.hpp"
#include "webhooks/signing.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace confab::server {
namespace {

using std::chrono::milliseconds;
using webhooks::asked_result;

constexpr milliseconds idle_wait{1'000};
constexpr milliseconds bug_rest{1'000};
constexpr milliseconds second{1'000};

/// The places in lists of both.
enum hook : std::size_t { check_hook, files_hook, hooks_count };
constexpr std::array<std::string_view, hooks_count> hook_names{"check", "files"};

struct job {
  hook of;
  webhooks::question what;
  actors::asked_hooks::hear then;
  webhooks::moment asked_at;
};

}  // namespace

/// Of the thread but for what is behind the border.
class hook_asker::work {
 public:
  explicit work(hook_asker_options how) : how_(std::move(how)) {
    use_curl();
    multi_.reset(curl_multi_init());
    if (!multi_) throw std::runtime_error("libcurl has no memory");
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS,
                      static_cast<long>(webhooks::asked_at_once_max));
  }

  const hook_asker_options& how() const noexcept { return how_; }

  void ask(hook of, webhooks::question what, hear then) {
    const auto now = how_.now();
    auto why = asked_result::failed;
    {
      const std::lock_guard lock{border_};
      const auto may = ends_ ? webhooks::asking::answer::resting : gates_[of].begin(now.steady);
      if (may == webhooks::asking::answer::go) {
        jobs_.push_back({of, std::move(what), std::move(then), now});
        curl_multi_wakeup(multi_.get());
        return;
      }
      why = may == webhooks::asking::answer::full ? asked_result::full : asked_result::resting;
      count(of, why);
    }
    then(unanswered(what));
  }

  void go() {
    for (bool again = true; again;) {
      try {
        again = turn();
      } catch (...) {
        how_.bug();
        curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(bug_rest.count()), nullptr);
      }
    }
    for (auto& [number, one] : under_way_) curl_multi_remove_handle(multi_.get(), one.by->curl.get());
    // Who would have heard of them must not outlive the actors.
    under_way_.clear();
    const std::lock_guard lock{border_};
    jobs_.clear();
  }
  void end() {
    const std::lock_guard lock{border_};
    ends_ = true;
    curl_multi_wakeup(multi_.get());
  }

  std::vector<hook_counts> numbers() const {
    const std::lock_guard lock{border_};
    std::vector<hook_counts> all;
    for (const auto of : {check_hook, files_hook}) {
      if ((of == check_hook ? how_.check_url : how_.files_url).empty()) continue;
      auto& one = all.emplace_back(counts_[of]);
      one.hook = hook_names[of];
      one.under_way = gates_[of].under_way();
    }
    return all;
  }

 private:
  struct transfer {
    job what;
    std::unique_ptr<hook_transfer> by;
  };

  /// False: it is over.
  bool turn() {
    std::vector<job> fresh;
    {
      const std::lock_guard lock{border_};
      if (ends_) return false;
      fresh.swap(jobs_);
    }
    for (auto& one : fresh) begin(std::move(one));
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    if (!finish_some())
      curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(idle_wait.count()), nullptr);
    return true;
  }

  /// What it has waited for this thread is a part of its budget.
  void begin(job what) {
    const auto now = how_.now();
    const auto left = how_.budget - std::chrono::ceil<milliseconds>(now.steady - what.asked_at.steady);
    if (left.count() <= 0) return finish(std::move(what), {0, "no answer in time"});
    webhooks::request asked;
    asked.ticket = ++last_;
    asked.url = what.of == check_hook ? how_.check_url : how_.files_url;
    asked.timeout = left;
    asked.body = webhooks::body_of(what.what, now.day);
    char id[40];
    const int size =
        std::snprintf(id, sizeof id, "ask.%016llx%016llx",
                      static_cast<unsigned long long>(how_.random()),
                      static_cast<unsigned long long>(how_.random()));
    const std::string name{id, static_cast<std::size_t>(size)};
    const auto at = now.day.value() / second.count();
    asked.headers = {{"webhook-id", name},
                     {"webhook-timestamp", std::to_string(at)},
                     {"webhook-signature", webhooks::signature(how_.secret, name, at, asked.body)}};
    const auto number = asked.ticket;
    auto by = std::make_unique<hook_transfer>(std::move(asked), how_.nets,
                                              webhooks::asked_answer_bytes_max);
    if (!by->prepare() || curl_multi_add_handle(multi_.get(), by->curl.get()) != CURLM_OK)
      return finish(std::move(what), {0, "libcurl has no memory"});
    under_way_.emplace(number, transfer{std::move(what), std::move(by)});
  }

  bool finish_some() {
    bool some = false;
    int left = 0;
    while (const auto* said = curl_multi_info_read(multi_.get(), &left)) {
      if (said->msg != CURLMSG_DONE) continue;
      some = true;
      hook_transfer* of = nullptr;
      curl_easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, &of);
      of->finish(said->data.result);
      curl_multi_remove_handle(multi_.get(), of->curl.get());
      auto done = under_way_.extract(of->asked.ticket);
      finish(std::move(done.mapped().what), std::move(done.mapped().by->came));
    }
    return some;
  }

  void finish(job what, const webhooks::reply& came) {
    auto said = webhooks::read_answer(came, what.what, how_.limits);
    const auto now = how_.now();
    auto turned = webhooks::asking::turn::none;
    {
      const std::lock_guard lock{border_};
      turned = gates_[what.of].end(said.what.has_value(), now.steady);
      counts_[what.of].answer_ms += static_cast<std::uint64_t>(std::max<std::int64_t>(
          std::chrono::duration_cast<milliseconds>(now.steady - what.asked_at.steady).count(), 0));
      count(what.of, said.result);
    }
    if (turned != webhooks::asking::turn::none)
      how_.turned(hook_names[what.of], turned == webhooks::asking::turn::rests, said.why);
    what.then(said.what ? std::move(*said.what) : unanswered(what.what));
  }

  void count(hook of, asked_result what) { ++counts_[of].results[static_cast<std::size_t>(what)]; }

  rooms::hook_verdict unanswered(webhooks::question& what) const {
    if (auto* message = std::get_if<rooms::message_question>(&what); message && how_.lets_through)
      return rooms::let_through{std::move(message->what), std::move(message->where), true};
    return rooms::refusal(error_code::unavailable, "the deployment does not answer; try again");
  }

  const hook_asker_options how_;
  // Behind `multi_`, which their handles are in.
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_{nullptr, &curl_multi_cleanup};
  std::map<std::uint64_t, transfer> under_way_;
  std::uint64_t last_ = 0;

  mutable std::mutex border_;
  std::vector<job> jobs_;  // guarded, as all that follows; the gates bound them
  std::array<webhooks::asking, hooks_count> gates_;
  std::array<hook_counts, hooks_count> counts_;
  bool ends_ = false;
};

hook_asker::hook_asker(hook_asker_options how)
    : work_(std::make_shared<work>(std::move(how))), thread_([of = work_] { of->go(); }) {}

hook_asker::~hook_asker() { end(); }

bool hook_asker::checks(const room_id& room) const noexcept {
  return !work_->how().check_url.empty() && work_->how().rooms.has(room);
}
bool hook_asker::has_files() const noexcept { return !work_->how().files_url.empty(); }

void hook_asker::ask(rooms::message_question what, hear then) {
  work_->ask(check_hook, std::move(what), std::move(then));
}
void hook_asker::ask(rooms::upload_question what, hear then) {
  work_->ask(files_hook, std::move(what), std::move(then));
}
void hook_asker::ask(rooms::download_question what, hear then) {
  work_->ask(files_hook, std::move(what), std::move(then));
}

std::vector<hook_counts> hook_asker::numbers() const { return work_->numbers(); }

void hook_asker::end() {
  if (!thread_.joinable()) return;
  work_->end();
  thread_.join();
}

}  // namespace confab::server
