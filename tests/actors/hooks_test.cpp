// A deployment that is asked about messages and files: its answers come later, or never.

#include "actors/asked_hooks.hpp"
#include "actors/key_claims.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

#include <utility>
#include <variant>
#include <vector>

using namespace confab;
using namespace confab::test;

namespace {

/// Keeps the questions until the test answers them.
class fake_hooks final : public actors::asked_hooks {
 public:
  using question =
      std::variant<rooms::message_question, rooms::upload_question, rooms::download_question>;

  bool checks(const room_id& room) const noexcept override {
    return room.view() != "free" && (directs || !is_direct(room));
  }
  bool has_files() const noexcept override { return files; }
  void ask(rooms::message_question what, hear then) override { keep(std::move(what), std::move(then)); }
  void ask(rooms::upload_question what, hear then) override { keep(std::move(what), std::move(then)); }
  void ask(rooms::download_question what, hear then) override { keep(std::move(what), std::move(then)); }

  struct asked {
    question what;
    hear then;
  };
  std::vector<asked> all;
  bool files = true;
  bool directs = true;
  bool over = false;

 private:
  void keep(question what, hear then) {
    if (!over) all.push_back({std::move(what), std::move(then)});
  }
};

rooms::hook_verdict no(std::string reason) {
  auto why = rooms::refusal(error_code::rejected, "no");
  why.reason = std::move(reason);
  why.data = free_data{R"({"rule":7})"};
  return why;
}

struct moderated {
  moderated() { world.env.hooks = &hooks; }
  ~moderated() {  // before the world that they would answer to
    hooks.over = true;
    hooks.all.clear();
  }

  const rooms::message_question& question(std::size_t number) const {
    return std::get<rooms::message_question>(hooks.all.at(number).what);
  }
  void answer(std::size_t number, rooms::hook_verdict what) {
    hooks.all.at(number).then(std::move(what));
    world.settle();
  }
  void allow(std::size_t number, bool unchecked = false) {
    const auto& asked = question(number);
    answer(number, rooms::let_through{asked.what, asked.where, unchecked});
  }
  void modify(std::size_t number, std::string text) {
    auto what = question(number).what;
    what.text = std::move(text);
    answer(number, rooms::let_through{std::move(what), question(number).where});
  }
  /// Says it, with an id, and waits until nobody has anything to do.
  std::uint64_t say(client& who, json what) {
    const auto id = who.next_id();
    what["id"] = id;
    who.say(what);
    world.settle();
    return id;
  }
  std::uint64_t send(client& who, const std::string& text, const std::string& key = {},
                     const std::string& room = "general") {
    json what{{"type", "send"}, {"room", room}, {"text", text}};
    if (!key.empty()) what["key"] = key;
    return say(who, what);
  }
  /// Somebody who may everything, and whom the room hears.
  void change_member(json change) {
    auto boss = world.identity_of("boss");
    boss.admin = true;
    world.auth.tokens.emplace("boss", std::move(boss));
    change.update({{"type", "set_member"}, {"room", "general"}, {"users", {"alice"}}});
    REQUIRE(world.with_token("boss").ask(std::move(change))["type"] == "done");
  }
  static std::vector<std::string> texts(client& of) {
    std::vector<std::string> all;
    for (const auto& frame : of.received("message")) all.push_back(frame["text"]);
    return all;
  }
  std::size_t stored(const std::string& room = "general") { return world.stored_log(room).size(); }

  fake_hooks hooks;
  actor_world world;
};

using texts = std::vector<std::string>;

}  // namespace

// --- messages ---

TEST_CASE("a message that is allowed is stored when the answer has come, and not before") {
  moderated at;
  auto& alice = at.world.guest("alice");
  auto& bob = at.world.guest("bob");
  alice.join("general"), bob.join("general");

  const auto id = at.send(alice, "hi", "k1");
  CHECK(alice.reply_to(id).is_null());
  CHECK(at.stored() == 0);
  REQUIRE(at.hooks.all.size() == 1);
  const auto& asked = at.question(0);
  CHECK(asked.from.user.view() == "alice");
  CHECK(asked.from.room.view() == "general");
  CHECK(asked.from.as == role::visitor);
  CHECK(asked.from.session == alice.session_text());
  CHECK(asked.what.text == "hi");
  CHECK_FALSE(asked.edits);

  at.allow(0);

  CHECK(alice.reply_to(id)["seq"] == 1);
  CHECK(at.texts(bob) == texts{"hi"});
  CHECK_FALSE(bob.received("message")[0].contains("unchecked"));
  CHECK(alice.taken->outstanding() == 0);
}

