#pragma once

#include "webhooks/body.hpp"
#include "webhooks/pages.hpp"
#include "webhooks/presence.hpp"
#include "webhooks/push.hpp"
#include "webhooks/retrying.hpp"
#include "webhooks/store.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace confab::webhooks {

/// What is to be sent now. Each is answered once, by `engine::take` with its ticket.
struct request {
  std::uint64_t ticket = 0;
  std::string url;
  std::chrono::milliseconds timeout{0};
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// What was tried last, as the operator sees it.
struct attempt {
  unix_ms at;
  std::string id;
  reply came;
};

struct hook_numbers {
  std::string id;
  std::optional<unix_ms> oldest_at;  // of what it was not told yet
  bool paused = false;
  std::uint64_t dead = 0;
};
struct engine_numbers {
  std::vector<hook_numbers> hooks;
  std::uint64_t delivered = 0, failed = 0, refused = 0;  // attempts
};

/// What the API shows of a webhook.
struct hook_view {
  hook what;
  std::uint64_t lag = 0;             // positions of the journal that it is behind
  std::optional<unix_ms> oldest_at;  // of what it was not told yet
  std::uint64_t dead = 0;
  std::deque<attempt> attempts;  // the last one first
};

enum class fault : std::uint8_t {
  no_such_webhook,
  no_such_letter,
  too_many,
  not_stored,
  unreadable
};

struct engine_options {
  std::chrono::milliseconds first_wait{1'000};  // see wait_after
  std::function<std::uint64_t()> random;        // from the kernel: secrets are made of it
  /// Told when one is paused because of what its receiver answers.
  std::function<void(std::string_view id, std::string_view why)> paused = [](auto, auto) {};
  std::chrono::milliseconds presence_grace{0};  // who comes back within it was not away
  std::string node = {};                        // where users come and go
  /// Told, once a second at most, that more came and went than is told.
  std::function<void()> presence_lost = [] {};
};

/// The webhooks of a server: what is to be sent when, and what becomes of it. It neither sends nor
/// waits. Nothing of an event is kept in memory but what is being sent. One thread.
class engine {
 public:
  /// Without `whom_to_tell` nobody is told whom to notify.
  engine(std::unique_ptr<store> kept, std::unique_ptr<journal::reader> from, std::uint64_t head,
         engine_options how, std::unique_ptr<push> whom_to_tell = nullptr);

  // --- for who sends ---
  std::vector<request> due(const moment& now);
  void take(std::uint64_t ticket, reply came, const moment& now);
  /// The journal is that far.
  void moved(std::uint64_t head) noexcept { head_ = std::max(head_, head); }
  std::uint64_t head() const noexcept { return head_; }
  /// Until `due` has more to do, if nothing comes meanwhile.
  std::chrono::milliseconds wait(const moment& now) const;
  /// Stores how far it is; called by itself once a second.
  void store_cursors();
  engine_numbers numbers() const { return numbers_; }
  /// Who is active now; see `push`.
  std::optional<activity_question> take_question();
  void answer(std::uint64_t ticket, const std::vector<bool>& active);
  bool wants_presence() const noexcept { return wants(presence_events); }
  /// A user came with a first session, or went with the last one.
  void note_presence(const user_id& user, bool online, const moment& now);
  /// Some that came or went were not noted.
  void lose_presence();

  // --- for the API ---
  struct put_done {
    bool made = false;
    hook what;
  };
  /// A new one begins behind `head`.
  std::variant<put_done, fault> put(const std::string& id, hook_settings how, unix_ms now);
  std::optional<fault> remove(const std::string& id);
  bool is_empty() const noexcept { return hooks_.empty(); }
  std::vector<std::string> ids() const;
  std::optional<hook_view> view(const std::string& id);
  std::variant<hook, fault> rotate(const std::string& id, unix_ms now);
  std::optional<fault> set_paused(const std::string& id, bool paused);
  /// What is behind `position` is told again, or what is up to it is left out.
  std::optional<fault> replay(const std::string& id, std::uint64_t position);
  /// The same from what is as young as `at`.
  std::optional<fault> replay_since(const std::string& id, unix_ms at);
  std::variant<std::vector<dead_letter>, fault> dead(const std::string& id, std::uint64_t after,
                                                     std::size_t count);
  using heard = std::function<void(const reply&)>;
  std::optional<fault> send_test(const std::string& id, unix_ms now, heard then);
  /// Once, out of order; where it is taken the letter goes.
  std::optional<fault> retry_dead(const std::string& id, std::uint64_t position, unix_ms now,
                                  heard then);

