// Format 1 of the shared log's messages: one form for one value, bounds on every length, and a
// recorded log that has to come to the same chain for ever.

#include "cluster/applier.hpp"
#include "cluster/bytes.hpp"
#include "cluster/packing.hpp"
#include "protocol/limits.hpp"
#include "tests/journal/mixed.hpp"
#include "tests/support/source_dir.hpp"

#include <fstream>
#include <sstream>

using namespace confab;
using namespace confab::cluster;
using namespace confab::journal::test;

namespace {

const std::string record = confab::test::source_dir() + "/tests/cluster/recorded.txt";

frame frame_of(frame_content content, std::uint64_t session = 0, std::uint64_t number = 0) {
  return {"n1", session, number, 7, 8, std::move(content)};
}
std::string bytes_of(frame_content content, std::uint64_t session = 0, std::uint64_t number = 0) {
  return encode({frame_of(std::move(content), session, number)}).value();
}
std::optional<unreadable> fault_of(std::string_view bytes) {
  const auto said = decode(bytes);
  const auto* why = std::get_if<unreadable>(&said);
  return why ? std::optional{*why} : std::nullopt;
}
bool fits(const operation& asked) {
  byte_writer to;
  return pack(to, asked);
}
std::string packed(const operation& asked) {
  byte_writer to;
  REQUIRE(pack(to, asked));
  return std::move(to).take();
}
/// Whole, but with other bytes at `at`.
std::string resealed(std::string bytes, std::size_t at, std::string_view with) {
  bytes.replace(at, with.size(), with);
  byte_writer crc;
  crc.fixed(
      crc32c(std::string_view{bytes}.substr(12), crc32c(std::string_view{bytes}.substr(0, 8))), 4);
  bytes.replace(8, 4, crc.view());
  return bytes;
}

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    out += digits[static_cast<unsigned char>(byte) >> 4];
    out += digits[static_cast<unsigned char>(byte) & 15];
  }
  return out;
}
std::string bytes_of_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

