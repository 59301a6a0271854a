#pragma once

#include "actors/identity.hpp"

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

namespace confab::server {

/// Asks another, which may be exchanged while tokens are checked. Any thread; the mutex is the border
/// between who exchanges it and who asks. All of them agree whether guests are allowed, and whether
/// there is a key.
class renewable_authenticator final : public actors::authenticator {
 public:
  using ptr = std::shared_ptr<const actors::authenticator>;
  explicit renewable_authenticator(ptr first)
      : guests_allowed_(first->guests_allowed()),
        has_key_(first->has_key()),
        answers_later_(first->answers_later()),
        current_(std::move(first)) {}

  void use(ptr next) {
    const std::lock_guard lock{border_};
    current_ = std::move(next);
  }

  actors::token_verdict verify(std::string_view token, unix_ms now) const override {
    return current()->verify(token, now);
  }
  void verify_later(std::shared_ptr<actors::token_question> what, unix_ms now) const override {
    current()->verify_later(std::move(what), now);
  }
  bool answers_later() const noexcept override { return answers_later_; }
  bool guests_allowed() const noexcept override { return guests_allowed_; }
  bool has_key() const noexcept override { return has_key_; }

 private:
  ptr current() const {
    const std::lock_guard lock{border_};
    return current_;
  }

  const bool guests_allowed_, has_key_, answers_later_;
  mutable std::mutex border_;
  ptr current_;  // guarded
};

}  // namespace confab::server
