#include "server/watch.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/sec.hpp>

namespace confab::server {

/// Asks one after the interval has passed since its last answer; nobody has two questions open.
struct watch::guard final : caf::event_based_actor {
  guard(caf::actor_config& config, std::vector<member> members, std::shared_ptr<findings> to,
        options how)
      : event_based_actor(config), members_(std::move(members)), to_(std::move(to)), how_(how) {}

  caf::behavior make_behavior() override {
    for (std::size_t i = 0; i < members_.size(); ++i) ask(i);
    return {[this](std::size_t who) { ask(who); }};
  }
  void on_exit() override { members_.clear(); }
  const char* name() const override { return "watch"; }

  void ask(std::size_t who) {
    if (who >= members_.size()) return;
    members_[who].ask(this, how_.answer_wait_max, [this, who](std::string trouble) {
      {
        const std::lock_guard lock(to_->mutex);
        to_->trouble[who] = trouble.empty() ? trouble : members_[who].name + " " + trouble;
        to_->heard = std::chrono::steady_clock::now();
      }
      delayed_send(this, how_.interval, who);
    });
  }

  std::vector<member> members_;
  std::shared_ptr<findings> to_;
  options how_;
};

void watch::start(caf::actor_system& system, options how) {
  how_ = how;
  findings_->trouble.assign(members_.size(), {});
  findings_->heard = std::chrono::steady_clock::now();
  findings_->asks = true;
  asker_ = system.spawn<guard>(std::move(members_), findings_, how);
}

void watch::stop() {
  members_.clear();
  if (!asker_) return;
  {
    const std::lock_guard lock(findings_->mutex);
    findings_->asks = false;
  }
  caf::anon_send_exit(asker_, caf::exit_reason::user_shutdown);
  asker_ = {};
}

std::string watch::trouble() const {
  const std::lock_guard lock(findings_->mutex);
  if (findings_->asks && std::chrono::steady_clock::now() - findings_->heard > how_.silence_max)
    return "nobody asks the actors whether they are there";
  std::string out;
  for (const auto& each : findings_->trouble)
    if (!each.empty()) out += (out.empty() ? "" : "; ") + each;
  return out;
}

std::string watch::trouble_of(const caf::error& error, std::chrono::milliseconds wait) {
  if (error == caf::sec::request_timeout)
    return "has not answered for " + std::to_string(wait.count()) + " ms";
  return "has ended";
}

}  // namespace confab::server
