#pragma once

#include "protocol/codec.hpp"
#include "protocol/document.hpp"
#include "protocol/settings_members.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Private to protocol: the members of one object that a client sent.
namespace confab {

struct fault {
  error_code code;
  std::string message;
};

/// A member of a JSON object, or nullptr. A null counts as left out: many a language's objects
/// are written with it for what is not set.
inline const json* member(const json& object, std::string_view name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

/// The values in `of`, itself included. Recursive: the tree is `limits::nesting_max` deep at most.
inline std::size_t nodes_in(const json& of) {
  std::size_t count = 1;
  if (of.is_structured())
    for (const auto& inner : of) count += nodes_in(inner);
  return count;
}

template <class Id>
std::optional<Id> id_in(const json& value) {
  const auto* text = value.get_ptr<const json::string_t*>();
  return text ? Id::make(*text) : std::nullopt;
}

/// An integer as the sender wrote one: 3.0 is none, in JSON as in CBOR.
inline std::optional<std::uint64_t> natural(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0)
    return static_cast<std::uint64_t>(value.get<std::int64_t>());
  return std::nullopt;
}

/// The members of one command, checked while they are taken. The first fault is kept and what is
/// taken then has no meaning; so a command reads as the list of its members, and is asked for its
/// fault once, at the end.
class fields {
 public:
  fields(const json& object, const decode_limits& limits) : object_(&object), limits_(limits) {}

  const std::optional<fault>& first_fault() const { return fault_; }
  bool has(std::string_view name) const { return member(*object_, name) != nullptr; }

  std::string text(std::string_view name, std::size_t bytes_min, std::size_t bytes_max,
                   bool multiline = false) {
    const auto* found = required(name);
    if (!found) return {};
    const auto* value = found->get_ptr<const json::string_t*>();
    if (!value) return bad<std::string>(name, "must be a string");
    if (value->size() > bytes_max) return too_long<std::string>(name, bytes_max, "bytes");
    if (value->size() < bytes_min) return bad<std::string>(name, "must not be empty");
    if (!is_clean_text(*value, multiline))
      return bad<std::string>(name, "must not hold control characters");
    return *value;
  }

  template <class Id>
  Id id(std::string_view name) {
    const auto* found = required(name);
    if (!found) return {};
    auto made = id_in<Id>(*found);
    if (!made) return bad<Id>(name, "must be a valid id");
    return *std::move(made);
  }

  template <class Id>
  std::vector<Id> ids(std::string_view name, std::size_t count_min, std::size_t count_max) {
    return list<Id>(name, count_min, count_max, "must hold valid ids", id_in<Id>);
  }

  session_name session(std::string_view name) {
    const auto* found = required(name);
    if (!found) return {};
    const auto* text = found->get_ptr<const json::string_t*>();
    const auto parsed = text ? session_name::parse(*text) : std::nullopt;
    if (!parsed) bad(name, "must be a session id");
    return parsed.value_or(session_name{});
  }

  std::uint64_t integer(std::string_view name, std::uint64_t max = limits::ref_max) {
    const auto* found = required(name);
    if (!found) return {};
    const auto value = natural(*found);
    if (!value || *value > max) {
      const auto range = max == limits::ref_max ? "2^53-1" : std::to_string(max);
      return bad<std::uint64_t>(name, "must be an integer, 0.." + range);
    }
    return *value;
  }

  seq_no seq(std::string_view name) { return seq_no{integer(name)}; }
  unix_ms time(std::string_view name) { return unix_ms{static_cast<std::int64_t>(integer(name))}; }
  std::chrono::milliseconds duration(std::string_view name, std::uint64_t max = limits::ref_max) {
    return std::chrono::milliseconds{integer(name, max)};
  }

  std::vector<seq_no> seqs(std::string_view name, std::size_t count_min, std::size_t count_max) {
    const auto make = [](const json& element) {
      const auto value = natural(element);
      return value && *value <= limits::ref_max ? std::optional{seq_no{*value}} : std::nullopt;
    };
    return list<seq_no>(name, count_min, count_max, "must hold integers, 0..2^53-1", make);
  }

  bool boolean(std::string_view name) {
    const auto* found = required(name);
    if (!found) return {};
    if (!found->is_boolean()) return bad<bool>(name, "must be true or false");
    return found->get<bool>();
  }

  /// Any integer; what lies outside is moved to the nearer end.
  std::uint32_t clamped(std::string_view name, std::uint32_t low, std::uint32_t high) {
    const auto* found = required(name);
    if (!found) return {};
    if (!found->is_number_integer()) return bad<std::uint32_t>(name, "must be an integer");
    const auto value = natural(*found);
    return value ? static_cast<std::uint32_t>(std::clamp<std::uint64_t>(*value, low, high)) : low;
  }

  /// What people are shown as a name.
  std::string display_name(std::string_view name) {
    auto said = text(name, 0, limits::name_bytes_max);
    if (!is_display_name(said))
      bad(name, "must hold something to see, and nothing that turns its direction");
    return said;
  }
  /// An empty one counts as left out.
  std::optional<std::string> optional_name(std::string_view name) {
    if (optional_text(name, limits::name_bytes_max).empty()) return std::nullopt;
    return display_name(name);
  }

