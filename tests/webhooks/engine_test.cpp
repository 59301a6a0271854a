// The webhooks of a journal, with a receiver that answers as a test says and a clock that it sets.

#include "webhooks/engine.hpp"
#include "tests/journal/stores.hpp"
#include "tests/support/faulty_journal.hpp"

#include <algorithm>
#include <set>

using namespace confab;
using namespace confab::webhooks;
using namespace confab::journal::test;
using namespace std::chrono_literals;

namespace {

struct sent_text {
  std::string id;
  std::string body;
  bool has(std::string_view text) const { return body.find(text) != body.npos; }
};

/// A journal in memory, and webhooks in a file that a test may open again.
struct receiver {
  memory_store log;
  temporary_directory directory;
  moment now{unix_ms{1'763'790'000'000}, std::chrono::steady_clock::time_point{1h}};
  std::uint64_t drawn = 0;
  std::vector<std::string> complaints;
  test::journal_faults faults;
  int reads = 0;
  std::unique_ptr<engine> hooks;

  receiver() {
    faults.read_fails = [this] { return ++reads, false; };
    log.of.commit({create(general), create(room("other"))});
    open();
  }
  std::uint64_t head() const { return log.of.write->position(); }
  void open(const std::string& names = "one") {
    hooks.reset();
    auto opened = open_store(directory.path() + "/" + store_name, log_names::parse(names), head(),
                             [this](auto detail) { complaints.emplace_back(detail); });
    REQUIRE(opened.index() == 0);
    hooks = std::make_unique<engine>(
        std::get<0>(std::move(opened)),
        std::make_unique<test::faulty_reader>(log.of.log->make_reader(), faults), head(),
        engine_options{1s, [this] { return 200 + 401 * drawn++; },
                       [this](auto id, auto why) {
                         complaints.push_back(std::string{id} + " " + std::string{why});
                       }});
  }
  void pass(std::chrono::milliseconds time) {
    now.day = unix_ms{now.day.value() + time.count()};
    now.steady += time;
  }
  hook put(hook_settings how, const std::string& id = "audit") {
    hooks->moved(head());
    if (how.url.empty()) how.url = "https://example.org/hook";
    auto done = hooks->put(id, std::move(how), now.day);
    REQUIRE(done.index() == 0);
    return std::get<0>(done).what;
  }
  void say(const std::string& text, const room_id& where = general) {
    log.of.commit({post(where, text)});
  }
  /// What is sent now; nothing of it is answered.
  std::vector<request> due() {
    hooks->moved(head());
    std::vector<request> all;
    while (hooks->wait(now) == 0ms || all.empty()) {
      auto some = hooks->due(now);
      if (some.empty() && hooks->wait(now) > 0ms) break;
      std::ranges::move(some, std::back_inserter(all));
    }
    return all;
  }
  void answer(const request& to, reply came) { hooks->take(to.ticket, std::move(came), now); }
  static std::string id_in(const request& of) { return of.headers.at(0).second; }
  /// Answers all that is sent, until nothing is any more.
  std::vector<sent_text> all_sent(reply came = {200}) {
    std::vector<sent_text> out;
    for (auto some = due(); !some.empty(); some = due())
      for (const auto& one : some) {
        out.push_back({id_in(one), one.body});
        answer(one, came);
      }
    return out;
  }
  std::vector<std::string> ids_sent(reply came = {200}) {
    std::vector<std::string> out;
    for (auto& one : all_sent(std::move(came))) out.push_back(std::move(one.id));
    return out;
  }
  hook_view view(const std::string& id = "audit") {
    auto found = hooks->view(id);
    REQUIRE(found);
    return *std::move(found);
  }
};

std::string place(std::uint64_t position) {
  return ".message.created." + std::to_string(position) + ".0";
}

}  // namespace

