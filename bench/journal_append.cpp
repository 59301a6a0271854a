// Appends through the actors beside a bare SQLite loop with the same batches, in interleaved
// rounds. Prints one JSON object. The goal: at least 0.8 of the bare loop.
//
//   bench_journal [SECONDS PER ROUND] [ROUNDS]

#include "actors/environment.hpp"
#include "actors/journal_writer.hpp"
#include "journal/journal.hpp"

#include <sqlite3.h>
#include <unistd.h>
#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace confab;

namespace {

using clock_type = std::chrono::steady_clock;

constexpr int rooms_count = 100;
const std::string text(200, 'x');

unix_ms now() {
  return unix_ms{std::chrono::duration_cast<std::chrono::milliseconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count()};
}

double seconds_since(clock_type::time_point then) {
  return std::chrono::duration<double>(clock_type::now() - then).count();
}

[[noreturn]] void die(const char* why) {
  std::fprintf(stderr, "bench_journal: %s\n", why);
  std::exit(1);
}

void check(int rc, sqlite3* db) {
  if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) die(sqlite3_errmsg(db));
}

/// What anybody would write: one prepared insert, one transaction per batch, the same pragmas.
class bare_loop {
 public:
  explicit bare_loop(const std::string& directory) {
    std::filesystem::create_directories(directory);
    check(sqlite3_open((directory + "/bare.db").c_str(), &db_), db_);
    for (const char* sql :
         {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-65536",
          "CREATE TABLE log(id INTEGER PRIMARY KEY, room INTEGER, seq INTEGER, at INTEGER, sender "
          "TEXT,"
          " key TEXT, kind INTEGER, body TEXT, UNIQUE(room, seq))"})
      check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), db_);
    check(sqlite3_prepare_v2(
              db_, "INSERT INTO log(room, seq, at, sender, key, kind, body) VALUES(?,?,?,?,?,0,?)",
              -1, &insert_, nullptr),
          db_);
  }
  ~bare_loop() {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
  }

  void commit(int batch) {
    check(sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), db_);
    for (int i = 0; i < batch; ++i, ++next_) {
      const auto key = std::to_string(next_);
      sqlite3_bind_int64(insert_, 1, next_ % rooms_count);
      sqlite3_bind_int64(insert_, 2, next_ / rooms_count);
      sqlite3_bind_int64(insert_, 3, now().value());
      sqlite3_bind_text(insert_, 4, "alice", -1, SQLITE_STATIC);
      sqlite3_bind_text(insert_, 5, key.data(), static_cast<int>(key.size()), SQLITE_TRANSIENT);
      sqlite3_bind_text(insert_, 6, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
      check(sqlite3_step(insert_), db_);
      sqlite3_reset(insert_);
    }
    check(sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr), db_);
  }

 private:
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_int64 next_ = 0;
};

double rate_of_bare(bare_loop& loop, int batch, double seconds) {
  const auto begin = clock_type::now();
  long count = 0;
  while (seconds_since(begin) < seconds) {
    loop.commit(batch);
    count += batch;
  }
  return static_cast<double>(count) / seconds_since(begin);
}

rooms::principal alice() {
  rooms::principal by;
  by.user = user_id::trusted("alice");
  by.joined = true;
  return by;
}

/// Keeps two batches' worth of appends asked for, so that one queues while the other commits.
double rate_of_actors(caf::scoped_actor& self, const actors::writer_actor& writer, int batch,
                      double seconds, long& key) {
  const auto ask = [&] {
    self->send(writer, actors::append_request{
                           {},
                           {room_id::trusted("r" + std::to_string(key % rooms_count)), alice(),
                            std::to_string(key), rooms::post_message{{text, {}, {}, {}}, {}}}});
    ++key;
  };
  for (int i = 0; i < 2 * batch; ++i) ask();
  const auto begin = clock_type::now();
  long done = 0, open = 2 * batch;
  double rate = 0;
  while (open > 0) {
    self->receive([&](const actors::room_news& news) {
      for (const auto& one : news.of)
        if (std::holds_alternative<actors::not_stored>(one.what)) die("an append failed");
      const auto n = static_cast<long>(news.of.size());
      open -= n;
      done += n;
      if (seconds_since(begin) < seconds)
        for (long i = 0; i < n; ++i, ++open) ask();
      else if (rate == 0)
        rate = static_cast<double>(done) / seconds_since(begin);
    });
  }
  return rate;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1.0;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 3;
  const auto directory =
      std::filesystem::temp_directory_path() / ("confab-bench-" + std::to_string(getpid()));
  {
    auto opened = journal::open_sqlite(directory.string());
    if (const auto* why = std::get_if<std::string>(&opened)) die(why->c_str());
    auto& ours = std::get<std::unique_ptr<journal::journal>>(opened);
    bare_loop bare{directory.string()};
    caf::actor_system_config config;
    caf::actor_system system{config};
    actors::environment env;
    env.now = now;
    env.steady_now = std::chrono::steady_clock::now;
    const auto writer = system.spawn<actors::journal_writer, caf::detached>(
        &env, std::shared_ptr<journal::writer>{ours->make_writer()});
    caf::scoped_actor self{system};
    // The rooms' news come to this thread.
    env.board.add({});
    for (int r = 0; r < rooms_count; ++r) {
      const auto id = room_id::trusted("r" + std::to_string(r));
      env.board.woke(id, caf::actor_cast<actors::room_actor>(self));
      self->send(writer, actors::append_request{
                             {}, {id, alice(), {}, rooms::create_room{epoch_id{"e"}, {}, {}}}});
    }
    for (std::size_t open = rooms_count; open > 0;)
      self->receive([&](const actors::room_news& news) { open -= news.of.size(); });

    long key = 0;
    std::printf("{\"seconds\":%.1f,\"rounds\":%d", seconds, rounds);
    for (const int batch : {10, 100, 1000}) {
      std::vector<double> bare_rates, actor_rates, ratios;
      for (int round = 0; round < rounds; ++round) {
        bare_rates.push_back(rate_of_bare(bare, batch, seconds));
        actor_rates.push_back(rate_of_actors(self, writer, batch, seconds, key));
        ratios.push_back(actor_rates.back() / bare_rates.back());
      }
      std::printf(",\"batch_%d\":{\"bare_per_s\":%.0f,\"actors_per_s\":%.0f,\"ratio\":%.2f}", batch,
                  median(bare_rates), median(actor_rates), median(ratios));
    }
    std::printf("}\n");
    self->send_exit(writer, caf::exit_reason::user_shutdown);
  }
  std::filesystem::remove_all(directory);
}
