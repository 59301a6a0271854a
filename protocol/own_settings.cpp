#include "protocol/own_settings.hpp"

#include "protocol/settings_members.hpp"

namespace confab {

std::string_view name(notify_level of) noexcept {
  const auto names = names_of(of);
  const auto at = static_cast<std::size_t>(of);
  return at < names.size() ? names[at] : std::string_view{};
}

void apply(own_settings& settings, const own_change& change) {
  if (change.notify) {
    settings.notify = change.notify;
    settings.notify_until = change.notify_until;
  }
  settings.marked = change.marked.value_or(settings.marked);
  settings.hidden = change.hidden.value_or(settings.hidden);
  settings.receipts = change.receipts.value_or(settings.receipts);
}

}  // namespace confab
