#include "cluster/presence.hpp"

#include "cluster/batch.hpp"
#include "cluster/bytes.hpp"
#include "protocol/limits.hpp"

#include <algorithm>

namespace confab::cluster {
namespace {

constexpr std::uint8_t presence_format = 1;
constexpr std::size_t id_bytes_max = 256;  // whatever an id may have, less is judged by `make`
constexpr std::uint32_t pieces_max = 100'000;

template <class Id>
Id id_of(byte_reader& from) {
  auto found = Id::make(from.text(id_bytes_max));
  if (!found) from.fail();
  return found ? *std::move(found) : Id{};
}

}  // namespace

std::string encode(const presence_frame& what) {
  byte_writer to;
  to.fixed(presence_format, 1);
  to.text(what.node);
  to.fixed(what.session, 8), to.fixed(what.number, 8);
  to.varint(what.piece), to.varint(what.pieces);
  to.varint(what.changes.size());
  for (const auto& change : what.changes) {
    to.text(change.room.view());
    to.varint(change.came.size());
    for (const auto& one : change.came) to.text(one.user.view()), to.text(one.name);
    to.varint(change.went.size());
    for (const auto& user : change.went) to.text(user.view());
    to.varint(change.typing.size());
    for (const auto& [user, on] : change.typing) to.text(user.view()), to.fixed(on, 1);
  }
  return std::move(to).take();
}

std::optional<presence_frame> decode_presence(std::string_view bytes) {
  byte_reader from{bytes};
  if (from.fixed(1) != presence_format) return std::nullopt;
  presence_frame found;
  found.node = from.text(node_bytes_max);
  found.session = from.fixed(8), found.number = from.fixed(8);
  const auto piece = from.varint(), pieces = from.varint();
  if (pieces > pieces_max || (pieces == 0 ? piece != 0 : piece >= pieces)) return std::nullopt;
  found.piece = static_cast<std::uint32_t>(piece);
  found.pieces = static_cast<std::uint32_t>(pieces);
  // Each turn reads some bytes, or fails.
  for (auto rooms = from.varint(); rooms > 0 && !from.failed(); --rooms) {
    presence_change change{id_of<room_id>(from), {}, {}, {}};
    for (auto count = from.varint(); count > 0 && !from.failed(); --count) {
      auto user = id_of<user_id>(from);
      change.came.push_back({std::move(user), std::string{from.text(limits::name_bytes_max)}});
    }
    for (auto count = from.varint(); count > 0 && !from.failed(); --count)
      change.went.push_back(id_of<user_id>(from));
    for (auto count = from.varint(); count > 0 && !from.failed(); --count) {
      auto user = id_of<user_id>(from);
      const auto on = from.fixed(1);
      if (on > 1) from.fail();
      change.typing.emplace_back(std::move(user), on == 1);
    }
    found.changes.push_back(std::move(change));
  }
  if (from.failed() || !from.at_end() || found.node.empty()) return std::nullopt;
  return found;
}

// --- who tells ---------------------------------------------------------------------------------

void presence_teller::begin(std::uint64_t session) {
  session_ = session;
  number_ = 0;
}

presence_teller::pending_change& presence_teller::pending(const room_id& room, const user_id& who,
                                                          clock now) {
  if (!tell_at_) tell_at_ = now + how_.gather;
  return pending_[room][who];
}
void presence_teller::came(const room_id& room, const person& who, clock now) {
  auto& change = pending(room, who.user, now);
  change.here = who.name, change.moves = true;
}
void presence_teller::went(const room_id& room, const user_id& who, clock now) {
  auto& change = pending(room, who, now);
  change.here.reset(), change.moves = true;
  change.typing.reset();
}
void presence_teller::typing(const room_id& room, const user_id& who, bool on, clock now) {
  pending(room, who, now).typing = on;
}

std::vector<presence_frame> presence_teller::on_time(clock now) {
  std::vector<presence_frame> frames;
  if (session_ == 0 || !tell_at_ || now < *tell_at_) return frames;
  tell_at_.reset();
  std::size_t people = 0;
  const auto room_of = [&](const room_id& room) -> presence_change& {
    if (frames.empty() || ++people > how_.people_max) {
      frames.push_back({how_.node, session_, ++number_, 0, 0, {}});
      people = 1;
    }
    auto& changes = frames.back().changes;
    if (changes.empty() || changes.back().room != room) changes.push_back({room, {}, {}, {}});
    return changes.back();
  };
  for (const auto& [room, users] : std::exchange(pending_, {})) {
    auto& told = told_[room];
    for (const auto& [user, change] : users) {
      const auto was = told.find(user);
      // Who came and went again meanwhile was never there.
      if (change.moves && change.here && was == told.end()) {
        room_of(room).came.push_back({user, *change.here});
        told.emplace(user, *change.here);
      } else if (change.moves && !change.here && was != told.end()) {
        room_of(room).went.push_back(user);
        told.erase(was);
      }
      if (change.typing && told.contains(user))
        room_of(room).typing.emplace_back(user, *change.typing);
    }
    if (told.empty()) told_.erase(room);
  }
  return frames;
}

std::vector<presence_frame> presence_teller::all() const {
  std::vector<presence_frame> frames;
  if (session_ == 0) return frames;
  const auto begin_piece = [&] {
    frames.push_back(
        {how_.node, session_, number_, static_cast<std::uint32_t>(frames.size()), 0, {}});
  };
  begin_piece();
  std::size_t people = 0;
  for (const auto& [room, users] : told_)
    for (const auto& [user, name] : users) {
      if (++people > how_.people_max) begin_piece(), people = 1;
      auto& changes = frames.back().changes;
      if (changes.empty() || changes.back().room != room) changes.push_back({room, {}, {}, {}});
      changes.back().came.push_back({user, name});
    }
  for (auto& one : frames) one.pieces = static_cast<std::uint32_t>(frames.size());
  return frames;
}

// --- who is told -------------------------------------------------------------------------------

/// Null: it is of a process that has ended.
presence_reader::node_state* presence_reader::state_of(const std::string& node,
                                                       std::uint64_t session, clock now) {
  auto& of = nodes_[node];
  if (session < of.session) return nullptr;
  if (session > of.session) {
    // Who was there stays until the new process has said who is: most of them come back to it.
    of.session = session;
    of.number = of.told = 0;
    of.is_known = false;
    of.asked_at.reset();
    of.later.clear(), of.got.clear(), of.collected.clear();
  }
  of.heard_at = now;
  return &of;
}

void presence_reader::add(const room_id& room, const person& who, changes_by_room& out) {
  auto& one = here_[room][who.user];
  if (one.nodes++ > 0) return;
  one.name = who.name;
  auto& moved = out[room].moved;
  if (const auto [at, fresh] = moved.try_emplace(who.user, who.name); !fresh) moved.erase(at);
}
void presence_reader::remove(const room_id& room, const user_id& who, changes_by_room& out) {
  const auto users = here_.find(room);
  const auto at = users->second.find(who);
  if (--at->second.nodes > 0) return;
  users->second.erase(at);
  if (users->second.empty()) here_.erase(users);
  auto& moved = out[room].moved;
  if (const auto [gone, fresh] = moved.try_emplace(who, std::nullopt); !fresh) moved.erase(gone);
}

void presence_reader::apply(node_state& of, const presence_frame& what, changes_by_room& out) {
  for (const auto& change : what.changes) {
    auto& users = of.here[change.room];
    for (const auto& one : change.came)
      if (users.emplace(one.user, one.name).second) add(change.room, one, out);
    for (const auto& user : change.went)
      if (users.erase(user) > 0) remove(change.room, user, out);
    if (users.empty()) of.here.erase(change.room);
    if (change.typing.empty()) continue;
    auto& typing = out[change.room].typing;
    typing.insert(typing.end(), change.typing.begin(), change.typing.end());
  }
  of.number = what.number;
}

/// What came behind a hole, as far as there is none.
void presence_reader::go_on(node_state& of, changes_by_room& out) {
  of.later.erase(of.later.begin(), of.later.upper_bound(of.number));
  for (auto next = of.later.begin(); next != of.later.end() && next->first == of.number + 1;
       next = of.later.erase(next))
    apply(of, next->second, out);
}

void presence_reader::take_piece(node_state& of, const presence_frame& what, changes_by_room& out) {
  if (of.is_known && what.number <= of.number) return;
  if (!of.got.empty() && what.number < of.pieces_number) return;
  if (of.pieces_number != what.number || of.pieces != what.pieces) {
    of.pieces_number = what.number, of.pieces = what.pieces;
    of.got.clear(), of.collected.clear();
  }
  if (!of.got.insert(what.piece).second) return;
  for (const auto& change : what.changes)
    for (const auto& one : change.came) of.collected[change.room].emplace(one.user, one.name);
  if (of.got.size() < of.pieces) return;
  of.got.clear();
  of.number = what.number;
  of.is_known = true;
  of.asked_at.reset();
  replace(of, std::exchange(of.collected, {}), out);
  go_on(of, out);
}

void presence_reader::replace(node_state& of, people by, changes_by_room& out) {
  const auto has = [](const people& all, const room_id& room, const user_id& user) {
    const auto users = all.find(room);
    return users != all.end() && users->second.contains(user);
  };
  for (const auto& [room, users] : by)
    for (const auto& [user, name] : users)
      if (!has(of.here, room, user)) add(room, {user, name}, out);
  for (const auto& [room, users] : of.here)
    for (const auto& [user, name] : users)
      if (!has(by, room, user)) remove(room, user, out);
  of.here = std::move(by);
}

void presence_reader::ask_if_needed(const std::string& node, node_state& of, clock now,
                                    effects& out) const {
  const bool has_hole = !of.later.empty() || of.told > of.number;
  if (of.is_known && !has_hole) return;
  if (of.asked_at && now - *of.asked_at < how_.ask_wait) return;
  of.asked_at = now;
  out.ask.push_back(node);
}

std::vector<presence_change> presence_reader::listed(changes_by_room changes) {
  std::vector<presence_change> all;
  for (auto& [room, net] : changes) {
    presence_change change{room, {}, {}, std::move(net.typing)};
    for (auto& [user, name] : net.moved) {
      if (name)
        change.came.push_back({user, *std::move(name)});
      else
        change.went.push_back(user);
    }
    if (!net.moved.empty() || !change.typing.empty()) all.push_back(std::move(change));
  }
  return all;
}

presence_reader::effects presence_reader::heard(const std::string& node, std::uint64_t session,
                                                std::uint64_t number, clock now) {
  effects out;
  auto* of = session == 0 ? nullptr : state_of(node, session, now);
  if (!of) return out;
  of->told = std::max(of->told, number);
  ask_if_needed(node, *of, now, out);
  return out;
}

presence_reader::effects presence_reader::take(const presence_frame& what, clock now) {
  effects out;
  auto* of = state_of(what.node, what.session, now);
  if (!of) return out;
  changes_by_room changes;
  if (what.pieces > 0) {
    take_piece(*of, what, changes);
  } else if (!of->is_known || what.number > of->number) {
    of->told = std::max(of->told, what.number);
    if (of->later.size() < how_.later_max) of->later.emplace(what.number, what);
    if (of->is_known) go_on(*of, changes);
  }
  ask_if_needed(what.node, *of, now, out);
  out.changes = listed(std::move(changes));
  return out;
}

presence_reader::effects presence_reader::on_time(clock now) {
  effects out;
  changes_by_room changes;
  for (auto at = nodes_.begin(); at != nodes_.end();) {
    auto& [node, of] = *at;
    if (now - of.heard_at < how_.absent_after) {
      ask_if_needed(node, of, now, out);
      ++at;
      continue;
    }
    replace(of, {}, changes);
    at = nodes_.erase(at);
  }
  out.changes = listed(std::move(changes));
  return out;
}

std::vector<person> presence_reader::in(const room_id& room) const {
  std::vector<person> all;
  const auto users = here_.find(room);
  if (users == here_.end()) return all;
  for (const auto& [user, one] : users->second) all.push_back({user, one.name});
  return all;
}

}  // namespace confab::cluster