 private:
  using time_point = std::chrono::steady_clock::time_point;

  struct partition {
    std::uint64_t cursor = 0;
    std::uint64_t looked = 0;  // up to there is nothing behind the cursor
    std::uint64_t upto = 0;    // of the delivery under way, or that waits for another try; 0: none
    bool in_flight = false;
    bool was_moved = false;  // by hand, while it was in flight
    trial tried;
    time_point next_at{};
  };
  struct worked_hook {
    hook what;
    event_set events = 0;
    event_set named = 0;  // of these, by more than `*`
    room_choice rooms;
    std::array<partition, partitions> parts{};
    std::array<partition, partitions> pushes{};  // the same, of `push`: cursors are of its events
    std::deque<presence_change> presence;        // that it is to be told, as long as it can be
    bool presence_under_way = false;
    std::uint64_t generation = 0;  // another one for each that is made
    unsigned dead_in_a_row = 0;
    std::uint64_t dead = 0;
    bool moved = false;  // since cursors were stored
    std::deque<attempt> attempts;
  };
  struct letter_source {
    std::uint64_t position;
    event_kind kind;
    room_id room;
    seq_no seq;
  };
  struct sent {
    std::string hook;
    std::uint64_t generation = 0;
    unsigned part = 0;
    std::string id;
    std::vector<letter_source> events;  // that become dead letters where it is refused
    heard then;                         // of what is sent once
    std::uint64_t letter = 0;           // of a dead letter that is sent again
    bool push = false;                  // `part` is one of `pushes`
    bool presence = false;              // once, whatever comes of it
  };
  struct parcel {
    std::vector<told> events;
    std::uint64_t gap_from = 0, gap_to = 0;  // 0: none
    unix_ms gap_at;
  };

  worked_hook* find(const std::string& id);
  worked_hook fresh(hook what, const cursor_list& cursors);
  static cursor_list cursors_of(const std::array<partition, partitions>& parts);
  static bool takes(const worked_hook& of, const seen_item& one);
  static void choose(worked_hook& of);
  bool is_ready(const worked_hook& of, const partition& part, std::uint64_t end,
                const time_point& now) const;
  bool wants(event_set some) const noexcept;
  void begin_or_end_push(bool did);
  void begin_push(worked_hook& of, event_set before);
  void send_push(const moment& now, std::vector<request>& into);
  void step_push(worked_hook& of, unsigned number, const moment& now, std::vector<request>& into);
  void tidy_push(const moment& now);
  void wait_for_push(const moment& now, time_point& until) const;
  void send_presence(const moment& now, std::vector<request>& into);
  void lose_presence(worked_hook& of);
  void step(worked_hook& of, unsigned number, const moment& now, std::vector<request>& into);
  parcel collect(worked_hook& of, unsigned number, const page& from);
  request pack(const worked_hook& of, sent what, std::string body, unix_ms now);
  void finish(worked_hook& of, const sent& what, const reply& came, const moment& now);
  void succeed(worked_hook& of);
  bool put_aside(worked_hook& of, const sent& what, const reply& came, unix_ms now);
  void pause_for(worked_hook& of, pause why);
  void count(const reply& came) noexcept;
  void tick(const moment& now);
  void forget_what_is_gone();
  /// Up to there all is told, whatever the partition.
  std::uint64_t told_upto(const worked_hook& of) const;
  std::optional<unix_ms> oldest_at(std::uint64_t told);
  request once(const worked_hook& of, std::string id, std::string body, unix_ms now,
               std::uint64_t letter, heard then);

  const std::unique_ptr<store> store_;
  pages pages_;
  const std::unique_ptr<push> push_;
  presence_changes presence_;
  bool told_loss_ = false;  // in this second
  std::uint64_t head_;
  std::uint64_t looked_;  // up to there nothing was taken away since pages were read
  const engine_options how_;
  std::map<std::string, worked_hook> hooks_;
  std::map<std::uint64_t, sent> sent_;
  std::uint64_t tickets_ = 0;
  std::vector<request> single_;  // to be sent at the next occasion
  std::size_t singles_ = 0;
  std::uint64_t generations_ = 0;
  time_point tick_at_{};
  time_point tidy_at_{};
  time_point read_again_at_{};  // after a read that failed
  engine_numbers numbers_;
};

}  // namespace confab::webhooks
