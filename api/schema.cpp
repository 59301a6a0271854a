#include "api/schema.hpp"

#include "api/keys.hpp"
#include "protocol/ids.hpp"
#include "protocol/utf8.hpp"
#include "webhooks/hook.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>

namespace confab::api {
namespace {

enum type_bit : unsigned {
  is_null = 1, is_boolean = 2, is_integer = 4, is_number = 8, is_string = 16, is_array = 32,
  is_object = 64
};
constexpr std::array<std::pair<std::string_view, unsigned>, 7> type_names{
    {{"null", is_null}, {"boolean", is_boolean}, {"integer", is_integer},
     {"number", is_number | is_integer}, {"string", is_string}, {"array", is_array},
     {"object", is_object}}};

unsigned type_of(const json& value) noexcept {
  switch (value.type()) {
    case json::value_t::null:
      return is_null;
    case json::value_t::boolean:
      return is_boolean;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return is_integer;
    case json::value_t::number_float:
      return is_number;
    case json::value_t::string:
      return is_string;
    case json::value_t::array:
      return is_array;
    default:
      return is_object;
  }
}

struct format_row {
  std::string_view name;
  bool (*fits)(std::string_view);
  std::string_view says;
};
constexpr std::string_view user_form = "must be a user's id, [A-Za-z0-9_][A-Za-z0-9._:|@+=~-]{0,127}";
constexpr std::array formats{
    format_row{"room-id", [](std::string_view t) { return is_valid_id(t); },
               "must be a room's id, [A-Za-z0-9][A-Za-z0-9._:-]{0,63}"},
    format_row{"user-id", [](std::string_view t) { return is_valid_user_id(t); }, user_form},
    format_row{"user-id-or-server",
               [](std::string_view t) { return t == "@server" || is_valid_user_id(t); },
               "must be a user's id, or @server"},
    format_row{"user-id-or-room", [](std::string_view t) { return t == "@room" || is_valid_user_id(t); },
               "must be a user's id, or @room"},
    format_row{"webhook-id", [](std::string_view t) { return webhooks::is_hook_id(t); },
               "must be [a-z0-9-]{1,32}"},
    format_row{"webhook-url", [](std::string_view t) { return webhooks::fault_of_url(t).empty(); },
               "must be an https:// or http:// URL in ASCII, without user, password and fragment"},
    format_row{"event-pattern", [](std::string_view t) { return webhooks::events_named(t) != 0; },
               "names no event"},
    format_row{"room-pattern", [](std::string_view t) { return is_room_pattern(t); },
               "must be a room's id, or the beginning of some and *"},
};

std::size_t characters_in(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const auto c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

}  // namespace

struct schema_node {
  struct property {
    std::string name;
    const schema_node* of;
    bool required;
  };
  unsigned types = ~0U;
  std::string type_text;
  std::vector<property> properties;
  bool closed = false;  // no others
  const schema_node* others = nullptr;
  const schema_node* items = nullptr;
  std::optional<std::int64_t> minimum, maximum;
  std::optional<std::size_t> min_items, max_items, min_length, max_length, min_properties;
  std::vector<std::string> words;
  const format_row* format = nullptr;
};

namespace {

struct judging {
  std::vector<fault_at> faults;
  std::string at;  // a JSON pointer

