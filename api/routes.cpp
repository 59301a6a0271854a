#include "api/routes.hpp"

#include "api/handlers.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace confab::api {
namespace {

using enum scope;

constexpr std::array table{
    // clang-format off
    // Messages.
    route{"POST", "/rooms/{room}/messages", publish, "postMessage", "Says something in a room.", "", "MessageBody", "201:Stored 200:Stored", handlers::post_message},
    route{"POST", "/directs/{from}/{to}/messages", publish, "postDirect", "Says something in the direct room of both, which is made at need.", "", "DirectBody", "201:Stored 200:Stored", handlers::post_direct},
    route{"GET", "/rooms/{room}/messages", read, "listMessages", "Messages in their present form, ascending: the latest, or those before or after one.", "before after thread limit cursor", "", "200:Messages", handlers::list_messages},
    route{"GET", "/rooms/{room}/messages/{seq}", read, "getMessage", "One message in its present form.", "", "", "200:Message", handlers::get_message},
    route{"PATCH", "/rooms/{room}/messages/{seq}", publish, "editMessage", "Changes a message; what is left out stays.", "", "EditBody", "200:Stored", handlers::edit_message},
    route{"DELETE", "/rooms/{room}/messages/{seq}", moderate, "deleteMessage", "Takes a message away.", "from reason", "", "200:Stored", handlers::delete_message},
    route{"POST", "/rooms/{room}/messages/delete", moderate, "deleteMessages", "Takes messages away: these, or those of one user.", "", "DeleteBody", "200:DeletedMany", handlers::delete_messages},
    route{"PUT", "/rooms/{room}/messages/{seq}/reactions/{emoji}/{user}", publish, "addReaction", "A user reacts to a message.", "", "", "200:Stored", handlers::add_reaction},
    route{"DELETE", "/rooms/{room}/messages/{seq}/reactions/{emoji}/{user}", publish, "removeReaction", "A user takes a reaction back.", "", "", "200:Stored", handlers::remove_reaction},
    route{"PUT", "/rooms/{room}/pins/{seq}", moderate, "pin", "Pins a message.", "from", "", "200:Stored", handlers::pin},
    route{"DELETE", "/rooms/{room}/pins/{seq}", moderate, "unpin", "Unpins a message.", "from", "", "200:Stored", handlers::unpin},
    route{"GET", "/rooms/{room}/entries", read, "listEntries", "The log as it is, behind an entry.", "since limit cursor", "", "200:Entries", handlers::list_entries},
    route{"POST", "/publish", publish, "publish", "Says many things, each on its own; those of one room in order.", "", "PublishBody", "200:Results", handlers::publish},
    route{"POST", "/broadcast", publish, "broadcast", "Says one thing in many rooms, or to many users.", "", "BroadcastBody", "200:Results", handlers::broadcast},
    route{"POST", "/signal", publish, "signal", "Tells users' sessions what is not stored.", "", "SignalBody", "200:Signalled", handlers::signal},
    route{"POST", "/search", read, "search", "Messages that have all words of a query, latest first.", "", "SearchBody", "200:Found", handlers::search},
    // Rooms and members.
    route{"GET", "/rooms", read, "listRooms", "Rooms in order of id.", "prefix visibility archived member empty limit cursor", "", "200:Rooms", handlers::list_rooms},
    route{"PUT", "/rooms/{room}", rooms, "putRoom", "Makes a room, or sets what is given where it is there.", "", "RoomBody", "201:Room 200:Room", handlers::put_room},
    route{"GET", "/rooms/{room}", read, "getRoom", "A room.", "", "", "200:Room", handlers::get_room},
    route{"PATCH", "/rooms/{room}", rooms, "patchRoom", "Sets what is given.", "", "RoomPatch", "200:Room", handlers::patch_room},
    route{"DELETE", "/rooms/{room}", rooms, "deleteRoom", "Takes a room away, with all that was said in it; its id is free then.", "", "", "202:JobMade", handlers::delete_room},
    route{"POST", "/rooms/{room}/trim", erase, "trimRoom", "Takes away what was said up to an entry, or before a time.", "", "TrimBody", "200:Trimmed", handlers::trim_room},
    route{"POST", "/rooms/{room}/export", export_, "exportRoom", "All of a room, to be fetched as the job's result.", "", "", "202:JobMade", handlers::export_room},
    route{"GET", "/rooms/{room}/members", read, "listMembers", "Members, or who is invited or banned, in order of id.", "state role limit cursor", "", "200:Members", handlers::list_members},
    route{"POST", "/rooms/{room}/members", rooms, "changeMembers", "Changes what users are in a room.", "", "MembersBody", "200:Changed", handlers::change_members},
    route{"PUT", "/rooms/{room}/members/{user}", rooms, "putMember", "Makes a user a member, without asking.", "", "MemberBody", "200:Changed", handlers::put_member},
    route{"DELETE", "/rooms/{room}/members/{user}", rooms, "removeMember", "Ends a user's membership.", "from reason", "", "200:Changed", handlers::remove_member},
    // Users.
    route{"PUT", "/users/{user}", users, "putUser", "How a user is called, and what the application keeps of them.", "", "UserBody", "200:User", handlers::put_user},
    route{"PATCH", "/users/{user}", users, "patchUser", "Changes what is given of a user.", "", "UserPatch", "200:User", handlers::patch_user},
    route{"GET", "/users/{user}", read, "getUser", "What is kept of a user.", "", "", "200:User", handlers::get_user},
    route{"POST", "/users", users, "putUsers", "As putUser, for many.", "", "UsersBody", "200:Results", handlers::put_users},
    route{"GET", "/users/{user}/sessions", read, "listSessions", "Who is connected as this user.", "", "", "200:Sessions", handlers::list_sessions},
    route{"POST", "/users/{user}/disconnect", users, "disconnect", "Closes a user's sessions.", "", "DisconnectBody", "200:Disconnected", handlers::disconnect},
    route{"GET", "/users", read, "listUsers", "Users in order of id, without guests.", "prefix deactivated limit cursor", "", "200:Users", handlers::list_users},
    route{"GET", "/users/{user}/rooms", read, "userRooms", "A user's rooms as the inbox has them, latest first.", "limit cursor", "", "200:UserRooms", handlers::user_rooms},
    route{"GET", "/users/{user}/unread", read, "userUnread", "What is unread in all rooms of a user.", "", "", "200:Totals", handlers::user_unread},
    route{"PUT", "/users/{user}/rooms/{room}/read", users, "moveMarker", "A user has read a room up to there.", "", "ReadBody", "200:Counts", handlers::move_marker},
    route{"POST", "/users/{user}/revoke", users, "revoke", "Takes the tokens that a user has no more, and closes the sessions of these.", "", "RevokeBody", "200:Disconnected", handlers::revoke},
    route{"POST", "/users/{user}/deactivate", users, "deactivate", "Keeps a user out; rooms of which they are the last owner get another.", "", "", "200:Disconnected", handlers::deactivate},
    route{"POST", "/users/{user}/reactivate", users, "reactivate", "Lets a user in again.", "", "", "200:Disconnected", handlers::reactivate},
    route{"POST", "/users/{user}/erase", erase, "eraseUser", "Erases a user, and all that they said.", "", "", "202:JobMade", handlers::erase_user},
    route{"POST", "/users/{user}/export", export_, "exportUser", "What is kept of a user, to be fetched as the job's result.", "", "", "202:JobMade", handlers::export_user},
    route{"POST", "/tokens", tokens, "makeToken", "A token that signs in one user.", "", "TokenBody", "201:Token", handlers::make_token},
    // Presence and state.
    route{"GET", "/rooms/{room}/presence", read, "roomPresence", "Who is in a room just now.", "", "", "200:RoomPresence", handlers::room_presence},
    route{"POST", "/presence", read, "presence", "Which of these users are online.", "", "PresenceBody", "200:Presence", handlers::presence},
    route{"GET", "/stats", read, "stats", "How much there is of what.", "", "", "200:Stats", handlers::stats},
    route{"GET", "/node", node, "node", "The server that answers.", "", "", "200:Node", handlers::node},
    route{"POST", "/node/drain", node, "drainNode", "The server is not ready any more and sends away who is there; the process stays.", "", "DrainBody", "202", handlers::drain_node},
    route{"POST", "/node/undrain", node, "undrainNode", "The server is ready again.", "", "", "202", handlers::undrain_node},
    // Jobs.
    route{"GET", "/jobs", any, "listJobs", "Jobs that the key may know of, the latest first.", "limit cursor", "", "200:Jobs", handlers::list_jobs},
    route{"GET", "/jobs/{job}", any, "getJob", "How far a job is.", "", "", "200:Job", handlers::get_job},
    route{"DELETE", "/jobs/{job}", any, "deleteJob", "Takes an export back.", "", "", "204", handlers::delete_job},
    route{"GET", "/jobs/{job}/result", any, "jobResult", "What was to be exported, one object a line. It is whole where the last line is of the type end.", "since", "", "200:ExportLine", handlers::job_result},
    // Feed and reports.
    route{"GET", "/feed", read, "feed", "Every entry of every room in the order of the journal. With Accept: application/x-ndjson it goes on for ever, one item a line.", "cursor limit wait_ms", "", "200:Feed", handlers::feed},
    route{"GET", "/reports", moderate, "listReports", "What users reported, in order.", "state limit cursor", "", "200:Reports", handlers::list_reports},
    route{"POST", "/reports/{id}/close", moderate, "closeReport", "Nothing is left to do for a report.", "", "", "204", handlers::close_report},
    route{"GET", "/audit", moderate, "audit", "Who changed rooms and members, and took away what others said; and what keys did with users, webhooks, tokens and the server.", "from room limit cursor", "", "200:Audit", handlers::audit},
    // Webhooks.
    route{"GET", "/webhooks", hooks, "listWebhooks", "All webhooks.", "", "", "200:Webhooks", handlers::list_webhooks},
    route{"PUT", "/webhooks/{webhook}", hooks, "putWebhook", "Makes a webhook, whose secret is told once, or changes it.", "", "WebhookBody", "201:Webhook 200:Webhook", handlers::put_webhook},
    route{"GET", "/webhooks/{webhook}", hooks, "getWebhook", "A webhook, how far it is, and what was tried last.", "", "", "200:Webhook", handlers::get_webhook},
    route{"DELETE", "/webhooks/{webhook}", hooks, "deleteWebhook", "Takes a webhook away, with all that is kept of it.", "", "", "204", handlers::delete_webhook},
    route{"POST", "/webhooks/{webhook}/rotate", hooks, "rotateWebhook", "Makes another secret; for a day both sign.", "", "", "200:WebhookSecret", handlers::rotate_webhook},
    route{"POST", "/webhooks/{webhook}/test", hooks, "testWebhook", "Sends webhook.test now, and answers with what came back.", "", "", "200:Attempted", handlers::test_webhook},
    route{"POST", "/webhooks/{webhook}/pause", hooks, "pauseWebhook", "Sends nothing any more; what comes meanwhile waits.", "", "", "200:Webhook", handlers::pause_webhook},
    route{"POST", "/webhooks/{webhook}/resume", hooks, "resumeWebhook", "Goes on where it stopped.", "", "", "200:Webhook", handlers::resume_webhook},
    route{"POST", "/webhooks/{webhook}/replay", hooks, "replayWebhook", "Goes on from another place: tells again what is behind it, or leaves out what is before.", "", "ReplayBody", "200:Webhook", handlers::replay_webhook},
    route{"GET", "/webhooks/{webhook}/dead", hooks, "listDeadLetters", "What was refused for good, in order.", "limit cursor", "", "200:DeadLetters", handlers::list_dead_letters},
    route{"POST", "/webhooks/{webhook}/dead/{pos}/retry", hooks, "retryDeadLetter", "Sends it once more, out of order; it goes where it is taken.", "", "", "200:Attempted", handlers::retry_dead_letter},
    route{"GET", "/openapi.json", none, "openapi", "This document.", "", "", "200:Document", handlers::openapi},
    // clang-format on
};

constexpr std::array parameters{
    parameter_row{"room", "A room's id.", R"({"type":"string","format":"room-id"})"},
    parameter_row{"user", "A user's id.", R"({"type":"string","format":"user-id"})"},
    parameter_row{"from", "In whose name; @server unless said.", R"({"type":"string","format":"user-id-or-server"})"},
    parameter_row{"to", "A user's id.", R"({"type":"string","format":"user-id"})"},
    parameter_row{"seq", "A message, by its number.", R"({"type":"integer","minimum":1,"maximum":9007199254740991})"},
    parameter_row{"id", "A report, by its number.", R"({"type":"integer","minimum":1,"maximum":9007199254740991})"},
    parameter_row{"webhook", "A webhook's id.", R"({"type":"string","format":"webhook-id","maxLength":32})"},
    parameter_row{"pos", "An entry, by its place in the journal.", R"({"type":"integer","minimum":1,"maximum":9007199254740991})"},
    parameter_row{"job", "A job's id.", R"({"type":"string","maxLength":32})"},
    parameter_row{"emoji", "An emoji, at most 64 bytes.", R"({"type":"string","minLength":1,"maxLength":64})"},
    parameter_row{"before", "Those before this one.", R"({"type":"integer","minimum":1,"maximum":9007199254740991})"},
    parameter_row{"after", "Those after this one.", R"({"type":"integer","minimum":0,"maximum":9007199254740991})"},
    parameter_row{"since", "Those after this one; 0 unless said.", R"({"type":"integer","minimum":0,"maximum":9007199254740991})"},
    parameter_row{"thread", "Of the thread with this root; 0: in no thread.", R"({"type":"integer","minimum":0,"maximum":9007199254740991})"},
    parameter_row{"limit", "How many at most.", R"({"type":"integer","minimum":1,"maximum":1000,"default":100})"},
    parameter_row{"cursor", "The next of the page before.", R"({"type":"string","maxLength":256})"},
    parameter_row{"wait_ms", "How long to wait where there is nothing new.", R"({"type":"integer","minimum":0,"maximum":30000,"default":30000})"},
    parameter_row{"reason", "Why.", R"({"type":"string","maxLength":256})"},
    parameter_row{"prefix", "Ids that begin so.", R"({"type":"string","maxLength":64})"},
    parameter_row{"visibility", "Those with this visibility.", R"({"type":"string","enum":["public","invite","private"]})"},
    parameter_row{"archived", "Those that are archived, or are not.", R"({"type":"boolean"})"},
    parameter_row{"deactivated", "Those who are deactivated, or are not.", R"({"type":"boolean"})"},
    parameter_row{"empty", "Those without members, or with.", R"({"type":"boolean"})"},
    parameter_row{"member", "Those of which this user is a member.", R"({"type":"string","format":"user-id"})"},
    parameter_row{"state", "Those in this state.", R"({"type":"string"})"},
    parameter_row{"role", "Those with this role.", R"({"type":"string","enum":["reader","member","moderator","owner"]})"},
};

constexpr bool is_parameter(std::string_view part) { return part.starts_with('{'); }

/// Calls `step` with the parts of both, for as long as it says true; false where one has more.
template <class Step>
bool each_part(std::string_view pattern, std::string_view path, Step step) {
  while (!pattern.empty() && !path.empty()) {
    if (pattern.front() != '/' || path.front() != '/') return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    const auto of_pattern = pattern.substr(0, pattern.find('/'));
    const auto of_path = path.substr(0, path.find('/'));
    if (!step(of_pattern, of_path)) return false;
    pattern.remove_prefix(of_pattern.size());
    path.remove_prefix(of_path.size());
  }
  return pattern.empty() && path.empty();
}

bool fits(std::string_view pattern, std::string_view path) {
  return each_part(pattern, path, [](std::string_view part, std::string_view of_path) {
    return is_parameter(part) ? !of_path.empty() : part == of_path;
  });
}

}  // namespace

std::span<const route> routes() noexcept { return table; }

const parameter_row& parameter(std::string_view name) {
  const auto at = std::ranges::find(parameters, name, &parameter_row::name);
  if (at == parameters.end()) throw std::logic_error("no parameter " + std::string{name});
  return *at;
}

std::vector<std::string_view> words_in(std::string_view list) {
  std::vector<std::string_view> out;
  while (!list.empty()) {
    const auto end = std::min(list.find(' '), list.size());
    if (end > 0) out.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

std::variant<matched, unmatched> match(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  const route* found = nullptr;
  unmatched others;
  for (const auto& row : table) {
    if (!fits(row.path, path)) continue;
    if (row.method == method) {
      // A part that is named goes before one that stands for anything.
      if (!found || found->path.ends_with('}')) found = &row;
    } else {
      others.other_methods.append(others.other_methods.empty() ? "" : ", ").append(row.method);
    }
  }
  if (!found) return others;
  matched out{found, {}};
  each_part(found->path, path, [&](std::string_view part, std::string_view of_path) {
    if (is_parameter(part)) out.parameters.emplace_back(part.substr(1, part.size() - 2), of_path);
    return true;
  });
  return out;
}

}  // namespace confab::api
