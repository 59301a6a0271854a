#include "cluster/replica.hpp"

#include "cluster/bytes.hpp"
#include "cluster/packing.hpp"

#include <algorithm>
#include <utility>

namespace confab::cluster {
namespace {

constexpr std::uint8_t beat_format = 1;

struct beat_message {
  std::string node;
  log_position position = 0;
  std::uint64_t chain = 0;
  log_position durable = 0;
};

std::string encode(const beat_message& beat) {
  byte_writer to;
  to.fixed(beat_format, 1);
  to.text(beat.node);
  to.fixed(beat.position, 8), to.fixed(beat.chain, 8), to.fixed(beat.durable, 8);
  return std::move(to).take();
}

std::optional<beat_message> decode_beat(std::string_view bytes) {
  byte_reader from{bytes};
  beat_message beat;
  if (from.fixed(1) != beat_format) return std::nullopt;
  beat.node = from.text(node_bytes_max);
  beat.position = from.fixed(8), beat.chain = from.fixed(8), beat.durable = from.fixed(8);
  if (from.failed() || !from.at_end() || beat.node.empty()) return std::nullopt;
  return beat;
}

}  // namespace

replica::replica(settings how, applier& to, shared_log& log, bus& beats, replica_listener& listener,
                 clock now)
    : how_(std::move(how)),
      applier_(to),
      log_(log),
      beats_(beats),
      listener_(listener),
      follow_(to.state().position, to.state().chain, how_.follow),
      beat_at_(now),
      trim_at_(now + how_.trim_every) {
  if (const auto why = applier_.mismatch()) finish(*why, "options differ from the log's");
  fetch(now);
}

// --- what this node's rooms want ----------------------------------------------------------------

replica::push_result replica::submit(const rooms::operation& asked, std::uint64_t ticket,
                                     clock now) {
  if (ended_) return push_result::ended;
  byte_writer bytes;
  if (!pack(bytes, asked) || bytes.size() + overhead_bytes_max > message_bytes_max)
    return push_result::too_long;
  if (queue_bytes_ + bytes.size() > how_.queue_bytes_max) return push_result::overflow;
  queue_bytes_ += bytes.size();
  queue_.push_back({std::move(bytes).take(), entries_of(asked), ticket, now});
  pump(now);
  return push_result::accepted;
}

/// One that is on its way may have been ordered before what the asker has seen elsewhere: who comes
/// later waits for the next.
replica::push_result replica::ask_barrier(std::uint64_t ticket, clock now) {
  if (ended_) return push_result::ended;
  if (next_barrier_.size() >= how_.barrier_waiters_max) return push_result::overflow;
  next_barrier_.emplace_back(ticket, now);
  pump(now);
  return push_result::accepted;
}

// --- what comes from the ports ------------------------------------------------------------------

bool replica::take_result(follower::taken how) {
  if (how == follower::taken::rewritten)
    finish(end_reason::rewritten, "a position of the log was given twice");
  if (how == follower::taken::trimmed)
    finish(end_reason::behind, "behind " + std::to_string(position()) + " the log is trimmed");
  return how == follower::taken::well;
}

void replica::live(log_message message, clock now) {
  if (ended_) return;
  // Damage on the way may be anywhere, also where the format stands: the log itself is asked.
  if (std::holds_alternative<unreadable>(decode(message.bytes))) {
    follow_.knows(message.position);
    return fetch(now);
  }
  if (take_result(follow_.take(std::move(message), now))) fetch(now);
}

void replica::fetched(fetched_messages answer, clock now) {
  if (ended_ || !take_result(follow_.take(std::move(answer), now))) return;
  fetch(now);
  pump(now);
}

void replica::stored(std::uint64_t ticket, log_position position, clock now) {
  if (ended_) return;
  for (auto* one : {&founding_, &begin_, &batch_, &barrier_}) {
    if (!*one || std::ranges::find((*one)->tickets, ticket) == (*one)->tickets.end()) continue;
    (*one)->stored = std::max((*one)->stored, position);
    if (position <= follow_.position() && !follow_.may_be(position, (*one)->bytes))
      return finish(end_reason::rewritten, "the log is shorter than it was, or another");
  }
  follow_.knows(position);
  fetch(now);
}

void replica::heard(std::string_view bytes, clock now) {
  const auto beat = decode_beat(bytes);
  if (ended_ || !beat || beat->node == how_.name) return;
  auto& of = peers_[beat->node];
  of.heard_at = now;
  of.durable = std::max(of.durable, beat->durable);
  follow_.knows(beat->position);
  claim(beat->node, beat->position, beat->chain);
  if (!ended_) fetch(now);
}

void replica::tick(clock now) {
  if (ended_) return;
  give_up(now);
  pump(now);
  for (auto* one : {&founding_, &begin_, &batch_, &barrier_}) repeat(*one, now);
  fetch(now);
  if (now >= beat_at_) beat(now);
  if (now >= trim_at_) trim(now);
}

// --- sending ------------------------------------------------------------------------------------

frame replica::frame_of(frame_content content) const {
  const auto& state = applier_.state();
  return {how_.name, session_, 0, state.position, state.chain, std::move(content)};
}

replica::sending replica::send(std::optional<std::string> bytes, std::uint64_t mine, clock now) {
  sending one;
  one.bytes = *std::move(bytes);
  one.first_at = one.last_at = now;
  one.tickets = {++appends_};
  one.mine = mine;
  log_.append(one.bytes, one.tickets.back());
  return one;
}

/// What is known to be stored comes; if it then was not what counted, it is sent again.
void replica::repeat(std::optional<sending>& what, clock now) {
  if (!what || now - what->last_at < how_.repeat_after || what->stored > follow_.position()) return;
  what->last_at = now;
  what->tickets.push_back(++appends_);
  log_.append(what->bytes, what->tickets.back());
}

void replica::pump(clock now) {
  if (ended_) return;
  if (!applier_.is_founded()) {
    if (founding_ || !follow_.caught_up() || follow_.known_end() > position()) return;
    if (applier_.options().imported > 0 && !applier_.state().proposed && applier_.propose()) return;
    founding_ = send(encode({frame_of(applier_.options())}), 0, now);
    return;
  }
  founding_.reset();
  if (session_ == 0 && !begin_ && follow_.caught_up()) {
    const auto& sessions = applier_.state().sessions;
    const auto at = sessions.find(how_.name);
    begin_session mine{how_.nonce + ++begins_, at == sessions.end() ? 0 : at->second.session,
                       newest_format, how_.address};
    const auto nonce = mine.nonce;
    begin_ = send(encode({frame_of(std::move(mine))}), nonce, now);
  }
  if (session_ != 0 && !batch_ && !queue_.empty()) send_batch(now);
  if (!barrier_ && !next_barrier_.empty()) {
    const auto nonce = how_.nonce + ++barriers_;
    barrier_ = send(encode({frame_of(barrier{nonce})}), nonce, now);
    for (const auto& [ticket, since] : next_barrier_) barrier_->waiting.push_back(ticket);
    next_barrier_.clear();
  }
}

void replica::send_batch(clock now) {
  std::string operations;
  std::vector<std::uint64_t> tickets;
  std::size_t entries = 0;
  while (!queue_.empty() && tickets.size() < operations_max) {
    auto& one = queue_.front();
    if (!tickets.empty() &&
        (entries + one.entries > operations_max ||
         operations.size() + one.bytes.size() + overhead_bytes_max > message_bytes_max))
      break;
    entries += one.entries;
    operations += one.bytes;
    tickets.push_back(one.ticket);
    queue_bytes_ -= one.bytes.size();
    queue_.pop_front();
  }
  auto what = frame_of(batch{});
  what.number = applier_.state().sessions.at(how_.name).number + 1;
  batch_ = send(encode_batch(what, static_cast<std::uint32_t>(tickets.size()), operations),
                what.number, now);
  batch_->waiting = std::move(tickets);
}

/// A batch that was given up is never sent again, and the next begin makes it void wherever it is.
void replica::give_up(clock now) {
  if (batch_ && now - batch_->first_at >= how_.lost_wait) {
    for (const auto ticket : batch_->waiting) listener_.unknown(ticket);
    batch_.reset();
    session_ = 0;
  }
  while (!queue_.empty() && now - queue_.front().since >= how_.lost_wait) {
    listener_.unavailable(queue_.front().ticket);
    queue_bytes_ -= queue_.front().bytes.size();
    queue_.pop_front();
  }
  if (barrier_ && now - barrier_->first_at >= how_.lost_wait) {
    for (const auto ticket : barrier_->waiting) listener_.unavailable(ticket);
    barrier_.reset();
  }
  std::erase_if(next_barrier_, [&](const auto& one) {
    if (now - one.second < how_.lost_wait) return false;
    listener_.unavailable(one.first);
    return true;
  });
}

void replica::fetch(clock now) {
  if (ended_) return;
  if (const auto wanted = follow_.next_fetch(now)) log_.fetch(wanted->from, wanted->count);
}

void replica::beat(clock now) {
  beat_at_ = now + how_.beat_every;
  const auto& state = applier_.state();
  beats_.publish(beat_subject,
                 encode(beat_message{how_.name, state.position, state.chain, durable_}));
}

/// What all who are there have durably is not needed any more. It is not thrown away while it is
/// on one disk only: of a roster of several, two must be heard of.
void replica::trim(clock now) {
  trim_at_ = now + how_.trim_every;
  if (!is_ready()) return;
  auto upto = durable_;
  std::size_t heard = 1;
  for (const auto& [node, of] : peers_) {
    if (now - of.heard_at >= how_.absent_after) continue;
    if (node < how_.name) return;  // that one does it
    ++heard;
    upto = std::min(upto, of.durable);
  }
  if (heard < std::min<std::size_t>(2, applier_.state().sessions.size())) return;
  if (upto > how_.trim_keep) log_.trim(upto - how_.trim_keep);
}

// --- applying -----------------------------------------------------------------------------------

bool replica::work(std::size_t count, clock now) {
  if (ended_) return false;
  const auto messages = follow_.ready(count);
  if (messages.empty()) return false;
  auto done = applier_.apply(messages);
  if (const auto* failure = std::get_if<apply_failure>(&done)) {
    if (failure->end) finish(*failure->end, failure->detail);
    return false;
  }
  auto at = messages.begin();
  for (auto& one : std::get<std::vector<applied_message>>(done)) {
    take(std::move(one), at++->bytes);
    if (ended_) return false;
  }
  pump(now);
  return true;
}

void replica::take(applied_message message, std::string_view bytes) {
  follow_.applied(message.position, message.chain, bytes);
  listener_.applied(message);
  for (auto& one : message.frames) {
    if (one.of.node == how_.name)
      take_own(one, message.position);
    else
      claim(one.of.node, one.of.seen_position, one.of.seen_chain);
    if (ended_) return;
  }
  for (auto& [node, of] : peers_)
    if (of.claimed_at == message.position) judge(node, of.claimed == message.chain);
}

void replica::take_own(applied_frame& one, log_position position) {
  if (const auto* begun = std::get_if<begin_session>(&one.of.content)) {
    const bool mine = begin_ && begin_->mine == begun->nonce;
    if (mine) begin_.reset();  // where it does not count another has begun before: the next tick
    if (!one.counts) return;
    if (!mine) {
      if (has_begun_) finish(end_reason::displaced, "a process of this name has begun");
      return;
    }
    has_begun_ = true;
    session_ = position;
  } else if (std::holds_alternative<batch>(one.of.content)) {
    if (!one.counts || !batch_ || one.of.session != session_ || one.of.number != batch_->mine)
      return;
    const auto sent = std::move(*batch_);
    batch_.reset();
    for (std::size_t i = 0; i < sent.waiting.size(); ++i)
      listener_.answered(sent.waiting[i], std::move(one.outcomes[i]));
  } else if (const auto* wall = std::get_if<barrier>(&one.of.content)) {
    if (!barrier_ || barrier_->mine != wall->nonce) return;
    const auto sent = std::move(*barrier_);
    barrier_.reset();
    for (const auto ticket : sent.waiting) listener_.passed(ticket);
  }
}

void replica::claim(const std::string& node, log_position position, std::uint64_t chain) {
  if (position == 0) return;
  if (position > follow_.position()) {
    auto& of = peers_[node];
    of.claimed_at = position;
    of.claimed = chain;
  } else if (const auto own = follow_.chain_at(position)) {
    judge(node, *own == chain);
  }
}

/// Who has another chain than most is wrong, and where nobody can tell, all who can't stop.
void replica::judge(const std::string& node, bool agrees) {
  auto& of = peers_[node];
  of.agrees = agrees;
  if (agrees || ended_) return;
  std::size_t with = 1, against = 0;
  for (const auto& [other, one] : peers_) {
    if (!one.agrees) continue;
    ++(*one.agrees ? with : against);
  }
  if (against >= with)
    finish(end_reason::diverged, node + " has another chain");
  else
    listener_.suspected(node);
}

void replica::finish(end_reason why, const std::string& detail) {
  ended_ = why;
  if (batch_)
    for (const auto ticket : batch_->waiting) listener_.unknown(ticket);
  for (const auto& one : queue_) listener_.unavailable(one.ticket);
  if (barrier_)
    for (const auto ticket : barrier_->waiting) listener_.unavailable(ticket);
  for (const auto& [ticket, since] : next_barrier_) listener_.unavailable(ticket);
  batch_.reset(), barrier_.reset(), queue_.clear(), next_barrier_.clear();
  listener_.ended(why, detail);
}

}  // namespace confab::cluster
