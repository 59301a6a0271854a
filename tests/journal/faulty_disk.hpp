#pragma once

#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

namespace confab::journal::test {

/// What is wrong with one of the files.
struct faulty_file {
  std::atomic<int> write_code = SQLITE_OK;  // what a write answers once `writes_left` is 0
  std::atomic<int> writes_left = 0;
  std::atomic<int> sync_code = SQLITE_OK;
  std::atomic<int> syncs = 0;  // how many there were

  void heal() { write_code = sync_code = SQLITE_OK; }
  void fail_writes(int code, int after) {
    writes_left = after;
    write_code = code;
  }
};

/// Whether the process lives on. A process that is killed loses nothing that it has written, synced
/// or not; so tests of that need no syncs.
struct mortality {
  std::atomic<int> calls = 0;    // writes, syncs and truncations of all files
  std::atomic<int> kill_at = 0;  // the call within which the process is killed; 0: none
  std::atomic<bool> syncs = true;
};

/// While it lives, SQLite's files are on a disk that fails on demand: the default VFS with some
/// calls answered by a code instead. Only files that are opened meanwhile.
class faulty_disk {
 public:
  static inline faulty_file log;
  static inline faulty_file database;
  static inline mortality process;

  faulty_disk() {
    for (auto* one : {&log, &database}) {
      one->heal();
      one->syncs = 0;
    }
    process.calls = process.kill_at = 0;
    process.syncs = true;
    disk() = sqlite3_vfs_find(nullptr);
    shim_ = *disk();
    shim_.zName = "faulty";
    shim_.pNext = nullptr;
    shim_.xOpen = open;
    if (sqlite3_vfs_register(&shim_, 1) != SQLITE_OK) throw std::runtime_error("no VFS");
  }
  faulty_disk(const faulty_disk&) = delete;
  faulty_disk& operator=(const faulty_disk&) = delete;
  ~faulty_disk() {
    sqlite3_vfs_unregister(&shim_);
    sqlite3_vfs_register(disk(), 1);
  }

 private:
  static sqlite3_vfs*& disk() {
    static sqlite3_vfs* real = nullptr;
    return real;
  }
  static const sqlite3_io_methods*& real() {
    static const sqlite3_io_methods* methods = nullptr;
    return methods;
  }

  static bool dies_here() {
    return ++process.calls == process.kill_at;
  }
  [[noreturn]] static void die() {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }

  template <faulty_file& Of>
  static int write(sqlite3_file* to, const void* bytes, int count, sqlite3_int64 offset) {
    if (dies_here()) {
      real()->xWrite(to, bytes, count / 2, offset);
      die();
    }
    if (Of.write_code != SQLITE_OK && Of.writes_left-- <= 0) return Of.write_code;
    return real()->xWrite(to, bytes, count, offset);
  }
  template <faulty_file& Of>
  static int sync(sqlite3_file* of, int flags) {
    ++Of.syncs;
    if (dies_here()) die();
    if (Of.sync_code != SQLITE_OK) return Of.sync_code;
    return process.syncs ? real()->xSync(of, flags) : SQLITE_OK;
  }
  static int truncate(sqlite3_file* of, sqlite3_int64 size) {
    if (dies_here()) die();
    return real()->xTruncate(of, size);
  }
  template <faulty_file& Of>
  static const sqlite3_io_methods* faulty() {
    static sqlite3_io_methods methods = [] {
      auto copy = *real();
      copy.xWrite = write<Of>;
      copy.xSync = sync<Of>;
      copy.xTruncate = truncate;
      return copy;
    }();
    return &methods;
  }
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* opened, int flags, int* out) {
    const int code = disk()->xOpen(disk(), name, opened, flags, out);
    if (code != SQLITE_OK || !(flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB))) return code;
    real() = opened->pMethods;  // the same for all: one way of locking
    opened->pMethods = flags & SQLITE_OPEN_WAL ? faulty<log>() : faulty<database>();
    return code;
  }

  sqlite3_vfs shim_;
};

}  // namespace confab::journal::test
