#include "actors/room_state.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::actors;
using namespace std::chrono_literals;

namespace {

constexpr wire_format json_format{codec::json, false};

steady_time at(std::int64_t ms) { return steady_time{std::chrono::milliseconds{1'000'000 + ms}}; }
const unix_ms noon{1'763'726'400'000};

/// A room of `entries` messages, of which it remembers the last `remembered`.
struct fixture {
  room_state room;
  room_effects effects;
  std::uint64_t last_ticket = 0;
  std::uint64_t answered = 1;
  bool follows = true;
  std::string said = "x";

  explicit fixture(std::uint64_t entries = 0, std::uint64_t remembered = 0,
                   std::optional<std::pair<user_id, user_id>> direct = {})
      : room(info(entries, std::move(direct)), tail(entries, remembered),
             {10s, 250ms, 5s, 10s, "disk", {}}) {}

  static journal::room_info info(std::uint64_t head,
                                 std::optional<std::pair<user_id, user_id>> direct) {
    journal::room_info info;
    info.room = room_id::trusted("r");
    info.epoch = epoch_id{"e"};
    info.direct = std::move(direct);
    info.head = seq_no{head};
    info.last_at = noon;
    return info;
  }
  static content words(std::string text) {
    content what;
    what.text = std::move(text);
    return what;
  }
  static log_entry message(std::uint64_t seq, const std::string& text = "x") {
    return {seq_no{seq}, noon, user_id::trusted("author"), {}, posted{words(text), {}}};
  }
  static std::vector<log_entry> tail(std::uint64_t head, std::uint64_t count) {
    std::vector<log_entry> list;
    for (auto seq = head - count + 1; seq <= head; ++seq) list.push_back(message(seq));
    return list;
  }
  static session_info session(std::uint64_t number, const char* user, std::uint8_t shard = 0,
                              wire_format format = json_format) {
    return {session_id::make(number, shard), user_id::trusted(user), user, format};
  }

  asker from(const session_info& who) {
    return {who.id, who.format, ticket_no{++last_ticket}, ref_no{last_ticket}};
  }
  void join(const session_info& who, std::optional<std::uint64_t> since = {},
            bool continuing = false) {
    rooms::principal by;
    by.user = who.user;
    join_op op{who, by, {}, {}, continuing, false};
    if (since) op.since = seq_no{*since};
    room.join(from(who), op, at(0), effects);
  }
  void say(const session_info& who, const char* text = "hi") {
    said = text;
    rooms::principal by;
    by.user = who.user;
    room.append(from(who), {by, {}, rooms::post_message{words(text), {}}, {}}, at(0), effects);
  }
  /// The journal's answer to the oldest request that has none; of nobody's where all have.
  void stored(std::uint64_t seq, bool duplicate = false) {
    room_outcome answer{request_no{++answered}, {}};
    if (duplicate)
      answer.what = journal::outcome{rooms::repeated{seq_no{seq}, noon}};
    else
      answer.what = journal::outcome{rooms::appended{{message(seq, said)}}};
    follows = room.news(answer, at(0), effects);
  }
  room_effects take() { return std::exchange(effects, {}); }
};

template <class What>
std::vector<What> of_kind(const room_effects& effects, std::uint8_t shard) {
  std::vector<What> found;
  const auto at_shard = effects.deliveries.find(shard);
  if (at_shard == effects.deliveries.end()) return found;
  for (const auto& one : at_shard->second)
    if (const auto* match = std::get_if<What>(&one)) found.push_back(*match);
  return found;
}

const auto alice = fixture::session(1, "alice", 0);
const auto bob = fixture::session(2, "bob", 1);

}  // namespace

TEST_CASE("a join from memory is answered before the session is admitted") {
  fixture in{3, 3};
  in.join(alice);

  const auto effects = in.take();
  REQUIRE(effects.deliveries.at(0).size() == 2);
  CHECK(std::holds_alternative<unicast>(effects.deliveries.at(0)[0]));
  CHECK(std::holds_alternative<admit>(effects.deliveries.at(0)[1]));
  REQUIRE(effects.settlements.size() == 1);
  CHECK(effects.settlements[0].what == settlement::joined);
  CHECK(effects.catch_ups.empty());
}

TEST_CASE("a since that memory does not reach back to is left to the journal") {
  fixture in{300, 100};
  SECTION("the last one it can serve") {
    in.join(alice, 200);
    CHECK(in.effects.catch_ups.empty());
  }
  SECTION("one more") {
    in.join(alice, 199);
    REQUIRE(in.effects.catch_ups.size() == 1);
    const auto& wanted = in.effects.catch_ups[0].second;
    CHECK(wanted.since == seq_no{199});
    CHECK(wanted.snapshot.head == seq_no{300});
    CHECK_FALSE(wanted.continuing);
    CHECK(of_kind<admit>(in.effects, 0).empty());
    CHECK(in.effects.settlements.empty());
  }
}

