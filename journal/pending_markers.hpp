#pragma once

#include "protocol/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace confab::journal {

/// Read markers that are ordered but not in the database yet: they are gathered, so that a busy
/// reader costs a write in two seconds and an author none with each message. What is lost of them
/// with the process takes a marker back, never on. The mutex is the border between the writer, which
/// puts in and takes out, and the readers, which look.
class pending_markers {
 public:
  struct place {
    std::int64_t room;  // the store's number of it
    seq_no read;
  };

  /// 0: none.
  seq_no of(const user_id& user, std::int64_t room) const {
    const std::lock_guard lock{border_};
    const auto at = users_.find(user);
    if (at == users_.end()) return {};
    const auto found = std::ranges::find(at->second, room, &place::room);
    return found == at->second.end() ? seq_no{} : found->read;
  }
  std::vector<place> of(const user_id& user) const {
    const std::lock_guard lock{border_};
    const auto at = users_.find(user);
    return at == users_.end() ? std::vector<place>{} : at->second;
  }
  std::vector<std::pair<user_id, place>> all() const {
    const std::lock_guard lock{border_};
    std::vector<std::pair<user_id, place>> found;
    for (const auto& [user, places] : users_)
      for (const auto& one : places) found.emplace_back(user, one);
    return found;
  }
  bool empty() const {
    const std::lock_guard lock{border_};
    return users_.empty();
  }

  /// The writer's: what was there before, 0 if nothing was.
  seq_no raise(const user_id& user, std::int64_t room, seq_no read) {
    const std::lock_guard lock{border_};
    auto& places = users_[user];
    const auto found = std::ranges::find(places, room, &place::room);
    if (found == places.end()) {
      places.push_back({room, read});
      return {};
    }
    return std::exchange(found->read, std::max(found->read, read));
  }
  /// As it was before, where a transaction was taken back; 0: it goes.
  void put_back(const user_id& user, std::int64_t room, seq_no before) {
    const std::lock_guard lock{border_};
    const auto at = users_.find(user);
    if (at == users_.end()) return;
    const auto found = std::ranges::find(at->second, room, &place::room);
    if (found == at->second.end()) return;
    found->read = before;
    if (before.value() == 0) drop(at, found);
  }
  /// Nothing of the user is to be stored there.
  void forget(const user_id& user, std::int64_t room) { put_back(user, room, {}); }
  /// It is in the database now, unless it has moved on since.
  void stored(const user_id& user, const place& what) {
    const std::lock_guard lock{border_};
    const auto at = users_.find(user);
    if (at == users_.end()) return;
    const auto found = std::ranges::find(at->second, what.room, &place::room);
    if (found != at->second.end() && found->read == what.read) drop(at, found);
  }

 private:
  using users = std::unordered_map<user_id, std::vector<place>>;
  void drop(users::iterator at, std::vector<place>::iterator found) {
    at->second.erase(found);
    if (at->second.empty()) users_.erase(at);
  }

  mutable std::mutex border_;
  users users_;
};

}  // namespace confab::journal
