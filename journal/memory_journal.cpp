#include "journal/journal.hpp"
#include "journal/page.hpp"
#include "journal/user_filter.hpp"
#include "rooms/present.hpp"
#include "rooms/sequencer.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <stdexcept>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace confab::journal {
namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};

struct pin_place {
  user_id by;
  unix_ms at;
};

struct memory_room {
  rooms::room_view view;
  epoch_id epoch;
  std::vector<log_entry> log;  // log[seq - 1]
  std::unordered_map<std::uint64_t, rooms::folded_message> changed;  // by seq
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> edits;  // of a message, by seq
  std::map<user_id, rooms::member_row> members;
  std::map<std::uint64_t, pin_place> pins;  // by target
  std::uint64_t last_position = 0;

  room_info info() const {
    return {view.room, epoch,    view.direct,  view.head, view.last_at,
            view.floor, view.set, view.members, view.rows, view.pins};
  }
  /// Null: there is no such message.
  const log_entry* message(seq_no seq) const {
    if (seq.value() < 1 || seq.value() > log.size()) return nullptr;
    const auto& entry = log[seq.value() - 1];
    return std::holds_alternative<posted>(entry.body) ? &entry : nullptr;
  }
  rooms::folded_message folded(const log_entry& message) const {
    const auto at = changed.find(message.seq.value());
    return at == changed.end() ? rooms::begin_fold(message) : at->second;
  }
};

struct log_place {
  std::uint64_t position;
  const memory_room* room;
  seq_no seq;
};

using mark_name = std::tuple<user_id, rooms::mark::kind, std::string>;

/// What writer and readers share. The mutex is the border between their threads: a commit holds
/// it from its first change to its last, so a reader sees whole batches.
struct memory_store {
  std::shared_mutex border;
  std::map<room_id, memory_room> rooms;
  std::vector<log_place> order;  // of all rooms
  std::map<mark_name, stored_mark> marks;
  std::map<user_id, user_set> profiles;
  std::uint64_t last_position = 0;
  user_filter have_directs;  // outside of the border
};

bool is_row_of_inbox(const rooms::member_row& row) {
  return row.is_member() || row.state == member_state::invited;
}

class memory_writer final : public writer, private rooms::source {
 public:
  memory_writer(memory_store& store, rooms::key_window window, const rooms::rules& how)
      : store_(store), window_(window), sequencer_(window, how) {
    auto& own = store_.rooms[rooms::server_room];
    own.view.room = rooms::server_room;
    own.epoch = epoch_id{"server"};
  }

  result<std::vector<outcome>> commit(std::span<rooms::operation> batch, unix_ms now) override {
    std::vector<outcome> outcomes;
    outcomes.reserve(batch.size());
    const std::lock_guard lock{store_.border};
    for (auto& one : batch) outcomes.push_back(decide(one, now));
    while (!key_order_.empty() &&
           store_.last_position - key_order_.front().first >= window_.keys_max) {
      const auto at = keys_.find(key_order_.front().second);
      if (at != keys_.end() && at->second.position == key_order_.front().first) keys_.erase(at);
      key_order_.pop_front();
    }
    return outcomes;
  }

  std::uint64_t position() const noexcept override { return store_.last_position; }
  result<bool> probe() override { return true; }

 private:
  using key_name = std::tuple<std::int64_t, user_id, std::string>;

  outcome decide(rooms::operation& asked, unix_ms now) {
    return std::visit(
        overloaded{
            [&](rooms::room_created&& made) -> outcome {
              auto& room = create(asked, made);
              keep(room, made.entries);
              return room_made{room.info(), std::move(made.entries), false};
            },
            [&](rooms::room_was_there) -> outcome {
              return room_made{store_.rooms.at(asked.room).info(), {}, true};
            },
            [&](rooms::appended&& done) -> outcome {
              keep(store_.rooms.at(asked.room), done.entries);
              return std::move(done);
            },
            [&](rooms::marked&& done) -> outcome {
              keep(std::get<rooms::set_marks>(asked.what));
              return done;
            },
            [](rooms::repeated&& done) -> outcome { return done; },
            [](rooms::unchanged&& done) -> outcome { return done; },
            [](rooms::refused&& done) -> outcome { return std::move(done); },
            [](rooms::undecided&&) -> outcome { throw std::logic_error("memory can be read"); },
        },
        sequencer_.decide(asked, now, *this));
  }

