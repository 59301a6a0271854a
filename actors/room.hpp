#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"
#include "actors/messages.hpp"
#include "actors/room_state.hpp"

#include <deque>
#include <memory>
#include <optional>

namespace confab::actors {

/// The actor around a `room_state`: loads it from the journal, hands it commands and the
/// journal's answers, and carries out what it wants done. Comes and goes with its directory,
/// which starts it for the first command and puts it away when it says it is idle.
class room final : public pinned<room_actor::base> {
 public:
  room(caf::actor_config& config, const environment* env, room_id id);
  behavior_type make_behavior() override;
  const char* name() const override { return "room"; }
  void on_exit() override { state_.reset(); }

 private:
  /// Until it is `ready`, commands wait in `stash`.
  enum class phase : std::uint8_t { loading, absent, creating, finding_users, ready };

  struct state {
    room_id id;
    phase now = phase::loading;
    bool unknown = false;  // of `absent`: it may be there, the journal could not be read
    struct stashed {
      room_command what;
      steady_time until;  // answered as `unavailable` then
      bool makes = false;  // the room, in `creating`
    };
    std::deque<stashed> stash;
    std::optional<room_state> room;
    std::vector<user_id> users_awaited;  // in `finding_users`
    std::uint64_t forwards_seen = 0;
    std::optional<steady_time> armed;  // the wake that is on its way
    std::optional<steady_time> idle_since;
    std::size_t online_told = 0;
    /// The log may hold what this actor does not know of: it ends when the journal has answered
    /// all it was asked, and a fresh one starts from the log.
    bool doomed = false;
    /// What came while the room was being loaded: what is in the log by then is skipped.
    std::vector<room_outcome> early_news;
  };

  // Each step ends in `carry_out`.
  void command(room_command& what);
  void news(room_news& what);
  void listen(watched& what);
  session_seen listen(session_appeared& what);

  void load();
  void loaded(room_loaded& what);
  void give_up_stash(std::optional<steady_time> now);
  void begin_creating(const room_command& first);
  /// The number of its first request, which no predecessor has used either.
  request_no creation_request() const noexcept;
  void become_ready();
  void work_off_stash();
  void dispatch(room_command& what, room_effects& out);
  void vouch(vouch_op& what, bool for_it);
  void refuse(const room_command& what, error_code code, std::string_view text);
  void refuse(const room_command& what, const rooms::refused& why);
  std::chrono::milliseconds pay_for_room(const room_command& first);
  bool take_in(room_outcome& what, room_effects& out);
  bool maker_waits() const;
  void tell_created(const journal::room_made& made);
  void refuse_first(const rooms::refused& why);
  void ask(std::uint64_t number, room_question what);
  void carry_out(room_effects& effects);
  void arm();

  const environment* env_;
  std::optional<state> state_;
};

}  // namespace confab::actors
