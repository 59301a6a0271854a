#include "actors/journal_writer.hpp"

#include "actors/walls.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace confab::actors {
namespace {

constexpr auto probe_interval = std::chrono::seconds{1};
/// Who fails again so soon after he has recovered is believed later, twice as late each time.
constexpr std::chrono::milliseconds relapse_span = std::chrono::minutes{5};
constexpr std::chrono::milliseconds calm_min = std::chrono::seconds{4};
constexpr std::chrono::milliseconds calm_max = std::chrono::minutes{1};
/// Content that was deleted has left every file within the hour. Not at once, as it costs a
/// checkpoint; again soon, where a reader is in its way.
constexpr auto clearing_wait = std::chrono::minutes{30};
constexpr auto clearing_again = std::chrono::minutes{1};
/// Read markers wait so long for others, so that each user costs at most one write in that time; a
/// crash takes back no more.
constexpr auto markers_wait = std::chrono::seconds{2};
/// Bounds the memory of one commit and the wait of the last in it.
constexpr std::size_t batch_operations_max = 4096;

/// Whose row of the room an entry makes another. What a message addresses its outcome tells.
void note(inbox_change& change, const log_entry& entry, const std::string& name) {
  std::visit(
      overloaded{
          [&](const posted& message) {
            if (!rooms::counts(entry))
              return change.users.push_back(entry.from);  // whose marker it moves
            change.everyones = change.everyones || message.what.mentions.room;
            change.messages.push_back({entry.seq, entry.from});
            change.last = journal::shown_last(entry);
            change.name = name;
          },
          [&](const edited&) { change.everyones = true; },
          [&](const deleted&) { change.everyones = true; },
          [&](const trimmed&) { change.everyones = true; },
          [&](const erased& gone) { change.users.push_back(gone.user); },
          [&](const member_set& members) {
            change.users.insert(change.users.end(), members.users.begin(), members.users.end());
          },
          [](const reacted&) {},
          [](const recorded&) {},
          [](const room_set&) {},
          [](const confab::pinned&) {},
          [](const user_set&) {},
      },
      entry.body);
}
void note(inbox_change& change, const journal::outcome& what) {
  const auto entries_of = [&](const std::vector<log_entry>& entries, const std::string& name) {
    for (const auto& entry : entries) note(change, entry, name);
  };
  if (const auto* done = std::get_if<rooms::appended>(&what)) {
    entries_of(done->entries, done->name);
    change.users.insert(change.users.end(), done->told.begin(), done->told.end());
  } else if (const auto* made = std::get_if<journal::room_made>(&what)) {
    entries_of(made->entries, {});
  } else if (const auto* moved = std::get_if<rooms::marker_moved>(&what)) {
    change.users.push_back(moved->user);
  } else if (const auto* set = std::get_if<rooms::own_set>(&what)) {
    change.users.push_back(set->user);
  }
}

bool makes_room(const journal::outcome& what) {
  const auto* made = std::get_if<journal::room_made>(&what);
  return made && !made->duplicate && !made->info.direct;
}
/// That a room was made, for the server's own log. Ids need no escapes.
rooms::operation note_of_room(const rooms::operation& making) {
  auto by = rooms::server_principal();
  by.api_key = making.by.api_key;
  std::string data = R"({"room":")" + making.room.value() + R"(","by":")" + making.by.user.value() + R"("})";
  return {rooms::server_room, std::move(by), {},
          rooms::record_event{"room.created", free_data{std::move(data)}}};
}

rooms::brief brief_of(const journal::outcome& what) {
  return std::visit(
      overloaded{
          [](const journal::room_made& made) -> rooms::brief {
            return rooms::made{made.info.epoch, made.info.head, made.duplicate};
          },
          [](const rooms::appended& done) -> rooms::brief {
            const auto& last = done.entries.back();
            rooms::kept out{last.seq, last.at, done.entries.size(), done.unreached, {}, done.weight};
            if (const auto* change = std::get_if<member_set>(&done.entries.front().body))
              out.users = change->users;
            return out;
          },
          [](const rooms::marked&) -> rooms::brief { return rooms::unchanged{}; },
          [](const rooms::marker_moved&) -> rooms::brief { return rooms::unchanged{}; },
          [](const rooms::own_set&) -> rooms::brief { return rooms::unchanged{}; },
          [](const auto& same) -> rooms::brief { return same; },
      },
      what);
}

}  // namespace

journal_writer::journal_writer(caf::actor_config& config, const environment* env,
                               std::shared_ptr<journal::writer> to)
    : writer_actor::base(config),
      env_(env),
      state_(std::in_place, std::move(to), env->how.commit_window) {}

