#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"
#include "actors/read_queue.hpp"

#include <functional>
#include <memory>

namespace confab::search {
class searcher;
struct question;
}

namespace confab::actors {

/// Answers searches, one at a time; detached, with a thread of its own, so that nothing else waits
/// for them. Users take turns, each with a bounded queue, and who has left is not searched for.
/// An exception costs the answer it comes from, and the searcher: the next one makes a fresh one.
class searcher final : public search_actor::base {
 public:
  /// Given what says that an answer has to end.
  using source = std::function<std::unique_ptr<search::searcher>(std::function<bool()> is_late)>;

  searcher(caf::actor_config& config, const environment* env, source from);
  ~searcher() override;
  behavior_type make_behavior() override;
  const char* name() const override { return "searcher"; }
  void on_exit() override;

 private:
  void queue(session_search& what);
  void queue(search_job& what);
  void queue(waiting_read what);
  void serve_next();
  search_read read(const search::question& what);
  search_read guarded(const search::question& what);

  const environment* env_;
  source source_;
  std::unique_ptr<search::searcher> searcher_;  // none: to be made
  steady_time late_at_;                         // of the one that is answered
  read_queue waiting_;
};

}  // namespace confab::actors
