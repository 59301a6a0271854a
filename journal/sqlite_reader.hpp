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

  result<room_info> room(const room_id& room) override;
  result<std::vector<log_entry>> entries(const room_id& room, seq_no after, seq_no upto,
                                         std::size_t count, std::size_t bytes) override;
  result<std::optional<log_entry>> entry(const room_id& room, seq_no seq) override;
  result<message_page> messages(const room_id& room, std::optional<seq_no> before,
                                std::optional<seq_no> after, seq_no upto, std::size_t count,
                                std::size_t bytes) override;
  result<std::vector<room_info>> rooms(const std::optional<room_id>& after,
                                       const room_filter& filter, std::size_t count) override;
  result<std::vector<room_info>> directs(const user_id& user, std::size_t count) override;

 private:
  struct statements {
    statement room, number, entries, messages_forward, messages_backward, changes, rooms, directs;
  };
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
  failure failed(int code) const;
  failure damaged() const;

  std::string path_;
  connection database_;
  statements run_;
};

}  // namespace confab::journal::sqlite
