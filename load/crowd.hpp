#pragma once

#include "load/checker.hpp"
#include "load/commands.hpp"
#include "load/frame_reader.hpp"
#include "load/history_log.hpp"
#include "load/identities.hpp"
#include "load/random.hpp"
#include "load/report.hpp"
#include "load/scenario.hpp"
#include "load/websocket.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace confab::load {

/// Why a user or session wants to be woken.
enum class wake_reason : std::uint8_t {
  act,           // user: the next message is due
  enter_tunnel,  // user
  leave_tunnel,  // user
  connect,       // session: arrive, or come back
  deadline,      // session: should be welcomed by now
  retry          // session: repeat what was refused for now
};

struct wake {
  std::uint32_t of;  // user or session
  wake_reason reason;
  std::uint16_t generation = 0;  // of the session's connection
};

/// What a crowd wants done. Sessions are named by number.
class outlet {
 public:
  virtual ~outlet() = default;
  virtual void connect(std::uint32_t session) = 0;
  virtual void write(std::uint32_t session, websocket::opcode kind, std::string_view payload) = 0;
  /// Ends the connection without a word; `closed` is not called.
  virtual void drop(std::uint32_t session) = 0;
  virtual void wake_at(std::int64_t due_us, wake what) = 0;
};

/// What all threads of a run share, and do not change.
struct load_plan {
  load::scenario scenario;
  load::identities identities;
  codec format = codec::json;
  std::uint64_t seed = 1;
  std::uint32_t run = 0;         // a number that tells this run's texts and keys from all others'
  std::uint32_t first_user = 0;  // of this process
  std::uint32_t threads = 1;
  std::int64_t started_at_ms = 0;
};

/// The users of one thread and their sessions (one per device): state machines without I/O, stepped
/// with what happened and the time. Times in microseconds since the run's start.
class crowd {
 public:
  /// Takes every `plan.threads`-th user, from `thread` on. Wakes itself for their arrival.
  /// `history` may be null.
  crowd(const load_plan& plan, std::uint32_t thread, outlet& out, history_log* history);

  // What happened.
  void opened(std::uint32_t session, std::int64_t now_us);
  void received(std::uint32_t session, websocket::opcode kind, std::string_view payload,
                std::int64_t now_us);
  /// `reason`: of the close frame, or what went wrong where there was none (code 1006).
  void closed(std::uint32_t session, std::uint16_t code, std::string_view reason,
              std::int64_t now_us);
  void woken(const wake& what, std::int64_t now_us);
  /// Everybody's connection breaks.
  void storm(std::int64_t now_us);

  /// No more is sent; who is in a tunnel comes back.
  void stop_sending(std::int64_t now_us);
  /// Every message is sent and acknowledged.
  bool is_settled() const;
  /// Nothing is owed any more: every command answered, every room read up to its head in `heads`.
  bool is_quiet(const std::vector<std::uint64_t>& heads) const;
  /// The end: what is still missing, is lost, and what is not answered counts at its age so far.
  void finish(const std::vector<std::uint64_t>& heads, std::int64_t now_us);
  /// After `finish` of all crowds of a run, this one among them: what its members were not shown of
  /// what anybody had to say counts among the deliveries, at its age so far.
  void count_undelivered(std::span<const crowd* const> all);

  std::size_t sessions() const { return sessions_.size(); }
  bool is_slow(std::uint32_t number) const {
    return users_[sessions_[number].user].kind == user_kind::slow;
  }
  /// Users that are up, and those that ever were or gave up.
  std::uint64_t online() const { return online_; }
  std::uint64_t arrived() const { return arrived_; }

  load::tally& tally() { return tally_; }
  const load::checker& checker() const { return checker_; }
  /// Delivery latencies since the last call.
  histogram take_second();

 private:
  enum class user_kind : std::uint8_t { normal, slow, misbehaving };
  enum class task : std::uint8_t {
    send,
    direct,
    edit,
    react,
    history,
    signal,
    join,
    leave,
    misdeed
  };

  /// A command that is owed an answer, or a message that still has to be seen by its author.
  struct pending {
    static constexpr std::int64_t not_written = -1;  // on this connection

    std::uint32_t id = 0;
    load::crowd::task task = task::send;
    bool is_acked = false, is_shown = false, is_repeated = false;
    std::uint32_t room = 0;  // of a direct message: the receiver's number in the load
    std::uint32_t count = 0;
    std::uint32_t bytes = 0;
    std::int64_t due_us = 0;
    std::int64_t written_us = not_written;
    std::uint64_t seq = 0;
  };

  struct session {
    enum class state : std::uint8_t { away, connecting, greeting, online, gone };
    std::uint32_t user = 0;
    std::uint8_t device = 0;
    state at = state::away;
    std::uint8_t attempts = 0;  // since it was last up
    bool was_up = false;
    bool knows_directs = false;  // `welcome` listed all there are
    std::uint16_t generation = 0;
    std::uint16_t expected_close = 0;  // of a misbehaving user
    std::uint32_t last_id = 0;
    static constexpr std::int64_t not_wanted = -1;  // it is up, or needs not be