journal_writer::behavior_type journal_writer::make_behavior() {
  // What a bug has left half done here nobody can know; a fresh process starts from the log.
  end_process_on_bug(*this, *env_);
  plan_clearing(clearing_wait);
  return {
      [this](append_request& request) {
        auto& s = *state_;
        s.batch.push_back(std::move(request.what));
        s.requests.push_back({request.request, request.session, request.ticket});
        commit_soon();
      },
      [this](append_all_request& request) { take(request); },
      [this](const commit_batch&) {
        auto& s = *state_;
        const auto wait = s.pacing.wait(env_->steady_now(), s.batch.size());
        s.commit_queued = wait > wait.zero();
        if (!s.commit_queued) return commit();
        env_->pause(wait);
        send(this, commit_batch{});  // behind what came meanwhile
      },
      [this](const shard_load& load) { state_->pacing.shard_is_busy(load.busy); },
      [this](const probe_journal&) { probe(); },
      [this](const clear_leftovers&) {
        state_->clearing_planned = false;
        if (!state_->writer->clear_leftovers()) plan_clearing(clearing_again);
      },
      [this](const store_markers&) {
        state_->storing_planned = false;
        // What could not be stored waits on, and is seen all the same.
        static_cast<void>(state_->writer->store_gathered());
        plan_storing();
      },
      [this](const watch_feed& watch) -> caf::result<feed_moved> {
        auto& s = *state_;
        const auto position = s.writer->position();
        if (position > watch.after) return feed_moved{position};
        auto promise = make_response_promise<feed_moved>();
        s.watching.emplace_back(watch.after, promise);
        return promise;
      },
      [this](const flush_request&) {
        commit();
        static_cast<void>(state_->writer->store_gathered());
        return flushed{state_->healthy};
      },
      [this](order_request& asked) {
        commit();
        state_->batch.push_back(std::move(asked.what));
        state_->requests.push_back({});
        commit();
        return state_->last;
      },
      [this](const rename_request& asked) {
        commit();
        const auto step = state_->writer->rename(asked.user, asked.as, asked.from);
        plan_clearing(clearing_wait);
        return step ? renamed{true, step->next} : renamed{};
      },
      [this](const forget_room_job& asked) {
        commit();
        const auto forgotten = state_->writer->forget_room(asked.room, asked.head);
        const bool gone = forgotten && *forgotten;
        // Its actor knows another room by this id.
        const auto awake = gone ? env_->board.awake(asked.room) : room_actor{};
        if (awake) caf::anon_send_exit(awake, caf::exit_reason::user_shutdown);
        plan_clearing(clearing_wait);
        asked.hear(gone);
      },
      [this](const drop_notes_request& asked) {
        const auto done = state_->writer->drop_notes(asked.after, asked.upto);
        return done ? notes_dropped{true, *done} : notes_dropped{};
      },
      [this](const forget_names_request& asked) {
        const auto more = state_->writer->forget_names(asked.erased, asked.guests);
        plan_clearing(clearing_wait);
        return more ? names_forgotten{true, *more} : names_forgotten{};
      },
      [](const alive_request&) { return still_here{}; },
  };
}

void journal_writer::take(append_all_request& what) {
  auto& s = *state_;
  const auto together = std::make_shared<state::group>();
  together->hear = std::move(what.hear);
  together->count = what.what.size();
  together->so_far.reserve(together->count);
  for (auto& one : what.what) {
    s.batch.push_back(std::move(one));
    s.requests.push_back({request_no{}, {}, {}, together});
    commit_soon();
  }
}

void journal_writer::commit_soon() {
  auto& s = *state_;
  if (s.batch.size() >= batch_operations_max) return commit();
  if (s.commit_queued) return;
  // Behind whatever is in the mailbox by now: all of it becomes one batch.
  s.commit_queued = true;
  send(this, commit_batch{});
}

void journal_writer::commit() {
  auto& s = *state_;
  if (s.batch.empty()) return;
  s.pacing.committing(env_->steady_now(), s.batch.size());
  while (!s.batch.empty()) commit_some();
  plan_clearing(clearing_wait);
  plan_storing();
}

