#include "cluster/applier.hpp"

#include "cluster/bytes.hpp"
#include "cluster/packing.hpp"
#include "protocol/overloaded.hpp"
#include "protocol/siphash.hpp"

#include <algorithm>
#include <utility>

namespace confab::cluster {
namespace {

constexpr std::size_t nodes_max = 4'096;  // that ever were in the roster; node numbers are 16 bits
constexpr std::uint8_t note_format = 1;
/// No secret: the chain is there to find mistakes, not forgers. It holds the log's id, which the
/// founding says.
constexpr siphash_secret chain_secret{0x6e6f632d62616663, 0x0031};

enum class verdict : std::uint8_t { void_frame, counts, unreadable };

void put_entries(byte_writer& to, const std::vector<log_entry>& entries) {
  to.varint(entries.size());
  for (const auto& entry : entries) pack(to, entry);
}

/// What all nodes must have made of an operation alike.
void put(byte_writer& to, const journal::outcome& what) {
  to.fixed(what.index(), 1);
  std::visit(
      overloaded{
          [&](const journal::room_made& made) {
            to.fixed(made.duplicate, 1);
            to.varint(made.info.head.value());
            put_entries(to, made.entries);
          },
          [&](const rooms::appended& done) {
            put_entries(to, done.entries);
            to.varint(done.members);
            to.varint(done.unreached.users.size());
          },
          [&](const rooms::repeated& again) {
            to.varint(again.seq.value());
            to.fixed(static_cast<std::uint64_t>(again.at.value()), 8);
          },
          [](const rooms::unchanged&) {},
          [&](const rooms::refused& no) { to.fixed(static_cast<std::uint64_t>(no.code), 1); },
          [&](const rooms::marked& done) {
            to.fixed(static_cast<std::uint64_t>(done.at.value()), 8);
          },
          [&](const rooms::marker_moved& done) { to.varint(done.read.value()); },
          [&](const rooms::own_set& done) {
            const auto kept = rooms::to_mark(done.user, {}, done.own);
            to.fixed(static_cast<std::uint64_t>(kept.value), 8);
            to.text(kept.text);
          },
      },
      what);
}

std::uint64_t chain_after(std::uint64_t before, const log_message& message,
                          std::string_view judged) {
  byte_writer all;
  all.fixed(before, 8);
  all.fixed(message.position, 8);
  all.fixed(siphash64(chain_secret, message.bytes), 8);
  all.raw(judged);
  return siphash64(chain_secret, all.view());
}

}  // namespace

std::string_view name(end_reason why) noexcept {
  switch (why) {
    case end_reason::displaced:
      return "displaced";
    case end_reason::diverged:
      return "diverged";
    case end_reason::rewritten:
      return "rewritten";
    case end_reason::behind:
      return "behind";
    case end_reason::foreign_log:
      return "foreign_log";
    case end_reason::other_rules:
      return "other_rules";
    case end_reason::newer_format:
      return "newer_format";
    case end_reason::store_failed:
      return "store_failed";
    case end_reason::needs_founder:
      return "needs_founder";
  }
  return "";
}

std::string applied_state::to_note() const {
  byte_writer to;
  to.fixed(note_format, 1);
  to.fixed(position, 8), to.fixed(chain, 8);
  to.fixed(founded.has_value(), 1);
  // As the message that said it, so that there is one way to read it.
  if (founded) to.text(*encode({frame{"-", 0, 0, 0, 0, *founded}}));
  to.fixed(proposed.has_value(), 1);
  if (proposed) to.fixed((*proposed)[0], 8), to.fixed((*proposed)[1], 8);
  to.varint(sessions.size());
  for (const auto& [node, of] : sessions) {
    to.text(node);
    to.fixed(of.session, 8), to.fixed(of.number, 8), to.fixed(of.formats, 1);
  }
  return std::move(to).take();
}

std::optional<applied_state> applied_state::from_note(std::string_view note) {
  byte_reader from{note};
  applied_state found;
  if (from.fixed(1) != note_format) return std::nullopt;
  found.position = from.fixed(8), found.chain = from.fixed(8);
  if (from.fixed(1) != 0) {
    auto said = decode(from.text(message_bytes_max));
    auto* frames = std::get_if<std::vector<frame>>(&said);
    const auto* founding = frames ? std::get_if<genesis>(&frames->front().content) : nullptr;
    if (!founding) return std::nullopt;
    found.founded = *founding;
  }
  if (from.fixed(1) != 0) {
    const auto first = from.fixed(8);
    found.proposed = log_id{first, from.fixed(8)};
  }
  for (auto count = from.varint(); count > 0 && !from.failed(); --count) {
    std::string node{from.text(node_bytes_max)};
    node_session of;
    of.session = from.fixed(8), of.number = from.fixed(8);
    of.formats = static_cast<std::uint8_t>(from.fixed(1));
    found.sessions.emplace(std::move(node), of);
  }
  if (from.failed() || !from.at_end()) return std::nullopt;
  return found;
}

applier::applier(journal::writer& to, const genesis& options) : to_(to), options_(options) {
  if (auto known = applied_state::from_note(to_.note())) state_ = *std::move(known);
  // Rooms without entries leave no position: who opens the journal has to say that there is data.
  options_.imported = std::max(options_.imported, to_.position());
  if (state_.proposed) options_.log = *state_.proposed;
}

bool applier::has_other_rules(const genesis& than) const {
  auto own = than;
  own.window = options_.window, own.how = options_.how;
  return own != than;
}

std::optional<end_reason> applier::mismatch() const {
  if (state_.founded && has_other_rules(*state_.founded)) return end_reason::other_rules;
  return std::nullopt;
}

std::optional<apply_failure> applier::propose() {
  auto next = state_;
  next.proposed = options_.log;
  const auto done = to_.commit_parts({}, [&](auto) { return next.to_note(); });
  if (!done) return apply_failure{std::nullopt, done.detail()};
  state_ = std::move(next);
  return std::nullopt;
}

/// Whether the frame counts, by what was ordered before it and by nothing else. An end: this node
/// can't follow.
std::optional<end_reason> applier::admit(applied_state& state, log_position position,
                                         applied_frame& one) const {
  if (const auto* founding = std::get_if<genesis>(&one.of.content)) {
    if (state.founded) return std::nullopt;
    if (founding->log != options_.log) {
      if (options_.imported > 0) return end_reason::foreign_log;
      if (founding->imported > 0) return end_reason::needs_founder;
    }
    if (has_other_rules(*founding)) return end_reason::other_rules;
    state.founded = *founding;
    state.proposed.reset();
    one.counts = true;
    return std::nullopt;
  }
  if (!state.founded) return std::nullopt;

  const auto at = state.sessions.find(one.of.node);
  const auto current = at == state.sessions.end() ? 0 : at->second.session;
  std::visit(
      overloaded{
          [](const genesis&) {},
          [&](const begin_session& begun) {
            if (begun.replaces != current) return;
            if (current == 0 && state.sessions.size() >= nodes_max) return;
            state.sessions[one.of.node] = {position, 0, begun.formats};
            one.counts = true;
          },
          [&](const batch&) {
            if (current == 0 || one.of.session != current || one.of.number != at->second.number + 1)
              return;
            at->second.number = one.of.number;
            one.counts = true;
          },
          [&](const leave_roster&) {
            if (current == 0 || one.of.session != current) return;
            state.sessions.erase(at);
            one.counts = true;
          },
          [&](const barrier&) { one.counts = true; },
      },
      one.of.content);
  return std::nullopt;
}

std::variant<std::vector<applied_message>, apply_failure> applier::apply(
    std::span<const log_message> messages) {
  std::vector<applied_message> done;
  done.reserve(messages.size());
  auto next = state_;
  for (const auto& message : messages) {
    auto said = decode(message.bytes);
    std::optional<end_reason> end;
    auto& applied = done.emplace_back();
    applied.position = message.position;
    auto before = next;
    if (auto* frames = std::get_if<std::vector<frame>>(&said)) {
      applied.frames.reserve(frames->size());
      for (auto& one : *frames) {
        auto& judged = applied.frames.emplace_back();
        judged.of = std::move(one);
        end = admit(next, message.position, judged);
        if (end) break;
      }
    } else if (std::get<unreadable>(said) == unreadable::newer) {
      end = end_reason::newer_format;
    }
    if (!end) continue;
    done.pop_back();
    next = std::move(before);
    if (done.empty()) return apply_failure{end, "at " + std::to_string(message.position)};
    break;
  }

  std::vector<journal::ordered_part> parts;
  for (std::size_t i = 0; i < done.size(); ++i)
    for (auto& one : done[i].frames)
      if (auto* operations = std::get_if<batch>(&one.of.content); operations && one.counts)
        parts.push_back({operations->operations, messages[i].stamp});

  const auto note = [&](std::span<const journal::outcome> outcomes) {
    next.chain = state_.chain;
    std::size_t told = 0;
    for (std::size_t i = 0; i < done.size(); ++i) {
      byte_writer judged;
      if (done[i].frames.empty()) judged.fixed(static_cast<std::uint64_t>(verdict::unreadable), 1);
      for (const auto& one : done[i].frames) {
        judged.fixed(static_cast<std::uint64_t>(one.counts ? verdict::counts : verdict::void_frame),
                     1);
        const auto* operations = std::get_if<batch>(&one.of.content);
        if (!operations || !one.counts) continue;
        for (std::size_t n = operations->operations.size(); n > 0; --n)
          put(judged, outcomes[told++]);
      }
      next.chain = chain_after(next.chain, messages[i], judged.view());
      done[i].chain = next.chain;
      next.position = messages[i].position;
    }
    return next.to_note();
  };
  auto stored = to_.commit_parts(parts, note);
  if (!stored) {
    const bool nothing_changed = stored.why() == journal::fault::unavailable;
    return apply_failure{nothing_changed ? std::nullopt : std::optional{end_reason::store_failed},
                         stored.detail()};
  }
  state_ = std::move(next);
  auto outcome = stored->begin();
  for (auto& message : done)
    for (auto& one : message.frames)
      if (const auto* operations = std::get_if<batch>(&one.of.content); operations && one.counts)
        for (std::size_t n = operations->operations.size(); n > 0; --n)
          one.outcomes.push_back(std::move(*outcome++));
  return done;
}

}  // namespace confab::cluster
