#include "actors/directory.hpp"

#include "actors/room.hpp"
#include "actors/walls.hpp"

namespace confab::actors {

directory::directory(caf::actor_config& config, const environment* env)
    : pinned(config), env_(env) {}

directory::behavior_type directory::make_behavior() {
  end_process_on_bug(*this, *env_);
  set_down_handler([this](const caf::down_msg& down) { ended(down); });
  set_exit_handler([this](const caf::exit_msg& exit) {
    // The server stops: nobody else knows them all.
    for (const auto& [id, entry] : state_->rooms) send_exit(entry.handle, exit.reason);
    quit(exit.reason);
  });
  return {
      [this](to_room& what) { forward(what); },
      [this](const retire_room& idle) {
        const auto at = state_->rooms.find(idle.room);
        if (at == state_->rooms.end() || at->second.leaving ||
            at->second.forwards != idle.forwards_seen)
          return;
        at->second.leaving = true;
        send(at->second.handle, retire{});
      },
      [this](const online_changed& change) {
        if (const auto at = state_->rooms.find(change.room); at != state_->rooms.end())
          at->second.online = change.online;
      },
      [this](online_question& what) { count(what); },
      [this](const census_question& asked) { return list(asked.count_max); },
      [](const alive_request&) { return still_here{}; },
  };
}

void directory::forward(to_room& what) {
  auto& entry = state_->rooms[what.room];
  if (entry.leaving) return entry.waiting.push_back(std::move(what.command));
  if (!entry.handle) {
    entry.handle = spawn<room>(env_, what.room);
    env_->board.woke(what.room, entry.handle);
    env_->board.counts_of(what.room).rooms_awake.set(state_->rooms.size());
    state_->ids.emplace(entry.handle.id(), what.room);
    monitor(entry.handle);
  }
  ++entry.forwards;
  what.command.forwarded = true;
  send(entry.handle, std::move(what.command));
}

void directory::count(online_question& what) {
  for (auto& row : what.so_far.list.list)
    if (const auto at = state_->rooms.find(row.room); at != state_->rooms.end())
      row.online = at->second.online;
  if (++what.shard < env_->board.shards())
    send(env_->board.directory(what.shard), std::move(what));
  else
    send(env_->board.audience_of(what.session), to_session{what.session, std::move(what.so_far)});
}

rooms_present directory::list(std::size_t count_max) const {
  rooms_present out;
  out.in_all = state_->rooms.size();
  for (const auto& [id, entry] : state_->rooms) {
    if (out.rooms.size() == count_max) break;
    out.rooms.emplace_back(id, entry.online);
  }
  return out;
}

/// A room that ended without being told to has a bug, and nobody else's concern that is: its
/// sessions reconnect, and the next command finds a fresh actor that starts from the log.
void directory::ended(const caf::down_msg& down) {
  const auto known = state_->ids.extract(down.source.id());
  if (known.empty()) return;
  const auto& id = known.mapped();
  auto entry = state_->rooms.extract(id);
  env_->board.fell_asleep(id);
  env_->board.counts_of(id).rooms_awake.set(state_->rooms.size());
  if (down.reason != caf::exit_reason::normal)
    for (std::size_t shard = 0; shard < env_->board.shards(); ++shard)
      send(env_->board.audience(shard), room_lost{id});
  for (auto& command : entry.mapped().waiting) {
    to_room again{id, std::move(command)};
    forward(again);
  }
}

}  // namespace confab::actors
