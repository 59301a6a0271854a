#include "tests/actors/simulated_client.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/effort.hpp"

#include <cstdlib>
#include <string>

using namespace confab;
using namespace confab::test;

namespace {

/// What a seed makes of a schedule: its faults, its timing, its people.
class simulation {
 public:
  explicit simulation(std::uint64_t seed)
      : random_(seed),
        world_(options()),
        in_{world_, random_, /*faults=*/pick(5) > 1, /*reads_fail=*/false, {}} {
    // Without drawing, so that the other schedules stay what they are.
    in_.moderated = seed % 4 == 0;
    hooks_.in = &in_;
    if (in_.moderated) world_.env.hooks = &hooks_;
    in_.reads_fail = in_.faults && pick(3) == 0;
    rooms_ = {"r0", "r1", "dm:user0:user1", "team"};
    // Of `team` user0 is the owner and user1 invited.
    world_.commit({wanted_by("user0", "team",
                             rooms::create_room{epoch_id{"team"}, {}, {{{}, {user_id::trusted("user1")}}}})});
    // Somebody else's token may give more than the room does, or less.
    if (pick(3) == 0) give_token("user" + std::to_string(1 + pick(2)));
    if (pick(4) == 0) fill_team();  // then who joins catches up, and may be shut out meanwhile
    // Beyond what a room remembers, and beyond one page of a catch-up.
    if (pick(3) == 0) world_.fill("r0", 100 + pick(100));
    if (pick(10) == 0) world_.fill("r1", 500 + pick(200));
    const auto people = 2 + pick(3);
    for (std::uint64_t i = 0; i < people; ++i)
      clients_.emplace_back(in_, "user" + std::to_string(i % 3), "device" + std::to_string(i));
    break_journal();
    world_.tick(1s);  // a shard knows by then whether it is busy
  }

  ~simulation() { hooks_.end(); }
  simulation(const simulation&) = delete;

  void run() {
    // What comes seldom is not held: then much happens in little time.
    const bool quick = world_.env.how.write_window > 0ms;
    for (int i = 0; i < (quick ? 200 : 60); ++i) {
      act(clients_[pick(clients_.size())]);
      for (auto steps = pick(40); steps > 0; --steps) step();
      if (pick(4) == 0)
        world_.tick(std::chrono::milliseconds{pick(quick ? 8 : in_.faults ? 1000 : 80)});
      if (in_.reads_fail && pick(40) == 0) world_.tick(11s);  // whatever is asked for is too late
    }
    world_.faults = {};
    converge();
    vanish();
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }

