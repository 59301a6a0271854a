#pragma once

#include <memory>

/// What the rows of the table run; one file each for messages, publishing, rooms, members, people,
/// reading, the feed and webhooks.
namespace confab::api {

class service;
struct call;

namespace handlers {

using of_call = const std::shared_ptr<call>&;

// messages.cpp
void post_message(service& api, of_call of);
void post_direct(service& api, of_call of);
void edit_message(service& api, of_call of);
void delete_message(service& api, of_call of);
void delete_messages(service& api, of_call of);
void add_reaction(service& api, of_call of);
void remove_reaction(service& api, of_call of);
void pin(service& api, of_call of);
void unpin(service& api, of_call of);
// publishing.cpp
void publish(service& api, of_call of);
void broadcast(service& api, of_call of);
// reading.cpp
void list_messages(service& api, of_call of);
void get_message(service& api, of_call of);
void list_entries(service& api, of_call of);
void search(service& api, of_call of);
void list_reports(service& api, of_call of);
void close_report(service& api, of_call of);
// rooms.cpp
void list_rooms(service& api, of_call of);
void put_room(service& api, of_call of);
void get_room(service& api, of_call of);
void patch_room(service& api, of_call of);
void room_presence(service& api, of_call of);
// trimming.cpp
void trim_room(service& api, of_call of);
// members.cpp
void list_members(service& api, of_call of);
void change_members(service& api, of_call of);
void put_member(service& api, of_call of);
void remove_member(service& api, of_call of);
// people.cpp
void put_user(service& api, of_call of);
void patch_user(service& api, of_call of);
void get_user(service& api, of_call of);
void put_users(service& api, of_call of);
void list_sessions(service& api, of_call of);
void disconnect(service& api, of_call of);
void make_token(service& api, of_call of);
void presence(service& api, of_call of);
void signal(service& api, of_call of);
void stats(service& api, of_call of);
void node(service& api, of_call of);
void drain_node(service& api, of_call of);
void undrain_node(service& api, of_call of);
void openapi(service& api, of_call of);
// standing.cpp
void revoke(service& api, of_call of);
void deactivate(service& api, of_call of);
void reactivate(service& api, of_call of);
void list_users(service& api, of_call of);
void user_rooms(service& api, of_call of);
void user_unread(service& api, of_call of);
void move_marker(service& api, of_call of);
// auditing.cpp
void audit(service& api, of_call of);
// jobs.cpp
void erase_user(service& api, of_call of);
void export_user(service& api, of_call of);
void export_room(service& api, of_call of);
void delete_room(service& api, of_call of);
void list_jobs(service& api, of_call of);
void get_job(service& api, of_call of);
void delete_job(service& api, of_call of);
void job_result(service& api, of_call of);
// feed.cpp
void feed(service& api, of_call of);
// webhooks.cpp
void list_webhooks(service& api, of_call of);
void put_webhook(service& api, of_call of);
void get_webhook(service& api, of_call of);
void delete_webhook(service& api, of_call of);
void rotate_webhook(service& api, of_call of);
void test_webhook(service& api, of_call of);
void pause_webhook(service& api, of_call of);
void resume_webhook(service& api, of_call of);
void replay_webhook(service& api, of_call of);
void list_dead_letters(service& api, of_call of);
void retry_dead_letter(service& api, of_call of);

}  // namespace handlers
}  // namespace confab::api