  memory_room& create(rooms::operation& asked, rooms::room_created& made) {
    auto& wanted = std::get<rooms::create_room>(asked.what);
    if (wanted.direct) {
      store_.have_directs.add(wanted.direct->first.view());
      store_.have_directs.add(wanted.direct->second.view());
    }
    auto& room = store_.rooms[asked.room];
    room.view = std::move(made.view);
    room.view.number = static_cast<std::int64_t>(store_.rooms.size());
    room.epoch = std::move(wanted.epoch);
    return room;
  }

  void keep(memory_room& room, const std::vector<log_entry>& entries) {
    if (entries.empty()) return;
    const auto& first = entries.front();
    if (!first.key.empty()) {
      const key_name name{room.view.number, first.from, first.key};
      keys_[name] = {store_.last_position + 1, first.at, rooms::kind_of(first.body),
                     target_of(first.body), first.seq, entries.back().seq};
      key_order_.emplace_back(store_.last_position + 1, name);
    }
    for (const auto& entry : entries) {
      room.last_position = ++store_.last_position;
      room.log.push_back(entry);
      store_.order.push_back({store_.last_position, &room, entry.seq});
      if (const auto target = target_of(entry.body)) project(room, *target, entry);
      keep_beside(room, entry);
    }
  }

  /// What is not a message's.
  void keep_beside(memory_room& room, const log_entry& entry) {
    if (const auto* change = std::get_if<member_set>(&entry.body)) {
      for (const auto& user : change->users) {
        auto& row = room.members[user];
        row = rooms::apply(std::move(row), entry);
        if (!row.is_kept()) room.members.erase(user);
      }
    } else if (const auto* pin = std::get_if<pinned>(&entry.body)) {
      room.pins[pin->target.value()] = {entry.from, entry.at};
    } else if (const auto* profile = std::get_if<user_set>(&entry.body)) {
      store_.profiles[profile->user] = *profile;
    } else if (const auto* message = std::get_if<posted>(&entry.body);
               message && message->where.thread) {
      if (auto* root = changed(room, *message->where.thread)) rooms::add_reply(*root, entry);
    }
  }

  /// Null: there is no such message.
  static rooms::folded_message* changed(memory_room& room, seq_no seq) {
    const auto* message = room.message(seq);
    if (!message) return nullptr;
    return &room.changed.try_emplace(seq.value(), rooms::begin_fold(*message)).first->second;
  }

  void project(memory_room& room, seq_no target, const log_entry& entry) {
    auto* folded = changed(room, target);
    if (!folded) return;
    const bool was_there = !folded->deleted;
    rooms::apply(*folded, entry);
    auto& edits = room.edits[target.value()];
    if (std::holds_alternative<edited>(entry.body)) edits.push_back(entry.seq.value());
    if (!folded->deleted) return;
    // What was taken away is not kept.
    std::get<posted>(room.log[target.value() - 1].body).what = {};
    for (const auto edit : edits) std::get<edited>(room.log[edit - 1].body).what = {};
    edits.clear();
    if (!was_there || !folded->where.thread) return;
    if (auto* root = changed(room, *folded->where.thread)) rooms::lose_reply(*root, target);
  }

  void keep(const rooms::set_marks& asked) {
    ++store_.last_position;
    for (const auto& one : asked.marks) {
      const mark_name name{one.user, one.of, one.subject};
      const auto [at, fresh] = store_.marks.try_emplace(name, stored_mark{one, 0});
      auto& [was, position] = at->second;
      const bool newer = rooms::mark::fold_of(one.of) == rooms::mark::fold::maximum
                             ? one.value > was.value
                             : one != was;
      if (!fresh && !newer) continue;
      was = one;
      position = store_.last_position;
    }
  }

