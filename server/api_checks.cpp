#include "server/api_checks.hpp"

#include <memory>
#include <utility>

namespace confab::server {
namespace {

/// Owner: whoever answers next, so it goes where nobody does any more.
class checking : public std::enable_shared_from_this<checking> {
 public:
  checking(const actors::environment& env, std::vector<rooms::operation> what,
           std::function<void(std::vector<rooms::brief>)> then)
      : env_(env), what_(std::move(what)), then_(std::move(then)) {}

  void next() {
    claim_.reset();
    if (outcomes_.size() == what_.size()) return then_(std::move(outcomes_));
    const auto& one = what_[outcomes_.size()];
    if (!is_checked(env_, one)) return store();
    if (one.key.empty()) return submit_unchecked();
    auto claim = env_.claims->take(one.by.user, one.room, one.key,
                                   [self = shared_from_this()](auto mine) { self->claimed(mine); });
    if (claim) claimed(std::move(claim));
  }

 private:
  rooms::operation& current() { return what_[outcomes_.size()]; }

  void submit(rooms::operation one, std::function<void(rooms::brief)> hear) {
    std::vector<rooms::operation> alone;
    alone.push_back(std::move(one));
    caf::anon_send(env_.writer,
                   actors::append_all_request{
                       std::move(alone), [self = shared_from_this(), hear = std::move(hear)](auto all) {
                         self->guarded([&] { hear(std::move(all.front())); });
                       }});
  }
  void store() {
    submit(std::move(current()), [this](rooms::brief done) { finish(std::move(done)); });
  }
  void finish(rooms::brief done) {
    outcomes_.push_back(std::move(done));
    next();
  }

  void claimed(actors::key_claims::claim_ptr claim) {
    claim_ = std::move(claim);
    submit_unchecked();
  }
  void submit_unchecked() {
    auto copy = current();
    copy.by_hook = rooms::checked::not_yet;
    submit(std::move(copy), [this](rooms::brief said) {
      const auto* no = std::get_if<rooms::refused>(&said);
      if (!no || no->unchecked_as == role::none) return finish(std::move(said));
      ask(no->unchecked_as);
    });
  }
  void ask(role as) {
    const auto& one = current();
    rooms::message_question about{{one.room, one.by.user, {}, as, {}, {}}, {}, {}, {}};
    if (const auto* post = std::get_if<rooms::post_message>(&one.what)) {
      about.what = post->what;
      about.where = post->where;
    } else {
      const auto& edit = std::get<rooms::edit_message>(one.what);
      about.edits = edit.target;
      about.what = edit.what;
    }
    env_.hooks->ask(std::move(about), [self = shared_from_this()](rooms::hook_verdict said) {
      self->guarded([&] { self->take(std::move(said)); });
    });
  }
  void take(rooms::hook_verdict said) {
    if (auto* no = std::get_if<rooms::refused>(&said)) return finish(std::move(*no));
    auto& through = std::get<rooms::let_through>(said);
    auto& one = current();
    if (through.unchecked) one.by_hook = rooms::checked::in_vain;
    if (auto* post = std::get_if<rooms::post_message>(&one.what)) {
      post->what = std::move(through.what);
      post->where = std::move(through.where);
    } else {
      std::get<rooms::edit_message>(one.what).what = std::move(through.what);
    }
    store();
  }

  /// An exception would end an actor, or a thread, that others need: it costs the call alone.
  template <class Step>
  void guarded(Step step) {
    try {
      step();
    } catch (...) {
      actors::report_bug(env_, "api", {});
    }
  }

  const actors::environment& env_;
  std::vector<rooms::operation> what_;
  std::vector<rooms::brief> outcomes_;
  std::function<void(std::vector<rooms::brief>)> then_;
  actors::key_claims::claim_ptr claim_;
};

}  // namespace

bool is_checked(const actors::environment& env, const rooms::operation& what) {
  const bool says = std::holds_alternative<rooms::post_message>(what.what) ||
                    std::holds_alternative<rooms::edit_message>(what.what);
  return says && env.hooks && !what.by.is_unchecked() && env.hooks->checks(what.room);
}

void submit_checked(const actors::environment& env, std::vector<rooms::operation> what,
                    std::function<void(std::vector<rooms::brief>)> then) {
  std::make_shared<checking>(env, std::move(what), std::move(then))->next();
}

}  // namespace confab::server
