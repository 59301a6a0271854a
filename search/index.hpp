#pragma once

#include "journal/journal.hpp"
#include "protocol/ids.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>

/// Which messages have which words: a database of its own beside the journal. All of it can be made
/// anew from the journal, and is where it does not belong to it: after an older copy of the journal
/// was put back, or by another version of the tokens.
namespace confab::search {

inline constexpr const char* index_name = "confab.search.db";

struct index_options {
  std::string file;
  /// Words of messages that were deleted or edited leave the file so long after, in some steps: the
  /// norm gives an hour.
  std::chrono::milliseconds clean_after = std::chrono::minutes{30};
  /// Pages of the index that a step of that goes through.
  int clean_pages = 1'000;
  std::function<unix_ms()> now;
  /// Told what is wrong when it begins to fail, by whoever calls.
  std::function<void(std::string_view detail)> failed = [](auto) {};
};

/// The writing side; used by one thread at a time.
class index {
 public:
  virtual ~index() = default;
  /// Of the last item of the feed that is in it. Stored in one step with what it says.
  virtual std::uint64_t position() const noexcept = 0;
  /// Items in the order of the journal, each at least once. False: nothing of it was stored.
  virtual bool take(std::span<const journal::feed_item> items) = 0;
  /// A step of cleaning, where it is time for one. True: call it again soon.
  virtual bool clean() = 0;

  /// Of the file: another one whenever it was made anew, which begins at position 0; while it is
  /// known to be damaged, 0. Any thread.
  virtual std::uint64_t generation() const noexcept = 0;
  /// A reader found this one damaged: the next `take` or `clean` makes it anew. Any thread.
  virtual void doubt(std::uint64_t generation) noexcept = 0;
};

/// Opens the index of a journal, or begins one. The error is for the operator.
std::variant<std::unique_ptr<index>, std::string> open_index(index_options how,
                                                             journal::journal& of);

/// Removes it; the next `open_index` begins anew. False: there was none.
bool remove_index(const std::string& file);

}  // namespace confab::search
