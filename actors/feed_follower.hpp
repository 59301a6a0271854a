#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"
#include "journal/journal.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

namespace confab::actors {

/// What reads the entries of all rooms: an index, webhooks, an export. Called on its follower's
/// thread.
class feed_sink {
 public:
  virtual ~feed_sink() = default;
  /// Items in the order of the journal, each at least once; after a restart again from where the
  /// sink said it was. False: not now, the same ones come again after a while.
  virtual bool take(std::span<const journal::feed_item> items) = 0;
  /// `last` is what it took last. Where it has lost something, before that.
  virtual std::uint64_t goes_on_behind(std::uint64_t last) { return last; }
  /// There is no more for now.
  virtual void caught_up() {}
  /// Called once a minute, between two pages, for what else there is to do. True: again soon.
  virtual bool rest() { return false; }
};

/// Reads the journal's entries from a position on and gives them to a sink, in pages, for as long
/// as it lives. It pulls: a slow sink holds nobody up and no queue grows, and the writer does not
/// know it but for a promise to say when there is more. Detached, where the sink takes its time.
class feed_follower final : public feed_actor::base {
 public:
  feed_follower(caf::actor_config& config, const environment* env,
                std::shared_ptr<journal::reader> from, std::uint64_t after,
                std::shared_ptr<feed_sink> sink,
                std::chrono::milliseconds gather = std::chrono::milliseconds{0});
  behavior_type make_behavior() override;
  const char* name() const override { return "feed_follower"; }
  void on_exit() override;

 private:
  void read();
  void wait_for_more();
  void rest();

  const environment* env_;
  std::shared_ptr<journal::reader> reader_;
  std::shared_ptr<feed_sink> sink_;
  const std::chrono::milliseconds gather_;  // that new items wait for others, so that pages are larger
  std::uint64_t position_;  // of the last item that was taken
  std::uint64_t told_ = 0;  // how far the writer said it was, marks included
  bool waits_ = false;      // for more
};

}  // namespace confab::actors
