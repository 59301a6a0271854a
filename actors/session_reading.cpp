// What a session reads from the journal itself: history, the list of rooms, and catching up with a
// room that has moved on too far to serve it from memory.

#include "actors/session.hpp"

#include "protocol/codec.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace confab::actors {
namespace {

constexpr std::chrono::milliseconds read_wait_max = std::chrono::seconds{10};

}  // namespace

void session::read(running& run, decltype(session_read::what) what) {
  run.until = env_->steady_now() + read_wait_max;
  caf::anon_send(env_->board.reader_of(id_), session_read{id_, user_, taken_, run.ticket, std::move(what)});
  watch_in_flight();
}

/// What comes too late finds nobody who waits for it.
void session::read_came(read_done& what) {
  auto* run = gate_.find(what.ticket);
  if (!run) return;
  const bool ok = std::visit([](const auto& read) { return read.ok; }, what.what);
  if (reading_ && reading_->ticket == what.ticket) {
    run->until = {};
    if (!ok) return page_unavailable(rooms::refusal(error_code::unavailable, "try again"));
    if (const auto* entries = std::get_if<entries_read>(&what.what))
      taken_->pays.charge(price::rows, static_cast<double>(entries->entries.size()),
                          env_->steady_now());
    return std::visit(overloaded{
                          [this](entries_read& read) { give_page(std::move(read)); },
                          [this](messages_read& read) {
                            if (read.refused)
                              page_unavailable(*read.refused);
                            else
                              give_latest(std::move(read));
                          },
                          [](rooms_read&) {},
                          [](reactions_read&) {},
                          [](blocks_read&) {},
                          [](profiles_read&) {},
                          [](counts_read&) {},
                          [](unread_read&) {},
                          [](mentions_read&) {},
                          [](inbox_read&) {},
                          [](search_read&) {},
                          [](reported_read&) {},
                      },
                      what.what);
  }
  if (!ok) return fail(what.ticket, error_code::unavailable, "try again");
  std::visit(
      overloaded{
          [](entries_read&) {},  // of a catch-up that was given up
          [&](messages_read& read) { history_came(*run, read); },
          [&](rooms_read& read) { count_online(*run, read); },
          [&](blocks_read& read) { blocks_came(*run, read); },
          [&](profiles_read& read) { profiles_came(*run, read); },
          [&](counts_read& read) { counts_came(*run, read); },
          [&](unread_read& read) { unread_came(*run, read); },
          [&](mentions_read& read) { mentions_came(*run, read); },
          [&](inbox_read& read) { inbox_came(*run, read); },
          [&](search_read& read) { search_came(*run, read); },
          [&](reactions_read& read) {
            if (read.refused) return fail(what.ticket, *read.refused);
            if (read.joined && !in(run->room))
              return fail(what.ticket, error_code::not_joined, "the room was left");
            if (run->ref)
              say(message::reactions{run->ref, std::move(read.page.users), read.page.count,
                                     read.page.next});
            settle(what.ticket);
          },
          [&](reported_read& read) { reported_came(*run, read); },
      },
      what.what);
}

void session::start(running& run, command::history& what) {
  const auto* at = in(what.room);
  if (!at) return fail_outside(run, what.room);
  run.room = what.room;
  run.floor = at->floor;
  if (what.after && next(*what.after) < run.floor) what.after = seq_no{run.floor.value() - 1};
  taken_->pays.charge(price::rows, what.limit, env_->steady_now());
  read(run, messages_request{run.room, principal_in(run.room), what.before, what.after,
                             what.limit, what.thread});
}

/// From where on one may read may have moved since it was asked for, and one may have come anew.
void session::history_came(running& run, messages_read& read) {
  if (read.refused) return fail(run.ticket, *read.refused);
  if (looks_up(run.ticket)) return file_found(run, read);
  const auto* at = in(run.room);
  if (!at) return fail(run.ticket, error_code::not_joined, "the room was left");
  const auto floor = std::max(at->floor, run.floor);
  const auto older = [&](const auto& message) { return message.seq < floor; };
  if (std::erase_if(read.messages, older) > 0) read.more = false;
  if (run.ref)
    say(message::history{run.ref, run.room, read.head, std::move(read.messages), read.more,
                         std::move(read.names)});
  settle(run.ticket);
}

