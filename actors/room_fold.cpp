#include "actors/room_fold.hpp"

#include "actors/delivery.hpp"

#include <algorithm>
#include <unordered_map>

namespace confab::actors {
namespace {

void react(message::present_message& shown, const reacted& what, const user_id& who) {
  if (what.on) {
    auto& users = shown.reactions[what.emoji];
    if (std::ranges::find(users, who) == users.end()) users.push_back(who);
  } else if (auto at = shown.reactions.find(what.emoji); at != shown.reactions.end()) {
    std::erase(at->second, who);
    if (at->second.empty()) shown.reactions.erase(at);
  }
}

}  // namespace

std::vector<message::present_message> fold(std::span<const log_entry> messages,
                                           std::span<const log_entry> changes) {
  std::vector<message::present_message> shown;
  std::unordered_map<seq_no, std::size_t> index;
  shown.reserve(messages.size());
  for (const auto& entry : messages) {
    const auto* message = std::get_if<posted>(&entry.body);
    if (!message) continue;
    index.emplace(entry.seq, shown.size());
    shown.push_back({entry.seq, entry.at, entry.from, entry.key, message->what, {}, false, {}});
  }
  for (const auto& change : changes) {
    const auto target = target_of(change.body);
    const auto at = target ? index.find(*target) : index.end();
    if (at == index.end()) continue;
    auto& message = shown[at->second];
    if (message.deleted) continue;
    std::visit(overloaded{
                   [](const posted&) {},
                   [&](const edited& e) {
                     message.what = e.what;
                     message.edited_at = change.at;
                   },
                   [&](const deleted&) {
                     message.deleted = true;
                     message.what = {};
                     message.edited_at.reset();
                     message.reactions.clear();
                   },
                   [&](const reacted& r) { react(message, r, change.from); },
               },
               change.body);
  }
  return shown;
}

}  // namespace confab::actors
