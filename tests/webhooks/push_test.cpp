// Whom webhooks are told to notify, with a journal in memory, a clock that a test sets, and people who
// look at what it says.

#include "rooms/operation.hpp"
#include "tests/journal/stores.hpp"
#include "webhooks/engine.hpp"

#include <algorithm>
#include <set>

using namespace confab;
using namespace confab::webhooks;
using namespace confab::journal::test;
using namespace std::chrono_literals;

namespace {

const auto carol = user("carol");
const auto other = room("other");

struct told_body {
  std::string id;
  std::string text;
  bool has(std::string_view part) const { return text.find(part) != text.npos; }
};

/// Everybody who is named in it, in order.
std::vector<std::string> users_in(const told_body& of) {
  std::vector<std::string> out;
  constexpr std::string_view begin = "{\"user\":\"";
  for (auto at = of.text.find(begin); at != of.text.npos; at = of.text.find(begin, at + 1)) {
    const auto from = at + begin.size();
    out.push_back(of.text.substr(from, of.text.find('"', from) - from));
  }
  return out;
}

struct backend {
  memory_store log;
  temporary_directory directory;
  moment now{unix_ms{1'763'790'000'000}, std::chrono::steady_clock::time_point{1h}};
  std::set<std::string> active;
  bool answers = true;
  push_options how;
  std::uint64_t drawn = 0;
  std::vector<std::string> complaints;
  std::unique_ptr<engine> hooks;

  explicit backend(push_options options = {}) : how(options) {
    for (const auto& at : {general, other})
      commit({create(at), join_as_member(at, alice), join_as_member(at, bob)});
    open();
  }
  void commit(std::vector<operation> batch) { log.of.commit(std::move(batch), now.day.value()); }
  std::uint64_t head() const { return log.of.write->position(); }
  void open() {
    hooks.reset();
    const auto failed = [this](auto detail) { complaints.emplace_back(detail); };
    auto opened = open_store(directory.path() + "/" + store_name, {"one", {}}, head(), failed);
    auto pushed = open_push_store(directory.path() + "/" + push_store_name, {"one", {}}, head(), failed);
    REQUIRE(opened.index() == 0);
    REQUIRE(pushed.index() == 0);
    hooks = std::make_unique<engine>(
        std::get<0>(std::move(opened)), log.of.log->make_reader(), head(),
        engine_options{1s, [this] { return 200 + 401 * drawn++; }, [](auto, auto) {}, 5s, "n1"},
        std::make_unique<push>(std::get<0>(std::move(pushed)), log.of.log->make_reader(), how));
  }
  /// One that is told whom to notify, also in direct rooms.
  void put(std::vector<std::string> events = {"notify*"},
           std::vector<std::string> rooms = {"*", "dm:*"}, unsigned batch = 1,
           const std::string& id = "app") {
    hooks->moved(head());
    hook_settings what;
    what.url = "https://example.org/push";
    what.events = std::move(events);
    what.rooms = std::move(rooms);
    what.batch = batch;
    REQUIRE(hooks->put(id, std::move(what), now.day).index() == 0);
  }
  void pass(std::chrono::milliseconds time) {
    now.day = unix_ms{now.day.value() + time.count()};
    now.steady += time;
  }
  /// All that is sent now, and answered so.
  std::vector<told_body> told(reply came = {200}) {
    std::vector<told_body> out;
    for (;;) {
      hooks->moved(head());
      const auto some = hooks->due(now);
      const auto asked = hooks->take_question();
      if (asked && answers) {
        std::vector<bool> are;
        for (const auto& one : asked->users) are.push_back(active.contains(one.value()));
        hooks->answer(asked->ticket, are);
      }
      for (const auto& one : some) {
        out.push_back({one.headers.at(0).second, one.body});
        hooks->take(one.ticket, came, now);
      }
      if (some.empty() && !(asked && answers) && hooks->wait(now) > 0ms) return out;
    }
  }
  /// The same after `time`; what is gathered takes two seconds.
  std::vector<told_body> told_after(std::chrono::milliseconds time, reply came = {200}) {
    pass(time);
    return told(std::move(came));
  }
  std::vector<std::string> users_told() {
    std::vector<std::string> out;
    for (const auto& one : told_after(10s)) std::ranges::copy(users_in(one), std::back_inserter(out));
    return out;
  }
};

operation naming(std::vector<user_id> users, const std::string& text = "see", placement where = {}) {
  auto asked = post(general, text, "", alice, std::move(where));
  std::get<rooms::post_message>(asked.what).what.mentions.users = std::move(users);
  return asked;
}
operation naming_all(const std::string& text = "all") {
  auto asked = naming({}, text);
  std::get<rooms::post_message>(asked.what).what.mentions.room = true;
  asked.by.admin = true;  // who may do so in a large room
  return asked;
}
own_change wants(notify_level level) { return {level, {}, {}, {}, {}}; }
operation block(const user_id& who, const user_id& whom) {
  return {{}, by(who), "", rooms::set_marks{{{who, whom.value(), rooms::mark::kind::block, 1, ""}}}};
}

}  // namespace

