#include "actors/room.hpp"

#include "actors/walls.hpp"
#include "protocol/codec.hpp"

#include <algorithm>
#include <chrono>

namespace confab::actors {
namespace {

constexpr auto read_wait_max = std::chrono::seconds{10};
constexpr std::size_t epoch_chars = 8;
constexpr auto wake_wait_min = std::chrono::milliseconds{1};

epoch_id random_epoch(std::uint64_t random) {
  constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string text;
  for (std::size_t i = 0; i < epoch_chars; ++i, random /= digits.size())
    text += digits[random % digits.size()];
  return epoch_id{std::move(text)};
}

}  // namespace

room::room(caf::actor_config& config, const environment* env, room_id id)
    : pinned(config), env_(env), state_(std::in_place) {
  state_->id = std::move(id);
}

room::behavior_type room::make_behavior() {
  hear_unexpected(*this, *env_);
  // Its members reconnect, and find a fresh room (see directory's down handler).
  set_exception_handler([this](std::exception_ptr& caught) -> caf::error {
    report_bug(*env_, "room", state_ ? state_->id.view() : "", caught);
    return caf::exit_reason::unhandled_exception;
  });
  load();
  return {
      [this](room_command& what) { command(what); },
      [this](room_news& what) { news(what); },
      [this](watched& what) { listen(what); },
      [this](session_appeared& what) { return listen(what); },
      [this](const session_vanished& what) {
        room_effects effects;
        if (state_->room) state_->room->stop_listening(what.session, env_->steady_now(), effects);
        carry_out(effects);
      },
      [this](const wake& what) {
        // Timers can't be taken back: of those replaced by an earlier one nobody wants to know,
        // or a busy room would have more and more of them.
        if (state_->armed != what.due) return;
        state_->armed.reset();
        give_up_stash(env_->steady_now());
        room_effects effects;
        if (state_->room) state_->room->on_time(env_->steady_now(), effects);
        carry_out(effects);
      },
      [this](const retire&) {
        room_effects effects;
        if (state_->room) state_->room->dismiss_all(effects);
        for (auto& [shard, items] : effects.deliveries)
          send(env_->board.audience(shard), room_delivery{state_->id, std::move(items)});
        quit();
      },
  };
}

// --- coming to be ------------------------------------------------------------------------------

void room::load() {
  const auto& reader = env_->board.reader_of(state_->id);
  request(reader, read_wait_max, load_room_request{state_->id})
      .then([this](room_loaded& what) { loaded(what); },
            [this](caf::error&) {
              room_loaded nothing;
              loaded(nothing);
            });
}

void room::loaded(room_loaded& what) {
  auto& s = *state_;
  if (what.found == room_loaded::state::found) {
    s.room.emplace(std::move(what.info), std::move(what.tail),
                   room_state::options{env_->how.append_wait_max, env_->how.presence_gather,
                                       env_->how.presence_grace, env_->how.typing_lapse,
                                       journal::name(env_->durability), env_->how.rules,
                                       &env_->board.counts_of(s.id)},
                   creation_request(), std::move(what.names), std::move(what.reads));
    if (s.room->is_direct()) {
      const auto direct = *s.room->view().direct;
      s.room->block(direct.second, what.second_blocks);
      s.room->block(direct.first, what.first_blocks);
    }
    room_effects effects;
    for (auto& one : std::exchange(s.early_news, {}))
      if (!take_in(one, effects)) s.doomed = true;
    carry_out(effects);
    if (s.doomed) return quit(caf::exit_reason::unhandled_exception);
    return become_ready();
  }
  s.now = phase::absent;
  s.unknown = what.found == room_loaded::state::unavailable;
  if (s.unknown) give_up_stash({});
  work_off_stash();
}

/// Those that have waited for too long; all of them without `now`.
void room::give_up_stash(std::optional<steady_time> now) {
  auto& s = *state_;
  while (!s.stash.empty() && (!now || s.stash.front().until <= *now)) {
    const auto waiting = std::move(s.stash.front().what);
    s.stash.pop_front();
    refuse(waiting, error_code::unavailable, "try again");
  }
}

namespace {

/// Who would make the room.
const rooms::principal& maker_of(const room_op& what) {
  if (const auto* join = std::get_if<join_op>(&what)) return join->by;
  if (const auto* create = std::get_if<create_op>(&what)) return create->by;
  return std::get<direct_op>(what).by;
}

}  // namespace

/// How long its maker must wait, who has made too many.
std::chrono::milliseconds room::pay_for_room(const room_command& first) {
  if (!env_->prices) return {};
  auto& users = env_->prices->users;
  auto& addresses = env_->prices->addresses;
  const auto& maker = maker_of(first.what).user;
  const auto user = users.key_of(maker.view());
  const auto now = env_->steady_now();
  const auto wait = std::max(users.wait(user, price::rooms, 1, now),
                             addresses.wait(first.from.address, price::rooms, 1, now));
  if (wait.count() > 0) return std::chrono::ceil<std::chrono::milliseconds>(wait);
  env_->prices->taken.add(price::rooms, 1);
  users.charge(user, price::rooms, 1, now);
  addresses.charge(first.from.address, price::rooms, 1, now);
  return {};
}

/// Nothing of a room is shown before its epoch is as durable as its messages (G1).
void room::begin_creating(const room_command& first) {
  auto& s = *state_;
  rooms::create_room wanted{random_epoch(env_->random()), {}, {}};
  auto by = rooms::server_principal();
  std::string key;
  std::optional<std::chrono::milliseconds> overdrawn;
  if (const auto* direct = std::get_if<direct_op>(&first.what)) {
    const auto [low, high] = std::minmax(direct->by.user, direct->to);
    wanted.direct.emplace(low, high);
    by = direct->by;
  } else if (const auto* create = std::get_if<create_op>(&first.what)) {
    wanted.with = create->with;
    by = create->by;
    key = create->key;
    overdrawn = create->overdrawn;
  }
  s.now = phase::creating;
  s.stash.front().makes = true;
  send(env_->writer, append_request{creation_request(),
                                    {s.id, std::move(by), std::move(key), std::move(wanted),
                                     overdrawn}});
}

request_no room::creation_request() const noexcept { return request_no{std::uint64_t{id()} << 32}; }

void room::become_ready() {
  auto& s = *state_;
  if (!s.room->is_direct()) {
    s.now = phase::ready;
    return work_off_stash();
  }
  s.now = phase::finding_users;
  const auto& [a, b] = *s.room->view().direct;
  s.users_awaited = {a};
  if (a != b) s.users_awaited.push_back(b);
  for (const auto& user : s.users_awaited)
    send(env_->board.registrar_of(user), to_user{user, watch_user{s.id}});
}

void room::listen(watched& what) {
  auto& s = *state_;
  if (!s.room) return;
  room_effects effects;
  for (const auto& session : what.sessions) s.room->listen(session, effects);
  std::erase(s.users_awaited, what.user);
  if (s.now == phase::finding_users && s.users_awaited.empty()) {
    s.now = phase::ready;
    carry_out(effects);
    return work_off_stash();
  }
  carry_out(effects);
}

session_seen room::listen(session_appeared& what) {
  auto& s = *state_;
  room_effects effects;
  session_seen answer;
  if (s.room && s.room->is_direct()) {
    s.room->listen(what.who, effects);
    const auto& info = s.room->view();
    const auto& [a, b] = *info.direct;
    answer.direct = {s.id, a == what.who.user ? b : a, info.head, info.last_at};
  }
  carry_out(effects);
  return answer;
}

// --- commands ----------------------------------------------------------------------------------

void room::command(room_command& what) {
  auto& s = *state_;
  if (what.forwarded) ++s.forwards_seen;
  what.from.asked = env_->steady_now();
  what.from.at = env_->now();
  const auto until = what.from.asked + env_->how.append_wait_max;
  s.stash.push_back({std::move(what), until});
  work_off_stash();
}

void room::work_off_stash() {
  auto& s = *state_;
  room_effects effects;
  while (!s.stash.empty() && (s.now == phase::ready || s.now == phase::absent)) {
    auto& next = s.stash.front().what;
    if (s.now == phase::absent) {
      // A message that may be rejected makes no room.
      const auto* direct = std::get_if<direct_op>(&next.what);
      if (direct && direct->by_hook == rooms::checked::not_yet && !s.unknown) {
        effects.settlements.push_back({next.from.session, next.from.ticket,
                                       settlement::to_be_checked, {}, {}, 0, role::member});
        s.stash.pop_front();
        continue;
      }
      const bool joins = std::holds_alternative<join_op>(next.what) && 
                         env_->how.create_rooms == room_making::by_joining &&
                         !is_reserved(s.id);
      if (joins || std::holds_alternative<direct_op>(next.what) ||
          std::holds_alternative<create_op>(next.what)) {
        if (const auto wait = pay_for_room(next); wait.count() > 0) {
          auto why = rooms::refusal(error_code::rate_limited, "too many new rooms");
          why.retry_after = wait;
          refuse(next, why);
          s.stash.pop_front();
          continue;
        }
        begin_creating(next);
        break;  // it stays in the stash until the room is there
      }
      if (const auto* leave = std::get_if<leave_op>(&next.what); leave && leave->lost)
        effects.settlements.push_back({next.from.session, next.from.ticket});
      else if (s.unknown)
        refuse(next, error_code::unavailable, "try again");
      else
        refuse(next, error_code::no_such_room, "no such room");
    } else if (s.doomed && !std::holds_alternative<leave_op>(next.what)) {
      refuse(next, error_code::unavailable, "try again");
    } else {
      dispatch(next, effects);
    }
    s.stash.pop_front();
  }
  carry_out(effects);
}

void room::dispatch(room_command& what, room_effects& out) {
  auto& r = *state_->room;
  if (auto* signal = std::get_if<vouch_op>(&what.what)) return vouch(*signal, r.both_wrote());
  if (const auto* look = std::get_if<look_at_room>(&what.what)) {
    state_->idle_since.reset();  // who looks has something to say here: it stays a while
    return look->hear(&r);
  }
  r.command(what.from, what.what, env_->steady_now(), out);
}

void room::vouch(vouch_op& what, bool for_it) {
  what.what.vouched = for_it;
  if (for_it)
    return send(env_->board.registrar_of(what.to), to_user{what.to, std::move(what.what)});
  const auto from = what.what.what.session.id;
  send(env_->board.audience_of(from), to_session{from, sessions_reached{what.what.ticket, 0}});
}

void room::refuse(const room_command& what, error_code code, std::string_view text) {
  refuse(what, rooms::refusal(code, text));
}

void room::refuse(const room_command& what, const rooms::refused& why) {
  if (const auto* signal = std::get_if<vouch_op>(&what.what)) {
    auto denied = *signal;
    return vouch(denied, false);
  }
  if (const auto* look = std::get_if<look_at_room>(&what.what)) return look->hear(nullptr);
  env_->board.counts_of(state_->id).failed(what.from.type, why.code);
  room_effects effects;
  if (const auto* join = std::get_if<join_op>(&what.what); join && join->continuing) {
    effects.settlements.push_back({what.from.session, what.from.ticket, settlement::broken});
    return carry_out(effects);
  }
  effects.deliveries[what.from.session.shard()].push_back(
      unicast{what.from.session,
              encode_frame(what.from.format, error_for(what.from, state_->id, why))});
  effects.settlements.push_back({what.from.session, what.from.ticket});
  carry_out(effects);
}

// --- what the journal says ----------------------------------------------------------------------

void room::news(room_news& what) {
  auto& s = *state_;
  room_effects effects;
  for (auto& one : what.of)
    if (!take_in(one, effects)) s.doomed = true;
  if (s.doomed && s.room) s.room->failed_all(effects);
  carry_out(effects);
  // Members reconnect and resume (see directory's down handler).
  if (!s.doomed) return;
  env_->bug(name(), s.id.value() + ": its log is not what it knew");
  quit(caf::exit_reason::unhandled_exception);
}

/// False: what this actor knows of the log is not what is there.
bool room::take_in(room_outcome& what, room_effects& out) {
  auto& s = *state_;
  if (s.room) {
    const auto* lost = std::get_if<not_stored>(&what.what);
    return s.room->news(what, env_->steady_now(), out) && !(lost && lost->unknown);
  }
  auto* outcome = std::get_if<journal::outcome>(&what.what);
  auto* created = outcome ? std::get_if<journal::room_made>(outcome) : nullptr;
  const bool own_creation = s.now == phase::creating && what.request == creation_request();
  if (created && s.now != phase::loading) {
    if (own_creation && !created->duplicate) tell_created(*created);
    if (created->info.direct) {  // who has blocked whom stands in the journal
      s.now = phase::loading;
      load();
      return true;
    }
    room_loaded now_there;
    now_there.found = room_loaded::state::found;
    now_there.info = std::move(created->info);
    now_there.tail = std::move(created->entries);
    const auto& info = now_there.info;
    if (has_receipts(info.settings ? *info.settings : room_settings{}, info.direct.has_value(),
                     info.members))
      now_there.reads = markers_in(info, now_there.tail);
    loaded(now_there);
  } else if (own_creation) {
    if (const auto* no = outcome ? std::get_if<rooms::refused>(outcome) : nullptr)
      refuse_first(*no);
    room_loaded nothing;
    nothing.found = outcome ? room_loaded::state::unknown : room_loaded::state::unavailable;
    loaded(nothing);
  } else if (s.now == phase::loading) {
    s.early_news.push_back(std::move(what));
  }
  return true;
}

/// Who makes the room stands first, but may have been given up; the next one did not make it.
bool room::maker_waits() const { return !state_->stash.empty() && state_->stash.front().makes; }

/// To who made the room by `create`; who came in by `join` is answered by that.
void room::tell_created(const journal::room_made& made) {
  auto& s = *state_;
  if (!maker_waits() || !std::holds_alternative<create_op>(s.stash.front().what.what)) return;
  const auto from = s.stash.front().what.from;
  s.stash.pop_front();
  room_effects effects;
  if (from.ref)
    effects.deliveries[from.session.shard()].push_back(unicast{
        from.session,
        encode_frame(from.format, message::created{from.ref, s.id, made.info.epoch, made.info.head,
                                                   false})});
  effects.settlements.push_back({from.session, from.ticket});
  carry_out(effects);
}

void room::refuse_first(const rooms::refused& why) {
  auto& s = *state_;
  if (!maker_waits()) return;
  const auto first = std::move(s.stash.front().what);
  s.stash.pop_front();
  refuse(first, why);
}

// --- carrying out ------------------------------------------------------------------------------

void room::carry_out(room_effects& effects) {
  auto& s = *state_;
  for (auto& [session, what] : effects.catch_ups)
    effects.deliveries[session.shard()].push_back(
        hand_over{session, std::make_shared<const catch_up>(std::move(what))});
  for (const auto& what : effects.settlements)
    effects.deliveries[what.session.shard()].push_back(what);
  for (auto& [shard, items] : effects.deliveries)
    send(env_->board.audience(shard), room_delivery{s.id, std::move(items)});
  for (auto& wanted : effects.appends)
    send(env_->writer, append_request{wanted.request, std::move(wanted.what)});
  for (auto& question : effects.questions) ask(question.number, std::move(question.what));
  if (s.room && effects.published && s.room->is_direct()) {
    const auto& info = s.room->view();
    const auto& [a, b] = *info.direct;
    for (const auto& [user, other] : {std::pair{a, b}, std::pair{b, a}}) {
      send(env_->board.registrar_of(user),
           to_user{user, direct_moved{{s.id, other, info.head, info.last_at}}});
      if (a == b) break;
    }
  }
  if (s.room && s.room->online() != s.online_told) {
    s.online_told = s.room->online();
    send(env_->board.directory_of(s.id), online_changed{s.id, s.online_told});
  }
  arm();
}

void room::ask(std::uint64_t number, room_question what) {
  const auto take = [this, number](room_answer& answer) {
    room_effects effects;
    state_->room->answered(number, answer, env_->steady_now(), effects);
    carry_out(effects);
  };
  request(env_->board.reader_of(state_->id), read_wait_max,
          room_read_request{state_->id, std::move(what)})
      .then([take](room_read& found) { take(found.what); },
            [take](caf::error&) {
              room_answer nothing;
              take(nothing);
            });
}

/// One wake at a time, for the earliest of what the room waits for and the end of idleness.
void room::arm() {
  auto& s = *state_;
  const auto now = env_->steady_now();
  auto due = s.room ? s.room->deadline() : std::optional<steady_time>{};
  if (!s.stash.empty() && (!due || s.stash.front().until < *due)) due = s.stash.front().until;
  const bool idle =
      s.stash.empty() && (s.now == phase::absent || (s.now == phase::ready && s.room->idle()));
  if (!idle) {
    s.idle_since.reset();
  } else {
    if (!s.idle_since) s.idle_since = now;
    const auto end = *s.idle_since + (s.room ? env_->how.room_idle : std::chrono::milliseconds{0});
    if (end <= now)
      send(env_->board.directory_of(s.id), retire_room{s.id, s.forwards_seen});
    else if (!due || end < *due)
      due = end;
  }
  if (!due || (s.armed && *s.armed <= *due)) return;
  s.armed = due;
  send_later(std::max<caf::timespan>(*due - now, wake_wait_min), wake{*due});
}

}  // namespace confab::actors
