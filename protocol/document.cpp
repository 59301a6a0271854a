#include "protocol/document.hpp"

#include "protocol/limits.hpp"

#include <algorithm>
#include <unordered_set>

namespace confab {

namespace {

using members = std::vector<std::pair<std::string, json>>;

/// Of a command: so that it is one allocation.
constexpr std::size_t members_usual = 8;

/// The last of each key, in the order of those.
void keep_last(members& list) {
  std::unordered_set<std::string_view> seen;
  members kept;
  for (auto member = list.rbegin(); member != list.rend(); ++member)
    if (seen.insert(member->first).second)
      kept.emplace_back(member->first, std::move(member->second));
  std::reverse(kept.begin(), kept.end());
  list = std::move(kept);
}

bool has_duplicates(const members& list) {
  constexpr std::size_t few = 8;
  if (list.size() <= few) {
    for (auto one = list.begin(); one != list.end(); ++one)
      for (auto other = std::next(one); other != list.end(); ++other)
        if (one->first == other->first) return true;
    return false;
  }
  std::unordered_set<std::string_view> seen;
  return !std::all_of(list.begin(), list.end(),
                      [&](const auto& member) { return seen.insert(member.first).second; });
}

json make_object(members&& list) {
  if (has_duplicates(list)) keep_last(list);
  json result = json::object();
  auto& object = result.get_ref<json::object_t&>();
  // Past ordered_map's own emplace, which would look for the key again.
  auto& storage = static_cast<json::object_t::Container&>(object);
  storage.reserve(list.size());
  for (auto& [key, value] : list) storage.emplace_back(std::move(key), std::move(value));
  return result;
}

}  // namespace

bool document_builder::too_deep() const { return depth_ > limits::nesting_max; }

void document_builder::note(std::string_view why) {
  if (!fault_) fault_ = why;
}

bool document_builder::refuse(std::string_view why) {
  note(why);
  return add(nullptr);
}

bool document_builder::add(json value) {
  if (too_deep()) return true;
  if (open_.empty())
    root_ = std::move(value);
  else if (open_.back().is_array)
    open_.back().elements.push_back(std::move(value));
  else
    open_.back().members.back().second = std::move(value);
  return true;
}

bool document_builder::key(std::string& value) {
  if (!too_deep()) open_.back().members.emplace_back(std::move(value), nullptr);
  return true;
}

bool document_builder::open(bool is_array) {
  if (depth_ == limits::nesting_max) refuse("nested too deep");
  ++depth_;
  if (!too_deep()) {
    open_.push_back({is_array, {}, {}});
    if (!is_array) open_.back().members.reserve(members_usual);
  }
  return true;
}

bool document_builder::close() {
  if (too_deep()) {
    --depth_;
    return true;
  }
  --depth_;
  auto done = std::move(open_.back());
  open_.pop_back();
  return done.is_array ? add(std::move(done.elements)) : add(make_object(std::move(done.members)));
}

}  // namespace confab
