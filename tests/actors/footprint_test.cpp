// What a connection keeps in memory on the actors' side. The transport's half is not counted here.

#include "actors/user_row.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <malloc.h>

#include <string>

using namespace confab;
using namespace confab::test;

// Sanitizers bring an allocator of their own, which mallinfo2 knows nothing of.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFAB_OWN_ALLOCATOR 1
#else
#define CONFAB_OWN_ALLOCATOR 0
#endif

namespace {

static_assert(sizeof(actors::user_row) <= 40, "there is one for every user online");

/// A reader that takes everything and keeps nothing.
class forgetful_sink final : public frame_sink {
 public:
  push_result push(const frame&, importance, std::uint32_t) override {
    return push_result::accepted;
  }
  void close(close_code, std::string) override { ++closed; }
  void resume_reading() override {}
  std::size_t queued_bytes() const noexcept override { return 0; }
  void notify_when_low() override {}
  std::size_t closed = 0;
};

struct connection {
  std::shared_ptr<forgetful_sink> sink = std::make_shared<forgetful_sink>();
  std::shared_ptr<actors::intake> taken = std::make_shared<actors::intake>();
  actors::session_actor session;
};

}  // namespace

TEST_CASE("a session, its user and its place in a room keep little more than a kilobyte") {
  if (CONFAB_OWN_ALLOCATOR) return;
  constexpr std::size_t count = 4000, rooms = 20, bytes_max = 1200;
  world_options how;
  how.shards = 1;
  actor_world world{how};
  std::vector<connection> all(count);
  const auto heap = [] { return mallinfo2().uordblks; };

  const auto before = heap();
  for (std::size_t i = 0; i < count; ++i) {
    auto& one = all[i];
    one.session = world.attach(one.sink, one.taken);
    command::hello hello;
    hello.guest = user_id::trusted("user" + std::to_string(i));
    const auto room = room_id::trusted("room" + std::to_string(i % rooms));
    actors::tell(one.session, actors::frame_received{{std::nullopt, hello}});
    world.settle();
    actors::tell(one.session,
                 actors::frame_received{{std::nullopt, command::join{{room, {}, {}}}}});
    world.settle();
  }
  world.advance(60s);  // what waits for the welcome and for replies is gone
  const auto bytes = (heap() - before) / count;

  CAPTURE(bytes);
  CHECK(bytes <= bytes_max);
  CHECK(bytes > 400);  // less would mean that they are not there
  for (auto& one : all) {
    REQUIRE(one.sink->closed == 0);
    actors::tell(one.session, actors::connection_closed{});
  }
}

TEST_CASE("what a room keeps in memory does not grow with its members") {
  if (CONFAB_OWN_ALLOCATOR) return;
  constexpr std::int64_t difference_max = 16 * 1024;  // a byte for each member would be more
  world_options how;
  how.shards = 1;
  actor_world world{how};
  const auto make = [&](const std::string& room, int members) {
    std::vector<rooms::operation> batch{
        wanted_by("owner", room, rooms::create_room{epoch_id{"e"}, {}, {}})};
    for (int i = 0; i < members;) {
      rooms::set_members some;
      some.change.state = member_state::member;
      for (int n = 0; n < 100 && i < members; ++n)
        some.change.users.push_back(user_id::trusted("user" + std::to_string(++i)));
      batch.push_back(wanted_by("owner", room, std::move(some)));
      batch.back().by.admin = true;
    }
    // More than a room remembers of its log.
    for (int i = 0; i < 200; ++i) {
      content what;
      what.text = "text";
      batch.push_back(wanted_by("user1", room, rooms::post_message{std::move(what), {}}));
    }
    world.commit(std::move(batch));
  };
  make("warm", 10);
  make("small", 10);
  make("crowded", 20'000);
  auto& alice = world.guest("user1");
  const auto bytes_of = [&](const std::string& room) {
    const auto heap = [] { return static_cast<std::int64_t>(mallinfo2().uordblks); };
    const auto before = heap();
    REQUIRE(alice.join(room)["member"] == true);
    return heap() - before;
  };
  bytes_of("warm");

  const auto small = bytes_of("small");
  const auto crowded = bytes_of("crowded");

  CAPTURE(small, crowded);
  CHECK(crowded <= small + difference_max);
  CHECK(small > 1000);  // less would mean that it is not there
  CHECK(world.stored_room("crowded").members == 20'000);
}

TEST_CASE("a watched inbox of a thousand rooms, which others watch too, takes no more than 40 KiB") {
  if (CONFAB_OWN_ALLOCATOR) return;
  constexpr std::size_t rooms_count = 1000, watchers = 60, bytes_max = 40 * 1024;
  world_options how;
  how.shards = 1;
  actor_world world{how};
  const auto user = [](std::size_t i) { return user_id::trusted("user" + std::to_string(i)); };
  std::vector<rooms::operation> batch;
  for (std::size_t i = 0; i < rooms_count; ++i) {
    const auto room = "room" + std::to_string(i);
    batch.push_back(wanted_by("owner", room, rooms::create_room{epoch_id{"e"}, {}, {}}));
    rooms::set_members all;
    all.change.state = member_state::member;
    for (std::size_t n = 0; n <= watchers; ++n) all.change.users.push_back(user(n));
    batch.push_back(wanted_by("owner", room, std::move(all)));
    batch.back().by.admin = true;
  }
  world.commit(std::move(batch));
  std::vector<connection> all(watchers + 1);
  const auto watch = [&](std::size_t i) {
    all[i].session = world.attach(all[i].sink, all[i].taken);
    command::hello hello;
    hello.guest = user(i);
    hello.inbox = command::inbox_point{50, {}};
    actors::tell(all[i].session, actors::frame_received{{std::nullopt, hello}});
    world.settle();
  };
  const auto heap = [] { return mallinfo2().uordblks; };
  watch(0);  // the first one's rooms are not known yet
  world.advance(60s);

  const auto before = heap();
  for (std::size_t i = 1; i <= watchers; ++i) watch(i);
  world.advance(60s);
  const auto bytes = (heap() - before) / watchers;

  CAPTURE(bytes);
  CHECK(bytes <= bytes_max);
  CHECK(bytes > 24 * rooms_count);  // less would mean that nobody watches
  for (auto& one : all) {
    REQUIRE(one.sink->closed == 0);
    actors::tell(one.session, actors::connection_closed{});
  }
}
