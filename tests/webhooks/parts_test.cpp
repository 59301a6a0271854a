// What is pure: which entry is which event, what is sent, how it is signed, and when again.

#include "tests/journal/stores.hpp"
#include "webhooks/body.hpp"
#include "webhooks/retrying.hpp"
#include "webhooks/signing.hpp"

#include <set>

using namespace confab;
using namespace confab::webhooks;
using journal::feed_item;
using journal::test::alice;
using journal::test::bob;
using journal::test::general;
using journal::test::room;
using journal::test::words;
using namespace std::chrono_literals;

namespace {

feed_item item(entry_body body, const room_id& in = general) {
  return {1'029'381, in, {seq_no{63}, unix_ms{1'763'790'000'123}, alice, "k1", std::move(body)}};
}
std::string event_named(entry_body body, const room_id& in = general) {
  const auto kind = event_of(item(std::move(body), in));
  return kind ? std::string{name(*kind)} : "";
}
member_set change(std::optional<member_state> state) {
  member_set out;
  out.users = {bob};
  out.state = state;
  return out;
}
bool fits_rooms(std::vector<std::string> patterns, const room_id& room) {
  return room_choice{std::move(patterns)}.has(room);
}
std::vector<std::string> named(std::string_view pattern) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kinds_asked_for; ++i)
    if (events_named(pattern) & set_of(static_cast<event_kind>(i)))
      out.emplace_back(name(static_cast<event_kind>(i)));
  return out;
}

}  // namespace

TEST_CASE("every entry is one event or none") {
  CHECK(event_named(posted{words("a")}) == "message.created");
  CHECK(event_named(edited{seq_no{1}, words("a")}) == "message.edited");
  CHECK(event_named(deleted{seq_no{1}}) == "message.deleted");
  CHECK(event_named(reacted{seq_no{1}, "x", true}) == "reaction.added");
  CHECK(event_named(reacted{seq_no{1}, "x", false}) == "reaction.removed");
  CHECK(event_named(pinned{seq_no{1}, true}) == "pin.added");
  CHECK(event_named(pinned{seq_no{1}, false}) == "pin.removed");
  CHECK(event_named(change(member_state::invited)) == "member.invited");
  CHECK(event_named(change(member_state::member)) == "member.joined");
  CHECK(event_named(change(member_state::left)) == "member.left");
  CHECK(event_named(change(member_state::removed)) == "member.removed");
  CHECK(event_named(change(member_state::banned)) == "member.banned");
  CHECK(event_named(change(member_state::unbanned)) == "member.unbanned");
  CHECK(event_named(change({})) == "member.changed");
  CHECK(event_named(room_set{}) == "room.changed");
  CHECK(event_named(trimmed{seq_no{1}}) == "room.trimmed");
  CHECK(event_named(erased{bob, bob}) == "user.erased");
  CHECK(event_named(user_set{bob, "Bob", {}, false}, rooms::server_room) == "user.changed");
  CHECK(event_named(user_set{bob, "Bob", {}, true}, rooms::server_room) == "");
  CHECK(event_named(recorded{"report.created", free_data{"{}"}}, rooms::server_room) ==
        "message.reported");
  user_set fresh{bob, "Bob", {}, false};
  fresh.first = true;
  CHECK(event_named(fresh, rooms::server_room) == "user.created");
  CHECK(event_named(recorded{"room.created", free_data{"{}"}}, rooms::server_room) == "room.created");
  CHECK(event_named(recorded{"room.deleted", free_data{"{}"}}, rooms::server_room) == "room.deleted");
  CHECK(event_named(posted{}, room_id::trusted("@gone:5")) == "");
  CHECK(event_named(recorded{"user.deactivated", free_data{"{}"}}, rooms::server_room) ==
        "user.deactivated");
  CHECK(event_named(recorded{"user.reactivated", free_data{"{}"}}, rooms::server_room) ==
        "user.changed");
  CHECK(event_named(recorded{"other", free_data{"{}"}}, rooms::server_room) == "");
}

