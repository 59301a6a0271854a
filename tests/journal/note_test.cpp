// What a journal keeps of an order that was made elsewhere.

#include "tests/journal/stores.hpp"

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

TEST_CASE("a note is stored with its parts, with log time and the journal's position", "[journal]") {
  temporary_directory directory;
  std::optional<session> of{open_or_throw(directory.path())};
  CHECK(of->write->note().empty());
  std::vector<operation> first{create(general), post(general, "x")};
  const rooms::mark marker{alice, "general", rooms::mark::kind::read_marker, 5, ""};
  std::vector<operation> later{{rooms::server_room, by(alice), "", rooms::set_marks{{marker}}},
                               {rooms::server_room, by(alice), "", rooms::set_marks{{marker}}}};
  const std::vector<ordered_part> parts{{first, unix_ms{1'000}}, {later, unix_ms{9'000}}};
  std::size_t told = 0;

  const auto done = of->write->commit_parts(parts, [&](std::span<const outcome> outcomes) {
    told = outcomes.size();
    return std::string{"note"};
  });

  REQUIRE(done);
  CHECK(told == 4);
  of.reset();
  of.emplace(open_or_throw(directory.path()));
  CHECK(of->write->note() == "note");
  // The second group changed nothing, and stands in no row; nor does the time of either.
  CHECK(of->write->position() == 3);
  CHECK(time_of(of->commit({post(general, "y")}, 2'000)[0]) == 9'000);
  CHECK(of->write->position() == 4);

  // Written without one since: the note says nothing of what is there now.
  CHECK(of->write->note().empty());
  of.reset();
  of.emplace(open_or_throw(directory.path()));
  CHECK(of->write->note().empty());
}
