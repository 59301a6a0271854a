// An inbox that is watched (SEMANTICS §8), and receipts (§7), as clients see them.

#include "protocol/limits.hpp"
#include "tests/journal/told_room.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/effort.hpp"

#include <caf/send.hpp>

#include <map>

using namespace confab;
using namespace confab::test;
using namespace std::chrono_literals;

namespace {

json become(const std::string& room) {
  return {{"type", "join"}, {"room", room}, {"member", true}};
}
json read(const std::string& room, std::uint64_t seq) {
  return {{"type", "read"}, {"room", room}, {"seq", seq}};
}
json direct(const std::string& to, const std::string& text) {
  return {{"type", "direct"}, {"to", to}, {"text", text}};
}
json set_members(const std::string& room, json users, const std::string& state) {
  return {{"type", "set_member"}, {"room", room}, {"users", std::move(users)}, {"state", state}};
}

/// Alice owns "team", and Bob is a member of it; Bob watches his inbox.
struct watched {
  actor_world world;
  client& alice = world.guest("alice");
  client& bob = world.guest("bob");
  json first;

  watched() {
    alice.ask({{"type", "create"}, {"room", "team"}, {"receipts", true}});
    alice.join("team");
    bob.ask(become("team"));
    first = bob.ask({{"type", "inbox"}});
    tick();
    forget();
  }
  void forget() {
    for (auto& each : world.clients) each.forget();
  }
  void tick() { world.advance(limits::inbox_gather); }
  std::vector<json> told(client& who) { return who.received("inbox"); }
  /// The one row that the one event of this half second has.
  json row(client& who) {
    tick();
    const auto events = told(who);
    REQUIRE(events.size() == 1);
    REQUIRE(events[0]["rooms"].size() == 1);
    const auto found = events[0]["rooms"][0];
    who.forget();
    return found;
  }
};

}  // namespace

TEST_CASE("who watches is told what a room is, once for all that half a second has brought") {
  watched t;
  for (const auto* text : {"one", "two", "three"}) t.alice.send("team", text);
  CHECK(t.told(t.bob).empty());

  t.tick();

  const auto events = t.told(t.bob);
  REQUIRE(events.size() == 1);
  CHECK_FALSE(events[0].contains("re"));
  REQUIRE(events[0]["rooms"].size() == 1);
  const auto& row = events[0]["rooms"][0];
  CHECK(row["room"] == "team");
  CHECK(row["unread"] == 3);
  CHECK(row["last"]["text"] == "three");
  CHECK(events[0]["totals"] == json{{"rooms", 1}, {"unread", 3}, {"mentions", 0}});
  t.forget();
  t.world.advance(10s);
  CHECK(t.told(t.bob).empty());
  CHECK(t.told(t.alice).empty());  // who has not asked
}

TEST_CASE("what has been told need not be asked for again") {
  watched t;
  t.alice.send("team", "one");
  t.tick();
  const auto as_of = t.told(t.bob).back()["as_of"];
  const auto since = [&] {
    return t.bob.ask({{"type", "inbox"}, {"since", as_of}})["rooms"].size();
  };

  CHECK(since() == 0);
  t.alice.send("team", "two");
  CHECK(since() == 1);
}

TEST_CASE("edits and deletions are told, reactions and settings are not") {
  watched t;
  t.alice.ask({{"type", "send"}, {"room", "team"}, {"text", "hi"}, {"mentions", {"bob"}}});
  const auto sent = t.row(t.bob);
  CHECK(sent["mentions"] == 1);
  const auto seq = sent["head"];
  t.alice.ask({{"type", "react"}, {"room", "team"}, {"target", seq}, {"emoji", "+"}});
  t.alice.ask({{"type", "set_room"}, {"room", "team"}, {"topic", "plans"}});
  t.tick();
  CHECK(t.told(t.bob).empty());

  t.alice.ask({{"type", "edit"}, {"room", "team"}, {"target", seq}, {"text", "hello"}});
  const auto edited = t.row(t.bob);
  CHECK(edited["last"]["text"] == "hello");
  CHECK(edited["mentions"] == 0);
  CHECK(edited["unread"] == 1);
  t.alice.ask({{"type", "delete"}, {"room", "team"}, {"target", seq}});
  CHECK(t.row(t.bob)["unread"] == 0);
}

