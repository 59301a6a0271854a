#include "tests/support/actor_world.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::test;

namespace {

/// Alice and Bob in "general".
struct conversation {
  actor_world world;
  client& alice = world.guest("alice");
  client& bob = world.guest("bob");
  conversation() {
    alice.join("general");
    bob.join("general");
  }
};

json edit(std::uint64_t target, const std::string& text) {
  return {{"type", "edit"}, {"room", "general"}, {"target", target}, {"text", text}};
}
json remove(std::uint64_t target) {
  return {{"type", "delete"}, {"room", "general"}, {"target", target}};
}
json react(const char* type, std::uint64_t target, const std::string& emoji) {
  return {{"type", type}, {"room", "general"}, {"target", target}, {"emoji", emoji}};
}
/// The latest messages, in their present form.
json present(client& who) { return who.ask({{"type", "history"}, {"room", "general"}})["events"]; }

}  // namespace

TEST_CASE("a message is acknowledged and reaches every session, the sender's others too") {
  conversation in;
  auto& tablet = in.world.guest("alice");
  tablet.join("general");

  const auto sent = in.alice.send("general", "hi", "k1");

  CHECK(sent["type"] == "sent");
  CHECK(sent["room"] == "general");
  CHECK(sent["seq"] == 1);
  CHECK(sent["at"] == in.world.now().value());
  CHECK(sent["durability"] == "memory");
  CHECK_FALSE(sent.contains("duplicate"));
  for (auto* who : {&in.alice, &tablet, &in.bob}) {
    REQUIRE(who->received("message").size() == 1);
    CHECK(who->received("message")[0] == json{{"type", "message"},
                                              {"room", "general"},
                                              {"seq", 1},
                                              {"at", sent["at"]},
                                              {"from", "alice"},
                                              {"key", "k1"},
                                              {"text", "hi"}});
  }
}

TEST_CASE("free data travels beside and instead of text") {
  conversation in;
  in.alice.ask({{"type", "send"}, {"room", "general"}, {"text", "a"}, {"data", {{"x", 1}}}});
  in.alice.ask({{"type", "send"}, {"room", "general"}, {"data", {{"y", {1, 2}}}}});

  const auto got = in.bob.received("message");
  CHECK(got[0]["text"] == "a");
  CHECK(got[0]["data"] == json{{"x", 1}});
  CHECK_FALSE(got[1].contains("text"));
  CHECK(got[1]["data"] == json{{"y", {1, 2}}});
}

TEST_CASE("the own reply comes before the own message") {
  conversation in;
  in.alice.forget();
  in.alice.send("general", "hi");

  REQUIRE(in.alice.received().size() == 2);
  CHECK(in.alice.received()[0]["type"] == "sent");
  CHECK(in.alice.received()[1]["type"] == "message");
}

TEST_CASE("a message without id gets no reply") {
  conversation in;
  in.alice.forget();
  in.alice.say({{"type", "send"}, {"room", "general"}, {"text", "hi"}});
  in.world.settle();

  REQUIRE(in.alice.received().size() == 1);
  CHECK(in.alice.received()[0]["type"] == "message");
}

TEST_CASE("who has not joined can't speak") {
  conversation in;
  auto& eve = in.world.guest("eve");

  CHECK(eve.send("general", "hi")["code"] == "not_joined");
  CHECK(eve.send("nowhere", "hi")["code"] == "no_such_room");
  CHECK(eve.ask(edit(1, "x"))["code"] == "not_joined");
  CHECK(eve.ask({{"type", "history"}, {"room", "general"}})["code"] == "not_joined");
  CHECK(eve.ask({{"type", "typing"}, {"room", "general"}, {"on", true}})["code"] == "not_joined");
}