/// Of each kind of message some, and what counts for nothing.
std::vector<log_message> any_log() {
  std::mt19937_64 dice{11};
  std::vector<log_message> log;
  std::int64_t clock = 1'800'000'000'000;
  const auto add = [&](std::string bytes) {
    clock += static_cast<std::int64_t>(dice() % 2'000);
    log.push_back(
        {log.size() + 1, unix_ms{clock - (dice() % 9 == 0 ? 90'000 : 0)}, std::move(bytes)});
  };
  genesis founding;
  founding.log = {3, 4};
  founding.window = {std::chrono::milliseconds{100'000}, 60, 200};
  add("nothing of ours");
  add(bytes_of(founding));
  add(bytes_of(begin_session{1, 0, newest_format, "https://n1.example"}));
  for (std::uint64_t number = 1; number <= 40; ++number) {
    batch what;
    for (auto count = 1 + dice() % 6; count > 0; --count)
      what.operations.push_back(any_operation(dice));
    if (number == 20) {
      what.operations.push_back(
          {rooms::server_room, by(alice), "",
           rooms::set_marks{{{alice, "general", rooms::mark::kind::read_marker, -5, "x"}}}});
      what.operations.push_back({rooms::server_room, rooms::server_principal(), "",
                                 rooms::record_event{"user.created", free_data{"{}"}}});
      what.operations.push_back(create_direct(alice, bob));
    }
    add(bytes_of(what, 3, number));
    if (number % 10 == 0) add(log.back().bytes);  // once more, for nothing
  }
  add(bytes_of(barrier{9}));
  add(bytes_of(leave_roster{}, 3));
  return log;
}

}  // namespace

TEST_CASE("CRC-32C is as in RFC 3720") {
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(crc32c("6789", crc32c("12345")) == crc32c("123456789"));
  CHECK(crc32c("123456789") == 0xe3069283);
}

TEST_CASE("an operation has one form, and is read as it was written") {
  std::mt19937_64 dice{1};
  for (int i = 0; i < 2'000; ++i) {
    auto asked = any_operation(dice);
    auto* post = std::get_if<rooms::post_message>(&asked.what);
    if (post && dice() % 2 == 0) post->after = "k";
    const auto bytes = packed(asked);

    byte_reader from{bytes};
    const auto found = unpack_operation(from);

    REQUIRE(found);
    REQUIRE(from.at_end());
    REQUIRE(packed(*found) == bytes);
  }
}

TEST_CASE("an operation travels with what a hook said of it") {
  for (const auto said : {rooms::checked::enough, rooms::checked::not_yet, rooms::checked::in_vain}) {
    auto asked = post(general, "text", "key");
    asked.by_hook = said;
    const auto bytes = packed(asked);
    byte_reader from{bytes};
    const auto found = unpack_operation(from);
    REQUIRE(found);
    CHECK(found->by_hook == said);
  }
}

TEST_CASE("what is cut off or changed is no message") {
  batch what;
  what.operations = {post(general, "text", "key"), erase(general, {1, 2, 3})};
  const auto whole = bytes_of(what, 1, 2);
  REQUIRE_FALSE(fault_of(whole));

  for (std::size_t size = 0; size < whole.size(); ++size) CHECK(fault_of(whole.substr(0, size)));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto other = whole;
    other[at] = static_cast<char>(other[at] ^ 0x40);
    CHECK(fault_of(other));
  }
  CHECK(fault_of(whole + "x"));
  CHECK(fault_of("") == unreadable::foreign);
  CHECK(fault_of(resealed(whole, 4, "\x02")) == unreadable::newer);
  CHECK(fault_of(resealed(whole, 5, "\x09")) == unreadable::malformed);
  CHECK(fault_of(resealed(whole, 6, "\x01")) == unreadable::malformed);
}

TEST_CASE("whatever is within a whole message, it is read or refused, and means one thing") {
  std::mt19937_64 dice{5};
  batch what;
  for (int i = 0; i < 5; ++i) what.operations.push_back(any_operation(dice));
  const auto whole = bytes_of(what, 1, 2);
  std::size_t read = 0;
  for (int i = 0; i < 20'000; ++i) {
    const char byte = static_cast<char>(dice());
    const auto bytes = resealed(whole, 12 + dice() % (whole.size() - 12), {&byte, 1});
    const auto said = decode(bytes);
    const auto* frames = std::get_if<std::vector<frame>>(&said);
    if (!frames) continue;
    ++read;
    REQUIRE(encode(*frames) == bytes);
  }
  CHECK(read > 1'000);
}

TEST_CASE("each length of an operation may be its bound, and not one more") {
  const auto text = [](std::size_t bytes) { return std::string(bytes, 'x'); };
  const auto users = [](std::size_t count) { return std::vector<user_id>(count, alice); };
  auto said = post(general, "x");
  auto& what = std::get<rooms::post_message>(said.what).what;

  CHECK(fits(post(room(text(64)), "x")));
  CHECK_FALSE(fits(post(room(text(65)), "x")));
  CHECK(fits(post(general, "x", text(limits::key_bytes_max))));
  CHECK_FALSE(fits(post(general, "x", text(limits::key_bytes_max + 1))));
  auto behind = post(general, "x", "k");
  auto& after = std::get<rooms::post_message>(behind.what).after;
  after = text(limits::key_bytes_max);
  CHECK(fits(behind));
  after += "x";
  CHECK_FALSE(fits(behind));
  CHECK(fits(post(general, "x", "", user(text(128)))));
  CHECK_FALSE(fits(post(general, "x", "", user(text(129)))));
  what.data = free_data{text(limits::data_bytes_max)};
  what.mentions.users = users(limits::mentions_max);
  CHECK(fits(said));
  what.mentions.users.push_back(bob);
  CHECK_FALSE(fits(said));
  what.mentions = {};
  what.data = free_data{text(limits::data_bytes_max + 1)};
  CHECK_FALSE(fits(said));
  CHECK(fits(erase(general, std::vector<std::uint64_t>(limits::delete_targets_max, 1))));
  CHECK_FALSE(fits(erase(general, std::vector<std::uint64_t>(limits::delete_targets_max + 1, 1))));
  member_set change;
  change.users = users(limits::member_users_max);
  CHECK(fits(change_members(general, change)));
  change.users.push_back(bob);
  CHECK_FALSE(fits(change_members(general, change)));
  rooms::set_marks group;
  group.marks.resize(marks_max, {alice, "general", rooms::mark::kind::block, 1, ""});
  CHECK(fits({general, by(alice), "", group}));
  group.marks.push_back(group.marks.back());
  CHECK_FALSE(fits({general, by(alice), "", group}));
}

TEST_CASE("a message is bounded in bytes, and a batch by the entries that it may become") {
  const auto of_bytes = [](std::size_t size) {
    batch what;
    what.operations = {post(general, std::string(size, 'x'))};
    return encode({frame_of(what, 1, 1)});
  };
  const auto empty = of_bytes(0)->size();
  const auto most = message_bytes_max - empty - 2;  // its length has two digits more
  REQUIRE(of_bytes(most));
  CHECK(of_bytes(most)->size() == message_bytes_max);
  CHECK_FALSE(fault_of(*of_bytes(most)));
  CHECK_FALSE(of_bytes(most + 1));

  batch what;
  what.operations.assign(operations_max / 4, erase(general, {1, 2, 3, 4}));
  CHECK_FALSE(fault_of(bytes_of(what, 1, 1)));
  what.operations.push_back(react(general, 1, "+"));
  CHECK(fault_of(bytes_of(what, 1, 1)) == unreadable::malformed);
}

TEST_CASE("the state is read from the note as it was written") {
  applied_state state;
  CHECK(applied_state::from_note(state.to_note()) == state);
  state.position = 5, state.chain = 6;
  state.founded = genesis{{1, 2}, {}, {}, 9};
  state.sessions = {{"n1", {2, 3, 1}}, {"n2", {4, 0, 1}}};
  CHECK(applied_state::from_note(state.to_note()) == state);
  state.founded.reset();
  state.proposed = log_id{7, 8};
  CHECK(applied_state::from_note(state.to_note()) == state);

  CHECK_FALSE(applied_state::from_note(""));
  CHECK_FALSE(applied_state::from_note(state.to_note() + "x"));
}

// What was recorded once is what a newer program has to come to as well: formats and what they mean
// are frozen. Where the rules of rooms change on purpose, so does the chain:
// `CONFAB_RECORD=1 build/test/tests/cluster_tests "[recorded]"` writes the record anew.
TEST_CASE("a recorded log comes to the same chain as then, in both stores", "[recorded]") {
  const rooms::key_window window{std::chrono::milliseconds{100'000}, 60, 200};
  genesis options;
  options.window = window;
  const auto chains_in = [&](session& of, const std::vector<log_message>& log) {
    applier applying{*of.write, options};
    std::vector<std::uint64_t> chains;
    for (const auto& message : log) {
      const auto done = applying.apply({&message, 1});
      REQUIRE(std::holds_alternative<std::vector<applied_message>>(done));
      chains.push_back(applying.state().chain);
    }
    return chains;
  };
  if (std::getenv("CONFAB_RECORD")) {
    const auto log = any_log();
    memory_store memory{window};
    const auto chains = chains_in(memory.of, log);
    std::ofstream out{record};
    for (std::size_t i = 0; i < log.size(); ++i)
      out << log[i].stamp.value() << ' ' << chains[i] << ' ' << hex_of(log[i].bytes) << '\n';
  }
  std::ifstream in{record};
  std::vector<log_message> log;
  std::vector<std::uint64_t> expected;
  std::string hex;
  std::uint64_t chain = 0;
  for (std::int64_t stamp = 0; in >> stamp >> chain >> hex;) {
    log.push_back({log.size() + 1, unix_ms{stamp}, bytes_of_hex(hex)});
    expected.push_back(chain);
  }
  REQUIRE(log.size() > 40);
  for (const auto& message : log) {
    const auto said = decode(message.bytes);
    if (const auto* frames = std::get_if<std::vector<frame>>(&said))
      CHECK(encode(*frames) == message.bytes);
  }

  memory_store memory{window};
  CHECK(chains_in(memory.of, log) == expected);
  sqlite_store disk{window};
  CHECK(chains_in(disk.of, log) == expected);
  memory_store at_once{window};
  applier applying{*at_once.of.write, options};
  REQUIRE(std::holds_alternative<std::vector<applied_message>>(applying.apply(log)));
  CHECK(applying.state().chain == expected.back());
}
