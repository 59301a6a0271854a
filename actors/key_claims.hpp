#pragma once

#include "protocol/ids.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace confab::actors {

/// Who has a message of a key checked at the moment: a repeat on this node waits until that is
/// decided, or the hook would be asked twice. Any thread. There is one for each command or call
/// that waits, so what those are bounded by bounds this.
class key_claims : public std::enable_shared_from_this<key_claims> {
 public:
  /// Held by one at a time; the next has it when it is let go of.
  class claim {
   public:
    claim(std::shared_ptr<key_claims> of, std::string key)
        : of_(std::move(of)), key_(std::move(key)) {}
    claim(const claim&) = delete;
    claim& operator=(const claim&) = delete;
    ~claim() { of_->hand_on(key_); }

   private:
    const std::shared_ptr<key_claims> of_;
    const std::string key_;
  };
  using claim_ptr = std::shared_ptr<const claim>;
  using hear = std::function<void(claim_ptr)>;

  /// Null: it is somebody else's, and `then` hears it later, from any thread. Who does not want it
  /// any more lets go of it then.
  claim_ptr take(const user_id& by, const room_id& room, std::string_view key, hear then) {
    // None of them has a newline.
    auto name = by.value() + "\n" + room.value() + "\n" + std::string{key};
    const std::lock_guard lock{border_};
    const auto [at, fresh] = waiting_.try_emplace(name);
    if (fresh) return std::make_shared<const claim>(shared_from_this(), std::move(name));
    at->second.push_back(std::move(then));
    return nullptr;
  }

 private:
  void hand_on(const std::string& name) {
    hear next;
    {
      const std::lock_guard lock{border_};
      const auto at = waiting_.find(name);
      if (at->second.empty()) {
        waiting_.erase(at);
        return;
      }
      next = std::move(at->second.front());
      at->second.pop_front();
    }
    next(std::make_shared<const claim>(shared_from_this(), name));
  }

  std::mutex border_;
  std::unordered_map<std::string, std::deque<hear>> waiting_;  // guarded; by what is claimed
};

}  // namespace confab::actors
