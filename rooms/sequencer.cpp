#include "rooms/sequencer.hpp"

#include "rooms/judge.hpp"

#include <algorithm>
#include <utility>

namespace confab::rooms {
namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};

/// Whether the entry that a key stands on is of the kind, and names the target, of this operation.
bool is_repeat_of(const want& what, const key_record& used) {
  return std::visit(
      overloaded{
          [&](const post_message&) { return used.kind == entry_kind::posted; },
          [&](const edit_message& edit) {
            return used.kind == entry_kind::edited && used.target == edit.target;
          },
          [&](const delete_messages& wanted) {
            return used.kind == entry_kind::deleted && used.target &&
                   std::ranges::find(wanted.targets, *used.target) != wanted.targets.end();
          },
          [&](const set_reaction& reaction) {
            return used.kind == (reaction.on ? entry_kind::reacted : entry_kind::unreacted) &&
                   used.target == reaction.target;
          },
          [&](const record_event&) { return used.kind == entry_kind::recorded; },
          [](const create_room&) { return false; },
          [](const set_marks&) { return false; },
      },
      what);
}

/// The bodies of the entries that an allowed operation becomes; `targets` are those of its targets
/// that change something.
std::vector<entry_body> bodies_of(want& what, const std::vector<seq_no>& targets) {
  std::vector<entry_body> bodies;
  std::visit(overloaded{
                 [&](post_message& post) { bodies.push_back(posted{std::move(post.what)}); },
                 [&](edit_message& edit) {
                   bodies.push_back(edited{edit.target, std::move(edit.what)});
                 },
                 [&](delete_messages&) {
                   for (const auto target : targets) bodies.push_back(deleted{target});
                 },
                 [&](set_reaction& reaction) {
                   bodies.push_back(
                       reacted{reaction.target, std::move(reaction.emoji), reaction.on});
                 },
                 [&](record_event& event) {
                   bodies.push_back(recorded{std::move(event.type), std::move(event.data)});
                 },
                 [](create_room&) {},
                 [](set_marks&) {},
             },
             what);
  return bodies;
}

}  // namespace

unix_ms follow(unix_ms log_time, unix_ms stamp) noexcept {
  if (log_time.value() - stamp.value() > clock_step_back_min.count()) return stamp;
  return std::max(log_time, stamp);
}

/// First the key, before any right: the answer to a repeat is that of the first use, whatever has
/// happened since (SEMANTICS §12).
std::optional<decision> sequencer::known_key(const operation& asked, unix_ms at,
                                             const room_view& room, source& from) const {
  if (asked.key.empty()) return std::nullopt;
  const auto used = from.key(room, asked.by.user, asked.key);
  if (!used || !window_.remembers(used->position, used->at, from.last_position(), at))
    return std::nullopt;
  if (!is_repeat_of(asked.what, *used))
    return refused{error_code::conflict, "this key was used for something else", {}};
  return repeated{used->last, used->at};
}

decision sequencer::decide(operation& asked, unix_ms stamp, source& from) {
  const auto at = follow(log_time_, stamp);
  if (std::holds_alternative<set_marks>(asked.what)) {
    log_time_ = at;
    return marked{at};
  }

  auto* room = from.room(asked.room);
  if (from.broken()) return undecided{};
  if (std::holds_alternative<create_room>(asked.what)) {
    if (room) return room_was_there{};
    log_time_ = at;
    return room_created{};
  }
  if (!room) return refused{error_code::no_such_room, "no such room", {}};

  auto known = known_key(asked, at, *room, from);
  if (from.broken()) return undecided{};
  if (known) return std::move(*known);

  // All targets or none: of those allowed, those that change nothing make no entry.
  const auto targets = targets_of(asked.what);
  std::vector<seq_no> changing;
  bool anything = targets.empty();
  const auto* reaction = std::get_if<set_reaction>(&asked.what);
  for (std::size_t i = 0; i < std::max<std::size_t>(targets.size(), 1); ++i) {
    std::optional<message_state> message;
    if (!targets.empty()) {
      const auto target = targets[i];
      if (std::ranges::find(changing, target) != changing.end()) continue;
      if (target.value() > 0 && target <= room->head)
        message = from.message(*room, target, asked.by.user,
                               reaction ? std::string_view{reaction->emoji} : std::string_view{});
      if (from.broken()) return undecided{};
    }
    const auto found = judge({*room, asked, message ? &*message : nullptr, at});
    if (const auto* no = std::get_if<refused>(&found)) return *no;
    if (std::holds_alternative<unchanged>(found)) continue;
    anything = true;
    if (!targets.empty()) changing.push_back(targets[i]);
  }
  if (!anything) return unchanged{};

  appended done;
  for (auto& body : bodies_of(asked.what, changing)) {
    done.entries.push_back({next(room->head), at, asked.by.user, {}, std::move(body)});
    apply(*room, done.entries.back());
  }
  done.entries.front().key = std::move(asked.key);
  log_time_ = at;
  return done;
}

}  // namespace confab::rooms
