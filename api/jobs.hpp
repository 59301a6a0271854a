#pragma once

#include "journal/journal.hpp"
#include "protocol/ids.hpp"
#include "rooms/operation.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What goes on, or can be fetched, behind a call that was answered with 202.
namespace confab::api {

class service;
struct call;

enum class job_kind : std::uint8_t { erase, export_user, export_room, delete_room };
std::string_view name(job_kind of) noexcept;

struct job {
  std::uint64_t number = 0;
  job_kind kind = job_kind::erase;
  std::string about;  // a user or a room; of an erasure how the user is called since
  std::string by;     // the name of the key
  unix_ms at;
  std::string epoch;  // of a room that is deleted: one that comes after it by the same id is another
  bool done = false;  // likewise

  std::string id() const { return "j-" + std::to_string(number); }
};

/// As many are known as that, the latest.
inline constexpr std::size_t jobs_kept_max = 1'000;

/// The latest jobs. They are marks of the journal, by which a restart knows them: the mark of an older
/// one becomes that of the next. Any thread.
class job_book {
 public:
  /// Whose marks they are.
  static const user_id owner;

  bool is_read() const;
  /// What the journal has; once.
  void read(std::span<const journal::stored_mark> marks);
  /// A new one; it is known from then on, and kept where `keeps` is stored.
  job add(job_kind kind, std::string about, std::string by, unix_ms at, std::string epoch = {});
  std::optional<job> find(std::string_view id) const;
  /// The latest of the kind.
  std::optional<job> find(job_kind kind, std::string_view about) const;
  /// Those before `before`, the latest first.
  std::vector<job> list(std::uint64_t before, std::size_t count) const;
  void forget(std::uint64_t number);
  /// The job, which is done from now on.
  job finish(job what);

  static rooms::operation keeps(const job& what);
  static rooms::operation drops(const job& what);

 private:
  mutable std::mutex border_;
  bool read_ = false;                   // guarded
  std::uint64_t last_ = 0;              // guarded: number given
  std::map<std::uint64_t, job> known_;  // guarded
};

/// Begins what a job of the kind `delete_room` has to do, or goes on with it.
void delete_room(service& api, const job& what);
/// Answers with what a job of the kinds `export_…` has, line by line, straight from the log.
void stream_export(service& api, const std::shared_ptr<call>& of, const job& what);

}  // namespace confab::api
