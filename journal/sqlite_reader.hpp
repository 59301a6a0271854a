#pragma once

#include "journal/journal.hpp"
#include "journal/pending_markers.hpp"
#include "journal/sqlite_statement.hpp"

#include <string>

namespace confab::journal::sqlite {

/// A reader on a connection of its own, opened by the first call that needs it: where that fails
/// (no file descriptor left), the call does, and the next one tries again.
class sqlite_reader final : public reader {
 public:
  /// `markers` outlives it.
  sqlite_reader(std::string path, const pending_markers& markers)
      : path_(std::move(path)), markers_(markers) {}

  void stop_when(std::function<bool()> stop) override { stop_ = std::move(stop); }
  void tell_failures(std::function<void(std::string_view)> tell) override {
    tell_ = std::move(tell);
  }
  result<room_info> room(const room_id& room) override;
  result<std::vector<log_entry>> entries(const room_id& room, seq_no after, seq_no upto,
                                         std::size_t count, std::size_t bytes) override;
  result<message_page> messages(const room_id& room, const user_id& asker,
                                std::optional<seq_no> before, std::optional<seq_no> after,
                                std::size_t count, std::size_t bytes,
                                std::optional<seq_no> thread) override;
  result<reaction_page> reactions(const room_id& room, seq_no target, std::string_view emoji,
                                  seq_no after, std::size_t count) override;
  result<member_found> member(const room_id& room, const user_id& user) override;
  result<member_page> members(const room_id& room, member_state state,
                              const std::optional<user_id>& after, std::size_t count) override;
  result<pin_page> pins(const room_id& room, const user_id& asker, std::optional<seq_no> after,
                        std::size_t bytes) override;
  result<thread_page> threads(const room_id& room, const user_id& asker, bool mine,
                              std::optional<seq_no> before, std::size_t count,
                              std::size_t bytes) override;
  result<std::vector<seq_no>> messages_of(const room_id& room, std::span<const user_id> users, unix_ms since,
                                          std::size_t count) override;
  result<std::optional<room_counts>> counts(const room_id& room, const user_id& user) override;
  result<notes_page> notes(const user_id& user, std::optional<std::uint64_t> before,
                           std::size_t count, std::size_t bytes,
                           const room_filter& allowed) override;
  result<std::vector<addressed_user>> addressed(const room_id& room, seq_no message) override;
  result<std::vector<user_id>> asked_for_all(const room_id& room, const user_id& after,
                                             std::size_t count) override;
  result<marker_page> markers_moved(const marker_place& after, std::size_t count) override;
  result<std::vector<std::pair<room_id, seq_no>>> unread_rooms(const user_id& user,
                                                               const room_filter& allowed) override;
  result<inbox_page> inbox(const inbox_query& what) override;
  result<message::inbox_row> inbox_row(const user_id& user, const room_id& room,
                                       unix_ms now) override;
  result<std::string> as_of(std::uint64_t position) override;
  result<message::totals> totals(const user_id& user, unix_ms now,
                                 const room_filter& allowed) override;
  result<trim_page> rooms_to_trim(const trim_query& what) override;
  result<trace_page> traces(const user_id& user, std::uint64_t after, std::size_t entries) override;
  result<std::uint64_t> position_at(unix_ms at) override;
  result<std::optional<unix_ms>> last_at() override;
  result<bool> has_blocked(const user_id& blocker, const user_id& blocked) override;
  result<std::vector<user_set>> profiles(std::span<const user_id> users) override;
  result<std::vector<room_info>> rooms(const std::optional<room_id>& after,
                                       const room_filter& filter, std::size_t count) override;
  result<std::vector<room_info>> directs(const user_id& user, std::size_t count) override;
  result<std::vector<feed_item>> feed(std::uint64_t after, std::size_t count,
                                      std::size_t bytes) override;
  result<std::vector<feed_item>> audited(std::uint64_t after, std::size_t count,
                                         std::size_t bytes) override;
  result<std::vector<user_set>> users(std::string_view prefix, const user_id& after,
                                      std::size_t count) override;
  result<std::vector<stored_mark>> marks(const user_id& user, rooms::mark::kind of) override;

