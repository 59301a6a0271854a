// The hooks that the chat asks, where the deployment has any.

#include "server/chat.hpp"
#include "server/log.hpp"

#include <utility>

namespace confab::server {

void chat::open_asker(const config& how) {
  if (how.hook_check_url.empty() && how.hook_files_url.empty()) return;
  hook_asker_options asking;
  asking.check_url = how.hook_check_url;
  asking.files_url = how.hook_files_url;
  asking.secret = how.hook_secret;
  asking.rooms = webhooks::room_choice{how.hook_check_rooms};
  asking.budget = how.hook_check_budget;
  asking.lets_through = how.hook_check_fail == hook_failing::open;
  asking.limits = limits_;
  for (const auto& each : how.hook_nets)
    if (const auto net = transport::network::make(each)) asking.nets.push_back(*net);
  asking.now = [this] { return webhooks::moment{env_.now(), env_.steady_now()}; };
  asking.random = env_.random;
  asking.bug = [this] { actors::report_bug(env_, "hooks", {}); };
  asking.turned = [](std::string_view hook, bool rests, std::string_view why) {
    if (rests)
      log::warn("hook-resting", "hook={} detail={}", hook, why);
    else
      log::info("hook-recovered", "hook={}", hook);
  };
  asker_ = std::make_unique<hook_asker>(std::move(asking));
  env_.hooks = asker_.get();
}

}  // namespace confab::server