TEST_CASE("a reply in a thread is told to whom it addresses, and to its author") {
  watched t;
  auto& carol = t.world.guest("carol");
  carol.ask(become("team"));
  const auto root = t.bob.send("team", "root")["seq"];
  carol.ask({{"type", "inbox"}});
  t.tick();
  t.forget();

  t.alice.ask({{"type", "send"}, {"room", "team"}, {"text", "reply"}, {"thread", root}});
  t.tick();

  CHECK(t.told(carol).empty());
  REQUIRE(t.told(t.bob).size() == 1);
  CHECK(t.told(t.bob)[0]["rooms"][0]["mentions"] == 1);
  CHECK(t.told(t.bob)[0]["rooms"][0]["unread"] == 0);
}

TEST_CASE("rooms come and go: direct ones, invitations, and where one is taken out") {
  watched t;
  t.alice.ask(direct("bob", "psst"));
  const auto between = t.row(t.bob);
  CHECK(between["with"] == "alice");
  CHECK(between["unread"] == 1);
  t.alice.ask(direct("bob", "are you there"));
  CHECK(t.row(t.bob)["unread"] == 2);

  t.alice.ask({{"type", "create"}, {"room", "red"}, {"visibility", "private"}, {"users", {"bob"}}});
  const auto invited = t.row(t.bob);
  CHECK(invited["state"] == "invited");
  t.alice.join("red");
  t.alice.send("red", "one");
  t.tick();
  CHECK(t.told(t.bob).empty());  // nothing of it is for who is only invited
  t.forget();
  t.bob.ask(become("red"));
  CHECK(t.row(t.bob)["state"] == "member");
  t.alice.send("red", "two");
  CHECK(t.row(t.bob)["unread"] == 1);

  t.alice.ask(set_members("red", {"bob"}, "removed"));
  t.tick();
  REQUIRE(t.told(t.bob).size() == 1);
  CHECK(t.told(t.bob)[0]["rooms"][0] == json{{"room", "red"}, {"gone", "removed"}});
  CHECK(t.told(t.bob)[0]["totals"]["unread"] == 2);
  t.forget();
  t.alice.send("red", "three");
  t.tick();
  CHECK(t.told(t.bob).empty());
}

TEST_CASE("what one reads on one device is told to the others, and moves their badges") {
  watched t;
  auto& phone = t.world.guest_with({{"guest", "bob"}, {"inbox", {{"limit", 1}}}});
  for (int i = 0; i < 3; ++i) t.alice.send("team", "text");
  t.tick();
  t.forget();

  const auto head = t.alice.send("team", "last")["seq"].get<std::uint64_t>();
  phone.ask(read("team", head - 1));

  REQUIRE(t.bob.received("read").size() == 1);
  CHECK(t.bob.received("read")[0]["read"] == head - 1);
  t.tick();
  for (auto* each : {&t.bob, &phone}) {
    REQUIRE(t.told(*each).size() == 1);
    CHECK(t.told(*each)[0]["rooms"][0]["unread"] == 1);
    CHECK(t.told(*each)[0]["totals"] == json{{"rooms", 1}, {"unread", 1}, {"mentions", 0}});
  }
}

TEST_CASE("one's own messages are read, on every device") {
  watched t;
  auto& phone = t.world.guest_with({{"guest", "bob"}, {"inbox", json::object()}});
  t.alice.send("team", "one");
  t.tick();
  t.forget();
  t.bob.send("team", "two");

  CHECK(t.row(phone)["unread"] == 0);
}

TEST_CASE("who reads nothing is told later what is so then") {
  watched t;
  t.bob.sink->be_slow();
  t.bob.join("team");
  std::string much(4000, 'x');
  while (t.bob.sink->queued_bytes() <= limits::outbox_low_water_bytes)
    t.alice.send("team", much), t.world.settle();
  t.tick();
  t.forget();
  for (int i = 0; i < 100; ++i) {
    t.alice.send("team", "more");
    t.tick();
  }
  CHECK(t.told(t.bob).empty());

  t.bob.sink->read_all();
  t.alice.send("team", "the last");

  const auto row = t.row(t.bob);
  CHECK(row["last"]["text"] == "the last");
  CHECK(row["unread"] > 100);
}

TEST_CASE("who does not want to watch is told nothing") {
  watched t;
  t.bob.ask({{"type", "inbox"}, {"watch", false}});
  t.forget();
  t.alice.send("team", "one");
  t.tick();
  CHECK(t.told(t.bob).empty());
  CHECK_FALSE(t.world.env.board.has_inboxes(t.bob.id.shard()));

  t.bob.ask({{"type", "inbox"}});
  t.bob.ask({{"type", "inbox"}});
  t.forget();
  t.alice.send("team", "two");
  CHECK(t.row(t.bob)["unread"] == 2);
  t.bob.disconnect();
  t.world.settle();
  CHECK_FALSE(t.world.env.board.has_inboxes(t.bob.id.shard()));
}

