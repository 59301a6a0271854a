#pragma once

#include "actors/steady_time.hpp"
#include "journal/journal.hpp"
#include "protocol/ids.hpp"
#include "protocol/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace confab::actors {

/// What a commit has done to the rows that users have of a room in their inboxes (SEMANTICS §8).
struct inbox_change {
  room_id room;
  bool everyones = false;      // each member's is another, and has to be read;
  std::vector<user_id> users;  // or those of these alone;
  /// or they follow from these messages, which count and name nobody: the last is shown, and each is
  /// unread but for its author.
  struct counted_message {
    seq_no seq;
    user_id from;
  };
  std::vector<counted_message> messages;
  std::optional<message::inbox_last> last;
  std::string name;  // of its author, where it is not the id
};

/// The sessions of a shard that watch their user's inbox. Each is told at most twice a second what
/// its rows are now: until then, and for as long as a reader is slow, a room that changes is only
/// marked, so that nothing piles up and nothing is lost. Without actor, I/O or clock. Owner: the
/// shard's audience.
class inbox_watches {
 public:
  /// Of these rooms the rows are to be read, as of `position` or later.
  struct question {
    session_id session;
    user_id user;
    std::vector<room_id> rooms;
    std::uint64_t position = 0;
    bool whole = false;  // with them all is told that has changed up to there
  };
  struct counted {
    room_id room;
    seq_no head;
    seq_no read;
    std::uint64_t unread;
    std::uint64_t mentions;
    own_settings own{};
  };

  /// Before the first window is read, so that nothing falls between the two.
  void open(session_id session, const user_id& user, const journal::room_filter& allowed = {});
  /// From now on it is told of these rooms alone, and of direct ones.
  void allow(session_id session, const journal::room_filter& allowed);
  /// It was read when the journal was at `position`, and says of all rooms of the user how much is
  /// unread. False: the session does not watch, or does already.
  bool begin(session_id session, std::uint64_t position, std::string as_of,
             const std::vector<counted>& rooms, steady_time now);
  /// False: it did not watch.
  bool close(session_id session);
  bool watches(session_id session) const { return watches_.contains(session); }
  bool empty() const noexcept { return watches_.empty(); }

  /// What commits have changed, up to `position`.
  void take(std::uint64_t position, const std::vector<inbox_change>& changes, steady_time now);

  /// When there is something to tell.
  std::optional<steady_time> deadline() const noexcept { return tick_; }
  /// What is to be asked for the sessions that `may_write` to; what need not be asked they are told.
  std::vector<question> on_time(steady_time now,
                                const std::function<bool(session_id)>& may_write,
                                const std::function<void(session_id, message::inbox)>& tell);
  /// What was asked for `session`; no rows: they could not be read. None: nothing is to be told.
  std::optional<message::inbox> answer(const question& asked, std::string as_of,
                                       std::optional<std::vector<message::inbox_row>> rows,
                                       steady_time now);

  /// Rooms that somebody here watches.
  std::size_t rooms() const noexcept { return index_.size(); }

 private:
  /// A room in one watch. There are thousands of them for each session. Of the two numbers of entries
  /// the last 32 bits are kept: they are compared with others that are near.
  struct own_room {
    std::uint32_t room;  // in `table_`
    std::uint32_t slot;  // in the room's watchers
    std::uint32_t unread;
    std::uint32_t head;  // counts are as of there
    std::uint32_t read;
    std::uint16_t mentions;
    bool marked : 1;  // to be read,
    bool fresh : 1;   // or to be told as it is here
    bool silent : 1;  // of the user's own settings: in no sum,
    bool wished : 1;  // unread by wish,
    bool lapses : 1;  // and not for good: the next message is not counted here, but the row is read
  };
  static_assert(sizeof(own_room) <= 24);
  struct watch {
    session_id session;
    std::uint32_t number;  // in `numbered_`
    user_id user;
    journal::room_filter allowed;
    std::string as_of;  // up to there all was told
    std::vector<own_room> rooms;
    std::vector<room_id> marked;       // to be read, each once
    std::vector<std::uint32_t> fresh;  // in `table_`, perhaps some that are marked or gone by now
    message::totals sum;
    bool begun = false;
    bool due = false;      // stands in `due_`
    bool asked = false;    // a question is on its way
  };
  struct watcher {
    std::uint32_t who;  // in `numbered_`
    std::uint32_t at;   // in its rooms
  };
  struct watched_room {
    room_id id;
    std::vector<watcher> watchers;
    bool changed = false;    // stands in `changed_`
    bool everyones = false;  // each row has to be read
    std::vector<inbox_change::counted_message> messages;  // since the last tick
    message::inbox_last last;                             // of all of them
    std::string name;
  };

  static bool is_allowed(const watch& who, const room_id& room) {
    return is_direct(room) || who.allowed.admits(room);
  }
  void changed(const inbox_change& what);
  void spread(std::uint32_t number);
  void count(watch& who, own_room& own, const watched_room& room,
             const std::vector<user_id>& authors);
  std::optional<message::inbox> tell_fresh(watch& who);
  void mark(watch& who, const room_id& room, own_room* own);
  void wake_by(steady_time at);
  own_room* find(watch& who, const room_id& room);
  void add(watch& who, const room_id& room, seq_no head, seq_no read);
  void become_due(watch& who);
  void remove(watch& who, own_room& room);
  static void sum(watch& who, const own_room& room, std::uint64_t sign);
  static void set_counts(watch& who, own_room& room, std::uint64_t unread, std::uint64_t mentions);
  static void set_own(watch& who, own_room& room, const own_settings& own);
  void has_begun(watch& who);

  std::unordered_map<session_id, std::unique_ptr<watch>> watches_;
  std::vector<watch*> numbered_;  // null: the number is free
  std::unordered_map<user_id, std::vector<watch*>> users_;
  std::unordered_map<room_id, std::uint32_t> index_;
  std::vector<watched_room> table_;
  std::vector<std::uint32_t> free_;     // in `table_`
  std::vector<std::uint32_t> changed_;  // likewise: whose watchers are to be marked
  std::vector<session_id> due_;
  std::optional<steady_time> tick_;
  std::uint64_t position_ = 0;
  /// While a watch is opening: where each room has changed last, of what came behind `recent_from_`.
  std::size_t opening_ = 0;
  std::unordered_map<room_id, std::uint64_t> recent_;
  std::uint64_t recent_from_ = 0;
};

}  // namespace confab::actors
