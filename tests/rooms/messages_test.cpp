// Threads, replies, mentions, pins and deletions, and direct rooms.

#include "tests/rooms/chat.hpp"

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

operation mentioning(operation asked, mention_list mentions) {
  auto& what = asked.what;
  if (auto* post = std::get_if<post_message>(&what)) post->what.mentions = std::move(mentions);
  if (auto* edit = std::get_if<edit_message>(&what)) edit->what.mentions = std::move(mentions);
  return asked;
}
const posted& message_of(const decision& made) {
  return std::get<posted>(entries(made).at(0).body);
}
const mention_list& unreached(const decision& made) { return std::get<appended>(made).unreached; }
const mention_list everybody{{}, true};

}  // namespace

// --- threads and replies ---

TEST_CASE("a reply to a reply goes to its root, also where the root is deleted", "[rooms]") {
  chat in;
  const auto root = in.say("root");
  const auto first = in.decide(reply("1", root, bob));
  CHECK(message_of(first).where.thread == seq_no{root});
  const auto seq = entries(first).at(0).seq.value();
  CHECK(message_of(in.decide(reply("2", seq, bob))).where.thread == seq_no{root});

  REQUIRE(done(in.decide(erase({root}))));
  REQUIRE(done(in.decide(erase({seq}, bob))));
  CHECK(message_of(in.decide(reply("3", root, bob))).where.thread == seq_no{root});
  CHECK(message_of(in.decide(reply("4", seq, bob))).where.thread == seq_no{root});
}

TEST_CASE("threads and replies begin at a message, and at nothing else", "[rooms]") {
  chat in;
  const auto one = in.say();
  in.decide(react(one));
  const auto reaction = in.view().head.value();
  for (const auto target : {std::uint64_t{0}, std::uint64_t{1}, reaction, reaction + 1}) {
    INFO(target);
    CHECK(code(in.decide(reply("x", target, bob))) == error_code::no_such_message);
    auto asked = post("x", "", bob);
    std::get<post_message>(asked.what).where.reply_to = seq_no{target};
    CHECK(code(in.decide(asked)) == error_code::no_such_message);
  }
  in.decide(erase({one}));
  auto asked = post("x", "", bob);
  std::get<post_message>(asked.what).where.reply_to = seq_no{one};
  CHECK(message_of(in.decide(asked)).where.reply_to == seq_no{one});
}

TEST_CASE("what counts as unread is in no thread, and not quiet", "[rooms]") {
  chat in;
  const auto root = in.say();
  in.decide(reply("x", root));
  auto quiet = post("x");
  std::get<post_message>(quiet.what).where.quiet = true;
  in.decide(quiet);
  in.decide(edit(root));
  CHECK(in.view().counted == 1);
  in.decide(erase({root}));
  CHECK(in.view().counted == 1);
}

// --- checks ---

TEST_CASE("what is not checked yet leaves nothing behind, and says who would have been let") {
  chat in;
  const auto one = in.say();
  const auto head = in.view().head;
  const auto unchecked = [](operation asked) {
    asked.by_hook = checked::not_yet;
    return asked;
  };

  for (const auto& asked : {post("x", "k1", bob), edit(one)}) {
    const auto said = in.decide(unchecked(asked));
    CHECK(code(said) == error_code::unavailable);
    CHECK(std::get<refused>(said).unchecked_as != role::none);
  }
  CHECK(in.view().head == head);

  // What is said already, and what rights refuse, is answered as ever.
  in.decide(post("x", "k1", bob));
  CHECK(std::holds_alternative<repeated>(in.decide(unchecked(post("x", "k1", bob)))));
  const auto stranger = in.decide(unchecked(not_joined(post("x", "", carol))));
  CHECK(code(stranger) == error_code::not_joined);
  CHECK(std::get<refused>(stranger).unchecked_as == role::none);
}

TEST_CASE("what was checked in vain says so") {
  chat in;
  const auto one = in.say();
  for (auto asked : {post("x", "", bob), edit(one)}) {
    asked.by_hook = checked::in_vain;
    const auto said = in.decide(asked);
    const auto& body = std::get<appended>(said).entries.at(0).body;
    const auto* message = std::get_if<posted>(&body);
    CHECK((message ? message->unchecked : std::get<edited>(body).unchecked));
  }
}

