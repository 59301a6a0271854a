// What becomes of an operation, at its place in the order. The source is a map; the stores keep the
// same promises (tests/journal/contract_test).

#include "tests/rooms/map_source.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <functional>
#include <map>
#include <random>
#include <string>

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

error_code refusal(const decision& made) { return std::get<refused>(made).code; }

}  // namespace

TEST_CASE("log time follows the clock, but not back by less than a minute", "[rooms]") {
  CHECK(follow(unix_ms{100'000}, unix_ms{200'000}) == unix_ms{200'000});
  CHECK(follow(unix_ms{100'000}, unix_ms{99'000}) == unix_ms{100'000});
  CHECK(follow(unix_ms{100'000}, unix_ms{40'000}) == unix_ms{100'000});
  CHECK(follow(unix_ms{100'000}, unix_ms{39'999}) == unix_ms{39'999});
}

TEST_CASE("keys are remembered by age or by count, but never beyond the most there may be",
          "[rooms]") {
  const key_window window{std::chrono::milliseconds{100}, 3, 10};
  const auto remembers = [&](std::uint64_t back, std::int64_t age) {
    return window.remembers(100 - back, unix_ms{1000 - age}, 100, unix_ms{1000});
  };

  CHECK(remembers(2, 5000));
  CHECK_FALSE(remembers(3, 101));
  CHECK(remembers(3, 100));
  CHECK(remembers(9, 0));
  CHECK_FALSE(remembers(10, 0));
}

TEST_CASE("an operation becomes entries with the next numbers and the log's time", "[rooms]") {
  fixture in;
  CHECK(std::holds_alternative<room_created>(in.decide(create())));
  CHECK(std::holds_alternative<room_was_there>(in.decide(create())));

  in.decide(post("a"));
  const auto made = in.decide(post("b", "k"), 2000);

  const auto& entry = std::get<appended>(made).entries.at(0);
  CHECK(entry == log_entry{seq_no{2}, unix_ms{2000}, alice, "k", posted{words("b"), {}}});
  CHECK(in.from.rooms.at(general).view.head == seq_no{2});
  CHECK(in.from.rooms.at(general).view.counted == 2);
}

TEST_CASE("a key is looked up before any right is judged", "[rooms]") {
  fixture in;
  in.decide(create());
  in.decide(post("a", "k"));
  auto again = post("other", "k"), fresh = post("other", "l");
  again.by.joined = fresh.by.joined = false;

  CHECK(std::get<repeated>(in.decide(again)).seq == seq_no{1});
  CHECK(refusal(in.decide(fresh)) == error_code::not_joined);
}

TEST_CASE("a message that names the one before it is taken only behind that one", "[rooms]") {
  fixture in;
  in.decide(create());
  const auto behind = [](const char* key, const char* before, const user_id& from = alice) {
    auto asked = post(key, key, from);
    std::get<post_message>(asked.what).after = before;
    return asked;
  };

  CHECK(refusal(in.decide(behind("b", "a"))) == error_code::out_of_order);
  CHECK(in.from.rooms.at(general).view.head == seq_no{});
  in.decide(post("a", "a"));
  CHECK(refusal(in.decide(behind("b", "a", bob))) == error_code::out_of_order);
  CHECK(std::get<appended>(in.decide(behind("b", "a"))).entries.at(0).seq == seq_no{2});
  CHECK(std::get<repeated>(in.decide(behind("b", "none"))).seq == seq_no{2});
  auto absent = behind("c", "none");
  absent.by.joined = false;
  CHECK(refusal(in.decide(absent)) == error_code::out_of_order);
  in.from.fails = true;
  CHECK(std::holds_alternative<undecided>(in.decide(behind("d", "b"))));
}

TEST_CASE("where the source can't be read nothing is decided", "[rooms]") {
  fixture in;
  in.decide(create());
  in.decide(post("a"));
  in.from.fails = true;

  CHECK(std::holds_alternative<undecided>(in.decide(edit(1))));
}

// --- the judge ---

TEST_CASE("every rule of the judge refuses what it names", "[rooms]") {
  fixture in;
  in.decide(create());
  in.decide(post("of alice"));
  in.decide(post("gone"));
  in.decide(erase({2}));

  SECTION("who writes has joined") {
    for (auto asked : {post("x"), edit(1), react(1)}) {
      asked.by.joined = false;
      CHECK(refusal(in.decide(asked)) == error_code::not_joined);
    }
  }
  SECTION("a message that is named must be there, and not deleted") {
    for (const std::uint64_t target : {0, 2, 3, 4, 99}) {
      CHECK(refusal(in.decide(edit(target))) == error_code::no_such_message);
      CHECK(refusal(in.decide(react(target))) == error_code::no_such_message);
      if (target != 2) CHECK(refusal(in.decide(erase({target}))) == error_code::no_such_message);
    }
    CHECK(std::holds_alternative<unchanged>(in.decide(erase({2}))));
  }
  SECTION("others' messages are a moderator's to change") {
    CHECK(refusal(in.decide(edit(1, bob))) == error_code::forbidden);
    CHECK(refusal(in.decide(erase({1}, bob))) == error_code::forbidden);
    for (const auto token : {role::none, role::reader, role::member}) {
      auto asked = edit(1, bob);
      asked.by.token = token;
      CHECK(refusal(in.decide(asked)) == error_code::forbidden);
    }
    for (const auto token : {role::moderator, role::owner}) {
      auto asked = edit(1, bob);
      asked.by.token = token;
      CHECK(std::holds_alternative<appended>(in.decide(asked)));
    }
    auto asked = erase({1}, bob);
    asked.by.admin = true;
    CHECK(std::holds_alternative<appended>(in.decide(asked)));
  }
  SECTION("a direct room is there for its two users") {
    operation direct = create(room_id::trusted("dm:alice:bob"));
    std::get<create_room>(direct.what).direct = std::pair{alice, bob};
    in.decide(direct);
    auto asked = post("x", "", user_id::trusted("eve"));
    asked.room = direct.room;
    CHECK(refusal(in.decide(asked)) == error_code::no_such_room);
    asked.by.user = bob;
    CHECK(std::holds_alternative<appended>(in.decide(asked)));
  }
  SECTION("a reaction that is there changes nothing, nor one taken back that is not") {
    CHECK(std::holds_alternative<appended>(in.decide(react(1))));
    CHECK(std::holds_alternative<unchanged>(in.decide(react(1))));
    CHECK(std::holds_alternative<appended>(in.decide(react(1, bob, false))));
    CHECK(std::holds_alternative<unchanged>(in.decide(react(1, bob, false))));
  }
}

TEST_CASE("the judge counts what a message takes", "[rooms]") {
  room_view room;
  room.room = general;
  room.head = seq_no{1};
  message_state message;
  message.author = alice;
  const member_row nothing;
  const rules how;
  const auto code = [&](const operation& asked) {
    const auto found = judge({{room, asked.by, nothing, unix_ms{}, how}, asked, &message});
    const auto* no = std::get_if<refused>(&found);
    return no ? std::optional{no->code} : std::nullopt;
  };

  message.edits = edits_per_message_max - 1;
  CHECK_FALSE(code(edit(1)));
  message.edits = edits_per_message_max;
  CHECK(code(edit(1)) == error_code::limit);

  message.emoji = emoji_per_message_max - 1;
  CHECK_FALSE(code(react(1)));
  message.emoji = emoji_per_message_max;
  CHECK(code(react(1)) == error_code::limit);
  message.emoji_there = true;
  CHECK_FALSE(code(react(1)));

  message.reaction_entries = reaction_entries_per_message_max - 1;
  CHECK_FALSE(code(react(1)));
  message.reaction_entries = reaction_entries_per_message_max;
  CHECK(code(react(1)) == error_code::limit);
}

// --- determinism ---

namespace {

/// FNV-1a over everything that was decided.
class digest_of_decisions {
 public:
  void add(std::string_view text) {
    for (const unsigned char c : text) sum_ = (sum_ ^ c) * 0x100000001b3;
    sum_ = (sum_ ^ 0xff) * 0x100000001b3;
  }
  void add(std::uint64_t number) { add(std::to_string(number)); }
  void add(const decision& made) {
    add(made.index());
    if (const auto* no = std::get_if<refused>(&made)) add(static_cast<std::uint64_t>(no->code));
    if (const auto* again = std::get_if<repeated>(&made)) add(again->seq.value());
    if (const auto* done = std::get_if<appended>(&made))
      for (const auto& entry : done->entries) {
        add(entry.seq.value());
        add(static_cast<std::uint64_t>(entry.at.value()));
        add(entry.from.view());
        add(entry.key);
        add(static_cast<std::uint64_t>(kind_of(entry.body)));
        if (const auto target = target_of(entry.body)) add(target->value());
      }
  }
  std::uint64_t value() const { return sum_; }

 private:
  std::uint64_t sum_ = 0xcbf29ce484222325;
};

/// The room's view made anew from its log alone.
room_view replay(const kept_room& room) {
  struct rows_so_far final : member_rows {
    member_row member(const room_view&, const user_id& user) override { return rows[user]; }
    std::map<user_id, member_row> rows;
  } so_far;
  room_view view;
  view.number = room.view.number;
  view.room = room.view.room;
  view.direct = room.view.direct;
  view.last_at = room.view.last_at;
  for (const auto& entry : room.log) {
    apply(view, entry, so_far);
    if (const auto* change = std::get_if<member_set>(&entry.body))
      for (const auto& user : change->users)
        so_far.rows[user] = apply(so_far.rows[user], entry);
  }
  REQUIRE(view.head == room.view.head);
  REQUIRE(view.counted == room.view.counted);
  REQUIRE(view.members == room.view.members);
  REQUIRE(view.owners == room.view.owners);
  REQUIRE(view.rows == room.view.rows);
  REQUIRE(view.pins == room.view.pins);
  REQUIRE(view.settings() == room.view.settings());
  return view;
}

member_set any_member_change(const std::function<std::uint64_t(std::uint64_t)>& pick) {
  const std::array states{member_state::invited, member_state::member, member_state::removed,
                          member_state::banned, member_state::unbanned};
  member_set change;
  for (const auto& user : {alice, bob, carol})
    if (pick(3) == 0) change.users.push_back(user);
  if (change.users.empty()) change.users = {bob};
  if (pick(3)) change.state = states[pick(states.size())];
  if (pick(3) == 0) change.as = static_cast<role>(2 + pick(4));
  if (pick(5) == 0) change.mute_until = unix_ms{static_cast<std::int64_t>(pick(2'000'000))};
  return change;
}

operation any_operation(std::mt19937_64& dice) {
  const std::function<std::uint64_t(std::uint64_t)> pick = [&](std::uint64_t below) {
    return dice() % below;
  };
  const user_id users[] = {alice, bob, user_id::trusted("carol")};
  operation asked = [&] {
    switch (pick(14)) {
      case 0:
        return create(pick(4) ? general : room_id::trusted("other"));
      case 8:
      case 9:
        return operation{general, {}, "", set_members{any_member_change(pick)}};
      case 10:
        return pick(2) ? operation{general, {}, "", become_member{}}
                       : operation{general, {}, "", cease_membership{}};
      case 11: {
        room_settings change;
        if (pick(2)) change.slow = std::chrono::milliseconds{pick(3) * 1000};
        if (pick(3) == 0) change.visible = static_cast<visibility>(pick(3));
        if (pick(3) == 0) change.posting = static_cast<posting_rights>(pick(3));
        if (pick(6) == 0) change.archived = pick(2) == 0;
        return operation{general, {}, "", set_room{change}};
      }
      case 12:
        return operation{general, {}, "", set_pin{seq_no{1 + pick(30)}, pick(3) > 0}};
      case 13: {
        auto reply = post("reply");
        auto& message = std::get<post_message>(reply.what);
        message.where.thread = seq_no{1 + pick(30)};
        message.what.mentions = {{bob}, pick(2) == 0};
        return reply;
      }
      case 1:
        return edit(1 + pick(30));
      case 2:
        return erase({1 + pick(30), 1 + pick(30)});
      case 3:
      case 4:
        return react(1 + pick(30), alice, pick(3) > 0);
      default:
        return post(std::to_string(pick(1000)));
    }
  }();
  asked.by = author(users[pick(3)]);
  asked.by.joined = pick(10) > 0;
  if (pick(3) == 0) asked.by.token = static_cast<role>(pick(6));
  if (pick(2)) asked.key = "k" + std::to_string(pick(40));
  if (pick(6) == 0) asked.room = room_id::trusted("other");
  return asked;
}

}  // namespace

TEST_CASE_METHOD(fixture, "a profile that the API set is the API's alone to change", "[rooms]") {
  const auto set = [&](user_set profile, principal::kind as) {
    auto by = server_principal();
    by.as = as;
    return decide({server_room, std::move(by), {}, set_user{std::move(profile)}});
  };
  using enum principal::kind;
  const free_data red{R"({"colour":"red"})"};
  from.rooms[server_room].view.room = server_room;

  CHECK(std::holds_alternative<appended>(set({bob, "Bob", {}, true}, server)));
  // The same, but now it is the deployment's word.
  CHECK(std::holds_alternative<appended>(set({bob, "Bob", {}, true}, api_key)));
  CHECK(std::holds_alternative<appended>(set({bob, "Bob", red, false}, api_key)));
  CHECK(std::holds_alternative<unchanged>(set({bob, "Bob", red, false}, api_key)));
  CHECK(std::holds_alternative<unchanged>(set({bob, "Bob", {}, false}, server)));
  CHECK(std::holds_alternative<unchanged>(set({bob, "Bobby", {}, true}, server)));

  CHECK(from.profiles.at(bob).what == user_set{bob, "Bob", red, false, true});
}

TEST_CASE("the same operations make the same entries and refusals, wherever a restart comes",
          "[rooms]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 dice{seed};
    std::vector<std::pair<operation, unix_ms>> all;
    std::int64_t clock = 1'000'000;
    for (int i = 0; i < 400; ++i) {
      clock += static_cast<std::int64_t>(dice() % 2000) - (dice() % 50 == 0 ? 200'000 : 500);
      all.emplace_back(any_operation(dice), unix_ms{clock});
    }
    const key_window window{std::chrono::milliseconds{100'000}, 60, 200};
    const auto run = [&](std::uint64_t restart_every) {
      map_source from;
      sequencer order{window, {}};
      digest_of_decisions digest;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (restart_every && i % restart_every == restart_every - 1) {
          // A new process knows what is stored: the last entry's time, and the views by replay.
          sequencer fresh{window, {}};
          fresh.set_log_time(order.log_time());
          order = fresh;
          for (auto& [id, room] : from.rooms) {
            room.view = replay(room);
          }
        }
        auto asked = all[i].first;
        const auto made = order.decide(asked, all[i].second, from);
        from.keep(all[i].first, made);
        digest.add(made);
      }
      return digest.value();
    };

    const auto whole = run(0);
    INFO("seed " << seed);
    CHECK(run(1) == whole);
    CHECK(run(7) == whole);
  }
}
