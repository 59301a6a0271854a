#include "rooms/view.hpp"

#include "protocol/overloaded.hpp"
#include "rooms/key_window.hpp"

#include <algorithm>
#include <variant>

namespace confab::rooms {
namespace {

void pin(room_view& view, seq_no target, bool on) {
  std::erase(view.pins, target);
  if (on) view.pins.push_back(target);
}

}  // namespace

const room_settings& room_view::settings() const noexcept {
  static const room_settings defaults;
  return set ? *set : defaults;
}

bool counts(const log_entry& entry) noexcept {
  const auto* message = std::get_if<posted>(&entry.body);
  return message && !message->where.thread && !message->where.quiet;
}

void apply(room_view& view, const log_entry& entry, member_rows& rows) {
  view.head = entry.seq;
  view.last_at = entry.at;
  if (counts(entry)) ++view.counted;
  const auto take = [&](const user_id& user, bool direct = false) {
    const auto before = rows.member(view, user);
    const auto after = rooms::apply(before, entry, direct);
    view.members += after.is_member();
    view.members -= before.is_member();
    view.owners += after.is_owner();
    view.owners -= before.is_owner();
    view.rows += after.is_kept();
    view.rows -= before.is_kept();
  };
  std::visit(overloaded{
                 [](const posted&) {},
                 [](const edited&) {},
                 [](const reacted&) {},
                 [](const recorded&) {},
                 [](const user_set&) {},
                 [&](const erased& change) {
                   take(change.user, view.direct.has_value());
                   if (change.as != change.user) take(change.as);
                 },
                 [&](const trimmed& change) {
                   view.floor = std::max(view.floor, next(change.upto));
                   std::erase_if(view.pins, [&](seq_no pin) { return pin < view.floor; });
                 },
                 [&](const deleted& gone) { pin(view, gone.target, false); },
                 [&](const pinned& change) { pin(view, change.target, change.on); },
                 [&](const room_set& change) {
                   auto settings = view.settings();
                   confab::apply(settings, change.change);
                   view.set = std::make_shared<const room_settings>(std::move(settings));
                 },
                 [&](const member_set& change) {
                   for (const auto& user : change.users) take(user);
                 },
             },
             entry.body);
}

entry_kind kind_of(const entry_body& body) noexcept {
  return std::visit(
      overloaded{
          [](const posted& what) {
            return what.where.thread ? entry_kind::replied : entry_kind::posted;
          },
          [](const edited&) { return entry_kind::edited; },
          [](const deleted&) { return entry_kind::deleted; },
          [](const reacted& what) {
            return what.on ? entry_kind::reacted : entry_kind::unreacted;
          },
          [](const recorded&) { return entry_kind::recorded; },
          [](const member_set&) { return entry_kind::member_set; },
          [](const room_set&) { return entry_kind::room_set; },
          [](const pinned& what) { return what.on ? entry_kind::pinned : entry_kind::unpinned; },
          [](const user_set&) { return entry_kind::user_set; },
          [](const trimmed&) { return entry_kind::trimmed; },
          [](const erased&) { return entry_kind::erased; },
      },
      body);
}

}  // namespace confab::rooms