TEST_CASE("a key counts once, also after the room was put away and came back") {
  conversation in;
  const auto first = in.alice.send("general", "first", "k1");
  in.bob.send("general", "between");

  const auto again = in.alice.send("general", "second", "k1");
  CHECK(again["seq"] == first["seq"]);
  CHECK(again["at"] == first["at"]);
  CHECK(again["duplicate"] == true);
  CHECK(in.bob.received("message").size() == 2);

  for (auto* who : {&in.alice, &in.bob}) who->ask({{"type", "leave"}, {"room", "general"}});
  in.world.advance(60s);
  REQUIRE(in.world.guests_running() == 2);
  in.alice.join("general");

  const auto late = in.alice.send("general", "third", "k1");
  CHECK(late["seq"] == first["seq"]);
  CHECK(late["duplicate"] == true);
  CHECK(in.world.stored_log("general").size() == 2);
}

TEST_CASE("a key is a user's and a room's own") {
  conversation in;
  in.alice.join("other");
  in.alice.send("general", "a", "k");

  CHECK(in.bob.send("general", "b", "k")["seq"] == 2);
  CHECK(in.alice.send("other", "c", "k")["seq"] == 1);
  CHECK(in.alice.send("other", "d", "k")["duplicate"] == true);
}

TEST_CASE("one key sent twice in a row has one effect, and both replies come in order") {
  conversation in;
  in.alice.forget();
  for (const int id : {901, 902})
    in.alice.say({{"type", "send"}, {"id", id}, {"room", "general"}, {"text", "x"}, {"key", "k"}});
  in.world.settle();

  REQUIRE(in.alice.received().size() == 3);
  CHECK(in.alice.received()[0]["re"] == 901);
  CHECK(in.alice.reply_to(902)["duplicate"] == true);
  CHECK(in.alice.reply_to(902)["seq"] == 1);
  CHECK(in.bob.received("message").size() == 1);
}

TEST_CASE("an edit is an entry, and the present form shows it") {
  conversation in;
  in.alice.send("general", "hi");

  const auto done = in.alice.ask(edit(1, "hello"));
  CHECK(done["type"] == "done");
  CHECK(done["room"] == "general");
  CHECK(done["seq"] == 2);
  CHECK(done["durability"] == "memory");
  REQUIRE(in.bob.received("edited").size() == 1);
  CHECK(in.bob.received("edited")[0] == json{{"type", "edited"},
                                             {"room", "general"},
                                             {"seq", 2},
                                             {"at", done["at"]},
                                             {"from", "alice"},
                                             {"target", 1},
                                             {"text", "hello"}});
  const auto shown = present(in.bob);
  REQUIRE(shown.size() == 1);
  CHECK(shown[0]["text"] == "hello");
  CHECK(shown[0]["edited_at"] == done["at"]);
}

TEST_CASE("a deleted message has no text, and can't be changed any more") {
  conversation in;
  in.alice.send("general", "hi");
  in.bob.ask(react("react", 1, "+"));

  CHECK(in.alice.ask(remove(1))["seq"] == 3);
  CHECK(in.bob.received("deleted").size() == 1);
  const auto shown = present(in.bob);
  REQUIRE(shown.size() == 1);
  CHECK(shown[0]["deleted"] == true);
  CHECK_FALSE(shown[0].contains("text"));
  CHECK_FALSE(shown[0].contains("reactions"));
  CHECK(in.alice.ask(edit(1, "x"))["code"] == "no_such_message");
  CHECK(in.bob.ask(react("react", 1, "+"))["code"] == "no_such_message");
}

TEST_CASE("a delete that is repeated is done, and no second entry") {
  conversation in;
  in.alice.send("general", "hi");
  auto command = remove(1);
  command["key"] = "d1";
  REQUIRE(in.alice.ask(command)["type"] == "done");

  CHECK(in.alice.ask(command)["type"] == "done");
  CHECK(in.world.stored_log("general").size() == 2);
}

TEST_CASE("a change that is repeated under its key is what it was, though its target is gone") {
  conversation in;
  in.alice.send("general", "hi");
  auto change = edit(1, "hello");
  change["key"] = "k";
  const auto first = in.alice.ask(change);
  in.alice.ask(remove(1));

  const auto again = in.alice.ask(change);
  CHECK(again["type"] == "done");
  CHECK(again["seq"] == first["seq"]);
  CHECK(again["at"] == first["at"]);
  CHECK(again["duplicate"] == true);
  CHECK(in.world.stored_log("general").size() == 3);
  change["key"] = "another";
  CHECK(in.alice.ask(change)["code"] == "no_such_message");
}

