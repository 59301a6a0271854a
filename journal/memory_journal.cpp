#include "journal/journal.hpp"
#include "journal/memory_store.hpp"
#include "journal/page.hpp"
#include "protocol/overloaded.hpp"
#include "rooms/sequencer.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace confab::journal {
namespace {

class memory_writer final : public writer, private rooms::source {
 public:
  memory_writer(memory_store& store, rooms::key_window window, const rooms::rules& how)
      : store_(store), window_(window), sequencer_(window, how) {
    auto& own = store_.rooms[rooms::server_room];
    own.view.room = rooms::server_room;
    own.epoch = epoch_id{"server"};
  }

  result<std::vector<outcome>> commit(std::span<rooms::operation> batch, unix_ms now) override {
    const ordered_part all{batch, now};
    return commit_parts({&all, 1}, {});
  }

  result<std::vector<outcome>> commit_parts(std::span<const ordered_part> parts,
                                            const note_maker& note) override {
    std::vector<outcome> outcomes;
    const std::lock_guard lock{store_.border};
    std::size_t weight = 0;
    for (const auto& part : parts)
      for (auto& one : part.operations) {
        if (!note && weight >= rooms::weight_max) break;
        outcomes.push_back(decide(one, part.now));
        weight += weight_of(outcomes.back());
      }
    note_ = note ? note(outcomes) : std::string{};
    while (!key_order_.empty() &&
           store_.last_position - key_order_.front().first >= window_.keys_max) {
      const auto at = keys_.find(key_order_.front().second);
      if (at != keys_.end() && at->second.position == key_order_.front().first) keys_.erase(at);
      key_order_.pop_front();
    }
    return outcomes;
  }