TEST_CASE("a pattern is an event, or the beginning of some; what comes unasked has none") {
  CHECK(named("pin.*") == std::vector<std::string>{"pin.added", "pin.removed"});
  CHECK(named("member.banned") == std::vector<std::string>{"member.banned"});
  CHECK(named("*").size() == kinds_asked_for - 5);
  CHECK(named("notify*") == std::vector<std::string>{"notify", "notify.cleared"});
  CHECK(named("presence.*").size() == 3);
  CHECK(named("webhook.*").empty());
  CHECK(named("message").empty());
}

TEST_CASE("rooms are narrowed by patterns, and direct ones are told of only where they are named") {
  const auto direct = direct_room_of(alice, bob);

  CHECK(fits_rooms({}, general));
  CHECK(fits_rooms({"gen*"}, general));
  CHECK(fits_rooms({"x", "general"}, general));
  CHECK_FALSE(fits_rooms({"gene"}, general));
  CHECK_FALSE(fits_rooms({}, direct));
  CHECK_FALSE(fits_rooms({"*"}, direct));
  CHECK_FALSE(fits_rooms({"d*"}, direct));
  CHECK(fits_rooms({"dm:*"}, direct));
  const auto report = [](const char* data) {
    return item(recorded{"report.created", free_data{data}}, rooms::server_room);
  };
  CHECK(room_of(report(R"({"room":"general"})")) == general);
  CHECK(room_of(report("[]")) == std::nullopt);
  CHECK(room_of(item(user_set{bob, "Bob", {}, false}, rooms::server_room)) == std::nullopt);
  CHECK(room_of(item(posted{})) == general);
}

TEST_CASE("a room stays in its partition, and rooms are spread over all of them") {
  CHECK(partition_of(general) == 13);
  CHECK(partition_of(room("team-1")) == 7);
  std::set<unsigned> used;
  for (int i = 0; i < 200; ++i) used.insert(partition_of(room("room-" + std::to_string(i))));
  CHECK(used.size() == partitions);
}

TEST_CASE("what is sent is what the norm shows") {
  const auto one = item(posted{words("see @bob")});
  const told event{event_kind::message_created, &one};
  const std::string text =
      R"({"type":"message.created","timestamp":"2025-11-22T05:40:00.123Z","data":{"pos":1029381,)"
      R"("room":"general","entry":{"type":"message","room":"general","seq":63,"at":1763790000123,)"
      R"("from":"alice","key":"k1","text":"see @bob"}}})";

  CHECK(event_body(event, false) == text);
  CHECK(event_body(event, true) ==
        R"({"type":"message.created","timestamp":"2025-11-22T05:40:00.123Z",)"
        R"("data":{"pos":1029381,"room":"general","seq":63}})");
  CHECK(batch_body("audit", std::array{event}, false) ==
        R"({"type":"batch","timestamp":"2025-11-22T05:40:00.123Z","data":{"events":[)"
        R"({"id":"audit.message.created.1029381.0",)" +
            text.substr(1) + "]}}");
  CHECK(
      gap_body(4, 9, unix_ms{1}) ==
      R"({"type":"webhook.gap","timestamp":"1970-01-01T00:00:00.001Z","data":{"from_pos":4,"to_pos":9}})");
  CHECK(id_of("audit", event_kind::message_created, 7) == "audit.message.created.7.0");
  CHECK(batch_id("audit", 7, 9) == "audit.batch.7.9");
}

TEST_CASE("two logs have the same entries up to where one of them went another way") {
  const auto shared = [](const char* a, const char* b) {
    const auto upto = log_names::parse(a).shared_with(log_names::parse(b));
    CHECK(upto == log_names::parse(b).shared_with(log_names::parse(a)));
    return upto;
  };

  CHECK(shared("one", "one 80:b") == 80);
  CHECK(shared("one 80:b", "one 90:c") == 80);
  CHECK(shared("one 80:b", "one 80:c") == 80);
  CHECK(shared("one 80:b 95:d", "one 80:b") == 95);
  CHECK(shared("one", "two") == std::nullopt);
  CHECK(shared("one 80:b", "two 80:b") == std::nullopt);
  const auto names = log_names::parse("one 80:b 95:d");
  CHECK(names.text() == "one 80:b 95:d");
  CHECK(names.latest() == "d");
  CHECK(names.at(80).empty());
  CHECK(names.at(81) == "b");
  CHECK(names.at(95) == "b");
  CHECK(names.at(96) == "d");
  CHECK(log_names::parse("one").latest() == "one");
}

