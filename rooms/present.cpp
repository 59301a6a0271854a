#include "rooms/present.hpp"
#include "protocol/overloaded.hpp"

#include <algorithm>
#include <unordered_map>
#include <variant>

namespace confab::rooms {
namespace {

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

void lose_reactions_of(folded_message& message, const erased& gone) {
  for (auto at = message.reactions.begin(); at != message.reactions.end();) {
    auto& users = at->second;
    std::erase_if(users, [&](const reaction& one) { return one.user == gone.user || one.user == gone.as; });
    at = users.empty() ? message.reactions.erase(at) : std::next(at);
  }
}

}  // namespace

folded_message begin_fold(const log_entry& message) {
  const auto& body = std::get<posted>(message.body);
  folded_message folded{message.seq, message.at, message.from, message.key, body.what,
                        message.seq, {},         {},           false,       {},
                        0,           0,          {},           body.where,  {},
                        {}};
  return folded;
}

void apply(folded_message& message, const log_entry& change) {
  std::visit(overloaded{
                 [](const posted&) {},
                 [](const recorded&) {},
                 [](const member_set&) {},
                 [](const room_set&) {},
                 [](const pinned&) {},
                 [](const user_set&) {},
                 [](const trimmed&) {},
                 [&](const erased& gone) { lose_reactions_of(message, gone); },
                 [&](const edited& edit) {
                   ++message.edits;
                   if (message.deleted) return;
                   message.what = edit.what;
                   message.content_at = change.seq;
                   message.edited_at = change.at;
                   message.edited_by.reset();
                   if (change.from != message.from) message.edited_by = change.from;
                 },
                 [&](const deleted& gone) {
                   if (message.deleted) return;
                   message.deleted = true;
                   message.deleted_reason = gone.reason;
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

void add_reply(folded_message& root, const log_entry& reply) {
  root.replies.push_back({reply.seq, reply.at});
}

void lose_reply(folded_message& root, seq_no reply) {
  const auto at = std::ranges::lower_bound(root.replies, reply, {}, &folded_message::reply::seq);
  if (at != root.replies.end() && at->seq == reply) root.replies.erase(at);
}

message::present_message summarise(const folded_message& message, const user_id& asker) {
  message::present_message shown{message.seq,       message.at,         message.from,
                                 message.key,       message.what,       message.edited_at,
                                 message.edited_by, message.deleted,    message.deleted_by,
                                 {},                message.where,      message.deleted_reason,
                                 message.replies.size(), {},            {}};
  if (!message.replies.empty()) {
    shown.last_reply = message.replies.back().seq;
    shown.last_reply_at = message.replies.back().at;
  }
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
  const auto root_of = [&](const posted& message) -> folded_message* {
    const auto at = message.where.thread ? index.find(*message.where.thread) : index.end();
    return at == index.end() ? nullptr : &folded[at->second];
  };
  std::unordered_map<seq_no, folded_message*> roots;  // by reply
  for (const auto& change : changes) {
    if (const auto* message = std::get_if<posted>(&change.body)) {
      if (auto* root = root_of(*message)) {
        add_reply(*root, change);
        roots.emplace(change.seq, root);
      }
      continue;
    }
    if (std::holds_alternative<erased>(change.body))
      for (auto& one : folded) apply(one, change);
    const auto target = target_of(change.body);
    if (!target) continue;
    const auto at = index.find(*target);
    if (at != index.end()) apply(folded[at->second], change);
    const auto reply = roots.find(*target);
    if (reply != roots.end() && std::holds_alternative<deleted>(change.body))
      lose_reply(*reply->second, *target);
  }
  return folded;
}

}  // namespace confab::rooms
