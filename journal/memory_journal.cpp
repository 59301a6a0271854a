#include "journal/journal.hpp"
#include "journal/key_index.hpp"
#include "journal/page.hpp"
#include "journal/user_filter.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <unordered_map>

namespace confab::journal {
namespace {

struct memory_room {
  std::uint64_t number;  // in order of creation
  room_info info;
  std::uint64_t last_position = 0;  // of its last entry among all of the journal
  std::vector<log_entry> log;       // log[seq - 1]
  std::unordered_map<std::uint64_t, std::vector<seq_no>> changes;  // by target, ascending
};

/// What writer and readers share. The mutex is the border between their threads: a commit holds
/// it from its first change to its last, so a reader sees whole batches.
struct memory_store {
  std::shared_mutex border;
  std::map<room_id, memory_room> rooms;
  std::uint64_t last_position = 0;
  user_filter have_directs;  // outside of the border
};

class memory_writer final : public writer {
 public:
  memory_writer(memory_store& store, key_window window) : store_(store), keys_(window) {}

  result<std::vector<outcome>> commit(std::span<const operation> batch, unix_ms now) override {
    std::vector<outcome> outcomes;
    outcomes.reserve(batch.size());
    const std::lock_guard lock{store_.border};
    keys_.expire(now, store_.last_position);
    for (const auto& one : batch)
      outcomes.push_back(std::visit([&](const auto& what) { return apply(what, now); }, one));
    return outcomes;
  }

  result<bool> probe() override { return true; }

 private:
  outcome apply(const create_room& what, unix_ms now) {
    const auto [at, created] = store_.rooms.try_emplace(what.room);
    if (created) {
      at->second.number = store_.rooms.size();
      if (what.direct) {
        store_.have_directs.add(what.direct->first.view());
        store_.have_directs.add(what.direct->second.view());
      }
      at->second.info = {what.room, what.title, what.epoch, what.direct, seq_no{0}, now, seq_no{1}};
    }
    return at->second.info;
  }

  outcome apply(const append& what, unix_ms now) {
    const auto at = store_.rooms.find(what.room);
    if (at == store_.rooms.end()) return no_such_room{};
    auto& room = at->second;

    digest key;
    if (!what.key.empty()) {
      key = keys_.digest_of(room.number, what.from, what.key);
      if (const auto first = keys_.find(key)) return appended{first->seq, first->at, true};
    }

    auto& info = room.info;
    info.head = next(info.head);
    info.last_at = std::max(now, info.last_at);
    room.last_position = ++store_.last_position;
    room.log.push_back({info.head, info.last_at, what.from, what.key, what.body});
    if (const auto target = target_of(what.body))
      room.changes[target->value()].push_back(info.head);
    if (!what.key.empty()) keys_.remember(key, store_.last_position, {info.head, info.last_at});
    return appended{info.head, info.last_at};
  }

  memory_store& store_;
  key_index keys_;
};

class memory_reader final : public reader {
 public:
  explicit memory_reader(memory_store& store) : store_(store) {}

  result<room_info> room(const room_id& id) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    return room->info;
  }

  result<std::vector<log_entry>> entries(const room_id& id, seq_no after, seq_no upto,
                                         std::size_t count, std::size_t bytes) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    entry_page page{count, bytes};
    const auto end = std::min<std::uint64_t>(room->log.size(), upto.value());
    for (auto seq = after.value(); seq < end; ++seq)
      if (!page.add(room->log[seq])) break;
    return std::move(page).take();
  }

  result<std::optional<log_entry>> entry(const room_id& id, seq_no seq) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    if (seq.value() < 1 || seq.value() > room->log.size()) return std::optional<log_entry>{};
    return std::optional{room->log[seq.value() - 1]};
  }

  result<message_page> messages(const room_id& id, std::optional<seq_no> before,
                                std::optional<seq_no> after, seq_no upto, std::size_t count,
                                std::size_t bytes) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);

    const auto range = message_range::of(before, after, upto);
    message_page_builder page{range.direction, count, bytes};
    // False: the page is complete.
    const auto look_at = [&](std::uint64_t seq) {
      const auto& entry = room->log[seq - 1];
      if (!std::holds_alternative<posted>(entry.body)) return true;
      if (!page.full() && page.add(entry, changes_of(*room, entry.seq, upto))) return true;
      page.has_more();
      return false;
    };
    const auto first = range.above.value() + 1;
    const auto end = std::min<std::uint64_t>(range.below.value(), room->log.size() + 1);
    if (range.above.value() >= end) return std::move(page).take();
    if (range.direction == reading::forward)
      for (auto seq = first; seq < end && look_at(seq); ++seq) continue;
    else
      for (auto seq = end; seq > first && look_at(seq - 1); --seq) continue;
    return std::move(page).take();
  }

  result<std::vector<room_info>> rooms(const std::optional<room_id>& after,
                                       const room_filter& filter, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    std::vector<room_info> page;
    auto at = after ? store_.rooms.upper_bound(*after) : store_.rooms.begin();
    for (; at != store_.rooms.end() && page.size() <= count; ++at)
      if (!at->second.info.direct && filter.admits(at->first)) page.push_back(at->second.info);
    return page;
  }

  result<std::vector<room_info>> directs(const user_id& user, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    std::vector<const memory_room*> found;
    for (const auto& [id, room] : store_.rooms) {
      const auto& pair = room.info.direct;
      if (pair && (pair->first == user || pair->second == user) && !room.log.empty())
        found.push_back(&room);
    }
    std::sort(found.begin(), found.end(), [](const memory_room* a, const memory_room* b) {
      return std::pair{a->info.last_at, a->last_position} >
             std::pair{b->info.last_at, b->last_position};
    });
    found.resize(std::min(found.size(), count));
    std::vector<room_info> page;
    for (const auto* room : found) page.push_back(room->info);
    return page;
  }

 private:
  const memory_room* find(const room_id& id) const {
    const auto at = store_.rooms.find(id);
    return at == store_.rooms.end() ? nullptr : &at->second;
  }
  static std::vector<log_entry> changes_of(const memory_room& room, seq_no target, seq_no upto) {
    std::vector<log_entry> changes;
    const auto at = room.changes.find(target.value());
    if (at == room.changes.end()) return changes;
    for (const auto seq : at->second)
      if (seq <= upto) changes.push_back(room.log[seq.value() - 1]);
    return changes;
  }
  struct unknown {
    explicit unknown(const room_id& id) : detail("no room " + id.value()) {}
    template <class T>
    operator result<T>() const {
      return {fault::no_such_room, detail};
    }
    std::string detail;
  };

  memory_store& store_;
};

class memory_journal final : public journal {
 public:
  explicit memory_journal(key_window window) : window_(window) {}

  durability level() const noexcept override { return durability::memory; }
  std::unique_ptr<writer> make_writer() override {
    if (writer_made_.exchange(true)) throw std::logic_error("a journal has one writer");
    return std::make_unique<memory_writer>(store_, window_);
  }
  std::unique_ptr<reader> make_reader() override { return std::make_unique<memory_reader>(store_); }
  bool may_have_directs(const user_id& user) const noexcept override {
    return store_.have_directs.may_have(user.view());
  }

 private:
  memory_store store_;
  key_window window_;
  std::atomic<bool> writer_made_ = false;
};

}  // namespace

std::unique_ptr<journal> open_memory(key_window window) {
  return std::make_unique<memory_journal>(window);
}

}  // namespace confab::journal
