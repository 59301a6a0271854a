#include "journal/memory_store.hpp"
#include "journal/page.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <utility>

namespace confab::journal {
namespace {

class memory_reader final : public reader {
 public:
  explicit memory_reader(memory_store& store) : store_(store) {}

  void stop_when(std::function<bool()>) override {}  // none takes long

  result<room_info> room(const room_id& id) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    return room->info();
  }

  result<std::vector<log_entry>> entries(const room_id& id, seq_no after, seq_no upto,
                                         std::size_t count, std::size_t bytes) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    entry_page page{count, bytes};
    const auto end = std::min<std::uint64_t>(room->log.size(), upto.value());
    for (auto seq = after.value(); seq < end; ++seq)
      if (!page.add(room->log[seq])) break;
    return std::move(page).take();
  }

  result<message_page> messages(const room_id& id, const user_id& asker,
                                std::optional<seq_no> before, std::optional<seq_no> after,
                                std::size_t count, std::size_t bytes,
                                std::optional<seq_no> thread) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);

    const auto range = message_range::of(before, after, room->view.head);
    message_page_builder page{range.direction, count, bytes};
    // False: the page is complete.
    const auto look_at = [&](std::uint64_t seq) {
      const auto* message = room->message(seq_no{seq});
      if (!message) return true;
      if (thread) {
        const auto in = std::get<posted>(message->body).where.thread.value_or(seq_no{});
        const bool is_root = *thread == message->seq && in == seq_no{};
        if (in != *thread && !is_root) return true;
      }
      if (!page.full() && page.add(rooms::summarise(room->folded(*message), asker))) return true;
      page.has_more();
      return false;
    };
    const auto first = range.above.value() + 1;
    const auto end = std::min<std::uint64_t>(range.below.value(), room->log.size() + 1);
    if (range.above.value() >= end) return std::move(page).take(room->view.head);
    if (range.direction == reading::forward)
      for (auto seq = first; seq < end && look_at(seq); ++seq) continue;
    else
      for (auto seq = end; seq > first && look_at(seq - 1); --seq) continue;
    return std::move(page).take(room->view.head);
  }

  result<reaction_page> reactions(const room_id& id, seq_no target, std::string_view emoji,
                                  seq_no after, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    reaction_page page;
    const auto* message = room->message(target);
    if (!message) return page;
    const auto folded = room->folded(*message);
    const auto at = folded.reactions.find(std::string{emoji});
    if (at == folded.reactions.end()) return page;
    page.count = at->second.size();
    seq_no last = after;
    for (const auto& one : at->second) {
      if (one.seq <= after) continue;
      if (page.users.size() >= count) {
        page.next = last;
        break;
      }
      page.users.push_back(one.user);
      last = one.seq;
    }
    return page;
  }

  result<member_found> member(const room_id& id, const user_id& user) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    const auto at = room->members.find(user);
    return member_found{at == room->members.end() ? rooms::member_row{} : at->second,
                        room->view.head};
  }

  result<member_page> members(const room_id& id, member_state state,
                              const std::optional<user_id>& after, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    member_page page;
    page.head = room->view.head;
    auto at = after ? room->members.upper_bound(*after) : room->members.begin();
    for (; at != room->members.end(); ++at) {
      if (at->second.state != state) continue;
      if (page.members.size() >= count) {
        page.more = true;
        break;
      }
      page.members.push_back({at->first, at->second});
    }
    return page;
  }

  result<std::vector<pinned_message>> pins(const room_id& id, const user_id& asker,
                                           std::optional<seq_no> after,
                                           std::size_t bytes) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    const auto& order = room->view.pins;
    auto at = order.begin();
    if (after)
      if (const auto found = std::ranges::find(order, *after); found != order.end())
        at = found + 1;
    std::vector<pinned_message> page;
    std::size_t used = 0;
    for (; at != order.end(); ++at) {
      auto shown = rooms::summarise(room->folded(*room->message(*at)), asker);
      used += cost_of(shown);
      if (!page.empty() && used > bytes) break;
      const auto& pin = room->pins.at(at->value());
      page.push_back({pin.by, pin.at, std::move(shown)});
    }
    return page;
  }

  result<thread_page> threads(const room_id& id, const user_id& asker, bool mine,
                              std::optional<seq_no> before, std::size_t count,
                              std::size_t bytes) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    std::vector<const rooms::folded_message*> roots;
    const auto is_mine = [&](const rooms::folded_message& root) {
      return root.from == asker || std::ranges::any_of(root.replies, [&](const auto& reply) {
               return room->message(reply.seq)->from == asker;
             });
    };
    for (const auto& [seq, folded] : room->changed)
      if (!folded.replies.empty() && (!before || folded.replies.back().seq < *before) &&
          (!mine || is_mine(folded)))
        roots.push_back(&folded);
    std::ranges::sort(roots, std::ranges::greater{},
                      [](const auto* root) { return root->replies.back().seq; });
    thread_page page;
    std::size_t used = 0;
    for (const auto* root : roots) {
      auto shown = rooms::summarise(*root, asker);
      used += cost_of(shown);
      if (page.roots.size() >= count || (!page.roots.empty() && used > bytes)) {
        page.next = page.roots.back().last_reply;
        break;
      }
      page.roots.push_back(std::move(shown));
    }
    return page;
  }

  result<std::vector<seq_no>> messages_of(const room_id& id, std::span<const user_id> users,
                                          unix_ms since, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    std::vector<seq_no> seqs;
    latest_of wanted{users, since, count};
    for (auto at = room->log.rbegin(); at != room->log.rend() && !wanted.complete(); ++at) {
      if (!std::holds_alternative<posted>(at->body)) continue;
      if (wanted.take(at->from.view(), at->at) && !room->folded(*at).deleted) seqs.push_back(at->seq);
    }
    return seqs;
  }

  result<bool> has_blocked(const user_id& blocker, const user_id& blocked) override {
    const std::shared_lock lock{store_.border};
    const auto at = store_.marks.find({blocker, rooms::mark::kind::block, blocked.value()});
    return at != store_.marks.end() && at->second.what.value != 0;
  }

  result<std::vector<user_set>> profiles(std::span<const user_id> users) override {
    const std::shared_lock lock{store_.border};
    std::vector<user_set> found;
    for (const auto& user : users)
      if (const auto at = store_.profiles.find(user); at != store_.profiles.end())
        found.push_back(at->second);
    return found;
  }

  result<std::vector<room_info>> rooms(const std::optional<room_id>& after,
                                       const room_filter& filter, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    std::vector<room_info> page;
    auto at = after ? store_.rooms.upper_bound(*after) : store_.rooms.begin();
    for (; at != store_.rooms.end() && page.size() <= count; ++at)
      if (!at->second.view.direct && at->first != rooms::server_room && filter.admits(at->first)) {
        const auto own = at->second.members.find(filter.asker);
        const bool has_row = own != at->second.members.end();
        const bool hidden = at->second.view.settings().is_private() && !filter.hidden_too;
        if (hidden && !(has_row && is_row_of_inbox(own->second))) continue;
        auto& info = page.emplace_back(at->second.info());
        if (has_row) info.asker = own->second;
      }
    return page;
  }

  result<std::vector<room_info>> directs(const user_id& user, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    std::vector<const memory_room*> found;
    for (const auto& [id, room] : store_.rooms) {
      const auto& pair = room.view.direct;
      if (pair && (pair->first == user || pair->second == user) && !room.log.empty())
        found.push_back(&room);
    }
    std::ranges::sort(found, std::ranges::greater{}, &memory_room::last_position);
    found.resize(std::min(found.size(), count));
    std::vector<room_info> page;
    for (const auto* room : found) page.push_back(room->info());
    return page;
  }

  result<std::vector<feed_item>> feed(std::uint64_t after, std::size_t count,
                                      std::size_t bytes) override {
    const std::shared_lock lock{store_.border};
    std::vector<feed_item> items;
    std::size_t used = 0;
    auto at = std::ranges::upper_bound(store_.order, after, {}, &log_place::position);
    for (; at != store_.order.end() && items.size() < count; ++at) {
      const auto& entry = at->room->log[at->seq.value() - 1];
      used += cost_of(entry);
      if (!items.empty() && used > bytes) break;
      items.push_back({at->position, at->room->view.room, entry});
    }
    return items;
  }

  result<std::vector<stored_mark>> marks(const user_id& user, rooms::mark::kind of) override {
    const std::shared_lock lock{store_.border};
    std::vector<stored_mark> found;
    for (auto at = store_.marks.lower_bound({user, of, ""}); at != store_.marks.end(); ++at) {
      if (std::get<0>(at->first) != user || std::get<1>(at->first) != of) break;
      found.push_back(at->second);
    }
    return found;
  }

 private:
  const memory_room* find(const room_id& id) const {
    const auto at = store_.rooms.find(id);
    return at == store_.rooms.end() ? nullptr : &at->second;
  }
  struct unknown {
    explicit unknown(const room_id& id) : detail("no room " + id.value()) {}
    template <class T>
    operator result<T>() const {
      return {fault::no_such_room, detail};
    }
    std::string detail;
  };

  memory_store& store_;
};

}  // namespace

std::unique_ptr<reader> read_memory(memory_store& store) {
  return std::make_unique<memory_reader>(store);
}

}  // namespace confab::journal
