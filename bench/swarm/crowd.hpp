#pragma once

#include "bench/swarm/dialect.hpp"
#include "bench/swarm/inflater.hpp"
#include "bench/swarm/link.hpp"
#include "bench/swarm/stamp.hpp"
#include "load/histogram.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace confab::bench {

struct plan {
  int port = 8080;
  int connections = 200;
  int rooms = 1;
  int in_flight = 0;  // messages per room, closed loop
  /// The next one leaves when all members have one, not already when the writer has it back.
  bool until_all = false;
  double rate = 0;  // deliveries per second over all rooms, open loop
  std::size_t text_bytes = 64;
  bool deflate = false;
  bool tls = false;
  int deaf = 0;           // this many of the first room stop reading
  int quiet = 0;          // members of one more room,
  double quiet_rate = 0;  // which hears this many messages per second
  int first_user = 0;
};

struct counts {
  std::uint64_t deliveries = 0;
  std::uint64_t receives = 0;  // calls of read() that got something
  std::uint64_t bytes = 0;
  std::uint64_t lost = 0, duplicated = 0, out_of_order = 0;
  std::uint64_t closed = 0;  // connections the server ended

  friend counts operator-(counts a, const counts& b) {
    a.deliveries -= b.deliveries;
    a.receives -= b.receives;
    a.bytes -= b.bytes;
    return a;  // faults count from the beginning
  }
};

/// Many clients in rooms, in one thread. One member of each room writes; all check and time what
/// they hear. Everything happens inside of connect_all() and the run functions.
class crowd {
 public:
  crowd(const plan& what, dialect how);
  ~crowd();
  crowd(const crowd&) = delete;
  crowd& operator=(const crowd&) = delete;

  /// Returns when all are in their rooms, with at most 64 on the way at a time.
  void connect_all();
  /// Sends the messages that a closed loop keeps in flight, or starts the schedule of an open one.
  void start();
  void run_for(std::chrono::milliseconds time);
  /// From here on: delays go into the histograms if the message was due later than now.
  void measure();
  /// Sends no more, and waits until everything has come or nothing has for a second. Returns how
  /// many deliveries are outstanding (and not known to be lost).
  std::uint64_t drain();
  /// Reads what waits for those who had stopped reading; how many of them the server has ended.
  int deaf_closed();

  const counts& count() const { return counts_; }
  /// Microseconds from when a message was due (closed loop: sent) until a member has it.
  const load::histogram& delay() const { return delay_; }
  const load::histogram& quiet_delay() const { return quiet_delay_; }
  /// Microseconds that messages of an open loop were sent later than due.
  const load::histogram& lag() const { return lag_; }

 private:
  struct room;
  struct client {
    link socket;
    room* home = nullptr;
    std::uint32_t last = 0;     // number of the latest delivery
    std::uint32_t missing = 0;  // below it
    std::uint16_t line = 0;     // of the greeting
    bool writer = false, upgraded = false, arrived = false, deaf = false;
    std::string in;    // the beginning of a frame
    std::string tail;  // of a stream: what may be the beginning of a mark
  };
  struct room {
    std::string frame;      // what the writer sends, with a stamp to be filled in
    std::size_t stamp = 0;  // where
    client* writer = nullptr;
    std::uint32_t said = 0;
    std::uint32_t hearing = 0;  // members that read
    bool quiet = false;
    /// `until_all`: how many members message n is still to come to, at n % in_flight.
    std::vector<std::uint32_t> awaited;
    recent_inflation inflated;
  };
  /// An open loop over some rooms in turn.
  struct pace {
    double interval_us = 0, next_us = 0;
    std::size_t first = 0, rooms = 0, turn = 0;
  };

  std::uint64_t now_us() const;
  int number_of(const client& c) const;
  std::string room_of(const client& c) const;
  void connect_one(std::size_t i);
  void step(std::chrono::microseconds wait);
  /// Says what is due and returns how long nothing will be.
  std::chrono::microseconds keep_pace(std::chrono::microseconds at_most);
  void say(room& where, std::uint64_t due_us);
  void handle(client& c);
  void end(client& c);
  void watch(client& c, int operation);
  void read_bytes(client& c, std::string_view bytes, std::uint64_t now);
  std::size_t take_upgrade(client& c, std::string_view bytes);
  void take(client& c, const websocket::frame& what, std::uint64_t now);
  void greet(client& c, std::string_view heard);
  void arrive(client& c);
  void hear(client& c, std::string_view payload, std::uint64_t now);
  void hear_stream(client& c, std::string_view payload, std::uint64_t now);
  void deliver(client& c, stamp what, std::uint64_t now);
  /// Whether the closed loop's next message may leave, now that `c` has this one. With `until_all`
  /// a message that a member never gets keeps its slot.
  bool frees_slot(const client& c, std::uint32_t number);

  plan plan_;
  dialect how_;
  tls_context tls_;
  int epoll_;
  std::chrono::steady_clock::time_point born_;
  std::vector<room> rooms_;
  std::vector<client> clients_;
  std::vector<pace> paces_;
  std::size_t arrived_ = 0;
  bool sending_ = false;
  std::uint64_t measure_from_us_ = UINT64_MAX;
  counts counts_;
  load::histogram delay_, quiet_delay_, lag_;
  std::vector<char> buffer_;
};

}  // namespace confab::bench
