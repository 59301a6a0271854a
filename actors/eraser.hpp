#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/housekeeping.hpp"
#include "journal/journal.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace confab::actors {

/// Who is to be erased, and how they are called from then on; none where that can't be read.
std::optional<std::vector<std::pair<user_id, user_id>>> pending_erasures(journal::reader& of);

/// Erases users, one after the other, in steps that each are an operation of their own: first all that
/// they said is deleted, then each room is told that they are no more, and at last the new name is
/// written into what is left. That somebody is to be erased is a mark, so that a restart goes on: from
/// the beginning, as each step may be done twice. Detached, because its reads take their time.
class eraser final : public eraser_actor::base {
 public:
  using reader_source = std::function<std::unique_ptr<journal::reader>()>;

  eraser(caf::actor_config& config, const environment* env, reader_source source)
      : eraser_actor::base(config), env_(env), source_(std::move(source)) {}
  behavior_type make_behavior() override;
  const char* name() const override { return "eraser"; }
  void on_exit() override { reader_.reset(); }

 private:
  enum class phase : std::uint8_t { looking, erasing, renaming };
  struct job {
    user_id user;
    user_id as;
    phase now = phase::looking;
    std::uint64_t looked_upto = 0;         // a position
    std::set<room_id> rooms;               // in which the user is named, and not erased yet
    std::map<room_id, seq_no> heads;       // up to where nothing of theirs is left; empty: not known
    std::deque<rooms::operation> deletes;  // of what was found
    journal::rename_place renamed_upto{};
  };

  void take(const user_id& user, std::function<void(const erase_taken&)> hear);
  bool load();
  /// Whether the journal has anything of the user; none where that can't be read.
  std::optional<bool> is_known(const user_id& user);
  /// How who was erased is called, while that is remembered.
  std::optional<user_id> erased_before(const user_id& user);
  void step();
  void look(job& of);
  void try_halves(const rooms::operation& refused);
  bool know_directs(job& of);
  bool know_heads(job& of);
  void erase(job& of);
  void rename(job& of);
  void finish(job& of);
  /// `then` hears that it was refused; what could not be stored is tried again later.
  void order(rooms::operation what, std::function<void(bool refused)> then);
  void later();

  const environment* env_;
  reader_source source_;
  std::unique_ptr<journal::reader> reader_;
  bool loaded_ = false;
  bool busy_ = false;  // a step is on its way, or planned
  std::deque<job> jobs_;
};

}  // namespace confab::actors
