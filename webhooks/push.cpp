#include "webhooks/push.hpp"

#include "protocol/limits.hpp"
#include "protocol/overloaded.hpp"
#include "rooms/notes.hpp"
#include "webhooks/body.hpp"

#include <algorithm>
#include <functional>

namespace confab::webhooks {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds look_again{1'000};
constexpr milliseconds retry{1'000};
constexpr milliseconds tidy_every{60'000};
constexpr milliseconds answer_wait{5'000};
/// A place in the future of more is of a clock that was set back since.
constexpr milliseconds ahead_believed{120'000};
constexpr std::size_t entries_per_step = 256;
constexpr std::size_t users_per_step = 32;

std::string_view why_of(std::uint8_t reasons) {
  if (reasons & rooms::reasons::mention) return "mention";
  if (reasons & rooms::reasons::reply) return "reply";
  return "thread";
}

/// Somebody has taken the room away.
template <class T>
bool is_gone(const journal::result<T>& read) {
  return !read && read.why() == journal::fault::no_such_room;
}

}  // namespace

push::push(std::unique_ptr<push_store> kept, std::unique_ptr<journal::reader> from,
           push_options how)
    : store_(std::move(kept)),
      from_(std::move(from)),
      how_(std::move(how)),
      place_(store_->at_start()),
      looked_(place_.told),
      marker_{place_.markers} {
  if (store_->has_told()) clear_at_ = time_point{};  // what a crash left
}

bool push::begin(std::uint64_t head) {
  const push_place at{head, head, head, 0, {}, 0};
  if (!store_->begin(at)) return false;
  place_ = at;
  looked_ = head;
  marker_ = {head};
  behind_.clear();
  current_.reset();
  clear_at_.reset();
  busy_ = moved_ = false;
  return true;
}

bool push::step(const moment& now, std::uint64_t head) {
  seen_ = head;
  busy_ = now.steady >= again_at_ &&
          (undo(now, head) || follow_markers(now, head) || clear(now) || tell(now, head));
  return busy_;
}

milliseconds push::wait(const moment& now, std::uint64_t head) const {
  constexpr milliseconds rest{60'000};
  if (now.steady < again_at_) return std::chrono::ceil<milliseconds>(again_at_ - now.steady);
  if (busy_ || head > seen_) return milliseconds{0};
  auto until = now.steady + rest;
  if (moved_) until = std::min(until, now.steady + look_again);  // to be stored
  if (store_->has_told()) until = std::min(until, markers_at_);
  if (clear_at_) until = std::min(until, *clear_at_);
  if (current_) {
    until = std::min(until, asked_until_);
  } else if (!behind_.empty()) {
    const auto left = milliseconds{behind_.front().at.value() - now.day.value()} + how_.after;
    const auto least = store_->bytes() < how_.bytes_max ? milliseconds{1} : look_again;
    until = std::min(until, now.steady + std::clamp(left, least, rest));
  }
  return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(until - now.steady));
}

bool push::fails(const moment& now) {
  again_at_ = now.steady + retry;
  return false;
}

void push::tidy(const moment& now, const cursor_list& sent) {
  if (store_->bytes() > 0) store_->drop(sent, unix_ms{now.day.value() - how_.within.count()});
  if (moved_) moved_ = !store_->write(place_, {}, {}, {});
  if (now.steady < tidy_at_) return;
  tidy_at_ = now.steady + tidy_every;
  store_->tidy(now.day);
}

bool push::is_late(const push_event& what, unix_ms now) const noexcept {
  return what.at.value() + how_.within.count() < now.value();
}

// --- whom to tell ------------------------------------------------------------------------------

void push::look_at(const journal::feed_item& item) {
  const auto& [position, room, entry] = item;
  if (room.view().starts_with(rooms::gone_room_prefix)) return;
  subject found{position, room, entry.at, entry.from, entry.seq, entry.seq, {}, false};
  const bool matters = std::visit(
      overloaded{[](const posted& said) { return !said.where.quiet && !said.what.empty(); },
                 [&](const edited& change) {
                   found.message = change.target;
                   found.is_edit = true;
                   return !change.what.mentions.users.empty();
                 },
                 [&](const member_set& change) {
                   found.invited = change.users;
                   std::ranges::sort(found.invited);
                   return change.state == member_state::invited;
                 },
                 [](const deleted&) { return false; }, [](const reacted&) { return false; },
                 [](const recorded&) { return false; }, [](const room_set&) { return false; },
                 [](const pinned&) { return false; }, [](const user_set&) { return false; },
                 [](const trimmed&) { return false; }, [](const erased&) { return false; }},
      entry.body);
  if (!matters) return;
  behind_.push_back(std::move(found));
}

bool push::look_behind(const moment& now, std::uint64_t head) {
  if (looked_ >= head) return false;
  const auto page = from_->feed(looked_, entries_per_step, limits::page_bytes_max);
  if (!page) return fails(now);
  looked_ = page->empty() ? head : page->back().position;
  for (const auto& item : *page) look_at(item);
  if (behind_.empty()) pass(looked_);
  return true;
}

/// All are told of what is up to there.
void push::pass(std::uint64_t position) {
  place_.told = position;
  place_.stage = place_.page = 0;
  place_.after.clear();
  moved_ = true;
}

bool push::is_due(const subject& of, unix_ms now) const noexcept {
  const auto age = now.value() - of.at.value();
  return age >= how_.after.count() || age < -ahead_believed.count();
}

bool push::tell(const moment& now, std::uint64_t head) {
  if (!current_) {
    if (behind_.empty()) return look_behind(now, head);
    const auto& first = behind_.front();
    if (!is_due(first, now.day)) return false;
    const bool full = store_->bytes() >= how_.bytes_max;
    if (std::exchange(full_, full) != full) how_.full(full);
    if (full) return false;
    const bool late = now.day.value() - first.at.value() > how_.within.count();
    const auto done = late ? opened::void_now : open(first);
    if (done == opened::unreadable) return fails(now);
    if (done == opened::void_now) pass(first.position);
    behind_.pop_front();
    return true;
  }
  auto& of = *current_;
  if (of.asked.empty()) {
    if (!choose(of)) return fails(now);
    if (of.asked.empty()) {
      if (!send_off(of, true)) return fails(now);
      current_.reset();
      return true;
    }
    question_ = activity_question{++tickets_, {}};
    for (const auto& one : of.asked) question_->users.push_back(one.user);
    asked_until_ = now.steady + answer_wait;
  }
  if (!of.active) {
    if (now.steady < asked_until_) return false;
    ++tickets_;  // an answer now is too late
    of.active.emplace(of.asked.size(), false);
  }
  return weigh(of, now) || fails(now);
}

void push::answer(std::uint64_t ticket, const std::vector<bool>& active) {
  if (!current_ || ticket != tickets_ || active.size() != current_->asked.size()) return;
  current_->active = active;
  busy_ = true;
}

push::opened push::open(const subject& of) {
  telling fresh;
  fresh.of = of;
  fresh.stage = place_.stage;
  fresh.after = user_id::trusted(place_.after);
  fresh.page = place_.page;
  if (of.invited.empty()) {
    const auto message = message_at(of.room, of.message);
    if (!message) return opened::unreadable;
    if (!*message) return opened::void_now;
    auto noted = from_->addressed(of.room, of.message);
    if (!noted) return opened::unreadable;
    for (auto& one : *noted)
      if (one.place == of.place) fresh.addressed.push_back(std::move(one));
    const bool direct = is_direct(of.room);
    const auto usual = direct ? how_.notify_direct : how_.notify;
    const bool names_room = (*message)->what.mentions.room;
    if (!of.is_edit && !(*message)->where.thread) {
      const bool many = names_room || usual == notify_level::all;
      fresh.rest = direct ? others::both : many ? others::members : others::asked;
      fresh.rest_why = direct ? "direct" : names_room ? "room" : "all";
      fresh.rest_all = !names_room;
    }
  }
  current_ = std::move(fresh);
  return opened::yes;
}

void push::consider(telling& of, const user_id& user, std::string_view why, bool all) {
  if (user == of.of.from || user.view().starts_with(guest_prefix)) return;
  if (of.stage == 1 && std::ranges::find(of.addressed, user, &journal::addressed_user::user) !=
                           of.addressed.end())
    return;
  of.asked.push_back({user, why, all, of.stage});
}

/// The next users. Nobody: there are no more. False: it can't be read now.
bool push::choose(telling& of) {
  while (of.asked.empty() && of.stage < 2) {
    const auto& room = of.of.room;
    bool more = false;
    const auto take = [&](const auto& list, auto user, auto why) {
      auto at = std::ranges::upper_bound(list, of.after, {}, user);
      for (std::size_t i = 0; i < users_per_step && at != list.end(); ++i, ++at) {
        of.after = std::invoke(user, *at);
        consider(of, of.after, why(*at));
      }
      more = at != list.end();
    };
    if (of.stage == 0) {
      if (of.of.invited.empty())
        take(of.addressed, &journal::addressed_user::user, [](const auto& one) { return why_of(one.why); });
      else
        take(of.of.invited, std::identity{}, [](const auto&) { return std::string_view{"invite"}; });
    } else if (of.rest == others::both) {
      const auto info = from_->room(room);
      if (!info && !is_gone(info)) return false;
      if (info && info->direct)
        for (const auto& user : {info->direct->first, info->direct->second})
          consider(of, user, of.rest_why, of.rest_all);
    } else if (of.rest == others::members) {
      const auto page = from_->members(room, member_state::member, of.after, users_per_step);
      if (!page && !is_gone(page)) return false;
      if (page)
        for (const auto& one : page->members) {
          of.after = one.user;
          consider(of, one.user, of.rest_why, of.rest_all);
        }
      more = page && page->more;
    } else if (of.rest == others::asked) {
      const auto page = from_->asked_for_all(room, of.after, users_per_step);
      if (!page) return false;
      for (const auto& user : *page) {
        of.after = user;
        consider(of, user, of.rest_why, of.rest_all);
      }
      more = page->size() == users_per_step;
    }
    if (more) continue;
    ++of.stage;
    of.after = {};
  }
  return true;
}

/// Those of the users that were chosen who are away. False: it can't be read, or stored, now.
bool push::weigh(telling& of, const moment& now) {
  while (!of.asked.empty()) {
    const auto& who = of.asked.back();
    if (!of.active->back()) {
      auto found = recipient_of(of, who, now.day);
      if (!found) return false;
      if (*found) of.found.push_back({who.user, who.stage, std::move(**found)});
    }
    of.asked.pop_back();
    of.active->pop_back();
  }
  of.active.reset();
  std::ranges::sort(of.found, {}, [](const recipient& one) { return std::pair{one.stage, one.user}; });
  return of.found.size() <= recipients_max || send_off(of, false);
}

journal::result<std::optional<std::string>> push::recipient_of(const telling& of,
                                                               const candidate& who, unix_ms now) {
  using answer = std::optional<std::string>;
  const auto& room = of.of.room;
  const auto row = from_->inbox_row(who.user, room, now);
  if (!row) return {row.why(), row.detail()};
  if (!row->gone.empty()) return answer{};
  const bool invites = !of.of.invited.empty();
  if (invites ? row->state != member_state::invited : !row->read || *row->read >= of.of.place)
    return answer{};
  const auto usual = is_direct(room) ? how_.notify_direct : how_.notify;
  const auto level = row->own.notify.value_or(usual);
  if (level == notify_level::none || (who.all && level != notify_level::all)) return answer{};
  const auto blocked = from_->has_blocked(who.user, of.of.from);
  if (!blocked) return {blocked.why(), blocked.detail()};
  if (*blocked) return answer{};
  const auto sum = from_->totals(who.user, now);
  if (!sum) return {sum.why(), sum.detail()};
  return answer{recipient_json(who.user, who.why, invites ? nullptr : &*row, *sum)};
}

/// An event of those who were found, of as many as fit. `last`: there are no more. False: it can't be
/// stored now.
bool push::send_off(telling& of, bool last) {
  const auto count = std::min(of.found.size(), recipients_max);
  if (count == 0) return pass(of.of.position), true;
  push_event event;
  event.position = of.of.position;
  event.page = of.page;
  event.at = of.of.at;
  event.room = of.of.room;
  event.seq = of.of.message;
  if (!of.of.invited.empty()) event.from = of.of.from;
  event.more = !last;
  std::vector<told_user> told;
  event.data = "[";
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) event.data += ',';
    event.data += of.found[i].shown;
    told.push_back({of.found[i].user, event.room, event.seq, of.of.place, event.at});
  }
  event.data += "]";
  auto at = place_;
  at.stage = of.found[count - 1].stage;
  at.after = of.found[count - 1].user.value();
  at.page = of.page + 1;
  if (last) at = {of.of.position, place_.undone, place_.markers, 0, {}, 0};
  if (!store_->write(at, {&event, 1}, told, {})) return false;
  place_ = at;
  of.page = at.page;
  of.found.erase(of.found.begin(), of.found.begin() + static_cast<std::ptrdiff_t>(count));
  return true;
}

// --- what is sent ------------------------------------------------------------------------------

journal::result<std::optional<message::present_message>> push::message_at(const room_id& room,
                                                                          seq_no seq) {
  using answer = std::optional<message::present_message>;
  auto page = from_->messages(room, {}, next(seq), seq_no{seq.value() - 1}, 1,
                              limits::page_bytes_max, {});
  if (is_gone(page)) return answer{};
  if (!page) return {page.why(), page.detail()};
  if (page->messages.empty()) return answer{};
  auto& found = page->messages.front();
  if (found.seq != seq || found.deleted) return answer{};
  return answer{std::move(found)};
}

journal::result<std::string> push::body_of(const push_event& what, bool thin) {
  if (what.kind == event_kind::notify_cleared) return push_body(what, nullptr);
  push_content shown;
  if (what.from.value().empty()) {
    auto found = message_at(what.room, what.seq);
    if (!found) return {found.why(), found.detail()};
    // A younger one is of another room, which has the id of one that is gone.
    if (!*found || (*found)->at > what.at) return std::string{};
    shown.message = std::move(**found);
  }
  if (thin) return push_body(what, nullptr);
  const auto info = from_->room(what.room);
  if (is_gone(info)) return std::string{};
  if (!info) return {info.why(), info.detail()};
  if (!info->direct) shown.title = info->title();
  shown.from = shown.message ? shown.message->from : what.from;
  const auto profiles = from_->profiles({&shown.from, 1});
  if (!profiles) return {profiles.why(), profiles.detail()};
  if (!profiles->empty()) shown.name = profiles->front().name;
  return push_body(what, &shown);
}

}  // namespace confab::webhooks
