#pragma once

#include "cluster/ports.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

/// A clock that moves from event to event, and a shared log with a bus on which all goes wrong that
/// may, by seed.
namespace confab::cluster::test {

using ms = std::chrono::milliseconds;
using namespace std::chrono_literals;

class world {
 public:
  explicit world(std::uint64_t seed) : dice_(seed) {}

  ms now() const noexcept { return now_; }
  std::uint64_t pick(std::uint64_t below) { return dice_() % below; }
  bool percent(std::uint64_t chance) { return pick(100) < chance; }
  ms between(ms least, ms most) {
    return least + ms{static_cast<ms::rep>(
                       pick(static_cast<std::uint64_t>((most - least).count()) + 1))};
  }
  std::mt19937_64& dice() noexcept { return dice_; }

  void after(ms delay, std::function<void()> what) {
    events_.push({now_ + delay, ++count_, std::move(what)});
  }
  bool step() {
    if (events_.empty()) return false;
    auto next = std::move(const_cast<event&>(events_.top()));
    events_.pop();
    now_ = next.at;
    next.what();
    return true;
  }

 private:
  struct event {
    ms at;
    std::uint64_t number;
    std::function<void()> what;
    bool operator<(const event& other) const {
      return std::pair{at, number} > std::pair{other.at, other.number};
    }
  };
  std::mt19937_64 dice_;
  ms now_{0};
  std::uint64_t count_ = 0;
  std::priority_queue<event> events_;
};

/// How much goes wrong, in percent of what could.
struct log_faults {
  std::uint64_t append_lost = 0, append_late = 0, append_doubled = 0;
  std::uint64_t answer_lost = 0, answer_late = 0;
  std::uint64_t tail_lost = 0, tail_doubled = 0, tail_damaged = 0, tail_late = 0;
  std::uint64_t fetch_lost = 0, fetch_stale = 0;
  std::uint64_t bus_lost = 0, bus_doubled = 0;
  bool elections = false, clocks_jump = false;
};

/// What a node says of itself each second, and what of it is true.
struct told_beat {
  std::string node;
  log_position durable = 0;
  std::string bytes;
};

/// Who is connected. What comes for a process that has ended is dropped.
class connected {
 public:
  virtual ~connected() = default;
  virtual bool is_cut_off() const = 0;
  virtual void on_live(const log_message& message) = 0;
  virtual void on_stored(std::uint64_t process, std::uint64_t ticket, log_position position) = 0;
  virtual void on_fetched(std::uint64_t process, fetched_messages answer) = 0;
  virtual void on_heard(const told_beat& beat) = 0;
};

class simulated_log {
 public:
  simulated_log(world& in, log_faults how) : in_(in), faults(how) {}

  void connect(connected& node) { nodes_.push_back(&node); }

  void append(connected& from, std::uint64_t process, std::string bytes, std::uint64_t ticket) {
    auto delay = in_.between(1ms, 4ms);
    if (from.is_cut_off() || in_.percent(faults.append_lost)) {
      if (!in_.percent(30)) return;
      delay = in_.between(1s, 20s);  // it was in a buffer
    } else if (in_.percent(faults.append_late)) {
      delay = in_.between(1s, 20s);
    }
    if (in_.percent(faults.append_doubled))
      in_.after(delay + in_.between(0ms, 5s),
                [=, this, &from] { arrive(from, process, bytes, ticket); });
    in_.after(delay, [=, this, &from] { arrive(from, process, bytes, ticket); });
  }

  void fetch(connected& from, std::uint64_t process, log_position at, std::size_t count) {
    if (from.is_cut_off() || in_.percent(faults.fetch_lost)) return;
    in_.after(in_.between(1ms, 6ms), [=, this, &from] {
      if (from.is_cut_off()) return;
      fetched_messages answer;
      answer.from = at;
      answer.first = first_;
      answer.last = archive_.size();
      // By a server that has not everything yet.
      if (in_.percent(faults.fetch_stale))
        answer.last -= std::min<log_position>(answer.last - (first_ - 1), in_.pick(6));
      for (auto next = std::max(at, first_); next <= answer.last && answer.messages.size() < count;
           ++next)
        answer.messages.push_back(archive_[next - 1]);
      from.on_fetched(process, std::move(answer));
    });
  }

  void trim(log_position upto) { first_ = std::max(first_, std::min(upto, end()) + 1); }

  void publish(connected& from, const told_beat& beat) {
    if (from.is_cut_off()) return;
    for (auto* to : nodes_) {
      if (to == &from || in_.percent(faults.bus_lost)) continue;
      for (int copies = 1 + in_.percent(faults.bus_doubled); copies > 0; --copies)
        in_.after(in_.between(1ms, faults.bus_lost ? 2s : 5ms), [=] {
          if (!to->is_cut_off()) to->on_heard(beat);
        });
    }
  }

  /// No leader for a while, then another one: it has another clock, and tells the end of the tail
  /// again.
  void elect() {
    if (!has_leader_) return;
    has_leader_ = false;
    in_.after(in_.between(500ms, 9s), [this] {
      has_leader_ = true;
      skew_ = in_.between(-900ms, 900ms);
      if (faults.clocks_jump && in_.percent(40)) skew_ += in_.between(-200s, 200s);
      for (auto at = end() - std::min<log_position>(end() - (first_ - 1), in_.pick(20)); at < end();
           ++at)
        republish(archive_[at]);
      for (auto& waiting : std::exchange(buffered_, {})) waiting();
    });
  }

  log_position first() const noexcept { return first_; }
  log_position end() const noexcept { return archive_.size(); }
  /// All that ever was in it.
  const std::vector<log_message>& archive() const noexcept { return archive_; }

 private:
  void arrive(connected& from, std::uint64_t process, const std::string& bytes,
              std::uint64_t ticket) {
    if (!has_leader_) {
      if (in_.percent(40))
        buffered_.push_back([=, this, &from] { arrive(from, process, bytes, ticket); });
      return;
    }
    const unix_ms stamp{1'800'000'000'000 + (in_.now() + skew_).count()};
    archive_.push_back({archive_.size() + 1, stamp, bytes});
    republish(archive_.back());
    if (in_.percent(faults.answer_lost)) return;
    const auto position = end();
    in_.after(in_.percent(faults.answer_late) ? in_.between(1s, 10s) : in_.between(1ms, 4ms),
              [=, &from] {
                if (!from.is_cut_off()) from.on_stored(process, ticket, position);
              });
  }

  void republish(const log_message& message) {
    for (auto* to : nodes_) {
      if (in_.percent(faults.tail_lost)) continue;
      for (int copies = 1 + in_.percent(faults.tail_doubled); copies > 0; --copies) {
        auto told = message;
        if (in_.percent(faults.tail_damaged)) told.bytes[in_.pick(told.bytes.size())] ^= 4;
        in_.after(in_.percent(faults.tail_late) ? in_.between(10ms, 3s) : in_.between(1ms, 4ms),
                  [to, told = std::move(told)] {
                    if (!to->is_cut_off()) to->on_live(told);
                  });
      }
    }
  }

  world& in_;
  std::vector<connected*> nodes_;
  std::vector<log_message> archive_;
  log_position first_ = 1;
  bool has_leader_ = true;
  ms skew_{0};
  std::vector<std::function<void()>> buffered_;

 public:
  log_faults faults;
};

}  // namespace confab::cluster::test
