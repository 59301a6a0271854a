#include "actors/user.hpp"

#include "protocol/limits.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

namespace confab::actors {
namespace {

constexpr auto read_wait_max = std::chrono::seconds{10};
constexpr auto introduction_wait_max = std::chrono::seconds{5};

}  // namespace

user::user(caf::actor_config& config, const environment* env, user_id id,
           directory_actor directory)
    : pinned(config), env_(env), state_(state{}) {
  state_->id = std::move(id);
  state_->directory = std::move(directory);
}

user::behavior_type user::make_behavior() {
  set_down_handler([this](const caf::down_msg& down) {
    forget(down.source, down.reason != caf::exit_reason::normal);
    retire_if_idle();
  });
  return {
      [this](attach_session& what) {
        ++state_->forwards_seen;
        attach(what);
      },
      [this](const detach_session& what) {
        ++state_->forwards_seen;
        detach(what.session);
      },
      [this](const watch_user& what) {
        ++state_->forwards_seen;
        watch(what);
      },
      [this](const direct_moved& what) {
        ++state_->forwards_seen;
        note(what.direct);
        retire_if_idle();
      },
      [this](const user_signal& what) {
        ++state_->forwards_seen;
        deliver(what);
        retire_if_idle();
      },
      [this](const retire&) { quit(); },
  };
}

void user::attach(attach_session& what) {
  auto& s = *state_;
  if (what.device)
    for (const auto& [id, other] : s.sessions)
      if (other.device == what.device) send(other.who.handle, replace_session{});
  s.sessions.insert_or_assign(what.who.info.id, online_session{what.who, what.device});
  if (s.directs) return introduce(what.who, true);
  s.waiting_for_directs.push_back(std::move(what.who));
  read_directs();
}

void user::read_directs() {
  auto& s = *state_;
  if (s.reading_directs) return;
  s.reading_directs = true;
  const auto finish = [this](directs_read& read) {
    auto& own = *state_;
    own.reading_directs = false;
    if (std::exchange(own.read_in_vain, false)) return read_directs();
    if (read.ok) {
      own.directs.emplace();
      for (const auto& direct : read.directs) note(direct);
    }
    // Without the list nobody is kept out: rooms can be joined all the same.
    for (const auto& who : std::exchange(own.waiting_for_directs, {}))
      if (own.sessions.contains(who.info.id)) introduce(who, read.ok);
  };
  request(env_->shards[env_->shard_of(s.id)].reader, read_wait_max, directs_request{s.id})
      .then(finish, [finish](caf::error&) {
        directs_read nothing;
        finish(nothing);
      });
}

void user::note(const message::direct_ref& direct) {
  auto& s = *state_;
  if (!s.directs || direct.head.value() == 0) return;
  auto& known = (*s.directs)[direct.room];
  if (direct.head >= known.head) known = direct;
}

/// Every room has seen the session before the session sees the heads in `welcome`: what a head
/// does not count yet will reach the session live.
void user::introduce(const session_ref& who, bool with_directs) {
  auto& s = *state_;
  if (s.watchers.empty()) return greet(who, with_directs);
  const auto open = std::make_shared<std::size_t>(s.watchers.size());
  const auto answered = [this, who, with_directs, open] {
    if (--*open == 0) greet(who, with_directs);
  };
  for (const auto& [room, handle] : s.watchers)
    request(handle, introduction_wait_max, session_appeared{who})
        .then(
            [this, answered](const session_seen& seen) {
              note(seen.direct);
              answered();
            },
            [this, answered, gone = handle.address()](caf::error& why) {
              // The news of its end may still be on the way.
              if (why == caf::sec::request_receiver_down) forget(gone, true);
              answered();
            });
}

void user::greet(const session_ref& who, bool with_directs) {
  auto& s = *state_;
  if (with_directs && !s.directs) {  // they were void before it came to this
    s.waiting_for_directs.push_back(who);
    return read_directs();
  }
  session_attached hello;
  if (const auto& directs = s.directs) {
    for (const auto& [room, direct] : *directs) hello.directs.push_back(direct);
    std::ranges::sort(hello.directs, [](const auto& a, const auto& b) {
      return std::pair{b.last_at, a.room} < std::pair{a.last_at, b.room};
    });
    if (hello.directs.size() > limits::directs_count_max)
      hello.directs.resize(limits::directs_count_max);
  }
  send(who.handle, std::move(hello));
}

void user::detach(session_id session) {
  auto& s = *state_;
  s.sessions.erase(session);
  for (const auto& [room, handle] : s.watchers) send(handle, session_vanished{session});
  retire_if_idle();
}

void user::watch(const watch_user& what) {
  auto& s = *state_;
  s.watchers.insert_or_assign(what.room, what.handle);
  monitor(what.handle);
  watched answer{s.id, {}};
  for (const auto& [id, session] : s.sessions) answer.sessions.push_back(session.who);
  send(what.handle, std::move(answer));
}

/// A direct room was put away, or ended by a bug; it may have a successor already. After a bug what
/// was last heard of its head is not what the log says.
void user::forget(const caf::actor_addr& room, bool bug) {
  auto& s = *state_;
  std::erase_if(s.watchers, [&](const auto& watcher) { return watcher.second == room; });
  if (!bug) return;
  s.directs.reset();
  s.read_in_vain = s.reading_directs;
}

void user::deliver(const user_signal& what) {
  const auto& s = *state_;
  std::map<std::uint8_t, std::vector<session_id>> by_shard;
  for (const auto& [id, session] : s.sessions) by_shard[id.shard()].push_back(id);
  for (auto& [shard, sessions] : by_shard)
    send(env_->shards[shard].audience, session_delivery{std::move(sessions), what.bytes, {}, {}});
  send(what.reply_to, sessions_reached{what.ticket, s.sessions.size()});
}

void user::retire_if_idle() {
  const auto& s = *state_;
  if (s.sessions.empty() && s.watchers.empty())
    send(s.directory, retire_user{s.id, s.forwards_seen});
}

}  // namespace confab::actors
