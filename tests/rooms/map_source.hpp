#pragma once

#include "rooms/judge.hpp"
#include "rooms/present.hpp"
#include "rooms/sequencer.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

/// What the tests of the rules share: a store that is a map, and short ways to ask.
namespace confab::rooms::test {

inline const auto alice = user_id::trusted("alice");
inline const auto bob = user_id::trusted("bob");
inline const auto carol = user_id::trusted("carol");
inline const auto general = room_id::trusted("general");

struct kept_room {
  room_view view;
  std::vector<log_entry> log;
  std::map<std::uint64_t, folded_message> messages;
  std::map<user_id, member_row> members;
};

/// A naive store: everything is looked for in the whole log.
class map_source final : public source {
 public:
  room_view* room(const room_id& id) override {
    const auto at = rooms.find(id);
    return at == rooms.end() ? nullptr : &at->second.view;
  }
  std::optional<message_state> message(const room_view& view, seq_no seq, const user_id& by,
                                       std::string_view emoji) override {
    if (fails) return broken_ = true, std::nullopt;
    const auto& room = rooms.at(view.room);
    const auto at = room.messages.find(seq.value());
    if (at == room.messages.end()) return std::nullopt;
    const auto& folded = at->second;
    message_state state;
    state.author = folded.from;
    state.deleted = folded.deleted;
    state.edits = folded.edits;
    state.reaction_entries = folded.reaction_entries;
    state.emoji = static_cast<std::uint32_t>(folded.reactions.size());
    state.thread = folded.where.thread;
    state.mentions_room = folded.what.mentions.room;
    const auto users = folded.reactions.find(std::string{emoji});
    if (users == folded.reactions.end()) return state;
    state.emoji_there = true;
    for (const auto& one : users->second) state.reacted = state.reacted || one.user == by;
    return state;
  }
  std::optional<key_record> key(const room_view& room, const user_id& by,
                                std::string_view key) override {
    if (fails) return broken_ = true, std::nullopt;
    const auto at = keys.find({room.room, by, std::string{key}});
    return at == keys.end() ? std::nullopt : std::optional{at->second};
  }
  member_row member(const room_view& view, const user_id& user) override {
    const auto room = rooms.find(view.room);
    if (room == rooms.end()) return {};
    const auto at = room->second.members.find(user);
    return at == room->second.members.end() ? member_row{} : at->second;
  }
  std::optional<known_profile> profile(const user_id& user) override {
    const auto at = profiles.find(user);
    return at == profiles.end() ? std::nullopt : std::optional{at->second};
  }
  std::size_t memberships(const user_id& user, unix_ms now, std::size_t limit) override {
    std::size_t count = 0;
    for (const auto& [id, room] : rooms) {
      const auto at = room.members.find(user);
      if (at == room.members.end()) continue;
      count += at->second.is_member() || at->second.is_invited(now);
    }
    return std::min(count, limit);
  }
  bool has_blocked(const user_id& blocker, const user_id& blocked) override {
    return blocks.contains({blocker, blocked});
  }
  seq_no marker(const room_view& room, const user_id& user) override {
    const auto at = markers.find({room.room, user});
    return at == markers.end() ? seq_no{} : at->second;
  }
  kept_own own(const room_view& room, const user_id& user) override {
    const auto at = owns.find({room.room, user});
    return at == owns.end() ? kept_own{} : at->second;
  }
  std::optional<unix_ms> last_message(const room_view& view, const user_id& by) override {
    const auto& log = rooms.at(view.room).log;
    for (auto at = log.rbegin(); at != log.rend(); ++at)
      if (at->from == by && std::holds_alternative<posted>(at->body)) return at->at;
    return std::nullopt;
  }
  std::optional<user_id> successor(const room_view& view,
                                   std::span<const user_id> without) override {
    std::optional<std::tuple<int, seq_no, user_id>> best;
    for (const auto& [user, row] : rooms.at(view.room).members) {
      if (!row.is_member() || std::ranges::find(without, user) != without.end()) continue;
      const std::tuple rank{-static_cast<int>(row.as), row.since, user};
      if (!best || rank < *best) best = rank;
    }
    return best ? std::optional{std::get<user_id>(*best)} : std::nullopt;
  }
  std::uint64_t last_position() const noexcept override { return position; }
  bool broken() const noexcept override { return broken_; }