TEST_CASE("a webhook is told what comes after it was made, in order, and nothing twice") {
  receiver of;
  of.say("before");
  of.put({});
  for (int i = 0; i < 30; ++i) of.say("m" + std::to_string(i), i % 2 ? general : room("other"));

  const auto sent = of.all_sent();

  CHECK(sent.size() == 30);
  std::vector<int> general_ones;
  for (const auto& one : sent)
    if (one.has(R"("room":"general","entry")"))
      general_ones.push_back(std::stoi(one.body.substr(one.body.find("\"text\":\"m") + 9)));
  CHECK(general_ones.size() == 15);
  CHECK(std::ranges::is_sorted(general_ones));
  CHECK(of.all_sent().empty());
  CHECK(of.view().lag == 0);
  CHECK_FALSE(of.view().oldest_at);
}

TEST_CASE("it is told what it asks for, and no more") {
  receiver of;
  of.put({.url = {}, .events = {"message.*"}, .rooms = {"other"}}, "narrow");
  of.put({.url = {}, .events = {"reaction.added"}, .rooms = {}}, "reactions");
  of.say("a");
  of.say("b", room("other"));
  of.log.of.commit({react(general, 1, "x"), react(general, 1, "x", false)});

  const auto sent = of.ids_sent();

  REQUIRE(sent.size() == 2);
  CHECK(std::ranges::count_if(
            sent, [](const auto& id) { return id.starts_with("narrow.message.created."); }) == 1);
  CHECK(std::ranges::count_if(
            sent, [](const auto& id) { return id.starts_with("reactions.reaction.added."); }) == 1);
}

TEST_CASE("one delivery at a time of a partition, while the others go on") {
  receiver of;
  of.put({});
  of.say("a1");
  of.say("b1", room("other"));
  of.say("a2");

  const auto first = of.due();
  REQUIRE(first.size() == 2);
  of.answer(first[0], {200});
  const auto second = of.due();
  of.answer(first[1], {200});
  const auto third = of.due();

  CHECK(second.size() + third.size() == 1);
}

