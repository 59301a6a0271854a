// How long a start takes with a long log, what a message weighs on disk, and what bringing an older
// database forward costs. Prints JSON.
//   journal_open [ENTRIES] [DIRECTORY]     default: a million, in the system's temporary directory

#include "journal/journal.hpp"
#include "journal/sqlite_journal.hpp"
#include "journal/sqlite_schema.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

using namespace confab;
namespace fs = std::filesystem;

namespace {

using clock_type = std::chrono::steady_clock;
constexpr int rooms_count = 100;
constexpr std::int64_t batch_size = 4096;

double seconds_since(clock_type::time_point begin) {
  return std::chrono::duration<double>(clock_type::now() - begin).count();
}
[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}
std::string key_of(std::int64_t i) {
  auto key = std::to_string(i);
  return std::string(36 - key.size(), '0') + key;  // as long as a UUID
}
const std::string text(64, 'x');

std::unique_ptr<journal::journal> open(const std::string& directory) {
  journal::migration_options how;
  how.backup = false;
  auto opened = journal::open_sqlite(directory, {}, how);
  if (const auto* why = std::get_if<std::string>(&opened)) die(*why);
  return std::get<std::unique_ptr<journal::journal>>(std::move(opened));
}

double time_of_open(const std::string& directory) {
  const auto begin = clock_type::now();
  const auto opened = open(directory);
  const auto writer = opened->make_writer();
  return seconds_since(begin);
}

unix_ms now() {
  return unix_ms{std::chrono::duration_cast<std::chrono::milliseconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count()};
}

/// Messages of 64 bytes with keys, in a hundred rooms.
void fill(const std::string& directory, std::int64_t entries) {
  const auto opened = open(directory);
  const auto writer = opened->make_writer();
  rooms::principal alice;
  alice.user = user_id::trusted("alice");
  alice.joined = true;
  std::vector<rooms::operation> batch;
  for (int r = 0; r < rooms_count; ++r)
    batch.push_back({room_id::trusted("r" + std::to_string(r)), alice, {},
                     rooms::create_room{epoch_id{"e"}, {}, {}}});
  for (std::int64_t i = 0; i < entries; ++i) {
    batch.push_back({room_id::trusted("r" + std::to_string(i % rooms_count)), alice, key_of(i),
                     rooms::post_message{{text, {}, {}, {}}, {}}});
    if (static_cast<std::int64_t>(batch.size()) < batch_size && i + 1 < entries) continue;
    if (auto done = writer->commit(batch, now()); !done) die(done.detail());
    batch.clear();
  }
}

/// The same in the first schema.
void fill_old(const std::string& directory, std::int64_t entries) {
  fs::create_directories(directory);
  journal::sqlite::connection at;
  const auto path = directory + "/confab.db";
  if (journal::sqlite::open_connection(at, path, journal::sqlite::role::writer)) die(at.message());
  if (auto error = journal::sqlite::migrate(at, journal::sqlite::schema_steps().first(1)))
    die(*error);
  at.execute("pragma journal_mode = wal; pragma synchronous = off; begin");
  for (int r = 0; r < rooms_count; ++r)
    at.execute(("insert into rooms (room, title, epoch, created_at) values ('r" +
                std::to_string(r) + "', 'r', 'e', 1)")
                   .c_str());
  journal::sqlite::statement insert;
  if (insert.prepare(at, "insert into log (room, seq, at, sender, kind, key, text) "
                         "values (?1, ?2, ?3, 'alice', 0, ?4, ?5)"))
    die(at.message());
  for (std::int64_t i = 0; i < entries; ++i) {
    const auto key = key_of(i);
    if (journal::sqlite::query{insert, i % rooms_count + 1, i / rooms_count + 1, now().value(),
                               std::string_view{key}, std::string_view{text}}
            .run())
      die(at.message());
    if (i % 100'000 == 99'999) at.execute("commit; begin");
  }
  at.execute("commit");
}

double bytes_in(const std::string& directory) {
  double bytes = 0;
  for (const auto& file : fs::directory_iterator{directory})
    bytes += static_cast<double>(fs::file_size(file.path()));
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t entries = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  const auto top = (argc > 2 ? fs::path{argv[2]} : fs::temp_directory_path()) /
                   ("confab-open-" + std::to_string(getpid()));
  const auto empty = (top / "empty").string(), full = (top / "full").string(),
             old = (top / "old").string();
  time_of_open(empty);
  fill(full, entries);
  double empty_best = 1e9, full_best = 1e9;
  for (int round = 0; round < 5; ++round) {  // interleaved, the least of five
    empty_best = std::min(empty_best, time_of_open(empty));
    full_best = std::min(full_best, time_of_open(full));
  }
  const auto millions = static_cast<double>(entries) / 1e6;
  fill_old(old, entries);
  const auto old_bytes = bytes_in(old);
  const auto begin = clock_type::now();
  { const auto opened = open(old); }
  const auto migration = seconds_since(begin);
  std::printf("{\"entries\":%lld,\"open_empty_s\":%.3f,\"open_full_s\":%.3f,"
              "\"bytes_per_message\":%.0f,\"bytes_per_message_before\":%.0f,"
              "\"migration_s_per_million\":%.1f,\"migrated_bytes_per_message\":%.0f}\n",
              static_cast<long long>(entries), empty_best, full_best,
              bytes_in(full) / static_cast<double>(entries),
              old_bytes / static_cast<double>(entries), migration / millions,
              bytes_in(old) / static_cast<double>(entries));
  fs::remove_all(top);
}