TEST_CASE("a message that is changed is stored as it was made, and told by the entry alone") {
  moderated at;
  auto& alice = at.world.guest("alice");
  alice.join("general");

  const auto id = at.send(alice, "damn");
  at.modify(0, "***");

  CHECK(alice.reply_to(id)["type"] == "sent");
  CHECK(at.texts(alice) == texts{"***"});
}

TEST_CASE("a message that is rejected is nowhere, and its author hears why") {
  moderated at;
  auto& alice = at.world.guest("alice");
  alice.join("general");

  const auto id = at.send(alice, "spam", "k1");
  at.answer(0, no("No links here."));

  const auto error = alice.reply_to(id);
  CHECK(error["code"] == "rejected");
  CHECK(error["reason"] == "No links here.");
  CHECK(error["data"] == json{{"rule", 7}});
  CHECK(error["retry"] == false);
  CHECK(at.stored() == 0);
  // The key was not used: another message may have it.
  at.send(alice, "better", "k1");
  at.allow(1);
  CHECK(at.texts(alice) == texts{"better"});
}

TEST_CASE("what could not be checked is unavailable, or says that it is unchecked") {
  moderated at;
  auto& alice = at.world.guest("alice");
  alice.join("general");

  const auto lost = at.send(alice, "one", "k1");
  at.answer(0, rooms::refusal(error_code::unavailable, "no answer"));
  CHECK(alice.reply_to(lost)["code"] == "unavailable");
  CHECK(alice.reply_to(lost)["retry"] == true);
  CHECK(at.stored() == 0);

  at.send(alice, "one", "k1");
  at.allow(1, true);
  CHECK(alice.received("message")[0]["unchecked"] == true);
  CHECK(at.say(alice, {{"type", "edit"}, {"room", "general"}, {"target", 1}, {"text", "two"}}) > 0);
  CHECK(at.question(2).edits == seq_no{1});
  at.allow(2, true);
  CHECK(alice.received("edited")[0]["unchecked"] == true);
  CHECK(alice.join("general")["events"][0]["text"] == "two");
}

TEST_CASE("who waits is the session that says it: what it sends behind keeps its order, others go on") {
  moderated at;
  auto& alice = at.world.guest("alice");
  auto& again = at.world.guest("alice");
  auto& bob = at.world.guest("bob");
  alice.join("general"), again.join("general"), bob.join("general"), bob.join("free");

  at.send(alice, "first");
  at.send(alice, "second");
  const auto typing = at.say(alice, {{"type", "typing"}, {"room", "general"}, {"on", true}});
  const auto other = at.send(again, "of another session");
  const auto free = at.send(bob, "not checked", {}, "free");
  REQUIRE(at.hooks.all.size() == 2);  // the second one is not asked about yet
  CHECK(bob.reply_to(free)["type"] == "sent");

  at.allow(1);
  CHECK(again.reply_to(other)["type"] == "sent");
  CHECK(alice.reply_to(typing).is_null());
  at.allow(0);
  at.allow(2);

  CHECK(at.texts(bob) == texts{"not checked", "of another session", "first", "second"});
  CHECK(alice.reply_to(typing)["type"] == "done");
}

TEST_CASE("a repeat is not asked about, and neither is what rights refuse") {
  moderated at;
  auto& alice = at.world.guest("alice");
  alice.join("general");
  at.send(alice, "one", "k1");
  at.allow(0);

  const auto repeat = at.send(alice, "other", "k1");
  CHECK(alice.reply_to(repeat)["duplicate"] == true);
  CHECK(alice.reply_to(repeat)["seq"] == 1);
  const auto stranger = at.send(alice, "two", {}, "elsewhere");
  CHECK(alice.reply_to(stranger)["type"] == "error");
  const auto no_root = at.say(alice, {{"type", "send"}, {"room", "general"}, {"text", "x"}, {"thread", 7}});
  CHECK(alice.reply_to(no_root)["code"] == "no_such_message");

  CHECK(at.hooks.all.size() == 1);
}

TEST_CASE("rights are judged again when the answer is there") {
  moderated at;
  auto& alice = at.world.guest("alice");
  alice.join("general");
  const auto id = at.send(alice, "hi");
  REQUIRE(at.hooks.all.size() == 1);
  at.change_member({{"state", "banned"}});

  at.allow(0);

  CHECK(alice.reply_to(id)["code"] == "banned");
  CHECK(at.stored() == 1);
}

