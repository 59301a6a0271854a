#include "journal/memory_store.hpp"
#include "journal/page.hpp"
#include "protocol/wire_size.hpp"

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
    entry_page page{id, count, bytes};
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
    message_page_builder page{id, range.direction, count, bytes};
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
    const auto row = room->row_of(user);
    member_found found{row, room->view.head, {}};
    if (rooms::belongs(room->view, row, user)) {
      found.read = marker_of(*room, user, row);
      found.receipts = own_of(store_, *room, user).what.set.receipts;
    }
    return found;
  }

  result<notes_page> notes(const user_id& user, std::optional<std::uint64_t> before,
                           std::size_t count, std::size_t bytes,
                           const room_filter& allowed) override {
    const std::shared_lock lock{store_.border};
    std::map<std::uint64_t, std::pair<const memory_room*, rooms::note>, std::greater<>> latest;
    for (const auto& [id, room] : store_.rooms)
      if (const auto own = room.notes.find(user); own != room.notes.end() && is_allowed(allowed, id))
        for (const auto& [place, note] : own->second)
          if (!before || note.position < *before) latest.emplace(note.position, std::pair{&room, note});
    notes_page page;
    std::size_t used = 0;
    std::uint64_t last = 0;
    for (const auto& [position, found] : latest) {
      const auto& [room, note] = found;
      auto shown = rooms::summarise(room->folded(*room->message(note.message)), user);
      used += wire_size(room->view.room, shown);
      if (page.list.size() >= count || (!page.list.empty() && used > bytes)) {
        page.next = last;
        break;
      }
      last = position;
      const auto read = marker_of(*room, user, room->row_of(user));
      page.list.push_back({room->view.room, note.why, note.place <= read, std::move(shown)});
    }
    return page;
  }

  result<inbox_page> inbox(const inbox_query& what) override {
    const std::shared_lock lock{store_.border};
    return inbox_of(what);
  }
  result<message::inbox_row> inbox_row(const user_id& user, const room_id& room,
                                       unix_ms now) override {
    const std::shared_lock lock{store_.border};
    const auto* found = find(room);
    message::inbox_row shown;
    shown.room = room;
    shown.gone = "deleted";
    return found ? row_in(*found, user, now) : shown;
  }
  result<std::string> as_of(std::uint64_t position) override {
    return inbox_place{store_.journal, position}.text();
  }

  result<std::vector<std::pair<room_id, seq_no>>> unread_rooms(
      const user_id& user, const room_filter& allowed) override {
    const std::shared_lock lock{store_.border};
    std::vector<std::pair<room_id, seq_no>> found;
    for (const auto* room : rooms_of(user, allowed))
      if (const auto of = counts_in(*room, user);
          of && (of->read < of->head || own_of(store_, *room, user).what.set.marked))
        found.emplace_back(room->view.room, of->head);
    return found;
  }

  result<message::totals> totals(const user_id& user, unix_ms now,
                                 const room_filter& allowed) override {
    const std::shared_lock lock{store_.border};
    message::totals sum;
    for (const auto* room : rooms_of(user, allowed))
      if (const auto of = counts_in(*room, user)) add(sum, *of, own_in(*room, user, now));
    return sum;
  }

  result<std::optional<room_counts>> counts(const room_id& id, const user_id& user) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    return counts_in(*room, user);
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

  result<pin_page> pins(const room_id& id, const user_id& asker, std::optional<seq_no> after,
                        std::size_t bytes) override {
    const std::shared_lock lock{store_.border};
    const auto* room = find(id);
    if (!room) return unknown(id);
    pin_page page;
    std::size_t used = 0;
    auto last = after.value_or(seq_no{});
    for (const auto target : room->view.pins) {
      const auto& pin = room->pins.at(target.value());
      if (pin.seq <= last) continue;
      auto shown = rooms::summarise(room->folded(*room->message(target)), asker);
      used += wire_size(id, shown);
      if (!page.pins.empty() && used > bytes) {
        page.next = last;
        break;
      }
      page.pins.push_back({pin.by, pin.at, std::move(shown)});
      last = pin.seq;
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
      used += wire_size(id, shown);
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
      if (at->seq < room->view.floor) break;
      if (!std::holds_alternative<posted>(at->body)) continue;
      if (wanted.take(at->from.view(), at->at) && !room->folded(*at).deleted) seqs.push_back(at->seq);
    }
    return seqs;
  }

  result<trim_page> rooms_to_trim(const trim_query& what) override {
    return rooms_to_trim_of(store_, what);
  }
  result<trace_page> traces(const user_id& user, std::uint64_t after, std::size_t entries) override {
    return traces_of(store_, user, after, entries);
  }
  result<std::uint64_t> position_at(unix_ms at) override { return position_at_of(store_, at); }
  result<std::optional<unix_ms>> last_at() override { return last_at_of(store_); }
  result<bool> has_blocked(const user_id& blocker, const user_id& blocked) override {
    return has_blocked_of(store_, blocker, blocked);
  }
  result<std::vector<addressed_user>> addressed(const room_id& room, seq_no message) override {
    return addressed_of(store_, room, message);
  }
  result<std::vector<user_id>> asked_for_all(const room_id& room, const user_id& after,
                                             std::size_t count) override {
    return asked_for_all_of(store_, room, after, count);
  }
  result<marker_page> markers_moved(const marker_place& after, std::size_t) override {
    return markers_moved_of(store_, after);
  }
  result<std::vector<user_set>> profiles(std::span<const user_id> users) override {
    return profiles_of(store_, users);
  }
  result<std::vector<room_info>> rooms(const std::optional<room_id>& after,
                                       const room_filter& filter, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    std::vector<room_info> page;
    auto at = after ? store_.rooms.upper_bound(*after) : store_.rooms.begin();
    for (; at != store_.rooms.end() && page.size() <= count; ++at)
      if (!at->second.view.direct && !at->first.view().starts_with('@') && filter.admits(at->first)) {
        const auto own = at->second.members.find(filter.asker);
        const bool has_row = own != at->second.members.end();
        const bool hidden = at->second.view.settings().is_private() && !filter.hidden_too;
        if (hidden && !(has_row && own->second.is_row_of_inbox())) continue;
        auto& info = page.emplace_back(at->second.info());
        if (has_row) info.asker = own->second;
      }
    return page;
  }

  result<std::vector<room_info>> directs(const user_id& user, std::size_t count) override {
    const std::shared_lock lock{store_.border};
    return directs_of(store_, user, count);
  }

  result<std::vector<feed_item>> feed(std::uint64_t after, std::size_t count,
                                      std::size_t bytes) override {
    return feed_of(store_, after, count, bytes, [](const entry_body&) { return true; });
  }
  result<std::vector<feed_item>> audited(std::uint64_t after, std::size_t count,
                                         std::size_t bytes) override {
    return feed_of(store_, after, count, bytes, [](const entry_body& body) { return is_audited(body); });
  }
  result<std::vector<user_set>> users(std::string_view prefix, const user_id& after,
                                      std::size_t count) override {
    return users_of(store_, prefix, after, count);
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
  seq_no marker_of(const memory_room& room, const user_id& user,
                   const rooms::member_row& row) const {
    const auto mark =
        store_.marks.find({user, rooms::mark::kind::read_marker, room.view.room.value()});
    auto read = row.since;
    if (mark != store_.marks.end())
      read = std::max(read, seq_no{static_cast<std::uint64_t>(mark->second.what.value)});
    return std::min(read, room.view.head);
  }
  own_settings own_in(const memory_room& room, const user_id& user, unix_ms now) const {
    return rooms::in_force(own_of(store_, room, user).what, room.view.counted, now);
  }
  message::inbox_row row_in(const memory_room& room, const user_id& user, unix_ms now) const {
    const auto row = room.row_of(user);
    const auto counts = counts_in(room, user);
    if (!counts && !row.is_invited(now)) {
      message::inbox_row gone;
      gone.room = room.view.room;
      const auto end = room.gone.find(user);
      gone.gone = row.state == member_state::invited
                      ? "lapsed"
                      : reason_of_end(end == room.gone.end() ? member_state::none : end->second.how);
      return gone;
    }
    auto shown = row_of_inbox(room.view, row, user);
    if (counts) {
      shown.read = counts->read;
      shown.unread = counts->unread;
      shown.mentions = counts->mentions;
      shown.own = own_in(room, user, now);
    }
    auto place = row.since.value();
    if (const auto own = room.notes.find(user); own != room.notes.end() && !own->second.empty())
      place = std::max(place, own->second.rbegin()->first);
    bool first = true;
    const auto shown_since = shown_from(room.view, row, user);
    for (auto seq = room.log.size(); seq > 0; --seq) {
      const auto* message = room.message(seq_no{seq});
      if (!message || !rooms::counts(*message)) continue;
      if (std::exchange(first, false)) place = std::max<std::uint64_t>(place, seq);
      if (!shown_since || seq < shown_since->value()) break;
      const auto now_is = room.folded(*message);
      if (now_is.deleted) continue;
      shown.last = shown_last(rooms::summarise(now_is, user));
      break;
    }
    shown.at = place == 0 ? room.view.last_at : room.log[place - 1].at;
    return shown;
  }
  inbox_page inbox_of(const inbox_query& what) const {
    inbox_page page;
    page.position = store_.last_position;
    page.as_of = inbox_place{store_.journal, page.position}.text();
    auto since = inbox_place::parse(what.since);
    page.reset = !what.since.empty() && (!since || since->journal != store_.journal ||
                                         since->position > store_.last_position);
    if (page.reset) since.reset();
    const auto after = since ? std::nullopt : inbox_cursor::parse(what.after);
    std::vector<message::inbox_row> found;
    for (const auto* room : rooms_of(what.user, what.allowed)) {
      auto row = row_in(*room, what.user, what.now);
      if (!row.gone.empty()) {
        if (since) page.rows.push_back(std::move(row));
        continue;
      }
      if (row.read) {
        add(page.sum, {row.head, *row.read, row.unread, row.mentions}, row.own);
        page.all.push_back({row.room, row.head, *row.read, row.unread, row.mentions, row.own});
      }
      const auto mark = store_.marks.find(
          {what.user, rooms::mark::kind::read_marker, room->view.room.value()});
      const auto marked = mark == store_.marks.end() ? 0 : mark->second.position;
      const auto set = own_of(store_, *room, what.user).position;
      if (since && room->last_position <= since->position && marked < since->position &&
          set <= since->position)
        continue;
      if (!since && row.own.hidden) continue;
      if (!after || after->precedes(row)) found.push_back(std::move(row));
    }
    if (since) {
      for (const auto& [id, room] : store_.rooms)
        if (const auto end = room.gone.find(what.user);
            end != room.gone.end() && end->second.position > since->position &&
            is_allowed(what.allowed, id)) {
          auto& row = page.rows.emplace_back();
          row.room = id;
          row.gone = reason_of_end(end->second.how);
        }
      if (page.rows.size() + found.size() > limits::inbox_page_count_max) {
        auto anew = what;
        anew.since.clear();
        page = inbox_of(anew);
        page.reset = true;
        return page;
      }
    }
    std::ranges::sort(found, inbox_cursor::before);
    for (auto& row : found) {
      if (!since && page.rows.size() >= what.count) {
        page.next = inbox_cursor{page.rows.back().at, page.rows.back().room}.text();
        break;
      }
      page.rows.push_back(std::move(row));
    }
    return page;
  }
  /// Those that are theirs, and direct ones in which something was said.
  std::vector<const memory_room*> rooms_of(const user_id& user, const room_filter& allowed) const {
    std::vector<const memory_room*> found;
    for (const auto& [id, room] : store_.rooms) {
      const bool own = room.is_direct_of(user) || room.row_of(user).is_row_of_inbox();
      if (own && is_allowed(allowed, id)) found.push_back(&room);
    }
    return found;
  }
  /// One by one: what is counted here is little.
  std::optional<room_counts> counts_in(const memory_room& room, const user_id& user) const {
    const auto row = room.row_of(user);
    if (!rooms::belongs(room.view, row, user)) return std::nullopt;
    room_counts found{room.view.head, marker_of(room, user, row), 0, 0};
    const auto upto = std::max(found.read.value(), room.view.floor.value() - 1);
    for (auto seq = upto + 1; seq <= room.log.size(); ++seq) {
      const auto* message = room.message(seq_no{seq});
      if (!message || !rooms::counts(*message)) continue;
      const auto now = room.folded(*message);
      if (now.deleted) continue;
      ++found.unread;
      found.mentions += now.what.mentions.room;
    }
    if (const auto own = room.notes.find(user); own != room.notes.end())
      for (const auto& [place, note] : own->second) found.mentions += place > upto;
    found.mentions = std::min(found.mentions, std::uint64_t{limits::mentions_told_max});
    return found;
  }
  const memory_room* find(const room_id& id) const {
    const auto at = store_.rooms.find(id);
    return at == store_.rooms.end() ? nullptr : &at->second;
  }
  struct unknown {
    explicit unknown(const room_id& id) : detail("no room " + id.value()) {}
    template <class T>
    operator result<T>() const { return {fault::no_such_room, detail}; }
    std::string detail;
  };

  memory_store& store_;
};

}  // namespace

std::unique_ptr<reader> read_memory(memory_store& store) {
  return std::make_unique<memory_reader>(store);
}

}  // namespace confab::journal
