#include "rooms/present.hpp"

#include <algorithm>
#include <unordered_map>
#include <variant>

namespace confab::rooms {
namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};

void react(folded_message& message, const reacted& change, const log_entry& entry) {
  const auto is_own = [&](const reaction& one) { return one.user == entry.from; };
  if (change.on) {
    auto& users = message.reactions[change.emoji];
    if (std::ranges::none_of(users, is_own)) users.push_back({entry.from, entry.seq});
    return;
  }
  const auto at = message.reactions.find(change.emoji);
  if (at == message.reactions.end()) return;
  std::erase_if(at->second, is_own);
  if (at->second.empty()) message.reactions.erase(at);
}

}  // namespace

folded_message begin_fold(const log_entry& message) {
  const auto& body = std::get<posted>(message.body);
  folded_message folded{message.seq, message.at, message.from, message.key, body.what,
                        message.seq, {},         {},           false,       {},
                        0,           0,          {}};
  return folded;
}

void apply(folded_message& message, const log_entry& change) {
  std::visit(overloaded{
                 [](const posted&) {},
                 [](const recorded&) {},
                 [&](const edited& edit) {
                   ++message.edits;
                   if (message.deleted) return;
                   message.what = edit.what;
                   message.content_at = change.seq;
                   message.edited_at = change.at;
                   message.edited_by.reset();
                   if (change.from != message.from) message.edited_by = change.from;
                 },
                 [&](const deleted&) {
                   if (message.deleted) return;
                   message.deleted = true;
                   message.deleted_by = change.from;
                   message.what = {};
                   message.content_at = message.seq;
                   message.edited_at.reset();
                   message.edited_by.reset();
                   message.reactions.clear();
                 },
                 [&](const reacted& reaction) {
                   ++message.reaction_entries;
                   if (!message.deleted) react(message, reaction, change);
                 },
             },
             change.body);
}

message::present_message summarise(const folded_message& message, const user_id& asker) {
  message::present_message shown{message.seq,       message.at,         message.from,
                                 message.key,       message.what,       message.edited_at,
                                 message.edited_by, message.deleted,    message.deleted_by,
                                 {}};
  for (const auto& [emoji, users] : message.reactions) {
    auto& summary = shown.reactions[emoji];
    summary.count = users.size();
    for (const auto& one : users) {
      if (summary.users.size() < reaction_users_shown_max) summary.users.push_back(one.user);
      summary.mine = summary.mine || one.user == asker;
    }
  }
  return shown;
}

std::vector<folded_message> fold(std::span<const log_entry> messages,
                                 std::span<const log_entry> changes) {
  std::vector<folded_message> folded;
  std::unordered_map<seq_no, std::size_t> index;
  folded.reserve(messages.size());
  for (const auto& entry : messages) {
    if (!std::holds_alternative<posted>(entry.body)) continue;
    index.emplace(entry.seq, folded.size());
    folded.push_back(begin_fold(entry));
  }
  for (const auto& change : changes) {
    const auto target = target_of(change.body);
    const auto at = target ? index.find(*target) : index.end();
    if (at != index.end()) apply(folded[at->second], change);
  }
  return folded;
}

}  // namespace confab::rooms
