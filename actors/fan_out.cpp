#include "actors/fan_out.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace confab::actors {
namespace {

/// More in one buffer makes a write no cheaper, and may be more than an outbox has left.
constexpr std::size_t joined_bytes_max = 16 * 1024;

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

void fan_out::add(const broadcast& what) {
  if (members_.empty()) return;
  if (what.writer) step_ahead(*what.writer);
  held_bytes_ += size_of(what);
  held_.push_back(what);
}

void fan_out::catch_up(session_id session) {
  if (held_.empty()) return;
  if (auto* who = step_ahead(session)) catch_up(*who);
}

void fan_out::catch_up_writers() {
  for (auto& who : ahead_) catch_up(who);
}

void fan_out::release() {
  if (held_.empty()) return;
  catch_up_writers();
  const auto all = runs();
  for (auto& who : members_) {
    if (std::exchange(who.ahead, false)) continue;
    for (const auto& one : all) give(who, one.what, one.frames);
  }
  std::vector<broadcast>().swap(held_);
  ahead_.clear();
  held_bytes_ = 0;
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
  return &ahead_.emplace_back(ahead{number, 0});
}

void fan_out::catch_up(ahead& who) {
  while (who.given < held_.size()) give(members_[who.member], held_[who.given++], 1);
}

std::vector<fan_out::run> fan_out::runs() const {
  std::vector<run> all;
  for (auto next = held_.begin(); next != held_.end();) {
    auto end = next + 1;
    if (joinable(*next))
      for (auto bytes = size_of(*next); end != held_.end() && joinable(*end); ++end)
        if ((bytes += size_of(*end)) > joined_bytes_max) break;
    auto& one = all.emplace_back(run{*next, static_cast<std::uint32_t>(end - next)});
    if (one.frames > 1)
      for (std::size_t format = 0; format < wire_formats_count; ++format) {
        if (!next->bytes[format]) continue;
        std::string joined;
        for (auto each = next; each != end; ++each)
          if (each->bytes[format]) joined += *each->bytes[format];
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
