#pragma once

#include "journal/journal.hpp"
#include "journal/sqlite_statement.hpp"

#include <string>

namespace confab::journal::sqlite {

/// A reader on a connection of its own, opened by the first call that needs it: where that fails
/// (no file descriptor left), the call does, and the next one tries again.
class sqlite_reader final : public reader {
 public:
  explicit sqlite_reader(std::string path) : path_(std::move(path)) {}

  void stop_when(std::function<bool()> stop) override { stop_ = std::move(stop); }
  result<room_info> room(const room_id& room) override;
  result<std::vector<log_entry>> entries(const room_id& room, seq_no after, seq_no upto,
                                         std::size_t count, std::size_t bytes) override;
  result<message_page> messages(const room_id& room, const user_id& asker,
                                std::optional<seq_no> before, std::optional<seq_no> after,
                                std::size_t count, std::size_t bytes) override;
  result<reaction_page> reactions(const room_id& room, seq_no target, std::string_view emoji,
                                  seq_no after, std::size_t count) override;
  result<std::vector<room_info>> rooms(const std::optional<room_id>& after,
                                       const room_filter& filter, std::size_t count) override;
  result<std::vector<room_info>> directs(const user_id& user, std::size_t count) override;
  result<std::vector<feed_item>> feed(std::uint64_t after, std::size_t count,
                                      std::size_t bytes) override;
  result<std::vector<stored_mark>> marks(const user_id& user, rooms::mark::kind of) override;

 private:
  struct statements {
    statement begin, end, room, number, entries, messages_forward, messages_backward, edit,
        reaction_counts, reaction_users, reaction_page, reaction_count, reacted, rooms, directs,
        feed, marks;
  };
  class snapshot;
  struct failure {
    fault why;
    std::string detail;
    template <class T>
    operator result<T>() const {
      return {why, detail};
    }
  };

  std::optional<failure> open();
  /// rooms.id of `room`.
  std::variant<std::int64_t, failure> find(const room_id& room);
  int read_reactions(std::int64_t room, const user_id& asker, message::present_message& into);
  failure failed(int code) const;
  failure damaged() const;

  std::function<bool()> stop_ = [] { return false; };
  std::string path_;
  connection database_;
  statements run_;
};

}  // namespace confab::journal::sqlite