TEST_CASE("nothing falls between the first window and what is told after it") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    watched t;
    std::mt19937_64 dice{seed};
    auto& phone = t.world.guest("bob");
    phone.say({{"type", "inbox"}, {"id", 77}});
    int sent = 0;
    for (int step = 0; step < 40; ++step) {
      if (dice() % 8 == 0) {
        t.alice.say({{"type", "send"}, {"room", "team"}, {"text", "text"}});
        ++sent;
      }
      t.world.step_shuffled(dice);
    }
    t.world.settle_shuffled(dice);
    t.tick();
    t.tick();

    json known;
    for (const auto& event : phone.received("inbox"))
      for (const auto& row : event["rooms"]) known = row;
    REQUIRE(known["unread"] == sent);
  }
}

TEST_CASE("where the journal can't be read the rows come when it can") {
  watched t;
  t.alice.ask({{"type", "send"}, {"room", "team"}, {"text", "one"}, {"mentions", {"bob"}}});
  t.world.faults.read_fails = [] { return true; };
  t.tick();
  t.tick();
  CHECK(t.told(t.bob).empty());

  t.world.faults = {};

  CHECK(t.row(t.bob)["mentions"] == 1);
}

TEST_CASE("more rooms than an event may hold are told in several, and none is lost") {
  watched t;
  const auto count = limits::inbox_page_count_max + 30;
  std::vector<rooms::operation> made;
  for (std::size_t i = 0; i < count; ++i) {
    const auto room = "r" + std::to_string(i);
    made.push_back(wanted_by("bob", room, rooms::create_room{epoch_id{"e"}, {}, {}}));
    made.push_back(wanted_by("bob", room, rooms::become_member{}));
  }
  t.world.commit(made);
  t.bob.ask({{"type", "inbox"}, {"watch", false}});
  t.bob.ask({{"type", "inbox"}});
  t.forget();
  for (std::size_t i = 0; i < count; ++i) {
    const auto room = "r" + std::to_string(i);
    t.alice.say({{"type", "join"}, {"room", room}});
    t.world.settle();
    t.alice.say({{"type", "send"}, {"room", room}, {"text", "text"}});
    t.world.advance(50ms);
    t.alice.say({{"type", "leave"}, {"room", room}});
    t.world.settle();
  }
  t.tick();
  t.tick();

  std::map<std::string, json> known;
  for (const auto& event : t.told(t.bob)) {
    CHECK(event["rooms"].size() <= limits::inbox_page_count_max);
    for (const auto& row : event["rooms"]) known[row["room"]] = row["unread"];
  }
  CHECK(known.size() == count);
  CHECK(t.told(t.bob).back()["totals"]["rooms"] == count);
}

namespace {

/// What a client knows of its rooms, by all that it was told.
struct known_rooms {
  std::map<std::string, json> rows;
  json totals, as_of;