TEST_CASE("a repeat on the same node waits for the check that runs, and is asked about no more") {
  moderated at;
  auto& before = at.world.guest("alice");
  auto& now = at.world.guest("alice");
  before.join("general"), now.join("general");
  at.send(before, "one", "k1");
  const auto repeat = at.send(now, "one", "k1");
  REQUIRE(at.hooks.all.size() == 1);

  SECTION("it is stored") {
    at.allow(0);
    CHECK(now.reply_to(repeat)["duplicate"] == true);
    CHECK(at.hooks.all.size() == 1);
    CHECK(at.stored() == 1);
  }
  SECTION("it is rejected, so that the repeat is a first one") {
    at.answer(0, no("no"));
    REQUIRE(at.hooks.all.size() == 2);
    at.allow(1);
    CHECK(now.reply_to(repeat)["seq"] == 1);
  }
  SECTION("whose it was is gone") {
    before.disconnect();
    at.world.settle();
    REQUIRE(at.hooks.all.size() == 2);
    at.allow(0);  // too late: nobody waits for it
    CHECK(at.stored() == 0);
    at.allow(1);
    CHECK(now.reply_to(repeat)["seq"] == 1);
  }
}

TEST_CASE("a hook that never answers costs its command alone") {
  moderated at;
  auto& alice = at.world.guest("alice");
  alice.join("general");
  const auto id = at.send(alice, "hi", "k1");

  at.world.advance(60s);

  CHECK(alice.reply_to(id)["code"] == "unavailable");
  at.allow(0);  // too late
  CHECK(at.stored() == 0);
  at.send(alice, "hi", "k1");
  at.allow(1);
  CHECK(at.stored() == 1);
}

TEST_CASE("a direct message is checked before there is a room for it") {
  moderated at;
  auto& alice = at.world.guest("alice");
  auto& bob = at.world.guest("bob");
  const auto direct = [&](const std::string& text) {
    return at.say(alice, {{"type", "direct"}, {"to", "bob"}, {"text", text}});
  };

  direct("spam");
  REQUIRE(at.hooks.all.size() == 1);
  CHECK(at.question(0).from.room.view() == "dm:alice:bob");
  CHECK(at.question(0).from.as == role::member);
  at.answer(0, no("no"));
  CHECK(at.world.stored_room("dm:alice:bob").room.value().empty());

  direct("hi");
  at.allow(1);
  CHECK(at.texts(bob) == texts{"hi"});
  direct("again");
  at.modify(2, "AGAIN");
  CHECK(at.texts(bob) == texts{"hi", "AGAIN"});
  at.hooks.directs = false;
  direct("free");
  CHECK(at.texts(bob).size() == 3);
}

TEST_CASE("a stopping server answers what is being checked first") {
  moderated at;
  auto& alice = at.world.guest("alice");
  alice.join("general");
  const auto id = at.send(alice, "hi");

  actors::tell(alice.session, actors::drain_session{});
  at.world.settle();
  CHECK_FALSE(alice.closed());
  at.allow(0);

  CHECK(alice.reply_to(id)["type"] == "sent");
  CHECK(alice.close_code() == 1012);
}

// --- files ---