void session::start(running& run, command::list_rooms& what) {
  journal::room_filter allowed;
  allowed.asker = user_;
  allowed.hidden_too = token_ && token_->admin;
  if (token_ && token_->rooms && !token_->admin) {
    if (token_->rooms->empty()) {  // an empty filter would admit every room
      if (run.ref) say(message::rooms{run.ref, {}, false});
      return settle(run.ticket);
    }
    allowed.patterns = *token_->rooms;
  }
  taken_->pays.charge(price::rows, limits::rooms_page_count_max, env_->steady_now());
  read(run, rooms_request{std::move(what.after), std::move(allowed), limits::rooms_page_count_max});
}

/// Nothing that the client sends waits for it: it changes nothing.
void session::start(running& run, command::search& what) {
  if (!env_->search) return fail(run.ticket, error_code::forbidden, "no search here");
  if (!take(run, price::searches, 1, "too many searches")) return;
  taken_->pays.charge(price::rows, what.limit, env_->steady_now());
  search_request asked;
  asked.what = std::move(what);
  asked.by = principal_in(room_id{});
  for (const auto& at : joined_) asked.joined.emplace_back(at.room, principal_in(at.room));
  if (token_ && !token_->admin) asked.allowed = token_->rooms;
  run.beside = true;
  caf::anon_send(env_->search, session_search{id_, user_, taken_, run.ticket, std::move(asked)});
}

void session::search_came(running& run, search_read& read) {
  constexpr double candidates_per_row = 20;
  taken_->pays.charge(price::rows, static_cast<double>(read.candidates) / candidates_per_row,
                      env_->steady_now());
  read.page.ref = run.ref;
  if (run.ref) say(std::move(read.page));
  settle(run.ticket);
}

void session::start(running& run, command::list_reactions& what) {
  run.room = what.room;
  if (!may_join(what.room))
    return fail(run.ticket, error_code::forbidden, "not allowed in this room");
  taken_->pays.charge(price::rows, limits::reactions_page_count_max, env_->steady_now());
  const auto* at = in(what.room);
  const auto floor = at ? std::optional{at->floor} : std::nullopt;
  read(run, reactions_request{std::move(what), principal_in(run.room), floor});
}

/// The journal knows which rooms there are, the directories who is in those that are awake.
void session::count_online(running& run, rooms_read& read) {
  message::rooms answer{run.ref, {}, read.rooms.size() > limits::rooms_page_count_max};
  if (answer.more) read.rooms.resize(limits::rooms_page_count_max);
  for (auto& info : read.rooms) {
    const bool joined = in(info.room) != nullptr;
    message::room_ref row{info.room, info.title(), info.head, 0, joined};
    if (info.settings) {
      row.topic = info.settings->topic.value_or("");
      row.visible = info.settings->visible.value_or(visibility::everyone);
    }
    if (info.rows > 0) row.count = info.members;
    row.member = info.asker.is_member();
    row.invited = info.asker.is_invited(env_->now());
    // An invitation may have lapsed since it was stored.
    const bool sees_all = token_ && token_->admin;
    if (row.visible == visibility::closed && !row.member && !row.invited && !sees_all) continue;
    answer.list.push_back(std::move(row));
  }
  run.until = env_->steady_now() + read_wait_max;
  caf::anon_send(env_->board.directory(0),
                 online_question{id_, {run.ticket, std::move(answer)}, 0});
}

// --- catching up from the journal --------------------------------------------------------------

void session::catch_up_from_journal(const catch_up& what) {
  auto* run = gate_.find(what.ticket);
  if (!run || now_ == phase::closing) return;
  run->until = {};  // as long as there are pages for its reader, a catch-up takes its time
  reading_ = std::make_unique<catching_up>(
      catching_up{what.ticket, what, what.since, what.continuing, false});
  read_on();
}