  void take(const std::vector<json>& events) {
    for (const auto& event : events) {
      if (event["type"] != "inbox") continue;
      if (event.value("reset", false)) rows.clear();
      for (auto row : event["rooms"]) {
        const std::string room = row["room"];
        // A row that says only what is unread leaves the user's own settings as they were.
        const bool whole = row.contains("title") || row.contains("with") || row.contains("gone");
        if (!whole && rows.contains(room) && rows[room].contains("own"))
          row["own"] = rows[room]["own"];
        for (const auto* may_be_behind : {"head", "title", "role"}) row.erase(may_be_behind);
        const bool hidden = row.contains("own") && row["own"].value("hidden", false);
        if (row.contains("gone") || hidden)
          rows.erase(room);
        else
          rows[room] = std::move(row);
      }
      totals = event["totals"], as_of = event["as_of"];
    }
  }
};

json any_command(std::mt19937_64& dice) {
  const auto pick = [&](std::uint64_t below) { return dice() % below; };
  const std::vector<std::string> places{"red", "blue", "green"}, users{"alice", "bob", "carol"};
  const auto& room = places[pick(3)];
  const auto& user = users[pick(3)];
  const auto seq = 1 + pick(30);
  json send{{"type", "send"}, {"room", room}, {"text", "text " + std::to_string(pick(100))}};
  switch (pick(18)) {
    case 16:
      return {{"type", "set_own"}, {"room", room}, {"hidden", pick(3) > 0}, {"marked", pick(2) == 0}};
    case 17: {
      json own{{"type", "set_own"}, {"room", room}, {"notify", pick(2) ? "none" : "all"}};
      if (pick(2)) own["receipts"] = pick(2) == 0;
      return own;
    }
    case 0:
      send["mentions"] = {user, "@room"};
      return send;
    case 1:
      send["mentions"] = {user};
      return send;
    case 2:
      send["thread"] = seq;
      return send;
    case 3:
      send["reply_to"] = seq;
      return send;
    case 4:
      send["quiet"] = true;
      return send;
    case 5: {
      json edit{{"type", "edit"}, {"room", room}, {"target", seq}, {"text", "new"}};
      if (pick(3)) edit["mentions"] = {user};
      return edit;
    }
    case 6:
      return {{"type", "delete"}, {"room", room}, {"targets", {seq}}};
    case 7:
    case 8:
      return read(room, seq);
    case 9:
      return become(room);
    case 10:
      return pick(3) ? become(room) : json{{"type", "leave"}, {"room", room}, {"member", true}};
    case 11:
      return set_members(room, {user}, pick(2) ? "removed" : "invited");
    case 12:
      return direct(user, "psst");
    case 13:
      return pick(6) ? send : json{{"type", "read"}};
    default:
      return send;
  }
}

void trim(actor_world& world, const std::string& room, std::uint64_t upto) {
  caf::anon_send(world.env.writer,
                 actors::append_request{actors::request_no{},
                                        {room_id::trusted(room), rooms::server_principal(), {},
                                         rooms::trim_room{seq_no{upto}}}});
}

std::string counts_in(const json& row) {
  return row["read"].dump() + " " + row["unread"].dump() + " " + row["mentions"].dump();
}
/// By all that was ever said there, from what he has read on.
std::string counted_by_bob(actor_world& world, const std::string& room, std::uint64_t read) {
  const auto bob = user_id::trusted("bob");
  journal::test::told_room told;
  if (const auto both = world.stored_room(room).direct) told.begin_direct(both->first, both->second);
  for (const auto& entry : world.stored_log(room)) told.take(entry);
  told.markers[bob] = seq_no{read};
  return told.count(bob);
}

}  // namespace

TEST_CASE("whatever happens, all that watchers were told is what the inbox is, and a person counts") {
  const std::vector<std::string> places{"red", "blue", "green"};
  for (std::uint64_t seed = 1; seed <= cases(12); ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 dice{seed};
    actor_world world;
    std::vector<client*> devices;
    for (const auto* user : {"alice", "bob", "carol", "bob"}) devices.push_back(&world.guest(user));
    for (const auto& room : places)
      for (auto* one : devices) one->ask(become(room));
    struct watcher {
      std::size_t device;
      known_rooms known{};
    } watchers[]{{1}, {3}};
    const auto watch = [&](const watcher& who) {
      json wanted{{"type", "inbox"}, {"limit", 200}};
      if (!who.known.as_of.is_null()) wanted["since"] = who.known.as_of;
      devices[who.device]->say(wanted);
    };
    for (const auto& each : watchers) watch(each);
    for (int i = 0; i < 150; ++i) {
      devices[dice() % devices.size()]->say(any_command(dice));
      if (dice() % 25 == 0) trim(world, places[dice() % places.size()], dice() % 12);
      for (auto jobs = dice() % 40; jobs > 0 && world.step_shuffled(dice);) --jobs;
      if (dice() % 6 == 0) world.tick(std::chrono::milliseconds{dice() % 800});
      if (dice() % 40 != 0) continue;
      // One of Bob's devices is away for a while, and goes on from what it was told last.
      world.settle_shuffled(dice);
      auto& away = watchers[dice() % 2];
      auto*& device = devices[away.device];
      away.known.take(device->received());
      device->disconnect();
      for (int missed = 0; missed < 10; ++missed) devices[0]->say(any_command(dice));
      world.settle_shuffled(dice);
      device = &world.guest("bob");
      for (const auto& room : places) device->say({{"type", "join"}, {"room", room}});
      watch(away);
    }
    world.settle_shuffled(dice);
    for (int i = 0; i < 3; ++i) world.advance(limits::inbox_gather);
    for (auto& each : watchers) each.known.take(devices[each.device]->received());

    known_rooms anew;
    auto& phone = *devices[3];
    phone.forget();
    phone.ask({{"type", "inbox"}, {"limit", 200}});
    anew.take(phone.received());

    REQUIRE(anew.rows.size() > 1);
    for (const auto& each : watchers) {
      REQUIRE(each.known.rows == anew.rows);
      REQUIRE(each.known.totals == anew.totals);
    }
    for (const auto& [room, row] : anew.rows) {
      if (row["state"] != "member") continue;
      INFO(room);
      REQUIRE(counts_in(row) == counted_by_bob(world, room, row["read"]));
    }
  }
}

