#pragma once

#include "tests/journal/stores.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

/// A mixture of all that members do, and all that can be read of what came of it.
namespace confab::journal::test {

inline const std::vector<user_id> people{alice, bob, user("carol")};
inline const std::vector<room_id> places{general, room("other")};

inline operation any_operation(std::mt19937_64& dice) {
  const auto pick = [&](std::uint64_t below) { return dice() % below; };
  const auto& where = places[pick(places.size())];
  const auto& who = people[pick(people.size())];
  const auto target = 1 + pick(40);
  const auto some_people = [&] {
    std::vector<user_id> some;
    for (const auto& one : people)
      if (pick(2) || (some.empty() && &one == &people.back())) some.push_back(one);
    return some;
  };
  auto asked = [&] {
    switch (pick(23)) {
      case 22:  // seldom, and not much: else there is nothing left
        if (pick(4) == 0) return trim(where, pick(15));
        return post(where, "text", "", who);
      case 18: {
        auto operation = edit(where, target, "edit " + std::to_string(pick(100)), who);
        std::get<rooms::edit_message>(operation.what).what.mentions = {some_people(), pick(2) == 0};
        return operation;
      }
      case 19:
        return move_marker(where, pick(60), who);
      case 20: {
        own_change change;
        if (pick(2)) change.notify = static_cast<notify_level>(pick(3));
        if (change.notify && pick(2)) change.notify_until = unix_ms{static_cast<std::int64_t>(pick(3'000'000))};
        if (pick(2)) change.marked = pick(2) == 0;
        if (pick(2)) change.hidden = pick(3) > 0;
        if (pick(3) == 0) change.receipts = pick(2) == 0;
        return set_own(where, change, who);
      }
      case 21: {
        auto operation = post(where, "to all", "", who, {{}, {}, pick(4) == 0, ""});
        std::get<rooms::post_message>(operation.what).what.mentions = {some_people(), true};
        operation.by.token = role::moderator;
        return operation;
      }
      case 10:
      case 11: {
        member_set change;
        change.users = some_people();
        const std::array states{member_state::invited, member_state::member, member_state::removed,
                                member_state::banned, member_state::unbanned};
        if (pick(4)) change.state = states[pick(states.size())];
        if (pick(3) == 0) change.as = static_cast<role>(2 + pick(4));
        if (pick(4) == 0) change.mute_until = unix_ms{static_cast<std::int64_t>(pick(3'000'000))};
        if (pick(4) == 0) change.reason = "because";
        auto operation = change_members(where, change, who);
        operation.by.admin = pick(2) == 0;
        return operation;
      }
      case 12:
        return pick(3) ? operation{where, by(who), "", rooms::become_member{}}
                       : operation{where, by(who), "", rooms::cease_membership{}};
      case 13: {
        room_settings change;
        change.title = "title " + std::to_string(pick(3));
        if (pick(3) == 0) change.data = free_data{R"({"a":)" + std::to_string(pick(9)) + "}"};
        if (pick(3) == 0) change.slow = std::chrono::milliseconds{pick(2) * 100};
        auto operation = by(who);
        operation.admin = true;
        return rooms::operation{where, operation, "", rooms::set_room{change}};
      }
      case 14: {
        auto operation = set_pin(where, target, pick(3) > 0, who);
        operation.by.token = role::moderator;
        return operation;
      }
      case 15:
      case 16: {
        placement in_thread{seq_no{target}, seq_no{1 + pick(40)}, pick(4) == 0, "poll"};
        auto operation = post(where, "reply " + std::to_string(pick(100)), "", who, in_thread);
        auto& what = std::get<rooms::post_message>(operation.what).what;
        what.mentions = {some_people(), pick(2) == 0};
        if (pick(2)) what.attachments = attachment_list{R"([{"url":"https://e.example/p"}])"};
        return operation;
      }
      case 17: {
        user_set profile{who, "name " + std::to_string(pick(4)), {}, pick(2) == 0};
        auto by = rooms::server_principal();
        if (pick(3) == 0) by.as = rooms::principal::kind::api_key;
        return operation{rooms::server_room, std::move(by), "", rooms::set_user{profile}};
      }
      case 0:
        return create(where);
      case 1:
      case 2:
        return edit(where, target, "edit " + std::to_string(pick(100)), who);
      case 3:
        return erase(where, {target, 1 + pick(40)}, who);
      case 4:
      case 5:
      case 6:
        return react(where, target, std::to_string(pick(4)), pick(3) > 0, who);
      default:
        return post(where, "text " + std::to_string(pick(100)), "", who);
    }
  }();
  if (pick(4) == 0 && !asked.by.is_unchecked()) asked.by.token = role::moderator;
  if (pick(3) == 0) asked.key = "k" + std::to_string(pick(30));
  return asked;
}

/// All that can be read of a journal.
struct content_of_journal {
  std::vector<log_entry> log;
  std::vector<message::present_message> messages;
  std::vector<std::pair<std::uint64_t, log_entry>> feed;
  std::vector<std::string> beside;  // members, settings, pins, threads, profiles, notes
  std::vector<std::string> unread;  // what hangs on markers, which a crash may take back
  friend bool operator==(const content_of_journal&, const content_of_journal&) = default;
};

/// All pages of a list, each of at most three.
inline std::vector<std::string> lists_of(session& of, const room_id& place) {
  std::vector<std::string> lines;
  const auto info = *of.read->room(place);
  lines.push_back(info.title() + " " + std::to_string(info.members) + " " +
                  std::to_string(info.rows) + " " +
                  (info.settings ? to_json(*info.settings) : "none"));
  for (const auto pin : info.pins) lines.push_back("pin " + std::to_string(pin.value()));
  for (const auto state : {member_state::member, member_state::invited, member_state::banned}) {
    std::optional<user_id> after;
    for (bool more = true; more;) {
      const auto page = *of.read->members(place, state, after, 2);
      for (const auto& one : page.members) {
        lines.push_back(one.user.value() + " " + std::to_string(static_cast<int>(one.row.as)) +
                        " " + std::to_string(one.row.since.value()) + " " + one.row.reason + " " +
                        std::to_string(one.row.mute_until.value()));
        CHECK(of.read->member(place, one.user)->row == one.row);
        after = one.user;
      }
      more = page.more;
    }
  }
  const auto pins = *of.read->pins(place, bob, {}, plenty);
  for (const auto& pin : pins.pins)
    lines.push_back("pinned " + pin.by.value() + std::to_string(pin.message.seq.value()));
  for (const bool mine : {false, true}) {
    std::optional<seq_no> before;
    do {
      const auto page = *of.read->threads(place, bob, mine, before, 2, plenty);
      for (const auto& root : page.roots)
        lines.push_back("thread " + std::to_string(root.seq.value()) + " " +
                        std::to_string(root.replies));
      before = page.next;
    } while (before);
  }
  for (const auto thread : {0, 5, 9}) {
    const auto page = *of.read->messages(place, bob, {}, {}, plenty, plenty,
                                         seq_no{static_cast<std::uint64_t>(thread)});
    for (const auto& one : page.messages)
      lines.push_back("in " + std::to_string(thread) + " " + std::to_string(one.seq.value()));
  }
  const std::vector bobs{bob};
  const auto of_bob = *of.read->messages_of(place, bobs, unix_ms{500'000}, 20);
  for (const auto seq : of_bob)
    lines.push_back("of bob " + std::to_string(seq.value()));
  return lines;
}

inline content_of_journal read_all(session& of) {
  content_of_journal found;
  for (const auto& place : places) {
    if (!of.read->room(place)) continue;
    for (auto& entry : log_of(of, place)) found.log.push_back(std::move(entry));
    std::ranges::move(stored_forms(of, place), std::back_inserter(found.messages));
    std::ranges::move(lists_of(of, place), std::back_inserter(found.beside));
    for (const auto& one : people)
      found.beside.push_back(one.value() + " has it " +
                             text_of(of.read->inbox_row(one, place, unix_ms{0})->own));
    for (const auto& one : people)
      if (const auto counts = *of.read->counts(place, one))
        found.unread.push_back("by " + one.value() + " " + std::to_string(counts->read.value()) +
                               " " + std::to_string(counts->unread) + " " +
                               std::to_string(counts->mentions));
  }
  const auto profiles = *of.read->profiles(people);
  for (const auto& one : profiles)
    found.beside.push_back(one.user.value() + " is " + one.name);
  for (const auto& one : people) {
    const auto sum = *of.read->totals(one, unix_ms{0});
    found.unread.push_back("in all " + std::to_string(sum.rooms) + " " +
                           std::to_string(sum.unread) + " " + std::to_string(sum.mentions));
    const auto rooms = *of.read->unread_rooms(one);
    found.unread.push_back("rooms " + std::to_string(rooms.size()));
    std::optional<std::uint64_t> before;
    do {
      const auto page = *of.read->notes(one, before, 3, plenty);
      for (const auto& note : page.list) {
        found.beside.push_back("note " + note.room.value() + " " +
                               std::to_string(note.message.seq.value()) + " " +
                               std::to_string(note.why));
        found.unread.push_back(note.read ? "read" : "not read");
      }
      before = page.next;
    } while (before);
  }
  auto items = of.read->feed(0, plenty, plenty);
  if (!items) throw std::runtime_error(items.detail());
  for (auto& item : *items) found.feed.emplace_back(item.position, std::move(item.entry));
  return found;
}

}  // namespace confab::journal::test