 private:
  struct statements {
    statement begin, end, room, room_pins, number, entries, has_replies, main_forward,
        main_backward, all_forward, all_backward, thread_forward, thread_backward, one, edit,
        member, members, pins, threads, in_thread, messages_of, is_deleted, blocked, profile, reaction_counts,
        reaction_users, reaction_page, reaction_count, reacted, rooms, all_rooms, hidden_rooms,
        directs,
        feed, audited, users, marks, marker, own, entry_before, counted, behind,
        notes, addressed, asked_for_all, markers_moved, own_rooms, own_directs, room_of_number,
        rooms_to_trim, oldest, last_at, last_position, traces, latest, entry_time, latest_note, is_deleted_counted, journal_place, gone_rooms, gone_room;
  };
  struct failure {
    fault why;
    std::string detail;
    template <class T>
    operator result<T>() const {
      return {why, detail};
    }
  };

  /// All questions of a page see the same state of the database.
  class snapshot {
   public:
    explicit snapshot(sqlite_reader& of) : of_(of), code_(query{of.run_.begin}.run()) {}
    snapshot(const snapshot&) = delete;
    snapshot& operator=(const snapshot&) = delete;
    ~snapshot() { query{of_.run_.end}.run(); }
    int code() const noexcept { return code_; }

   private:
    sqlite_reader& of_;
    int code_;
  };

  std::optional<failure> open();
  /// Of a query for `entry_columns`, position and room.
  result<std::vector<feed_item>> items_of(query&& row, std::size_t bytes);
  /// rooms.id of `room`.
  std::variant<std::int64_t, failure> find(const room_id& room);
  /// The message in this row as `asker` is shown it.
  int read_message(std::int64_t room, const user_id& asker, const query& row,
                   message::present_message& into);
  /// None where there is no such message.
  std::optional<message::present_message> message_at(std::int64_t room, const user_id& asker,
                                                     seq_no seq, int& code);
  struct found_room {
    std::int64_t number;
    seq_no head;
    seq_no floor;
  };
  /// In the snapshot of the caller.
  std::variant<found_room, failure> find_in_snapshot(const room_id& room);
  int read_reactions(std::int64_t room, const user_id& asker, message::present_message& into);
  /// Before the snapshot in which it is used: what leaves it meanwhile is stored there.
  using gathered = std::vector<pending_markers::place>;
  /// Up to where the user of `row` has read, at most to the head.
  seq_no marker_in(const rooms::room_view& room, const rooms::member_row& row, const user_id& user,
                   const gathered& pending, int& code);
  static seq_no marker_of(const rooms::room_view& room, const rooms::member_row& row,
                          seq_no stored, const gathered& pending);
  int count(const rooms::room_view& room, const user_id& user, room_counts& into);
  rooms::kept_own own_in(const room_id& room, const user_id& user, int& code);
  /// A room that a user belongs to, or is invited to.
  struct own_room {
    rooms::room_view view;
    rooms::member_row row;
    seq_no read;
    std::uint64_t position = 0;  // of the entry that changed it last,
    std::uint64_t marked = 0;    // of the marker,
    rooms::kept_own own{};
    std::uint64_t set = 0;  // and of these settings
  };
  /// The last message before `below` that counts, deleted or not; 0: none.
  seq_no counted_before(const rooms::room_view& room, seq_no below, int& code);
  /// Its place in the inbox.
  unix_ms time_of(const own_room& of, const user_id& user, seq_no last, int& code);
  int show_last(const own_room& of, const user_id& user, seq_no last, message::inbox_row& into);
  int each_own_room(const user_id& user, const room_filter& allowed, const gathered& pending,
                    const std::function<int(own_room&)>& take);
  failure failed(int code) const;
  failure damaged() const;

  std::function<bool()> stop_ = [] { return false; };
  std::function<void(std::string_view)> tell_ = [](auto) {};
  std::string path_;
  const pending_markers& markers_;
  connection database_;
  statements run_;
};

}  // namespace confab::journal::sqlite
