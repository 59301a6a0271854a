#pragma once

#include "tests/protocol/golden_chat_values.hpp"
#include "tests/protocol/golden_parts.hpp"

#include <map>
#include <string>

/// What the golden frames stand for, by name: written down here by hand, so that neither the codec
/// nor the files can be wrong unnoticed.
namespace golden {

inline constexpr const char* token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln";
inline constexpr const char* lines =
    "first\n\tsecond \"quoted\" \\ /slash/ \U0001F44D\U0001F3FD \u00DCn\u00EFc\u00F6d\u00E9";
inline constexpr const char* poll =
    R"({"kind":"poll","options":["a","b"],"open":true,"closes":null,"weight":1.5,"tenth":0.1,)"
    R"("offset":-3,"nested":{"a":[[],{}]}})";
inline constexpr const char* thumb_up = "\U0001F44D";
inline constexpr const char* party = "\U0001F389";
inline constexpr std::uint64_t largest = 9007199254740991;

inline std::map<std::string, request> commands() {
  const auto hello = [](auto change) {
    command::hello what;
    change(what);
    return what;
  };
  const auto history = [](auto before, auto after, std::uint32_t limit) {
    return command::history{general, before, after, std::nullopt, limit};
  };
  const std::optional<seq_no> none;
  std::map<std::string, request> all{
      {"client_hello_token", {id(1), hello([](auto& h) { h.token = token; })}},
      {"client_hello_guest", {id(1), hello([](auto& h) { h.guest = user("alice"); })}},
      {"client_hello_guest_with_name", {id(1), hello([](auto& h) {
                                          h.guest = user("alice");
                                          h.name = "Alice \u00C5ngstr\u00F6m";
                                        })}},
      {"client_hello_without_credentials", {id(1), command::hello{}}},
      {"client_hello_without_id", {std::nullopt, hello([](auto& h) { h.guest = user("alice"); })}},
      {"client_hello_resume", {id(1), hello([](auto& h) {
                                 h.token = token;
                                 h.device = device_id::trusted("laptop-1");
                                 h.resume = {{room("general"), seq_no{41}, epoch_id{"k3v9"}},
                                             {room("dm:alice:bob"), seq_no{0}, std::nullopt},
                                             {room("team-red"), std::nullopt, std::nullopt}};
                               })}},
      {"client_hello_resume_nothing", {id(1), hello([](auto& h) { h.guest = user("alice"); })}},
      {"client_refresh", {id(2), command::refresh{token}}},
      {"client_ping", {id(9), command::ping{}}},
      {"client_ping_without_id", {std::nullopt, command::ping{}}},
      {"client_ping_largest_id", {id(largest), command::ping{}}},
      {"client_join", {id(2), command::join{{general, std::nullopt, std::nullopt}}}},
      {"client_join_since", {id(2), command::join{{general, seq_no{41}, epoch_id{"k3v9"}}}}},
      {"client_join_since_without_epoch",
       {id(2), command::join{{general, seq_no{0}, std::nullopt}}}},
      {"client_join_with_nulls", {id(2), command::join{{general, std::nullopt, std::nullopt}}}},
      {"client_join_with_unknown_fields",
       {id(2), command::join{{general, std::nullopt, std::nullopt}}}},
      {"client_join_direct_room",
       {id(2), command::join{{room("dm:alice:bob"), std::nullopt, std::nullopt}}}},
      {"client_leave", {id(4), command::leave{general}}},
      {"client_send_text", {id(5), command::send{general, "", text("hi")}}},
      {"client_send_key", {id(5), command::send{general, "b1f2c3d4-0001", text("hi")}}},
      {"client_send_after",
       {id(6), command::send{general, "b1f2c3d4-0002", text("there"), {}, "b1f2c3d4-0001"}}},
      {"client_send_without_id", {std::nullopt, command::send{general, "", text("hi")}}},
      {"client_send_lines", {id(5), command::send{general, "", text(lines)}}},
      {"client_send_data", {id(5), command::send{general, "", data(poll)}}},
      {"client_send_data_list",
       {id(5), command::send{general, "", data(R"([1,"two",null,[]])")}}},
      {"client_send_text_and_data",
       {id(5), command::send{general,
                             "b1f2c3d4-0002",
                             {"see the picture", free_data{R"({"width":640,"height":480})"}}}}},
      {"client_send_empty_text_and_data",
       {id(5), command::send{general, "", data(R"({"sticker":7})")}}},
      {"client_edit", {id(9), command::edit{general, "", seq_no{59}, text("hello")}}},
      {"client_edit_key",
       {id(9), command::edit{general, "b1f2c3d4-0003", seq_no{59}, text("hello")}}},
      {"client_edit_data",
       {id(9), command::edit{general, "", seq_no{59}, data(R"({"kind":"poll","open":false})")}}},
      {"client_delete", {id(10), command::delete_messages{general, "", {seq_no{59}}}}},
      {"client_delete_key",
       {id(10), command::delete_messages{general, "b1f2c3d4-0004", {seq_no{59}}}}},
      {"client_react", {id(11), command::react{general, "", seq_no{58}, thumb_up, true}}},
      {"client_react_key",
       {id(11), command::react{general, "b1f2c3d4-0005", seq_no{58}, thumb_up, true}}},
      {"client_unreact", {id(11), command::react{general, "", seq_no{58}, thumb_up, false}}},
      {"client_unreact_key",
       {id(11), command::react{general, "b1f2c3d4-0006", seq_no{58}, "+1", false}}},
      {"client_history", {id(6), history(none, none, 50)}},
      {"client_history_before", {id(6), history(seq_no{20}, none, 50)}},
      {"client_history_after", {id(6), history(none, seq_no{20}, 50)}},
      {"client_history_limit_above", {id(6), history(none, none, 200)}},
      {"client_history_limit_below", {id(6), history(none, none, 1)}},
      {"client_rooms", {id(12), command::list_rooms{}}},
      {"client_rooms_after", {id(12), command::list_rooms{general}}},
      {"client_reactions",
       {id(9), command::list_reactions{general, seq_no{58}, thumb_up, seq_no{0}}}},
      {"client_reactions_after",
       {id(9), command::list_reactions{general, seq_no{58}, thumb_up, seq_no{62}}}},
      {"client_typing_on", {std::nullopt, command::typing{general, true}}},
      {"client_typing_off", {id(13), command::typing{general, false}}},
      {"client_signal_user",
       {id(7), command::signal{user("bob"), free_data{R"({"offer":"v=0"})"}}}},
      {"client_signal_session",
       {id(7), command::signal{session_name{2, session_id{0x8899aabbccddee07}, 0x0f1e2d3c4b5a6978},
                               free_data{"{}"}}}},
      {"client_direct", {id(8), command::direct{user("bob"), "", text("psst")}}},
      {"client_direct_key", {id(8), command::direct{user("bob"), "b1f2c3d4-0007", text("psst")}}},
      {"client_direct_after",
       {id(9), command::direct{user("bob"), "b1f2c3d4-0008", text("psst again"), {},
                               "b1f2c3d4-0007"}}},
      {"client_direct_data",
       {id(8), command::direct{user("bob"), "", data(R"({"lat":52.5,"lon":13.25})")}}},
  };
  all.merge(chat_commands());
  return all;
}

inline std::map<std::string, message::any> messages() {
  using namespace message;
  const unix_ms expires{1767225600000};
  const user_ref alice{user("alice"), "Alice"};
  const user_ref bob{user("bob"), "Bob"};
  const auto entry = [&](std::uint64_t seq, const char* from, const char* key, entry_body body) {
    return log_entry{seq_no{seq}, at, user(from), key, std::move(body)};
  };
  const auto live = [&](std::uint64_t seq, const char* key, entry_body body) {
    return logged{general, entry(seq, "alice", key, std::move(body))};
  };
  const auto shown = [&](std::uint64_t seq, const char* from, auto change) {
    present_message what;
    what.seq = seq_no{seq};
    what.at = at;
    what.from = user(from);
    change(what);
    return what;
  };
  const std::vector<present_message> present{
      shown(57, "bob",
            [](auto& m) {
              m.key = "k57";
              m.what = text("hi");
              m.reactions = {{thumb_up, {260, {user("alice"), user("bob")}, true}},
                             {party, {1, {user("carol")}, false}}};
            }),
      shown(58, "alice",
            [&](auto& m) {
              m.what = text("hello");
              m.edited_at = unix_ms{at.value() + 1000};
              m.edited_by = user("bob");
            }),
      shown(59, "alice",
            [](auto& m) {
              m.key = "k59";
              m.deleted = true;
              m.deleted_by = user("bob");
            }),
      shown(61, "bob", [](auto& m) { m.what = data(R"({"kind":"poll","options":["a","b"]})"); }),
  };
  const std::vector<log_entry> entries{
      entry(42, "bob", "k42", posted{text("hi")}),
      entry(43, "bob", "k43", edited{seq_no{42}, text("hi!")}),
      entry(44, "alice", "", reacted{seq_no{42}, thumb_up, true}),
      entry(45, "alice", "", reacted{seq_no{42}, thumb_up, false}),
      entry(46, "bob", "", deleted{seq_no{42}}),
  };
  const auto first = [](const auto& list, std::ptrdiff_t count) {
    return std::decay_t<decltype(list)>(list.begin(), list.begin() + count);
  };
  const session_name session_of_alice{1, session_id{0x0123456789abcdef}, 0xfedcba9876543210};
  const auto welcome_alice = [&](auto change) {
    welcome what;
    what.user = alice;
    what.session = session_of_alice;
    what.node = "n1";
    what.server = "confab/0.1.0";
    what.heartbeat = std::chrono::seconds{25};
    what.text_bytes = 4096;
    what.frame_bytes = 65536;
    what.rooms = 200;
    change(what);
    return what;
  };
  const auto joined_general = [&](auto change) {
    joined what;
    what.ref = id(2);
    what.room = general;
    what.title = "General";
    what.epoch = epoch_id{"k3v9"};
    what.role = "member";
    what.online = 1;
    what.members = {alice};
    change(what);
    return what;
  };
  const stored kept{general, seq_no{60}, at, "disk", false};
  const stored kept_before{general, seq_no{60}, at, "disk", true};
  const room_ref open{general, "General", seq_no{62}, 3, true};
  std::map<std::string, message::any> all{
      {"server_welcome", welcome_alice([&](auto& w) {
         w.ref = id(1);
         w.members = 100'000;
         w.memberships = 2'000;
         w.keys = std::chrono::hours{24};
         w.expires_at = expires;
         w.directs = {{room("dm:alice:bob"), user("bob"), seq_no{12}, at}};
       })},
      {"server_welcome_search", welcome_alice([&](auto& w) {
         w.ref = id(1);
         w.members = 100'000;
         w.memberships = 2'000;
         w.keys = std::chrono::hours{24};
         w.expires_at = expires;
         w.directs = {{room("dm:alice:bob"), user("bob"), seq_no{12}, at}};
         w.search = true;
       })},
      {"server_welcome_upload", welcome_alice([](auto& w) { w.upload = true; })},
      {"server_welcome_guest", welcome_alice([](auto&) {})},
      {"server_welcome_guest_token", welcome_alice([&](auto& w) {
         w.ref = id(1);
         w.user.id = user("guest:q5x2nfy7kd3ma");
         w.guest_token = "guest.MTc2NzIyNTYwMDAwMApn.c2ln";
       })},
      {"server_welcome_without_directs",
       welcome_alice([](auto& w) { w.directs_unavailable = true; })},
      {"server_refreshed", refreshed{id(2), expires}},
      {"server_refreshed_for_good", refreshed{id(2), std::nullopt}},
      {"server_token_expiring", token_expiring{expires}},
      {"server_pong", pong{id(9)}},
      {"server_error",
       error{id(4), error_code::not_joined, "join the room first", std::nullopt, {}}},
      {"server_error_without_re",
       error{std::nullopt, error_code::bad_request, "not an object", std::nullopt, {}}},
      {"server_error_of_resume",
       error{std::nullopt, error_code::unavailable, "try again", std::nullopt, general}},
      {"server_error_retry", error{id(4),
                                   error_code::unavailable,
                                   "not known to be stored: repeat with the same key",
                                   std::nullopt,
                                   {}}},
      {"server_error_retry_after", error{id(4),
                                         error_code::rate_limited,
                                         "too many commands",
                                         std::chrono::milliseconds{250},
                                         {}}},
      {"server_done", done{id(13), std::nullopt}},
      {"server_done_stored", done{id(9), kept}},
      {"server_done_duplicate", done{id(9), kept_before}},
      {"server_sent", sent{id(5), {general, seq_no{59}, at, "disk", false}}},
      {"server_sent_duplicate", sent{id(5), {general, seq_no{59}, at, "majority_disk", true}}},
      {"server_sent_largest",
       sent{id(largest),
            {general, seq_no{largest}, unix_ms{static_cast<std::int64_t>(largest)}, "memory"}}},
      {"server_joined", joined_general([&](auto& j) {
         j.head = seq_no{61};
         j.online = 2;
         j.members = {alice, bob};
         j.events = present;
       })},
      {"server_joined_empty", joined_general([](auto& j) { j.role = "owner"; })},
      {"server_joined_since", joined_general([&](auto& j) {
         j.head = seq_no{46};
         j.online = 2;
         j.members = {alice, bob};
         j.events = entries;
       })},
      {"server_joined_more", joined_general([&](auto& j) {
         j.head = seq_no{900};
         j.role = "moderator";
         j.events = first(entries, 1);
         j.more = true;
       })},
      {"server_joined_gap", joined_general([&](auto& j) {
         j.head = seq_no{61};
         j.oldest = seq_no{57};
         j.events = first(present, 1);
       })},
      {"server_joined_by_resume", joined_general([](auto& j) {
         j.ref.reset();
         j.head = seq_no{41};
       })},
      {"server_events", more_events{general, first(entries, 2), true}},
      {"server_events_last", more_events{general, {entries.begin() + 2, entries.end()}, false}},
      {"server_left", left{id(4), general, {}}},
      {"server_left_token", left{std::nullopt, room("team-red"), "token"}},
      {"server_history", message::history{id(6), general, seq_no{61}, present, true}},
      {"server_history_empty", message::history{id(6), general, seq_no{0}, {}, false}},
      {"server_rooms", rooms{id(12), {open, {room("team-red"), "", seq_no{0}, 0, false}}, false}},
      {"server_rooms_more", rooms{id(12), {open}, true}},
      {"server_reactions", message::reactions{id(9), {user("carol")}, 260, seq_no{62}}},
      {"server_reactions_last", message::reactions{id(9), {user("alice"), user("bob")}, 2, {}}},
      {"server_message", live(59, "b1f2c3d4-0001", posted{text("hi")})},
      {"server_message_without_key", live(59, "", posted{text("hi")})},
      {"server_message_lines", live(59, "", posted{text(lines)})},
      {"server_message_data", live(59, "", posted{data(poll)})},
      {"server_message_data_scalar", live(59, "", posted{data("false")})},
      {"server_message_text_and_data",
       live(59, "b1f2c3d4-0002",
            posted{{"see the picture", free_data{R"({"width":640,"height":480})"}}})},
      {"server_message_direct",
       logged{room("dm:alice:bob"), entry(1, "alice", "", posted{text("psst")})}},
      {"server_message_taken_away", live(59, "b1f2c3d4-0001", posted{})},
      {"server_edited_taken_away", live(60, "", edited{seq_no{59}, {}})},
      {"server_message_unchecked", live(59, "b1f2c3d4-0001", posted{text("hi"), {}, true})},
      {"server_edited_unchecked", live(60, "", edited{seq_no{59}, text("hello"), true})},
      {"server_edited", live(60, "", edited{seq_no{59}, text("hello")})},
      {"server_edited_key", live(60, "b1f2c3d4-0003", edited{seq_no{59}, text("hello")})},
      {"server_edited_data",
       live(60, "", edited{seq_no{59}, data(R"({"kind":"poll","open":false})")})},
      {"server_deleted", live(61, "", deleted{seq_no{59}})},
      {"server_deleted_key", live(61, "b1f2c3d4-0004", deleted{seq_no{59}})},
      {"server_reacted", live(62, "", reacted{seq_no{58}, thumb_up, true})},
      {"server_reacted_key", live(62, "b1f2c3d4-0005", reacted{seq_no{58}, thumb_up, true})},
      {"server_unreacted", live(63, "", reacted{seq_no{58}, thumb_up, false})},
      {"server_typing", message::typing{general, user("bob"), true}},
      {"server_typing_off", message::typing{general, user("bob"), false}},
      {"server_presence", presence{general, {alice}, {user("eve")}, 12, false}},
      {"server_presence_left", presence{general, {}, {user("eve")}, 11, false}},
      {"server_presence_large_room", presence{general, {}, {}, 1201, true}},
      {"server_signal",
       message::signal{user("alice"), session_of_alice, free_data{R"({"offer":"v=0"})"}}},
      {"server_signalled", signalled{id(7), 2}},
      {"server_signalled_nobody", signalled{id(7), 0}},
  };
  all.merge(chat_messages());
  return all;
}

}  // namespace golden