  // --- what the sequencer asks ---
  rooms::room_view* room(const room_id& id) override {
    const auto at = store_.rooms.find(id);
    return at == store_.rooms.end() ? nullptr : &at->second.view;
  }
  std::optional<rooms::message_state> message(const rooms::room_view& view, seq_no seq,
                                              const user_id& by, std::string_view emoji) override {
    const auto& room = store_.rooms.at(view.room);
    const auto* message = room.message(seq);
    if (!message) return std::nullopt;
    const auto folded = room.folded(*message);
    rooms::message_state state;
    state.author = message->from;
    state.deleted = folded.deleted;
    state.edits = folded.edits;
    state.reaction_entries = folded.reaction_entries;
    state.emoji = static_cast<std::uint32_t>(folded.reactions.size());
    state.thread = folded.where.thread;
    state.mentions_room = folded.what.mentions.room;
    if (const auto at = folded.reactions.find(std::string{emoji}); at != folded.reactions.end()) {
      state.emoji_there = true;
      state.reacted = std::ranges::find(at->second, by, &rooms::reaction::user) != at->second.end();
    }
    return state;
  }
  std::optional<rooms::key_record> key(const rooms::room_view& room, const user_id& by,
                                       std::string_view key) override {
    const auto at = keys_.find({room.number, by, std::string{key}});
    return at == keys_.end() ? std::nullopt : std::optional{at->second};
  }
  rooms::member_row member(const rooms::room_view& view, const user_id& user) override {
    const auto& members = store_.rooms.at(view.room).members;
    const auto at = members.find(user);
    return at == members.end() ? rooms::member_row{} : at->second;
  }
  std::optional<user_set> profile(const user_id& user) override {
    const auto at = store_.profiles.find(user);
    return at == store_.profiles.end() ? std::nullopt : std::optional{at->second};
  }
  std::size_t memberships(const user_id& user, unix_ms now, std::size_t limit) override {
    std::size_t count = 0;
    for (const auto& [id, room] : store_.rooms) {
      const auto at = room.members.find(user);
      if (at != room.members.end())
        count += at->second.is_member() || at->second.is_invited(now);
    }
    return std::min(count, limit);
  }
  bool has_blocked(const user_id& blocker, const user_id& blocked) override {
    const auto at = store_.marks.find({blocker, rooms::mark::kind::block, blocked.value()});
    return at != store_.marks.end() && at->second.what.value == 1;
  }
  std::optional<unix_ms> last_message(const rooms::room_view& view, const user_id& by) override {
    const auto& log = store_.rooms.at(view.room).log;
    const auto at = std::find_if(log.rbegin(), log.rend(), [&](const log_entry& entry) {
      return entry.from == by && std::holds_alternative<posted>(entry.body);
    });
    return at == log.rend() ? std::nullopt : std::optional{at->at};
  }
  std::optional<user_id> successor(const rooms::room_view& view,
                                   std::span<const user_id> without) override {
    std::optional<std::tuple<int, seq_no, user_id>> best;
    for (const auto& [user, row] : store_.rooms.at(view.room).members) {
      if (!row.is_member() || std::ranges::find(without, user) != without.end()) continue;
      std::tuple rank{-static_cast<int>(row.as), row.since, user};
      if (!best || rank < *best) best = std::move(rank);
    }
    return best ? std::optional{std::get<user_id>(*best)} : std::nullopt;
  }
  std::uint64_t last_position() const noexcept override { return store_.last_position; }
  bool broken() const noexcept override { return false; }

  memory_store& store_;
  rooms::key_window window_;
  rooms::sequencer sequencer_;
  std::map<key_name, rooms::key_record> keys_;  // the latest use of each
  std::deque<std::pair<std::uint64_t, key_name>> key_order_;
};

class memory_reader final : public reader {
 public:
  explicit memory_reader(memory_store& store) : store_(store) {}

  void stop_when(std::function<bool()>) override {}  // none takes long

  result<room_info> room(const room_id& id) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    return room->info();
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