    std::int64_t wanted_us = not_wanted;  // since when it should be up
    std::int64_t started_us = 0, connected_us = 0, hello_us = 0;
    std::int64_t timed_from_us = 0;  // what was due before is late for a reason of our own
    std::vector<seat> seats;
    std::vector<pending> pendings;
  };

  struct user {
    random_source random;
    std::uint32_t number = 0;  // in the whole load
    user_kind kind = user_kind::normal;
    bool is_in_tunnel = false, has_given_up = false, has_arrived = false;
    std::uint16_t burst_left = 0;
    std::uint32_t count = 0;          // of messages, for their stamps
    std::uint32_t typing_in = 0;      // seat, plus 1
    std::uint32_t first_session = 0;  // of `devices`
    std::int64_t next_due_us = 0;
    std::uint32_t own_room = 0;  // of the last own message that was acknowledged
    std::uint64_t own_seq = 0;
    std::uint32_t misdeed_count = 0;
  };

  /// Messages that were due at one time for one room, and are in no log as far as is known.
  struct unsaid {
    std::uint32_t room = 0;
    std::int64_t due_us = 0;
    std::uint64_t count = 0;
  };
  /// Entries of a room that a session was not shown.
  struct owed {
    std::uint32_t room = 0;
    std::uint64_t first = 0, last = 0;
    std::int64_t timed_from_us = 0;  // of the session
  };

  // crowd.cpp: connections
  void start(std::uint32_t number);
  void lose(std::uint32_t number);
  void come_back(std::uint32_t number, std::optional<std::int64_t> after_us = {});
  void give_up(std::uint32_t number, std::string_view why);
  void greet(std::uint32_t number);
  void welcome(std::uint32_t number, const server_frame& frame);
  void arrive(user& who);
  void set_online(session& of, bool to);

  // crowd_frames.cpp: what the server says
  void deliver(std::uint32_t number, const log_event& event, bool is_live);
  void take_own(session& of, const log_event& event, const read_stamp& text, bool is_live);
  void joined(std::uint32_t number, const server_frame& frame);
  void catch_up(std::uint32_t number, seat& at, const server_frame& frame);
  void sent(std::uint32_t number, const server_frame& frame);
  void failed(std::uint32_t number, const server_frame& frame);
  void done(std::uint32_t number, const server_frame& frame);
  void history(std::uint32_t number, const server_frame& frame);
  void left(std::uint32_t number, const server_frame& frame);
  seat* seat_in(session& of, std::uint32_t room);
  void vacate(seat& at);
  seat& add_direct_seat(session& of, std::uint32_t room, std::uint64_t from);
  pending* find(session& of, std::optional<std::uint64_t> re);
  void settle(session& of, const pending& which);

  // crowd_users.cpp: what users do
  void act(std::uint32_t user_no);
  void speak(user& who, std::int64_t due_us);
  void fidget(user& who);
  void schedule(std::uint32_t user_no, double after_s);
  double think(user& who);
  void submit(std::uint32_t number, pending what);
  void write_message(std::uint32_t number, pending& what);
  void write_waiting(std::uint32_t number);
  std::uint32_t ask(session& of, task what, std::uint32_t room, std::int64_t due_us);
  std::uint32_t peer_of(user& who);
  void join(std::uint32_t number, seat& at, bool with_since);
  std::string text_of(const user& who, const pending& what) const;
  std::string key_of(const user& who, const pending& what) const;
  void say(std::uint32_t number, std::string_view payload);

  // crowd_end.cpp
  void count_late(const session& one, const std::vector<std::uint64_t>& heads);
  std::uint64_t readers_of(const user& author, std::uint32_t to) const;

  // crowd_misdeeds.cpp
  void misbehave(std::uint32_t user_no);
  bool is_expected(const pending& what, std::string_view code) const;

  std::uint32_t number_of(const session& of) const {
    return static_cast<std::uint32_t>(&of - sessions_.data());
  }
  std::string connection_name(const session& of) const;
  /// Of a room that all threads know the head in `heads`, of others what this one has seen.
  std::uint64_t head_of(std::uint32_t room, const std::vector<std::uint64_t>& heads) const;
  void wake_in(double s, wake what) {
    out_.wake_at(now_us_ + static_cast<std::int64_t>(s * 1e6), what);
  }
  std::uint64_t us_since(std::int64_t then_us) const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_us_ - then_us));
  }
  bool may_send() const { return !is_stopped_; }

  const load_plan& plan_;
  const load::scenario& how_;
  outlet& out_;
  history_log* history_;
  load::tally tally_;
  counters& count_ = tally_.counters;
  histogram second_;
  load::checker checker_;
  frame_reader reader_;
  command_writer commands_;
  std::vector<user> users_;
  std::vector<session> sessions_;
  /// Messages that were never tried, as too many before them had no answer: by room and by the
  /// second in which they were due.
  std::map<std::pair<std::uint32_t, std::int64_t>, std::uint64_t> skipped_;
  std::vector<unsaid> unsaid_;
  std::vector<owed> owed_;
  std::int64_t now_us_ = 0;
  std::uint64_t online_ = 0;
  std::uint64_t arrived_ = 0;
  bool is_stopped_ = false;
};

}  // namespace confab::load