// --- receipts ----------------------------------------------------------------------------------

TEST_CASE("members hear up to where the others have read, gathered for a second") {
  watched t;
  t.bob.join("team");
  auto& carol = t.world.guest("carol");
  const auto joined = carol.ask(become("team"));
  CHECK(joined["receipts"] == true);
  CHECK(joined["reads"] == json{{"alice", 2}, {"bob", 3}, {"carol", 4}});
  const auto seq = t.alice.send("team", "one")["seq"].get<std::uint64_t>();
  t.world.advance(2s);
  CHECK(t.bob.received("receipts").empty());  // a message tells it by itself
  t.forget();

  t.bob.ask(read("team", seq));
  carol.ask(read("team", seq - 1));
  carol.ask(read("team", seq));
  CHECK(t.alice.received("receipts").empty());
  t.world.advance(limits::receipts_gather);

  const json told{{"type", "receipts"}, {"room", "team"}, {"reads", {{"bob", seq}, {"carol", seq}}}};
  CHECK(t.alice.received("receipts") == std::vector{told});
  CHECK(carol.ask({{"type", "members"}, {"room", "team"}})["members"][1]["read"] == seq);
  t.world.advance(5s);
  CHECK(t.alice.received("receipts").size() == 1);
}

TEST_CASE("direct rooms have receipts") {
  watched t;
  t.alice.ask(direct("bob", "psst"));
  const auto joined = t.bob.join("dm:alice:bob");
  CHECK(joined["receipts"] == true);
  CHECK(joined["read"] == 0);
  CHECK(joined["reads"] == json{{"alice", 1}, {"bob", 0}});
  t.forget();

  t.bob.ask(read("dm:alice:bob", 1));
  t.world.advance(limits::receipts_gather);

  REQUIRE(t.alice.received("receipts").size() == 1);
  CHECK(t.alice.received("receipts")[0]["reads"] == json{{"bob", 1}});
  t.world.advance(60s);  // the room goes to sleep, and is read anew
  CHECK(t.alice.join("dm:alice:bob")["reads"] == json{{"alice", 1}, {"bob", 1}});
}

TEST_CASE("receipts begin and end with the setting, and with membership") {
  watched t;
  t.bob.join("team");
  t.alice.ask({{"type", "set_room"}, {"room", "team"}, {"receipts", false}});
  t.forget();
  t.alice.ask(read("team", 1'000));
  t.world.advance(2s);
  CHECK(t.bob.received("receipts").empty());
  CHECK_FALSE(t.bob.join("team").contains("reads"));

  t.alice.ask({{"type", "set_room"}, {"room", "team"}, {"receipts", true}});
  t.world.settle();

  REQUIRE(t.bob.received("receipts").size() == 1);
  CHECK(t.bob.received("receipts")[0]["reads"].size() == 2);
  t.alice.ask(set_members("team", {"bob"}, "removed"));
  CHECK(t.alice.join("team")["reads"].size() == 1);
  CHECK_FALSE(t.world.guest("carol").join("team").contains("read"));
}

TEST_CASE("rooms of more members than receipts are for have none") {
  watched t;
  for (auto* each : {&t.alice, &t.bob}) each->ask({{"type", "leave"}, {"room", "team"}});
  t.world.advance(60s);
  std::vector<rooms::operation> made;
  for (std::size_t i = 2; i < limits::receipts_members_max; ++i)
    made.push_back(wanted_by("user" + std::to_string(i), "team", rooms::become_member{}));
  t.world.commit(made);
  CHECK(t.alice.join("team")["reads"].size() == limits::receipts_members_max);

  t.world.guest("one-more").ask(become("team"));

  CHECK_FALSE(t.alice.join("team").contains("receipts"));
}

TEST_CASE("receipts are dropped first for a slow reader") {
  watched t;
  t.bob.sink->be_slow();
  t.bob.join("team");
  std::string much(4000, 'x');
  while (t.bob.sink->queued_bytes() <= limits::outbox_droppable_bytes_max) t.alice.send("team", much);
  t.forget();
  const auto dropped = t.bob.sink->dropped;
  auto& carol = t.world.guest("carol");
  carol.ask(become("team"));
  carol.ask(read("team", 10));

  t.world.advance(limits::receipts_gather);

  CHECK(t.bob.received("receipts").empty());
  CHECK(t.bob.sink->dropped > dropped);
}
