// Who is at which node: by hand, and over a bus that loses, doubles and delays, with nodes that are
// cut off, end and begin again.

#include "cluster/presence.hpp"
#include "tests/cluster/simulated_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/effort.hpp"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace confab;
using namespace confab::cluster;
using namespace confab::cluster::test;

namespace {

const auto general = room_id::trusted("general");
const auto other = room_id::trusted("other");
user_id user(const std::string& id) { return user_id::trusted(id); }
person named(const std::string& id) { return {user(id), "the " + id}; }

presence_teller teller_of(const std::string& node, std::uint64_t session = 7) {
  presence_teller made{{node}};
  made.begin(session);
  return made;
}
std::string list_of(const presence_reader& reader, const room_id& room = general) {
  std::string all;
  for (const auto& one : reader.in(room)) all += one.user.value() + " ";
  return all;
}
std::string text_of(const std::vector<presence_change>& changes) {
  std::string all;
  for (const auto& change : changes) {
    all += change.room.value() + ":";
    for (const auto& one : change.came) all += " +" + one.user.value();
    for (const auto& one : change.went) all += " -" + one.value();
    for (const auto& [who, on] : change.typing) all += (on ? " types " : " rests ") + who.value();
    all += ";";
  }
  return all;
}

}  // namespace

TEST_CASE("what changes is gathered, and who comes and goes again meanwhile was never there") {
  auto teller = teller_of("n1");
  CHECK(teller.on_time(1s).empty());
  teller.came(general, named("alice"), 1s);
  teller.came(general, named("bob"), 1s + 100ms);
  teller.went(general, user("bob"), 1s + 200ms);
  teller.typing(general, user("alice"), true, 1s + 200ms);
  CHECK(teller.deadline() == 1s + 250ms);
  CHECK(teller.on_time(1s + 249ms).empty());

  const auto frames = teller.on_time(1s + 250ms);

  REQUIRE(frames.size() == 1);
  CHECK(frames[0].number == 1);
  CHECK(text_of(frames[0].changes) == "general: +alice types alice;");
  CHECK(frames[0].changes[0].came[0].name == "the alice");
  CHECK_FALSE(teller.deadline());
}

TEST_CASE("many people are told in several frames, and in as many pieces to who asks") {
  presence_teller::settings how{"n1"};
  how.people_max = 3;
  presence_teller teller{how};
  teller.begin(1);
  for (const auto* id : {"a", "b", "c", "d"}) teller.came(general, named(id), 0s);
  teller.came(other, named("e"), 0s);

  const auto frames = teller.on_time(1s);
  const auto pieces = teller.all();

  REQUIRE(frames.size() == 2);
  CHECK(text_of(frames[1].changes) == "general: +d;other: +e;");
  REQUIRE(pieces.size() == 2);
  presence_reader reader{{}};
  CHECK(reader.take(pieces[1], 1s).changes.empty());
  CHECK(text_of(reader.take(pieces[0], 1s).changes) == "general: +a +b +c +d;other: +e;");
}

TEST_CASE("a hole is asked for, once a second, and what came behind it counts then") {
  auto teller = teller_of("n1");
  presence_reader reader{{}};
  CHECK(reader.heard("n1", 7, 0, 0s).ask == std::vector<std::string>{"n1"});
  for (const auto& piece : teller.all()) CHECK(reader.take(piece, 0s).empty());
  const auto tell = [&](const std::string& id, std::chrono::milliseconds now) {
    teller.came(general, named(id), now);
    return teller.on_time(now + 1s).at(0);
  };
  CHECK(text_of(reader.take(tell("a", 1s), 1s).changes) == "general: +a;");
  tell("lost", 1s);

  const auto third = reader.take(tell("c", 2s), 2s);
  CHECK(third.changes.empty());
  CHECK(third.ask == std::vector<std::string>{"n1"});
  CHECK(reader.on_time(2s + 900ms).ask.empty());
  CHECK(reader.heard("n1", 7, 3, 3s).ask.size() == 1);
  const auto all = teller.all();
  CHECK(reader.take(tell("d", 3s), 3s).changes.empty());
  CHECK(text_of(reader.take(all.at(0), 3s).changes) == "general: +c +d +lost;");
  CHECK(reader.on_time(5s).ask.empty());
}