// --- mentions ---

TEST_CASE("oneself is dropped from mentions, and who is no member is told as unreached",
          "[rooms]") {
  chat in;
  in.add(bob);
  in.decide(change(alice, make({carol}, member_state::invited)));

  const auto made = in.decide(mentioning(post("x"), {{alice, bob, carol, eve}, false}));
  CHECK(message_of(made).what.mentions == mention_list{{bob, carol, eve}, false});
  CHECK(unreached(made) == mention_list{{carol, eve}, false});
}

TEST_CASE("an edit by a moderator mentions whom it names, but not the message's author",
          "[rooms]") {
  chat in;
  in.add(bob);
  const auto own = in.say("x", bob);

  const auto made = in.decide(mentioning(edit(own), {{alice, bob, eve}, false}));
  CHECK(std::get<edited>(entries(made).at(0).body).what.mentions ==
        mention_list{{alice, eve}, false});
  CHECK(unreached(made) == mention_list{{eve}, false});
}

TEST_CASE("@room from who may not, or in a thread, is dropped and told, and the message stays",
          "[rooms]") {
  rules how;
  how.room_mention_members_max = 2;
  chat in{{}, how};
  in.add(bob);
  const auto root = in.say();
  const auto says = [&](operation asked) {
    return in.decide(mentioning(std::move(asked), everybody));
  };

  for (const auto& asked : {post("x", "", eve), reply("x", root, bob), reply("x", root)}) {
    const auto made = says(asked);
    CHECK_FALSE(message_of(made).what.mentions.room);
    CHECK(unreached(made) == everybody);
  }
  for (const auto& asked :
       {post("x", "", bob), post("x"), with_token(post("x", "", eve), role::moderator)}) {
    const auto made = says(asked);
    CHECK(message_of(made).what.mentions.room);
    CHECK(unreached(made).empty());
  }
  in.add(carol);  // one too many
  CHECK(unreached(says(post("x", "", bob))).room);
  CHECK_FALSE(unreached(says(post("x"))).room);
}

TEST_CASE("an edit cannot add @room, but keep it", "[rooms]") {
  chat in;
  const auto without = in.say();
  in.decide(mentioning(post("x"), everybody));
  const auto with_it = in.view().head.value();
  const auto edits = [&](std::uint64_t target, mention_list mentions) {
    const auto made = in.decide(mentioning(edit(target), std::move(mentions)));
    return std::pair{std::get<edited>(entries(made).at(0).body).what.mentions.room,
                     unreached(made).room};
  };

  CHECK(edits(without, everybody) == std::pair{false, true});
  CHECK(edits(with_it, everybody) == std::pair{true, false});
  CHECK(edits(with_it, {}) == std::pair{false, false});
  CHECK(edits(with_it, everybody) == std::pair{false, true});
}

TEST_CASE("a live message carries its author's name where that is not the id", "[rooms]") {
  chat in;
  in.from.profiles[alice] = {alice, "Alice", {}, false};
  in.from.profiles[bob] = {bob, "bob", {}, false};

  CHECK(std::get<appended>(in.decide(post("x"))).name == "Alice");
  CHECK(std::get<appended>(in.decide(post("x", "", bob))).name.empty());
  CHECK(std::get<appended>(in.decide(post("x", "", eve))).name.empty());
}

// --- pins ---

TEST_CASE("moderators pin messages, and unpin them", "[rooms]") {
  chat in;
  in.add(bob, role::moderator);
  in.add(carol);
  const auto one = in.say(), two = in.say();

  CHECK(code(in.decide(pin(carol, one))) == error_code::forbidden);
  CHECK(code(in.decide(pin(eve, one))) == error_code::forbidden);
  CHECK(nothing(in.decide(pin(bob, one, false))));
  CHECK(done(in.decide(pin(bob, two))));
  CHECK(done(in.decide(pin(bob, one))));
  CHECK(nothing(in.decide(pin(alice, one))));
  CHECK(in.view().pins == std::vector{seq_no{two}, seq_no{one}});
  CHECK(done(in.decide(pin(alice, two, false))));
  CHECK(in.view().pins == std::vector{seq_no{one}});
  for (const std::uint64_t target : {0, 1, 99})
    CHECK(code(in.decide(pin(bob, target))) == error_code::no_such_message);
}

