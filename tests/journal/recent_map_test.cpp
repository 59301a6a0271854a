// What the writer remembers of rooms and users is bounded by number and by bytes.

#include "journal/recent_map.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace confab::journal;

namespace {

std::size_t bytes_of(const std::string& text) { return text.size(); }
using texts = recent_map<int, std::string, bytes_of>;

}  // namespace

TEST_CASE("of what was lately used so many are kept, the latest among them") {
  texts kept{10, 1'000'000};
  for (int i = 0; i < 100; ++i) {
    kept.put(i, "x");
    REQUIRE(kept.size() <= 10);
  }

  CHECK(kept.find(99));
  CHECK_FALSE(kept.find(0));
  CHECK(kept.size() >= 5);
}

TEST_CASE("of what was lately used so many bytes are kept, also where values grow afterwards") {
  const bool grows = GENERATE(false, true);
  texts kept{1'000, 100};
  for (int i = 0; i < 100; ++i) {
    auto* value = kept.put(i, grows ? "" : std::string(10, 'x'));
    if (grows) value->assign(10, 'x');
    REQUIRE(kept.size() <= 10);
  }

  CHECK(kept.find(99));
  CHECK(*kept.find(99) == "xxxxxxxxxx");
  CHECK_FALSE(kept.find(0));
}

TEST_CASE("what is used again stays, and what shrinks makes room") {
  texts kept{1'000, 100};
  for (int i = 0; i < 100; ++i) {
    kept.put(i, std::string(10, 'x'));
    kept.put(-1, "mine");
  }
  CHECK(kept.find(-1));
  kept.clear();
  CHECK(kept.size() == 0);

  for (int i = 0; i < 50; ++i) kept.put(i, std::string(10, 'x'))->clear();
  CHECK(kept.size() == 50);
}
