#pragma once

#include "protocol/entry.hpp"
#include "rooms/member_row.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What a person would count.
namespace confab::journal::test {

/// All that happened in a room, as it was said: nothing is taken away here.
struct told_room {
  std::vector<log_entry> log;
  std::map<user_id, rooms::member_row> rows;
  std::map<user_id, seq_no> markers;
  std::map<user_id, std::set<std::uint64_t>> ends;     // entries that ended a membership
  std::vector<std::map<user_id, bool>> members_after;  // by entry
  std::uint64_t trimmed = 0;                           // up to there

  void take(const log_entry& entry) {
    log.push_back(entry);
    if (const auto* gone = std::get_if<confab::trimmed>(&entry.body))
      trimmed = std::max(trimmed, gone->upto.value());
    if (const auto* change = std::get_if<member_set>(&entry.body))
      for (const auto& one : change->users) {
        const bool was = rows[one].is_member();
        rows[one] = rooms::apply(rows[one], entry);
        if (was && !rows[one].is_member()) ends[one].insert(entry.seq.value());
      }
    if (std::holds_alternative<posted>(entry.body) && rows[entry.from].is_member())
      markers[entry.from] = std::max(markers[entry.from], entry.seq);
    auto& members = members_after.emplace_back();
    for (const auto& [one, row] : rows) members[one] = row.is_member();
  }
  /// Both are members for ever, without an entry.
  void begin_direct(const user_id& a, const user_id& b) {
    for (const auto& one : {a, b}) rows[one].state = member_state::member;
  }

  bool was_member(const user_id& who, std::uint64_t at) const {
    const auto found = members_after[at - 1].find(who);
    return found != members_after[at - 1].end() && found->second;
  }
  bool left_between(const user_id& who, std::uint64_t from, std::uint64_t to) const {
    const auto found = ends.find(who);
    if (found == ends.end()) return false;
    const auto end = found->second.upper_bound(from);
    return end != found->second.end() && *end <= to;
  }
  std::optional<std::uint64_t> deleted_at(std::uint64_t target) const {
    for (const auto& entry : log)
      if (const auto* gone = std::get_if<deleted>(&entry.body);
          gone && gone->target.value() == target)
        return entry.seq.value();
    return std::nullopt;
  }
  /// The latest fifty who wrote in a thread, of what was there before `at`.
  std::set<user_id> writers(seq_no root, std::uint64_t at) const {
    std::vector<user_id> found;
    for (auto seq = at - 1; seq > 0; --seq) {
      const auto* reply = std::get_if<posted>(&log[seq - 1].body);
      const auto gone = deleted_at(seq);
      if (!reply || reply->where.thread != root || (gone && *gone < at)) continue;
      if (std::ranges::find(found, log[seq - 1].from) == found.end())
        found.push_back(log[seq - 1].from);
    }
    found.resize(std::min<std::size_t>(found.size(), 50));
    return {found.begin(), found.end()};
  }

  /// Where `who` has a note of the message, if one is left.
  std::optional<std::uint64_t> note_of(const log_entry& message, const user_id& who) const {
    const auto& body = std::get<posted>(message.body);
    if (body.where.quiet || message.from == who) return std::nullopt;
    const auto author = [&](seq_no seq) { return log[seq.value() - 1].from; };
    const auto names_who = [&](const mention_list& list) {
      return std::ranges::find(list.users, who) != list.users.end();
    };
    bool to_all = body.what.mentions.room;
    bool named = names_who(body.what.mentions), otherwise = false;
    std::optional<std::uint64_t> place;
    if (!to_all) {
      if (body.where.reply_to && author(*body.where.reply_to) == who) otherwise = true;
      if (body.where.thread)
        otherwise = otherwise || author(*body.where.thread) == who ||
                    writers(*body.where.thread, message.seq.value()).contains(who);
      if ((named || otherwise) && was_member(who, message.seq.value())) place = message.seq.value();
    }
    for (const auto& entry : log) {
      const auto* edit = std::get_if<edited>(&entry.body);
      if (!edit || edit->target != message.seq) continue;
      const auto at = entry.seq.value();
      if (place && left_between(who, *place, at)) place.reset();
      if (to_all && edit->what.mentions.room) continue;
      to_all = false;
      named = names_who(edit->what.mentions);
      if (place && !named && !otherwise) place.reset();
      if (place || !named || !was_member(who, at)) continue;
      place = at;
      otherwise = false;
    }
    if (place && left_between(who, *place, log.size())) place.reset();
    return place;
  }

  std::string count(const user_id& who) const {
    const auto row = rows.find(who);
    if (row == rows.end() || !row->second.is_member()) return "none";
    const auto marker = markers.find(who);
    const auto read =
        std::max(row->second.since, marker == markers.end() ? seq_no{} : marker->second).value();
    std::uint64_t unread = 0, mentions = 0;
    for (const auto& entry : log) {
      const auto* message = std::get_if<posted>(&entry.body);
      if (!message || entry.seq.value() <= trimmed || deleted_at(entry.seq.value())) continue;
      const bool counted = !message->where.thread && !message->where.quiet;
      auto present = message->what.mentions;
      for (const auto& later : log)
        if (const auto* edit = std::get_if<edited>(&later.body); edit && edit->target == entry.seq)
          present = edit->what.mentions;
      if (counted && entry.seq.value() > read) {
        ++unread;
        mentions += present.room;
      }
      const auto place = note_of(entry, who);
      mentions += place && *place > read;
    }
    return std::to_string(read) + " " + std::to_string(unread) + " " + std::to_string(mentions);
  }
};

}  // namespace confab::journal::test