TEST_CASE("what is deleted is pinned no longer, and can't be", "[rooms]") {
  chat in;
  const auto one = in.say();
  in.decide(pin(alice, one));

  in.decide(erase({one}));
  CHECK(in.view().pins.empty());
  CHECK(code(in.decide(pin(alice, one))) == error_code::no_such_message);
  CHECK(nothing(in.decide(pin(alice, one, false))));
}

TEST_CASE("a room takes a hundred pins, and not one more", "[rooms]") {
  chat in;
  std::vector<std::uint64_t> said;
  for (std::size_t i = 0; i <= limits::pins_max; ++i) said.push_back(in.say());
  for (std::size_t i = 0; i < limits::pins_max; ++i) REQUIRE(done(in.decide(pin(alice, said[i]))));

  const auto made = in.decide(pin(alice, said.back()));
  REQUIRE(code(made) == error_code::limit);
  CHECK(std::get<refused>(made).limit == limits::pins_max);
  CHECK(nothing(in.decide(pin(alice, said[0]))));
  in.decide(pin(alice, said[0], false));
  CHECK(done(in.decide(pin(alice, said.back()))));
}

// --- deleting ---

TEST_CASE("a moderator deletes messages of others with a reason: all, or none", "[rooms]") {
  chat in;
  in.add(bob, role::moderator);
  in.add(carol);
  const auto one = in.say("1", carol), two = in.say("2", eve), of_alice = in.say();
  auto asked = erase({one, two, one}, bob);
  std::get<delete_messages>(asked.what).reason = "spam";

  CHECK(code(in.decide(erase({one, two}, carol))) == error_code::forbidden);
  CHECK(code(in.decide(erase({one, 99}, bob))) == error_code::no_such_message);
  CHECK(in.view().head.value() == of_alice);
  const auto made = in.decide(asked);
  REQUIRE(entries(made).size() == 2);
  CHECK(entries(made)[0].body == entry_body{deleted{seq_no{one}, "spam"}});
  CHECK(entries(made)[1].body == entry_body{deleted{seq_no{two}, "spam"}});
  // Of those that are left, also an owner's.
  CHECK(entries(in.decide(erase({one, of_alice}, bob))).size() == 1);
  CHECK(nothing(in.decide(erase({one, two}, bob))));
  CHECK(code(in.decide(erase({two}, carol))) == error_code::forbidden);
}

TEST_CASE("deleting needs no joining, but what says something does", "[rooms]") {
  chat in;
  const auto one = in.say();

  for (const auto& asked : {post("x"), edit(one), react(one, alice)})
    CHECK(code(in.decide(not_joined(asked))) == error_code::not_joined);
  CHECK(done(in.decide(not_joined(pin(alice, one)))));
  CHECK(done(in.decide(not_joined(set(alice, with(&room_settings::topic, "t"))))));
  CHECK(done(in.decide(not_joined(change(alice, make({bob}, member_state::invited))))));
  CHECK(done(in.decide(not_joined(erase({one})))));
}

// --- direct rooms ---

namespace {

const auto pair_room = room_id::trusted("dm:alice:bob");

struct direct : fixture {
  explicit direct(const rules& how = {}) : fixture(how) {
    create_room wanted{epoch_id{"e"}, std::pair{alice, bob}, {}};
    decide({pair_room, author(alice), "", wanted});
    REQUIRE(done(here(post("of alice"))));
    REQUIRE(done(here(post("of bob", "", bob))));
  }
  decision here(operation asked) {
    asked.room = pair_room;
    return decide(asked);
  }
};

}  // namespace