TEST_CASE("only the author changes a message, or a moderator") {
  conversation in;
  in.world.auth.tokens["mod"] = in.world.identity_of("mod");
  in.world.auth.tokens["mod"].roles = {{"gen*", role::moderator}};
  auto& mod = in.world.with_token("mod");
  mod.join("general");
  in.alice.send("general", "hi");

  CHECK(in.bob.ask(edit(1, "x"))["code"] == "forbidden");
  CHECK(in.bob.ask(remove(1))["code"] == "forbidden");
  CHECK(mod.ask(edit(1, "x"))["type"] == "done");
  CHECK(mod.ask(remove(1))["type"] == "done");
  CHECK(in.bob.ask(remove(1))["code"] == "forbidden");
}

TEST_CASE("what is no message can't be changed") {
  conversation in;
  in.alice.send("general", "hi");
  in.alice.ask(edit(1, "hello"));

  CHECK(in.alice.ask(edit(0, "x"))["code"] == "no_such_message");
  CHECK(in.alice.ask(edit(2, "x"))["code"] == "no_such_message");
  CHECK(in.alice.ask(remove(2))["code"] == "no_such_message");
  CHECK(in.alice.ask(edit(3, "x"))["code"] == "no_such_message");
  CHECK(in.alice.ask(react("react", 99, "+"))["code"] == "no_such_message");
}

TEST_CASE("reactions come and go, each once per user") {
  conversation in;
  in.alice.send("general", "hi");

  CHECK(in.bob.ask(react("react", 1, "+"))["seq"] == 2);
  const auto again = in.bob.ask(react("react", 1, "+"));
  CHECK(again["type"] == "done");
  CHECK_FALSE(again.contains("seq"));
  CHECK(in.alice.ask(react("react", 1, "+"))["seq"] == 3);
  CHECK(in.alice.received("reacted")[0]["emoji"] == "+");
  CHECK(in.alice.received("reacted")[0]["on"] == true);
  CHECK(present(in.alice)[0]["reactions"] ==
        json{{"+", {{"count", 2}, {"users", {"bob", "alice"}}, {"mine", true}}}});

  CHECK(in.bob.ask(react("unreact", 1, "+"))["seq"] == 4);
  CHECK(in.alice.received("reacted").back()["on"] == false);
  CHECK_FALSE(in.bob.ask(react("unreact", 1, "-")).contains("seq"));
  CHECK(present(in.alice)[0]["reactions"] ==
        json{{"+", {{"count", 1}, {"users", {"alice"}}, {"mine", true}}}});
}

TEST_CASE("a message bears sixty-four different reactions and not one more") {
  conversation in;
  in.alice.send("general", "hi");
  for (int i = 0; i < 64; ++i)
    REQUIRE(in.bob.ask(react("react", 1, "e" + std::to_string(i)))["type"] == "done");

  CHECK(in.bob.ask(react("react", 1, "one more"))["code"] == "limit");
  CHECK(in.alice.ask(react("react", 1, "e5"))["type"] == "done");
}

TEST_CASE("a message further back than the room remembers is looked up") {
  conversation in;
  in.alice.join("old");
  in.world.fill("long", 700);
  auto& author = in.world.guest("author");
  author.join("long");
  in.bob.join("long");
  in.bob.forget();
  const auto change = [](json what) {
    what["room"] = "long";
    return what;
  };

  CHECK(in.bob.ask(change(edit(5, "x")))["code"] == "forbidden");
  CHECK(author.ask(change(edit(5, "new")))["seq"] == 701);
  CHECK(in.bob.ask(change(react("react", 5, "+")))["seq"] == 702);
  CHECK_FALSE(in.bob.ask(change(react("react", 5, "+"))).contains("seq"));
  CHECK(author.ask(change(remove(5)))["seq"] == 703);
  CHECK(author.ask(change(edit(5, "x")))["code"] == "no_such_message");
  CHECK(in.bob.received("edited").size() == 1);
  const auto shown =
      in.bob.ask({{"type", "history"}, {"room", "long"}, {"before", 6}, {"limit", 1}})["events"];
  CHECK(shown[0]["deleted"] == true);
}

