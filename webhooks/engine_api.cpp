// What the API asks of the webhooks.

#include "webhooks/engine.hpp"

#include "webhooks/signing.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace confab::webhooks {
namespace {

std::string fresh_secret(const std::function<std::uint64_t()>& random) {
  std::array<unsigned char, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint64_t)) {
    const auto word = random();
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  return secret_of(bytes);
}

}  // namespace

std::variant<engine::put_done, fault> engine::put(const std::string& id, hook_settings how,
                                                  unix_ms now) {
  auto* const there = find(id);
  if (!there && hooks_.size() >= hooks_max) return fault::too_many;
  hook what;
  const auto before = there ? there->events : event_set{0};
  const bool did = wants(push_events);
  if (there) what = there->what;
  what.id = id;
  what.how = std::move(how);
  if (!there) {
    what.secret = fresh_secret(how_.random);
    what.made_at = now;
    cursor_list cursors;
    cursors.fill(head_);
    if (!store_->save(what, &cursors)) return fault::not_stored;
    auto& made = hooks_.emplace(id, fresh(what, cursors)).first->second;
    begin_or_end_push(did);
    begin_push(made, before);
    return put_done{true, std::move(what)};
  }
  if (!store_->save(what)) return fault::not_stored;
  there->what = what;
  choose(*there);
  begin_or_end_push(did);
  begin_push(*there, before);
  for (auto* parts : {&there->parts, &there->pushes})
    for (auto& part : *parts) part.next_at = {};  // what failed before may work now
  return put_done{false, std::move(what)};
}

std::optional<fault> engine::remove(const std::string& id) {
  if (!find(id)) return fault::no_such_webhook;
  if (!store_->remove(id)) return fault::not_stored;
  if (push_) push_->store().remove(id);
  const bool did = wants(push_events);
  hooks_.erase(id);
  begin_or_end_push(did);
  return std::nullopt;
}

std::vector<std::string> engine::ids() const {
  std::vector<std::string> out;
  for (const auto& [id, one] : hooks_) out.push_back(id);
  return out;
}

std::optional<hook_view> engine::view(const std::string& id) {
  const auto* of = find(id);
  if (!of) return std::nullopt;
  const auto told = told_upto(*of);
  return hook_view{of->what, head_ - told, oldest_at(told), of->dead, of->attempts};
}

std::variant<hook, fault> engine::rotate(const std::string& id, unix_ms now) {
  auto* const of = find(id);
  if (!of) return fault::no_such_webhook;
  constexpr auto life = std::chrono::duration_cast<std::chrono::milliseconds>(old_secret_life);
  auto what = of->what;
  what.old_secret = std::exchange(what.secret, fresh_secret(how_.random));
  what.old_until = unix_ms{now.value() + life.count()};
  if (!store_->save(what)) return fault::not_stored;
  of->what = what;
  return what;
}

std::optional<fault> engine::set_paused(const std::string& id, bool paused) {
  auto* const of = find(id);
  if (!of) return fault::no_such_webhook;
  auto what = of->what;
  what.paused = paused ? pause::asked : pause::none;
  if (!paused) what.failing_since = unix_ms{};
  if (!store_->save(what)) return fault::not_stored;
  of->what = std::move(what);
  if (paused) return std::nullopt;
  pages_.forget();  // of what was deleted meanwhile not even the newest entry need be known here
  of->dead_in_a_row = 0;
  for (auto* parts : {&of->parts, &of->pushes})
    for (auto& part : *parts) {
      part.tried = {};
      part.next_at = {};
    }
  return std::nullopt;
}

std::optional<fault> engine::replay(const std::string& id, std::uint64_t position) {
  auto* const of = find(id);
  if (!of) return fault::no_such_webhook;
  cursor_list cursors;
  cursors.fill(std::min(position, head_));
  if (!store_->save(of->what, &cursors)) return fault::not_stored;
  pages_.forget();
  for (auto& part : of->parts) {
    partition moved;
    moved.cursor = cursors[0];
    moved.in_flight = moved.was_moved = part.in_flight;
    part = moved;
  }
  return std::nullopt;
}

std::optional<fault> engine::replay_since(const std::string& id, unix_ms at) {
  const auto position = pages_.before(at);
  if (!position) return fault::unreadable;
  return replay(id, *position);
}

std::variant<std::vector<dead_letter>, fault> engine::dead(const std::string& id,
                                                           std::uint64_t after, std::size_t count) {
  if (!find(id)) return fault::no_such_webhook;
  auto found = store_->dead(id, after, count);
  if (!found) return fault::unreadable;
  return *std::move(found);
}

request engine::once(const worked_hook& of, std::string id, std::string body, unix_ms now,
                     std::uint64_t letter, heard then) {
  ++singles_;
  sent what{of.what.id, of.generation, 0, std::move(id), {}, std::move(then), letter, false, false};
  return pack(of, std::move(what), std::move(body), now);
}

std::optional<fault> engine::send_test(const std::string& id, unix_ms now, heard then) {
  const auto* of = find(id);
  if (!of) return fault::no_such_webhook;
  if (singles_ >= single_max) return fault::too_many;
  single_.push_back(once(*of, id_of(id, event_kind::test, how_.random()), test_body(id, now), now,
                         0, std::move(then)));
  return std::nullopt;
}

std::optional<fault> engine::retry_dead(const std::string& id, std::uint64_t position, unix_ms now,
                                        heard then) {
  const auto* of = find(id);
  if (!of) return fault::no_such_webhook;
  if (singles_ >= single_max) return fault::too_many;
  if (position == 0) return fault::no_such_letter;
  const auto letters = store_->dead(id, position - 1, 1);
  if (!letters) return fault::unreadable;
  if (letters->empty() || letters->front().position != position) return fault::no_such_letter;
  pages_.forget();
  const auto* from = pages_.behind(position - 1, head_);
  if (!from) return fault::unreadable;
  const auto at = std::ranges::find(from->items, position,
                                    [](const seen_item& one) { return one.item.position; });
  if (at == from->items.end()) return fault::no_such_letter;
  const std::array all{told{letters->front().kind, &at->item}};
  const auto& how = of->what.how;
  const auto& log = store_->log();
  auto body = how.batch > 1 ? batch_body(id, all, how.thin, log) : event_body(all[0], how.thin);
  auto name = how.batch > 1 ? batch_id(id, position, position, log)
                            : id_of(id, all[0].kind, position, log);
  single_.push_back(once(*of, std::move(name), std::move(body), now, position, std::move(then)));
  return std::nullopt;
}

}  // namespace confab::webhooks
