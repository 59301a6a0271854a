// One replica by hand, step by step: what it sends and when, and what ends it.

#include "cluster/packing.hpp"
#include "cluster/replica.hpp"
#include "tests/journal/stores.hpp"

#include <deque>

using namespace confab;
using namespace confab::cluster;
using namespace confab::journal::test;
using namespace std::chrono_literals;

namespace {

/// A replica alone with a log that does only what the test says.
struct bench final : shared_log, bus, replica_listener {
  memory_store store;
  applier applying;
  std::optional<replica> node;
  replica::clock now{0};
  std::vector<log_message> log;                              // what is ordered
  std::deque<std::pair<std::string, std::uint64_t>> sent;    // and what waits for that
  std::vector<std::uint64_t> done, lost, refused, barriers;  // tickets
  std::vector<std::string> suspects;
  std::string ended_as;

  static genesis options() {
    genesis own;
    own.log = {1, 2};
    return own;
  }
  explicit bench(genesis founding = options()) : applying{*store.of.write, founding} {
    replica::settings how;
    how.name = "n1", how.nonce = 100;
    node.emplace(how, applying, *this, *this, *this, now);
    answer_fetch();
  }
  /// Up to the session: the log is founded and the node has begun.
  void begin() {
    order(), order();
    REQUIRE(node->is_ready());
  }

  void append(std::string bytes, std::uint64_t ticket) override {
    sent.emplace_back(std::move(bytes), ticket);
  }
  void fetch(log_position, std::size_t) override {}
  void trim(log_position) override {}
  void publish(std::string_view, std::string) override {}
  void answered(std::uint64_t ticket, journal::outcome) override { done.push_back(ticket); }
  void unknown(std::uint64_t ticket) override { lost.push_back(ticket); }
  void unavailable(std::uint64_t ticket) override { refused.push_back(ticket); }
  void passed(std::uint64_t ticket) override { barriers.push_back(ticket); }
  void applied(const applied_message&) override {}
  void suspected(const std::string& who) override { suspects.push_back(who); }
  void ended(end_reason why, const std::string&) override { ended_as = cluster::name(why); }