TEST_CASE("after since every entry comes as it was, without since messages in their present form") {
  conversation in;
  in.alice.send("general", "hi");
  in.alice.ask(edit(1, "hello"));
  in.bob.ask(react("react", 1, "+"));
  auto& eve = in.world.guest("eve");

  const auto shown = eve.join("general")["events"];
  REQUIRE(shown.size() == 1);
  CHECK(shown[0]["type"] == "message");
  CHECK(shown[0]["text"] == "hello");
  CHECK(shown[0]["reactions"] == json{{"+", {{"count", 1}, {"users", {"bob"}}}}});

  const auto epoch = in.world.stored_room("general").epoch.value();
  const auto log = eve.join("general", 0, epoch)["events"];
  REQUIRE(log.size() == 3);
  CHECK(log[0]["text"] == "hi");
  CHECK(log[1]["type"] == "edited");
  CHECK(log[2]["type"] == "reacted");
}

TEST_CASE("commands take effect in the order sent, whichever rooms they go to") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    conversation in;
    in.alice.join("b");
    in.alice.join("c");
    for (int i = 0; i < 12; ++i)
      in.alice.say({{"type", "send"},
                    {"room", i % 3 == 0   ? "general"
                             : i % 3 == 1 ? "b"
                                          : "c"},
                    {"data", {{"n", i}}}});
    in.alice.say(edit(1, "edited after all that"));
    in.alice.say({{"type", "leave"}, {"id", 999}, {"room", "general"}});
    in.world.settle_shuffled(random);

    REQUIRE(in.alice.reply_to(999)["type"] == "left");
    std::vector<int> order;
    for (const auto& what : in.alice.received("message")) order.push_back(what["data"]["n"]);
    CHECK(std::ranges::is_sorted(order));
    CHECK(order.size() == 12);
    CHECK(in.bob.received("edited").size() == 1);
  }
}

TEST_CASE("members of one wire format get the very same frame") {
  actor_world world;
  std::vector<client*> all;
  for (const unsigned shard : {0u, 1u, 0u})
    for (const auto objects : {codec::json, codec::cbor}) {
      auto& who = world.connect_on(shard, {objects, false});
      who.ask({{"type", "hello"}, {"guest", "u" + std::to_string(all.size())}});
      who.join("general");
      all.push_back(&who);
    }
  world.advance(1s);
  all[0]->say({{"type", "send"}, {"room", "general"}, {"text", "hi"}});
  world.settle();

  for (std::size_t i = 2; i < all.size(); ++i)
    CHECK(all[i]->sink->frames.back().get() == all[i % 2]->sink->frames.back().get());
  CHECK(all[0]->sink->frames.back() != all[1]->sink->frames.back());
  CHECK(all[0]->received().back() == all[1]->received().back());
}

TEST_CASE("compressed and plain members are side by side") {
  actor_world world;
  auto& plain = world.guest("plain");
  auto& packed = world.connect({codec::json, true});
  packed.say({{"type", "hello"}, {"guest", "packed"}});
  world.settle();
  packed.say({{"type", "join"}, {"room", "general"}});
  plain.join("general");
  world.advance(1s);
  const auto before = packed.sink->frames.size();
  plain.send("general", std::string(1000, 'x'));

  REQUIRE(packed.sink->frames.size() == before + 1);
  const auto& bytes = *packed.sink->frames.back();
  CHECK(static_cast<unsigned char>(bytes[0]) == 0xc1);  // FIN, RSV1, text
  CHECK(bytes.size() < 300);
}
