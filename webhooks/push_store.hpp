#pragma once

#include "webhooks/store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace confab::webhooks {

inline constexpr const char* push_store_name = "confab.push.db";
/// Users and messages of which it is remembered that they were told: the oldest go.
inline constexpr std::size_t told_max = 100'000;
inline constexpr std::chrono::hours told_age_max{7 * 24};

/// How far the journal was looked through for whom to tell.
struct push_place {
  std::uint64_t told = 0;     // all are told of the entries up to there,
  std::uint64_t undone = 0;   // what these take back is taken back,
  std::uint64_t markers = 0;  // and what was read is, by markers stored before there
  /// Of the entry behind `told`: up to whom events were made of it, and how many.
  unsigned stage = 0;
  std::string after{};
  unsigned page = 0;
  friend bool operator==(const push_place&, const push_place&) = default;
};

/// What is to be sent. It has no content: that is read when it is sent.
struct push_event {
  std::uint64_t id = 0;  // given by the store, in order
  event_kind kind = event_kind::notify;
  std::uint64_t position = 0;  // of the entry
  unsigned page = 0;           // of several events of one entry
  unix_ms at;
  room_id room;
  seq_no seq;        // of the message, or the invitation
  user_id from;      // who invites; empty: it is a message
  bool more = false;
  std::string data;  // recipients, as JSON; of `notify_cleared` all that it says
};

/// Whom somebody's device may be showing what of.
struct told_user {
  user_id user;
  room_id room;
  seq_no seq;    // of the message
  seq_no place;  // up to where one has to read
  unix_ms at;
};

/// What takes it back.
struct withdrawal {
  std::optional<user_id> user;  // none: all of them
  room_id room;
  std::optional<seq_no> message;  // that is deleted; none: what is up to `read`
  seq_no read;
};
struct withdrawn {
  told_user of;
  bool deleted = false;  // the message is
};

/// A database of its own: what is to be sent for the next hour, and who was told what. Nothing that
/// anybody said is in it. Used by one thread. Whatever answers false has stored nothing, and has said
/// why.
class push_store {
 public:
  virtual ~push_store() = default;
  virtual const push_place& at_start() const noexcept = 0;
  virtual const std::map<std::string, cursor_list>& cursors_at_start() const noexcept = 0;
  /// All goes, and it begins there.
  virtual bool begin(const push_place& at) = 0;
  /// Together with the place. The events are given their numbers.
  virtual bool write(const push_place& at, std::span<push_event> fresh,
                     std::span<const told_user> told, std::span<const withdrawn> cleared) = 0;
  /// How many are to be told of it.
  virtual std::optional<std::size_t> withdraw(const push_place& at,
                                              std::span<const withdrawal> all) = 0;
  /// Those to whom `withdraw` has happened, by user and room.
  virtual std::optional<std::vector<withdrawn>> to_clear(std::size_t count) = 0;
  virtual std::optional<std::vector<push_event>> behind(unsigned part, std::uint64_t id,
                                                        std::size_t count) = 0;
  /// Up to where a webhook was sent them. Where it is lost, they are sent again.
  virtual bool move(const std::string& hook, const cursor_list& cursors) = 0;
  virtual bool remove(const std::string& hook) = 0;
  /// Events that all webhooks were sent, and those from before `oldest`.
  virtual bool drop(const cursor_list& sent, unix_ms oldest) = 0;
  /// Who was told too long ago, and too many.
  virtual bool tidy(unix_ms now) = 0;

  /// Of the last event of a partition, and of all.
  virtual const cursor_list& last() const noexcept = 0;
  virtual std::size_t bytes() const noexcept = 0;  // of all events
  /// Whether somebody may have been told something.
  virtual bool has_told() const noexcept = 0;
};

/// As `open_store`; in another log, or one that went back to an older copy, it begins at the head.
std::variant<std::unique_ptr<push_store>, std::string> open_push_store(
    const std::string& file, const log_names& log, std::uint64_t head,
    std::function<void(std::string_view detail)> failed);

}  // namespace confab::webhooks
