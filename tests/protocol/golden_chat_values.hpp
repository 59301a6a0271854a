#pragma once

#include "tests/protocol/golden_parts.hpp"

#include <map>
#include <string>

/// The golden frames of members, rooms' settings, threads, mentions, attachments and pins.
namespace golden {

inline constexpr const char* image = R"({"ref":"f/7Qd2","mime":"image/png","bytes":48213,)"
                                     R"("name":"plan.png","width":1280,"height":720})";

inline content with_mentions(content what, std::vector<user_id> users, bool whole_room = false) {
  what.mentions = {std::move(users), whole_room};
  return what;
}
inline content with_files(content what, const std::string& files) {
  what.attachments = attachment_list{"[" + files + "]"};
  return what;
}

inline placement reply_to(std::uint64_t seq) { return {seq_no{seq}, {}, false, {}}; }
inline placement in_thread(std::uint64_t target) { return {seq_no{target}, seq_no{41}, false, {}}; }

/// A message with all that one can have.
inline posted everything() {
  auto what = with_files(with_mentions(text("all of you"), {user("bob")}, true),
                         R"({"url":"https://cdn.example/p.png","mime":"image/png"})");
  what.data = free_data{R"({"poll":7})"};
  return {what, {seq_no{59}, seq_no{41}, true, "poll.opened"}};
}

inline room_settings every_setting() {
  using namespace std::chrono_literals;
  return {.title = "Red",
          .topic = "Plans\nfor May",
          .data = free_data{R"({"avatar":"f/7Qd4"})"},
          .visible = visibility::invite,
          .visitors = visitor_rights::read,
          .posting = posting_rights::threads,
          .inviting = inviting_rights::moderators,
          .slow = 30s,
          .archived = false,
          .history = history_scope::own,
          .retention = 1h,
          .receipts = true};
}

template <class Change>
room_settings settings(Change change) {
  room_settings set;
  change(set);
  return set;
}

template <class Change>
member_set members_set(std::vector<user_id> users, Change change) {
  member_set what;
  what.users = std::move(users);
  change(what);
  return what;
}

inline std::map<std::string, request> chat_commands() {
  using namespace std::chrono_literals;
  const std::optional<seq_no> none;
  const auto muted = [](std::int64_t until, const char* reason) {
    return members_set({user("dan")}, [&](auto& m) {
      m.mute_until = unix_ms{until};
      m.reason = reason;
    });
  };
  const auto all = everything();
  return {
      {"client_join_member", {id(20), command::join{{general, none, std::nullopt}, true}}},
      {"client_leave_member", {id(21), command::leave{general, true}}},
      {"client_send_mentions",
       {id(5),
        command::send{general, "k63", with_mentions(text("see @bob"), {user("bob"), user("zoe")}),
                      reply_to(59)}}},
      {"client_send_in_thread", {id(5), command::send{general, "", text("yes"), in_thread(88)}}},
      {"client_send_everything", {id(5), command::send{general, "k64", all.what, all.where}}},
      {"client_send_attachments",
       {id(5),
        command::send{
            general, "",
            with_files({}, R"({"ref":"f/7Qd2","mime":"image/png","bytes":48213,"name":"plan.png",)"
                           R"("width":1280,"height":720,"ms":0,)"
                           R"("thumb":{"url":"https://cdn.example/t.png"}},)"
                           R"({"url":"https://cdn.example/p.mp4","ms":9000,)"
                           R"("thumb":{"ref":"f/7Qd3"}})")}}},
      {"client_direct_reply",
       {id(8), command::direct{user("bob"), "", text("psst"), {seq_no{1}, none, true, {}}}}},
      {"client_edit_mentions",
       {id(9), command::edit{general, "", seq_no{63},
                             with_files(with_mentions(text("see @carol"), {user("carol")}),
                                        R"({"ref":"f/7Qd2"})")}}},
      {"client_delete_reason",
       {id(10), command::delete_messages{general, "", {seq_no{59}}, "spam"}}},
      {"client_delete_several",
       {id(10), command::delete_messages{general, "k68", {seq_no{59}, seq_no{61}}, "spam"}}},
      {"client_pin", {id(11), command::pin{general, "", seq_no{59}, true}}},
      {"client_pin_key", {id(11), command::pin{general, "k67", seq_no{59}, true}}},
      {"client_unpin", {id(11), command::pin{general, "", seq_no{59}, false}}},
      {"client_pins", {id(12), command::list_pins{general, ""}}},
      {"client_pins_after", {id(12), command::list_pins{general, "59"}}},
      {"client_history_thread", {id(6), command::history{general, none, none, seq_no{41}, 50}}},
      {"client_history_main_line",
       {id(6), command::history{general, seq_no{63}, none, seq_no{0}, 50}}},
      {"client_search", {id(70), command::search{"plan draft", {}, {}, {}, {}, false, seq_no{}, 20}}},
      {"client_search_narrowed",
       {id(70), command::search{"plan draft", {general}, user("bob"), unix_ms{1763000000000},
                                unix_ms{1764000000000}, true, seq_no{4711}, 20}}},
      {"client_threads", {id(13), command::list_threads{general, false, "", 50}}},
      {"client_threads_mine", {id(13), command::list_threads{general, true, "88", 20}}},
      {"client_set_member_invited",
       {id(22), command::set_member{general, "k22",
                                    members_set({user("bob"), user("carol")},
                                                [](auto& m) {
                                                  m.state = member_state::invited;
                                                  m.as = role::member;
                                                }),
                                    std::nullopt}}},
      {"client_set_member_banned",
       {id(23), command::set_member{general, "",
                                    members_set({user("eve")},
                                                [](auto& m) {
                                                  m.state = member_state::banned;
                                                  m.until = unix_ms{1763876400000};
                                                  m.reason = "spam";
                                                }),
                                    24h}}},
      {"client_set_member_role",
       {id(24),
        command::set_member{general, "",
                            members_set({user("bob")}, [](auto& m) { m.as = role::moderator; }),
                            std::nullopt}}},
      {"client_set_member_muted",
       {id(25), command::set_member{general, "", muted(1763790600000, "cool down"), std::nullopt}}},
      {"client_set_member_unmuted",
       {id(25), command::set_member{general, "", muted(0, ""), std::nullopt}}},
      {"client_members", {id(26), command::list_members{general, std::nullopt, "", 100}}},
      {"client_members_after",
       {id(26), command::list_members{general, member_state::invited, "bob", 50}}},
      {"client_create",
       {id(30), command::create{team_red,
                                "k30",
                                settings([](auto& s) {
                                  s.title = "Red";
                                  s.visible = visibility::closed;
                                }),
                                {user("bob")}}}},
      {"client_create_by_key", {id(30), command::create{std::nullopt, "k30", {}, {}}}},
      {"client_set_room", {id(31), command::set_room{team_red, "", settings([](auto& s) {
                                                       s.topic = "Plans";
                                                       s.slow = 0ms;
                                                     })}}},
      {"client_set_room_all", {id(31), command::set_room{team_red, "k31", every_setting()}}},
      {"client_emit", {id(16), command::emit{general, "cursor", free_data{R"({"x":4})"}}}},
      {"client_emit_without_data",
       {std::nullopt, command::emit{general, "cursor.gone", std::nullopt}}},
      {"client_upload", {id(14), command::upload{general, "image/png", 48213, "plan.png"}}},
      {"client_download", {id(15), command::download{general, seq_no{63}, 0}}},
      {"client_block", {id(61), command::block{user("eve"), true}}},
      {"client_set_own",
       {id(60), command::set_own{room("general"), {notify_level::none, unix_ms{1763876400000}, true,
                                                   false, false}}}},
      {"client_set_own_notify",
       {id(60), command::set_own{room("general"), {notify_level::mentions, {}, {}, {}, {}}}}},
      {"client_unblock", {id(61), command::block{user("eve"), false}}},
      {"client_blocks", {id(62), command::list_blocks{}}},
      {"client_active", {id(63), command::set_active{false}}},
      {"client_users", {id(64), command::list_users{{user("bob"), user("carol")}}}},
      {"client_users_after", {id(64), command::list_users{{user("bob"), user("carol")}, 1}}},
      {"client_read", {id(40), command::read{general, seq_no{59}}}},
      {"client_read_all", {id(40), command::read{}}},
      {"client_mentions", {id(41), command::list_mentions{std::nullopt, 50}}},
      {"client_mentions_after", {id(41), command::list_mentions{8812, 20}}},
      {"client_inbox", {id(50), command::inbox{{50, ""}, ""}}},
      {"client_inbox_after", {id(50), command::inbox{{20, ""}, "1763790000123.general"}}},
      {"client_inbox_since",
       {id(50), command::inbox{{50, "5f2ac91e7b00d341.8812"}, "", false}}},
      {"client_hello_inbox",
       {id(1), command::hello{std::nullopt, user("alice"), std::nullopt, std::nullopt, {},
                              command::inbox_point{20, "5f2ac91e7b00d341.8812"}}}},
      {"client_report", {id(65), command::report{general, seq_no{59}, "spam"}}},
  };
}

inline std::map<std::string, message::any> chat_messages() {
  using namespace message;
  const auto live = [&](std::uint64_t seq, const char* from, const char* key, entry_body body,
                        const char* name = "", const room_id& in = general) {
    return logged{in, {seq_no{seq}, at, user(from), key, std::move(body)}, name};
  };
  const auto refused = [](std::uint64_t of, error_code code, const char* why, auto change) {
    error what{id(of), code, why, std::nullopt, std::nullopt};
    change(what);
    return what;
  };
  const auto shown = [](std::uint64_t seq, const char* from, placement where, auto change) {
    present_message what;
    what.seq = seq_no{seq};
    what.at = at;
    what.from = user(from);
    what.where = std::move(where);
    change(what);
    return what;
  };
  const auto root = shown(41, "minsu", {}, [](auto& m) {
    m.what = text("lunch?");
    m.replies = 12;
    m.last_reply = seq_no{88};
    m.last_reply_at = at;
  });
  const auto gone = shown(70, "bob", in_thread(41), [](auto& m) {
    m.what.mentions.users = {user("minsu")};  // not told of what is deleted
    m.deleted = true;
    m.deleted_by = user("alice");
    m.deleted_reason = "spam";
  });
  const auto reply = shown(88, "bob", in_thread(70),
                           [](auto& m) { m.what = with_mentions(text("yes"), {user("minsu")}); });
  const auto short_one = shown(59, "bob", {}, [](auto& m) { m.what = text("hi"); });
  const std::vector<user_ref> names{{user("minsu"), "김민수"}};
  const auto kept = [](std::uint64_t seq) {
    return stored{general, seq_no{seq}, at, "disk", false};
  };
  const auto row = [](const char* user_name, auto change) {
    member_ref what;
    what.id = user(user_name);
    change(what);
    return what;
  };
  const auto members_of = [](std::vector<member_ref> list, const char* next) {
    return members{id(26), general, seq_no{70}, 412, std::move(list), next};
  };
  joined joined_red;
  joined_red.ref = id(2);
  joined_red.room = team_red;
  joined_red.title = "Red";
  joined_red.epoch = epoch_id{"k3v9"};
  joined_red.head = seq_no{3};
  joined_red.role = "owner";
  joined_red.online = 1;
  joined_red.members = {{user("alice"), "Alice"}};
  joined_red.member = true;
  joined_red.settings = settings([](auto& s) {
    s.topic = "Plans";
    s.visible = visibility::closed;
  });
  joined_red.count = 2;
  joined_red.read = seq_no{3};
  joined_red.pins = {seq_no{59}};
  joined_red.users = names;
  joined joined_direct;
  joined_direct.ref = id(2);
  joined_direct.room = room("dm:alice:bob");
  joined_direct.title = "dm:alice:bob";
  joined_direct.epoch = epoch_id{"k3v9"};
  joined_direct.head = seq_no{13};
  joined_direct.role = "member";
  joined_direct.online = 2;
  joined_direct.members = {{user("alice"), "Alice"}, {user("bob"), "Bob"}};
  joined_direct.read = seq_no{13};
  joined_direct.reads = {{user("alice"), seq_no{13}}, {user("bob"), seq_no{12}}};
  room_ref red{team_red, "Red", seq_no{3}, 1, true};
  red.topic = "Plans";
  red.visible = visibility::closed;
  red.count = 2;
  red.member = true;
  auto red_invited = red;
  red_invited.joined = red_invited.member = false;
  red_invited.invited = true;
  const auto inbox_of = [](message::re of, const char* as_of, bool reset,
                           std::vector<inbox_row> rows, std::vector<user_ref> users,
                           std::optional<std::string> next, totals sum) {
    return message::inbox{of,   as_of, reset, std::move(rows), std::move(users), std::move(next),
                          sum};
  };
  inbox_row in_general;
  in_general.room = general;
  in_general.title = "General";
  in_general.as = role::member;
  in_general.head = seq_no{62};
  in_general.at = at;
  in_general.read = seq_no{59};
  in_general.unread = 3;
  in_general.mentions = 1;
  in_general.last = inbox_last{seq_no{62}, at, user("minsu"), "see you", 1};
  inbox_row to_red;
  to_red.room = team_red;
  to_red.title = "Red";
  to_red.state = member_state::invited;
  to_red.as = role::member;
  to_red.by = user("alice");
  to_red.until = unix_ms{1766382000123};
  to_red.head = seq_no{3};
  to_red.at = at;
  inbox_row with_bob;
  with_bob.room = room("dm:alice:bob");
  with_bob.with = user("bob");
  with_bob.head = seq_no{13};
  with_bob.at = at;
  with_bob.read = seq_no{12};
  with_bob.unread = 1;
  with_bob.last = inbox_last{seq_no{13}, at, user("bob"), "psst", 0};
  auto quiet_general = in_general;
  quiet_general.own = {notify_level::none, unix_ms{1763876400000}, true, false, false};
  auto hidden_bob = with_bob;
  hidden_bob.own.hidden = true;
  inbox_row red_gone;
  red_gone.room = team_red;
  red_gone.gone = "removed";
  const unix_ms until{1763876400000}, mute_until{1763790600000};
  return {
      {"server_message_mentions",
       live(63, "alice", "k63",
            posted{with_files(with_mentions(text("see @bob"), {user("bob")}, true), image),
                   reply_to(59)},
            "Alice")},
      {"server_message_in_thread", live(88, "bob", "", posted{text("yes"), in_thread(70)})},
      {"server_message_everything", live(64, "alice", "k64", everything(), "Alice")},
      {"server_message_in_thread_taken_away",
       live(88, "bob", "", posted{with_mentions({}, {user("minsu")}, true), in_thread(70)})},
      {"server_edited_mentions",
       live(65, "alice", "",
            edited{seq_no{63},
                   with_files(with_mentions(text("see @carol"), {user("carol")}), image)})},
      {"server_member_set", live(64, "alice", "",
                                 members_set({user("bob"), user("carol")},
                                             [](auto& m) {
                                               m.state = member_state::member;
                                               m.as = role::member;
                                             }))},
      {"server_member_set_banned", live(65, "alice", "",
                                        members_set({user("eve")},
                                                    [&](auto& m) {
                                                      m.state = member_state::banned;
                                                      m.until = until;
                                                      m.reason = "spam";
                                                    }))},
      {"server_member_set_role",
       live(66, "alice", "k24",
            members_set({user("bob")}, [](auto& m) { m.as = role::moderator; }))},
      {"server_member_set_muted", live(67, "alice", "",
                                       members_set({user("dan")},
                                                   [&](auto& m) {
                                                     m.mute_until = mute_until;
                                                     m.reason = "cool down";
                                                   }))},
      {"server_member_set_by_server",
       live(68, "@server", "", members_set({user("bob")}, [](auto& m) { m.as = role::owner; }))},
      {"server_room_set", live(66, "alice", "", room_set{settings([](auto& s) {
                                 s.title = "General";
                                 s.slow = std::chrono::seconds{30};
                               })})},
      {"server_room_set_all", live(4, "alice", "k31", room_set{every_setting()}, "", team_red)},
      {"server_pinned", live(67, "alice", "", pinned{seq_no{59}, true})},
      {"server_trimmed", live(69, "@server", "", trimmed{seq_no{40}})},
      {"server_erased", live(70, "@server", "", erased{user("eve"), user("gone:k3v9x2q8")})},
      {"server_unpinned", live(68, "alice", "k67", pinned{seq_no{59}, false})},
      {"server_deleted_reason", live(68, "alice", "", deleted{seq_no{59}, "spam"})},
      {"server_history_thread",
       message::history{id(6), general, seq_no{88}, {root, gone, reply}, false, names}},
      {"server_events_names",
       more_events{
           general, {{seq_no{41}, at, user("minsu"), "", posted{text("lunch?")}}}, false, names}},
      {"server_joined_member", joined_red},
      {"server_sent_unreached", sent{id(5), kept(63), {{user("zoe")}, true}}},
      {"server_done_deleted", done{id(23), kept(65), 37, {}}},
      {"server_done_unreached", done{id(9), kept(65), std::nullopt, {{}, true}}},
      {"server_error_banned", refused(4, error_code::banned, "banned from this room",
                                      [&](auto& e) {
                                        e.until = until;
                                        e.reason = "spam";
                                      })},
      {"server_error_muted",
       refused(5, error_code::muted, "muted in this room", [&](auto& e) { e.until = mute_until; })},
      {"server_error_slow_mode",
       refused(5, error_code::slow_mode, "wait before the next message",
               [](auto& e) { e.retry_after = std::chrono::seconds{30}; })},
      {"server_error_limit",
       refused(11, error_code::limit, "too many pins", [](auto& e) { e.limit = 100; })},
      {"server_error_rejected",
       refused(5, error_code::rejected, "the deployment says no",
               [](auto& e) {
                 e.reason = "No links here, please.";
                 e.data = free_data{R"({"rule":7})"};
               })},
      {"server_upload", upload{id(14), "f/7Qd2", "PUT", "https://store.example/f/7Qd2?sig=x",
                               free_data{R"({"Content-Type":"image/png"})"},
                               unix_ms{1763790900000}}},
      {"server_download", download{id(15), "https://store.example/f/7Qd2?sig=y",
                                   unix_ms{1763790900000}}},
      {"server_left_left", left{std::nullopt, general, "left"}},
      {"server_left_removed", left{std::nullopt, general, "removed"}},
      {"server_left_banned", left{std::nullopt, general, "banned"}},
      {"server_left_private", left{std::nullopt, general, "private"}},
      {"server_rooms_member", rooms{id(12), {red}, false}},
      {"server_rooms_invited", rooms{id(12), {red_invited}, false}},
      {"server_created", created{id(30), team_red, epoch_id{"k3v9"}, seq_no{3}, false}},
      {"server_created_duplicate",
       created{id(30), room("r:mfzwizltoq"), epoch_id{"k3v9"}, seq_no{1}, true}},
      {"server_members", members_of({row("carol",
                                         [](auto& m) {
                                           m.name = "Carol";
                                           m.online = true;
                                           m.read = seq_no{58};
                                         }),
                                     row("dan",
                                         [&](auto& m) {
                                           m.as = role::moderator;
                                           m.mute_until = mute_until;
                                         })},
                                    "dan")},
      {"server_members_invited", members_of({row("erin",
                                                 [](auto& m) {
                                                   m.state = member_state::invited;
                                                   m.until = unix_ms{1766382000123};
                                                   m.by = user("alice");
                                                 })},
                                            "")},
      {"server_members_banned", members_of({row("eve",
                                                [&](auto& m) {
                                                  m.state = member_state::banned;
                                                  m.as = role::none;
                                                  m.until = until;
                                                  m.reason = "spam";
                                                })},
                                           "")},
      {"server_pins", pins{id(12), general, {{user("alice"), at, root}}, names, ""}},
      {"server_pins_more", pins{id(12), general, {{user("alice"), at, short_one}}, {}, "59"}},
      {"server_search",
       found{id(70), names, {{general, root}}, "4711", unix_ms{1763790000000}}},
      {"server_search_nothing", found{id(70), {}, {}, "", unix_ms{1763790000000}}},
      {"server_threads", threads{id(13), general, {root}, names, ""}},
      {"server_threads_more", threads{id(13), general, {}, {}, "88"}},
      {"server_users",
       users{id(64),
             {{user("bob"), "Bob", free_data{"{}"}}, {user("carol"), "Carol", std::nullopt}}}},
      {"server_users_more", users{id(64), {{user("bob"), "Bob", std::nullopt}}, "1"}},
      {"server_blocks", blocks{id(62), {user("eve")}}},
      {"server_blocks_none", blocks{id(62), {}}},
      {"server_read", message::read{id(40), general, seq_no{59}, 3, 1}},
      {"server_read_elsewhere", message::read{std::nullopt, general, seq_no{59}}},
      {"server_receipts",
       receipts{general, {{user("bob"), seq_no{58}}, {user("carol"), seq_no{59}}}}},
      {"server_joined_receipts", joined_direct},
      {"server_read_all", read_all{id(40), {2, 3, 1}}},
      {"server_mentions", mentions{id(41),
                                   {{"thread", false, general, root},
                                    {"mention", true, general, short_one}},
                                   names,
                                   ""}},
      {"server_mentions_more",
       mentions{id(41), {{"reply", true, general, short_one}}, {}, "8812"}},
      {"server_inbox", inbox_of(id(50), "5f2ac91e7b00d341.8812", false, {in_general, to_red},
                                names, "1763790000123.team-red", {2, 4, 1})},
      {"server_inbox_changes", inbox_of(std::nullopt, "5f2ac91e7b00d341.8820", false,
                                        {with_bob, red_gone}, {}, std::nullopt, {2, 4, 1})},
      {"server_inbox_own", inbox_of(std::nullopt, "5f2ac91e7b00d341.8821", false,
                                    {quiet_general, hidden_bob}, {}, std::nullopt, {})},
      {"server_inbox_reset", inbox_of(id(50), "5f2ac91e7b00d341.8820", true, {}, {}, "", {})},
      {"server_emitted", emitted{general, user("alice"), "cursor", free_data{R"({"x":4})"}}},
      {"server_emitted_without_data", emitted{general, user("alice"), "cursor.gone", std::nullopt}},
  };
}

}  // namespace golden
