#include "journal/sqlite_checkpointer.hpp"

#include "journal/sqlite_faults.hpp"

#include <array>
#include <limits>

namespace confab::journal::sqlite {
namespace {

// https://www.sqlite.org/fileformat2.html#walformat: a page and 24 bytes before it.
constexpr sqlite3_int64 frame_bytes = 4096 + 24;
// Small, as the next commit has to sync them as well: with a megabyte that took a millisecond more,
// for one commit in fifty.
constexpr sqlite3_int64 reserve_bytes = 256 * 1024;
// More than a usual commit writes.
constexpr sqlite3_int64 spare_pages = 64;

}  // namespace

checkpointer::checkpointer(connection own, limits at)
    : own_(std::move(own)), limits_(at), thread_([this] { work(); }) {}

checkpointer::~checkpointer() {
  {
    const std::lock_guard lock{border_};
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
  if (fatal_) own_.leave_log_at_close();
}

void checkpointer::committed(int pages) {
  bool enough = false;
  {
    const std::lock_guard lock{border_};
    if (pages < pages_) copied_ = 0, ++restarts_;  // the log was begun anew
    pages_ = pages;
    enough = pages_ - copied_ >= limits_.copy_pages;
  }
  if (enough) changed_.notify_one();
}

void checkpointer::work() {
  std::unique_lock lock{border_};
  for (;;) {
    changed_.wait(lock, [&] {
      return stopping_ || (!handed_over_ && !fatal_ && pages_ - copied_ >= limits_.copy_pages);
    });
    if (stopping_) return;
    const auto restarts = restarts_;
    lock.unlock();
    int pages = 0, done = 0;
    const int code =
        sqlite3_wal_checkpoint_v2(own_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, &pages, &done);
    lock.lock();
    copied(code, pages, done, own_, restarts);
    const int rest = pages_ - done;
    handed_over_ = code == SQLITE_OK && rest > 0 &&
                   (pages_ >= limits_.restart_pages || rest <= limits_.rest_pages);
  }
}

void checkpointer::help(connection& writer) {
  int log_pages = 0;
  bool copy = false;
  {
    const std::lock_guard lock{border_};
    if (fatal_) return;
    log_pages = pages_;
    copy = handed_over_;
  }
  reserve(writer, log_pages);
  if (!copy) return;
  // The thread waits for `handed_over_`, so the checkpoint lock is free.
  int pages = 0, done = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(writer.get(), "main", SQLITE_CHECKPOINT_PASSIVE, &pages, &done);
  const std::lock_guard lock{border_};
  copied(code, pages, done, writer, restarts_);
  handed_over_ = false;
}

bool checkpointer::empty_log(connection& writer) {
  if (fatal()) return true;  // the log stays as it is, for good
  const int code =
      sqlite3_wal_checkpoint_v2(writer.get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  const std::lock_guard lock{border_};
  if (fault_before_commit(code) == fault::fatal) fatal_ = "checkpoint: " + words(code, writer);
  if (code != SQLITE_OK) return false;
  reserved_ = 0;
  pages_ = copied_ = 0;
  ++restarts_;
  return true;
}

/// Zeros behind the log: SQLite's recovery ends at the first frame that is not of this log. On a
/// disk that has no room for them the log grows as it did before.
void checkpointer::reserve(connection& writer, int pages) {
  if ((pages + spare_pages) * frame_bytes <= reserved_) return;
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(writer.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
      !log || !log->pMethods || log->pMethods->xFileSize(log, &reserved_) != SQLITE_OK ||
      reserved_ == 0)
    return;
  static constexpr std::array<char, 64 * 1024> zeros{};
  const auto before = reserved_;
  for (; reserved_ < before + reserve_bytes; reserved_ += zeros.size())
    if (log->pMethods->xWrite(log, zeros.data(), zeros.size(), reserved_) != SQLITE_OK) {
      log->pMethods->xTruncate(log, before);
      reserved_ = std::numeric_limits<sqlite3_int64>::max();  // not again
      return;
    }
}

/// After a failure (the disk is full, a lock is held) or behind a reader it is tried again when
/// the log has grown further.
void checkpointer::copied(int code, int pages, int done, const connection& by, unsigned restarts) {
  if (fault_before_commit(code) == fault::fatal) fatal_ = "checkpoint: " + words(code, by);
  if (restarts != restarts_) return;  // that log is gone already
  const bool stuck = code != SQLITE_OK || (done < pages && done <= copied_);
  copied_ = stuck ? pages_ : done;
}

void checkpointer::set_fatal(std::string why) {
  const std::lock_guard lock{border_};
  fatal_ = std::move(why);
}

std::optional<std::string> checkpointer::fatal() const {
  const std::lock_guard lock{border_};
  return fatal_;
}

}  // namespace confab::journal::sqlite
