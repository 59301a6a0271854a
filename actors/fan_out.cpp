#include "actors/fan_out.hpp"

#include "actors/pacing.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace confab::actors {
namespace {

/// In the format that takes most.
std::size_t size_of(const broadcast& what) {
  std::size_t most = 0;
  for (const auto& bytes : what.bytes)
    if (bytes) most = std::max(most, bytes->size());
  return most;
}

bool joinable(const broadcast& what) {
  return what.weight == importance::required && what.except.value() == 0;
}

}  // namespace

void fan_out::admit(session_id session, frame_sink_ptr sink, room_user_no user,
                    wire_format format) {
  release();
  members_.push_back(
      {std::move(sink), session, user, static_cast<std::uint8_t>(format.index()), false});
}

void fan_out::dismiss(session_id session) {
  release();
  const auto gone = std::ranges::find(members_, session, &member::session);
  if (gone == members_.end()) return;
  if (&*gone != &members_.back()) *gone = std::move(members_.back());
  members_.pop_back();
}

void fan_out::add(broadcast what, time_point asked) {
  if (members_.empty()) return;
  if (what.writer) step_ahead(what.writer->session);
  std::size_t waiting = 0;
  for (auto& one : cohorts_) {
    waiting += one.members;
    one.asked = std::min(one.asked, asked);  // its commit may have taken longer
  }
  if (waiting < members_.size())
    cohorts_.push_back({members_.size() - waiting, held_.size(), asked});
  held_bytes_ += size_of(what);
  held_.push_back(std::move(what));
  last_asked_ = asked;
}

void fan_out::catch_up(session_id session) {
  if (held_.empty()) return;
  if (auto* who = step_ahead(session)) catch_up(*who);
}

void fan_out::release(std::size_t count) {
  for (auto& who : ahead_) catch_up(who);
  while (count > 0 && !cohorts_.empty()) {
    auto& oldest = cohorts_.front();
    const auto some = std::min(count, oldest.members);
    const auto all = runs(oldest.first);
    for (std::size_t i = 0; i < some; ++i) {
      auto& who = members_[cursor_];
      if (++cursor_ == members_.size()) cursor_ = 0;
      if (std::exchange(who.ahead, false)) continue;
      for (const auto& one : all) give(who, one.what, one.frames);
    }
    count -= some;
    oldest.members -= some;
    if (oldest.members == 0) cohorts_.erase(cohorts_.begin());
  }
  forget_given();
}

/// What everyone has, and that those were ahead who are not any more.
void fan_out::forget_given() {
  std::erase_if(ahead_, [&](const ahead& who) { return !members_[who.member].ahead; });
  if (cohorts_.empty()) {
    // Those are left that were due nothing, and so in no cohort.
    for (const auto& who : ahead_) members_[who.member].ahead = false;
    ahead_.clear();
    std::vector<broadcast>().swap(held_);
    held_bytes_ = cursor_ = 0;
    return;
  }
  const auto given = cohorts_.front().first;
  const auto end = held_.begin() + static_cast<std::ptrdiff_t>(given);
  for (auto one = held_.begin(); one != end; ++one) held_bytes_ -= size_of(*one);
  held_.erase(held_.begin(), end);
  for (auto& one : cohorts_) one.first -= given;
  for (auto& who : ahead_) who.given -= static_cast<std::uint32_t>(given);
}

std::size_t fan_out::due(time_point next, const bound& by) const noexcept {
  std::size_t now = 0, end = 0;
  for (const auto& one : cohorts_) {
    end += one.members;
    const auto left = one.asked + by.window - next;
    const auto later = left > duration{0} ? static_cast<std::size_t>(left / by.each) : 0;
    if (end > later) now = std::max(now, end - later);
  }
  return now;
}

fan_out::time_point fan_out::deadline(const bound& by) const noexcept {
  auto earliest = time_point::max();
  std::size_t end = 0;
  for (const auto& one : cohorts_) {
    end += one.members;
    earliest =
        std::min(earliest, one.asked + by.window - by.each * static_cast<duration::rep>(end));
  }
  return earliest;
}

void fan_out::close_all(close_code code, std::string_view reason) {
  release();
  for (const auto& who : members_) who.sink->close(code, std::string{reason});
  members_.clear();
}

/// Nothing if it is no member.
fan_out::ahead* fan_out::step_ahead(session_id session) {
  const auto at = std::ranges::find(members_, session, &member::session);
  if (at == members_.end()) return nullptr;
  const auto number = static_cast<std::uint32_t>(at - members_.begin());
  if (std::exchange(at->ahead, true)) return &*std::ranges::find(ahead_, number, &ahead::member);
  return &ahead_.emplace_back(ahead{number, static_cast<std::uint32_t>(first_due(number))});
}

std::size_t fan_out::first_due(std::size_t index) const noexcept {
  auto turn = (index + members_.size() - cursor_) % members_.size();
  for (const auto& one : cohorts_) {
    if (turn < one.members) return one.first;
    turn -= one.members;
  }
  return held_.size();
}

void fan_out::catch_up(ahead& who) {
  while (who.given < held_.size()) give(members_[who.member], held_[who.given++], 1);
}

std::vector<fan_out::run> fan_out::runs(std::size_t first) const {
  std::vector<run> all;
  for (auto next = held_.begin() + static_cast<std::ptrdiff_t>(first); next != held_.end();) {
    auto end = next + 1;
    if (joinable(*next))
      for (auto bytes = size_of(*next); end != held_.end() && joinable(*end); ++end)
        if ((bytes += size_of(*end)) > pacing::joined_bytes_max) break;
    auto& one = all.emplace_back(run{*next, static_cast<std::uint32_t>(end - next)});
    if (one.frames > 1)
      for (std::size_t format = 0; format < wire_formats_count; ++format) {
        if (!next->bytes[format]) continue;
        std::string joined;
        for (auto each = next; each != end; ++each)
          if (const auto& bytes = each->bytes[format]) joined += *bytes;
        one.what.bytes[format] = std::make_shared<const std::string>(std::move(joined));
      }
    next = end;
  }
  return all;
}

// A sink that overflows has closed itself with 4000 and its session will leave by itself; one
// that is closed is on its way out already. Neither is anything to act on here.
void fan_out::give(const member& who, const broadcast& what, std::uint32_t count) {
  if (what.except.value() == 0 || who.user != what.except)
    static_cast<void>(who.sink->push(what.bytes[who.format], what.weight, count));
}

}  // namespace confab::actors
