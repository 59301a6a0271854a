#pragma once

#include "cluster/batch.hpp"
#include "cluster/ports.hpp"
#include "journal/journal.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace confab::cluster {

struct node_session {
  log_position session = 0;  // the position of its `begin`
  std::uint64_t number = 0;  // of its last batch that counted
  std::uint8_t formats = newest_format;
  friend bool operator==(const node_session&, const node_session&) = default;
};

/// All that a node's journal remembers of the shared log, as the journal's note: a function of the
/// messages up to `position`, as the rooms are.
struct applied_state {
  log_position position = 0;
  std::uint64_t chain = 0;
  std::optional<genesis> founded;
  std::optional<log_id> proposed;  // by who has data already, until the log is founded
  std::map<std::string, node_session> sessions;  // the roster, by name

  std::string to_note() const;
  static std::optional<applied_state> from_note(std::string_view note);
  friend bool operator==(const applied_state&, const applied_state&) = default;
};

/// What became of one frame.
struct applied_frame {
  frame of;  // its operations are spent
  bool counts = false;  // void otherwise
  std::vector<journal::outcome> outcomes;  // of each operation, if it counts
};
struct applied_message {
  log_position position = 0;
  std::uint64_t chain = 0;  // after it
  std::vector<applied_frame> frames;  // none: unreadable, and so void
};

/// Why a node must not go on.
enum class end_reason : std::uint8_t {
  displaced,      // another process writes under its name
  diverged,       // at least as many nodes have another chain
  rewritten,      // a position was given to two messages
  behind,         // what it needs next is trimmed: it takes a snapshot
  foreign_log,    // its journal belongs to another log, or to none
  other_rules,    // its journal was opened with options that are not the log's
  newer_format,   // the log holds what this program does not know
  store_failed,   // what its journal holds is not known
  needs_founder,  // the log began with data that it has not got: it takes a snapshot
};
std::string_view name(end_reason why) noexcept;

struct apply_failure {
  std::optional<end_reason> end;  // none: the journal can't write now, nothing has changed
  std::string detail;
};

/// The rules of the shared log without I/O but the journal's: who may write (session and number),
/// and what becomes of it. Equal journals and equal messages give equal journals and equal chains,
/// however the messages are cut into transactions. Used by one thread at a time.
class applier {
 public:
  /// `options`: what the journal was opened with, and the log that it would found.
  applier(journal::writer& to, const genesis& options);

  /// Why this journal can't follow the log that it has followed.
  std::optional<end_reason> mismatch() const;
  /// Of a journal that was written without the log, before the founding: so that after a crash it
  /// still knows the log that it has founded.
  std::optional<apply_failure> propose();

  /// Messages in order, the first of them at `state().position + 1`: one transaction. Those before
  /// one that ends the node are applied by the call before.
  std::variant<std::vector<applied_message>, apply_failure> apply(
      std::span<const log_message> messages);

  const applied_state& state() const noexcept { return state_; }
  const genesis& options() const noexcept { return options_; }
  bool is_founded() const noexcept { return state_.founded.has_value(); }

 private:
  bool has_other_rules(const genesis& than) const;
  std::optional<end_reason> admit(applied_state& state, log_position position,
                                  applied_frame& one) const;

  journal::writer& to_;
  genesis options_;
  applied_state state_;
};

}  // namespace confab::cluster
