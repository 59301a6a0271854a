#include "actors/directory.hpp"

#include "actors/room.hpp"
#include "actors/user.hpp"

namespace confab::actors {

directory::directory(caf::actor_config& config, const environment* env)
    : pinned(config), env_(env) {}

directory::behavior_type directory::make_behavior() {
  set_down_handler([this](const caf::down_msg& down) { lost(down); });
  set_exit_handler([this](const caf::exit_msg& exit) {
    // The server stops: nobody else knows them all.
    for (const auto& [id, entry] : state_->rooms) send_exit(entry.handle, exit.reason);
    for (const auto& [id, entry] : state_->users) send_exit(entry.handle, exit.reason);
    quit(exit.reason);
  });
  return {
      [this](to_room& what) { forward(what); },
      [this](to_user& what) { forward(what); },
      [this](const retire_room& idle) {
        const auto at = state_->rooms.find(idle.room);
        if (at == state_->rooms.end() || at->second.forwards != idle.forwards_seen) return;
        demonitor(at->second.handle.address());
        send(at->second.handle, retire{});
        state_->rooms.erase(at);
      },
      [this](const retire_user& idle) {
        const auto at = state_->users.find(idle.user);
        if (at == state_->users.end() || at->second.forwards != idle.forwards_seen) return;
        demonitor(at->second.handle.address());
        send(at->second.handle, retire{});
        state_->users.erase(at);
      },
      [this](const online_changed& change) {
        if (const auto at = state_->rooms.find(change.room); at != state_->rooms.end())
          at->second.online = change.online;
      },
      [this](const online_request& asked) {
        online_counts counts;
        for (const auto& room : asked.rooms) {
          const auto at = state_->rooms.find(room);
          counts.online.push_back(at == state_->rooms.end() ? 0 : at->second.online);
        }
        return counts;
      },
  };
}

void directory::forward(to_room& what) {
  auto& entry = state_->rooms[what.room];
  if (!entry.handle) {
    entry.handle = spawn<room>(env_, what.room, caf::actor_cast<directory_actor>(this));
    monitor(entry.handle);
  }
  ++entry.forwards;
  what.command.forwarded = true;
  send(entry.handle, std::move(what.command));
}

void directory::forward(to_user& what) {
  auto& entry = state_->users[what.user];
  if (!entry.handle) {
    entry.handle = spawn<user>(env_, what.user, caf::actor_cast<directory_actor>(this));
    monitor(entry.handle);
  }
  ++entry.forwards;
  std::visit([&](auto& op) { send(entry.handle, std::move(op)); }, what.what);
}

/// A room or user that ended without being told to: a bug in it, and nobody else's concern. Its
/// sessions reconnect; the next command finds a fresh actor that starts from the log.
void directory::lost(const caf::down_msg& down) {
  for (auto at = state_->rooms.begin(); at != state_->rooms.end(); ++at)
    if (at->second.handle == down.source) {
      for (const auto& shard : env_->shards) send(shard.audience, room_lost{at->first});
      state_->rooms.erase(at);
      return;
    }
  for (auto at = state_->users.begin(); at != state_->users.end(); ++at)
    if (at->second.handle == down.source) {
      state_->users.erase(at);
      return;
    }
}

}  // namespace confab::actors
