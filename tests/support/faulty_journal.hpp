#pragma once

#include "journal/journal.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

namespace confab::test {

/// What becomes of one commit.
enum class commit_fate {
  stored,
  refused,       // `unavailable`: nothing is stored
  unknown,       // reported as unknown, and not stored
  unknown_kept,  // reported as unknown, but stored
  fatal,
  bug,  // an exception
};

/// Decides over commits and reads; a test changes it while the actors run.
struct journal_faults {
  std::function<commit_fate()> on_commit = [] { return commit_fate::stored; };
  std::function<bool()> read_fails = [] { return false; };
  std::function<bool()> probe_fails = [] { return false; };
  std::function<bool()> has_leftovers = [] { return false; };
  std::function<bool()> clear_leftovers = [] { return true; };
};

class faulty_writer final : public journal::writer {
 public:
  faulty_writer(std::unique_ptr<journal::writer> to, journal_faults& faults)
      : to_(std::move(to)), faults_(faults) {}

  journal::result<std::vector<journal::outcome>> commit(std::span<rooms::operation> batch,
                                                        unix_ms now) override {
    switch (faults_.on_commit()) {
      case commit_fate::stored:
        return to_->commit(batch, now);
      case commit_fate::refused:
        return {journal::fault::unavailable, "no space left"};
      case commit_fate::unknown:
        return {journal::fault::unknown, "lost contact"};
      case commit_fate::unknown_kept:
        static_cast<void>(to_->commit(batch, now));
        return {journal::fault::unknown, "lost contact"};
      case commit_fate::fatal:
        return {journal::fault::fatal, "fsync failed"};
      case commit_fate::bug:
        throw std::logic_error("a bug");
    }
    return {journal::fault::fatal, "no such fate"};
  }
  std::uint64_t position() const noexcept override { return to_->position(); }
  journal::result<bool> probe() override {
    if (faults_.probe_fails()) return {journal::fault::unavailable, "no space left"};
    return to_->probe();
  }
  bool has_leftovers() const noexcept override { return faults_.has_leftovers(); }
  bool clear_leftovers() override { return faults_.clear_leftovers(); }
  bool has_gathered() const noexcept override { return to_->has_gathered(); }
  journal::result<bool> store_gathered() override { return to_->store_gathered(); }
  journal::result<std::optional<user_id>> drop_notes(const user_id& after,
                                                     std::uint64_t upto) override {
    return to_->drop_notes(after, upto);
  }
  journal::result<journal::rename_page> rename(const user_id& user, const user_id& as,
                                               const journal::rename_place& from) override {
    return to_->rename(user, as, from);
  }
  journal::result<bool> forget_names(unix_ms erased, unix_ms guests) override {
    return to_->forget_names(erased, guests);
  }
  journal::result<bool> forget_room(const room_id& room, seq_no head) override {
    return to_->forget_room(room, head);
  }

 private:
  std::unique_ptr<journal::writer> to_;
  journal_faults& faults_;
};

class faulty_reader final : public journal::reader {
 public:
  faulty_reader(std::unique_ptr<journal::reader> from, journal_faults& faults)
      : from_(std::move(from)), faults_(faults) {}

