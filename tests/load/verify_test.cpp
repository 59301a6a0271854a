#include "load/verify.hpp"
#include "tests/load/toy_server.hpp"
#include "tests/support/catch.hpp"

#include <sstream>

using namespace confab::load;
using namespace confab::load::test;

namespace {

/// Two users in one room, of whom one said three things.
std::string history(const std::string& rest) {
  return "run 7 2\n"
         "C 1 0.0\nJ 2 0.0 general e1 - 0 0\nC 1 1.0\nJ 2 1.0 general e1 - 0 0\n"
         "S 3 0 1 111 general\nA 4 0 1 general 1\n"
         "S 3 0 2 222 general\nA 4 0 2 general 2\n"
         "S 3 0 3 333 general\nA 4 0 3 general 3\n"
         "D 5 0.0 general 1 0 0 1 111\nD 5 0.0 general 2 1 0 2 222\nD 5 0.0 general 3 2 0 3 333\n" +
         rest;
}
const std::string first = "D 6 1.0 general 1 0 0 1 111\n", second = "D 6 1.0 general 2 1 0 2 222\n",
                  third = "D 6 1.0 general 3 2 0 3 333\n",
                  end = "H 9 general 3\nF 9 0.0\nF 9 1.0\n";

verification verified(const std::string& text) {
  std::istringstream in{text};
  auto out = verify_history(in);
  REQUIRE(std::holds_alternative<verification>(out));
  return std::get<verification>(out);
}

}  // namespace

TEST_CASE("a history in which all promises were kept has no findings") {
  const auto found = verified(history(first + second + third + end));

  CHECK(violations(found.checks) == 0);
  CHECK(found.checks.expected == 6);
  CHECK(found.sends == 3);
  CHECK(found.deliveries == 6);
  CHECK(found.findings.empty());
}

TEST_CASE("what a history says against each promise is found, once") {
  const auto only = [](std::uint64_t checks::*what, const std::string& rest) {
    const auto found = verified(history(rest + end));
    CHECK(found.checks.*what == 1);
    CHECK(violations(found.checks) == 1);
    CHECK(found.findings.size() == 1);
  };

  only(&checks::lost, first + third);
  only(&checks::lost, first + second);
  only(&checks::duplicated, first + second + second + third);
  only(&checks::out_of_order, first + "D 6 1.0 general 3 2 0 3 333\n" + second);
  only(&checks::wrong_room, first + second + third + "D 6 1.0 elsewhere 1 0 0 1 111\n");
  // Under one seq two entries.
  only(&checks::out_of_order,
       first + second + third +
           "J 7 1.0 other e - 0 0\nJ 7 0.0 other e - 0 0\n"
           "D 8 0.0 other 1 0 - 0 0\nS 8 0 4 444 other\nD 8 1.0 other 1 0 0 4 444\n");
  // One message under two seqs.
  only(&checks::duplicated,
       first + second + third + "D 8 1.0 general 4 3 0 3 333\nD 8 0.0 general 4 3 0 3 333\n");
  // Shown up to 3, and then there are but 2.
  only(&checks::undurable_seen,
       first + second + third + "X 7 1.0\nC 8 1.0\nJ 8 1.0 general e1 3 2 0\n");
}

TEST_CASE("a resumed connection is owed what came while it was away") {
  const auto away = first + "X 7 1.0\nC 8 1.0\nJ 8 1.0 general e1 1 3 0\n";

  CHECK(verified(history(away + second + third + end)).checks.lost == 0);
  CHECK(verified(history(away + end)).checks.lost == 2);
}

TEST_CASE("a connection that was not up in the end is owed no more than it saw") {
  CHECK(verified(history(first + "H 9 general 3\nF 9 0.0\n")).checks.lost == 0);
}

TEST_CASE("a file that is no history, or is cut off, is refused with its line") {
  const auto refused = [](const std::string& text) {
    std::istringstream in{text};
    const auto out = verify_history(in);
    REQUIRE(std::holds_alternative<std::string>(out));
    return std::get<std::string>(out);
  };

  CHECK(refused("{}\n").starts_with("this is no history"));
  CHECK(refused("run 7 2\nD 5 0.0 general 1\n").starts_with("line 2 is no line of a history"));
  CHECK(refused("run 7 2\nQ 5\n").starts_with("line 2"));
}

TEST_CASE("the history that a crowd writes is accepted, and shows a loss that the crowd saw") {
  const bool is_faulty = GENERATE(false, true);
  std::FILE* file = std::tmpfile();
  REQUIRE(file);
  const int fd = fileno(file);
  REQUIRE(::write(fd, "run 1 3\n", 8) == 8);
  std::uint64_t faults = 0;
  {
    history_log log{fd};
    toy_world world{toy_world::small(3, 2)};
    world.history = &log;
    if (is_faulty)
      world.spoil = [&](std::uint32_t session, std::vector<json>& frames) {
        if (session != 1 || frames[0]["seq"] != 3) return;
        ++faults;
        frames.clear();
      };
    world.run_until(5);
    world.close_all(1006, "connection ended");
    world.run_until(15);
    world.finish();
    CHECK(world.found().lost == faults);
  }
  std::string text;
  std::rewind(file);
  for (int c; (c = std::fgetc(file)) != EOF;) text += static_cast<char>(c);
  std::fclose(file);

  const auto found = verified(text);
  CHECK(found.checks.lost == faults);
  CHECK(violations(found.checks) == faults);
  CHECK(found.resumes == 6);
  CHECK((faults > 0) == is_faulty);
}
