#pragma once

#include "protocol/ids.hpp"
#include "rooms/hook_question.hpp"

#include <functional>

namespace confab::actors {

/// The deployment's own word on messages and files. Implemented by server/; called on shards'
/// threads, so it must not block. Each question is answered once, from any thread and maybe at
/// once; where the server ends, not at all.
class asked_hooks {
 public:
  using hear = std::function<void(rooms::hook_verdict)>;

  virtual ~asked_hooks() = default;
  /// Whether messages there are asked for.
  virtual bool checks(const room_id& room) const noexcept = 0;
  virtual bool has_files() const noexcept = 0;
  /// `let_through` or `refused`.
  virtual void ask(rooms::message_question what, hear then) = 0;
  /// `file_place` or `refused`.
  virtual void ask(rooms::upload_question what, hear then) = 0;
  virtual void ask(rooms::download_question what, hear then) = 0;
};

}  // namespace confab::actors