TEST_CASE("what was deleted meanwhile is not sent") {
  const auto one = item(posted{});

  CHECK(event_body({event_kind::message_created, &one}, false).find(R"("deleted":true)") !=
        std::string::npos);
  CHECK(is_emptied(one.entry));
  CHECK(is_emptied(item(edited{seq_no{1}, {}}).entry));
  CHECK(is_emptied(item(reacted{seq_no{1}, "", true}).entry));
  CHECK_FALSE(is_emptied(item(posted{words("a")}).entry));
  CHECK_FALSE(is_emptied(item(deleted{seq_no{1}}).entry));
}

TEST_CASE("signatures are those of Standard Webhooks") {
  // From its reference implementations (github.com/standard-webhooks/standard-webhooks).
  CHECK(signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                  1'614'265'330,
                  R"({"test": 2432232314})") == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  CHECK(secret_of({}) == "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
}

TEST_CASE("what becomes of a delivery is told by the answer") {
  const auto judged = [](unsigned status) {
    trial so_far;
    return judge(so_far, {status});
  };
  for (const auto status : {200U, 204U, 299U}) CHECK(judged(status) == verdict::delivered);
  CHECK(judged(410) == verdict::gone);
  for (const auto status : {0U, 100U, 301U, 302U, 404U, 408U, 425U, 429U, 500U, 503U})
    CHECK(judged(status) == verdict::again);
}

TEST_CASE("the sixth refusal is the last, and what may pass does not count") {
  trial so_far;
  for (const auto status : {404U, 500U, 403U, 429U, 400U, 408U, 0U, 422U, 302U, 404U})
    CHECK(judge(so_far, {status}) == verdict::again);

  CHECK(judge(so_far, {400}) == verdict::dead);
  CHECK(so_far.attempts == 11);
}

TEST_CASE("waits grow to an hour, spread by a fifth, and the receiver may ask for more") {
  const auto least = [](unsigned attempts) { return wait_after(attempts, {}, 1s, 0); };
  const auto most = [](unsigned attempts) { return wait_after(attempts, {}, 1s, 400); };

  CHECK(least(1) == 800ms);
  CHECK(most(1) == 1200ms);
  CHECK(least(2) == 4s);
  CHECK(most(3) == 36s);
  CHECK(wait_after(4, {}, 1s, 200) == 2min);
  CHECK(wait_after(5, {}, 1s, 200) == 10min);
  CHECK(wait_after(6, {}, 1s, 200) == 30min);
  CHECK(wait_after(7, {}, 1s, 200) == 1h);
  CHECK(wait_after(100, {}, 1s, 200) == 1h);
  CHECK(wait_after(1, 20s, 1s, 200) == 20s);
  CHECK(wait_after(1, 86'400s, 1s, 200) == 1h);
  CHECK(wait_after(3, 1s, 1s, 200) == 30s);
}

TEST_CASE("a URL has a host and nothing that is secret") {
  for (const auto* url : {"https://example.org", "http://10.0.0.1:8080/hook?x=1", "https://[::1]/"})
    CHECK(fault_of_url(url).empty());
  for (const auto* url :
       {"ftp://example.org", "example.org", "https://", "https:///x", "https://:8/",
        "https://u:p@example.org/", "https://example.org/#x", "https://exa mple.org",
        "https://ex\xc3\xa4mple.org", "https://example.org/\r\nx: y"})
    CHECK_FALSE(fault_of_url(url).empty());
  CHECK_FALSE(fault_of_url("https://a/" + std::string(url_bytes_max, 'x')).empty());
  CHECK(is_hook_id("audit-2"));
  for (const auto* id : {"", "Audit", "a.b", "a/b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    CHECK_FALSE(is_hook_id(id));
}
