// What becomes of a user who is erased, in memory.

#include "journal/memory_store.hpp"
#include "rooms/erasing.hpp"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <variant>

namespace confab::journal {
namespace {

void rename(user_id& name, const erased& what) {
  if (name == what.user) name = what.as;
}
void rename(std::optional<user_id>& name, const erased& what) {
  if (name) rename(*name, what);
}
}  // namespace

void erase_in_memory(memory_store& store, memory_room& room, const log_entry& at) {
  const auto what = std::get<erased>(at.body);
  const auto subject = room.view.room.value();
  for (const auto& user : {what.user, what.as}) {
    room.members.erase(user);
    if (room.view.direct && user == what.user)
      room.members[user] = rooms::apply(rooms::member_row{}, at, true);
    room.notes.erase(user);
    room.spoke.erase(user);
    room.gone.erase(user);
    store.marks.erase({user, rooms::mark::kind::read_marker, subject});
    store.marks.erase({user, rooms::mark::kind::own_settings, subject});
  }
  for (auto& entry : room.log)
    if (entry.seq < at.seq) rooms::rename(entry, what);
  for (auto& [seq, message] : room.changed) {
    rooms::apply(message, at);
    if (message.from == what.user) message.key.clear();
    rename(message.from, what);
    rename(message.edited_by, what);
    if (message.deleted_by == what.user) message.deleted_reason.clear();
    rename(message.deleted_by, what);
    for (auto& one : message.what.mentions.users) rename(one, what);
  }
  for (auto& [target, pin] : room.pins) rename(pin.by, what);
  for (auto& [user, row] : room.members) rename(row.by, what);
  if (room.view.room != rooms::server_room) return;
  store.profiles.erase(what.user);
  store.profiles.erase(what.as);
  std::erase_if(store.marks, [&](const auto& one) {
    const auto& [user, kind, about] = one.first;
    return user == what.user || (kind == rooms::mark::kind::block && about == what.user.value());
  });
}

void forget_name(log_entry& entry) {
  auto& profile = std::get<user_set>(entry.body);
  profile.name.clear();
  profile.data.reset();
}

void forget_in_memory(memory_store& store, unix_ms erased_by, unix_ms told_by) {
  auto& own = store.rooms.at(rooms::server_room).log;
  std::vector<erased> old;
  for (const auto& entry : own) {
    if (const auto* gone = std::get_if<erased>(&entry.body); gone && entry.at <= erased_by) {
      const auto mark = store.marks.find({rooms::server_user, rooms::mark::kind::own_settings,
                                          std::string{rooms::erasure_prefix} + gone->user.value()});
      const bool goes_on = mark != store.marks.end() && mark->second.what.value != 0;
      if (gone->user != gone->as && !goes_on) old.push_back(*gone);
    }
  }
  std::erase_if(store.profiles, [&](const auto& one) {
    const auto& known = one.second;
    const bool goes = known.is_guest() && known.at <= told_by;
    if (goes) forget_name(own[known.seq.value() - 1]);
    return goes;
  });
  for (const auto& one : old) {
    for (auto& [id, room] : store.rooms)
      for (auto& entry : room.log)
        if (auto* gone = std::get_if<erased>(&entry.body); gone && *gone == one && !room.view.direct)
          gone->user = gone->as;
    store.marks.erase({rooms::server_user, rooms::mark::kind::own_settings,
                       std::string{rooms::erasure_prefix} + one.user.value()});
  }
}

trace_page traces_of(memory_store& store, const user_id& user, std::uint64_t after,
                     std::size_t entries) {
  const std::shared_lock lock{store.border};
  trace_page page;
  const auto end = store.order.empty() ? 0 : store.order.back().position;
  page.upto = std::max(after, std::min<std::uint64_t>(end, after + entries));
  page.at_end = page.upto >= end;
  auto at = std::ranges::upper_bound(store.order, after, {}, &log_place::position);
  for (; at != store.order.end() && at->position <= page.upto; ++at) {
    const auto& entry = at->room->log[at->seq.value() - 1];
    if (!rooms::names(entry, user)) continue;
    const auto* message = at->room->message(at->seq);
    page.found.push_back({at->room->view.room, at->seq,
                          message && message->from == user && !at->room->folded(*message).deleted,
                          at->position});
  }
  return page;
}

}  // namespace confab::journal
