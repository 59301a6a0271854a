#include "webhooks/engine.hpp"

#include "protocol/utf8.hpp"
#include "webhooks/signing.hpp"

#include <algorithm>
#include <utility>

namespace confab::webhooks {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds tick_every{1'000};
constexpr milliseconds read_retry{1'000};
constexpr milliseconds rest_max{60'000};
constexpr std::chrono::hours tidy_every{1};
/// Of the feed, looked through for what is gone; then all that was kept of it is read anew.
constexpr int pages_looked_through = 4;
constexpr event_set taking_away = set_of(event_kind::message_deleted) |
                                  set_of(event_kind::room_trimmed) |
                                  set_of(event_kind::user_erased);

/// How it begins, as text: a receiver may answer anything.
std::string shown(std::string_view text) {
  std::string out{text.substr(0, answer_bytes_kept)};
  constexpr std::size_t cut_max = 3;  // of a character that the end goes through
  for (std::size_t i = 0; i < cut_max && !out.empty() && !utf8::is_valid(out); ++i) out.pop_back();
  const bool is_text = utf8::is_valid(out);
  for (auto& c : out)
    if (c == 0 || (!is_text && static_cast<unsigned char>(c) >= 0x80)) c = '?';
  return out;
}

std::uint64_t position_of(const seen_item& one) { return one.item.position; }

constexpr std::array<std::string_view, 5> pause_names{"", "asked", "gone", "failing", "refused"};

}  // namespace

std::string_view name(pause of) noexcept { return pause_names[static_cast<std::size_t>(of)]; }

bool is_hook_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= id_bytes_max &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

std::string_view fault_of_url(std::string_view url) noexcept {
  if (url.size() > url_bytes_max) return "at most 2048 bytes";
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f)
      return "must be ASCII without spaces";
  const std::string_view scheme = url.starts_with("https://") ? "https://" : "http://";
  if (!url.starts_with(scheme)) return "must begin with https:// or http://";
  url.remove_prefix(scheme.size());
  const auto authority = url.substr(0, url.find_first_of("/?#"));
  if (authority.empty() || authority.starts_with(':')) return "must name a host";
  if (authority.find('@') != authority.npos) return "must not hold a user or a password";
  if (url.find('#') != url.npos) return "must not hold a fragment";
  return {};
}

event_set events_of(const hook_settings& how) noexcept {
  event_set all = how.events.empty() ? events_named("*") : 0;
  for (const auto& pattern : how.events) all |= events_named(pattern);
  return all;
}

bool asks_for_directs(const hook_settings& how) noexcept {
  return std::ranges::any_of(how.rooms,
                             [](const auto& each) { return each.starts_with(direct_room_prefix); });
}

engine::engine(std::unique_ptr<store> kept, std::unique_ptr<journal::reader> from,
               std::uint64_t head, engine_options how, std::unique_ptr<push> whom_to_tell)
    : store_(std::move(kept)),
      pages_(std::move(from)),
      push_(std::move(whom_to_tell)),
      presence_(how.presence_grace),
      head_(head),
      looked_(head),
      how_(std::move(how)) {
  for (const auto& one : store_->at_start())
    hooks_.emplace(one.what.id, fresh(one.what, one.cursors));
  // Who was online before this start is not known.
  for (auto& [id, one] : hooks_)
    if ((one.events & set_of(event_kind::presence_reset)) != 0) one.presence.emplace_back();
}

engine::worked_hook engine::fresh(hook what, const cursor_list& cursors) {
  worked_hook out;
  out.what = std::move(what);
  choose(out);
  for (unsigned i = 0; i < partitions; ++i) out.parts[i].cursor = cursors[i];
  if (push_) {
    const auto& stored = push_->store().cursors_at_start();
    if (const auto at = stored.find(out.what.id); at != stored.end())
      for (unsigned i = 0; i < partitions; ++i) out.pushes[i].cursor = at->second[i];
  }
  out.generation = ++generations_;
  out.dead = store_->count_dead(out.what.id).value_or(0);
  out.moved = true;
  return out;
}

engine::worked_hook* engine::find(const std::string& id) {
  const auto at = hooks_.find(id);
  return at == hooks_.end() ? nullptr : &at->second;
}

cursor_list engine::cursors_of(const std::array<partition, partitions>& parts) {
  cursor_list out{};
  for (unsigned i = 0; i < partitions; ++i) out[i] = parts[i].cursor;
  return out;
}

// --- what is to be sent ------------------------------------------------------------------------

/// By its settings, which are new.
void engine::choose(worked_hook& of) {
  of.events = events_of(of.what.how);
  of.named = 0;
  for (const auto& pattern : of.what.how.events)
    if (pattern != "*") of.named |= events_named(pattern);
  of.rooms = room_choice{of.what.how.rooms};
}

bool engine::takes(const worked_hook& of, const seen_item& one) {
  if (!one.kind || (of.events & set_of(*one.kind)) == 0) return false;
  if (const auto room = room_of(one.item)) return of.rooms.has(*room);
  return of.what.how.rooms.empty() || (of.named & set_of(*one.kind)) != 0;
}

/// `end`: up to where there is something.
bool engine::is_ready(const worked_hook& of, const partition& part, std::uint64_t end,
                      const time_point& now) const {
  if (of.what.paused != pause::none || part.in_flight) return false;
  if (part.upto > 0) return part.next_at <= now;
  return std::max(part.cursor, part.looked) < end;
}

std::vector<request> engine::due(const moment& now) {
  std::vector<request> out;
  out.swap(single_);
  if (now.steady >= tick_at_) tick(now);
  if (now.steady < read_again_at_) return out;
  forget_what_is_gone();
  for (auto& [id, one] : hooks_)
    for (unsigned i = 0; i < partitions; ++i)
      if (is_ready(one, one.parts[i], head_, now.steady)) step(one, i, now, out);
  send_push(now, out);
  send_presence(now, out);
  return out;
}

/// Pages have what was there when they were read.
void engine::forget_what_is_gone() {
  const auto takes_away = [&](const seen_item& one) {
    return one.item.position > looked_ && one.kind && (taking_away & set_of(*one.kind)) != 0;
  };
  for (int i = 0; looked_ < head_ && pages_.size() > 0; ++i) {
    const auto* page = i < pages_looked_through ? pages_.behind(looked_, head_) : nullptr;
    if (!page || std::ranges::any_of(page->items, takes_away)) break;
    looked_ = page->items.empty() ? head_ : page->last;
  }
  if (looked_ < head_) pages_.forget();
  looked_ = std::max(looked_, head_);
}

milliseconds engine::wait(const moment& now) const {
  if (!single_.empty()) return milliseconds{0};
  auto until = now.steady + rest_max;
  for (const auto& [id, one] : hooks_) {
    if (one.moved) until = std::min(until, tick_at_);
    if (one.what.paused != pause::none) continue;
    for (const auto& part : one.parts) {
      if (is_ready(one, part, head_, now.steady))
        until = std::min(until, std::max(now.steady, read_again_at_));
      if (part.upto > 0 && !part.in_flight) until = std::min(until, part.next_at);
    }
  }
  wait_for_push(now, until);
  return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(until - now.steady));
}

/// One page at most, so that partitions take turns.
void engine::step(worked_hook& of, unsigned number, const moment& now, std::vector<request>& into) {
  auto& part = of.parts[number];
  const auto* from = pages_.behind(part.cursor, head_, part.upto);
  if (!from) {
    read_again_at_ = now.steady + read_retry;
    return;
  }
  if (from->items.empty()) {
    part.looked = from->head;
    part.upto = 0;
    return;
  }
  auto what = collect(of, number, *from);
  if (what.events.empty() && what.gap_to == 0) {
    part.upto = 0;
    part.tried = {};
    return;
  }
  sent under_way{of.what.id, of.generation, number, {}, {}, {}, 0, false, false};
  std::string body;
  const auto& how = of.what.how;
  if (what.gap_to > 0) {
    part.upto = what.gap_to;
    under_way.id = id_of(of.what.id, event_kind::gap, what.gap_from, store_->log());
    body = gap_body(what.gap_from, what.gap_to, what.gap_at);
  } else {
    part.upto = what.events.back().item->position;
    const auto first = what.events.front().item->position;
    const auto& log = store_->log();
    under_way.id = how.batch > 1 ? batch_id(of.what.id, first, part.upto, log)
                                 : id_of(of.what.id, what.events.front().kind, first, log);
    body = how.batch > 1 ? batch_body(of.what.id, what.events, how.thin, log)
                         : event_body(what.events.front(), how.thin);
    for (const auto& one : what.events)
      under_way.events.push_back(
          {one.item->position, one.kind, one.item->room, one.item->entry.seq});
  }
  part.in_flight = true;
  into.push_back(pack(of, std::move(under_way), std::move(body), now.day));
}

/// The next events of a partition; the cursor moves over what is before them. What was trimmed is
/// told alone.
engine::parcel engine::collect(worked_hook& of, unsigned number, const page& from) {
  auto& part = of.parts[number];
  parcel out;
  std::size_t bytes = 0;
  const auto begin = std::ranges::upper_bound(from.items, part.cursor, {}, position_of);
  for (auto at = begin; at != from.items.end(); ++at) {
    const auto& item = at->item;
    if (part.upto > 0 && item.position > part.upto) break;
    const bool wanted = at->partition == number && takes(of, *at);
    if (!wanted) {
      if (out.events.empty() && out.gap_to == 0) {
        part.cursor = item.position;
        of.moved = true;
      }
      continue;
    }
    if (is_emptied(item.entry)) {
      const auto floor = pages_.floor_of(item.room);
      if (floor && item.entry.seq < *floor) {
        if (!out.events.empty()) break;
        if (out.gap_from == 0) out.gap_from = item.position;
        out.gap_to = item.position;
        out.gap_at = item.entry.at;
        continue;
      }
    }
    if (out.gap_to > 0) break;
    bytes += cost_of(item.entry);
    if (!out.events.empty() && bytes > body_bytes_max) break;
    out.events.push_back({*at->kind, &item});
    if (out.events.size() >= of.what.how.batch) break;
  }
  return out;
}

request engine::pack(const worked_hook& of, sent what, std::string body, unix_ms now) {
  constexpr std::int64_t second = 1'000;
  const auto seconds = now.value() / second;
  auto signatures = signature(of.what.secret, what.id, seconds, body);
  if (!of.what.old_secret.empty() && now < of.what.old_until)
    signatures += " " + signature(of.what.old_secret, what.id, seconds, body);
  request out;
  out.ticket = ++tickets_;
  out.url = of.what.how.url;
  out.timeout = of.what.how.timeout;
  out.headers = {{"webhook-id", what.id},
                 {"webhook-timestamp", std::to_string(seconds)},
                 {"webhook-signature", std::move(signatures)}};
  out.body = std::move(body);
  sent_.emplace(out.ticket, std::move(what));
  return out;
}

// --- what becomes of it ------------------------------------------------------------------------

void engine::count(const reply& came) noexcept {
  trial alone;
  if (judge(alone, came) == verdict::delivered)
    ++numbers_.delivered;
  else if (alone.refusals > 0 || came.status == 410)
    ++numbers_.refused;
  else
    ++numbers_.failed;
}

void engine::take(std::uint64_t ticket, reply came, const moment& now) {
  const auto at = sent_.find(ticket);
  if (at == sent_.end()) return;
  const auto what = std::move(at->second);
  sent_.erase(at);
  count(came);
  came.text = shown(came.text);
  came.error = shown(came.error);
  auto* const of = find(what.hook);
  if (of) {
    of->attempts.push_front({now.day, what.id, came});
    if (of->attempts.size() > attempts_kept) of->attempts.pop_back();
    if (what.presence) of->presence_under_way = false;
  }
  if (what.presence) return;
  if (what.then) {
    --singles_;
    trial alone;
    if (of && what.letter > 0 && judge(alone, came) == verdict::delivered) {
      succeed(*of);
      if (store_->forget(what.hook, what.letter))
        of->dead = store_->count_dead(what.hook).value_or(of->dead);
    }
    return what.then(came);
  }
  if (of && of->generation == what.generation) finish(*of, what, came, now);
}

void engine::finish(worked_hook& of, const sent& what, const reply& came, const moment& now) {
  auto& part = (what.push ? of.pushes : of.parts)[what.part];
  part.in_flight = false;
  if (std::exchange(part.was_moved, false)) return;
  const auto done = [&] {
    part.cursor = part.upto;
    part.upto = 0;
    part.tried = {};
    of.moved = true;
  };
  switch (judge(part.tried, came)) {
    case verdict::delivered:
      done();
      return succeed(of);
    case verdict::gone:
      return pause_for(of, pause::gone);
    case verdict::dead:
      if (!put_aside(of, what, came, now.day)) break;
      done();
      if (++of.dead_in_a_row >= dead_in_a_row_max) pause_for(of, pause::refused);
      return;
    case verdict::again:
      break;
  }
  part.next_at = now.steady +
                 wait_after(part.tried.attempts, came.retry_after, how_.first_wait, how_.random());
  if (of.what.failing_since.value() == 0) {
    of.what.failing_since = now.day;
    store_->save(of.what);
  }
  constexpr auto most = std::chrono::duration_cast<milliseconds>(failing_max);
  if (now.day.value() - of.what.failing_since.value() >= most.count())
    pause_for(of, pause::failing);
}

void engine::succeed(worked_hook& of) {
  of.dead_in_a_row = 0;
  if (of.what.failing_since.value() == 0) return;
  of.what.failing_since = unix_ms{};
  store_->save(of.what);
}

bool engine::put_aside(worked_hook& of, const sent& what, const reply& came, unix_ms now) {
  if (what.events.empty()) return true;  // it says that something is not there any more
  std::vector<dead_letter> letters;
  for (const auto& one : what.events)
    letters.push_back({one.position, one.kind, one.room, one.seq, now, came.status, came.text});
  if (!store_->add(of.what.id, letters)) return false;
  of.dead = store_->count_dead(of.what.id).value_or(of.dead);
  return true;
}

void engine::pause_for(worked_hook& of, pause why) {
  of.what.paused = why;
  store_->save(of.what);
  how_.paused(of.what.id, name(why));
}

/// What is done once a second.
void engine::tick(const moment& now) {
  tick_at_ = now.steady + tick_every;
  pages_.forget();
  store_cursors();
  tidy_push(now);
  told_loss_ = false;
  if (now.steady >= tidy_at_) {
    tidy_at_ = now.steady + tidy_every;
    if (store_->tidy(now.day))
      for (auto& [id, one] : hooks_) one.dead = store_->count_dead(id).value_or(one.dead);
  }
  numbers_.hooks.clear();
  for (const auto& [id, one] : hooks_)
    numbers_.hooks.push_back(
        {id, oldest_at(told_upto(one)), one.what.paused != pause::none, one.dead});
}

std::uint64_t engine::told_upto(const worked_hook& of) const {
  auto least = head_;
  for (const auto& part : of.parts)
    if (part.upto > 0 || std::max(part.cursor, part.looked) < head_)
      least = std::min(least, part.cursor);
  return least;
}

std::optional<unix_ms> engine::oldest_at(std::uint64_t told) {
  if (told >= head_) return std::nullopt;
  const auto* from = pages_.behind(told, head_);
  if (!from) return std::nullopt;
  const auto first = std::ranges::upper_bound(from->items, told, {}, position_of);
  if (first == from->items.end()) return std::nullopt;
  return first->item.entry.at;
}

void engine::store_cursors() {
  for (auto& [id, one] : hooks_)
    if (one.moved)
      one.moved = !(store_->move(id, cursors_of(one.parts)) &&
                    (!push_ || push_->store().move(id, cursors_of(one.pushes))));
}

}  // namespace confab::webhooks