TEST_CASE("the last frame that is lost is missed by the next beat") {
  auto teller = teller_of("n1");
  presence_reader reader{{}};
  reader.heard("n1", 7, 0, 0s);
  reader.take(teller.all().at(0), 0s);
  teller.came(general, named("a"), 0s);
  teller.on_time(1s);

  CHECK(reader.heard("n1", 7, teller.number(), 1s).ask.size() == 1);
  CHECK(text_of(reader.take(teller.all().at(0), 1s).changes) == "general: +a;");
}

TEST_CASE("who is at two nodes is there once, until both are away") {
  presence_reader reader{{}};
  for (const auto* node : {"n1", "n2"}) {
    auto teller = teller_of(node);
    teller.came(general, named("alice"), 0s);
    teller.on_time(1s);
    const auto told = reader.take(teller.all().at(0), 1s).changes;
    CHECK(text_of(told) == (node == std::string{"n1"} ? "general: +alice;" : ""));
  }
  reader.heard("n2", 7, 1, 3s);
  CHECK(reader.on_time(4s).changes.empty());  // n1 is away
  CHECK(list_of(reader) == "alice ");

  CHECK(text_of(reader.on_time(6s).changes) == "general: -alice;");
  CHECK(list_of(reader).empty());
}

TEST_CASE("a process that begins anew is asked, and who came back to it has not been away") {
  presence_reader reader{{}};
  auto teller = teller_of("n1", 7);
  for (const auto* id : {"alice", "bob"}) teller.came(general, named(id), 0s);
  teller.on_time(1s);
  const auto old = teller.all().at(0);
  reader.take(old, 1s);

  auto again = teller_of("n1", 90);
  again.came(general, named("alice"), 2s);
  again.on_time(3s);
  CHECK(reader.heard("n1", 90, 1, 3s).ask.size() == 1);
  CHECK(list_of(reader) == "alice bob ");

  CHECK(text_of(reader.take(again.all().at(0), 3s).changes) == "general: -bob;");
  CHECK(reader.take(old, 3s).empty());  // of the process that has ended
}

TEST_CASE("a frame is read as it was written, and nothing else is read") {
  presence_frame what{"n1", 3, 9,
                      1,    2, {{general, {named("alice")}, {user("bob")}, {{user("c"), true}}}}};
  const auto bytes = encode(what);
  CHECK(decode_presence(bytes) == what);

  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(decode_presence(std::string_view{bytes}.substr(0, length)));
  CHECK_FALSE(decode_presence(bytes + "x"));
  auto newer = bytes;
  newer[0] = 2;
  CHECK_FALSE(decode_presence(newer));
  what.piece = 2;
  CHECK_FALSE(decode_presence(encode(what)));
  what.pieces = 0;
  CHECK_FALSE(decode_presence(encode(what)));
  what = {"n1", 3, 9, 0, 0, {{general, {{user("\n"), ""}}, {}, {}}}};
  CHECK_FALSE(decode_presence(encode(what)));
}

// --- many nodes, and a bus on which all goes wrong -----------------------------------------------

namespace {

class presence_world {
 public:
  explicit presence_world(std::uint64_t seed) : in_(seed) {
    for (int i = 0; i < 3; ++i) start(nodes_.emplace_back("n" + std::to_string(i)));
    for (auto& node : nodes_) tick(node);
    act();
  }
  void run() {
    run_until(40s);
    calm_ = true;
    for (auto& node : nodes_) {
      node.cut_off = false;
      if (!node.reader) start(node);
    }
    run_until(60s);
    for (const auto& node : nodes_)
      for (const auto& room : {general, other}) {
        std::set<user_id> expected, found;
        for (const auto& one : nodes_)
          if (one.name != node.name && one.here.contains(room))
            expected.insert(one.here.at(room).begin(), one.here.at(room).end());
        for (const auto& one : node.reader->in(room)) found.insert(one.user);
        INFO(node.name << " about " << room.value());
        CHECK(found == expected);
        CHECK(node.told.at(room) == expected);  // and its room was told so
      }
    CHECK(asked_ > 3);
  }

