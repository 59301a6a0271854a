#pragma once

#include "actors/caf.hpp"
#include "actors/clock_doubt.hpp"
#include "actors/environment.hpp"
#include "actors/housekeeping.hpp"
#include "journal/journal.hpp"

#include <functional>
#include <memory>

namespace confab::actors {

/// Whether the clock is in doubt now, by the newest entry that `of` knows; it is where that can't be
/// read.
clock_doubt doubt_of_clock(const environment& env, journal::reader& of);

/// Trims what is older than its room keeps it, and takes away old notes of what is read, ids of who was
/// erased and names of guests: looks through all rooms, and then all users with notes, once an hour, and
/// asks the writer for one room, or some users, after the other, so that nothing waits long behind it. While the clock is in doubt it takes
/// nothing away, and says so as soon as it is asked whether it is there. Detached, because its reads
/// may wait for the disk.
class keeper final : public keeper_actor::base {
 public:
  using reader_source = std::function<std::unique_ptr<journal::reader>()>;

  /// `doubt`: of before anybody could add an entry, with a time of day that may be wrong.
  keeper(caf::actor_config& config, const environment* env, reader_source source, clock_doubt doubt)
      : keeper_actor::base(config), env_(env), source_(std::move(source)), doubt_(doubt) {}
  behavior_type make_behavior() override;
  const char* name() const override { return "keeper"; }
  void on_exit() override { reader_.reset(); }

 private:
  void go_on();
  void trim_next();
  void drop_notes();
  void forget_names();
  void end_round(std::chrono::milliseconds until_next);
  bool is_in_doubt() const { return doubt_.is_there(env_->now(), env_->steady_now()); }
  void tell();

  const environment* env_;
  reader_source source_;
  std::unique_ptr<journal::reader> reader_;
  clock_doubt doubt_;
  bool told_doubt_ = false;
  bool goes_on_ = false;              // a round is on its way,
  bool planned_ = false;              // and so is the next
  journal::trim_query at_;            // of it,
  journal::trim_page page_;           // with the rooms that are left of the page
  struct old_notes {
    user_id after;
    std::uint64_t upto;  // position
  };
  std::optional<old_notes> notes_;    // behind the rooms,
  bool forgets_ = false;              // and behind these the names of who is no more
};

}  // namespace confab::actors
