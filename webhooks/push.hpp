#pragma once

#include "protocol/own_settings.hpp"
#include "webhooks/hook.hpp"
#include "webhooks/push_store.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace confab::webhooks {

inline constexpr std::size_t recipients_max = 500;  // of one event
/// Of events that no webhook was sent yet. While there are more nobody is looked for.
inline constexpr std::size_t push_bytes_max = 64 * 1024 * 1024;

struct push_options {
  std::chrono::milliseconds after{10'000};       // a message is told so much later,
  std::chrono::milliseconds within{3'600'000};  // or not at all where it is older
  notify_level notify = notify_level::mentions;     // of who has set nothing else,
  notify_level notify_direct = notify_level::all;   // and in direct rooms
  std::size_t bytes_max = push_bytes_max;
  /// Told when too much waits to be sent, and when it does no more.
  std::function<void(bool)> full = [](bool) {};
};

/// Who of these has a session that is looked at?
struct activity_question {
  std::uint64_t ticket = 0;
  std::vector<user_id> users;
};

/// Finds behind the log who is away and is to be told of a message, and makes events of it (API §10).
/// It steps through the journal with a cursor of its own, some users at a time, so that a room of a
/// hundred thousand costs others no more than its turns. It neither waits nor asks by itself.
class push {
 public:
  push(std::unique_ptr<push_store> kept, std::unique_ptr<journal::reader> from, push_options how);

  /// Somebody wants to be told, from what is behind `head` on; or nobody does any more. What there was
  /// before goes.
  bool begin(std::uint64_t head);
  /// One piece of work. False: there is nothing to do now.
  bool step(const moment& now, std::uint64_t head);
  /// Until `step` has more to do, if the journal goes no further.
  std::chrono::milliseconds wait(const moment& now, std::uint64_t head) const;
  /// To be asked, and answered once; without an answer nobody is active after a while.
  std::optional<activity_question> take_question() { return std::exchange(question_, {}); }
  void answer(std::uint64_t ticket, const std::vector<bool>& active);

  push_store& store() noexcept { return *store_; }
  /// Once a second: what is sent to all, or too old, goes.
  void tidy(const moment& now, const cursor_list& sent);
  bool is_late(const push_event& what, unix_ms now) const noexcept;
  /// What is sent of it; empty: there is nothing to tell any more.
  journal::result<std::string> body_of(const push_event& what, bool thin);

 private:
  using time_point = std::chrono::steady_clock::time_point;

  /// An entry that somebody may have to be told of.
  struct subject {
    std::uint64_t position;
    room_id room;
    unix_ms at;
    user_id from;
    seq_no place;    // of the entry
    seq_no message;  // that it is about; of an invitation the entry itself
    std::vector<user_id> invited;  // empty: it is a message, or an edit of one
    bool is_edit = false;
  };
  struct candidate {
    user_id user;
    std::string_view why;  // a literal
    bool all = false;      // only who wants to be told of everything
    unsigned stage = 0;  // see `telling`
  };
  struct recipient {
    user_id user;
    unsigned stage;
    std::string shown;  // as JSON
  };
  /// Whom else than who is addressed it may concern.
  enum class others : std::uint8_t { none, members, asked, both };
  struct telling {
    subject of;
    std::vector<journal::addressed_user> addressed;
    others rest = others::none;
    std::string_view rest_why{};  // a literal
    bool rest_all = false;        // only those who want to be told of everything
    unsigned stage = 0;  // 0: who is addressed or invited, 1: the rest, 2: nobody is left
    user_id after;
    unsigned page = 0;
    std::vector<candidate> asked;
    std::optional<std::vector<bool>> active;  // of these; none: it is not known yet
    std::vector<recipient> found;
  };

  // Each does one piece of its work, and says whether there may be more now.
  bool clear(const moment& now);
  bool undo(const moment& now, std::uint64_t head);
  bool follow_markers(const moment& now, std::uint64_t head);
  bool tell(const moment& now, std::uint64_t head);

  bool look_behind(const moment& now, std::uint64_t head);
  void look_at(const journal::feed_item& item);
  bool is_due(const subject& of, unix_ms now) const noexcept;
  void pass(std::uint64_t position);
  enum class opened : std::uint8_t { yes, void_now, unreadable };
  opened open(const subject& of);
  bool choose(telling& of);
  void consider(telling& of, const user_id& user, std::string_view why, bool all = false);
  bool weigh(telling& of, const moment& now);
  journal::result<std::optional<std::string>> recipient_of(const telling& of, const candidate& who,
                                                           unix_ms now);
  bool send_off(telling& of, bool last);
  static void take_back_by(const journal::feed_item& item, std::vector<withdrawal>& all);
  bool take_back(const std::vector<withdrawal>& all, const push_place& at, const moment& now);
  /// None where there is no such message, or none any more.
  journal::result<std::optional<message::present_message>> message_at(const room_id& room,
                                                                      seq_no seq);
  bool fails(const moment& now);

  const std::unique_ptr<push_store> store_;
  const std::unique_ptr<journal::reader> from_;
  const push_options how_;
  push_place place_;
  std::uint64_t looked_ = 0;       // entries up to there are in `behind_`, where they matter
  std::deque<subject> behind_;
  std::optional<telling> current_;
  std::optional<activity_question> question_;
  std::uint64_t tickets_ = 0;
  time_point asked_until_{};
  journal::marker_place marker_;
  std::uint64_t markers_looked_ = 0;  // the journal's head then
  time_point markers_at_{};           // when to look again, whatever the head
  std::optional<time_point> clear_at_;
  time_point again_at_{};  // after a failure
  time_point tidy_at_{};
  std::uint64_t seen_ = 0;  // the head at the last step
  bool busy_ = false;       // it may have more to do
  bool full_ = false;       // and it was told
  bool moved_ = false;      // the place, since it was stored
};

}  // namespace confab::webhooks
