#include "protocol/room_settings.hpp"

#include "protocol/settings_members.hpp"
#include "protocol/writers.hpp"

namespace confab {

namespace {

template <setting_word Word>
std::string_view name_of(Word word) noexcept {
  const auto names = names_of(word);
  const auto at = static_cast<std::size_t>(word);
  return at < names.size() ? names[at] : std::string_view{};
}

void set_default(free_data& data) { data = free_data{"{}"}; }
template <class T>
void set_default(T& value) {
  value = T{};
}

/// Whether the setting means the same in both.
template <class T>
bool is_same(const std::optional<T>& one, const std::optional<T>& other) {
  T fallback;
  set_default(fallback);
  return one.value_or(fallback) == other.value_or(fallback);
}

void write(json_writer& out, std::string_view text) { out.text(text); }
void write(json_writer& out, const free_data& data) { out.raw_json(data.value()); }
void write(json_writer& out, bool value) { out.boolean(value); }
void write(json_writer& out, std::chrono::milliseconds time) { out.signed_integer(time.count()); }
template <setting_word Word>
void write(json_writer& out, Word word) {
  out.text(name_of(word));
}

void read(const json& from, std::optional<std::string>& to) {
  if (const auto* text = from.get_ptr<const std::string*>()) to = *text;
}
void read(const json& from, std::optional<free_data>& to) {
  if (from.is_object()) to = free_data{from.dump()};
}
void read(const json& from, std::optional<bool>& to) {
  if (const auto* value = from.get_ptr<const bool*>()) to = *value;
}
void read(const json& from, std::optional<std::chrono::milliseconds>& to) {
  if (from.is_number_integer()) to = std::chrono::milliseconds{from.get<std::int64_t>()};
}
template <setting_word Word>
void read(const json& from, std::optional<Word>& to) {
  if (const auto* text = from.get_ptr<const std::string*>()) to = word_named<Word>(*text);
}

}  // namespace

void apply(room_settings& settings, const room_settings& change) {
  for_each_setting([&](std::string_view, auto setting) {
    if (change.*setting) settings.*setting = change.*setting;
  });
}

room_settings difference(const room_settings& settings, const room_settings& change) {
  room_settings news;
  for_each_setting([&](std::string_view, auto setting) {
    if (change.*setting && !is_same(settings.*setting, change.*setting))
      news.*setting = change.*setting;
  });
  return news;
}

room_settings without_defaults(room_settings settings) { return difference({}, settings); }

std::string to_json(const room_settings& settings) {
  std::string text;
  json_writer out{text};
  out.begin_object();
  for_each_setting([&](std::string_view member, auto setting) {
    if (!(settings.*setting)) return;
    out.key(member);
    write(out, *(settings.*setting));
  });
  out.end_object();
  return text;
}

room_settings settings_from_json(std::string_view text) {
  room_settings settings;
  const auto tree = read_json(text);
  if (!tree.well_formed || !tree.root.is_object()) return settings;
  for_each_setting([&](std::string_view member, auto setting) {
    if (const auto found = tree.root.find(member); found != tree.root.end())
      read(*found, settings.*setting);
  });
  return settings;
}

std::string_view name(visibility of) noexcept { return name_of(of); }
std::string_view name(visitor_rights of) noexcept { return name_of(of); }
std::string_view name(posting_rights of) noexcept { return name_of(of); }
std::string_view name(inviting_rights of) noexcept { return name_of(of); }
std::string_view name(history_scope of) noexcept { return name_of(of); }

}  // namespace confab
