// Who is no session: operations, reads and looks of the API.

#include "actors/room_state.hpp"
#include "actors/user_row.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

rooms::operation post(const std::string& room, const std::string& text, std::string key = {}) {
  auto asked = wanted_by("bot", room, rooms::post_message{{text, std::nullopt}}, std::move(key));
  asked.by.as = rooms::principal::kind::api_key;
  return asked;
}

/// How often it was heard, and what.
struct heard {
  std::size_t times = 0;
  std::vector<rooms::brief> outcomes;
};

std::shared_ptr<heard> append(actor_world& world, std::vector<rooms::operation> what) {
  auto into = std::make_shared<heard>();
  caf::anon_send(world.env.writer, actors::append_all_request{std::move(what), [into](auto outcomes) {
                                                                ++into->times;
                                                                into->outcomes = std::move(outcomes);
                                                              }});
  return into;
}

void look_at(actor_world& world, const std::string& room,
             std::function<void(const actors::room_state*)> hear) {
  const auto id = room_id::trusted(room);
  caf::anon_send(world.env.board.directory_of(id),
                 actors::to_room{id, {{}, actors::look_at_room{std::move(hear)}}});
  world.settle();
}

}  // namespace

TEST_CASE("many operations are told of at once, each with what became of it") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");

  const auto told = append(world, {post("general", "one", "k"), post("nowhere", "two"),
                                   post("general", "three"), post("general", "one", "k")});
  world.settle();

  REQUIRE(told->times == 1);
  REQUIRE(told->outcomes.size() == 4);
  CHECK(std::get<rooms::kept>(told->outcomes[0]).seq == seq_no{1});
  CHECK(std::get<rooms::refused>(told->outcomes[1]).code == error_code::no_such_room);
  CHECK(std::get<rooms::kept>(told->outcomes[2]).seq == seq_no{2});
  CHECK(std::get<rooms::repeated>(told->outcomes[3]).seq == seq_no{1});
  CHECK(alice.received("message").size() == 2);
}