TEST_CASE("what failed comes again after its wait, with the same id, and those behind it wait") {
  receiver of;
  of.put({});
  const auto at = of.head() + 1;
  of.say("a1");
  of.say("a2");

  CHECK(of.ids_sent({500}) == std::vector{"audit" + place(at)});
  CHECK(of.hooks->wait(of.now) <= 1s);
  of.pass(999ms);
  CHECK(of.due().empty());
  of.pass(1ms);
  CHECK(of.ids_sent({0, "timeout"}) == std::vector{"audit" + place(at)});
  of.pass(4'999ms);
  CHECK(of.due().empty());
  of.pass(1ms);
  CHECK(of.ids_sent() == std::vector{"audit" + place(at), "audit" + place(at + 1)});
  CHECK(of.view().attempts.size() == 4);
  CHECK(of.view().attempts.back().came.status == 500);
}

TEST_CASE("the last ten attempts are shown") {
  receiver of;
  of.put({});
  for (int i = 0; i < 11; ++i) of.say("m");
  of.all_sent({200, {}, std::string(2'000, 'x') + "\xff"});

  const auto& shown = of.view().attempts;

  CHECK(shown.size() == attempts_kept);
  CHECK(shown.front().came.text == std::string(answer_bytes_kept, 'x'));
  CHECK(shown.front().id == "audit" + place(of.head()));
}

TEST_CASE("pages of the feed are remembered, and not many") {
  receiver of;
  for (std::size_t i = 0; i < hooks_max; ++i)
    of.put({.url = {}, .events = {"pin.*"}, .rooms = {}}, "h" + std::to_string(i));
  for (int i = 0; i < 12; ++i) of.say("m");
  of.due();
  of.reads = 0;

  of.say("m");
  CHECK(of.due().empty());
  CHECK(of.reads == 1);

  pages several{of.log.of.log->make_reader()};
  for (auto at = of.head(); at > of.head() - pages_kept - 2; --at)
    CHECK(several.behind(at - 1, of.head()));
  CHECK(several.size() == pages_kept);
}

TEST_CASE("while the journal can't be read nothing is sent, and then it goes on") {
  receiver of;
  of.put({});
  of.say("m");

  of.faults.read_fails = [] { return true; };
  CHECK(of.due().empty());
  CHECK(of.hooks->wait(of.now) == 1s);
  of.faults.read_fails = [] { return false; };
  of.pass(1s);
  CHECK(of.all_sent().size() == 1);
}

TEST_CASE("a receiver says when to come again, and is heeded up to an hour") {
  receiver of;
  of.put({});
  of.say("a");

  of.all_sent({503, {}, {}, 100s});
  of.pass(99s);
  CHECK(of.due().empty());
  of.pass(1s);
  of.all_sent({429, {}, {}, 90'000s});
  of.pass(3'599s);
  CHECK(of.due().empty());
  of.pass(1s);
  CHECK(of.all_sent().size() == 1);
}

TEST_CASE("after a crash it goes on where it was stored, and nothing is left out") {
  receiver of;
  of.put({});
  for (int i = 0; i < 5; ++i) of.say("m");
  const auto first = of.head() - 4;
  for (int i = 0; i < 3; ++i) {
    const auto due = of.due();
    REQUIRE(due.size() == 1);
    of.answer(due[0], {200});
  }

  of.open();  // what was not stored yet is told again
  const auto again = of.ids_sent();
  of.pass(1s);
  CHECK(of.due().empty());  // which stores how far it is
  of.open();
  const auto nothing = of.ids_sent();

  REQUIRE(again.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) CHECK(again[i] == "audit" + place(first + i));
  CHECK(nothing.empty());
}

TEST_CASE("after a week away everything is told that was said meanwhile") {
  receiver of;
  of.put({});
  of.pass(1s);
  CHECK(of.due().empty());
  of.hooks.reset();
  for (int i = 0; i < 7; ++i) of.log.of.commit({create(room("r" + std::to_string(i)))});
  for (int i = 0; i < 1'200; ++i)
    of.say("m" + std::to_string(i), room("r" + std::to_string(i % 7)));
  of.open();

  std::set<std::string> once;
  for (auto& id : of.ids_sent()) once.insert(std::move(id));

  CHECK(once.size() == 1'200);
}

TEST_CASE("cursors beyond the journal, or of another one, begin at its head") {
  receiver of;
  of.put({});
  of.say("a");
  of.all_sent();
  of.pass(1s);
  CHECK(of.due().empty());

  SECTION("an older copy was put back") {
    of.hooks.reset();
    auto opened = open_store(of.directory.path() + "/" + store_name, {"one", {}}, 1, [](auto) {});
    REQUIRE(opened.index() == 0);
    for (const auto cursor : std::get<0>(opened)->at_start().at(0).cursors) CHECK(cursor == 1);
  }
  SECTION("it is another one") {
    of.say("b");
    of.open("two");
    CHECK(of.all_sent().empty());
    of.say("c");
    CHECK(of.all_sent().size() == 1);
  }
}

TEST_CASE("after a return to a copy webhooks go on where the logs part, under ids of their own") {
  receiver of;
  of.put({});
  const auto first = of.head() + 1;
  const auto restored_at = [&](std::uint64_t position, const std::string& name) {
    return "one " + std::to_string(position) + ":" + name;
  };
  const auto before = "audit" + place(first), after = "audit" + place(first + 1);
  for (const auto* text : {"a", "b"}) of.say(text);
  const auto store = [&] {
    of.pass(1s);
    CHECK(of.due().empty());
  };

  SECTION("what was told of the log that is no more is told of the other one") {
    CHECK(of.ids_sent() == std::vector{before, after});
    store();
    of.open(restored_at(first, "b"));
    CHECK(of.ids_sent() == std::vector{after + ".b"});
    store();
    of.open(restored_at(first, "b"));
    CHECK(of.ids_sent().empty());

    // The same copy again: its second entry is a third one.
    of.open(restored_at(first, "c"));
    CHECK(of.ids_sent() == std::vector{after + ".c"});
  }
  SECTION("what was not told yet is told, under the id that it had") {
    of.open(restored_at(first, "b"));
    CHECK(of.ids_sent() == std::vector{before, after + ".b"});
  }
  SECTION("a batch says so as well") {
    of.put({.url = {}, .events = {}, .rooms = {}, .batch = 3});
    of.open(restored_at(first, "b"));
    const auto sent = of.all_sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].id == "audit.batch." + std::to_string(first) + "." +
                            std::to_string(first + 1) + ".b");
    CHECK(sent[0].has("\"" + before + "\""));
    CHECK(sent[0].has("\"" + after + ".b\""));
  }
  SECTION("dead letters of entries that are no more are gone") {
    const dead_letter letter{first, event_kind::message_created, general, seq_no{1},
                             of.now.day, 400, {}};
    auto other = letter;
    other.position = first + 1;
    of.hooks.reset();
    const auto file = of.directory.path() + "/" + store_name;
    auto opened = open_store(file, {"one", {}}, of.head(), [](auto) {});
    REQUIRE(opened.index() == 0);
    CHECK(std::get<0>(opened)->add("audit", {letter, other}));
    std::get<0>(opened).reset();
    of.open(restored_at(first, "b"));
    CHECK(of.view().dead == 1);
  }
}

TEST_CASE("what is refused six times is put aside, and the rest goes on") {
  receiver of;
  of.put({});
  const auto bad = of.head() + 1;
  of.say("bad");
  of.say("good");

  for (int i = 0; i < 5; ++i) {
    CHECK(of.ids_sent({422, {}, "no such order"}).size() == 1);
    of.pass(1h);
  }
  const auto last = of.due();
  REQUIRE(last.size() == 1);
  of.answer(last[0], {422, {}, "no such order"});
  CHECK(of.ids_sent() == std::vector{"audit" + place(bad + 1)});
  const auto dead = of.hooks->dead("audit", 0, 10);
  REQUIRE(dead.index() == 0);
  REQUIRE(std::get<0>(dead).size() == 1);
  CHECK(std::get<0>(dead)[0].position == bad);
  CHECK(std::get<0>(dead)[0].answer == "no such order");
  CHECK(std::get<0>(dead)[0].kind == event_kind::message_created);
  CHECK(of.view().dead == 1);

  SECTION("it can be sent again, and stays until it is taken") {
    std::vector<unsigned> heard;
    const auto hear = [&](const reply& came) { heard.push_back(came.status); };
    CHECK_FALSE(of.hooks->retry_dead("audit", bad, of.now.day, hear));
    CHECK(of.ids_sent({404}) == std::vector{"audit" + place(bad)});
    CHECK(of.view().dead == 1);
    CHECK_FALSE(of.hooks->retry_dead("audit", bad, of.now.day, hear));
    of.all_sent({204});
    CHECK(of.view().dead == 0);
    CHECK(of.view().what.failing_since == unix_ms{});
    CHECK(of.hooks->retry_dead("audit", bad, of.now.day, hear) == fault::no_such_letter);
    CHECK(heard == std::vector{404U, 204U});
  }
  SECTION("it goes after thirty days") {
    of.pass(std::chrono::hours{30 * 24});
    of.due();
    CHECK(of.view().dead == 1);
    of.pass(1h);
    of.due();
    CHECK(of.view().dead == 0);
  }
}

TEST_CASE("ten thousand dead letters are kept, the latest") {
  auto opened = open_store("", {"one", {}}, 0, [](auto) {});
  auto& kept = *std::get<0>(opened);
  std::vector<dead_letter> letters;
  for (std::uint64_t i = 1; i <= dead_max + 1; ++i)
    letters.push_back(
        {i, event_kind::message_created, general, seq_no{i}, unix_ms{1'000}, 400, {}});
  REQUIRE(kept.add("a", letters));
  REQUIRE(kept.add("b", {letters[0]}));

  REQUIRE(kept.tidy(unix_ms{2'000}));

  CHECK(kept.count_dead("a") == dead_max);
  CHECK(kept.dead("a", 0, 1)->at(0).position == 2);
  CHECK(kept.count_dead("b") == 1);
}

TEST_CASE("ten that are put aside in a row pause it") {
  receiver of;
  of.put({});
  for (int i = 0; i < 12; ++i) of.say("bad");

  for (int i = 0; i < 6 * 10 + 5; ++i) {
    of.all_sent({400});
    of.pass(1h);
  }

  CHECK(of.view().what.paused == pause::refused);
  CHECK(of.view().dead == 10);
  CHECK_FALSE(of.hooks->set_paused("audit", false));
  CHECK(of.ids_sent().size() == 2);
  CHECK(of.view().dead == 10);
}

TEST_CASE("a receiver that is gone is paused, and goes on where it was") {
  receiver of;
  of.put({});
  const auto at = of.head() + 1;
  of.say("a");

  CHECK(of.ids_sent({410}).size() == 1);
  of.pass(24h);
  of.say("b");
  CHECK(of.due().empty());
  CHECK(of.view().what.paused == pause::gone);
  CHECK(of.complaints == std::vector<std::string>{"audit gone"});
  CHECK(of.view().lag == 2);
  CHECK(of.view().oldest_at);
  of.open();
  CHECK(of.due().empty());
  CHECK_FALSE(of.hooks->set_paused("audit", false));
  CHECK(of.ids_sent() == std::vector{"audit" + place(at), "audit" + place(at + 1)});
}

TEST_CASE("after 72 hours without success it is paused, across restarts") {
  receiver of;
  of.put({});
  of.say("a");

  const auto fail_for = [&](int hours) {
    for (int i = 0; i < hours; ++i) {
      of.all_sent({503});
      of.pass(1h);
    }
  };
  fail_for(40);
  of.open();
  fail_for(32);
  CHECK(of.view().what.paused == pause::none);
  of.all_sent({503});
  CHECK(of.view().what.paused == pause::failing);

  CHECK_FALSE(of.hooks->set_paused("audit", false));
  fail_for(2);
  CHECK(of.view().what.paused == pause::none);
}

TEST_CASE("a success begins the 72 hours anew") {
  receiver of;
  of.put({});
  of.say("a");
  of.say("b", room("other"));
  for (int i = 0; i < 100; ++i) {
    for (const auto& one : of.due())
      of.answer(
          one,
          {one.body.find(R"("room":"other","entry")") != std::string::npos && i % 50 != 49 ? 500U
                                                                                           : 200U});
    of.say("c");
    of.pass(1h);
  }

  CHECK(of.view().what.paused == pause::none);
}

TEST_CASE("batches are of one partition, and tried again within the same bounds") {
  receiver of;
  of.put({.url = {}, .events = {}, .rooms = {}, .batch = 3});
  const auto first = of.head() + 1;
  for (int i = 0; i < 2; ++i) of.say("a");
  of.say("b", room("other"));

  auto due = of.due();
  REQUIRE(due.size() == 2);
  for (const auto& one : due) of.answer(one, {500});
  of.say("a");
  of.pass(1s);
  const auto again = of.ids_sent();

  REQUIRE(again.size() == 3);
  CHECK(std::ranges::count(
            again, "audit.batch." + std::to_string(first) + "." + std::to_string(first + 1)) == 1);
  CHECK(again.back() ==
        "audit.batch." + std::to_string(first + 3) + "." + std::to_string(first + 3));
}

TEST_CASE("a batch has so many events, and so many bytes") {
  receiver of;
  of.put({.url = {}, .events = {}, .rooms = {}, .batch = 100});
  for (int i = 0; i < 101; ++i) of.say("a");
  const std::string large(4'000, 'x');
  for (int i = 0; i < 70; ++i) of.say(large, room("other"));

  for (const auto& one : of.all_sent()) {
    CHECK(one.body.size() < body_bytes_max + 100'000);
    std::size_t events = 0;
    for (auto at = one.body.find("\"id\""); at != std::string::npos;
         at = one.body.find("\"id\"", at + 1))
      ++events;
    CHECK(events <= 100);
  }
}

TEST_CASE("what was trimmed before it could be told is a gap") {
  receiver of;
  of.put({});
  const auto first = of.head() + 1;
  for (int i = 0; i < 4; ++i) of.say("m" + std::to_string(i));
  of.log.of.commit({trim(general, 3)});

  const auto sent = of.all_sent();

  REQUIRE(sent.size() == 3);
  CHECK(sent[0].id == "audit.webhook.gap." + std::to_string(first) + ".0");
  CHECK(sent[0].has("\"from_pos\":" + std::to_string(first) +
                    ",\"to_pos\":" + std::to_string(first + 2)));
  CHECK(sent[1].has("m3"));
  CHECK(sent[2].has("room.trimmed"));
}

TEST_CASE("what was deleted while it waited is not told") {
  receiver of;
  of.put({});
  of.say("secret");
  CHECK(of.all_sent({500})[0].has("secret"));
  of.log.of.commit({erase(general, 1)});
  of.pass(1s);

  const auto sent = of.all_sent();

  REQUIRE(sent.size() == 2);
  CHECK_FALSE(sent[0].has("secret"));
  CHECK(sent[0].has(R"("deleted":true)"));
}

TEST_CASE("what was deleted a moment ago is not told of a page that was read before") {
  receiver of;
  of.put({});
  of.say("a");
  of.say("secret");
  const auto first = of.due();
  REQUIRE(first.size() == 1);

  SECTION("while it waits behind another one") {
    of.log.of.commit({erase(general, 2)});
    of.answer(first[0], {200});
  }
  SECTION("where it is resumed, though nobody has told of the deletion yet") {
    of.answer(first[0], {200});
    CHECK_FALSE(of.hooks->set_paused("audit", true));
    of.log.of.commit({erase(general, 2)});
    CHECK_FALSE(of.hooks->set_paused("audit", false));
    const auto next = of.hooks->due(of.now);
    REQUIRE(next.size() == 1);
    CHECK(next[0].body.find("secret") == std::string::npos);
    of.answer(next[0], {500});
    of.pass(1s);
  }
  SECTION("where it is told again") {
    of.answer(first[0], {200});
    CHECK(of.all_sent()[0].has("secret"));
    of.log.of.commit({erase(general, 2)});
    CHECK_FALSE(of.hooks->replay("audit", of.head() - 2));
  }

  const auto sent = of.all_sent();
  REQUIRE(sent.size() == 2);
  CHECK_FALSE(sent[0].has("secret"));
  CHECK(sent[0].has(R"("deleted":true)"));
}

TEST_CASE("what is about no room is told where no rooms are named, or where it is named itself") {
  receiver of;
  of.put({}, "all");
  of.put({.url = {}, .events = {"*"}, .rooms = {"general"}}, "narrow");
  of.put({.url = {}, .events = {"message.*", "user.created"}, .rooms = {"general"}}, "named");
  auto author = rooms::server_principal();
  author.as = rooms::principal::kind::api_key;

  of.log.of.commit({operation{rooms::server_room, author, "",
                              rooms::set_user{user_set{bob, "Bob", {}, false}}}});

  const auto at = std::to_string(of.head());
  CHECK(of.ids_sent() == std::vector{"all.user.created." + at + ".0", "named.user.created." + at + ".0"});
}

TEST_CASE("secrets are rotated, and for a day both sign") {
  receiver of;
  const auto made = of.put({});
  const auto signatures = [&] {
    of.say("a");
    const auto due = of.due();
    REQUIRE(due.size() == 1);
    of.answer(due[0], {200});
    const auto& text = due[0].headers.at(2).second;
    return std::ranges::count(text, ',');
  };
  CHECK(signatures() == 1);
  const auto rotated = of.hooks->rotate("audit", of.now.day);
  REQUIRE(rotated.index() == 0);
  CHECK(std::get<0>(rotated).secret != made.secret);
  CHECK(std::get<0>(rotated).old_secret == made.secret);
  CHECK(signatures() == 2);
  of.pass(24h);
  CHECK(signatures() == 1);
}

TEST_CASE("what was told is told again, and what waits is left out, as the operator says") {
  receiver of;
  of.put({});
  const auto first = of.head() + 1;
  of.say("a");
  of.log.of.commit({post(general, "b")}, 50'000);
  CHECK(of.ids_sent().size() == 2);

  CHECK_FALSE(of.hooks->replay("audit", first - 1));
  CHECK(of.ids_sent().size() == 2);
  CHECK_FALSE(of.hooks->replay_since("audit", unix_ms{2'000}));
  CHECK(of.ids_sent() == std::vector{"audit" + place(first + 1)});
  of.say("c");
  of.hooks->moved(of.head());
  CHECK_FALSE(of.hooks->replay("audit", of.head()));
  CHECK(of.ids_sent().empty());
  CHECK(of.hooks->replay("other", 1) == fault::no_such_webhook);

  SECTION("also while a delivery is under way, of which nothing is believed") {
    of.say("d");
    const auto due = of.due();
    REQUIRE(due.size() == 1);
    CHECK_FALSE(of.hooks->replay("audit", first - 1));
    CHECK(of.due().empty());  // still one at a time
    of.answer(due[0], {200});
    CHECK(of.ids_sent().size() == 4);
  }
}

TEST_CASE("a test is sent at once, also where the webhook is paused") {
  receiver of;
  of.put({});
  CHECK_FALSE(of.hooks->set_paused("audit", true));
  unsigned status = 0;

  CHECK_FALSE(
      of.hooks->send_test("audit", of.now.day, [&](const reply& came) { status = came.status; }));
  const auto sent = of.all_sent({418});

  REQUIRE(sent.size() == 1);
  CHECK(sent[0].id.starts_with("audit.webhook.test."));
  CHECK(status == 418);
  for (std::size_t i = 0; i < single_max; ++i)
    CHECK_FALSE(of.hooks->send_test("audit", of.now.day, [](const auto&) {}));
  CHECK(of.hooks->send_test("audit", of.now.day, [](const auto&) {}) == fault::too_many);
}

TEST_CASE("there are sixteen at most, and what is taken away is gone for good") {
  receiver of;
  for (std::size_t i = 0; i < hooks_max; ++i) of.put({}, "h" + std::to_string(i));
  hook_settings one;
  one.url = "https://example.org";
  const auto more = of.hooks->put("more", one, of.now.day);
  REQUIRE(more.index() == 1);
  CHECK(std::get<1>(more) == fault::too_many);
  CHECK_FALSE(std::get<0>(of.hooks->put("h3", one, of.now.day)).made);

  of.say("a");
  const auto due = of.due();
  CHECK(due.size() == hooks_max);
  CHECK_FALSE(of.hooks->remove("h3"));
  for (const auto& each : due) of.answer(each, {200});
  CHECK(of.hooks->remove("h3") == fault::no_such_webhook);
  of.open();
  CHECK(of.hooks->ids().size() == hooks_max - 1);
  CHECK(of.complaints.empty());
}

TEST_CASE("what the settings are survives a restart") {
  receiver of;
  const auto made = of.put({.url = "https://example.org/x",
                            .events = {"pin.*", "room.changed"},
                            .rooms = {"a", "b*"},
                            .batch = 7,
                            .timeout = 3s,
                            .thin = true});

  of.open();

  CHECK(of.view().what == made);
}
