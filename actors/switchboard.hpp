#pragma once

#include "actors/counts.hpp"
#include "actors/messages.hpp"
#include "protocol/siphash.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace confab::actors {

/// One shard's actors.
struct shard_actors {
  directory_actor directory;
  audience_actor audience;
  reader_actor reader;
  registrar_actor registrar;
};

/// Where a room, a user and a session is: on which shard now, on which node later. Whoever has
/// something to say names a value (a room, a user, a session and its ticket) and is given the actor
/// that takes it; nothing else indexes the shards, so nothing else knows that there are any.
///
/// The shards, and the secret of the sessions' names, are filled in by server/ (or a test) before
/// the first session, and constant from then on. The rooms that are awake change: their directories
/// note them, and any thread may look one up. The mutexes in here are the border between these
/// threads.
class switchboard {
 public:
  void add(shard_actors shard);
  void sign_names(const siphash_secret& secret) noexcept { secret_ = secret; }
  /// Lets go of all handles: after the shards' threads have ended.
  void clear() noexcept { shards_.clear(); }

  std::size_t shards() const noexcept { return shards_.size(); }
  std::size_t shard_of(const room_id& room) const noexcept { return hash(room.view()) % shards(); }
  std::size_t shard_of(const user_id& user) const noexcept { return hash(user.view()) % shards(); }
  /// Whether there can be such a session. What follows is only for those.
  bool knows(session_id session) const noexcept { return session.shard() < shards(); }

  // --- sessions as clients know them ---
  session_name name_of(session_id session) const noexcept;
  /// None if this process did not give the name out. Whether the session is still there is known to
  /// its audience.
  std::optional<session_id> find(const session_name& name) const noexcept;

  // --- who takes what is for a room, a user, a session ---
  const directory_actor& directory_of(const room_id& room) const { return of(room).directory; }
  const registrar_actor& registrar_of(const user_id& user) const { return of(user).registrar; }
  const audience_actor& audience_of(session_id session) const { return of(session).audience; }
  const reader_actor& reader_of(const room_id& room) const { return of(room).reader; }
  const reader_actor& reader_of(const user_id& user) const { return of(user).reader; }
  const reader_actor& reader_of(session_id session) const { return of(session).reader; }

  // --- who asks or tells every shard ---
  const directory_actor& directory(std::size_t shard) const { return shards_[shard].directory; }
  const audience_actor& audience(std::size_t shard) const { return shards_[shard].audience; }
  const shard_actors& shard(std::size_t number) const { return shards_[number]; }

  // --- what each shard counts; from its own thread ---
  shard_counts& counts(std::size_t shard) const { return *shards_[shard].counts; }
  shard_counts& counts_of(const room_id& room) const { return *of(room).counts; }
  shard_counts& counts_of(const user_id& user) const { return *of(user).counts; }
  shard_counts& counts_of(session_id session) const { return *of(session).counts; }

  // --- rooms that are awake; any thread ---
  /// For a cache of the caller's own, as a shorter way than by the room's directory. Null if the
  /// room sleeps or is about to. An actor that has ended in this moment takes no messages: the
  /// caller must hear of a room's end in another way (`room_lost`, a monitor).
  room_actor awake(const room_id& room) const;
  /// From the room's directory, before anybody else can know of the actor, and after its end.
  void woke(const room_id& room, room_actor actor) const;
  void fell_asleep(const room_id& room) const;

  // --- who watches an inbox, by shard; any thread ---
  /// One more session does: before it reads the first window, so that whatever that window misses
  /// finds it counted. Or one less, from its audience.
  void watches_inbox(std::size_t shard, bool on) const noexcept {
    shards_[shard].awake->inboxes += on ? 1 : -1;
  }
  bool has_inboxes(std::size_t shard) const noexcept { return shards_[shard].awake->inboxes > 0; }

 private:
  struct awake_rooms {
    std::mutex mutex;
    std::unordered_map<room_id, room_actor> rooms;  // guarded
    std::atomic<std::int64_t> inboxes = 0;          // that sessions of the shard watch
  };
  struct entry : shard_actors {
    std::unique_ptr<awake_rooms> awake = std::make_unique<awake_rooms>();
    std::unique_ptr<shard_counts> counts = std::make_unique<shard_counts>();
  };

  const entry& of(const room_id& room) const { return shards_[shard_of(room)]; }
  const entry& of(const user_id& user) const { return shards_[shard_of(user)]; }
  const entry& of(session_id session) const { return shards_.at(session.shard()); }
  static std::uint64_t hash(std::string_view text) noexcept;

  std::vector<entry> shards_;
  siphash_secret secret_{};
};

}  // namespace confab::actors
