// Jobs and trims on a journal in memory, which does at once what it is asked for.

#include "journal/journal.hpp"
#include "tests/api/fake_backend.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

struct kept_world : api_world {
  std::unique_ptr<journal::journal> log = journal::open_memory();
  std::unique_ptr<journal::writer> writes = log->make_writer();
  std::unique_ptr<journal::reader> reads = log->make_reader();
  std::size_t done = 0;  // of what was asked for

  kept_world() {
    chat.holds_reads = true;
    chat.forgets = [this](const room_id& room, seq_no head) {
      const auto gone = writes->forget_room(room, head);
      return gone && *gone;
    };
  }
  ~kept_world() {
    chat.reads.clear();
    chat.feed_waits.clear();
  }

  std::vector<rooms::brief> commit(std::vector<rooms::operation> what) {
    std::vector<rooms::brief> out;
    for (auto& one : what) {
      std::vector<rooms::operation> alone;
      alone.push_back(std::move(one));
      auto result = writes->commit(alone, chat.time);
      const auto* no = std::get_if<rooms::refused>(&result->front());
      out.push_back(no ? rooms::brief{*no} : rooms::brief{rooms::unchanged{}});
    }
    return out;
  }
  /// Until nothing is left to do, and only waits are.
  void run() {
    for (;;) {
      if (!chat.reads.empty()) {
        chat.serve(reads.get());
      } else if (!chat.waiting.empty()) {
        std::vector<rooms::operation> next(chat.asked.begin() + static_cast<std::ptrdiff_t>(done), chat.asked.end());
        done = chat.asked.size();
        chat.settle(commit(std::move(next)));
      } else {
        return;
      }
    }
  }
  std::shared_ptr<heard> told_of(std::string method, std::string path, std::string body = {}) {
    auto into = call(std::move(method), std::move(path), std::move(body));
    run();
    return into;
  }
  json body_of(const heard& what) { return json::parse(what.answer->body); }
  void say(int count) {
    std::string items;
    for (int i = 0; i < count; ++i) items += std::string{i ? "," : ""} + R"({"room":"team","from":"bob","text":"x"})";
    told_of("POST", "/publish", R"({"items":[)" + items + "]}");
  }
};

const room_id team = room_id::trusted("team");

}  // namespace

TEST_CASE("a room is deleted in steps, and the job is done when its id is free") {
  kept_world world;
  world.told_of("PUT", "/rooms/team", R"({"owner":"alice"})");
  world.told_of("POST", "/rooms/team/members", R"({"users":["bob"],"state":"member"})");
  world.told_of("POST", "/rooms/team/members", R"({"users":["eve"],"state":"banned"})");
  world.say(3);

  const auto made = world.told_of("DELETE", "/rooms/team");
  const auto job = world.told_of("GET", "/jobs/j-1");
  const auto again = world.told_of("DELETE", "/rooms/team");

  CHECK(made->answer->status == 202);
  CHECK(world.body_of(*made)["job"] == "j-1");
  CHECK(world.body_of(*job)["state"] == "done");
  CHECK(world.body_of(*job)["kind"] == "delete_room");
  CHECK(world.reads->room(team).why() == journal::fault::no_such_room);
  CHECK(again->answer->status == 404);
}

TEST_CASE("a deletion that is not done goes on after a restart, and leaves what is made by the id later alone") {
  kept_world world;
  world.told_of("PUT", "/rooms/team", R"({"owner":"alice"})");
  world.chat.forgets = [](const room_id&, seq_no) { return false; };
  world.told_of("DELETE", "/rooms/team");
  CHECK(world.body_of(*world.told_of("GET", "/jobs/j-1"))["state"] == "running");
  CHECK(world.body_of(*world.told_of("DELETE", "/rooms/team"))["job"] == "j-1");
  world.chat.feed_waits.clear();  // the process ends

  api_world next;
  next.chat.holds_reads = true;
  next.service->resume_jobs();
  next.chat.serve(world.reads.get());
  SECTION("the same room") {
    REQUIRE(next.chat.reads.size() == 1);
    next.chat.serve(world.reads.get());
    CHECK(std::holds_alternative<rooms::record_event>(next.chat.asked.back().what));
  }
  SECTION("another room") {
    const auto head = world.reads->room(team)->head;
    REQUIRE(*world.writes->forget_room(team, head));
    std::vector<rooms::operation> make;
    make.push_back({team, rooms::server_principal(), {}, rooms::create_room{epoch_id{"other"}, {}, {}}, {}});
    world.commit(std::move(make));
    next.chat.serve(world.reads.get());
    REQUIRE(next.chat.asked.size() == 1);
    CHECK(std::holds_alternative<rooms::set_marks>(next.chat.asked.back().what));  // it is done
  }
  next.chat.reads.clear();
}

TEST_CASE("a trim goes up to an entry or a time, and asks again for as much as one operation may not take") {
  kept_world world;
  world.told_of("PUT", "/rooms/team", "{}");
  for (int i = 0; i < 3; ++i) world.say(800);
  const auto oldest = [&](std::string body) {
    const auto heard = world.told_of("POST", "/rooms/team/trim", std::move(body));
    return world.body_of(*heard)["oldest"].get<int>();
  };

  CHECK(oldest(R"({"upto":2})") == 3);
  CHECK(oldest(R"({"before_at":5})") == 3);
  CHECK(oldest(R"({"upto":2200})") == 2'201);
  const auto later = std::to_string(world.chat.time.value() + 1);
  CHECK(oldest(R"({"before_at":)" + later + "}") > 2'400);
  CHECK(api_world::told(*world.told_of("POST", "/rooms/team/trim", R"({"upto":1,"before_at":1})")).first == 400);
  CHECK(api_world::told(*world.told_of("POST", "/rooms/none/trim", R"({"upto":1})")).first == 404);
}

TEST_CASE("where the owner is deactivated another becomes one, if there is anybody") {
  kept_world world;
  world.told_of("PUT", "/rooms/team", R"({"owner":"alice"})");
  world.told_of("PUT", "/rooms/alone", R"({"owner":"alice"})");
  world.told_of("POST", "/rooms/team/members", R"({"users":["bob"],"state":"member"})");

  const auto heard = world.told_of("POST", "/users/alice/deactivate");

  CHECK(heard->answer->status == 200);
  CHECK(world.reads->member(team, user_id::trusted("bob"))->row.is_owner());
  CHECK_FALSE(world.reads->member(team, user_id::trusted("alice"))->row.is_owner());
  CHECK(world.reads->member(team, user_id::trusted("alice"))->row.is_member());
  CHECK(world.reads->member(room_id::trusted("alone"), user_id::trusted("alice"))->row.is_owner());
}
