#pragma once

#include "journal/sqlite_statement.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace confab::journal::sqlite {

/// Copies the write-ahead log into the database file beside the writer, on a thread and a
/// connection of its own, and keeps the log bounded.
///
/// A PASSIVE checkpoint never makes the writer wait, but under constant load it never catches up
/// either, and only a log that was copied to its end is begun anew. So when little is left, or the
/// log is long, the thread hands over: the writer copies the rest itself, between two commits, when
/// nothing can be added. (RESTART from this thread would do the same while the writer sleeps in
/// SQLite's busy handler.)
class checkpointer {
 public:
  /// In pages of 4 KiB. The log's file stays at about `restart_pages` (64 MiB), and is reused.
  struct limits {
    int copy_pages = 4'000;      // copy when that many were not copied yet
    int restart_pages = 16'000;  // begin anew when that many are in the log
    int rest_pages = 200;        // or as soon as no more than that are left to copy
  };

  explicit checkpointer(connection own) : checkpointer(std::move(own), limits{}) {}
  checkpointer(connection own, limits at);
  checkpointer(const checkpointer&) = delete;
  checkpointer& operator=(const checkpointer&) = delete;
  ~checkpointer();

  /// From the writer's thread, after a commit that left the log with `pages`.
  void committed(int pages);

  /// From the writer's thread, between commits: its share of the work, if any. Also makes room in
  /// the log's file for what comes: a commit that makes the file longer has to sync its inode as
  /// well, which takes a fifth of the commit's time (bench/README.md).
  void help(connection& writer);

  /// From the writer's thread, between commits: empties the log's file, whose frames hold pages as
  /// they were before. False: somebody reads from it, or the thread copies just now.
  bool empty_log(connection& writer);

  /// Why nothing must be written or synced any more, on any connection. For good.
  std::optional<std::string> fatal() const;
  void set_fatal(std::string why);

 private:
  void work();
  void reserve(connection& writer, int pages);
  void copied(int code, int pages, int done, const connection& by, unsigned restarts);

  connection own_;
  const limits limits_;
  sqlite3_int64 reserved_ = 0;  // bytes of the log's file, as far as known; the writer's thread's
  mutable std::mutex border_;  // between the writer's thread and this one's
  std::condition_variable changed_;
  int pages_ = 0;   // in the log
  int copied_ = 0;  // of them, in the database as well
  unsigned restarts_ = 0;
  bool handed_over_ = false;
  bool stopping_ = false;
  std::optional<std::string> fatal_;
  std::thread thread_;
};

}  // namespace confab::journal::sqlite