  world_options options() {
    world_options how;
    how.shards = 1 + pick(3);
    how.seed = random_();
    how.how.commands_per_second = 0;
    how.how.room_idle = std::chrono::milliseconds{pick(2) ? pick(60) : 30'000};
    how.how.presence_grace = std::chrono::milliseconds{pick(2) ? pick(50) : 5'000};
    how.how.presence_gather = std::chrono::milliseconds{pick(250)};
    // Rooms hold what they say whenever they may, or never.
    how.how.write_window = std::chrono::milliseconds{pick(2) ? 20 : 0};
    how.how.busy_deliveries_per_second = 0;
    how.how.commit_window = std::chrono::milliseconds{pick(2) ? 2 : 0};
    return how;
  }

  void give_token(const std::string& user) {
    const auto as = std::array{role::reader, role::member, role::moderator}[pick(3)];
    auto who = world_.identity_of(user);
    who.roles.emplace(room_replay::room_of_roles, as);
    world_.auth.tokens.emplace(user, std::move(who));
    in_.tokens.emplace(user, as);
  }

  void fill_team() {
    std::vector<rooms::operation> batch;
    for (int i = 0; i < 300; ++i) {
      content what;
      what.text = "old";
      batch.push_back(wanted_by("user0", "team", rooms::post_message{std::move(what), {}}));
    }
    world_.commit(std::move(batch));
  }

  void break_journal() {
    if (!in_.faults) return;
    const auto kind = pick(4);
    const auto begin = pick(20);
    const auto percent = 10 + pick(40);
    world_.faults.on_commit = [this, kind, begin, percent, commits = std::uint64_t{0}]() mutable {
      if (++commits < begin || pick(100) >= percent) return commit_fate::stored;
      if (kind == 0) return commit_fate::refused;
      if (kind == 1) return commit_fate::unknown;
      if (kind == 2) return commit_fate::unknown_kept;
      return std::array{commit_fate::refused, commit_fate::unknown,
                        commit_fate::unknown_kept}[pick(3)];
    };
    world_.faults.probe_fails = [this] { return pick(2) == 0; };
    if (in_.reads_fail) world_.faults.read_fails = [this] { return pick(100) < 8; };
  }

  void act(simulated_client& who) {
    if (!who.connected()) return who.connect();
    const auto& room = rooms_[pick(rooms_.size())];
    switch (pick(28)) {
      case 0:
        return who.hang_up();
      case 1:
      case 2:
      case 3:
        if (who.ready()) who.join(room);
        return;
      case 4:
        if (who.ready() && who.has_joined(room)) who.leave(room);
        return;
      case 5:
      case 6:
        if (who.ready()) who.direct("user" + std::to_string(pick(3)));
        return;
      case 7:
      case 8:
        if (who.ready()) who.repeat_any();
        return;
      case 9:
      case 10:
      case 11:
        if (who.ready() && who.has_joined(room)) who.change(room);
        return;
      case 12:
        if (who.ready()) who.other(room);
        return;
      case 13:
      case 14:
        if (who.ready()) who.change_member("team", "user" + std::to_string(pick(3)));
        return;
      case 15:
        if (who.ready()) who.change_settings("team");
        return;
      case 16:
        if (who.ready()) who.join("team", true);
        return;
      case 17:
        if (who.ready() && pick(3) == 0) who.leave("team", true);
        return;
      case 18:
      case 19:
        if (who.ready()) who.list(room);
        return;
      default:
        if (who.ready() && who.has_joined(room)) who.send(room);
    }
  }

  bool step() {
    if (in_.moderated && pick(10) == 0) hooks_.answer(random_());
    const bool ran = world_.step_shuffled(random_);
    for (auto& who : clients_) who.look();
    return ran;
  }
  void settle() {
    while (step() || (in_.moderated && hooks_.answer(random_()))) continue;
    for (auto& who : clients_) who.look();
  }

  /// Everyone comes back, repeats what was not acknowledged, says a last word in every room, and
  /// then has the same log.
  void converge() {
    settle();
    bool last_words = false;
    // A room that had lost track of the log notices with the next message, and is begun anew.
    for (int round = 0; round < 20; ++round) {
      bool restless = false;
      for (auto& who : clients_) {
        if (who.connected()) continue;
        who.connect();
        restless = true;
      }
      settle();
      // A command that a room took along when it ended is given up after a while.
      world_.advance(in_.faults ? 60s : 1s);
      settle();
      for (auto& who : clients_) {
        if (!who.ready()) {
          restless = true;
          continue;
        }
        promise(who.waits_for().empty(), who.user() + " waits for ever for " + who.waits_for());
        for (const auto& room : std::set<std::string>{who.wanted()}) {
          if (who.has_joined(room)) continue;
          who.join(room);
          restless = true;
        }
        for (const auto& room : who.wanted())
          if (who.has_joined(room)) who.probe(room);
        if (!last_words) {
          for (const auto& room : std::set<std::string>{who.wanted()})
            if (who.has_joined(room)) who.send(room);
          for (const auto* user : {"user0", "user1", "user2"}) who.direct(user);
        }
        who.repeat_unacknowledged();
      }
      last_words = true;
      settle();
      world_.advance(25ms);  // what rooms hold is released
      settle();
      for (const auto& who : clients_) restless |= !who.connected() || who.unacknowledged();
      if (!restless) break;
    }
    for (auto& who : clients_) {
      promise(who.ready(), who.user() + " does not get in");
      promise(who.waits_for().empty(), who.user() + " waits for ever for " + who.waits_for());
      promise(!who.unacknowledged(), who.user() + " was not heard");
      who.check_converged();
    }
    promise(hooks_.asked_again.empty(), "asked about again: " + hooks_.asked_again);
    for (const auto& [what, seq] : in_.acknowledged) {
      const auto room = what.substr(what.find('|') + 1, what.rfind('|') - what.find('|') - 1);
      const auto entry = world_.stored_entry(room, seq);
      promise(entry && what.ends_with("|" + entry->key), "acknowledged and gone: " + what);
    }
    for (const auto& room : rooms_) in_.replay(room).check_store();
    for (const auto& room : rooms_)
      for (auto& one : clients_)
        for (auto& other : clients_)
          for (const auto& [seq, entry] : one.entries_of(room))
            if (const auto at = other.entries_of(room).find(seq);
                at != other.entries_of(room).end())
              promise(simulated_client::same_but_taken_away(at->second, entry) ||
                          simulated_client::same_but_taken_away(entry, at->second),
                      "two logs of " + room);
  }

  /// When all have gone nothing of them is left.
  void vanish() {
    for (auto& who : clients_) who.hang_up();
    world_.settle_shuffled(random_);
    world_.advance(120s);
    promise(world_.guests_running() == 0,
            std::to_string(world_.guests_running()) + " actors are left over");
    promise(world_.users_known() == 0, "a user is kept for ever");
    promise(world_.sessions_known() == 0, "a session is kept for ever");
    for (const auto& one : world_.clients)
      promise(one.sink.use_count() == 1, "a sink is held for ever");
  }

  std::mt19937_64 random_;
  simulated_hooks hooks_;  // before the world, which may ask until its end
  actor_world world_;
  schedule in_;
  std::vector<std::string> rooms_;
  std::deque<simulated_client> clients_;
};

std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
  const auto* text = std::getenv(variable);
  return text ? std::stoull(text) : otherwise;
}

}  // namespace

// CONFAB_SIM_SEED=n runs schedule n alone, CONFAB_SIM_SCHEDULES how many.
TEST_CASE("in whatever order things happen, the promises to clients are kept") {
  const std::uint64_t schedules_default = cases(1500);
  const bool one = std::getenv("CONFAB_SIM_SEED") != nullptr;
  const auto first = number_in("CONFAB_SIM_SEED", 1);
  const auto count = one ? 1 : number_in("CONFAB_SIM_SCHEDULES", schedules_default);

  for (auto seed = first; seed < first + count; ++seed) {
    try {
      simulation{seed}.run();
    } catch (const std::exception& e) {
      FAIL("CONFAB_SIM_SEED=" << seed << ": " << std::string{e.what()}.substr(0, 500));
    }
  }
  SUCCEED(count << " schedules");
}
