#pragma once

#include "actors/asked_hooks.hpp"
#include "transport/address.hpp"
#include "webhooks/asked_body.hpp"
#include "webhooks/engine.hpp"
#include "webhooks/events.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace confab::server {

struct hook_asker_options {
  std::string check_url;  // empty: no messages are checked,
  std::string files_url;  // and there are no files
  std::string secret;
  webhooks::room_choice rooms;  // whose messages are checked
  std::chrono::milliseconds budget{500};
  bool lets_through = false;  // what could not be checked
  decode_limits limits;
  std::vector<transport::network> nets;  // as of hook_sender_options
  std::function<webhooks::moment()> now;
  std::function<std::uint64_t()> random;
  std::function<void()> bug = [] {};  // of an exception that was caught
  /// A hook has failed too often and is not asked for a while, or works again.
  std::function<void(std::string_view hook, bool rests, std::string_view why)> turned =
      [](auto, auto, auto) {};
};

/// What came of the questions to a hook.
struct hook_counts {
  std::string_view hook;  // a literal
  std::array<std::uint64_t, webhooks::asked_results.size()> results{};
  std::uint64_t under_way = 0;
  std::uint64_t answer_ms = 0;  // of all that were asked, together
};

/// Asks the deployment, on a thread of its own, which waits for all sockets at once. Any thread may
/// call.
class hook_asker final : public actors::asked_hooks {
 public:
  explicit hook_asker(hook_asker_options how);
  ~hook_asker() override;

  bool checks(const room_id& room) const noexcept override;
  bool has_files() const noexcept override;
  void ask(rooms::message_question what, hear then) override;
  void ask(rooms::upload_question what, hear then) override;
  void ask(rooms::download_question what, hear then) override;

  std::vector<hook_counts> numbers() const;
  /// What is under way is given up and not answered.
  void end();

 private:
  class work;
  const std::shared_ptr<work> work_;
  std::thread thread_;
};

}  // namespace confab::server