  void stop_when(std::function<bool()> stop) override { stop_ = std::move(stop); }
  journal::result<journal::room_info> room(const room_id& id) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->room(id);
  }
  journal::result<std::vector<log_entry>> entries(const room_id& id, seq_no after, seq_no upto,
                                                  std::size_t count, std::size_t bytes) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->entries(id, after, upto, count, bytes);
  }
  journal::result<journal::message_page> messages(const room_id& id, const user_id& asker,
                                                  std::optional<seq_no> before,
                                                  std::optional<seq_no> after, std::size_t count,
                                                  std::size_t bytes,
                                                  std::optional<seq_no> thread) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->messages(id, asker, before, after, count, bytes, thread);
  }
  journal::result<journal::member_found> member(const room_id& id, const user_id& user) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->member(id, user);
  }
  journal::result<journal::member_page> members(const room_id& id, member_state state,
                                                const std::optional<user_id>& after,
                                                std::size_t count) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->members(id, state, after, count);
  }
  journal::result<journal::pin_page> pins(const room_id& id, const user_id& asker,
                                          std::optional<seq_no> after,
                                          std::size_t bytes) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->pins(id, asker, after, bytes);
  }
  journal::result<journal::thread_page> threads(const room_id& id, const user_id& asker, bool mine,
                                                std::optional<seq_no> before, std::size_t count,
                                                std::size_t bytes) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->threads(id, asker, mine, before, count, bytes);
  }
  journal::result<std::vector<seq_no>> messages_of(const room_id& id, std::span<const user_id> users,
                                                   unix_ms since, std::size_t count) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->messages_of(id, users, since, count);
  }
  journal::result<std::optional<journal::room_counts>> counts(const room_id& id,
                                                              const user_id& user) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->counts(id, user);
  }
  journal::result<journal::notes_page> notes(const user_id& user,
                                             std::optional<std::uint64_t> before, std::size_t count,
                                             std::size_t bytes,
                                             const journal::room_filter& allowed) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->notes(user, before, count, bytes, allowed);
  }
  journal::result<std::vector<journal::addressed_user>> addressed(const room_id& room,
                                                                  seq_no message) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->addressed(room, message);
  }
  journal::result<std::vector<user_id>> asked_for_all(const room_id& room, const user_id& after,
                                                      std::size_t count) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->asked_for_all(room, after, count);
  }
  journal::result<journal::marker_page> markers_moved(const journal::marker_place& after,
                                                      std::size_t count) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->markers_moved(after, count);
  }
  journal::result<journal::trim_page> rooms_to_trim(const journal::trim_query& what) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->rooms_to_trim(what);
  }
  journal::result<journal::trace_page> traces(const user_id& user, std::uint64_t after,
                                              std::size_t entries) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->traces(user, after, entries);
  }
  journal::result<std::vector<journal::feed_item>> audited(std::uint64_t after, std::size_t count,
                                                           std::size_t bytes) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->audited(after, count, bytes);
  }
  journal::result<std::vector<user_set>> users(std::string_view prefix, const user_id& after,
                                               std::size_t count) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->users(prefix, after, count);
  }
  journal::result<std::uint64_t> position_at(unix_ms at) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->position_at(at);
  }
  journal::result<std::optional<unix_ms>> last_at() override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->last_at();
  }
  journal::result<std::vector<std::pair<room_id, seq_no>>> unread_rooms(
      const user_id& user, const journal::room_filter& allowed) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->unread_rooms(user, allowed);
  }
  journal::result<journal::inbox_page> inbox(const journal::inbox_query& what) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->inbox(what);
  }
  journal::result<message::inbox_row> inbox_row(const user_id& user, const room_id& room,
                                                unix_ms now) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->inbox_row(user, room, now);
  }
  journal::result<std::string> as_of(std::uint64_t position) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->as_of(position);
  }
  journal::result<message::totals> totals(const user_id& user, unix_ms now,
                                          const journal::room_filter& allowed) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->totals(user, now, allowed);
  }
  journal::result<bool> has_blocked(const user_id& blocker, const user_id& blocked) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->has_blocked(blocker, blocked);
  }
  journal::result<std::vector<user_set>> profiles(std::span<const user_id> users) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->profiles(users);
  }
  journal::result<journal::reaction_page> reactions(const room_id& id, seq_no target,
                                                    std::string_view emoji, seq_no after,
                                                    std::size_t count) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->reactions(id, target, emoji, after, count);
  }
  journal::result<std::vector<journal::room_info>> rooms(const std::optional<room_id>& after,
                                                         const journal::room_filter& filter,
                                                         std::size_t count) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->rooms(after, filter, count);
  }
  journal::result<std::vector<journal::room_info>> directs(const user_id& user,
                                                           std::size_t count) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->directs(user, count);
  }
  journal::result<std::vector<journal::feed_item>> feed(std::uint64_t after, std::size_t count,
                                                        std::size_t bytes) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->feed(after, count, bytes);
  }
  journal::result<std::vector<journal::stored_mark>> marks(const user_id& user,
                                                           rooms::mark::kind of) override {
    if (faults_.read_fails() || stop_()) return broken();
    return from_->marks(user, of);
  }

 private:
  struct broken {
    template <class T>
    operator journal::result<T>() const {
      return {journal::fault::unavailable, "cannot read"};
    }
  };

  std::unique_ptr<journal::reader> from_;
  std::function<bool()> stop_ = [] { return false; };
  journal_faults& faults_;
};

}  // namespace confab::test