  void keep(const operation& asked, const decision& made) {
    if (std::holds_alternative<marked>(made)) ++position;
    if (const auto* created = std::get_if<room_created>(&made)) {
      rooms[asked.room].view = created->view;
      keep(asked.room, created->entries);
    }
    if (const auto* done = std::get_if<appended>(&made)) keep(asked.room, done->entries);
    const auto keep_own = [&](const user_id& user, const kept_own& own) {
      ++position;
      owns[{asked.room, user}] = own;
    };
    if (const auto* moved = std::get_if<marker_moved>(&made)) {
      markers[{asked.room, moved->user}] = moved->read;
      if (moved->own) keep_own(moved->user, *moved->own);
    }
    if (const auto* set = std::get_if<own_set>(&made)) keep_own(set->user, set->own);
  }

  std::map<room_id, kept_room> rooms;
  std::map<std::tuple<room_id, user_id, std::string>, key_record> keys;
  std::map<user_id, known_profile> profiles;
  std::map<std::pair<room_id, user_id>, seq_no> markers;
  std::map<std::pair<room_id, user_id>, kept_own> owns;
  std::set<std::pair<user_id, user_id>> blocks;  // who blocked, and whom
  std::uint64_t position = 0;
  bool fails = false;

 private:
  void keep(const room_id& id, const std::vector<log_entry>& entries) {
    if (entries.empty()) return;
    auto& room = rooms.at(id);
    const auto& first = entries.front();
    if (!first.key.empty()) {
      keys[{id, first.from, first.key}] = {position + 1,          first.at,  kind_of(first.body),
                                           target_of(first.body), first.seq, entries.back().seq};
      if (const auto* change = std::get_if<member_set>(&first.body))
        keys[{id, first.from, first.key}].members = *change;
    }
    for (const auto& entry : entries) {
      ++position;
      room.log.push_back(entry);
      if (std::holds_alternative<posted>(entry.body))
        room.messages.emplace(entry.seq.value(), begin_fold(entry));
      else if (const auto target = target_of(entry.body))
        rooms::apply(room.messages.at(target->value()), entry);
      else if (const auto* change = std::get_if<member_set>(&entry.body))
        for (const auto& user : change->users) {
          auto& row = room.members[user];
          row = rooms::apply(row, entry);
          if (!row.is_member()) owns.erase({id, user});
        }
      else if (const auto* gone = std::get_if<erased>(&entry.body))
        room.members[gone->user] = rooms::apply(member_row{}, entry, room.view.direct.has_value());
      else if (const auto* profile = std::get_if<user_set>(&entry.body))
        profiles[profile->user] = {*profile, entry.at, entry.seq};
    }
  }

  bool broken_ = false;
};

inline principal author(const user_id& user) {
  principal by;
  by.user = user;
  by.joined = true;
  return by;
}
inline content words(std::string text) {
  content what;
  what.text = std::move(text);
  return what;
}
inline operation create(const room_id& id = general) {
  return {id, author(alice), {}, create_room{epoch_id{"e"}, {}, {}}};
}
inline operation post(std::string text, std::string key = "", const user_id& from = alice) {
  return {general, author(from), std::move(key), post_message{words(std::move(text)), {}}};
}
inline operation edit(std::uint64_t target, const user_id& from = alice) {
  return {general, author(from), "", edit_message{seq_no{target}, words("new")}};
}
inline operation erase(std::vector<std::uint64_t> targets, const user_id& from = alice) {
  delete_messages wanted;
  for (const auto target : targets) wanted.targets.push_back(seq_no{target});
  return {general, author(from), "", std::move(wanted)};
}
inline operation react(std::uint64_t target, const user_id& from = bob, bool on = true) {
  return {general, author(from), "", set_reaction{seq_no{target}, "+", on}};
}

struct fixture {
  map_source from;
  sequencer order;

  explicit fixture(const rules& how = {}) : order(key_window{}, how) {}

  decision decide(operation asked, std::int64_t stamp = 1000) {
    const auto copy = asked;
    auto made = order.decide(asked, unix_ms{stamp}, from);
    from.keep(copy, made);
    return made;
  }
};

}  // namespace confab::rooms::test