  // Members that many commands have.
  std::string key(std::string_view name = "key") {
    return has(name) ? text(name, 1, limits::key_bytes_max) : std::string{};
  }
  std::string reason() { return optional_text("reason", limits::reason_bytes_max, true); }
  /// One that is a place in a log: `next` of the page before.
  std::optional<seq_no> seq_cursor() {
    const auto said = cursor();
    if (said.empty()) return std::nullopt;
    std::uint64_t value = 0;
    const auto* end = said.data() + said.size();
    const auto [read, wrong] = std::from_chars(said.data(), end, value);
    if (wrong != std::errc{} || read != end || value > limits::ref_max)
      return bad<seq_no>("after", "must be the next of an earlier page");
    return seq_no{value};
  }
  std::string cursor() { return optional_text("after", limits::cursor_bytes_max); }
  std::uint32_t limit(std::uint32_t usual, std::uint32_t max) {
    return has("limit") ? clamped("limit", 1, max) : usual;
  }

  /// One of the words of `Word`.
  template <setting_word Word>
  Word word(std::string_view name) {
    const auto found = word_named<Word>(text(name, 1, limits::name_bytes_max));
    if (!found) return bad<Word>(name, "is none of the words it can be");
    return *found;
  }

  /// Any JSON value.
  free_data data(std::string_view name) { return value(name, limits::data_bytes_max); }

  free_data object(std::string_view name, std::size_t bytes_max) {
    const auto* found = required(name);
    if (!found) return {};
    if (!found->is_object()) return bad<free_data>(name, "must be an object");
    return value(name, bytes_max);
  }

  free_data value(std::string_view name, std::size_t bytes_max) {
    const auto* found = required(name);
    if (!found) return {};
    if (nodes_in(*found) > limits::data_nodes_max)
      return too_long<free_data>(name, limits::data_nodes_max, "values");
    auto compact = found->dump();
    if (compact.size() > bytes_max)
      return too_long<free_data>(name, bytes_max, "bytes as compact JSON");
    return free_data{std::move(compact)};
  }

  /// `get` if the member is there.
  template <class Get>
  auto optional(std::string_view name, Get get) -> std::optional<decltype(get(name))> {
    if (!has(name)) return std::nullopt;
    return get(name);
  }

  bool optional_boolean(std::string_view name) { return has(name) && boolean(name); }

  std::string optional_text(std::string_view name, std::size_t bytes_max, bool multiline = false) {
    return has(name) ? text(name, 0, bytes_max, multiline) : std::string{};
  }

  std::optional<seq_no> optional_seq(std::string_view name) {
    return optional(name, [this](auto n) { return seq(n); });
  }

  /// What `make` (an optional) makes of the elements of the array `name`, each once. `wrong` says
  /// what there must be instead of what it makes nothing of.
  template <class Element, class Make>
  std::vector<Element> list(std::string_view name, std::size_t count_min, std::size_t count_max,
                            std::string_view wrong, Make make) {
    std::vector<Element> elements;
    const auto* found = required(name);
    if (!found) return elements;
    if (!found->is_array()) return bad<std::vector<Element>>(name, "must be an array");
    if (found->size() < count_min) return bad<std::vector<Element>>(name, "must not be empty");
    for (const auto& element : *found) {
      auto made = make(element);
      if (!made) return bad<std::vector<Element>>(name, wrong);
      if (std::find(elements.begin(), elements.end(), *made) != elements.end()) continue;
      if (elements.size() == count_max)
        return too_long<std::vector<Element>>(name, count_max, "elements");
      elements.push_back(*std::move(made));
    }
    return elements;
  }

  /// `each` with the members of every object in the array `name`.
  template <class Each>
  void for_each_object(std::string_view name, std::size_t count_max, Each each) {
    const auto* found = member(*object_, name);
    if (!found) return;
    if (!found->is_array()) return bad(name, "must be an array");
    if (found->size() > count_max) return too_long(name, count_max, "elements");
    for (const auto& element : *found) {
      if (!element.is_object()) return bad(name, "must hold objects");
      fields inner{element, limits_};
      each(inner);
      if (inner.fault_) return note_inner(name, inner);
    }
  }

  /// `each` with the members of the object `name`.
  template <class Each>
  void in_object(std::string_view name, Each each) {
    const auto* found = required(name);
    if (!found) return;
    if (!found->is_object()) return bad(name, "must be an object");
    fields inner{*found, limits_};
    each(inner);
    if (inner.fault_) note_inner(name, inner);
  }

  template <class Nothing = void>
  Nothing bad(std::string_view name, std::string_view why) {
    note(error_code::bad_request, std::string{name}.append(" ").append(why));
    return Nothing();
  }

  template <class Nothing = void>
  Nothing too_long(std::string_view name, std::size_t max, std::string_view unit) {
    auto message = std::string{name}.append(" is longer than ").append(std::to_string(max));
    note(error_code::too_long, message.append(" ").append(unit));
    return Nothing();
  }

  const decode_limits& limits() const { return limits_; }

 private:
  const json* required(std::string_view name) {
    const auto* found = member(*object_, name);
    if (!found) bad(name, "is missing");
    return found;
  }

  void note_inner(std::string_view name, const fields& inner) {
    note(inner.fault_->code, std::string{name} + ": " + inner.fault_->message);
  }

  void note(error_code code, std::string message) {
    if (!fault_) fault_ = fault{code, std::move(message)};
  }

  const json* object_;
  decode_limits limits_;
  std::optional<fault> fault_;
};

}  // namespace confab