  void say(std::string detail) {
    if (faults.size() < faults_max) faults.push_back({at, std::move(detail)});
  }
  template <class Step>
  void inside(std::string_view part, Step step) {
    const auto was = at.size();
    at += '/';
    for (const auto c : part) at += c == '~' ? std::string{"~0"} : c == '/' ? "~1" : std::string{c};
    step();
    at.resize(was);
  }
};

std::string range_text(const auto& least, const auto& most) {
  if (least && most) return std::to_string(*least) + ".." + std::to_string(*most);
  if (least) return "at least " + std::to_string(*least);
  return "at most " + std::to_string(*most);
}
template <class T, class U>
bool outside(T value, const std::optional<U>& least, const std::optional<U>& most) {
  return (least && value < *least) || (most && value > *most);
}

void judge_value(const schema_node& by, const json& value, judging& out);

void judge_object(const schema_node& by, const json& value, judging& out) {
  if (by.min_properties && value.size() < *by.min_properties)
    out.say("needs " + range_text(by.min_properties, std::optional<std::size_t>{}) + " members");
  for (const auto& each : by.properties)
    if (each.required && !value.contains(each.name))
      out.inside(each.name, [&] { out.say("is missing"); });
  for (const auto& each : value.items()) {
    const auto& name = each.key();
    const auto& inner = each.value();
    const auto known = std::ranges::find(by.properties, name, &schema_node::property::name);
    const auto* of = known == by.properties.end() ? by.others : known->of;
    if (!of && !by.closed) continue;
    out.inside(name, [&] {
      if (of)
        judge_value(*of, inner, out);
      else
        out.say("is not known here");
    });
  }
}

void judge_value(const schema_node& by, const json& value, judging& out) {
  const auto type = type_of(value);
  if ((by.types & type) == 0) return out.say("must be " + by.type_text);
  if (type == is_integer && (by.minimum || by.maximum)) {
    const bool huge = value.is_number_unsigned() &&
                      value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
    if (huge || outside(value.get<std::int64_t>(), by.minimum, by.maximum))
      out.say(range_text(by.minimum, by.maximum));
  }
  if (type == is_string) {
    const auto& text = value.get_ref<const std::string&>();
    if ((by.min_length || by.max_length) &&
        outside(characters_in(text), by.min_length, by.max_length))
      out.say(range_text(by.min_length, by.max_length) + " characters");
    else if (by.format && !by.format->fits(text))
      out.say(std::string{by.format->says});
    else if (!by.words.empty() && std::ranges::find(by.words, text) == by.words.end()) {
      std::string words;
      for (const auto& word : by.words) words += (words.empty() ? "" : ", ") + word;
      out.say("must be one of " + words);
    }
  }
  if (type == is_array) {
    if ((by.min_items || by.max_items) && outside(value.size(), by.min_items, by.max_items))
      out.say(range_text(by.min_items, by.max_items) + " elements");
    if (by.items)
      for (std::size_t i = 0; i < value.size() && out.faults.size() < faults_max; ++i)
        out.inside(std::to_string(i), [&] { judge_value(*by.items, value[i], out); });
  }
  if (type == is_object) judge_object(by, value, out);
}

}  // namespace

schema_set::schema_set(const json& components) : components_(components) {
  for (const auto& [name, of] : components_.items()) static_cast<void>(named(name));
}

schema_set::~schema_set() = default;

const schema_node* schema_set::named(const std::string& name) {
  for (const auto& [known, node] : names_)
    if (known == name) return node;
  if (!components_.contains(name)) throw std::logic_error("no schema " + name);
  const auto* made = compile(components_[name]);
  names_.emplace_back(name, made);
  return made;
}

const schema_node* schema_set::compile(const json& schema) {
  constexpr std::string_view prefix = "#/components/schemas/";
  if (schema.contains("$ref")) {
    const auto& ref = schema["$ref"].get_ref<const std::string&>();
    return named(ref.substr(prefix.size()));
  }
  nodes_.push_back(std::make_unique<schema_node>());
  auto& node = *nodes_.back();
  const auto count = [](const json& value) { return value.get<std::size_t>(); };
  for (const auto& [word, value] : schema.items()) {
    if (word == "description" || word == "default" || word == "examples") continue;
    if (word == "type") {
      node.types = 0;
      const auto list = value.is_array() ? value : json::array({value});
      for (const auto& each : list) {
        const auto at = std::ranges::find(type_names, each.get<std::string>(),
                                          &std::pair<std::string_view, unsigned>::first);
        if (at == type_names.end()) throw std::logic_error("no type " + each.dump());
        node.types |= at->second;
        const bool vowel = at->first.starts_with('i') || at->first.starts_with('a') || at->first.starts_with('o');
        node.type_text.append(node.type_text.empty() ? "" : " or ");
        node.type_text.append(at->second == is_null ? "" : vowel ? "an " : "a ").append(at->first);
      }
    } else if (word == "properties") {
      for (const auto& [name, inner] : value.items())
        node.properties.push_back({name, compile(inner), false});
    } else if (word == "required") {
      continue;  // below: its order among the words is nobody's to know
    } else if (word == "additionalProperties") {
      if (value.is_boolean())
        node.closed = !value.get<bool>();
      else
        node.others = compile(value);
    } else if (word == "items") {
      node.items = compile(value);
    } else if (word == "minimum") {
      node.minimum = value.get<std::int64_t>();
    } else if (word == "maximum") {
      node.maximum = value.get<std::int64_t>();
    } else if (word == "minItems") {
      node.min_items = count(value);
    } else if (word == "maxItems") {
      node.max_items = count(value);
    } else if (word == "minLength") {
      node.min_length = count(value);
    } else if (word == "maxLength") {
      node.max_length = count(value);
    } else if (word == "minProperties") {
      node.min_properties = count(value);
    } else if (word == "enum") {
      for (const auto& each : value)
        if (each.is_string()) node.words.push_back(each.get<std::string>());
    } else if (word == "format") {
      const auto at = std::ranges::find(formats, value.get<std::string>(), &format_row::name);
      if (at == formats.end()) throw std::logic_error("no format " + value.dump());
      node.format = &*at;
    } else {
      throw std::logic_error("a schema may not say " + word);
    }
  }
  for (const auto& name : schema.value("required", json::array())) {
    const auto at =
        std::ranges::find(node.properties, name.get<std::string>(), &schema_node::property::name);
    if (at == node.properties.end()) throw std::logic_error("required but unknown: " + name.dump());
    at->required = true;
  }
  return &node;
}

std::vector<fault_at> schema_set::judge(std::string_view component, const json& value) const {
  for (const auto& [name, node] : names_)
    if (name == component) return judge(*node, value);
  throw std::logic_error("no schema " + std::string{component});
}

std::vector<fault_at> schema_set::judge(const schema_node& by, const json& value) const {
  judging out;
  judge_value(by, value, out);
  return std::move(out.faults);
}

}  // namespace confab::api
