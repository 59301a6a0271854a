#pragma once

#include "actors/delivery.hpp"
#include "actors/steady_time.hpp"
#include "protocol/commands.hpp"

#include <algorithm>
#include <list>
#include <optional>

namespace confab::actors {

/// Lets a session's commands take effect in the order sent (PROTOCOL §2). Rooms live on other
/// threads, so a command waits until those before it are settled; only what stays in order by
/// itself runs ahead: messages and typing to one room, which its mailbox keeps in line.
class command_gate {
 public:
  struct running {
    ticket_no ticket;
    message::re ref;
    room_id room;  // that it is about; empty: none
    bool in_line = false;
    bool beside = false;  // nobody waits for it
    bool counted = true;      // came from the client and holds one of its places,
    std::uint32_t bytes = 0;  // and so many
    bool answered = false;    // the client has its reply, but it is not done
    std::optional<steady_time> until;  // given up then; none: never
    seq_no floor{};  // of what it reads: nothing before it is for this reader
    command_type type = no_command;
  };
  struct started {
    running& run;
    command::any what;
  };

  void add(request what, bool counted, std::uint32_t bytes = 0) {
    waiting_.push_back({std::move(what), counted, bytes});
  }

  struct next_command {
    const request& what;
    bool counted;
  };
  std::optional<next_command> next() const {
    if (waiting_.empty()) return std::nullopt;
    return next_command{waiting_.front().what, waiting_.front().counted};
  }

  /// The next command that may start, which then counts as running. `alone`: not in line with others.
  std::optional<started> start_next(steady_time until, bool alone = false) {
    if (waiting_.empty()) return std::nullopt;
    auto& next = waiting_.front();
    const auto* room = alone ? nullptr : lane_of(next.what.what);
    const bool in_line = room && std::ranges::all_of(running_, [&](const running& r) {
                           return r.beside || (r.in_line && r.room == *room);
                         });
    if (!in_line && !std::ranges::all_of(running_, &running::beside)) return std::nullopt;
    auto& run = running_.emplace_back(running{ticket_no{++last_ticket_}, next.what.id,
                                              room ? *room : room_id{}, in_line, false, next.counted,
                                              next.bytes, false, until, {},
                                              type_of(next.what)});
    started now{run, std::move(next.what.what)};
    waiting_.pop_front();
    return now;
  }

  /// Out of the commands that have not started, without starting it.
  struct given_up {
    message::re ref;
    command_type type;
    bool counted;
    std::uint32_t bytes;
  };
  std::optional<given_up> give_up_next() {
    if (waiting_.empty()) return std::nullopt;
    const auto& next = waiting_.front();
    const given_up gone{next.what.id, type_of(next.what), next.counted, next.bytes};
    waiting_.pop_front();
    return gone;
  }

  running* find(ticket_no ticket) {
    const auto at = std::ranges::find(running_, ticket, &running::ticket);
    return at == running_.end() ? nullptr : &*at;
  }
  running* oldest() { return running_.empty() ? nullptr : &running_.front(); }

  std::optional<running> finish(ticket_no ticket) {
    const auto at = std::ranges::find(running_, ticket, &running::ticket);
    if (at == running_.end()) return std::nullopt;
    auto done = std::move(*at);
    running_.erase(at);
    return done;
  }

  bool empty() const noexcept { return running_.empty() && waiting_.empty(); }
  const std::list<running>& in_flight() const noexcept { return running_; }

 private:
  struct waiting {
    request what;
    bool counted;
    std::uint32_t bytes;
  };

  static command_type type_of(const request& what) {
    return static_cast<command_type>(what.what.index());
  }

  static const room_id* lane_of(const command::any& what) {
    if (const auto* send = std::get_if<command::send>(&what)) return &send->room;
    if (const auto* typing = std::get_if<command::typing>(&what)) return &typing->room;
    return nullptr;
  }

  // Lists: an idle session keeps no memory for them, and a running command stays where it is.
  std::list<waiting> waiting_;
  std::list<running> running_;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace confab::actors
