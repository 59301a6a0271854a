#include "api/keys.hpp"
#include "tests/support/catch.hpp"

using namespace confab;
using namespace confab::api;

namespace {

key_ring ring_of(std::string_view text) {
  auto read = key_ring::read(text, [](std::string_view net) { return net == "10.0.0.0/8"; });
  INFO((read.index() == 1 ? std::get<1>(read).front() : std::string{}));
  REQUIRE(read.index() == 0);
  return std::get<key_ring>(std::move(read));
}

std::vector<std::string> mistakes_in(std::string_view text) {
  auto read = key_ring::read(text, [](std::string_view net) { return net == "10.0.0.0/8"; });
  REQUIRE(read.index() == 1);
  return std::get<1>(std::move(read));
}

const std::string digest(64, 'a');

}  // namespace

TEST_CASE("a key that is made is found by its line, and no other is") {
  const auto one = make_key("shop", "read,publish", {1});
  const auto other = make_key("shop", "*", {2});
  const auto ring = ring_of("# ours\n" + one.line + "   # billing\n\n" + other.line + "\r\n");

  const auto* found = ring.find(one.key);

  REQUIRE(found);
  CHECK(found->name == "shop");
  CHECK(found->may(scope::read));
  CHECK(found->may(scope::publish));
  CHECK(!found->may(scope::rooms));
  CHECK(ring.find(other.key)->may(scope::node));
  CHECK(!ring.find(one.key + "x"));
  CHECK(!ring.find(one.key.substr(0, one.key.size() - 1)));
  CHECK(!ring.find(""));
  CHECK(one.key.starts_with("ck_shop_"));
  CHECK(one.line.find(one.key) == std::string::npos);
}

TEST_CASE("a key may be bound to rooms, authors, nets and a day") {
  const auto line = make_key("k", "*", {1}).line;
  const auto ring = ring_of(line + " rooms=team-*,lobby,dm:* from=bot-*,@server nets=10.0.0.0/8 expires=2027-01-31");
  const auto& key = *ring.find(make_key("k", "*", {1}).key);
  const auto sees = [&](const char* room) { return key.sees(room_id::trusted(room)); };
  const auto speaks = [&](const char* user) { return key.speaks_for(user_id::trusted(user)); };

  CHECK((sees("team-red") && sees("lobby") && sees("dm:a:b")));
  CHECK((!sees("lobby2") && !sees("other")));
  CHECK((speaks("bot-1") && speaks("@server") && !speaks("bob")));
  CHECK(key.nets == std::vector<std::string>{"10.0.0.0/8"});
  CHECK(key.expires == unix_ms{1'801'353'600'000});
}

TEST_CASE("direct rooms are seen by a pattern that names them, and by no other") {
  const auto sees = [](const std::string& rooms) {
    const auto made = make_key("k", "*", {1});
    return ring_of(made.line + rooms).find(made.key)->sees(room_id::trusted("dm:a:b"));
  };

  CHECK(!sees(""));
  CHECK(!sees(" rooms=*"));
  CHECK(sees(" rooms=*,dm:*"));
}

TEST_CASE("every mistake of a file of keys is told with its line") {
  const auto mistakes = mistakes_in("a sha256:xyz read\n"
                                    "Big sha256:" + digest + " read\n"
                                    "b sha256:" + digest + " reed\n"
                                    "c sha256:" + digest + "\n"
                                    "d sha256:" + digest + " read nets=nonsense\n"
                                    "e sha256:" + digest + " read expires=2027-02-30\n"
                                    "f sha256:" + digest + " read colour=red\n"
                                    "g sha256:" + digest + " read rooms=lobby,bad*id\n"
                                    "h sha256:" + digest + " read from=bot*x\n");

  REQUIRE(mistakes.size() == 9);
  for (std::size_t i = 0; i < mistakes.size(); ++i)
    CHECK(mistakes[i].starts_with("line " + std::to_string(i + 1) + ": "));
}

TEST_CASE("a key stands in the file once") {
  const auto one = make_key("shop", "read", {1}).line, other = make_key("shop", "read", {2}).line;

  CHECK(ring_of(one + "\n" + other).size() == 2);
  CHECK(mistakes_in(one + "\n" + other + "\n" + one + " rooms=lobby\n") ==
        std::vector<std::string>{"line 3: the digest stands on an earlier line"});
}

TEST_CASE("who may speak is a user, the server, or the beginning of one and a star") {
  const auto line = make_key("k", "*", {1}).line;

  ring_of(line + " from=auth0|65f1,bot-*,@server,@*,*");
  for (const char* bad : {"@nobody", "@server2", "@x*", "-x", "**"})
    CHECK(mistakes_in(line + " from=" + bad).size() == 1);
}
