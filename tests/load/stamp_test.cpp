#include "load/stamp.hpp"
#include "load/random.hpp"
#include "tests/support/catch.hpp"

using namespace confab::load;

TEST_CASE("a stamp is read as it was written, whatever the length of the text") {
  const stamp what{stamp_kind::direct, 0xdeadbeef, 0xffffff, 0x123456, 7, 1'234'567'890};
  const auto bytes = GENERATE(46u, 47u, 48u, 100u, 4096u);

  const auto text = write_text(what, bytes);
  const auto read = read_text(text);

  CHECK(text.size() == bytes);
  CHECK(read.state == text_state::intact);
  CHECK(read.stamp == what);
}

TEST_CASE("a text of someone else is not taken for damaged") {
  CHECK(read_text("hello").state == text_state::foreign);
  CHECK(read_text("").state == text_state::foreign);
}

TEST_CASE("any changed, added or missing byte of a text is noticed") {
  const auto text = write_text({stamp_kind::room, 1, 2, 3, 4, 5}, 80);
  for (std::size_t i = 1; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 4);
    CHECK(read_text(changed).state == text_state::damaged);
    CHECK(read_text(text.substr(0, i)).state != text_state::intact);
  }
  CHECK(read_text(text + 'x').state == text_state::damaged);
}

TEST_CASE("the means of the distributions are what was asked for") {
  random_source chance{7};
  constexpr int n = 200'000;
  double exponential = 0, lognormal = 0, uniform = 0;
  for (int i = 0; i < n; ++i) {
    exponential += chance.exponential(3);
    lognormal += chance.lognormal(3);
    uniform += chance.uniform();
  }

  CHECK(exponential / n == Approx(3).epsilon(0.02));
  CHECK(lognormal / n == Approx(3).epsilon(0.03));
  CHECK(uniform / n == Approx(0.5).epsilon(0.01));
}
