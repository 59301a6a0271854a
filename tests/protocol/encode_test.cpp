#include "protocol/codec.hpp"
#include "tests/protocol/golden_values.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace confab;
using nlohmann::ordered_json;

namespace {

/// The writers work by hand; this is the same by nlohmann's tree.
void check_like_the_tree(const message::any& what) {
  const auto text = encode(codec::json, what);
  const auto tree = ordered_json::parse(text);
  std::string cbor;
  ordered_json::to_cbor(tree, cbor);

  CHECK((tree.dump() == text));
  CHECK((encode(codec::cbor, what) == cbor));
}

message::logged logged(content what) {
  return {golden::room("general"),
          {seq_no{1}, unix_ms{1}, golden::user("alice"), "k", posted{std::move(what)}}};
}

}  // namespace

TEST_CASE("every character is written as a JSON library writes it") {
  std::string text;
  for (char c = 0; c < 0x7f; ++c) text += c;
  text += "\x7f\u0080\u009f\u00a0\u00fc\u2028\u2029\ufeff\uffff\U0001F44D\U0010FFFF";

  check_like_the_tree(logged({text, {}}));
  check_like_the_tree(message::error{{}, error_code::internal, text, {}, {}});
  CHECK(ordered_json::parse(encode(codec::json, logged({text, {}})))["text"] == text);
}

TEST_CASE("texts of every length are written") {
  for (std::size_t size : {1, 23, 24, 255, 256, 4096, 65535, 65536, 70'000})
    check_like_the_tree(logged({std::string(size, '"'), {}}));
}

TEST_CASE("what needs an escape gets it wherever in a text it stands") {
  for (const char c : {'"', '\\', '\n', '\x01', '\x1f'})
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'x');
      text[at] = c;
      check_like_the_tree(logged({text, {}}));
    }
}

TEST_CASE("integers of every size are written") {
  for (int bits = 0; bits < 63; ++bits)
    for (int offset : {-1, 0, 1}) {
      const auto value = (std::int64_t{1} << bits) + offset;
      const auto seq = seq_no{static_cast<std::uint64_t>(value)};
      check_like_the_tree(message::sent{ref_no{seq.value()},
                                        {golden::room("a"), seq, unix_ms{-value}, "disk", false}});
    }
}

TEST_CASE("free data is written as it is, in CBOR too") {
  for (const auto* data :
       {"{}", R"({"a":[1,-1,1.5,0.1,1e+300,true,false,null,"x",{"b":[]}]})",
        R"({"a":18446744073709551615,"b":-9223372036854775808,"c":1.8446744073709552e+19})",
        R"({"z":1,"a":2,"text":"\"\\\n\u0001"})"}) {
    const auto text = encode(codec::json, logged({"", free_data{data}}));
    CHECK(text.find(R"("data":)" + std::string{data} + "}") != std::string::npos);
    check_like_the_tree(logged({"", free_data{data}}));
  }
}

TEST_CASE("lists and maps of more than 23 are written") {
  message::present_message reacted_to;
  reacted_to.what.text = "hi";
  message::joined joined;
  joined.room = golden::room("general");
  joined.role = "member";
  for (int i = 0; i < 300; ++i) {
    const auto user = golden::user("u" + std::to_string(i));
    joined.members.push_back({user, "User \"" + std::to_string(i) + "\""});
    reacted_to.reactions["emoji \\ " + std::to_string(i)] = {2, {user, user}, false};
    reacted_to.reactions["+1"].users.push_back(user);
  }
  joined.events = std::vector<message::present_message>(300, reacted_to);

  check_like_the_tree(joined);
}

TEST_CASE("an object with all its members is written") {
  message::present_message message;
  message.where = {seq_no{1}, seq_no{2}, true, "poll.opened"};
  message.what = {
      "hi", free_data{"{}"}, attachment_list{R"([{"ref":"f/1"}])"}, {{golden::user("bob")}, true}};
  message.key = "k";
  message.edited_at = message.last_reply_at = unix_ms{3};
  message.edited_by = message.deleted_by = golden::user("bob");
  message.deleted = true;
  message.deleted_reason = "spam";
  message.replies = 1;
  message.last_reply = seq_no{3};
  message.reactions["+1"].count = 1;
  message::joined joined;
  joined.ref = ref_no{1};
  joined.oldest = seq_no{1};
  joined.member = joined.more = true;
  joined.settings = golden::every_setting();
  joined.count = 1;
  joined.pins = {seq_no{1}};
  joined.users = {{golden::user("bob"), "Bob"}};
  joined.events = std::vector{message};

  check_like_the_tree(joined);
}

TEST_CASE("a message that is taken away keeps its place and names nobody") {
  const auto text =
      encode(codec::json, golden::messages().at("server_message_in_thread_taken_away"));

  CHECK(text.find("mentions") == std::string::npos);
  CHECK(text.find(R"("thread":41,"deleted":true)") != std::string::npos);
}

TEST_CASE("every error is written with the name and the retry of its row") {
  for (const auto& row : error_rows) {
    const auto tree =
        ordered_json::parse(encode(codec::json, message::error{{}, row.code, "why", {}, {}}));

    CHECK(tree["code"] == std::string{row.name});
    CHECK(tree["retry"] == row.retry);
  }
}

TEST_CASE("an event in a list is the live event") {
  const log_entry entry{seq_no{3}, unix_ms{9}, golden::user("alice"), "k",
                        edited{seq_no{2}, {"new", free_data{"{}"}}}};
  const auto room = golden::room("general");
  const auto live = ordered_json::parse(encode(codec::json, message::logged{room, entry}));

  const auto events =
      ordered_json::parse(encode(codec::json, message::more_events{room, {entry}, false}));
  message::joined joined;
  joined.room = room;
  joined.events = std::vector<log_entry>{entry};
  const auto caught_up = ordered_json::parse(encode(codec::json, joined));

  CHECK(events["events"] == ordered_json::array({live}));
  CHECK(caught_up["events"] == ordered_json::array({live}));
}

TEST_CASE("a message nobody changed looks the same in its present form as live") {
  const auto room = golden::room("general");
  const log_entry entry{seq_no{3}, unix_ms{9}, golden::user("alice"), "k",
                        posted{{"hi", free_data{R"({"a":1})"}}}};
  const message::present_message present{
      entry.seq, entry.at, entry.from, entry.key, {"hi", free_data{R"({"a":1})"}},
      {},        {},       false,      {},        {}};

  const auto list = encode(codec::json, message::history{{}, room, {}, {present}, false});

  CHECK(list.find(encode(codec::json, message::logged{room, entry})) != std::string::npos);
}

TEST_CASE("the reason of a restart says when to come back") {
  CHECK(reconnect_reason(std::chrono::milliseconds{1234}) == R"({"reconnect_after_ms":1234})");
  CHECK(reconnect_reason(std::chrono::milliseconds{0}) == R"({"reconnect_after_ms":0})");
}