/// As many operations as one commit may hold, or all of them where nothing can be stored.
void journal_writer::commit_some() {
  auto& s = *state_;
  const auto began = env_->steady_now();
  auto result = s.writer->commit(s.batch, env_->now());
  const auto count = result ? result->size() : s.batch.size();
  env_->of_writer->commit_operations.add(count);
  env_->of_writer->commit_time.add(env_->steady_now() - began);
  if (!result) env_->of_writer->commits_failed.add();
  s.last = {static_cast<bool>(result),
            result && std::holds_alternative<rooms::refused>(result->back())};
  if (!result && result.why() == journal::fault::fatal) env_->journal_fatal(result.detail());
  report(static_cast<bool>(result), result ? std::string_view{} : result.detail());

  std::vector<std::shared_ptr<state::group>> heard;
  // One message for each room, in the order of its log.
  std::vector<std::pair<const room_id*, room_news>> told;
  std::unordered_map<std::string_view, std::size_t> index;
  std::vector<inbox_change> changes;  // of the same rooms, where somebody wants to know
  std::vector<rooms::operation> notes;
  const bool watched = result && has_inboxes();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& room = s.batch[i].room;
    const auto& asked = s.requests[i];
    if (asked.session) answer_session(asked, result ? &(*result)[i] : nullptr);
    const auto [at, fresh] = index.try_emplace(room.view(), told.size());
    if (fresh) told.emplace_back(&room, room_news{});
    if (fresh && watched) changes.emplace_back().room = room;
    if (watched) note(changes[at->second], (*result)[i]);
    auto& news = told[at->second].second.of.emplace_back(room_outcome{s.requests[i].request, not_stored{}});
    if (asked.together) {
      auto& [hear, so_far, of_all] = *asked.together;
      const bool lost = !result && result.why() == journal::fault::unknown;
      so_far.push_back(result ? brief_of((*result)[i]) : rooms::brief{rooms::not_kept{lost}});
      if (so_far.size() == of_all) heard.push_back(asked.together);
    }
    if (result && env_->how.record_rooms && makes_room((*result)[i]))
      notes.push_back(note_of_room(s.batch[i]));
    if (result)
      news.what = std::move((*result)[i]);
    else
      news.what = not_stored{result.why() == journal::fault::unknown};
  }
  for (auto& [room, news] : told)
    if (const auto awake = env_->board.awake(*room)) send(awake, std::move(news));
  for (const auto& one : heard) one->hear(std::move(one->so_far));  // behind what the rooms are told
  s.batch.erase(s.batch.begin(), s.batch.begin() + static_cast<std::ptrdiff_t>(count));
  s.requests.erase(s.requests.begin(), s.requests.begin() + static_cast<std::ptrdiff_t>(count));
  for (auto& one : notes) {  // in the next commit, at once
    s.batch.push_back(std::move(one));
    s.requests.push_back({});
  }
  tell_followers();
  if (watched) tell_inboxes(std::move(changes));
}

bool journal_writer::has_inboxes() const {
  for (std::size_t shard = 0; shard < env_->board.shards(); ++shard)
    if (env_->board.has_inboxes(shard)) return true;
  return false;
}

void journal_writer::tell_inboxes(std::vector<inbox_change> changes) {
  std::erase_if(changes, [](const auto& one) {
    return !one.everyones && one.users.empty() && one.messages.empty();
  });
  if (changes.empty()) return;
  const auto shared = std::make_shared<const std::vector<inbox_change>>(std::move(changes));
  const inboxes_moved moved{state_->writer->position(), shared};
  for (std::size_t shard = 0; shard < env_->board.shards(); ++shard)
    if (env_->board.has_inboxes(shard)) send(env_->board.audience(shard), moved);
}

/// `what`: none where nothing is stored.
void journal_writer::answer_session(const state::asked& who, const journal::outcome* what) {
  stored_for_session answer{who.ticket, what != nullptr};
  if (const auto* no = what ? std::get_if<rooms::refused>(what) : nullptr) answer.refused = *no;
  if (const auto* moved = what ? std::get_if<rooms::marker_moved>(what) : nullptr)
    answer.marker = *moved;
  send(env_->board.audience_of(*who.session), to_session{*who.session, std::move(answer)});
}

void journal_writer::plan_storing() {
  auto& s = *state_;
  if (s.storing_planned || !s.writer->has_gathered()) return;
  s.storing_planned = true;
  delayed_send(this, markers_wait, store_markers{});
}

void journal_writer::plan_clearing(std::chrono::milliseconds wait) {
  auto& s = *state_;
  if (s.clearing_planned || !s.writer->has_leftovers()) return;
  s.clearing_planned = true;
  delayed_send(this, wait, clear_leftovers{});
}

void journal_writer::tell_followers() {
  auto& s = *state_;
  if (s.watching.empty()) return;
  const auto position = s.writer->position();
  std::erase_if(s.watching, [&](auto& one) {
    if (position <= one.first) return false;
    one.second.deliver(feed_moved{position});
    return true;
  });
}

void journal_writer::report(bool healthy, std::string_view detail) {
  auto& s = *state_;
  const auto now = env_->steady_now();
  if (!healthy) {
    // A disk that is nearly full takes what is small and refuses what is large.
    if (s.healthy && s.recovered_at && now - *s.recovered_at < relapse_span)
      s.calm = std::clamp(2 * s.calm, calm_min, calm_max);
    else if (s.healthy)
      s.calm = s.calm.zero();
    s.failed_at = now;
  } else if (!s.healthy && now - s.failed_at < s.calm) {
    return;
  }
  if (s.healthy == healthy) return;
  s.healthy = healthy;
  if (healthy) s.recovered_at = now;
  env_->journal_health(healthy, detail);
  if (!healthy) delayed_send(this, probe_interval, probe_journal{});
}

void journal_writer::probe() {
  if (state_->healthy) return;
  // Appends may have stopped coming: somebody must find out that the disk has room again.
  const auto result = state_->writer->probe();
  if (!result && result.why() == journal::fault::fatal) env_->journal_fatal(result.detail());
  report(static_cast<bool>(result), result ? std::string_view{} : result.detail());
  if (!state_->healthy) delayed_send(this, probe_interval, probe_journal{});
}

}  // namespace confab::actors