void session::read_on() {
  auto& r = *reading_;
  r.waiting_for_sink = false;
  const auto& room = r.what.snapshot.room;
  const auto head = r.what.snapshot.head;
  if (r.upto && *r.upto >= head) return finish_catch_up();
  // A reader that lags is not given the next page before it has taken most of the last.
  if (sink_->queued_bytes() > limits::outbox_low_water_bytes) {
    r.waiting_for_sink = true;
    ++sink_waits_;
    watch_sink();
    return sink_->notify_when_low();
  }
  const auto now = env_->steady_now();
  const auto& pays = taken_->pays;
  const auto owed = std::max(pays.wait(price::rows, 0, now), pays.wait(price::bytes_out, 0, now));
  r.waiting_for_pay = owed.count() > 0;
  if (r.waiting_for_pay) return wait_for_pay(owed);
  auto& run = *gate_.find(r.ticket);
  if (r.upto)
    read(run, entries_request{room, *r.upto, head});
  else
    read(run, messages_request{room, principal_in(room), {}, {}, limits::history_count_default});
}

/// One timer, for the wait of this moment: while that is on, nothing else of the session goes on.
void session::watch_sink() {
  if (std::exchange(watches_sink_, true)) return;
  remind_me(limits::page_wait_max, {session_timer::kind::page, sink_waits_, {}});
}

void session::page_unavailable(const rooms::refused& why) {
  const auto failed = *std::exchange(reading_, nullptr);
  const auto& room = failed.what.snapshot.room;
  // `joined` can't be taken back, and who heard the room before has missed what came meanwhile.
  if (failed.told_joined || in(room) || is_direct(room))
    return close(close_code::internal, "the room's log can't be read");
  to_directory(room, {id_, format_, {}, {}}, leave_op{false});
  fail(failed.ticket, why);
}

/// They are as of the entry that was the last when they were read, which may be later than the room
/// said: catching up goes on from there.
void session::give_latest(messages_read read) {
  auto& r = *reading_;
  auto& frame = r.what.snapshot;
  frame.head = read.head;
  std::erase_if(read.messages, [&](const auto& message) { return message.seq < r.what.floor; });
  frame.events = std::move(read.messages);
  frame.users = std::move(read.names);
  frame.more = true;
  r.told_joined = true;
  r.upto = frame.head;
  give(frame);
}

void session::give_page(entries_read read) {
  auto& entries = read.entries;
  if (entries.empty())  // there must be some
    return page_unavailable(rooms::refusal(error_code::unavailable, "try again"));
  auto& r = *reading_;
  auto& frame = r.what.snapshot;
  r.upto = entries.back().seq;
  if (std::exchange(r.told_joined, true)) {
    give(message::more_events{frame.room, std::move(entries), true, std::move(read.names)});
  } else {
    frame.events = std::move(entries);
    frame.users = std::move(read.names);
    frame.more = true;
    give(frame);
  }
}

/// By way of the audience, behind what it still has from an earlier membership of the room; the
/// next page follows when it has passed.
void session::give(const message::any& page) {
  gate_.find(reading_->ticket)->answered = true;
  caf::anon_send(own_audience(),
                 session_delivery{id_, encode_frame(format_, page), reading_->ticket});
}

/// Who has to go is not given the rest of what he was catching up with; what he was given already
/// comes before `left`.
void session::stop_catching_up(const command_settled& what) {
  const bool reads = reading_ && reading_->what.snapshot.room == what.room;
  const auto stopped = reads ? std::exchange(reading_, nullptr) : nullptr;
  if (stopped && !stopped->told_joined) {
    const auto& run = *gate_.find(stopped->ticket);
    say_error(run.type, message::error{run.ref, error_code::unavailable, "the room was left", {},
                                       from(run).named(what.room)});
  }
  if (const message::left left{{}, what.room, what.reason}; !what.reason.empty() && stopped)
    caf::anon_send(own_audience(),
                   session_delivery{id_, encode_frame(format_, left), stopped->ticket});
  else if (!what.reason.empty())
    say(left);
  if (stopped) settle(stopped->ticket);
}

/// The room has the rest in memory, and from there on everything live.
void session::finish_catch_up() {
  const auto read = *std::exchange(reading_, nullptr);
  auto* run = gate_.find(read.ticket);
  if (!run) return;
  run->until = deadline();
  const auto& room = read.what.snapshot.room;
  to_directory(room, from(*run), join_op{info(), principal_in(room), read.upto, {}, true, false});
  watch_in_flight();
}

}  // namespace confab::actors
