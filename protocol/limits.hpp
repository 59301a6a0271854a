#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Every bound of the protocol, unit last in its name. Those a deployment may change are defaults
/// here and fields of `server::config`; the others are part of the protocol.
namespace confab::limits {

using namespace std::chrono_literals;

// What a client may send.
inline constexpr std::size_t frame_bytes_max = 64 * 1024;  // default
inline constexpr std::size_t text_bytes_max = 4096;        // default
inline constexpr std::size_t data_bytes_max = 10 * 1024;
inline constexpr std::size_t data_nodes_max = 1500;
inline constexpr std::size_t name_bytes_max = 128;
inline constexpr std::size_t key_bytes_max = 64;
inline constexpr std::size_t token_bytes_max = 8 * 1024;
inline constexpr std::size_t emoji_bytes_max = 64;
inline constexpr std::size_t nesting_max = 32;
inline constexpr std::size_t topic_bytes_max = 1024;
inline constexpr std::size_t room_data_bytes_max = 8 * 1024;
inline constexpr std::size_t reason_bytes_max = 256;
inline constexpr std::size_t event_bytes_max = 200;
inline constexpr std::size_t mentions_max = 50;
inline constexpr std::size_t attachments_max = 10;
inline constexpr std::size_t attachments_bytes_max = 16 * 1024;
inline constexpr std::size_t attachment_url_bytes_max = 2048;
inline constexpr std::size_t attachment_ref_bytes_max = 256;
inline constexpr std::size_t delete_targets_max = 100;
inline constexpr std::size_t member_users_max = 100;  // named by one command
inline constexpr std::size_t cursor_bytes_max = 128;
inline constexpr std::size_t search_query_bytes_max = 256;
inline constexpr std::size_t search_words_max = 20;
inline constexpr std::size_t search_rooms_max = 100;  // that one names
inline constexpr std::int64_t slow_ms_max = 21'600'000;
inline constexpr std::size_t trim_entries_max = 1'000;  // by one entry
inline constexpr std::int64_t retention_ms_min = 3'600'000;
inline constexpr std::size_t frame_nodes_max = 2000;  // values: scalars, arrays, objects
inline constexpr std::uint64_t ref_max = (std::uint64_t{1} << 53) - 1;
inline constexpr std::size_t resume_rooms_max = 200;
inline constexpr std::size_t rooms_per_session_max = 200;  // default
inline constexpr std::size_t faults_in_a_row_max = 10;
inline constexpr std::size_t commands_in_flight_max = 64;
inline constexpr std::size_t bytes_in_flight_max = 256 * 1024;  // of one connection's commands
inline constexpr std::size_t bytes_in_flight_of_all_max = 256 * 1024 * 1024;
/// Pings and pongs of the WebSocket: more within this time close the connection (4003).
inline constexpr unsigned control_frames_max = 1000;
inline constexpr auto control_frames_span = 10s;
static_assert(text_bytes_max + data_bytes_max < frame_bytes_max,
              "the largest message must fit into one frame");
static_assert(data_nodes_max < frame_nodes_max, "and its values into what a frame may hold");

// What a session may cost in the long run, and at once after a pause.
inline constexpr unsigned commands_per_second = 50;  // default
inline constexpr unsigned commands_burst = 200;      // default
inline constexpr double frames_per_second = 8;       // of the largest size
inline constexpr double frames_burst = 32;
inline constexpr double nodes_per_second = 20'000;
inline constexpr double nodes_burst = 80'000;
inline constexpr double rows_per_second = 2'500;  // of logs, read for it
inline constexpr double rows_burst = 20'000;
inline constexpr double answer_bytes_per_second = 2 * 1024 * 1024;
inline constexpr double answer_bytes_burst = 8 * 1024 * 1024;
inline constexpr double signal_bytes_per_second = 64 * 1024;  // that others send to it
inline constexpr double signal_bytes_burst = 256 * 1024;
inline constexpr double user_share = 5;         // times as much for all sessions of a user,
inline constexpr double address_share = 20;     // and of an address; default
inline constexpr unsigned rooms_per_hour = 20;  // new ones, of a user; default
inline constexpr double rooms_address_share = 4;
inline constexpr unsigned invitations_per_hour = 100;  // users, of a user; default
inline constexpr unsigned reports_per_hour = 20;       // of a user
inline constexpr unsigned emits_per_second = 10;       // of a session; default
inline constexpr unsigned searches_per_second = 5;     // of a session; default
/// Refusals that go on for so long, or in so many bursts, close the connection (4003).
inline constexpr auto refusals_last_max = 10s;
inline constexpr auto refusals_pause_min = 1s;  // ends them
inline constexpr std::size_t refusals_bursts_max = 5;

// What a server answers at once.
inline constexpr std::size_t history_count_default = 50;
inline constexpr std::size_t history_count_max = 200;
inline constexpr std::size_t members_count_max = 100;  // of those online, in `joined`
inline constexpr std::size_t members_page_count_max = 100;
inline constexpr std::size_t users_count_max = 100;
inline constexpr std::size_t mentions_page_count_max = 200;
inline constexpr std::size_t inbox_page_count_max = 200;
inline constexpr std::size_t inbox_text_bytes_max = 256;  // of the last message of a room, as the inbox shows it
inline constexpr std::size_t mentions_told_max = 999;  // of one room; of unread messages all are told
inline constexpr std::chrono::milliseconds mentions_kept = std::chrono::hours{24 * 90};  // read ones; default
/// After which the entries that say so do not have the id any more of who was erased; default.
inline constexpr std::chrono::milliseconds erased_ids_kept = std::chrono::hours{24 * 30};
/// Of a guest, who is told apart by nothing else, and about as long after they came last.
inline constexpr std::chrono::milliseconds guest_names_kept = std::chrono::hours{24 * 30};
inline constexpr std::chrono::milliseconds guest_names_renewed = std::chrono::hours{24};
inline constexpr std::size_t search_hits_default = 20;
inline constexpr std::size_t search_hits_max = 100;
// What a room and a user may gather.
inline constexpr std::size_t pins_max = 100;
/// The latest of a room, among which is looked for who spoke last when slow mode is turned on.
inline constexpr std::size_t slow_mode_messages_max = 10'000;
inline constexpr std::size_t members_max = 100'000;           // of a room; default
inline constexpr std::size_t memberships_max = 2'000;         // of a user; default
inline constexpr std::size_t blocks_max = 2'000;              // of a user
inline constexpr std::size_t receipts_members_max = 100;      // of a room in which markers are told
inline constexpr std::size_t room_mention_members_max = 100;  // whose members may say "@room"; default
inline constexpr std::size_t directs_count_max = 50;
inline constexpr std::size_t rooms_page_count_max = 100;
inline constexpr std::size_t reactions_page_count_max = 1000;
inline constexpr std::size_t page_bytes_max = 256 * 1024;  // of texts and data in one frame
inline constexpr std::size_t page_entries_max = 500;       // log entries in one catch-up frame
inline constexpr std::size_t reads_per_user_max = 64;      // that wait for a shard's reader
inline constexpr auto read_time_max = 5s;                  // of one read, then it is `unavailable`

// What a slow reader may leave behind.
inline constexpr std::size_t outbox_bytes_max = 1024 * 1024;          // default
inline constexpr std::size_t outbound_bytes_max = 1024 * 1024 * 1024;  // of all; default
inline constexpr std::size_t outbox_droppable_bytes_max = 128 * 1024;  // above: no typing, no presence
inline constexpr std::size_t outbox_low_water_bytes = 64 * 1024;      // below: catch-up goes on
static_assert(page_bytes_max * 2 < outbox_bytes_max, "a reader may lag two pages");
static_assert(outbox_low_water_bytes < outbox_droppable_bytes_max &&
              outbox_droppable_bytes_max < outbox_bytes_max);

// Time.
inline constexpr auto hello_wait_max = 10s;
inline constexpr auto ping_interval = 25s;
inline constexpr auto pong_wait_max = 10s;
inline constexpr auto close_wait_max = 2s;
inline constexpr auto token_notice = 60s;
inline constexpr auto guest_token_life = 24h * 30;
inline constexpr auto typing_lapse = 10s;
inline constexpr auto presence_gather = 250ms;
inline constexpr auto presence_grace = 5s;
inline constexpr auto inbox_gather = 500ms;  // what a session is told of its user's rooms
inline constexpr auto receipts_gather = 1s;
inline constexpr auto reconnect_spread = 5s;
/// A reader that takes nothing of a catch-up for so long is too slow.
inline constexpr auto page_wait_max = 30s;
inline constexpr auto append_wait_max = 10s;
inline constexpr auto verdict_wait_max = 10s;  // for who checks the token of a hello
inline constexpr auto room_idle = 30s;
inline constexpr auto write_window = 24ms;
inline constexpr auto commit_window = 2ms;
/// From here on a shard counts as busy: written one by one, these would take a quarter of its time
/// (a send is 5 to 8 µs, see bench/README.md).
inline constexpr double busy_deliveries_per_second = 50'000;

}  // namespace confab::limits