TEST_CASE("where a file goes the deployment says, to who may write in the room") {
  moderated at;
  auto& alice = at.world.guest("alice");
  CHECK(alice.welcome["features"].dump().find("upload") != std::string::npos);
  alice.join("general");
  const json upload{{"type", "upload"}, {"room", "general"}, {"mime", "image/png"}, {"bytes", 7}, {"name", "p.png"}};

  const auto id = at.say(alice, upload);
  REQUIRE(at.hooks.all.size() == 1);
  const auto& asked = std::get<rooms::upload_question>(at.hooks.all[0].what);
  CHECK(asked.from.user.view() == "alice");
  CHECK(asked.mime == "image/png");
  CHECK(asked.bytes == 7);
  CHECK(asked.name == "p.png");
  at.answer(0, rooms::file_place{"f/7", "PUT", "https://s.example/", free_data{R"({"a":"b"})"}, unix_ms{9}});

  CHECK(alice.reply_to(id) ==
        json::parse(R"({"type":"upload","re":)" + std::to_string(id) +
                    R"(,"ref":"f/7","method":"PUT","url":"https://s.example/","headers":{"a":"b"},"expires_at":9})"));
  const auto refused = at.say(alice, upload);
  at.answer(1, no("too large"));
  CHECK(alice.reply_to(refused)["reason"] == "too large");

  at.change_member({{"mute_until", at.world.now().value() + 60'000}});
  const auto muted = at.say(alice, upload);
  CHECK(alice.reply_to(muted)["code"] == "muted");
  CHECK(at.hooks.all.size() == 2);
}

TEST_CASE("a file that a message names is given to who may read it, as the message is now") {
  moderated at;
  at.hooks.directs = false;
  auto& alice = at.world.guest("alice");
  auto& bob = at.world.guest("bob");
  alice.join("free");
  const auto send = [&](json files) {
    return alice.ask({{"type", "send"}, {"room", "free"}, {"attachments", std::move(files)}});
  };
  send(json::parse(R"([{"url":"https://e.example/p"},{"ref":"f/7"}])"));
  const auto download = [&](client& who, std::uint64_t seq, std::uint64_t index,
                            const std::string& room = "free") {
    return at.say(who, {{"type", "download"}, {"room", room}, {"seq", seq}, {"index", index}});
  };

  const auto id = download(bob, 1, 1);  // it needs no joining
  REQUIRE(at.hooks.all.size() == 1);
  const auto& asked = std::get<rooms::download_question>(at.hooks.all[0].what);
  CHECK(asked.ref == "f/7");
  CHECK(asked.seq == seq_no{1});
  CHECK(asked.from.user.view() == "bob");
  at.answer(0, rooms::file_place{"", "", "https://s.example/", {}, unix_ms{9}});
  CHECK(bob.reply_to(id) == json::parse(R"({"type":"download","re":)" + std::to_string(id) +
                                        R"(,"url":"https://s.example/","expires_at":9})"));

  CHECK(bob.reply_to(download(bob, 1, 0))["code"] == "bad_request");
  CHECK(bob.reply_to(download(bob, 1, 2))["code"] == "bad_request");
  CHECK(bob.reply_to(download(bob, 0, 0))["code"] == "no_such_message");
  CHECK(bob.reply_to(download(bob, 2, 0))["code"] == "no_such_message");
  CHECK(bob.reply_to(download(bob, 1, 1, "nowhere"))["code"] == "no_such_room");
  alice.ask({{"type", "direct"}, {"to", "alice"}, {"attachments", json::parse(R"([{"ref":"f/8"}])")}});
  CHECK(bob.reply_to(download(bob, 1, 0, "dm:alice:alice"))["code"] == "no_such_room");
  alice.ask({{"type", "delete"}, {"room", "free"}, {"target", 1}});
  CHECK(bob.reply_to(download(bob, 1, 1))["code"] == "no_such_message");
  CHECK(at.hooks.all.size() == 1);
}

TEST_CASE("without a hook for files there are none") {
  moderated at;
  at.hooks.files = false;
  auto& alice = at.world.guest("alice");
  alice.join("general");
  CHECK(alice.welcome["features"].dump().find("upload") == std::string::npos);
  CHECK(alice.ask({{"type", "upload"}, {"room", "general"}, {"mime", "a/b"}, {"bytes", 1}})["code"] ==
        "forbidden");
  CHECK(alice.ask({{"type", "download"}, {"room", "general"}, {"seq", 1}, {"index", 0}})["code"] ==
        "forbidden");
}

// --- claims ---

TEST_CASE("a key is one's at a time, and the next one's in the order of asking") {
  const auto claims = std::make_shared<actors::key_claims>();
  const auto alice = user_id::trusted("alice"), bob = user_id::trusted("bob");
  const auto room = room_id::trusted("general");
  std::vector<std::string> order;
  std::vector<actors::key_claims::claim_ptr> mine;
  const auto hear = [&](const char* who) {
    return [&, who](actors::key_claims::claim_ptr claim) {
      order.emplace_back(who);
      mine.push_back(std::move(claim));
    };
  };

  auto first = claims->take(alice, room, "k1", hear("first"));
  REQUIRE(first);
  CHECK(claims->take(bob, room, "k1", hear("another user's")));
  CHECK(claims->take(alice, room, "k2", hear("another key")));
  CHECK_FALSE(claims->take(alice, room, "k1", hear("second")));
  CHECK_FALSE(claims->take(alice, room, "k1", [&](auto) { order.emplace_back("gone"); }));
  CHECK_FALSE(claims->take(alice, room, "k1", hear("third")));

  const auto let_go = [&] { const auto held = std::exchange(mine, {}); };

  first.reset();
  CHECK(order == std::vector<std::string>{"second"});
  let_go();
  CHECK(order == std::vector<std::string>{"second", "gone", "third"});
  let_go();
  CHECK(claims->take(alice, room, "k1", hear("fourth")));
}
