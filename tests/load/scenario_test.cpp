#include "load/scenario.hpp"
#include "load/quantity.hpp"
#include "load/room_choice.hpp"
#include "load/stamp.hpp"
#include "load/timers.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>

using namespace confab::load;

namespace {

std::vector<mistake> mistakes_in(std::string_view toml) {
  const auto parsed = parse_scenario("x", toml);
  const auto* found = std::get_if<std::vector<mistake>>(&parsed);
  return found ? *found : std::vector<mistake>{};
}

}  // namespace

TEST_CASE("a scenario file sets what it names and leaves the rest as it is") {
  const auto parsed = parse_scenario("mine", R"(
    users = 12
    think = "1500ms"
    ramp = "20/s"
    choice = "zipf"
    text_bytes_max = "1KiB"
    edit_chance = 0.25
    history_chance = 1
  )");

  REQUIRE(std::holds_alternative<scenario>(parsed));
  const auto& read = std::get<scenario>(parsed);
  CHECK(read.name == "mine");
  CHECK(read.users == 12);
  CHECK(read.think_s == Approx(1.5));
  CHECK(read.ramp_per_s == Approx(20));
  CHECK(read.choice == room_choice::zipf);
  CHECK(read.text_bytes_max == 1024);
  CHECK(read.edit_chance == Approx(0.25));
  CHECK(read.history_chance == Approx(1));
  CHECK(read.rooms == scenario{}.rooms);
}

TEST_CASE("all mistakes of a scenario file are told, each with its line") {
  const auto found = mistakes_in(
      "users = 0\nthink = 5\n\nfrobs = 1\nchoice = \"any\"\nedit_chance = 1.5\nrooms = [1]\n");

  REQUIRE(found.size() == 6);
  CHECK(found[0].line == 1);
  CHECK(found[0].text == "users must be from 1 to 1000000, not 0");
  CHECK(found[1].line == 2);
  CHECK(found[1].text == "think must be a time, as \"5s\" or \"300ms\", not 5");
  CHECK(found[2].line == 4);
  CHECK(found[2].text.starts_with("there is no key frobs"));
  CHECK(found[3].line == 5);
  CHECK(found[4].line == 6);
  CHECK(found[5].line == 7);
  CHECK(found[5].text == "rooms must be text or a number");
}

TEST_CASE("text that is not TOML is told with the line") {
  const auto found = mistakes_in("users = 3\nrooms = = 4\n");

  REQUIRE(found.size() == 1);
  CHECK(found[0].line == 2);
}

TEST_CASE("what contradicts itself is refused in a sentence") {
  CHECK(mistakes_in("rooms = 2\nrooms_per_user = 3").at(0).text ==
        "3 rooms per user are more than the 2 rooms there are");
  CHECK(mistakes_in("text_bytes_min = 200\ntext_bytes_max = 100").size() == 1);
  CHECK(mistakes_in("rooms_per_user = 0").size() == 1);
  CHECK(mistakes_in("users = 5\nagents = 5\ndirect_chance = 1").size() == 1);
  CHECK(mistakes_in("slow_share = 0.6\nmisbehaving_share = 0.6").size() == 1);
}

TEST_CASE("a run that its stamps cannot hold is refused") {
  scenario how;
  const auto last_first_user = stamp::number_max - how.users + 1;

  CHECK(impossibility(how, last_first_user).empty());
  CHECK(impossibility(how, last_first_user + 1).find("--first-user") != std::string::npos);
  const stamp last{stamp_kind::room, 1, 2, 3, 4, std::int64_t{12} * 86'400 * 1'000'000};
  CHECK(read_text(write_text(last, stamp::size)).stamp == last);
  CHECK(set_key(how, "for", "288h").empty());
  CHECK_FALSE(set_key(how, "for", "289h").empty());
}

TEST_CASE("every scenario that is built in can be read, and says what it simulates") {
  const auto all = built_in_scenarios();

  std::set<std::string> names;
  for (const auto& [name, toml] : all) {
    INFO(name);
    names.insert(name);
    const auto parsed = parse_scenario(name, toml);
    REQUIRE(std::holds_alternative<scenario>(parsed));
    CHECK_FALSE(std::get<scenario>(parsed).description.empty());
  }
  CHECK(names == std::set<std::string>{"abuse", "chatty-office", "flaky-mobile", "many-small-rooms",
                                       "reconnect-storm", "support-desk", "town-hall"});
}

TEST_CASE("quantities have units, and nothing else is one") {
  CHECK(read_seconds("300ms") == Approx(0.3));
  CHECK(read_seconds("2m") == Approx(120));
  CHECK_FALSE(read_seconds("5"));
  CHECK_FALSE(read_seconds("-1s"));
  CHECK_FALSE(read_seconds("infs"));
  CHECK(read_rate("500/s") == Approx(500));
  CHECK(read_rate("2k/s") == Approx(2000));
  CHECK(read_rate("30/m") == Approx(0.5));
  CHECK(read_count("20k") == 20000u);
  CHECK_FALSE(read_count("1.5"));
  CHECK(read_share("5%") == Approx(0.05));
  CHECK_FALSE(read_share("1.01"));
  CHECK(read_bytes("4KiB") == 4096u);
}

TEST_CASE("users are in as many different rooms as they should, by any choice") {
  scenario how;
  how.rooms = 20;
  how.rooms_per_user = GENERATE(1u, 7u, 20u);
  how.choice = GENERATE(room_choice::uniform, room_choice::zipf, room_choice::hot);
  how.zipf_exponent = 3;
  random_source chance{5};
  const room_chooser rooms{how};

  for (int i = 0; i < 50; ++i) {
    const auto in = rooms.choose(chance);
    CHECK(in.size() == how.rooms_per_user);
    CHECK(std::set<std::uint32_t>(in.begin(), in.end()).size() == in.size());
    CHECK(*std::ranges::max_element(in) < how.rooms);
    if (how.choice == room_choice::hot) CHECK(in[0] == 0);
  }
}

TEST_CASE("by Zipf's law the first room has twice the members of the second") {
  scenario how;
  how.rooms = 100;
  how.rooms_per_user = 1;
  how.choice = room_choice::zipf;
  random_source chance{5};
  const room_chooser rooms{how};
  std::vector<double> members(how.rooms);

  for (int i = 0; i < 100'000; ++i) ++members[rooms.choose(chance)[0]];

  CHECK(members[0] / members[1] == Approx(2).epsilon(0.05));
  CHECK(members[0] / members[9] == Approx(10).epsilon(0.15));
}

TEST_CASE(
    "timers come in the order in which they are due, equal ones in the order in which they were "
    "set") {
  timers<int> all;
  all.at(30, 3);
  all.at(10, 1);
  all.at(20, 21);
  all.at(20, 22);

  CHECK(all.next_due() == 10);
  CHECK_FALSE(all.take(9));
  CHECK(all.take(100) == 1);
  CHECK(all.take(100) == 21);
  CHECK(all.take(100) == 22);
  CHECK_FALSE(all.take(29));
  CHECK(all.take(30) == 3);
  CHECK_FALSE(all.next_due());
}
