#pragma once

#include "actors/counts.hpp"
#include "actors/delivery.hpp"
#include "actors/presence.hpp"
#include "journal/journal.hpp"
#include "protocol/entry.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"
#include "rooms/rights.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace confab::actors {

/// What a step of a room wants done: collected by the step, carried out by the actor afterwards.
struct room_effects {
  std::map<std::uint8_t, std::vector<delivery>> deliveries;  // by shard, in order
  std::vector<settle> settlements;  // after the deliveries, as the catch-ups are
  std::vector<std::pair<session_id, catch_up>> catch_ups;
  struct append {
    request_no request;
    rooms::operation what;
  };
  std::vector<append> appends;
  struct question {
    std::uint64_t number;
    room_question what;
  };
  std::vector<question> questions;  // of the journal
  bool published = false;           // the head moved
};

/// Whether a room tells its members up to where the others have read.
bool has_receipts(const room_settings& set, bool direct, std::size_t members) noexcept;
/// Of a room that was made just now, by its first entries.
markers_found markers_in(const journal::room_info& fresh, const std::vector<log_entry>& entries);

/// What a room is and does, without actor: who is in it, its log's end, and what may be said
/// next. A fold over the log: its head moves only with entries that came back from the journal.
/// Owner: the room's actor. Every entry it publishes has come back from the journal (G1).
class room_state {
 public:
  struct options {
    std::chrono::milliseconds append_wait_max;
    std::chrono::milliseconds presence_gather;
    std::chrono::milliseconds presence_grace;
    std::chrono::milliseconds typing_lapse;
    std::string_view durability;  // a literal, told in every `sent`
    rooms::rules rules;
    shard_counts* counts = nullptr;  // where it tells what it does; null: nowhere
  };

  /// `first_request`: its requests are numbered from there on.
  room_state(journal::room_info info, std::vector<log_entry> tail, const options& how,
             request_no first_request = request_no{1},
             std::vector<message::user_ref> names = {}, std::optional<markers_found> reads = {});
  room_state(const room_state&) = delete;  // members point into it
  room_state& operator=(const room_state&) = delete;

  const room_id& id() const noexcept { return view_.room; }
  const rooms::room_view& view() const noexcept { return view_; }
  const epoch_id& epoch() const noexcept { return epoch_; }
  bool is_direct() const noexcept { return view_.direct.has_value(); }
  /// A direct room exists for its two users only.
  bool exists_for(const user_id& user) const noexcept;
  std::size_t online() const noexcept { return presence_.online(); }
  std::vector<message::user_ref> users_online(std::size_t count_max) const {
    return presence_.members(count_max);
  }
  /// Both users of a direct room wrote some of what is remembered of it.
  bool both_wrote() const;
  bool has_member(session_id session) const { return members_.contains(session); }

  // --- commands; each settles its ticket now or with a later outcome ---
  void command(const asker& from, room_op& what, steady_time now, room_effects& out);
  void join(const asker& from, const join_op& what, steady_time now, room_effects& out);
  void leave(const asker& from, const leave_op& what, steady_time now, room_effects& out);
  void append(const asker& from, append_op what, steady_time now, room_effects& out);
  void direct(const asker& from, direct_op what, steady_time now, room_effects& out);
  void type(const asker& from, bool on, steady_time now, room_effects& out);
  void tell_absent(const asker& from, const absent_op& what, room_effects& out) const;
  void emit(const asker& from, emit_op what, room_effects& out);
  void cease(const asker& from, const cease_op& what, steady_time now, room_effects& out);
  void create(const asker& from, create_op what, steady_time now, room_effects& out);
  void list(const asker& from, const list_op& what, room_effects& out);
  void look_at_file(const asker& from, const file_op& what, room_effects& out) const;
  void take_standing(const asker& from, const standing_op& what, steady_time now,
                     room_effects& out);
  /// Of a direct room: `by` has blocked the other, or no longer.
  void block(const user_id& by, bool on);
  /// What the journal says to a question of `out.questions`.
  void answered(std::uint64_t question, room_answer& what, steady_time now, room_effects& out);

  // --- a direct room's listeners: every session of both users, joined or not ---
  void listen(const session_info& who, room_effects& out);
  void stop_listening(session_id session, steady_time now, room_effects& out);
  /// Before it is put away: a successor admits anew.
  void dismiss_all(room_effects& out);

  // --- what the journal says of the room, in the order of the log ---
  /// False: what it says does not follow on what is known here, so this state is void.
  [[nodiscard]] bool news(room_outcome& what, steady_time now, room_effects& out);
  /// All that was asked for and is not answered yet may be stored, or not.
  void failed_all(room_effects& out);
  bool awaits_journal() const noexcept { return !pending_.empty(); }

