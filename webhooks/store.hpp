#pragma once

#include "webhooks/hook.hpp"
#include "webhooks/log_names.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace confab::webhooks {

inline constexpr const char* store_name = "confab.hooks.db";

/// Of each partition: all up to there is told.
using cursor_list = std::array<std::uint64_t, partitions>;

struct stored_hook {
  hook what;
  cursor_list cursors{};
};

/// What was refused for good.
struct dead_letter {
  std::uint64_t position = 0;
  event_kind kind = event_kind::gap;
  room_id room;
  seq_no seq;
  unix_ms at;  // when it was put aside
  unsigned status = 0;
  std::string answer;
};

/// A database of its own beside the journal: the webhooks, up to where each has been told, and
/// their dead letters. Used by one thread. Whatever answers false has stored nothing, and has said
/// why.
class store {
 public:
  virtual ~store() = default;
  virtual const std::vector<stored_hook>& at_start() const noexcept = 0;
  /// Of the journal.
  virtual const log_names& log() const noexcept = 0;
  /// Of a hook that is new or has changed, durably; with `cursors` where it goes on as well.
  virtual bool save(const hook& what, const cursor_list* cursors = nullptr) = 0;
  virtual bool remove(const std::string& id) = 0;
  /// Where it is lost, it is told again.
  virtual bool move(const std::string& id, const cursor_list& cursors) = 0;
  virtual bool add(const std::string& id, const std::vector<dead_letter>& letters) = 0;
  virtual bool forget(const std::string& id, std::uint64_t position) = 0;
  /// In order of position, behind `after`.
  virtual std::optional<std::vector<dead_letter>> dead(const std::string& id, std::uint64_t after,
                                                       std::size_t count) = 0;
  virtual std::optional<std::uint64_t> count_dead(const std::string& id) = 0;
  /// Those that are too old, and too many.
  virtual bool tidy(unix_ms now) = 0;
};

/// An empty `file` is one in memory. `head`: of the journal, `log`: its names. Where it went back to
/// an older copy, cursors go back to where the logs part: what is told behind it are other entries, and
/// dead letters from there are gone. Cursors of another journal altogether begin at the head of this.
std::variant<std::unique_ptr<store>, std::string> open_store(
    const std::string& file, const log_names& log, std::uint64_t head,
    std::function<void(std::string_view detail)> failed);

}  // namespace confab::webhooks