TEST_CASE("who comes back from the journal gets the rest and is admitted, or reads on") {
  fixture in{300, 100};
  in.join(alice, 10);
  in.take();
  SECTION("near enough") {
    in.join(alice, 300, true);
    CHECK(of_kind<admit>(in.effects, 0).size() == 1);
    CHECK(in.effects.settlements.size() == 1);
  }
  SECTION("too far back again, as the log went on") {
    in.join(alice, 150, true);
    REQUIRE(in.effects.catch_ups.size() == 1);
    CHECK(in.effects.catch_ups[0].second.continuing);
  }
}

TEST_CASE("live messages do not go to who is still catching up") {
  fixture in{300, 100};
  in.join(bob);
  in.join(alice, 10);
  in.take();
  in.say(bob);
  in.stored(301);

  CHECK(of_kind<broadcast>(in.effects, 0).empty());
  CHECK(of_kind<broadcast>(in.effects, 1).size() == 1);
}

TEST_CASE("one encoding serves all members of a format, on whatever shard") {
  fixture in;
  const auto binary = fixture::session(3, "carol", 1, {codec::cbor, false});
  for (const auto& who : {alice, bob, binary}) in.join(who);
  in.take();
  in.say(alice);
  in.stored(1);

  const auto here = of_kind<broadcast>(in.effects, 0);
  const auto there = of_kind<broadcast>(in.effects, 1);
  REQUIRE(here.size() == 1);
  REQUIRE(there.size() == 1);
  CHECK(here[0].bytes == there[0].bytes);  // pointers
  CHECK(here[0].bytes[json_format.index()] != nullptr);
  CHECK(here[0].bytes[binary.format.index()] != nullptr);
  CHECK(here[0].bytes[wire_format{codec::json, true}.index()] == nullptr);
}

TEST_CASE("nothing is said before the journal has answered, and the reply comes first") {
  fixture in;
  in.join(alice);
  in.take();
  in.say(alice);
  CHECK(in.effects.appends.size() == 1);
  CHECK(in.effects.deliveries.empty());
  CHECK(in.effects.settlements.empty());
  in.take();

  in.stored(1);
  REQUIRE(in.effects.deliveries.at(0).size() == 2);
  CHECK(std::holds_alternative<unicast>(in.effects.deliveries.at(0)[0]));
  CHECK(std::holds_alternative<broadcast>(in.effects.deliveries.at(0)[1]));
  CHECK(in.effects.published);
  CHECK(in.room.view().head == seq_no{1});
}

TEST_CASE("a duplicate is answered and not published") {
  fixture in{5, 5};
  in.join(alice);
  in.say(alice);
  in.take();
  in.stored(2, true);

  CHECK(of_kind<unicast>(in.effects, 0).size() == 1);
  CHECK(of_kind<broadcast>(in.effects, 0).empty());
  CHECK_FALSE(in.effects.published);
  CHECK(in.room.view().head == seq_no{5});
}

TEST_CASE("a duplicate of an entry that the room does not know voids the state") {
  fixture in{5, 5};
  in.join(alice);
  in.say(alice);
  in.stored(5, true);
  CHECK(in.follows);
  in.say(alice);
  in.stored(6, true);
  CHECK_FALSE(in.follows);
}

