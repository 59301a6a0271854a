#pragma once

#include "journal/journal.hpp"
#include "journal/key_index.hpp"
#include "journal/sqlite_checkpointer.hpp"
#include "journal/sqlite_statement.hpp"
#include "journal/user_filter.hpp"

#include <optional>
#include <string>
#include <unordered_map>

namespace confab::journal::sqlite {

/// Where the logs of the rooms that were lately written end. Bounded: two generations, the older
/// of which goes when the younger is full; a room found in the older one moves up.
class room_ends {
 public:
  static constexpr std::size_t rooms_max = 100'000;

  struct end {
    std::int64_t number;  // rooms.id
    seq_no head;
    unix_ms last_at;
  };

  /// Null: not known here. Valid until the next call.
  end* find(const room_id& room);
  end* put(const room_id& room, end at);
  void clear() noexcept;

 private:
  using generation = std::unordered_map<room_id, end>;
  generation young_, old_;
};

/// The writer: one transaction per batch, durable when COMMIT has returned (synchronous=FULL).
class sqlite_writer final : public writer {
 public:
  /// `database` is migrated and has no other writer; the two it refers to outlive this.
  static std::variant<std::unique_ptr<sqlite_writer>, std::string> make(connection database,
                                                                        checkpointer& rotation,
                                                                        user_filter& have_directs,
                                                                        key_window window);

  ~sqlite_writer() override;

  result<std::vector<outcome>> commit(std::span<const operation> batch, unix_ms now) override;
  result<bool> probe() override;

 private:
  class transaction;
  struct statements {
    statement begin, commit, find_room, insert_room, insert_entry, write_probe;
  };

  sqlite_writer(connection database, checkpointer& rotation, user_filter& have_directs,
                key_window window);
  int prepare();
  int load_keys(key_window window);
  /// Runs `work` (which returns a code) in a transaction, with `outcomes` as the result.
  template <class Result, class Work>
  result<Result> store(Result outcomes, Work work);
  int apply(const create_room& what, unix_ms now, std::vector<outcome>& outcomes);
  int apply(const append& what, unix_ms now, std::vector<outcome>& outcomes);
  int find(const room_id& room, room_ends::end*& found);

  connection database_;
  statements run_;
  checkpointer& rotation_;
  user_filter& have_directs_;
  room_ends ends_;
  key_index keys_;
  std::int64_t last_id_ = 0;    // of the log, committed
  std::int64_t batch_id_ = 0;   // of the log, in this batch
  std::size_t batch_keys_ = 0;  // remembered in this batch
};

}  // namespace confab::journal::sqlite
