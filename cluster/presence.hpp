#pragma once

#include "protocol/ids.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Who of the rooms is at which node. It is in no log: each node tells the others who is there with
/// it, in frames with numbers, on a bus that may lose, double and delay. Two state machines without
/// I/O; time comes from outside. Each is used by one thread at a time.
namespace confab::cluster {

struct person {
  user_id user;
  std::string name;  // empty: the id
  friend bool operator==(const person&, const person&) = default;
};
struct presence_change {
  room_id room;
  std::vector<person> came;
  std::vector<user_id> went;
  std::vector<std::pair<user_id, bool>> typing;  // lapses by itself, so that it may be lost
  friend bool operator==(const presence_change&, const presence_change&) = default;
};
struct presence_frame {
  std::string node;
  std::uint64_t session = 0;  // the node's; who has begun later has a greater one
  std::uint64_t number = 0;   // of the frame in its session, from 1; of a piece: as of which
  /// Of all that there is, to who has asked: piece 0..pieces-1. None: what has changed.
  std::uint32_t piece = 0, pieces = 0;
  std::vector<presence_change> changes;
  friend bool operator==(const presence_frame&, const presence_frame&) = default;
};

std::string encode(const presence_frame& what);
/// None: it cannot be read.
std::optional<presence_frame> decode_presence(std::string_view bytes);

/// What one node tells the others: it alone says who is there with it.
class presence_teller {
 public:
  using clock = std::chrono::milliseconds;
  struct settings {
    std::string node;
    clock gather{250};
    std::size_t people_max = 1'000;  // in one frame
  };
  explicit presence_teller(settings how) : how_(std::move(how)) {}

  /// The node has a new session: numbers begin anew, and others will ask. 0: it has none, and is
  /// silent.
  void begin(std::uint64_t session);
  /// The first of the user's sessions in the room, and the last.
  void came(const room_id& room, const person& who, clock now);
  void went(const room_id& room, const user_id& who, clock now);
  void typing(const room_id& room, const user_id& who, bool on, clock now);

  std::optional<clock> deadline() const noexcept { return tell_at_; }
  /// What is to be published, if it is time.
  std::vector<presence_frame> on_time(clock now);
  /// For who asks: all that was told, in pieces.
  std::vector<presence_frame> all() const;
  /// Of the last frame: a beat says it, so that others notice when that was lost.
  std::uint64_t number() const noexcept { return number_; }

 private:
  struct pending_change {
    std::optional<std::string> here;  // the name; none: gone
    std::optional<bool> typing;
    bool moves = false;
  };
  pending_change& pending(const room_id& room, const user_id& who, clock now);

  settings how_;
  std::uint64_t session_ = 0, number_ = 0;
  std::map<room_id, std::map<user_id, std::string>> told_;
  std::map<room_id, std::map<user_id, pending_change>> pending_;
  std::optional<clock> tell_at_;
};

/// What one node knows of the people at all others: a user who is at two of them is there once.
class presence_reader {
 public:
  using clock = std::chrono::milliseconds;
  struct settings {
    clock absent_after{3'000};   // who is not heard of
    clock ask_wait{1'000};       // then it is asked again
    std::size_t later_max = 64;  // frames behind a hole; what is beyond is asked for
  };
  struct effects {
    std::vector<presence_change> changes;  // for the rooms
    std::vector<std::string> ask;          // nodes that are to tell all
    bool empty() const noexcept { return changes.empty() && ask.empty(); }
  };
  explicit presence_reader(settings how) : how_(how) {}

  /// By a beat: it is there, and so many frames of this session were told.
  effects heard(const std::string& node, std::uint64_t session, std::uint64_t number, clock now);
  effects take(const presence_frame& what, clock now);
  /// Each some 100 ms. Who was not heard of is away, with all who are there.
  effects on_time(clock now);

  /// In order of id.
  std::vector<person> in(const room_id& room) const;

 private:
  using people = std::map<room_id, std::map<user_id, std::string>>;
  struct node_state {
    std::uint64_t session = 0;
    std::uint64_t number = 0;  // all up to this frame is in `here`
    std::uint64_t told = 0;    // by its beat
    bool is_known = false;     // else `here` is of an earlier session, or nothing
    clock heard_at{0};
    std::optional<clock> asked_at;
    people here;
    std::map<std::uint64_t, presence_frame> later;  // by number
    // All that there is, as far as it has come.
    std::uint64_t pieces_number = 0;
    std::uint32_t pieces = 0;
    std::set<std::uint32_t> got;
    people collected;
  };
  struct somebody {
    std::string name;
    std::size_t nodes = 0;
  };
  /// What one step comes to: who came and went again in it did neither.
  struct net_change {
    std::map<user_id, std::optional<std::string>> moved;  // the name of who came; none: went
    std::vector<std::pair<user_id, bool>> typing;
  };
  using changes_by_room = std::map<room_id, net_change>;

  node_state* state_of(const std::string& node, std::uint64_t session, clock now);
  void add(const room_id& room, const person& who, changes_by_room& out);
  void remove(const room_id& room, const user_id& who, changes_by_room& out);
  void apply(node_state& of, const presence_frame& what, changes_by_room& out);
  void take_piece(node_state& of, const presence_frame& what, changes_by_room& out);
  void replace(node_state& of, people by, changes_by_room& out);
  void go_on(node_state& of, changes_by_room& out);
  void ask_if_needed(const std::string& node, node_state& of, clock now, effects& out) const;
  static std::vector<presence_change> listed(changes_by_room changes);

  settings how_;
  std::map<std::string, node_state> nodes_;
  std::map<room_id, std::map<user_id, somebody>> here_;  // at any of them
};

}  // namespace confab::cluster