  std::uint64_t position() const noexcept override { return store_.last_position; }
  std::string note() const override { return note_; }
  result<bool> probe() override { return true; }
  /// Of all at once: here it is little.
  result<std::optional<user_id>> drop_notes(const user_id&, std::uint64_t upto) override {
    const std::lock_guard lock{store_.border};
    for (auto& [id, room] : store_.rooms)
      for (auto& [user, notes] : room.notes)
        std::erase_if(notes, [&](const auto& one) {
          return one.second.position <= upto && one.second.place <= read_upto(room, user);
        });
    return std::optional<user_id>{};
  }
  result<bool> forget_room(const room_id& room, seq_no head) override {
    return forget_room_of(store_, room, head);
  }
  result<bool> forget_names(unix_ms erased, unix_ms guests) override {
    const std::lock_guard lock{store_.border};
    forget_in_memory(store_, erased, guests);
    return false;
  }

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
              auto& room = store_.rooms.at(asked.room);
              noted_.clear();
              keep(room, done.entries);
              if (const auto& two = room.view.direct) noted_ = {two->first, two->second};
              done.told = std::move(noted_);
              return std::move(done);
            },
            [&](rooms::marked&& done) -> outcome {
              keep(std::get<rooms::set_marks>(asked.what));
              return done;
            },
            [&](rooms::marker_moved&& done) -> outcome {
              move_marker(store_.rooms.at(asked.room), done.user, done.read);
              if (done.own) keep({{rooms::to_mark(done.user, asked.room, *done.own)}});
              return std::move(done);
            },
            [&](rooms::own_set&& done) -> outcome {
              keep({{rooms::to_mark(done.user, asked.room, done.own)}});
              return std::move(done);
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
      if (const auto* change = std::get_if<member_set>(&first.body)) keys_[name].members = *change;
      key_order_.emplace_back(store_.last_position + 1, name);
    }
    for (const auto& entry : entries) {
      room.last_position = ++store_.last_position;
      room.log.push_back(entry);
      store_.order.push_back({store_.last_position, &room, entry.seq});
      note(room, entry);
      if (const auto target = target_of(entry.body)) project(room, *target, entry);
      keep_beside(room, entry);
    }
  }

  // --- what is not read yet; as `sqlite::notes` does it, but with what is at hand here ---
  bool belongs(const memory_room& room, const user_id& user) const {
    return rooms::belongs(room.view, room.row_of(user), user);
  }
  /// At the position of what was ordered last, without one of its own.
  void move_marker(const memory_room& room, const user_id& user, seq_no read) {
    const auto position = store_.last_position;
    rooms::mark mark{user, room.view.room.value(), rooms::mark::kind::read_marker,
                     static_cast<std::int64_t>(read.value()), {}};
    const mark_name name{user, mark.of, mark.subject};
    auto& kept = store_.marks.try_emplace(name, stored_mark{mark, position}).first->second;
    if (kept.what.value >= mark.value) return;
    kept = {std::move(mark), position};
  }

  /// Before the entry is taken into anything else.
  void note(memory_room& room, const log_entry& entry) {
    if (const auto* message = std::get_if<posted>(&entry.body)) {
      rooms::addressing of;
      const auto author = [&](seq_no seq) { return room.log.at(seq.value() - 1).from; };
      std::vector<user_id> writers;
      if (message->where.reply_to) of.replied_to = author(*message->where.reply_to);
      if (message->where.thread) {
        of.root = author(*message->where.thread);
        if (const auto root = room.changed.find(message->where.thread->value());
            root != room.changed.end())
          for (auto at = root->second.replies.rbegin();
               at != root->second.replies.rend() && writers.size() < rooms::thread_writers_noted_max;
               ++at)
            if (const auto user = author(at->seq);
                std::ranges::find(writers, user) == writers.end())
              writers.push_back(user);
        of.writers = writers;
      }
      for (const auto& [user, why] : rooms::addressed(entry, of)) add_note(room, user, entry, entry.seq, why);
      if (belongs(room, entry.from)) move_marker(room, entry.from, entry.seq);
    } else if (const auto* edit = std::get_if<edited>(&entry.body)) {
      const auto* target = room.message(edit->target);
      if (!target) return;
      const auto now = room.folded(*target);
      if (now.deleted || now.where.quiet) return;
      const auto& mentions = edit->what.mentions;
      if (now.what.mentions.room && mentions.room) return;
      std::vector<user_id> noted;
      for (auto& [user, notes] : room.notes)
        for (auto at = notes.begin(); at != notes.end();) {
          auto& one = (at++)->second;
          if (one.message != edit->target) continue;
          noted.push_back(user);
          const bool named = std::ranges::find(mentions.users, user) != mentions.users.end();
          one.why = static_cast<std::uint8_t>(named ? one.why | rooms::reasons::mention
                                                    : one.why & ~rooms::reasons::mention);
          if (one.why == 0) notes.erase(one.place.value());
        }
      for (const auto& user : mentions.users)
        if (user != target->from && std::ranges::find(noted, user) == noted.end())
          add_note(room, user, entry, edit->target, rooms::reasons::mention);
    } else if (const auto* gone = std::get_if<deleted>(&entry.body)) {
      for (auto& [user, notes] : room.notes)
        std::erase_if(notes, [&](const auto& one) { return one.second.message == gone->target; });
    }
  }
  void add_note(memory_room& room, const user_id& user, const log_entry& entry, seq_no message,
                std::uint8_t why) {
    if (!belongs(room, user)) return;
    noted_.push_back(user);
    room.notes[user][entry.seq.value()] = {entry.seq, message, why, store_.last_position};
  }

  /// As `sqlite::trimming` does it.
  static void trim(memory_room& room, seq_no upto) {
    const auto clear = [&](std::uint64_t seq) {
      auto& body = room.log[seq - 1].body;
      if (auto* message = std::get_if<posted>(&body)) message->what = {}, message->where.event.clear();
      if (auto* edit = std::get_if<edited>(&body)) edit->what = {};
      if (auto* gone = std::get_if<deleted>(&body)) gone->reason.clear();
      if (auto* reaction = std::get_if<reacted>(&body)) reaction->emoji.clear();
    };
    const auto is_gone = [&](const auto& one) { return one.first <= upto.value(); };
    for (auto seq = upto.value(); seq > 0 && seq > room.trimmed; --seq) clear(seq);
    for (const auto& [target, edits] : room.edits)
      if (target <= upto.value())
        for (const auto edit : edits) clear(edit);
    room.trimmed = std::max(room.trimmed, upto.value());
    std::erase_if(room.edits, is_gone);
    std::erase_if(room.changed, is_gone);
    std::erase_if(room.pins, is_gone);
    for (auto& [user, notes] : room.notes)
      std::erase_if(notes, [&](const auto& one) { return one.second.message <= upto; });
  }

  /// What is not a message's.
  void keep_beside(memory_room& room, const log_entry& entry) {
    watch_pace(room, entry);
    std::visit(
        overloaded{
            [&](const posted& message) {
              if (!message.where.thread) return;
              if (auto* root = changed(room, *message.where.thread)) rooms::add_reply(*root, entry);
            },
            [&](const member_set& change) {
              for (const auto& user : change.users) change_member(room, user, change, entry);
            },
            [&](const erased& gone) {
              erase_in_memory(store_, room, entry);
              std::erase_if(keys_, [&](const auto& one) {
                return std::get<0>(one.first) == room.view.number && std::get<1>(one.first) == gone.user;
              });
            },
            [&](const trimmed& gone) { trim(room, gone.upto); },
            [&](const pinned& pin) {
              room.pins[pin.target.value()] = {entry.from, entry.at, entry.seq};
            },
            [&](const user_set& profile) {
              auto& known = store_.profiles[profile.user];
              if (known.is_guest()) forget_name(room.log[known.seq.value() - 1]);
              known = {profile, entry.at, entry.seq};
            },
            [](const edited&) {},
            [](const deleted&) {},
            [](const reacted&) {},
            [](const recorded&) {},
            [](const room_set&) {},
        },
        entry.body);
  }
  void change_member(memory_room& room, const user_id& user, const member_set& change,
                     const log_entry& entry) {
    auto& row = room.members[user];
    const bool was_there = row.is_row_of_inbox();
    const bool was_member = row.is_member();
    row = rooms::apply(std::move(row), entry);
    if (was_member && !row.is_member()) {
      room.notes.erase(user);
      store_.marks.erase({user, rooms::mark::kind::own_settings, room.view.room.value()});
    }
    if (row.is_row_of_inbox())
      room.gone.erase(user);
    else if (was_there)
      room.gone.insert_or_assign(
          user, inbox_end{change.state.value_or(member_state::none), room.last_position});
    if (!row.is_kept()) room.members.erase(user);
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

  seq_no read_upto(const memory_room& room, const user_id& user) {
    return std::max(marker(room.view, user), member(room.view, user).since);
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
    return store_.rooms.at(view.room).row_of(user);
  }
  std::optional<rooms::known_profile> profile(const user_id& user) override {
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
  seq_no marker(const rooms::room_view& room, const user_id& user) override {
    const auto at = store_.marks.find({user, rooms::mark::kind::read_marker, room.room.value()});
    return at == store_.marks.end() ? seq_no{}
                                    : seq_no{static_cast<std::uint64_t>(at->second.what.value)};
  }
  rooms::kept_own own(const rooms::room_view& room, const user_id& user) override {
    return own_of(store_, store_.rooms.at(room.room), user).what;
  }
  std::optional<unix_ms> last_message(const rooms::room_view& view, const user_id& by) override {
    const auto& spoke = store_.rooms.at(view.room).spoke;
    const auto at = spoke.find(by);
    return at == spoke.end() ? std::nullopt : std::optional{at->second};
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
  std::vector<user_id> noted_;  // by this operation
  std::string note_;
};

class memory_journal final : public journal {
 public:
  memory_journal(rooms::key_window window, const rooms::rules& how) : window_(window), how_(how) {
    std::random_device device;
    store_.journal = std::to_string(device());
    for (int i = 0; i < 32; ++i) secret_ += static_cast<char>(device());
  }

  durability level() const noexcept override { return durability::memory; }
  std::unique_ptr<writer> make_writer() override {
    if (writer_made_.exchange(true)) throw std::logic_error("a journal has one writer");
    return std::make_unique<memory_writer>(store_, window_, how_);
  }
  std::unique_ptr<reader> make_reader() override { return read_memory(store_); }
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

trim_page rooms_to_trim_of(memory_store& store, const trim_query& what) {
  const std::shared_lock lock{store.border};
  trim_page page;
  auto at = what.after ? store.rooms.upper_bound(*what.after) : store.rooms.begin();
  for (std::size_t count = 0; at != store.rooms.end() && count < what.count; ++at, ++count) {
    const auto& [id, room] = *at;
    page.next = id;
    trim_place place{what, room.view.settings()};
    if (place.keeps_all() || id == rooms::server_room) continue;
    const auto from = room.view.floor.value() - 1;
    const auto end = std::min<std::uint64_t>(room.log.size(), from + limits::trim_entries_max);
    for (auto seq = from; seq < end; ++seq)
      if (const auto& entry = room.log[seq];
          !place.take(entry.seq, entry.at, rooms::kind_of(entry.body)))
        break;
    if (place.upto()) page.rooms.emplace_back(id, *place.upto());
  }
  if (at == store.rooms.end()) page.next.reset();
  return page;
}

std::optional<unix_ms> last_at_of(memory_store& store) {
  const std::shared_lock lock{store.border};
  if (store.order.empty()) return std::nullopt;
  const auto& [position, room, seq] = store.order.back();
  return room->log[seq.value() - 1].at;
}

std::unique_ptr<journal> open_memory(rooms::key_window window, const rooms::rules& how) {
  return std::make_unique<memory_journal>(window, how);
}

}  // namespace confab::journal
