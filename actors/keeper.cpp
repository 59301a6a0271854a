#include "actors/keeper.hpp"

#include "actors/walls.hpp"
#include "protocol/limits.hpp"
#include "rooms/principal.hpp"

#include <utility>

namespace confab::actors {
namespace {

constexpr auto first_wait = std::chrono::minutes{1};
constexpr auto interval = std::chrono::hours{1};
/// After a read or a commit that failed.
constexpr auto retry_interval = std::chrono::minutes{1};
constexpr std::size_t rooms_looked_at = 200;

}  // namespace

clock_doubt doubt_of_clock(const environment& env, journal::reader& of) {
  const auto newest = of.last_at();
  return {env.now(), env.steady_now(), newest ? *newest : unix_ms{0}};
}

keeper::behavior_type keeper::make_behavior() {
  end_process_on_bug(*this, *env_);
  tell();
  end_round(first_wait);
  return {
      [this](const trim_old&) {
        planned_ = false;
        if (!goes_on_) go_on();
      },
      [this](const trim_more&) { go_on(); },
      [this](const resume_trimming&) {
        const bool was = is_in_doubt();
        doubt_.dispel(env_->now(), env_->steady_now());
        tell();
        if (was && !goes_on_) send(this, trim_more{});
        return trimming_resumed{was};
      },
      [this](const alive_request&) {
        tell();
        return still_here{};
      },
  };
}

/// `trim_old` begins a round, an hour after the last one; this is its next step.
void keeper::go_on() {
  if (!reader_) {
    reader_ = source_();
    reader_->tell_failures([this](std::string_view detail) { env_->bug("keeper", detail); });
  }
  if (!goes_on_) {
    goes_on_ = true;
    at_ = {{}, env_->now(), env_->how.rules.retention, rooms_looked_at};
    page_ = {};
    notes_.reset();
    forgets_ = false;
  }
  tell();
  if (is_in_doubt()) return end_round(interval);
  if (forgets_) return forget_names();
  if (notes_) return drop_notes();
  if (!page_.rooms.empty()) return trim_next();
  auto found = reader_->rooms_to_trim(at_);
  if (!found) return end_round(retry_interval);
  page_ = std::move(*found);
  if (!page_.rooms.empty()) return trim_next();  // and then the same rooms again
  if (!page_.next) return drop_notes();
  at_.after = std::move(page_.next);
  send(this, trim_more{});
}

/// A commit of its own: what a thousand entries take is a pause that one notices already.
void keeper::trim_next() {
  auto [room, upto] = std::move(page_.rooms.back());
  page_.rooms.pop_back();
  send(env_->writer, append_request{request_no{},
                                    {std::move(room), rooms::server_principal(), {},
                                     rooms::trim_room{upto}}});
  request(env_->writer, caf::infinite, flush_request{})
      .then(
          [this](const flushed& result) {
            if (!result.ok) return end_round(retry_interval);
            send(this, trim_more{});
          },
          [](caf::error&) {});  // the writer has ended, and with it the process does
}

/// By the log's time: a clock that is ahead makes nothing old.
void keeper::drop_notes() {
  const auto kept = env_->how.mentions_kept.count();
  if (!notes_) {
    if (kept == 0) return forget_names();
    const auto newest = reader_->last_at();
    if (!newest) return end_round(retry_interval);
    const auto upto = reader_->position_at(unix_ms{newest->value_or(unix_ms{}).value() - kept});
    if (!upto) return end_round(retry_interval);
    if (*upto == 0) return forget_names();
    notes_ = {{}, *upto};
  }
  request(env_->writer, caf::infinite, drop_notes_request{notes_->after, notes_->upto})
      .then(
          [this](const notes_dropped& done) {
            if (!done.ok) return end_round(retry_interval);
            if (!done.next) return forget_names();
            notes_->after = *done.next;
            send(this, trim_more{});
          },
          [](caf::error&) {});  // likewise
}

/// A guest's name is told again a day after it was told last.
void keeper::forget_names() {
  forgets_ = true;
  constexpr auto kept = limits::guest_names_kept + limits::guest_names_renewed;
  const auto now = at_.now.value();
  request(env_->writer, caf::infinite,
          forget_names_request{unix_ms{now - env_->how.erased_ids_kept.count()},
                               unix_ms{now - kept.count()}})
      .then(
          [this](const names_forgotten& done) {
            if (!done.ok) return end_round(retry_interval);
            if (!done.more) return end_round(interval);
            send(this, trim_more{});
          },
          [](caf::error&) {});  // likewise
}

void keeper::end_round(std::chrono::milliseconds until_next) {
  goes_on_ = false;
  if (!std::exchange(planned_, true)) delayed_send(this, until_next, trim_old{});
}

void keeper::tell() {
  const bool doubt = is_in_doubt();
  if (std::exchange(told_doubt_, doubt) != doubt) env_->clock_in_doubt(doubt);
}

}  // namespace confab::actors