  // --- time ---
  std::optional<steady_time> deadline() const;
  void on_time(steady_time now, room_effects& out);
  /// Nobody in it, nobody expected back, nothing pending.
  bool idle() const noexcept;

 private:
  /// One session. Dense, and without a string of its own: there are as many as members.
  struct member {
    const user_id* user = nullptr;  // in `presence_`, or one of a direct room's two
    room_user_no number;
    wire_format format;
    // Of the token:
    role token : 3 = role::none;
    bool admin : 1 = false;
    bool opens : 1 = false;
    bool guest : 1 = false;
    bool joined : 1 = false;
    bool listening : 1 = false;  // of a direct room, by being one of its users' sessions
    bool live : 1 = false;       // the audience has it
  };
  static_assert(sizeof(member) <= 16);
  using members = boost::unordered_flat_map<session_id, member, std::hash<session_id>>;
  struct typing_user {
    room_user_no number;
    steady_time until;
    steady_time told;  // when the others heard of it last
  };
  struct pending_append {
    request_no request;
    asker from;
    steady_time until;
    /// What follows when it is done: by itself a success is answered by `sent` or `done`.
    struct sent {};
    struct done {};
    struct created {};
    struct left {};  // the session leaves,
    struct joined {  // or goes on to join
      join_op what;
    };
    struct swept {  // what they said is deleted
      rooms::principal by;
      std::vector<user_id> users;
      std::chrono::milliseconds for_time;
    };
    struct next_of_sweep {
      std::uint64_t sweep;
    };
    std::variant<sent, done, created, left, joined, swept, next_of_sweep> then;
    bool answered = false;  // as `unavailable`: outcome unknown
  };
  /// Whose row in the room is being read, and what waits for it.
  struct row_awaited {
    user_id user;
    std::vector<log_entry> changes;  // that came meanwhile,
    seq_no read;                     // and up to where they have read
    std::vector<std::pair<asker, room_op>> waiting;
  };
  struct list_awaited {
    asker from;
    user_id user;
    seq_no floor;  // of the asker, whose row need not be known any more
    bool joined;
  };
  /// Of a ban: messages are deleted a hundred at a time, fewer where too much goes with them.
  struct sweep {
    asker from;
    rooms::principal by;
    std::optional<message::stored> ban;  // none: there was nothing to change
    std::optional<seq_no> before;
    std::vector<seq_no> targets;         // still to be deleted, once they are known
    std::size_t deleted = 0;
    std::size_t rows = 0;                               // see `settle`
    std::vector<seq_no> asked{};                        // of the targets, and not answered yet
    std::size_t at_once = limits::delete_targets_max;
  };
  struct sweep_awaited {
    std::uint64_t sweep;
  };
  struct reads_awaited {
    markers moved;  // meanwhile,
    std::map<user_id, bool> silenced;
  };
  using awaited = std::variant<row_awaited, list_awaited, sweep_awaited, reads_awaited>;
  struct known_row {
    rooms::member_row row;
    seq_no as_of;  // entries up to here are in it
    seq_no read;   // the marker, as far as marks say
  };
  /// A join that goes on from an entry of which the room has not heard yet: the reader was faster.
  struct early_join {
    asker from;
    join_op what;
  };

  void answer(const asker& to, const message::any& what, room_effects& out) const;
  void refuse(const asker& to, error_code code, std::string text, room_effects& out) const;
  void announce(const message::any& what, importance weight, room_user_no except,
                std::optional<broadcast::author> writer, room_effects& out) const;
  void identify(member& who, const user_id& user) const;
  void set_live(session_id session, member& who, bool live, room_effects& out);
  void release(session_id session, room_effects& out);
  message::joined snapshot(const asker& from, const join_op& what) const;
  std::vector<log_entry> tail_after(seq_no since) const;
  /// The latest messages from memory; none if memory does not reach back far enough.
  std::optional<std::vector<message::present_message>> latest_from_tail(
      const user_id& asker) const;
  void admit_from_tail(member& who, const asker& from, const join_op& what, room_effects& out);
  void store(const asker& from, rooms::principal by, std::string key, rooms::want what,
             decltype(pending_append::then) then, steady_time now, room_effects& out,
             std::optional<std::chrono::milliseconds> overdrawn = {},
             rooms::checked by_hook = rooms::checked::enough);
  std::optional<pending_append> take_pending(request_no request);
  void tell(pending_append& own, std::optional<message::stored> what,
            const mention_list& unreached, room_effects& out, std::size_t rows = 0);
  [[nodiscard]] bool publish(std::optional<broadcast::author> writer, log_entry entry,
                             std::string name, const asker* leaving, room_effects& out);