 private:
  struct node_of_bus {
    std::string name;
    bool cut_off = false;
    std::uint64_t process = 0;
    std::optional<presence_teller> teller{};
    std::optional<presence_reader> reader{};
    std::map<room_id, std::set<user_id>> here{};  // people of its own
    std::map<room_id, std::set<user_id>> told{};  // what its rooms know of others
    explicit node_of_bus(std::string id) : name(std::move(id)) {}
  };

  void start(node_of_bus& node) {
    node.process = ++sessions_;
    node.teller.emplace(presence_teller::settings{node.name});
    node.teller->begin(node.process);
    node.reader.emplace(presence_reader::settings{});
    node.here.clear();
    node.told = {{general, {}}, {other, {}}};
  }
  void run_until(ms end) {
    while (in_.now() < end)
      if (!in_.step()) FAIL("nothing happens any more");
  }
  bool lost(const node_of_bus& at) { return at.cut_off || (!calm_ && in_.percent(20)); }
  void later(std::function<void()> what) {
    for (int copies = 1 + (!calm_ && in_.percent(10)); copies > 0; --copies)
      in_.after(in_.between(1ms, calm_ ? 5ms : 500ms), what);
  }
  /// To each other node, as bytes.
  void publish(node_of_bus& from, const presence_frame& what) {
    for (auto& to : nodes_) {
      if (&to == &from || lost(from)) continue;
      later([this, &to, bytes = encode(what)] {
        if (to.reader && !lost(to)) take(to, to.reader->take(*decode_presence(bytes), in_.now()));
      });
    }
  }
  void take(node_of_bus& node, const presence_reader::effects& what) {
    for (const auto& change : what.changes) {
      auto& told = node.told[change.room];
      for (const auto& one : change.came) CHECK(told.insert(one.user).second);
      for (const auto& one : change.went) CHECK(told.erase(one) == 1);
    }
    for (const auto& name : what.ask) {
      ++asked_;
      for (auto& of : nodes_)
        if (of.name == name && !lost(node))
          later([this, &of] {
            if (!of.teller || lost(of)) return;
            for (const auto& piece : of.teller->all()) publish(of, piece);
          });
    }
  }
  void tick(node_of_bus& node) {
    in_.after(100ms, [this, &node] { tick(node); });
    if (!node.reader) return;
    for (const auto& frame : node.teller->on_time(in_.now())) publish(node, frame);
    take(node, node.reader->on_time(in_.now()));
    if (in_.now().count() % 1'000 != 0) return;
    for (auto& to : nodes_) {
      if (&to == &node || lost(node)) continue;
      later([this, &to, name = node.name, session = node.process, told = node.teller->number()] {
        if (to.reader && !lost(to)) take(to, to.reader->heard(name, session, told, in_.now()));
      });
    }
  }
  void act() {
    in_.after(in_.between(5ms, 300ms), [this] { act(); });
    if (calm_) return;
    auto& node = nodes_[in_.pick(nodes_.size())];
    const auto& room = in_.pick(2) ? general : other;
    const auto who = user("user" + std::to_string(in_.pick(6)));
    if (in_.pick(25) == 0) node.cut_off = !node.cut_off;
    if (in_.pick(60) == 0) {
      if (node.reader)
        node.teller.reset(), node.reader.reset(), node.here.clear();
      else
        start(node);
    }
    if (!node.reader) return;
    if (node.here[room].insert(who).second)
      return node.teller->came(room, named(who.value()), in_.now());
    if (in_.pick(3) == 0) return node.teller->typing(room, who, true, in_.now());
    node.here[room].erase(who);
    node.teller->went(room, who, in_.now());
  }

  world in_;
  std::deque<node_of_bus> nodes_;
  std::uint64_t sessions_ = 0, asked_ = 0;
  bool calm_ = false;
};

}  // namespace

TEST_CASE("whatever the bus loses, in the end each node knows who is at the others") {
  for (std::uint64_t seed = 1; seed <= confab::test::cases(20); ++seed) {
    INFO("seed " << seed);
    presence_world{seed}.run();
  }
}
