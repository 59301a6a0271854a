#include "protocol/wire_size.hpp"

#include "protocol/codec.hpp"
#include "tests/protocol/golden_values.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <string>

using namespace confab;

namespace {

const room_id place = room_id::trusted("general");

/// Of an element of a list, in the codec in which it takes more.
template <class List>
std::size_t encoded(const List& one, const List& none) {
  const auto in = [&](codec format) { return encode(format, one).size() - encode(format, none).size(); };
  return std::max(in(codec::json), in(codec::cbor));
}

std::size_t encoded(const log_entry& entry) {
  return encoded(message::more_events{place, {entry}}, message::more_events{place, {}});
}
std::size_t encoded(const message::present_message& one) {
  return encoded(message::history{{}, place, {}, {one}}, message::history{{}, place, {}, {}});
}

/// No less, and no more than a comma for each list and object.
template <class Event>
void check(const Event& event) {
  const auto size = wire_size(place, event);
  INFO(size);
  CHECK(size >= encoded(event));
  CHECK(size <= encoded(event) + 40);
}

log_entry entry(entry_body body) {
  return {seq_no{1}, unix_ms{1763790000123}, user_id::trusted("alice"), "k1", std::move(body)};
}

}  // namespace

TEST_CASE("of every golden frame, entries and messages take what they are said to take") {
  std::size_t looked_at = 0;
  const auto all = [&](const auto& events) {
    for (const auto& one : events) check(one), ++looked_at;
  };
  for (const auto& [name, value] : golden::messages()) {
    INFO(name);
    if (const auto* live = std::get_if<message::logged>(&value)) check(live->entry), ++looked_at;
    if (const auto* page = std::get_if<message::history>(&value)) all(page->events);
    if (const auto* page = std::get_if<message::more_events>(&value)) all(page->events);
    if (const auto* page = std::get_if<message::threads>(&value)) all(page->events);
  }
  CHECK(looked_at > 20);
}

TEST_CASE("what has to be escaped takes more than its bytes") {
  const auto plain = wire_size(place, entry(posted{{"xxxxxxxx", {}}}));

  CHECK(wire_size(place, entry(posted{{"\"\\\n\t\"\\\n\t", {}}})) == plain + 8);
  check(entry(posted{{"\"\\\n\t", {}}}));
}

TEST_CASE("fractions in data take more in CBOR") {
  std::string numbers = "[0.1";
  for (int i = 0; i < 1'000; ++i) numbers += ",0.1";
  const auto one = entry(posted{{"", free_data{numbers + "]"}}});

  CHECK(encoded(one) > 2 * numbers.size());
  CHECK(wire_size(place, one) >= encoded(one));
}

TEST_CASE("reactions and users take their names, quotes and counts") {
  message::present_message one;
  one.seq = seq_no{1};
  one.from = user_id::trusted("alice");
  for (char emoji = '!'; emoji < '!' + 64; ++emoji)
    one.reactions[std::string(1, emoji)] = {10, std::vector(10, user_id::trusted("u")), true};

  const auto size = wire_size(place, one);
  CHECK(size >= encoded(one));
  CHECK(size <= encoded(one) + 64 * 3 + 40);

  const message::profile user{user_id::trusted("bob"), "\"Bob\"", free_data{R"({"a":0.5})"}};
  CHECK(wire_size(user) >= encoded(message::users{{}, {user}}, message::users{{}, {}}));
}
