#pragma once

#include "actors/environment.hpp"
#include "actors/feed_follower.hpp"
#include "actors/searcher.hpp"
#include "actors/housekeeping.hpp"
#include "journal/journal.hpp"
#include "tests/support/fake_client.hpp"
#include "tests/support/faulty_journal.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace confab::test {

using namespace std::chrono_literals;

/// As if somebody who has joined asked for it; `key` may be empty.
inline rooms::operation wanted_by(const std::string& user, const std::string& room,
                                  rooms::want what, std::string key = {}) {
  rooms::principal by;
  by.user = user_id::trusted(user);
  by.joined = true;
  return {room_id::trusted(room), std::move(by), std::move(key), std::move(what)};
}

/// Knows the tokens that a test has made.
class fake_authenticator final : public actors::authenticator {
 public:
  std::variant<actors::identity, actors::unauthorized> verify(std::string_view token,
                                                              unix_ms now) const override;
  bool guests_allowed() const noexcept override { return guests; }
  bool has_key() const noexcept override { return key; }

  std::map<std::string, actors::identity, std::less<>> tokens;
  bool guests = true;
  bool key = false;  // tokens are taken all the same
};

struct world_options {
  world_options() {
    how.commit_window = 0us;                                // a pause would move the clock
    how.signals_from = actors::signal_senders::all;  // few tests are about this
  }

  std::size_t shards = 2;
  std::uint64_t seed = 1;
  actors::settings how;
};

/// All actors of a server, as server/chat.cpp spawns them, on CAF's deterministic scheduler: no
/// threads, a virtual clock, and jobs in an order that the test decides. Writer and readers,
/// detached in production, are ordinary actors here.
class actor_world {
 public:
  explicit actor_world(world_options how = {});
  ~actor_world();
  actor_world(const actor_world&) = delete;
  actor_world& operator=(const actor_world&) = delete;

  // --- connections ---
  client& connect(wire_format format = {}, std::optional<actors::identity> known = {});
  client& connect_on(unsigned shard, wire_format format = {},
                     std::optional<actors::identity> known = {}, actors::payers::key address = 0);
  /// A session alone, without a client: for whoever plays the connection himself.
  actors::session_actor attach(frame_sink_ptr sink, std::shared_ptr<actors::intake> taken,
                               unsigned shard = 0);
  /// Connected and welcomed.
  client& guest(const std::string& name, wire_format format = {});
  client& guest_with(json hello, wire_format format = {});
  client& with_token(const std::string& token);
  actors::identity identity_of(const std::string& user) const;

  // --- running ---
  /// Until nobody has anything to do, first come first served.
  void settle();
  /// The same with the next job picked at random.
  void settle_shuffled(std::mt19937_64& random);
  /// One job picked at random; false if there is none.
  bool step_shuffled(std::mt19937_64& random);
  /// Lets time pass, stopping at every timer on the way, and settles.
  void advance(std::chrono::milliseconds span);
  /// Only moves the clock; what is due by then becomes jobs.
  void tick(std::chrono::milliseconds span);
  /// The time of day, and how somebody sets it. Nothing that waits may notice.
  unix_ms now() const;
  void set_clock(std::chrono::milliseconds ahead) { set_ahead_ = ahead; }

  /// While it is held, an actor gets messages and does not run.
  template <class Handle>
  void hold(const Handle& actor) {
    held_.push_back(resumable_of(actor));
  }
  void hold_readers() {
    for (std::size_t i = 0; i < env.board.shards(); ++i) hold(env.board.shard(i).reader);
  }
  void release_all() { held_.clear(); }

  // --- looking on ---
  /// Sessions and rooms that are there.
  std::size_t guests_running();
  /// Users that the registrars know, and sessions that the audiences know.
  std::size_t users_known();
  std::size_t sessions_known();
  std::size_t reminders_kept();
  /// Timers that are set, of everyone.
  std::size_t timers() { return scheduler_->clock().schedule().size(); }
  journal::reader& stored() { return *looking_; }
  journal::room_info stored_room(const std::string& room);
  rooms::member_row stored_member(const std::string& room, const std::string& user);
  std::vector<log_entry> stored_log(const std::string& room);
  std::optional<log_entry> stored_entry(const std::string& room, std::uint64_t seq);
  /// Entries 1..count of a room that nobody has opened yet.
  void fill(const std::string& room, std::size_t count, const std::string& text = "old",
            const std::string& from = "author");
  /// A follower of the feed, from a position on; it ends with the world.
  const actors::feed_actor& follow(std::uint64_t after, std::shared_ptr<actors::feed_sink> sink);
  /// A searcher that answers by this.
  void search_by(actors::searcher::source by);
  /// Begins to trim what is old, as a server does; it ends with the world.
  const actors::keeper_actor& keep();
  /// Goes on to erase users who are to be; it ends with the world, or before.
  const actors::eraser_actor& erase_users();
  void end_eraser();
  /// Commits as if somebody else did: behind the actors' back.
  void commit(std::vector<rooms::operation> batch);
  std::size_t shard_of(const std::string& room) const {
    return env.board.shard_of(room_id::trusted(room));
  }

  actors::environment env;
  fake_authenticator auth;
  journal_faults faults;
  std::vector<bool> clock_doubts;  // what clock_in_doubt was told
  std::vector<std::pair<bool, std::string>> health;  // what journal_health was told
  std::size_t fatal = 0;
  std::vector<std::string> bugs;  // "where: detail", as the walls told them
  std::size_t readers_made = 0;
  std::deque<client> clients;

 private:
  template <class Handle>
  static caf::resumable* resumable_of(const Handle& actor) {
    return dynamic_cast<caf::resumable*>(caf::actor_cast<caf::abstract_actor*>(actor));
  }
  bool is_held(caf::resumable* job) const;
  void hang_up_closed();
  json first_answer(client& who, json hello);

  std::mt19937_64 random_;
  std::unique_ptr<journal::journal> journal_;
  std::shared_ptr<faulty_writer> writer_;
  std::unique_ptr<journal::reader> looking_;
  std::vector<caf::resumable*> held_;
  std::vector<actors::feed_actor> followers_;
  actors::keeper_actor keeper_;
  actors::eraser_actor eraser_;
  std::uint64_t last_session_ = 0;
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  caf::actor_clock::time_point born_;
  std::chrono::milliseconds set_ahead_{0};
  std::size_t staff_ = 0;  // actors that are always there
};

}  // namespace confab::test
