#include "protocol/document.hpp"

#include <algorithm>
#include <unordered_set>

namespace confab {

namespace {

using members = std::vector<std::pair<std::string, json>>;

/// So that an object is one allocation.
constexpr std::size_t command_members_usual = 8;
constexpr std::size_t members_usual = 4;

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

void document_builder::note(std::string_view why) {
  if (!fault_) fault_ = why;
}

bool document_builder::count() {
  ++nodes_;
  if (too_many()) note("too many values");
  return !too_many();
}

void document_builder::put(json value) {
  if (too_deep()) return;
  if (open_.empty())
    root_ = std::move(value);
  else if (open_.back().is_array)
    open_.back().elements.push_back(std::move(value));
  else
    open_.back().members.back().second = std::move(value);
}

bool document_builder::add(json value) {
  if (!count()) return false;
  put(std::move(value));
  return true;
}

bool document_builder::refuse(std::string_view why) {
  note(why);
  return add(nullptr);
}

void document_builder::key(std::string value) {
  if (too_deep()) return;
  auto& members = open_.back().members;
  if (members.empty()) members.reserve(open_.size() == 1 ? command_members_usual : members_usual);
  members.emplace_back(std::move(value), nullptr);
}

bool document_builder::open(bool is_array) {
  if (!count()) return false;
  if (depth_ == limits::nesting_max) {
    note("nested too deep");
    put(nullptr);
  }
  ++depth_;
  if (!too_deep()) open_.push_back({is_array, {}, {}});
  return true;
}

void document_builder::close() {
  const bool unbuilt = too_deep();
  --depth_;
  if (unbuilt) return;
  auto done = std::move(open_.back());
  open_.pop_back();
  put(done.is_array ? json(std::move(done.elements)) : make_object(std::move(done.members)));
}

document document_builder::finish(bool well_formed) {
  document result;
  result.nodes = std::min(nodes_, nodes_max_);
  result.well_formed = well_formed || too_many();
  if (!result.well_formed) return result;
  while (depth_ > 0) close();  // of what was not read to its end
  result.root = std::move(root_);
  result.fault = fault_;
  return result;
}

}  // namespace confab