  result<message_page> messages(const room_id& id, const user_id& asker,
                                std::optional<seq_no> before, std::optional<seq_no> after,
                                std::size_t count, std::size_t bytes,
                                std::optional<seq_no> thread) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);

    const auto range = message_range::of(before, after, room->view.head);
    message_page_builder page{range.direction, count, bytes};
    // False: the page is complete.
    const auto look_at = [&](std::uint64_t seq) {
      const auto* message = room->message(seq_no{seq});
      if (!message) return true;
      if (thread) {
        const auto in = std::get<posted>(message->body).where.thread.value_or(seq_no{});
        const bool is_root = *thread == message->seq && in == seq_no{};
        if (in != *thread && !is_root) return true;
      }
      if (!page.full() && page.add(rooms::summarise(room->folded(*message), asker))) return true;
      page.has_more();
      return false;
    };
    const auto first = range.above.value() + 1;
    const auto end = std::min<std::uint64_t>(range.below.value(), room->log.size() + 1);
    if (range.above.value() >= end) return std::move(page).take(room->view.head);
    if (range.direction == reading::forward)
      for (auto seq = first; seq < end && look_at(seq); ++seq) continue;
    else
      for (auto seq = end; seq > first && look_at(seq - 1); --seq) continue;
    return std::move(page).take(room->view.head);
  }

  result<reaction_page> reactions(const room_id& id, seq_no target, std::string_view emoji,
                                  seq_no after, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    reaction_page page;
    const auto* message = room->message(target);
    if (!message) return page;
    const auto folded = room->folded(*message);
    const auto at = folded.reactions.find(std::string{emoji});
    if (at == folded.reactions.end()) return page;
    page.count = at->second.size();
    seq_no last = after;
    for (const auto& one : at->second) {
      if (one.seq <= after) continue;
      if (page.users.size() >= count) {
        page.next = last;
        break;
      }
      page.users.push_back(one.user);
      last = one.seq;
    }
    return page;
  }

  result<member_found> member(const room_id& id, const user_id& user) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    const auto at = room->members.find(user);
    return member_found{at == room->members.end() ? rooms::member_row{} : at->second,
                        room->view.head};
  }

  result<member_page> members(const room_id& id, member_state state,
                              const std::optional<user_id>& after, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    member_page page;
    page.head = room->view.head;
    auto at = after ? room->members.upper_bound(*after) : room->members.begin();
    for (; at != room->members.end(); ++at) {
      if (at->second.state != state) continue;
      if (page.members.size() >= count) {
        page.more = true;
        break;
      }
      page.members.push_back({at->first, at->second});
    }
    return page;
  }

  result<std::vector<pinned_message>> pins(const room_id& id, const user_id& asker,
                                           std::optional<seq_no> after,
                                           std::size_t bytes) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    const auto& order = room->view.pins;
    auto at = order.begin();
    if (after)
      if (const auto found = std::ranges::find(order, *after); found != order.end())
        at = found + 1;
    std::vector<pinned_message> page;
    std::size_t used = 0;
    for (; at != order.end(); ++at) {
      auto shown = rooms::summarise(room->folded(*room->message(*at)), asker);
      used += cost_of(shown);
      if (!page.empty() && used > bytes) break;
      const auto& pin = room->pins.at(at->value());
      page.push_back({pin.by, pin.at, std::move(shown)});
    }
    return page;
  }

  result<thread_page> threads(const room_id& id, const user_id& asker, bool mine,
                              std::optional<seq_no> before, std::size_t count,
                              std::size_t bytes) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    std::vector<const rooms::folded_message*> roots;
    const auto is_mine = [&](const rooms::folded_message& root) {
      return root.from == asker || std::ranges::any_of(root.replies, [&](const auto& reply) {
               return room->message(reply.seq)->from == asker;
             });
    };
    for (const auto& [seq, folded] : room->changed)
      if (!folded.replies.empty() && (!before || folded.replies.back().seq < *before) &&
          (!mine || is_mine(folded)))
        roots.push_back(&folded);
    std::ranges::sort(roots, std::ranges::greater{},
                      [](const auto* root) { return root->replies.back().seq; });
    thread_page page;
    std::size_t used = 0;
    for (const auto* root : roots) {
      auto shown = rooms::summarise(*root, asker);
      used += cost_of(shown);
      if (page.roots.size() >= count || (!page.roots.empty() && used > bytes)) {
        page.next = page.roots.back().last_reply;
        break;
      }
      page.roots.push_back(std::move(shown));
    }
    return page;
  }

  result<std::vector<seq_no>> messages_of(const room_id& id, const user_id& user, unix_ms since,
                                          std::size_t count) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    std::vector<seq_no> seqs;
    for (auto at = room->log.rbegin(); at != room->log.rend() && count > 0; ++at) {
      const auto* message = std::get_if<posted>(&at->body);
      if (!message || at->from != user) continue;
      if (at->at < since) break;
      --count;
      if (!room->folded(*at).deleted) seqs.push_back(at->seq);
    }
    return seqs;
  }

  result<bool> has_blocked(const user_id& blocker, const user_id& blocked) override {
    const std::shared_lock lock{store_.border};
    const auto at = store_.marks.find({blocker, rooms::mark::kind::block, blocked.value()});
    return at != store_.marks.end() && at->second.what.value != 0;
  }

  result<std::vector<user_set>> profiles(std::span<const user_id> users) override {
    const std::shared_lock lock{store_.border};
    std::vector<user_set> found;
    for (const auto& user : users)
      if (const auto at = store_.profiles.find(user); at != store_.profiles.end())
        found.push_back(at->second);
    return found;
  }

  result<std::vector<room_info>> rooms(const std::optional<room_id>& after,
                                       const room_filter& filter, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    std::vector<room_info> page;
    auto at = after ? store_.rooms.upper_bound(*after) : store_.rooms.begin();
    for (; at != store_.rooms.end() && page.size() <= count; ++at)
      if (!at->second.view.direct && at->first != rooms::server_room && filter.admits(at->first)) {
        const auto own = at->second.members.find(filter.asker);
        const bool has_row = own != at->second.members.end();
        const bool hidden = at->second.view.settings().is_private() && !filter.hidden_too;
        if (hidden && !(has_row && is_row_of_inbox(own->second))) continue;
        auto& info = page.emplace_back(at->second.info());
        info.asker_is_member = has_row && own->second.is_member();
      }
    return page;
  }

  result<std::vector<room_info>> directs(const user_id& user, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    std::vector<const memory_room*> found;
    for (const auto& [id, room] : store_.rooms) {
      const auto& pair = room.view.direct;
      if (pair && (pair->first == user || pair->second == user) && !room.log.empty())
        found.push_back(&room);
    }
    std::ranges::sort(found, std::ranges::greater{}, &memory_room::last_position);
    found.resize(std::min(found.size(), count));
    std::vector<room_info> page;
    for (const auto* room : found) page.push_back(room->info());
    return page;
  }

  result<std::vector<feed_item>> feed(std::uint64_t after, std::size_t count,
                                      std::size_t bytes) override {
    const std::shared_lock lock{store_.border};
    std::vector<feed_item> items;
    std::size_t used = 0;
    auto at = std::ranges::upper_bound(store_.order, after, {}, &log_place::position);
    for (; at != store_.order.end() && items.size() < count; ++at) {
      const auto& entry = at->room->log[at->seq.value() - 1];
      used += cost_of(entry);
      if (!items.empty() && used > bytes) break;
      items.push_back({at->position, at->room->view.room, entry});
    }
    return items;
  }

  result<std::vector<stored_mark>> marks(const user_id& user, rooms::mark::kind of) override {
    const std::shared_lock lock{store_.border};
    std::vector<stored_mark> found;
    for (auto at = store_.marks.lower_bound({user, of, ""}); at != store_.marks.end(); ++at) {
      if (std::get<0>(at->first) != user || std::get<1>(at->first) != of) break;
      found.push_back(at->second);
    }
    return found;
  }

 private:
  const memory_room* find(const room_id& id) const {
    const auto at = store_.rooms.find(id);
    return at == store_.rooms.end() ? nullptr : &at->second;
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
  memory_journal(rooms::key_window window, const rooms::rules& how) : window_(window), how_(how) {
    std::random_device device;
    for (int i = 0; i < 32; ++i) secret_ += static_cast<char>(device());
  }

  durability level() const noexcept override { return durability::memory; }
  std::unique_ptr<writer> make_writer() override {
    if (writer_made_.exchange(true)) throw std::logic_error("a journal has one writer");
    return std::make_unique<memory_writer>(store_, window_, how_);
  }
  std::unique_ptr<reader> make_reader() override { return std::make_unique<memory_reader>(store_); }
  bool may_have_directs(const user_id& user) const noexcept override {
    return store_.have_directs.may_have(user.view());
  }
  std::string secret() const override { return secret_; }

 private:
  memory_store store_;
  rooms::key_window window_;
  rooms::rules how_;
  std::string secret_;
  std::atomic<bool> writer_made_ = false;
};

}  // namespace

std::unique_ptr<journal> open_memory(rooms::key_window window, const rooms::rules& how) {
  return std::make_unique<memory_journal>(window, how);
}

}  // namespace confab::journal
