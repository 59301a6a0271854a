// What becomes of an operation, at its place in the order. The source is a map; the stores keep the
// same promises (tests/journal/contract_test).

#include "rooms/sequencer.hpp"

#include "rooms/judge.hpp"
#include "rooms/present.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <random>
#include <string>
#include <tuple>

using namespace confab;
using namespace confab::rooms;

namespace {

const auto alice = user_id::trusted("alice");
const auto bob = user_id::trusted("bob");
const auto general = room_id::trusted("general");

struct kept_room {
  room_view view;
  std::vector<log_entry> log;
  std::map<std::uint64_t, folded_message> messages;
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
    message_state state{folded.from,    folded.deleted,
                        folded.edits,   folded.reaction_entries,
                        static_cast<std::uint32_t>(folded.reactions.size()),
                        false,          false};
    if (const auto users = folded.reactions.find(std::string{emoji}); users != folded.reactions.end()) {
      state.emoji_there = true;
      for (const auto& one : users->second) state.reacted = state.reacted || one.user == by;
    }
    return state;
  }
  std::optional<key_record> key(const room_view& room, const user_id& by,
                                std::string_view key) override {
    if (fails) return broken_ = true, std::nullopt;
    const auto at = keys.find({room.room, by, std::string{key}});
    return at == keys.end() ? std::nullopt : std::optional{at->second};
  }
  std::uint64_t last_position() const noexcept override { return position; }
  bool broken() const noexcept override { return broken_; }

  void keep(const operation& asked, const decision& made, unix_ms at) {
    if (std::holds_alternative<room_created>(made)) {
      auto& room = rooms[asked.room];
      room.view.room = asked.room;
      room.view.last_at = at;
      room.view.direct = std::get<create_room>(asked.what).direct;
    }
    if (std::holds_alternative<marked>(made)) ++position;
    const auto* done = std::get_if<appended>(&made);
    if (!done) return;
    auto& room = rooms.at(asked.room);
    const auto& first = done->entries.front();
    if (!first.key.empty())
      keys[{asked.room, first.from, first.key}] = {position + 1, first.at, kind_of(first.body),
                                                   target_of(first.body), done->entries.back().seq};
    for (const auto& entry : done->entries) {
      ++position;
      room.log.push_back(entry);
      if (std::holds_alternative<posted>(entry.body))
        room.messages.emplace(entry.seq.value(), begin_fold(entry));
      else if (const auto target = target_of(entry.body))
        apply(room.messages.at(target->value()), entry);
    }
  }

  std::map<room_id, kept_room> rooms;
  std::map<std::tuple<room_id, user_id, std::string>, key_record> keys;
  std::uint64_t position = 0;
  bool fails = false;
  bool broken_ = false;
};

principal author(const user_id& user) {
  principal by;
  by.user = user;
  by.joined = true;
  return by;
}
operation create(const room_id& id = general) {
  return {id, author(alice), {}, create_room{"", epoch_id{"e"}, {}}};
}
operation post(std::string text, std::string key = "", const user_id& from = alice) {
  return {general, author(from), std::move(key), post_message{{std::move(text), {}}}};
}
operation edit(std::uint64_t target, const user_id& from = alice) {
  return {general, author(from), "", edit_message{seq_no{target}, {"new", {}}}};
}
operation erase(std::vector<std::uint64_t> targets, const user_id& from = alice) {
  delete_messages wanted;
  for (const auto target : targets) wanted.targets.push_back(seq_no{target});
  return {general, author(from), "", std::move(wanted)};
}
operation react(std::uint64_t target, const user_id& from = bob, bool on = true) {
  return {general, author(from), "", set_reaction{seq_no{target}, "+", on}};
}

struct fixture {
  map_source from;
  sequencer order{key_window{}};

  decision decide(operation asked, std::int64_t stamp = 1000) {
    const auto copy = asked;
    auto made = order.decide(asked, unix_ms{stamp}, from);
    from.keep(copy, made, order.log_time());
    return made;
  }
};

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
  CHECK(entry == log_entry{seq_no{2}, unix_ms{2000}, alice, "k", posted{{"b", {}}}});
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
    for (auto asked : {post("x"), edit(1), erase({1}), react(1)}) {
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
    CHECK(refusal(in.decide(erase({2}, bob))) == error_code::no_such_message);
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
  const room_view room{1, general, {}, seq_no{1}, seq_no{1}, {}, 1};
  message_state message{alice, false, 0, 0, 0, false, false};
  const auto code = [&](const operation& asked) {
    const auto found = judge({room, asked, &message, {}});
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

operation any_operation(std::mt19937_64& dice) {
  const auto pick = [&](std::uint64_t below) { return dice() % below; };
  const user_id users[] = {alice, bob, user_id::trusted("carol")};
  operation asked = [&] {
    switch (pick(8)) {
      case 0:
        return create(pick(4) ? general : room_id::trusted("other"));
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
  if (pick(5) == 0) asked.by.token = role::moderator;
  if (pick(2)) asked.key = "k" + std::to_string(pick(40));
  if (pick(6) == 0) asked.room = room_id::trusted("other");
  return asked;
}

}  // namespace

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
      sequencer order{window};
      digest_of_decisions digest;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (restart_every && i % restart_every == restart_every - 1) {
          // A new process knows what is stored: the last entry's time, and the views by replay.
          sequencer fresh{window};
          fresh.set_log_time(order.log_time());
          order = fresh;
          for (auto& [id, room] : from.rooms) {
            room_view replayed{room.view.number, id, room.view.direct, {}, seq_no{1},
                               room.view.last_at, 0};
            for (const auto& entry : room.log) apply(replayed, entry);
            REQUIRE(replayed.head == room.view.head);
            REQUIRE(replayed.counted == room.view.counted);
            room.view = replayed;
          }
        }
        auto asked = all[i].first;
        const auto made = order.decide(asked, all[i].second, from);
        from.keep(all[i].first, made, order.log_time());
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
