// When a hook is asked, what it is asked, and what its answer means: no socket, no clock.

#include "tests/journal/stores.hpp"
#include "webhooks/asked_body.hpp"
#include "webhooks/asking.hpp"

using namespace confab;
using namespace confab::webhooks;
using journal::test::alice;
using journal::test::general;
using journal::test::words;
using namespace std::chrono_literals;

namespace {

const asking::time start{};

void fail_at(asking& of, asking::time at) {
  REQUIRE(of.begin(at) == asking::answer::go);
  of.end(false, at);
}

rooms::message_question about(std::string text) {
  rooms::message_question asked{{general, alice, "Alice", role::member, "s-7f3a", "192.0.2.7"},
                                {},
                                words(std::move(text)),
                                {}};
  asked.what.mentions = {{alice}, true};
  asked.where.thread = seq_no{41};
  return asked;
}
rooms::message_question about_edit() {
  auto asked = about("a");
  asked.edits = seq_no{59};
  asked.where = {};
  return asked;
}
reply said(std::string text, unsigned status = 200) { return {status, "", std::move(text), {}, {}}; }
asked_answer answer_to(question asked, std::string text) {
  return read_answer(said(std::move(text)), asked, {});
}
const rooms::let_through& through(const asked_answer& of) {
  return std::get<rooms::let_through>(of.what.value());
}
const rooms::refused& refused(const asked_answer& of) {
  return std::get<rooms::refused>(of.what.value());
}

}  // namespace

// --- when ---

TEST_CASE("256 questions are under way at once, and not one more") {
  asking of;
  for (std::size_t i = 0; i < asked_at_once_max; ++i) REQUIRE(of.begin(start) == asking::answer::go);
  CHECK(of.begin(start) == asking::answer::full);
  CHECK(of.under_way() == asked_at_once_max);

  of.end(true, start);

  CHECK(of.begin(start) == asking::answer::go);
  CHECK(of.begin(start) == asking::answer::full);
}

TEST_CASE("after twenty failures in a row a hook rests, and one more is enough for the next rest") {
  asking of;
  for (unsigned i = 1; i < ask_failures_in_a_row_max; ++i) fail_at(of, start);
  REQUIRE(of.begin(start) == asking::answer::go);
  CHECK(of.end(false, start) == asking::turn::rests);

  CHECK(of.begin(start) == asking::answer::resting);
  CHECK(of.begin(start + asking_rest - 1ms) == asking::answer::resting);
  const auto later = start + asking_rest;
  REQUIRE(of.begin(later) == asking::answer::go);
  CHECK(of.end(false, later) == asking::turn::none);
  CHECK(of.begin(later) == asking::answer::resting);

  REQUIRE(of.begin(later + asking_rest) == asking::answer::go);
  CHECK(of.end(true, later + asking_rest) == asking::turn::works_again);
  for (unsigned i = 1; i < ask_failures_in_a_row_max; ++i) fail_at(of, later + asking_rest);
  CHECK(of.begin(later + asking_rest) == asking::answer::go);
}

TEST_CASE("an answer between failures makes them no row") {
  asking of;
  for (unsigned round = 0; round < 3; ++round) {
    for (unsigned i = 1; i < ask_failures_in_a_row_max; ++i) fail_at(of, start);
    REQUIRE(of.begin(start) == asking::answer::go);
    CHECK(of.end(true, start) == asking::turn::none);
  }
  CHECK(of.begin(start) == asking::answer::go);
}

// --- what is asked ---

