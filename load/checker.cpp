#include "load/checker.hpp"

#include "protocol/ids.hpp"

#include <algorithm>

namespace confab::load {
namespace {

/// Tells two entries apart that stand under the same seq.
std::uint64_t content_of(frame_type type, std::string_view from, std::uint32_t text_sum,
                         std::uint64_t target) {
  auto out = static_cast<std::uint64_t>(crc_of(from)) << 32 | text_sum;
  out ^= target * 0x9e3779b97f4a7c15;
  return out + static_cast<std::uint64_t>(type);
}

/// False: it is in none of them.
bool take_out(seq_ranges& of, std::uint64_t seq) {
  const auto range = std::ranges::find_if(
      of, [&](const auto& each) { return each.first <= seq && seq <= each.second; });
  if (range == of.end()) return false;
  const auto [first, last] = *range;
  of.erase(range);
  if (first < seq) of.emplace_back(first, seq - 1);
  if (seq < last) of.emplace_back(seq + 1, last);
  return true;
}

}  // namespace

checker::checker(checks& count, std::uint32_t run, std::vector<std::string> rooms,
                 std::string user_prefix)
    : count_{count}, run_{run}, fixed_rooms_{rooms.size()}, user_prefix_{std::move(user_prefix)} {
  for (auto& each : rooms) number_of(each);
}

std::uint32_t checker::number_of(std::string_view room) {
  if (const auto found = numbers_.find(room); found != numbers_.end()) return found->second;
  const auto number = static_cast<std::uint32_t>(rooms_.size());
  rooms_.emplace_back(std::string{room});
  numbers_.emplace(room, number);
  return number;
}

void checker::ask(seat& at) {
  at.at = seat::state::asked;
  at.generation = rooms_[at.room].generation;
  at.known_head = rooms_[at.room].head;
}

checker::admission checker::admit(seat& at, const server_frame& joined, bool with_since) {
  auto& log = rooms_[at.room];
  const bool is_another = !log.epoch.empty() && log.epoch != joined.epoch;
  // What was shown before the request must be in what answers it; what others were shown since
  // then need not. The first who notices speaks for all.
  if ((is_another || joined.head < at.known_head) && at.generation == log.generation) {
    if (log.is_durable)
      count_.undurable_seen += is_another ? log.head : at.known_head - joined.head;
    log.set_back(is_another ? 0 : joined.head);
  }
  log.epoch = joined.epoch;
  log.head = std::max(log.head, joined.head);
  at.at = joined.more ? seat::state::catching_up : seat::state::inside;
  at.is_admitted = true;
  if (with_since && !joined.gap) return admission::resumed;
  if (with_since) close(at);
  at.from = joined.head;
  at.next = joined.head + 1;
  return with_since ? admission::gap : admission::fresh;
}

bool checker::is_damaged(const log_event& event, const read_stamp& text) const {
  return text.state == text_state::damaged ||
         (text.state == text_state::foreign && event.from.starts_with(user_prefix_));
}

bool checker::is_in_place(std::uint32_t room, std::uint32_t user, const log_event& event,
                          const read_stamp& text) {
  if (is_damaged(event, text)) {
    ++count_.damaged;
    return true;
  }
  if (text.state == text_state::foreign || text.stamp.run != run_) return true;
  const bool is_direct = rooms_[room].id.starts_with(direct_room_prefix);
  const bool is_right = text.stamp.kind == stamp_kind::direct
                            ? is_direct && (text.stamp.sender == user || text.stamp.room == user)
                            : !is_direct && text.stamp.room == room;
  if (!is_right) ++count_.wrong_room;
  return is_right;
}

bool checker::take(seat& at, std::uint32_t user, const log_event& event, const read_stamp& text,
                   std::int64_t connected_us, std::int64_t now_us) {
  const bool has_text = event.type == frame_type::message || event.type == frame_type::edited;
  if (has_text && !is_in_place(at.room, user, event, text)) return false;
  if (event.seq <= at.from) return false;
  if (event.seq < at.next) {
    const bool was_missing = at.missing && take_out(*at.missing, event.seq);
    ++(was_missing ? count_.out_of_order : count_.duplicated);
    if (!was_missing) return false;
  } else {
    if (event.prev >= at.next && event.prev < event.seq) {
      if (!at.missing) at.missing = std::make_unique<seq_ranges>();
      at.missing->emplace_back(at.next, event.prev);
    }
    at.next = event.seq + 1;
  }

  auto& log = rooms_[at.room];
  if (event.type == frame_type::message) log.last_message = std::max(log.last_message, event.seq);
  if (has_text && is_damaged(event, text)) {
    log.head = std::max(log.head, event.seq);
    return true;
  }
  const auto sum = has_text && text.state == text_state::intact ? text.sum : crc_of(event.text);
  const bool is_timed = event.type == frame_type::message && text.state == text_state::intact &&
                        text.stamp.run == run_;
  note(at.room, event.seq, content_of(event.type, event.from, sum, event.target),
       is_timed ? text.stamp.due_us : room_log::not_timed, connected_us, now_us);
  return true;
}

void checker::look_at(std::uint32_t room, std::uint32_t user, const log_event& event) {
  if (event.type == frame_type::message && !event.text.empty())
    is_in_place(room, user, event, read_text(event.text));
}

void checker::acknowledge(std::uint32_t room, std::uint64_t seq, std::string_view from,
                          std::uint32_t text_sum, std::int64_t due_us, std::int64_t connected_us,
                          std::int64_t now_us) {
  note(room, seq, content_of(frame_type::message, from, text_sum, 0), due_us, connected_us, now_us);
}

void checker::note(std::uint32_t room, std::uint64_t seq, std::uint64_t content,
                   std::int64_t due_us, std::int64_t connected_us, std::int64_t now_us) {
  auto* known = rooms_[room].note(seq, content, now_us, due_us);
  if (!known || known->content == content) return;
  // On one and the same connection nothing is shown twice, so a change needs a new one.
  if (known->shown_us >= connected_us) {
    ++count_.out_of_order;
    return;
  }
  ++count_.undurable_seen;
  *known = {seq, content, now_us, due_us};
}

void checker::close(seat& at, std::uint64_t head) {
  const auto end = std::max(head, at.next - 1);
  count_.expected += end - at.from;
  count_.lost += end - (at.next - 1);
  if (at.missing)
    for (const auto& [first, last] : *at.missing) count_.lost += last - first + 1;
  at.missing.reset();
  at.from = end;
  at.next = end + 1;
}

}  // namespace confab::load