  void answer_fetch() { node->fetched({1, 1, log.size(), log}, now); }
  /// What comes from the log, from whomever.
  void comes(std::string bytes) {
    log.push_back({log.size() + 1, unix_ms{1'000}, std::move(bytes)});
    node->live(log.back(), now);
    node->work(100, now);
  }
  /// The log takes what was sent first.
  std::string order() {
    REQUIRE_FALSE(sent.empty());
    auto bytes = sent.front().first;
    sent.pop_front();
    comes(bytes);
    return bytes;
  }
  void pass(replica::clock time) {
    for (const auto end = now + time; now < end;) now += 100ms, node->tick(now);
  }
  replica::push_result post_one(std::uint64_t ticket) {
    return node->submit(post(general, "x", "k" + std::to_string(ticket)), ticket, now);
  }
  std::string from_other(std::string name, frame_content content, log_position seen = 0,
                         std::uint64_t chain = 0, std::uint64_t session = 0) {
    return *encode({frame{std::move(name), session, 1, seen, chain, std::move(content)}});
  }
};

frame first_frame(const std::string& bytes) {
  return std::get<std::vector<frame>>(decode(bytes)).front();
}

}  // namespace

TEST_CASE("one batch is on its way at a time, the same bytes are sent again, and count once") {
  bench at;
  at.begin();
  REQUIRE(at.node->submit(create(general), 1, at.now) == replica::push_result::accepted);
  REQUIRE(at.post_one(2) == replica::push_result::accepted);
  REQUIRE(at.post_one(3) == replica::push_result::accepted);
  REQUIRE(at.sent.size() == 1);

  at.pass(1600ms);
  REQUIRE(at.sent.size() == 2);
  const auto bytes = at.order();
  CHECK(at.sent.front().first == bytes);
  CHECK(at.done == std::vector<std::uint64_t>{1});
  at.order();
  CHECK(at.done.size() == 1);  // the repeat is void
  at.order();

  CHECK(at.done == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(log_of(at.store.of, general).size() == 2);
}

TEST_CASE("what is known to be stored is not sent again until it has come") {
  bench at;
  at.begin();
  REQUIRE(at.post_one(1) == replica::push_result::accepted);
  at.node->stored(at.sent.front().second, 3, at.now);

  at.pass(5s);

  CHECK(at.sent.size() == 1);
}

TEST_CASE(
    "a batch that was given up is void behind the next begin, and nothing is sent before it") {
  bench at;
  at.begin();
  REQUIRE(at.node->submit(create(general), 1, at.now) == replica::push_result::accepted);
  const auto late = at.sent.front().first;
  at.pass(15'100ms);
  CHECK(at.lost == std::vector<std::uint64_t>{1});
  CHECK_FALSE(at.node->is_ready());
  at.sent.erase(at.sent.begin(), at.sent.end() - 1);
  REQUIRE(at.post_one(2) == replica::push_result::accepted);
  REQUIRE(at.sent.size() == 1);

  const auto begun = first_frame(at.order());
  at.comes(late);

  CHECK(std::get<begin_session>(begun.content).replaces == 2);
  CHECK(at.node->is_ready());
  CHECK_FALSE(at.store.of.read->room(general));
  CHECK(first_frame(at.sent.front().first).session == 3);
}

TEST_CASE("a begin counts once, and one that replaces another session does not") {
  bench at;
  at.begin();
  const auto begun = at.log.back().bytes;

  at.comes(begun);
  CHECK(at.applying.state().sessions.at("n1").session == 2);
  CHECK(at.node->is_ready());

  at.comes(at.from_other("n1", begin_session{7, 1, 1, ""}));
  CHECK(at.node->is_ready());
  at.comes(at.from_other("n1", begin_session{7, 2, 1, ""}));
  CHECK(at.ended_as == "displaced");
}

TEST_CASE("who asks for a barrier while one is on its way waits for the next") {
  bench at;
  at.begin();
  REQUIRE(at.node->ask_barrier(1, at.now) == replica::push_result::accepted);
  REQUIRE(at.node->ask_barrier(2, at.now) == replica::push_result::accepted);

  at.order();
  CHECK(at.barriers == std::vector<std::uint64_t>{1});
  at.order();
  CHECK(at.barriers == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("who has another chain than most ends, and others only name him") {
  bench at;
  at.begin();
  const auto chain = at.applying.state().chain;

  SECTION("one against one: nobody can tell") {
    at.comes(at.from_other("n2", barrier{1}, 2, chain + 1));
    CHECK(at.ended_as == "diverged");
  }
  SECTION("one against two") {
    at.comes(at.from_other("n3", barrier{1}, 2, chain));
    at.comes(at.from_other("n2", barrier{1}, 2, chain + 1));
    CHECK(at.ended_as.empty());
    CHECK(at.suspects == std::vector<std::string>{"n2"});
    at.comes(at.from_other("n4", barrier{1}, 2, chain + 1));
    CHECK(at.ended_as == "diverged");
  }
}

TEST_CASE("a position that is given twice ends the node, and so does a log that begins anew") {
  bench at;
  at.begin();
  auto other = at.log.back();
  other.bytes = at.from_other("n2", barrier{1});

  SECTION("as another message") { at.node->live(other, at.now); }
  SECTION("as an acknowledgement") {
    REQUIRE(at.post_one(1) == replica::push_result::accepted);
    at.node->stored(at.sent.back().second, 1, at.now);
  }

  CHECK(at.ended_as == "rewritten");
}

TEST_CASE("what is trimmed before it was read ends the node, and a damaged message is a hole") {
  bench at;
  at.begin();
  SECTION("trimmed") {
    at.node->fetched({3, 9, 12, {}}, at.now);
    CHECK(at.ended_as == "behind");
  }
  SECTION("damaged") {
    log_message broken{3, unix_ms{1}, at.from_other("n2", barrier{1})};
    const auto place = GENERATE(std::size_t{0}, std::size_t{4}, std::size_t{20});
    broken.bytes[place] = static_cast<char>(broken.bytes[place] ^ 4);
    at.node->live(broken, at.now);
    CHECK_FALSE(at.node->work(10, at.now));
    at.comes(at.from_other("n2", barrier{1}));
    CHECK(at.node->position() == 3);
  }
}

TEST_CASE("a log with a newer format ends the node before it, with what stands before applied") {
  bench at;
  at.begin();
  auto newer = at.from_other("n2", barrier{1});
  newer[4] = 2;

  at.comes(newer);
  CHECK(at.ended_as.empty());  // the tail may be damaged
  at.answer_fetch();
  at.node->work(100, at.now);

  CHECK(at.ended_as == "newer_format");
  CHECK(at.node->position() == 2);
}

TEST_CASE(
    "a node with data of its own does not follow another's log, one without takes a snapshot") {
  const bool has_data = GENERATE(true, false);
  auto own = bench::options();
  own.imported = has_data;  // rooms without entries are data, too
  bench at{own};
  genesis other = bench::options();
  other.log = {8, 9};
  SECTION("of its own") {
    at.comes(at.from_other("n2", other));
    CHECK(at.ended_as == (has_data ? "foreign_log" : ""));
  }
  SECTION("without") {
    other.imported = 4;
    at.comes(at.from_other("n2", other));
    CHECK(at.ended_as == (has_data ? "foreign_log" : "needs_founder"));
  }
  SECTION("rules that differ") {
    other.how.guest_members = false;
    at.comes(at.from_other("n2", other));
    CHECK(at.ended_as == (has_data ? "foreign_log" : "other_rules"));
  }
}

TEST_CASE("the queue is bounded in bytes") {
  bench at;
  std::uint64_t ticket = 0;
  const std::string text(100'000, 'x');
  auto last = replica::push_result::accepted;
  while (last == replica::push_result::accepted && ticket < 1'000)
    last = at.node->submit(post(general, text), ++ticket, at.now);

  CHECK(last == replica::push_result::overflow);
  CHECK(ticket == 16 * 1024 * 1024 / 100'000 + 1);
  CHECK(at.node->submit(post(general, std::string(message_bytes_max, 'x')), 1, at.now) ==
        replica::push_result::too_long);
}