TEST_CASE("whom a message names is told ten seconds later, with what is unread, and once") {
  backend of;
  of.put();
  of.commit({post(general, "before"), naming({bob}, "see @bob")});

  CHECK(of.told_after(9'999ms).empty());
  const auto told = of.told_after(1ms);

  REQUIRE(told.size() == 1);
  const auto position = std::to_string(of.head());
  CHECK(told[0].id == "app.notify." + position + ".0");
  CHECK(told[0].text ==
        R"({"type":"notify","timestamp":"2025-11-22T05:40:00.000Z","data":{"pos":)" + position +
            R"(,"room":"general","title":"general","seq":4,"from":"alice","text":"see @bob",)"
            R"("recipients":[{"user":"bob","why":"mention","unread":2,"mentions":1,)"
            R"("total":{"unread":2,"mentions":1}}],"more":false}})");
  CHECK(of.told_after(1h).empty());
}

TEST_CASE("nobody is told who has read it, looks at it, or does not want it") {
  backend of;
  of.put();
  SECTION("who has read it") {
    of.commit({naming({bob})});
    of.commit({move_marker(general, 3, bob)});
  }
  SECTION("who looks at a session") {
    of.active = {"bob"};
    of.commit({naming({bob})});
  }
  SECTION("who has turned it off") {
    of.commit({set_own(general, wants(notify_level::none)), naming({bob})});
  }
  SECTION("who has blocked the author") { of.commit({block(bob, alice), naming({bob})}); }
  SECTION("the author") {
    of.commit({set_own(general, wants(notify_level::all), alice), naming({alice})});
  }
  SECTION("who is no member") { of.commit({naming({carol})}); }
  SECTION("who has left") {
    of.commit({naming({bob}), {general, by(bob), "", rooms::cease_membership{}}});
  }
  SECTION("of what was deleted") {
    of.commit({naming({bob})});
    of.commit({erase(general, 3)});
  }
  SECTION("of what counts as nothing") {
    placement quiet;
    quiet.quiet = true;
    of.commit({set_own(general, wants(notify_level::all)), naming({bob}, "psst", quiet)});
  }
  SECTION("of what is none of theirs") { of.commit({post(general, "hello")}); }

  CHECK(of.users_told() == names{});
}

TEST_CASE("whom else it concerns: by an answer, for all, by wish, in a direct room, by an invitation") {
  backend of;
  of.put();
  of.commit({join_as_member(general, carol)});
  const auto told_why = [&](std::string_view why, const names& users) {
    const auto told = of.told_after(10s);
    REQUIRE(told.size() == 1);
    CHECK(told[0].has("\"why\":\"" + std::string{why} + "\""));
    CHECK(users_in(told[0]) == users);
  };
  SECTION("an answer") {
    of.commit({post(general, "mine", "", bob)});
    placement answer;
    answer.reply_to = seq_no{4};
    of.commit({naming({}, "yours", answer)});
    told_why("reply", {"bob"});
  }
  SECTION("a reply in a thread, and nobody else of it") {
    of.commit({post(general, "root", "", bob), set_own(general, wants(notify_level::all), carol)});
    placement in_thread;
    in_thread.thread = seq_no{4};
    of.pass(10s);
    of.told();
    of.commit({naming({}, "yours", in_thread)});
    told_why("thread", {"bob"});
  }
  SECTION("all, but who wants nothing") {
    of.commit({set_own(general, wants(notify_level::none), carol), naming_all()});
    told_why("room", {"bob"});
  }
  SECTION("those who want all of it") {
    of.commit({set_own(general, wants(notify_level::all), carol), post(general, "hello")});
    told_why("all", {"carol"});
  }
  SECTION("who is named too is told once") {
    of.commit({set_own(general, wants(notify_level::all), carol), naming({carol, bob})});
    told_why("mention", {"bob", "carol"});
  }
  SECTION("a direct room") {
    const auto direct = direct_room_of(alice, bob);
    of.commit({create_direct(alice, bob), post(direct, "hi")});
    const auto told = of.told_after(10s);
    REQUIRE(told.size() == 1);
    CHECK(told[0].has(R"("user":"bob","why":"direct")"));
    CHECK_FALSE(told[0].has("title"));
    of.commit({set_own(direct, wants(notify_level::mentions)), post(direct, "hi")});
    CHECK(of.users_told() == names{});
  }
  SECTION("an invitation") {
    member_set invites;
    invites.users = {user("dan")};
    invites.state = member_state::invited;
    of.commit({change_members(general, invites)});
    const auto told = of.told_after(10s);
    REQUIRE(told.size() == 1);
    CHECK(told[0].has(R"("from":"alice","recipients":[{"user":"dan","why":"invite","total")"));
  }
  SECTION("an edit that names somebody") {
    of.commit({post(general, "hello")});
    CHECK(of.users_told() == names{});
    auto change = edit(general, 4, "hello bob");
    std::get<rooms::edit_message>(change.what).what.mentions.users = {bob};
    of.commit({change});
    const auto told = of.told_after(10s);
    REQUIRE(told.size() == 1);
    CHECK(told[0].has(R"("seq":4,"from":"alice","text":"hello bob","recipients":[{"user":"bob")"));
  }
}

TEST_CASE("a deployment's default of all is for members who have set nothing") {
  push_options all;
  all.notify = notify_level::all;
  backend of{all};
  of.put();
  of.commit({join_as_member(general, carol), set_own(general, wants(notify_level::mentions), carol),
             post(general, "hello")});

  CHECK(of.users_told() == names{"bob"});
}

TEST_CASE("more than five hundred are told in several events, also across a crash") {
  backend of;
  of.put();
  names everybody{"bob"};
  std::vector<operation> batch;
  for (int i = 0; i < 1'000; ++i) {
    const auto name = "u" + std::to_string(1'000 + i);
    batch.push_back(join_as_member(general, user(name)));
    everybody.push_back(name);
  }
  of.commit(std::move(batch));
  of.told();
  of.commit({naming_all()});
  of.pass(10s);
  std::vector<told_body> told;

  SECTION("of which the second is less than full") { told = of.told(); }
  SECTION("after the first of which the server was killed") {
    for (int i = 0; i < 1'000 && told.empty(); ++i) {
      of.hooks->moved(of.head());
      for (const auto& one : of.hooks->due(of.now)) {
        told.push_back({one.headers.at(0).second, one.body});
        of.hooks->take(one.ticket, {200}, of.now);
      }
      if (const auto asked = of.hooks->take_question())
        of.hooks->answer(asked->ticket, std::vector<bool>(asked->users.size()));
    }
    of.open();
    // The first is sent again, as that it was taken was not stored; with the same id.
    const auto again = of.told();
    REQUIRE(again.size() == 3);
    CHECK(again[0].id == told[0].id);
    CHECK(again[0].text == told[0].text);
    told = again;
  }

  REQUIRE(told.size() == 3);
  names users;
  for (const auto& one : told) std::ranges::copy(users_in(one), std::back_inserter(users));
  CHECK(users == everybody);
  CHECK(users_in(told[0]).size() == recipients_max);
  CHECK(users_in(told[2]).size() == 1);
  CHECK(told[0].has(R"("more":true)"));
  CHECK(told[2].has(R"("more":false)"));
  CHECK(told[2].id.ends_with(".2"));
}

TEST_CASE("what was told is taken back two seconds after it was read, once for a room") {
  backend of;
  of.put();
  of.commit({naming({bob}), naming({bob})});
  CHECK(of.users_told() == names{"bob", "bob"});

  of.commit({move_marker(general, 3, bob)});
  of.told_after(1s);
  of.commit({move_marker(general, 4, bob)});
  of.pass(999ms);
  CHECK(of.told().empty());
  const auto told = of.told_after(2s);

  REQUIRE(told.size() == 1);
  CHECK(told[0].has(R"("data":{"user":"bob","room":"general","read":4,"total":{"unread":0,"mentions":0}}})"));
  CHECK(told[0].id.starts_with("app.notify.cleared."));
  CHECK(of.told_after(10s).empty());
}

TEST_CASE("a message that is deleted is taken back alone, and who leaves has nothing left of a room") {
  backend of;
  of.put();
  of.commit({naming({bob}), naming({bob})});
  CHECK(of.users_told() == names{"bob", "bob"});

  SECTION("deleted") {
    of.commit({erase(general, 4)});
    of.told();
    const auto told = of.told_after(2s);
    REQUIRE(told.size() == 1);
    CHECK(told[0].has(R"("user":"bob","room":"general","seq":4,"read":2,"total":{"unread":1,"mentions":1}}})"));
  }
  SECTION("left") {
    of.commit({{general, by(bob), "", rooms::cease_membership{}}});
    of.told();
    const auto told = of.told_after(2s);
    REQUIRE(told.size() == 1);
    CHECK(told[0].has(R"("data":{"user":"bob","room":"general","total":{"unread":0,"mentions":0}}})"));
  }
  SECTION("also where the server was killed in between") {
    of.commit({erase(general, 4)});
    CHECK(of.told_after(1s).empty());
    of.open();
    const auto told = of.told();
    REQUIRE(told.size() == 1);
    CHECK(told[0].has(R"("seq":4,)"));
    CHECK(of.told_after(10s).empty());
  }
}

TEST_CASE("what is deleted while it waits to be sent is not sent") {
  backend of;
  of.put();
  of.commit({naming({bob}, "secret")});
  const auto first = of.told_after(10s, {500});
  REQUIRE(first.size() == 1);
  CHECK(first[0].has("secret"));

  of.commit({erase(general, 3)});
  CHECK(of.told_after(1s).empty());
  const auto later = of.told_after(2s);
  REQUIRE(later.size() == 1);
  CHECK(later[0].has("notify.cleared"));
}

TEST_CASE("of a room that was taken away nothing is told, also where another has its id") {
  backend of;
  of.put();
  of.commit({naming({bob}, "secret")});
  const bool was_told = GENERATE(true, false);
  if (was_told) CHECK(of.users_told() == names{"bob"});

  of.commit({trim(general, 3)});
  const auto head = of.log.of.read->room(general)->head;
  rooms::record_event gone{"room.deleted", free_data{R"({"room":"general"})"}};
  of.commit({{rooms::server_room, rooms::server_principal(), "", std::move(gone), {}}});
  REQUIRE(*of.log.of.write->forget_room(general, head));
  of.commit({create(general), join_as_member(general, alice), join_as_member(general, carol),
             naming({carol}, "new")});
  of.told();

  std::vector<std::string> told;
  for (const auto& one : of.told_after(10s)) {
    CHECK_FALSE(one.has("secret"));
    std::ranges::copy(users_in(one), std::back_inserter(told));
  }
  CHECK(std::ranges::count(told, "carol") == 1);
  CHECK(std::ranges::count(told, "bob") == (was_told ? 1 : 0));  // taken back
}

TEST_CASE("what fails is sent again with the same id, and not after an hour") {
  backend of;
  of.put();
  of.commit({naming({bob})});
  const auto first = of.told_after(10s, {503});
  REQUIRE(first.size() == 1);
  CHECK(of.told_after(1s, {503}).at(0).id == first[0].id);
  CHECK(of.told_after(5s, {503}).at(0).text == first[0].text);

  of.pass(1h);
  CHECK(of.told().empty());
  of.commit({naming({bob})});
  CHECK(of.users_told() == names{"bob"});
}

TEST_CASE("a server that was away tells of the last hour alone") {
  backend of;
  of.put();
  of.told();
  of.hooks.reset();
  of.commit({naming({bob}, "old")});
  of.pass(2h);
  of.commit({naming({bob}, "new")});
  of.open();
  of.pass(10s);

  const auto told = of.told();

  REQUIRE(told.size() == 1);
  CHECK(told[0].has("\"text\":\"new\""));
}

TEST_CASE("without an answer nobody is taken for active, five seconds later") {
  backend of;
  of.put();
  of.active = {"bob"};
  of.answers = false;
  of.commit({naming({bob})});

  CHECK(of.told_after(10s).empty());
  CHECK(of.told_after(4'999ms).empty());
  CHECK(of.told_after(1ms).size() == 1);
}

TEST_CASE("only who asks for it is told, and of the rooms that were asked for") {
  backend of;
  of.put({"*"}, {}, 1, "audit");
  of.put({"notify"}, {"other"}, 1, "narrow");
  of.commit({naming({bob})});
  auto there = naming({bob}, "there");
  there.room = other;
  of.commit({there});

  std::vector<std::string> ids;
  for (const auto& one : of.told_after(10s))
    if (one.has(R"("type":"notify")")) ids.push_back(one.id);

  CHECK(ids == names{"narrow.notify." + std::to_string(of.head()) + ".0"});
  CHECK(of.complaints.empty());
}

TEST_CASE("nothing is kept of whom to tell while nobody asks") {
  backend of;
  of.put();
  of.commit({naming({bob})});
  CHECK(of.told_after(10s, {500}).size() == 1);
  const auto kept = [&] {
    auto opened = open_push_store(of.directory.path() + "/" + push_store_name, {"one", {}}, of.head(),
                                  [](auto) {});
    const auto& there = *std::get<0>(opened);
    return there.has_told() || there.bytes() > 0;
  };
  CHECK(kept());

  SECTION("as it was taken away") { CHECK_FALSE(of.hooks->remove("app")); }
  SECTION("as it asks for something else") { of.put({"message.*"}); }
  CHECK_FALSE(kept());
  of.put();
  CHECK(of.told_after(10s).empty());
}

TEST_CASE("while too much waits to be sent nobody is looked for") {
  push_options small;
  std::vector<bool> full;
  small.bytes_max = 1;
  small.full = [&](bool is) { full.push_back(is); };
  backend of{small};
  of.put();
  of.commit({naming({bob}, "one"), naming({bob}, "two")});

  const auto first = of.told_after(10s, {500});
  REQUIRE(first.size() == 1);
  CHECK(first[0].has("one"));
  CHECK(of.told_after(1s).size() == 1);
  const auto second = of.told_after(2s);
  REQUIRE(second.size() == 1);
  CHECK(second[0].has("two"));
  CHECK(full == std::vector<bool>{true, false});
}

TEST_CASE("it is remembered of a hundred thousand who was told, the latest, and for a week") {
  auto opened = open_push_store("", {"one", {}}, 0, [](auto) {});
  auto& kept = *std::get<0>(opened);
  std::vector<told_user> told;
  for (std::uint64_t i = 1; i <= told_max + 1; ++i)
    told.push_back({bob, general, seq_no{i}, seq_no{i}, unix_ms{static_cast<std::int64_t>(i)}});
  REQUIRE(kept.write({}, {}, told, {}));
  const auto taken_back = [&](std::uint64_t seq) {
    const withdrawal one{{}, general, seq_no{seq}, {}};
    return kept.withdraw({}, {&one, 1}).value_or(9);
  };

  REQUIRE(kept.tidy(unix_ms{1'000'000}));

  CHECK(taken_back(1) == 0);
  CHECK(taken_back(2) == 1);
  CHECK(kept.to_clear(10)->size() == 1);
  REQUIRE(kept.tidy(unix_ms{1'000'000 + std::chrono::milliseconds{told_age_max}.count()}));
  CHECK_FALSE(kept.has_told());
}

TEST_CASE("who comes and goes is told, at most once, and who comes back in time was not away") {
  backend of;
  of.put({"presence.*"});
  const auto note = [&](const user_id& who, bool online) {
    of.hooks->note_presence(who, online, of.now);
  };
  const auto told = [&](reply came = {200}) {
    names out;
    for (const auto& one : of.told(came)) out.push_back(one.text.substr(9, one.text.find(',') - 10));
    return out;
  };
  CHECK(of.hooks->wants_presence());

  note(bob, true);
  CHECK(told({500}) == names{"presence.online"});
  CHECK(told().empty());
  note(bob, false);
  CHECK(told().empty());
  of.pass(4s);
  note(bob, true);
  of.pass(5s);
  CHECK(told().empty());
  note(bob, false);
  of.pass(5s);
  const auto went = of.told();
  REQUIRE(went.size() == 1);
  CHECK(went[0].has(R"({"type":"presence.offline","timestamp":)"));
  CHECK(went[0].has(R"("data":{"user":"bob","node":"n1"}})"));

  of.open();
  CHECK(told() == names{"presence.reset"});
}

TEST_CASE("of more who come than may wait a receiver is told to forget all") {
  backend of;
  of.put({"presence.*"}, {}, 100);
  for (std::size_t i = 0; i < presence_changes_max; ++i)
    of.hooks->note_presence(user("u" + std::to_string(i)), true, of.now);
  std::size_t events = 0;
  for (const auto& one : of.told()) {
    CHECK(one.has(R"({"type":"batch")"));
    for (auto at = one.text.find("\"id\""); at != one.text.npos; at = one.text.find("\"id\"", at + 1))
      ++events;
  }
  CHECK(events == presence_changes_max);

  for (std::size_t i = 0; i <= presence_changes_max; ++i)
    of.hooks->note_presence(user("v" + std::to_string(i)), true, of.now);
  CHECK(of.told().at(0).has("presence.reset"));
}
