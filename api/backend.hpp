#pragma once

#include "journal/journal.hpp"
#include "protocol/codes.hpp"
#include "protocol/commands.hpp"
#include "protocol/free_data.hpp"
#include "protocol/ids.hpp"
#include "protocol/messages.hpp"
#include "rooms/bar.hpp"
#include "rooms/brief.hpp"
#include "rooms/operation.hpp"
#include "webhooks/engine.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The port through which calls reach the chat: the same order, rooms and readers that sessions
/// use. Implemented in server/, and by a map in tests.
namespace confab::api {

struct open_session {
  session_id id;
  std::string name;
  std::string device;  // empty: none was named
  bool active = true;  // the user looks at it
};

struct search_done {
  message::found page;
  std::uint64_t candidates = 0;  // that were looked at
};

/// What becomes of the wish that a user be erased.
struct erasure {
  bool taken = false;  // else nothing can be read or written now, or nothing is known of the user
  bool known = true;
  user_id as;          // how they are called since
};

struct token_wanted {
  user_id user;
  std::string name;
  std::chrono::milliseconds ttl{0};
  std::optional<std::vector<std::string>> rooms;
  std::map<std::string, role> roles;
};

struct server_numbers {
  std::uint64_t users = 0;
  std::uint64_t sessions = 0;
  std::uint64_t connections = 0;
  std::uint64_t rooms_awake = 0;
  std::optional<std::uint64_t> database_bytes;
  std::optional<double> search_behind_seconds;   // none: there is no search
  std::vector<webhooks::hook_numbers> webhooks;
  std::string trouble;  // why the server is not ready; empty: it is
  std::chrono::milliseconds up{0};
};

/// What calls cost. A key pays, by its name; for wrong ones the address that they come from.
enum class price : std::uint8_t {
  calls,
  operations,  // by what they weigh, see `rooms::weight_max`
  rows,        // read
  nodes,       // values in bodies
  bytes,       // of answers
  wrong_keys
};

/// Any thread may call; answers come from any thread, and each once or, where the server ends,
/// not at all. What is called must not block and must not throw.
class backend {
 public:
  virtual ~backend() = default;

  /// To the order, one after the other, each by itself.
  virtual void submit(std::vector<rooms::operation> what,
                      std::function<void(std::vector<rooms::brief>)> then) = 0;
  /// The direct room of both is there, and awake: whoever of the two is online hears what comes.
  virtual void open_direct(const user_id& one, const user_id& other,
                           std::function<void(bool done)> then) = 0;
  /// On a reader's thread, when it is the turn of `who`; it may take as long as a read may.
  /// `about` spreads the work. Null: it can't be read now. Where it is not `wanted` any more it is not
  /// called, or the read ends.
  virtual void read(std::string_view who, std::string_view about, std::function<bool()> wanted,
                    std::function<void(journal::reader*)> job) = 0;
  /// In the rooms that it `sees`, when it is the turn of `who`, by whom it is still `wanted`. None: it
  /// can't be searched now.
  virtual void search(std::string_view who, command::search what,
                      std::function<bool(const room_id&)> sees, std::function<bool()> wanted,
                      std::function<void(std::optional<search_done>)> then) = 0;
  virtual bool has_search() const = 0;
  /// How many are in the room, and the first of them in order of id.
  virtual void who_is_in(const room_id& room,
                         std::function<void(std::size_t online, std::vector<user_id>)> then) = 0;
  virtual void sessions_of(const user_id& user,
                           std::function<void(std::vector<open_session>)> then) = 0;
  /// To all sessions of a user, who are counted; not stored.
  virtual void signal(const user_id& to, const user_id& from, const free_data& data,
                      std::function<void(std::size_t sessions)> then) = 0;
  virtual void close_session(session_id session, close_code code, std::string reason) = 0;

  /// The user is erased, or will be whatever happens.
  virtual void erase(const user_id& user, std::function<void(erasure)> then) = 0;
  /// Whether there is something left to erase of who is called so since. None: it is not known now.
  virtual void is_erasing(const user_id& as, std::function<void(std::optional<bool>)> then) = 0;

  /// See `journal::writer::forget_room`: from then on it is as if the room had never been.
  virtual void forget_room(const room_id& room, seq_no head, std::function<void(bool gone)> then) = 0;
  /// What keeps a user from signing in, by which it goes from now on. What is stored of it is a mark.
  virtual rooms::bar bar_of(const user_id& user) const = 0;
  virtual void set_bar(const user_id& user, const rooms::bar& how) = 0;
  /// Closes it where the user may not come in by its token any more.
  virtual void close_barred(session_id session, close_code code, std::string reason) = 0;

  /// Of the last entry.
  virtual void feed_position(std::function<void(std::uint64_t)> then) = 0;
  /// When the journal is beyond `after`, or `wait` has passed: how far it is. What moved it need not
  /// be an entry, so who finds none waits for more than that.
  virtual void wait_for_feed(std::uint64_t after, std::chrono::milliseconds wait,
                             std::function<void(std::uint64_t position)> then) = 0;

  /// How long until so much could be taken; zero: now.
  virtual std::chrono::nanoseconds wait(price what, std::string_view payer, double amount) = 0;
  /// Takes it, or says how long until it can be taken; zero: it was taken.
  virtual std::chrono::nanoseconds take(price what, std::string_view payer, double amount) = 0;
  /// Takes it whether it is there or not.
  virtual void charge(price what, std::string_view payer, double amount) = 0;

  /// A call's key was not taken, or not looked at: `unknown`, `expired`, `too_many`, `address`. `key` is its name,
  /// where there is such a key.
  virtual void key_refused(std::string_view why, std::string_view peer, std::string_view key) = 0;

  /// Counts what calls hold among all that is in flight. False: too much is already, and this is not.
  virtual bool hold(std::size_t bytes) = 0;
  virtual void let_go(std::size_t bytes) = 0;

  /// On the thread of the webhooks, soon; null: there are none now.
  virtual void hooks(std::function<void(webhooks::engine*)> job) { job(nullptr); }

  /// A signed token, or why there is none; nothing where the server has no secret to sign with.
  virtual std::optional<std::variant<std::string, std::string>> make_token(
      const token_wanted& what) = 0;
  /// Whose token with `admin` this is.
  virtual std::optional<user_id> admin_of(std::string_view token) = 0;
  virtual bool is_in(std::string_view net, std::string_view address) const = 0;

  virtual server_numbers numbers() const = 0;
  /// The server is not ready any more, lets nobody in, and sends away who is there in the course of that time.
  /// None: it is as before.
  virtual void drain(std::optional<std::chrono::milliseconds> over) = 0;
  virtual std::string_view node() const = 0;
  virtual std::string_view durability() const = 0;  // a literal
  virtual std::size_t text_bytes_max() const = 0;
  /// Names the journal that cursors are places of.
  virtual std::string_view log_name() const = 0;
  virtual epoch_id fresh_epoch() = 0;
  virtual unix_ms now() const = 0;
  virtual std::chrono::steady_clock::time_point steady_now() const = 0;
  virtual std::uint64_t random() = 0;
};

}  // namespace confab::api
