#include "server/jwt_source.hpp"

#include "server/jwt_set.hpp"
#include "server/log.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace confab::server {
namespace {

using steady = std::chrono::steady_clock;

class fetching_authenticator final : public actors::authenticator {
 public:
  fetching_authenticator(std::string url, jwt_checks checks, std::optional<jwt_algorithm> algorithm,
                         bool guests, kept_key_set kept, fetch_set fetch, source_timing timing)
      : url_(std::move(url)),
        checks_(std::move(checks)),
        algorithm_(algorithm),
        guests_(guests),
        kept_(std::move(kept)),
        fetch_(std::move(fetch)),
        timing_(timing),
        thread_([this] { run(); }) {}

  /// Waits for a fetch to give up, which it does within a second.
  ~fetching_authenticator() override {
    {
      const std::lock_guard lock{border_};
      stops_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  actors::token_verdict verify(std::string_view token, unix_ms now) const override {
    const auto known = current();
    if (!known) return actors::unauthorized{"the token is not valid", false};
    return known->checks->verify(token, now);
  }

  void verify_later(std::shared_ptr<actors::token_question> what, unix_ms now) const override {
    std::unique_lock lock{border_};
    const bool is_known = known_ && known_->has(what->token());
    const bool asks = !is_known && known_ && !fetches_ && may_ask();
    if ((asks || (!is_known && fetches_)) && waiting_.size() < waiting_max) {
      if (asks) asked_at_ = steady::now();
      waiting_.push_back({std::move(what), now});
      lock.unlock();
      return changed_.notify_all();
    }
    const auto known = known_;
    lock.unlock();
    if (known) what->answer(known->checks->verify(what->token(), now));
  }
  bool answers_later() const noexcept override { return true; }
  bool guests_allowed() const noexcept override { return guests_; }
  bool has_key() const noexcept override { return true; }

 private:
  static constexpr std::size_t waiting_max = 10'000;

  struct key_set {
    std::unique_ptr<actors::authenticator> checks;
    std::set<std::string> ids;
    bool has(std::string_view token) const {
      const auto id = key_id_of(token);
      return !id || ids.contains(*id) || ids.contains("");
    }
  };
  struct question {
    std::shared_ptr<actors::token_question> what;
    unix_ms at;
  };

  std::shared_ptr<const key_set> current() const {
    const std::lock_guard lock{border_};
    return known_;
  }
  /// Whoever is not let in may try often.
  bool may_ask() const { return !asked_at_ || steady::now() - *asked_at_ >= timing_.unknown; }

  void run() {
    for (std::unique_lock lock{border_}; !stops_;) {
      fetches_ = true;
      lock.unlock();
      auto got = fetch_(url_, [this] {
        const std::lock_guard asking{border_};
        return stops_;
      });
      const bool done = take(got);
      // The journal makes the directory, which may take it longer than the first answer takes.
      const bool kept = !done || keep();
      lock.lock();
      fetches_ = false;
      answer(lock);
      const auto age = got.max_age ? std::chrono::milliseconds{*got.max_age} : timing_.age;
      const auto next =
          steady::now() + (done && kept ? std::clamp(age, timing_.age_min, timing_.age_max) : timing_.retry);
      changed_.wait_until(lock, next, [&] { return stops_ || !waiting_.empty(); });
    }
  }

  bool take(fetched_set& got) {
    if (got.error.empty() && got.text == text_) {
      is_kept_ = false;
      return true;
    }
    auto read = got.error.empty() ? read_jwt_set(got.text, false)
                                  : std::variant<std::vector<jwt_key>, std::string>{got.error};
    if (const auto* why = std::get_if<std::string>(&read)) {
      log::warn("token-keys-failing", "url={} detail={}", url_, *why);
      fall_back();
      return false;
    }
    use(std::move(std::get<std::vector<jwt_key>>(read)), "token-keys-fetched");
    text_ = std::move(got.text);
    is_kept_ = false;
    return true;
  }

  void use(std::vector<jwt_key> keys, log::event how) {
    if (algorithm_)
      std::erase_if(keys, [&](const jwt_key& key) { return key.algorithm() != *algorithm_; });
    log::info(how, "url={} keys={}", url_, keys.size());
    auto fresh = std::make_shared<key_set>();
    for (const auto& key : keys) fresh->ids.insert(key.id());
    fresh->checks = make_authenticator(std::move(keys), checks_, guests_);
    const std::lock_guard lock{border_};
    known_ = std::move(fresh);
  }

  /// On what is kept from before the start, as long as that counts.
  void fall_back() {
    const bool nothing = !current();
    if (!nothing && !is_kept_) return;
    auto kept = kept_.find(url_);
    auto read = read_jwt_set(kept.text, false);
    auto* keys = kept.error.empty() ? std::get_if<std::vector<jwt_key>>(&read) : nullptr;
    if (keys && nothing) {
      use(std::move(*keys), "token-keys-kept");
      text_ = std::move(kept.text);
      is_kept_ = true;
    } else if (!keys && is_kept_) {
      log::warn("token-keys-lost", "url={} detail={}", url_, kept.error);
      text_.clear();
      is_kept_ = false;
      const std::lock_guard lock{border_};
      known_ = nullptr;
    }
  }

  bool keep() const {
    return kept_.store(url_, text_) != kept_key_set::outcome::nowhere_yet;
  }

  /// All that wait: by what is known now, be it new or not. Without any keys there is no verdict.
  void answer(std::unique_lock<std::mutex>& lock) {
    const auto waiting = std::exchange(waiting_, {});
    const auto known = known_;
    lock.unlock();
    for (const auto& [what, at] : waiting)
      if (known) what->answer(known->checks->verify(what->token(), at));
    lock.lock();
  }

  const std::string url_;
  const jwt_checks checks_;
  const std::optional<jwt_algorithm> algorithm_;
  const bool guests_;
  const kept_key_set kept_;
  const fetch_set fetch_;
  const source_timing timing_;
  std::string text_;  // of the thread: that was read last,
  bool is_kept_ = false;  // and that it is from the file
  mutable std::mutex border_;
  mutable std::condition_variable changed_;
  std::shared_ptr<const key_set> known_;    // guarded, as all that follows
  mutable std::vector<question> waiting_;
  mutable std::optional<steady::time_point> asked_at_;  // for a kid that was not known
  bool fetches_ = true;
  bool stops_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace

std::unique_ptr<actors::authenticator> make_fetching_authenticator(
    std::string url, jwt_checks checks, std::optional<jwt_algorithm> algorithm, bool guests,
    kept_key_set kept, fetch_set fetch, source_timing timing) {
  return std::make_unique<fetching_authenticator>(std::move(url), std::move(checks), algorithm,
                                                  guests, std::move(kept), std::move(fetch), timing);
}

}  // namespace confab::server