TEST_CASE("in a direct room both do what members do, and nobody more", "[rooms]") {
  direct in;

  CHECK(done(in.here(react(2, alice))));
  CHECK(done(in.here(pin(bob, 1))));
  CHECK(done(in.here(edit(1))));
  CHECK(code(in.here(edit(1, bob))) == error_code::forbidden);
  CHECK(code(in.here(erase({1}, bob))) == error_code::forbidden);
  CHECK(done(in.here(erase({1}))));
  auto guest = post("x");
  guest.by.as = principal::kind::guest;
  rules how;
  how.guest_members = false;
  CHECK(done(direct{how}.here(guest)));
  const auto made = in.here(mentioning(post("x"), {{bob, eve}, true}));
  CHECK(message_of(made).what.mentions == mention_list{{bob, eve}, false});
  CHECK(unreached(made) == mention_list{{eve}, true});
}

TEST_CASE("a direct room has no members to change, and no settings", "[rooms]") {
  direct in;
  for (const auto& asked : {change(alice, make({eve}, member_state::invited)),
                            change(alice, ban(bob)), change(alice, mute({bob}, 5000)), join(alice),
                            leave(alice), set(alice, with(&room_settings::topic, "t"))})
    CHECK(code(in.here(asked)) == error_code::forbidden);
}

TEST_CASE("a direct room is there for no one else, neither admin nor token", "[rooms]") {
  direct in;
  for (auto asked : {post("x", "", eve), react(1, eve), erase({1}, eve), reply("x", 99, eve),
                     pin(eve, 1), join(eve), leave(eve), change(eve, ban(bob))}) {
    CHECK(code(in.here(asked)) == error_code::no_such_room);
    asked.by.opens = true;
    asked.by.token = role::owner;
    asked.by.admin = true;
    CHECK(code(in.here(asked)) == error_code::no_such_room);
  }
}

TEST_CASE("who is blocked writes nothing in the direct room, but deletes", "[rooms]") {
  direct in;
  in.from.blocks.insert({bob, alice});

  for (const auto& asked : {post("x"), edit(1), react(2, alice)})
    CHECK(code(in.here(asked)) == error_code::forbidden);
  CHECK(done(in.here(pin(alice, 2))));
  CHECK(done(in.here(erase({1}))));
  CHECK(done(in.here(post("x", "", bob))));  // who blocked may write
}

// --- history of one's own ---

TEST_CASE("what one may not read one does not change, but takes away", "[rooms]") {
  chat in{with(&room_settings::history, history_scope::own)};
  in.add(bob);
  const auto old = in.say("before carol", bob);
  in.decide(pin(alice, old));
  in.add(carol, role::moderator);
  const auto now = in.say("after", bob);

  CHECK(code(in.decide(react(old, carol))) == error_code::no_such_message);
  CHECK(code(in.decide(edit(old, carol))) == error_code::no_such_message);
  CHECK(code(in.decide(reply("x", old, carol))) == error_code::no_such_message);
  auto answer = post("x", "", carol);
  std::get<post_message>(answer.what).where.reply_to = seq_no{old};
  CHECK(code(in.decide(answer)) == error_code::no_such_message);
  CHECK(done(in.decide(pin(carol, old, false))));
  CHECK(code(in.decide(pin(carol, old))) == error_code::no_such_message);
  CHECK(done(in.decide(react(now, carol))));
  CHECK(done(in.decide(erase({old}, carol))));

  // Nothing of this binds who was there, or an admin.
  CHECK(done(in.decide(react(now, bob))));
  auto root = in.say("before eve");
  in.add(eve);
  CHECK(code(in.decide(react(root, eve))) == error_code::no_such_message);
  CHECK(done(in.decide(as_admin(react(root, eve)))));
}

TEST_CASE("a visitor changes nothing from before his coming", "[rooms]") {
  chat in{with(&room_settings::history, history_scope::own)};
  const auto old = in.say();
  const auto now = in.say();
  auto reaction = react(old, eve);
  reaction.by.reads_from = seq_no{now};
  CHECK(code(in.decide(reaction)) == error_code::no_such_message);
  reaction = react(now, eve);
  reaction.by.reads_from = seq_no{now};
  CHECK(done(in.decide(reaction)));
}
