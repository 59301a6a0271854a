#include "rooms/view.hpp"

#include "rooms/key_window.hpp"

#include <variant>

namespace confab::rooms {

bool counts(const log_entry& entry) noexcept { return std::holds_alternative<posted>(entry.body); }

void apply(room_view& view, const log_entry& entry) {
  view.head = entry.seq;
  view.last_at = entry.at;
  if (counts(entry)) ++view.counted;
}

entry_kind kind_of(const entry_body& body) noexcept {
  struct {
    entry_kind operator()(const posted&) const { return entry_kind::posted; }
    entry_kind operator()(const edited&) const { return entry_kind::edited; }
    entry_kind operator()(const deleted&) const { return entry_kind::deleted; }
    entry_kind operator()(const reacted& what) const {
      return what.on ? entry_kind::reacted : entry_kind::unreacted;
    }
    entry_kind operator()(const recorded&) const { return entry_kind::recorded; }
  } const visitor;
  return std::visit(visitor, body);
}

}  // namespace confab::rooms