TEST_CASE("operations that are more than a batch are told of when the last is stored") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.join("general");
  std::vector<rooms::operation> many;
  for (int i = 0; i < 5'000; ++i) many.push_back(post("general", "x"));

  const auto told = append(world, std::move(many));
  world.settle();

  CHECK(told->times == 1);
  CHECK(told->outcomes.size() == 5'000);
  CHECK(std::get<rooms::kept>(told->outcomes.back()).seq == seq_no{5'000});
}

TEST_CASE("where nothing can be stored, who asked hears so") {
  actor_world world;
  world.fill("general", 1);
  world.faults.on_commit = [] { return commit_fate::refused; };

  const auto told = append(world, {post("general", "one")});
  world.settle();

  REQUIRE(told->times == 1);
  CHECK(std::holds_alternative<rooms::not_kept>(told->outcomes.front()));
}

TEST_CASE("a change of members says whom it changed, and an heir is not one of them") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.ask({{"type", "create"}, {"room", "club"}, {"key", "k"}});
  member_set joins;
  joins.users = {user_id::trusted("bob"), user_id::trusted("alice")};
  joins.state = member_state::member;
  auto add = wanted_by("@server", "club", rooms::set_members{joins});
  add.by.as = rooms::principal::kind::api_key;
  member_set goes;
  goes.users = {user_id::trusted("alice")};
  goes.state = member_state::removed;
  auto remove = wanted_by("@server", "club", rooms::set_members{goes});
  remove.by.as = rooms::principal::kind::api_key;

  const auto told = append(world, {add, remove});
  world.settle();

  CHECK(std::get<rooms::kept>(told->outcomes[0]).users == std::vector{user_id::trusted("bob")});
  CHECK(std::get<rooms::kept>(told->outcomes[1]).users == std::vector{user_id::trusted("alice")});
  CHECK(std::get<rooms::kept>(told->outcomes[1]).entries == 2);
}

TEST_CASE("who looks at a room sees it when it is ready, and nothing where there is none") {
  actor_world world;
  world.fill("general", 3);
  auto& alice = world.guest("alice");
  alice.join("general");
  std::vector<std::string> seen;

  look_at(world, "general", [&](const actors::room_state* room) {
    REQUIRE(room);
    CHECK(room->view().head == seq_no{3});
    for (const auto& one : room->users_online(10)) seen.push_back(one.id.value());
  });
  look_at(world, "nowhere", [&](const actors::room_state* room) { seen.push_back(room ? "?" : "none"); });

  CHECK(seen == std::vector<std::string>{"alice", "none"});
}

TEST_CASE("a direct room that was looked at tells whoever is online what comes") {
  actor_world world;
  auto& alice = world.guest("alice");
  alice.ask({{"type", "direct"}, {"to", "bob"}, {"text", "hello"}});
  alice.disconnect();
  world.advance(1min);  // the room goes to sleep
  auto& bob = world.guest("bob");
  const auto room = direct_room_of(user_id::trusted("alice"), user_id::trusted("bob"));

  look_at(world, room.value(), [](const actors::room_state* there) { CHECK(there); });
  append(world, {post(room.value(), "from outside")});
  world.settle();

  const auto heard = bob.received("message");
  REQUIRE(heard.size() == 1);
  CHECK(heard[0]["text"] == "from outside");
}

TEST_CASE("who looks at a user sees the sessions, and nothing of a user who is not there") {
  actor_world world;
  world.guest("bob");
  world.guest("bob");
  std::vector<std::size_t> seen;
  const auto look = [&](const char* user) {
    const auto id = user_id::trusted(user);
    caf::anon_send(world.env.board.registrar_of(id),
                   actors::to_user{id, actors::look_at_user{[&](const actors::user_row* row) {
                                     seen.push_back(row ? row->sessions().size() : 0);
                                   }}});
    world.settle();
  };

  look("bob");
  look("nobody");

  CHECK(seen == std::vector<std::size_t>{2, 0});
  CHECK(world.users_known() == 1);
}

TEST_CASE("a session in the background is not active, and says so by itself") {
  actor_world world;
  auto& phone = world.guest("bob");
  auto& laptop = world.guest("bob");
  const auto is_active = [&] {
    bool active = false;
    const auto id = user_id::trusted("bob");
    caf::anon_send(world.env.board.registrar_of(id),
                   actors::to_user{id, actors::look_at_user{[&](const actors::user_row* row) {
                                     active = row && row->has_active();
                                   }}});
    world.settle();
    return active;
  };

  CHECK(is_active());
  phone.ask({{"type", "active"}, {"on", false}});
  CHECK(is_active());
  laptop.ask({{"type", "active"}, {"on", false}});
  CHECK_FALSE(is_active());
  phone.ask({{"type", "active"}, {"on", true}});
  CHECK(is_active());
}

TEST_CASE("who comes with a first session and goes with the last one is told of once") {
  actor_world world;
  std::vector<std::string> told;
  world.env.presence = [&](const user_id& user, bool online) {
    told.push_back(user.value() + (online ? " came" : " went"));
  };

  auto& phone = world.guest("bob");
  auto& laptop = world.guest("bob");
  CHECK(told == std::vector<std::string>{"bob came"});
  phone.disconnect();
  world.settle();
  CHECK(told.size() == 1);
  laptop.disconnect();
  world.settle();
  CHECK(told == std::vector<std::string>{"bob came", "bob went"});
}

TEST_CASE("a job is done on a reader's thread, and what it throws costs nobody else anything") {
  actor_world world;
  world.fill("general", 2);
  std::vector<std::uint64_t> heads;
  const auto job = [&](std::function<void(journal::reader*)> what) {
    caf::anon_send(world.env.board.shard(0).reader,
                   actors::read_job{user_id::trusted("@api:shop"), std::move(what)});
  };

  job([&](journal::reader*) { throw std::runtime_error("a bug"); });
  job([&](journal::reader* from) {
    heads.push_back(from->room(room_id::trusted("general"))->head.value());
  });
  world.settle();

  CHECK(heads == std::vector<std::uint64_t>{2});
  CHECK(world.bugs.size() == 1);
}

TEST_CASE("more jobs than may wait are told so") {
  actor_world world;
  world.hold_readers();
  std::size_t done = 0, refused = 0;
  for (std::size_t i = 0; i <= actors::reads_per_key_max; ++i)
    caf::anon_send(world.env.board.shard(0).reader,
                   actors::read_job{user_id::trusted("@api:shop"), [&](journal::reader* from) {
                                      ++(from ? done : refused);
                                    }});
  world.release_all();
  world.settle();

  CHECK(done == actors::reads_per_key_max);
  CHECK(refused == 1);
}

TEST_CASE("what nobody waits for any more is not read, and not to its end") {
  actor_world world;
  world.fill("general", 1);
  const auto& reader = world.env.board.reader_of(room_id::trusted("general"));
  bool wanted = false;
  int read = 0, found = 0;
  const auto ask = [&] {
    caf::anon_send(reader, actors::read_job{user_id::trusted("@api:shop"),
                                            [&](journal::reader* from) {
                                              ++read;
                                              found += bool(from->room(room_id::trusted("general")));
                                            },
                                            [&] { return wanted; }});
    world.settle();
  };

  ask();
  CHECK(read == 0);
  wanted = true;
  ask();
  CHECK(found == 1);
  world.faults.read_fails = [&] {
    wanted = false;  // the caller leaves meanwhile
    return false;
  };
  ask();
  CHECK(read == 2);
  CHECK(found == 1);
}
