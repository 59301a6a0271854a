// What is trimmed, and what becomes of that.

#include "tests/rooms/chat.hpp"

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

operation trim(std::uint64_t upto) {
  return {general, server_principal(), "", trim_room{seq_no{upto}}};
}

}  // namespace

TEST_CASE("a room is trimmed by the deployment, and by nobody else") {
  chat in;
  in.say();
  auto by_alice = in_general(alice, trim_room{seq_no{2}});
  CHECK(code(in.decide(by_alice)) == error_code::forbidden);
  CHECK(code(in.decide(as_admin(by_alice))) == error_code::forbidden);
  CHECK(in.view().floor == seq_no{1});

  const auto made = in.decide(trim(2));

  REQUIRE(done(made));
  CHECK(entries(made).at(0) == log_entry{seq_no{3}, unix_ms{1000}, server_user, "", trimmed{seq_no{2}}});
  CHECK(in.view().floor == seq_no{3});
}

TEST_CASE("what is gone is not trimmed again, and what is not there yet is not trimmed") {
  chat in;
  in.say();
  REQUIRE(done(in.decide(trim(100))));
  CHECK(in.view().floor == seq_no{3});

  CHECK(nothing(in.decide(trim(2))));
  CHECK(nothing(in.decide(trim(1))));
  REQUIRE(done(in.decide(trim(3))));
  CHECK(in.view().floor == seq_no{4});
}

TEST_CASE("one entry trims a thousand at most") {
  chat in;
  for (std::size_t i = 0; i < limits::trim_entries_max + 1; ++i) in.say();

  REQUIRE(done(in.decide(trim(100'000))));

  CHECK(in.view().floor == seq_no{limits::trim_entries_max + 1});
}

TEST_CASE("nothing is done to a message that is gone, but a repeat of what was done is answered") {
  chat in;
  const auto first = in.say();
  const auto thread = in.say();
  const auto answer = entries(in.decide(reply("in a thread", thread))).back().seq.value();
  const auto second = in.say();
  auto gone = erase({first});
  gone.key = "delete";
  REQUIRE(done(in.decide(gone)));
  auto said = post("once", "said");
  REQUIRE(done(in.decide(said)));
  REQUIRE(done(in.decide(pin(alice, second))));
  REQUIRE(done(in.decide(trim(thread))));
  CHECK(in.view().pins == std::vector{seq_no{second}});

  auto answers = post("an answer");
  std::get<post_message>(answers.what).where.reply_to = seq_no{thread};
  for (auto& asked : {edit(thread), erase({thread}), react(thread), pin(alice, thread), answers,
                      reply("to the root", thread), reply("to a reply", answer)}) {
    auto copy = asked;
    copy.by.user = alice;
    CHECK(code(in.decide(copy)) == error_code::no_such_message);
  }
  CHECK(std::holds_alternative<repeated>(in.decide(gone)));
  REQUIRE(done(in.decide(trim(second + 2))));
  CHECK(in.view().pins.empty());
  CHECK(std::holds_alternative<repeated>(in.decide(said)));
}

TEST_CASE("a room keeps messages no longer than the server, unless the deployment says so") {
  using std::chrono::hours;
  rules how;
  how.retention = hours{48};
  chat in{{}, how};
  CHECK(code(in.decide(set(alice, with(&room_settings::retention, hours{49})))) ==
        error_code::forbidden);
  CHECK(done(in.decide(set(alice, with(&room_settings::retention, hours{48})))));
  CHECK(done(in.decide(set(alice, with(&room_settings::retention, hours{1})))));
  CHECK(done(in.decide(set(alice, with(&room_settings::retention, hours{0})))));
  CHECK(done(in.decide(by_api(set(alice, with(&room_settings::retention, hours{100}))))));
}