TEST_CASE("an append that waits too long is given up on once, and still published") {
  fixture in;
  in.join(alice);
  in.room.on_time(at(250), in.effects);
  in.say(alice);
  in.take();
  CHECK(in.room.deadline() == at(10'000));

  in.room.on_time(at(9'999), in.effects);
  CHECK(in.effects.settlements.empty());
  in.room.on_time(at(10'000), in.effects);
  CHECK(in.effects.settlements.size() == 1);
  CHECK(in.room.awaits_journal());
  CHECK_FALSE(in.room.idle());
  in.take();

  in.stored(1);
  CHECK(in.effects.settlements.empty());
  CHECK(of_kind<unicast>(in.effects, 0).empty());
  CHECK(of_kind<broadcast>(in.effects, 0).size() == 1);
}

TEST_CASE("entries that somebody else asked for are published, and a hole voids the state") {
  fixture in{3, 3};
  in.join(alice);
  in.take();

  in.stored(4);
  CHECK(in.follows);
  CHECK(of_kind<broadcast>(in.effects, 0).size() == 1);
  CHECK_FALSE(of_kind<broadcast>(in.effects, 0)[0].writer);
  in.take();
  in.stored(4);  // known
  CHECK(in.follows);
  CHECK(of_kind<broadcast>(in.effects, 0).empty());
  in.stored(6);
  CHECK_FALSE(in.follows);
}

TEST_CASE("who read further than the room has heard is admitted when it has") {
  fixture in{300, 100};
  in.join(alice);
  in.join(bob, 0);
  in.take();

  in.join(bob, 301, true);
  CHECK(of_kind<admit>(in.effects, 1).empty());
  CHECK(in.effects.settlements.empty());
  in.stored(301);

  CHECK(of_kind<broadcast>(in.effects, 1).empty());  // bob has that one
  CHECK(of_kind<admit>(in.effects, 1).size() == 1);
  REQUIRE(in.effects.settlements.size() == 1);
  in.take();
  in.stored(302);
  CHECK(of_kind<broadcast>(in.effects, 1).size() == 1);
}

TEST_CASE("whether who has not joined may, the order decides") {
  fixture in{3, 3};
  rooms::principal by;
  by.user = alice.user;

  in.room.append(in.from(alice), {by, "k", rooms::post_message{fixture::words("x"), {}}, {}},
                 at(0), in.effects);
  REQUIRE(in.effects.appends.size() == 1);
  CHECK_FALSE(in.effects.appends[0].what.by.joined);
}

TEST_CASE("deleted content is not sent again from memory") {
  fixture in{0, 0};
  in.stored(1);
  room_outcome removal{{},
                       journal::outcome{rooms::appended{
                           {log_entry{seq_no{2}, noon, alice.user, {}, deleted{seq_no{1}, {}}}}}}};
  REQUIRE(in.room.news(removal, at(0), in.effects));
  in.take();

  in.join(alice, 0);

  REQUIRE(of_kind<unicast>(in.effects, 0).size() == 1);
  const std::string text{of_kind<unicast>(in.effects, 0)[0].bytes->begin(),
                         of_kind<unicast>(in.effects, 0)[0].bytes->end()};
  CHECK(text.find("\"text\"") == std::string::npos);
  CHECK(text.find("\"deleted\":true") != std::string::npos);
}

TEST_CASE("an edit of what was taken away is not sent again from memory") {
  fixture in{0, 0};
  in.stored(1);
  in.stored(2);
  const auto news = [&](std::uint64_t seq, entry_body body) {
    room_outcome change{{},
                        journal::outcome{rooms::appended{
                            {log_entry{seq_no{seq}, noon, alice.user, {}, std::move(body)}}}}};
    REQUIRE(in.room.news(change, at(0), in.effects));
  };
  news(3, edited{seq_no{1}, fixture::words("the secret")});
  news(4, edited{seq_no{2}, fixture::words("kept")});
  const bool trims = GENERATE(false, true);
  if (trims)
    news(5, trimmed{seq_no{1}});
  else
    news(5, deleted{seq_no{1}, {}});
  in.take();

  in.join(alice, trims ? 1 : 0);

  REQUIRE(of_kind<unicast>(in.effects, 0).size() == 1);
  const std::string text{of_kind<unicast>(in.effects, 0)[0].bytes->begin(),
                         of_kind<unicast>(in.effects, 0)[0].bytes->end()};
  CHECK(text.find("the secret") == std::string::npos);
  CHECK(text.find("kept") != std::string::npos);
  CHECK(text.find("\"target\":1") != std::string::npos);
}

TEST_CASE("for others a direct room does not exist") {
  fixture in{0, 0, std::pair{user_id::trusted("alice"), user_id::trusted("bob")}};
  const auto eve = fixture::session(9, "eve");

  CHECK(in.room.exists_for(user_id::trusted("bob")));
  CHECK_FALSE(in.room.exists_for(user_id::trusted("eve")));
  in.join(eve);
  CHECK_FALSE(in.room.has_member(eve.id));
}

TEST_CASE("a listener of a direct room hears it without being online in it") {
  fixture in{0, 0, std::pair{user_id::trusted("alice"), user_id::trusted("bob")}};
  in.room.listen(alice, in.effects);
  CHECK(of_kind<admit>(in.effects, 0).size() == 1);
  CHECK(in.room.online() == 0);
  CHECK(in.room.idle());
  in.take();

  in.join(alice);
  CHECK(of_kind<dismiss>(in.effects, 0).size() == 1);
  CHECK(of_kind<admit>(in.effects, 0).size() == 1);
  in.take();
  in.room.leave(in.from(alice), {false}, at(0), in.effects);
  CHECK(of_kind<dismiss>(in.effects, 0).empty());
  in.take();
  in.room.dismiss_all(in.effects);
  CHECK(of_kind<dismiss>(in.effects, 0).size() == 1);
}

TEST_CASE("memory is bounded by entries and by bytes") {
  fixture in;
  in.join(alice);
  const bool large = GENERATE(false, true);
  const std::string text(large ? 4000 : 1, 'x');
  for (std::uint64_t seq = 1; seq <= 300; ++seq) {
    in.say(alice, text.c_str());
    in.stored(seq);
  }
  in.take();
  const auto reaches = [&](std::uint64_t since) {
    in.join(bob, since);
    return in.take().catch_ups.empty();
  };

  CHECK(reaches(large ? 290 : 44));
  CHECK_FALSE(reaches(large ? 280 : 43));
}