TEST_CASE("a question says who, where and what") {
  const unix_ms at{1'763'790'000'123};
  CHECK(body_of(about("see"), at) ==
        R"({"type":"message.check","timestamp":"2025-11-22T05:40:00.123Z","data":{"room":"general",)"
        R"("from":"alice","role":"member","name":"Alice","session":"s-7f3a","address":"192.0.2.7",)"
        R"("edits":null,"message":{"text":"see","thread":41,"mentions":["alice","@room"]}}})");
  CHECK(body_of(about_edit(), at).find(R"("edits":59,"message":{"text":"a","mentions")") !=
        std::string::npos);
  const rooms::hook_asker who{general, alice, {}, role::member, {}, {}};
  CHECK(body_of(rooms::upload_question{who, "image/png", 48'213, "plan.png"}, at) ==
        R"({"type":"file.upload","timestamp":"2025-11-22T05:40:00.123Z","data":{"room":"general",)"
        R"("from":"alice","role":"member","mime":"image/png","bytes":48213,"name":"plan.png"}})");
  CHECK(body_of(rooms::download_question{{general, alice, {}, role::none, {}, {}}, seq_no{63}, "f/7"},
                at) ==
        R"({"type":"file.download","timestamp":"2025-11-22T05:40:00.123Z","data":{"room":"general",)"
        R"("from":"alice","seq":63,"ref":"f/7"}})");
}

// --- what is answered ---

TEST_CASE("allow lets a message through as it is") {
  const auto got = answer_to(about("a"), R"({"action":"allow"})");
  CHECK(got.result == asked_result::allowed);
  CHECK(through(got).what == about("a").what);
  CHECK(through(got).where == about("a").where);
  CHECK_FALSE(through(got).unchecked);
}

TEST_CASE("modify replaces what it names, and takes away what it names as null") {
  const auto got = answer_to(
      about("a"), R"({"action":"modify","message":{"text":"***","mentions":null,"data":[1],"quiet":true}})");
  CHECK(got.result == asked_result::modified);
  CHECK(through(got).what.text == "***");
  CHECK(through(got).what.mentions.empty());
  CHECK(through(got).what.data == free_data{"[1]"});
  CHECK(through(got).where.quiet);
  CHECK(through(got).where.thread == seq_no{41});
}

TEST_CASE("an edit leaves a message where it stands, whatever the hook says") {
  const auto got = answer_to(
      about_edit(), R"({"action":"modify","message":{"text":"b","thread":7,"quiet":true}})");
  CHECK(through(got).what.text == "b");
  CHECK(through(got).where == placement{});
}

TEST_CASE("what a hook makes of a message is checked as if its author had sent it") {
  const auto got = [](const std::string& message) {
    return answer_to(about("a"), R"({"action":"modify","message":)" + message + "}");
  };
  CHECK(got(R"({"text":")" + std::string(4096, 'x') + "\"}").result == asked_result::modified);
  const auto longer = got(R"({"text":")" + std::string(4097, 'x') + "\"}");
  CHECK(longer.result == asked_result::wrong);
  CHECK(refused(longer).code == error_code::too_long);
  CHECK(refused(got(R"({"text":""})")).code == error_code::bad_request);
  CHECK(refused(got(R"({"text":"a\u0007"})")).code == error_code::bad_request);
  CHECK(refused(got(R"({"mentions":"bob"})")).code == error_code::bad_request);
  CHECK(refused(got(R"({"attachments":[{"url":"http://a.example/"}]})")).code ==
        error_code::bad_request);
}

TEST_CASE("reject has a reason for the user and data for the application") {
  const auto got = answer_to(about("a"), R"({"action":"reject","reason":"No.","data":{"rule":7}})");
  CHECK(got.result == asked_result::rejected);
  CHECK(refused(got).code == error_code::rejected);
  CHECK(refused(got).reason == "No.");
  CHECK(refused(got).data == free_data{R"({"rule":7})"});
  // Whatever is wrong with these, no is no.
  for (const auto* odd : {R"({"action":"reject","reason":7})", R"({"action":"reject","reason":"\u0007"})",
                          R"({"action":"reject"})"}) {
    INFO(odd);
    CHECK(refused(answer_to(about("a"), odd)).code == error_code::rejected);
    CHECK(refused(answer_to(about("a"), odd)).reason.empty());
  }
  const auto wordy =
      answer_to(about("a"), R"({"action":"reject","reason":")" + std::string(300, 'x') +
                                R"(","data":")" + std::string(11'000, 'x') + "\"}");
  CHECK(refused(wordy).reason.size() == 256);
  CHECK_FALSE(refused(wordy).data);
}

TEST_CASE("only 200 with an action is an answer") {
  question asked = about("a");
  for (const auto status : {0U, 201U, 204U, 301U, 400U, 500U}) {
    INFO(status);
    const auto got = read_answer(said(R"({"action":"allow"})", status), asked, {});
    CHECK(got.result == asked_result::failed);
    CHECK_FALSE(got.what);
  }
  for (const auto* odd :
       {"", "allow", "[]", "null", "{", "{}", R"({"action":"Allow"})", R"({"action":true})",
        R"({"action":"modify"})", R"({"action":"modify","message":"a"})", R"({"allow":true})"}) {
    INFO(odd);
    CHECK(answer_to(about("a"), odd).result == asked_result::failed);
  }
}

TEST_CASE("a place for a file has an address, and an upload what to do there") {
  const rooms::upload_question upload{{general, alice, {}, role::member, {}, {}}, "a/b", 1, ""};
  const rooms::download_question download{{general, alice, {}, role::none, {}, {}}, seq_no{1}, "f"};
  const auto got = answer_to(
      upload,
      R"({"ref":"f/7","method":"POST","url":"https://s.example/","headers":{"a":"b"},"expires_at":9})");
  CHECK(got.result == asked_result::placed);
  const auto& place = std::get<rooms::file_place>(got.what.value());
  CHECK(place.ref == "f/7");
  CHECK(place.method == "POST");
  CHECK(place.url == "https://s.example/");
  CHECK(place.headers == free_data{R"({"a":"b"})"});
  CHECK(place.expires_at == unix_ms{9});

  const auto least = answer_to(upload, R"({"ref":"f","url":"http://s/","expires_at":9})");
  CHECK(std::get<rooms::file_place>(least.what.value()).method == "PUT");
  CHECK(std::get<rooms::file_place>(least.what.value()).headers == free_data{"{}"});
  CHECK(answer_to(download, R"({"url":"https://s/","expires_at":9})").result ==
        asked_result::placed);
  CHECK(refused(answer_to(download, R"({"action":"reject"})")).code == error_code::rejected);

  const auto of_length = [&](std::size_t bytes) {
    return answer_to(download, R"({"expires_at":9,"url":"https://)" + std::string(bytes - 8, 'x') + "\"}");
  };
  CHECK(of_length(file_url_bytes_max).result == asked_result::placed);
  CHECK(of_length(file_url_bytes_max + 1).result == asked_result::failed);
  for (const auto* odd : {R"({"url":"https://s/","expires_at":9})", R"({"ref":"f","expires_at":9})",
                          R"({"ref":"f","url":"https://s/"})",
                          R"({"ref":"f","url":"javascript:x","expires_at":9})",
                          R"({"ref":"f","url":"https://s/","expires_at":9,"headers":[]})"}) {
    INFO(odd);
    CHECK(answer_to(upload, odd).result == asked_result::failed);
  }
}
