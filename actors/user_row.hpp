#pragma once

#include "actors/delivery.hpp"
#include "protocol/messages.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace confab::actors {

/// What the registrar of a shard knows of one user: the sessions, wherever they are, and the direct
/// rooms. One per user online, so what most have none of stands apart. Owner: the registrar.
class user_row {
 public:
  struct online {
    session_id id;
    wire_format format;
    std::unique_ptr<const device_id> device;
    std::vector<awake_room> rooms;  // that it has joined, where that matters
    bool active = true;             // the user looks at it
  };

  const std::vector<online>& sessions() const noexcept { return sessions_; }
  bool has(session_id session) const noexcept { return find(session) != nullptr; }
  const online* find(session_id session) const noexcept;
  /// The sessions of the same device, which this one replaces.
  std::vector<session_id> attach(const session_info& who, std::optional<device_id> device);
  void detach(session_id session);
  void move(session_id session, awake_room room, bool in);
  void set_active(session_id session, bool on);
  bool has_active() const noexcept { return std::ranges::any_of(sessions_, &online::active); }
  /// Whether a session of the user has joined one of `rooms`.
  bool has_joined_any(const std::vector<awake_room>& rooms) const;

  void watch(awake_room room);
  void unwatch(awake_room room);
  std::vector<awake_room> watchers() const;

  // --- the user's direct rooms: read from the journal once, then kept up to date by the rooms ---
  bool knows_directs() const noexcept { return knows_directs_; }
  bool reads_directs() const noexcept { return read_ != 0; }
  /// What `read` brings counts, and nothing that was asked for before.
  void begin_reading(std::uint32_t read) noexcept { read_ = read; }
  /// There are none in the journal.
  void has_no_directs() noexcept { knows_directs_ = true; }
  void wait_for_directs(session_id session) { more().waiting.push_back(session); }
  /// Those who have waited; nothing if it is not this read that counts. Without a list, as the
  /// journal can't be read, they have waited in vain.
  std::vector<session_id> directs_read(std::uint32_t read,
                                       const std::vector<message::direct_ref>* list);
  /// A room ended by a bug: what it had told last is not what the log says.
  void forget_directs();
  /// The oldest goes where there are more than `limits::directs_count_max`.
  void note(const message::direct_ref& direct);
  std::size_t directs_count() const noexcept { return rest_ ? rest_->directs.size() : 0; }
  /// The latest first.
  std::vector<message::direct_ref> latest_directs() const;
  /// Whether the latest of them include one with `other`.
  bool has_direct_with(const user_id& other) const;

  /// No session, and no direct room that wants to hear of one.
  bool idle() const noexcept { return sessions_.empty() && (!rest_ || rest_->watchers.empty()); }

 private:
  struct rest {
    std::vector<awake_room> watchers;
    std::vector<message::direct_ref> directs;
    std::vector<session_id> waiting;
  };
  rest& more();
  void tidy();

  std::vector<online> sessions_;
  std::unique_ptr<rest> rest_;
  std::uint32_t read_ = 0;  // the read under way; 0: none
  bool knows_directs_ = false;
};

}  // namespace confab::actors
