// What a session reads from the journal itself: history, the list of rooms, and catching up with a
// room that has moved on too far to serve it from memory.

#include "actors/session.hpp"

#include "protocol/codec.hpp"
#include "protocol/limits.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <utility>

namespace confab::actors {
namespace {

constexpr auto read_wait_max = std::chrono::seconds{10};

}  // namespace

void session::start(command_gate::running& run, command::history& what) {
  auto& s = *state_;
  if (!s.joined.contains(what.room))
    return fail(run.ticket, error_code::not_joined, "join the room first");
  const auto ticket = run.ticket;
  request(env_->shards[s.self.id.shard()].reader, read_wait_max,
          messages_request{what.room, what.before, what.after, {}, what.limit})
      .then(
          [this, ticket, room = what.room](messages_read& read) {
            if (!read.ok) return fail(ticket, error_code::unavailable, "try again");
            if (const auto* asked = state_->gate.find(ticket); asked && asked->what.id)
              say(message::history{asked->what.id, room, std::move(read.messages), read.more});
            settle(ticket);
          },
          [this, ticket](caf::error&) { fail(ticket, error_code::unavailable, "try again"); });
}

void session::start(command_gate::running& run, command::list_rooms& what) {
  auto& s = *state_;
  journal::room_filter allowed;
  if (s.who->rooms && !s.who->admin) {
    if (s.who->rooms->empty()) {  // an empty filter would admit every room
      if (run.what.id) say(message::rooms{run.what.id, {}, false});
      return settle(run.ticket);
    }
    allowed.patterns = *s.who->rooms;
  }
  const auto ticket = run.ticket;
  request(env_->shards[s.self.id.shard()].reader, read_wait_max,
          rooms_request{what.after, std::move(allowed), limits::rooms_page_count_max})
      .then(
          [this, ticket](rooms_read& read) {
            if (!read.ok) return fail(ticket, error_code::unavailable, "try again");
            count_online(ticket, read);
          },
          [this, ticket](caf::error&) { fail(ticket, error_code::unavailable, "try again"); });
}

/// The journal knows which rooms there are, the directories who is in those that are awake.
void session::count_online(ticket_no ticket, rooms_read& read) {
  struct gathering {
    message::rooms answer;
    std::size_t open = 0;
  };
  const auto all = std::make_shared<gathering>();
  if (const auto* run = state_->gate.find(ticket)) all->answer.ref = run->what.id;
  all->answer.more = read.rooms.size() > limits::rooms_page_count_max;
  if (all->answer.more) read.rooms.resize(limits::rooms_page_count_max);

  std::map<std::size_t, std::vector<std::size_t>> by_shard;
  for (auto& info : read.rooms) {
    by_shard[env_->shard_of(info.room)].push_back(all->answer.list.size());
    all->answer.list.push_back({info.room, std::move(info.title), info.head, 0,
                                state_->joined.contains(info.room)});
  }
  const auto answered = [this, ticket, all] {
    if (all->open > 0 && --all->open > 0) return;
    if (all->answer.ref) say(all->answer);
    settle(ticket);
  };
  all->open = by_shard.size();
  if (by_shard.empty()) return answered();
  for (const auto& [shard, places] : by_shard) {
    online_request asked;
    for (const auto place : places) asked.rooms.push_back(all->answer.list[place].room);
    request(env_->shards[shard].directory, read_wait_max, std::move(asked))
        .then(
            [all, answered, at = places](const online_counts& counts) {
              for (std::size_t i = 0; i < at.size(); ++i)
                all->answer.list[at[i]].online = counts.online[i];
              answered();
            },
            [answered](caf::error&) { answered(); });
  }
}

// --- catching up from the journal --------------------------------------------------------------

void session::catch_up_from_journal(catch_up_needed& what) {
  auto& s = *state_;
  const auto* run = s.gate.find(what.what.ticket);
  if (!run || s.now == phase::closing) return;
  const bool told = what.what.continuing;
  const auto upto = what.what.since;
  s.reading = std::make_unique<catching_up>(catching_up{what.what.ticket, std::move(what.what), upto, told, false});
  read_on();
}

void session::read_on() {
  auto& s = *state_;
  auto& r = *s.reading;
  r.waiting_for_sink = false;
  const auto& room = r.what.snapshot.room;
  const auto head = r.what.snapshot.head;
  if (r.upto && *r.upto >= head) return finish_catch_up();
  // A reader that lags is not given the next page before it has taken most of the last.
  if (s.self.sink->queued_bytes() > limits::outbox_low_water_bytes) {
    r.waiting_for_sink = true;
    return s.self.sink->notify_when_low();
  }
  const auto failed = [this, ticket = r.ticket](caf::error&) {
    if (state_->reading && state_->reading->ticket == ticket) give_page({});
  };
  const auto& reader = env_->shards[s.self.id.shard()].reader;
  if (r.upto) {
    request(reader, read_wait_max, entries_request{room, *r.upto, head})
        .then(
            [this, ticket = r.ticket](entries_read& read) {
              if (state_->reading && state_->reading->ticket == ticket)
                give_page(std::move(read.entries));
            },
            failed);
  } else {
    request(reader, read_wait_max,
            messages_request{room, {}, {}, head, limits::history_count_default})
        .then(
            [this, ticket = r.ticket](messages_read& read) {
              auto& reading = state_->reading;
              if (!reading || reading->ticket != ticket) return;
              if (!read.ok) return give_page({});
              auto& frame = reading->what.snapshot;
              frame.events = std::move(read.messages);
              frame.more = true;
              reading->told_joined = true;
              reading->upto = frame.head;
              give(frame);
            },
            failed);
  }
}

/// An empty page where there must be entries: the journal could not be read.
void session::give_page(std::vector<log_entry> entries) {
  auto& s = *state_;
  auto& r = *s.reading;
  if (entries.empty()) {
    const auto failed = *std::exchange(s.reading, nullptr);
    const auto& room = failed.what.snapshot.room;
    // `joined` can't be taken back, and who heard the room before has missed what came meanwhile.
    if (failed.told_joined || s.joined.contains(room) || is_direct(room))
      return close(close_code::internal, "the room's log can't be read");
    send(directory_of(room), to_room{room,
                                     {{s.self.id, s.self.format, {}, {}},
                                      caf::actor_cast<session_actor>(this),
                                      leave_op{false}}});
    return fail(failed.ticket, error_code::unavailable, "try again");
  }
  r.upto = entries.back().seq;
  if (!r.told_joined) {
    r.what.snapshot.events = std::move(entries);
    r.what.snapshot.more = true;
    r.told_joined = true;
    give(r.what.snapshot);
  } else {
    give(message::more_events{r.what.snapshot.room, std::move(entries), true});
  }
}

/// By way of the audience, behind what it still has from an earlier membership of the room; the
/// next page follows when it has passed.
void session::give(const message::any& page) {
  auto& s = *state_;
  if (auto* run = s.gate.find(s.reading->ticket)) run->answered = true;
  frames bytes;
  bytes[s.self.format.index()] = encode_frame(s.self.format, page);
  send(env_->shards[s.self.id.shard()].audience,
       session_delivery{{s.self.id},
                        std::move(bytes),
                        caf::actor_cast<session_actor>(this),
                        s.reading->ticket});
}

/// The room has the rest in memory, and from there on everything live.
void session::finish_catch_up() {
  auto& s = *state_;
  const auto read = *std::exchange(s.reading, nullptr);
  auto* run = s.gate.find(read.ticket);
  if (!run) return;
  run->since = env_->now();
  const auto& room = read.what.snapshot.room;
  join_op op{info(), s.who->role_in(room), read.upto, {}, true};
  send(directory_of(room),
       to_room{room, {from(*run), caf::actor_cast<session_actor>(this), std::move(op)}});
}

}  // namespace confab::actors