  // --- room_members.cpp: who may what, and who has to go ---
  rooms::standing standing_of(const rooms::principal& by, const rooms::member_row& row,
                              unix_ms at) const;
  rooms::principal principal_of(const member& who) const;
  std::optional<rooms::refused> forbids_saying(const member& who, unix_ms at) const;
  std::optional<rooms::refused> forbids_saying(const rooms::standing& who) const;
  known_row known_of(const user_id& user) const;
  rooms::member_row row_of(const user_id& user) const { return known_of(user).row; }
  bool knows_row_of(const user_id& user) const;
  /// Puts the command aside until the user's row is known; false: it is.
  bool await_row(const asker& from, const rooms::principal& by, room_op& what, room_effects& out);
  void ask(awaited about, room_question what, room_effects& out);
  void take_row(row_awaited& about, room_answer& what, steady_time now, room_effects& out);
  void take_list(const list_awaited& about, room_answer& what, room_effects& out);
  void refuse(const asker& to, const rooms::refused& why, room_effects& out) const;
  void take_change(const log_entry& entry, const asker* leaving, room_effects& out);
  void take_members(const log_entry& entry, const member_set& change, const asker* leaving,
                    room_effects& out);
  void expel(const user_id& user, std::string_view reason, const asker* leaving,
             room_effects& out);
  void take_erased(const log_entry& entry, const user_id& user, const asker* leaving,
                   room_effects& out);
  void expel_strangers(unix_ms at, room_effects& out);
  void forget_row_of(const user_id& user);
  /// Of who comes now.
  seq_no floor_of(const rooms::principal& by, const rooms::member_row& row) const;
  void tell_floors(room_effects& out) const;
  void list_direct(const asker& from, const user_id& user, const command::list_members& what,
                   room_effects& out) const;
  std::vector<message::user_ref> names_in(const message::event_list& events) const;
  void name_author(const user_id& user, std::string name);
  void begin_sweep(pending_append& own, std::optional<message::stored> ban, unix_ms at,
                   room_effects& out);
  void go_on_sweeping(std::uint64_t number, steady_time now, room_effects& out);
  bool sweep_fewer(std::uint64_t number, const rooms::refused& why);
  void take_away(seq_no target);
  void trim(seq_no upto);
  void rename(const erased& what);
  void admit_early(room_effects& out);
  void give_up_joins(const asker& from, bool lost, room_effects& out);
  void start_typing(const member& who, steady_time now, room_effects& out);
  void announce_typing(const user_id& user, room_user_no number, bool on, room_effects& out);
  void stop_typing(const user_id& user, bool tell, room_effects& out);

  // --- room_receipts.cpp ---
  bool has_receipts() const;
  void begin_or_end_receipts(room_effects& out);
  void take_reads(const reads_awaited& about, room_answer& what, room_effects& out);
  static bool raise(markers& of, const user_id& user, seq_no read);
  void take_marker(const user_id& user, seq_no read);
  void marker_moved(const user_id& user, seq_no read, steady_time now);
  void own_set(const user_id& user, const own_settings& own, room_effects& out);
  void silence(const user_id& user, bool on);
  std::optional<markers> reads_for(const user_id& reader) const;
  void announce_reads(const markers& of, room_effects& out) const;
  void take_members_of_receipts(const log_entry& entry);
  void tell_reads(steady_time now, room_effects& out);

  rooms::room_view view_;
  epoch_id epoch_;
  options how_;
  std::deque<log_entry> tail_;  // the end of the log, without holes, up to head
  std::size_t tail_bytes_ = 0;
  members members_;
  std::array<std::size_t, wire_formats_count> live_by_format_{};
  std::vector<std::size_t> live_by_shard_;
  presence presence_;
  std::map<user_id, typing_user> typing_;
  std::deque<pending_append> pending_;
  std::uint64_t last_request_;
  std::vector<early_join> early_;
  std::map<user_id, std::string> names_;  // of authors in `tail_` that have one
  /// Of those who have joined and of whom the room keeps something.
  std::map<user_id, known_row> rows_;
  std::optional<std::pair<user_id, known_row>> passing_;  // who asks without having joined
  std::optional<markers> reads_;  // of members, where the room has receipts,
  std::set<user_id> silent_;      // and who of them neither tell nor are told
  markers moved_;                 // of these, since they were told last,
  steady_time tell_reads_at_{};   // and when they are to be told
  bool blocked_[2] = {};  // of a direct room: its first user has blocked the second; and back
  std::map<std::uint64_t, awaited> awaited_;  // by question
  std::uint64_t last_question_ = 0;
  std::map<std::uint64_t, sweep> sweeps_;  // by number
};

}  // namespace confab::actors
