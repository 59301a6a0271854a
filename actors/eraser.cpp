#include "actors/eraser.hpp"

#include "actors/walls.hpp"
#include "protocol/limits.hpp"
#include "rooms/erasing.hpp"
#include "rooms/principal.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace confab::actors {
namespace {

constexpr auto retry_interval = std::chrono::minutes{1};
/// That one read looks at: some tens of milliseconds.
constexpr std::size_t entries_looked_at = 20'000;
/// While it is looked whether there is such a user.
constexpr auto answer_time_max = std::chrono::seconds{3};

rooms::operation by_server(room_id room, rooms::want what, std::string key = {}) {
  return {std::move(room), rooms::server_principal(), std::move(key), std::move(what)};
}

/// That the user is to be erased, or was.
rooms::operation note_of(const user_id& user, const user_id& as, bool pending) {
  rooms::mark note{rooms::server_user, std::string{rooms::erasure_prefix} + user.value(),
                   rooms::mark::kind::own_settings, pending, as.value()};
  return by_server(rooms::server_room, rooms::set_marks{{std::move(note)}});
}

/// Base32, as in other ids that the server makes.
user_id drawn_name(const std::function<std::uint64_t()>& random) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
  std::string name{rooms::erased_prefix};
  auto bits = random();
  for (int i = 0; i < 12; ++i, bits >>= 5) name += letters[bits & 31];
  return user_id::trusted(std::move(name));
}

/// Of those that are done, too, for some time.
std::optional<std::vector<journal::stored_mark>> marks_of_erasures(journal::reader& of) {
  auto all = of.marks(rooms::server_user, rooms::mark::kind::own_settings);
  if (!all) return std::nullopt;
  std::erase_if(*all, [](const auto& one) {
    return !one.what.subject.starts_with(rooms::erasure_prefix);
  });
  return std::move(*all);
}

}  // namespace

std::optional<std::vector<std::pair<user_id, user_id>>> pending_erasures(journal::reader& of) {
  const auto marks = marks_of_erasures(of);
  if (!marks) return std::nullopt;
  std::vector<std::pair<user_id, user_id>> found;
  for (const auto& [note, position] : *marks)
    if (note.value != 0)
      found.emplace_back(user_id::trusted(note.subject.substr(rooms::erasure_prefix.size())),
                         user_id::trusted(note.text));
  return found;
}

eraser::behavior_type eraser::make_behavior() {
  end_process_on_bug(*this, *env_);
  busy_ = true;
  send(this, erase_more{});
  return {
      [this](const erase_request& asked) -> caf::result<erase_taken> {
        auto promise = make_response_promise<erase_taken>();
        take(asked.user, [promise](const erase_taken& taken) mutable { promise.deliver(taken); });
        return promise;
      },
      [this](const erase_job& asked) { take(asked.user, asked.hear); },
      [this](const erasing_question& asked) {
        if (!load()) return asked.hear(std::nullopt);
        asked.hear(std::ranges::find(jobs_, asked.as, &job::as) != jobs_.end());
      },
      [this](const erase_more&) {
        busy_ = false;
        step();
      },
      [](const alive_request&) { return still_here{}; },
  };
}

void eraser::take(const user_id& user, std::function<void(const erase_taken&)> hear) {
  if (!load()) return hear(erase_taken{});
  const auto known = std::ranges::find(jobs_, user, &job::user);
  if (known != jobs_.end()) return hear(erase_taken{true, known->as});
  const auto is_there = is_known(user);
  if (!is_there) return hear(erase_taken{});
  if (!*is_there) {
    const auto before = erased_before(user);
    return hear(before ? erase_taken{true, *before, true, true} : erase_taken{false, {}, false});
  }
  const auto as = drawn_name(env_->random);
  request(env_->writer, caf::infinite, order_request{note_of(user, as, true)})
      .then(
          [this, hear, user, as](const ordered& result) {
            if (result.ok) {
              auto& added = jobs_.emplace_back();
              added.user = user;
              added.as = as;
              if (!std::exchange(busy_, true)) send(this, erase_more{});
            }
            hear(erase_taken{result.ok, as});
          },
          [hear](caf::error&) { hear(erase_taken{}); });
}

/// What an earlier process was told to.
bool eraser::load() {
  if (loaded_) return true;
  if (!reader_) {
    reader_ = source_();
    reader_->tell_failures([this](std::string_view detail) { env_->bug("eraser", detail); });
  }
  const auto pending = pending_erasures(*reader_);
  if (!pending) return false;
  for (const auto& [user, as] : *pending) {
    auto& added = jobs_.emplace_back();
    added.user = user;
    added.as = as;
  }
  return loaded_ = true;
}

/// There is no index by author. A journal that takes long to look through is not while somebody waits
/// for the answer: the erasure will do that.
std::optional<bool> eraser::is_known(const user_id& user) {
  const auto profile = reader_->profiles({&user, 1});
  const auto directs = reader_->directs(user, 1);
  if (!profile || !directs) return std::nullopt;
  if (!profile->empty() || !directs->empty()) return true;
  using kind = rooms::mark::kind;
  for (const auto of : {kind::read_marker, kind::own_settings, kind::block}) {
    const auto marks = reader_->marks(user, of);
    if (!marks) return std::nullopt;
    if (!marks->empty()) return true;
  }
  const auto late = env_->steady_now() + answer_time_max;
  for (std::uint64_t upto = 0;;) {
    const auto page = reader_->traces(user, upto, entries_looked_at);
    if (!page) return std::nullopt;
    if (!page->found.empty() || env_->steady_now() > late) return true;
    if (page->at_end) return false;
    upto = page->upto;
  }
}

std::optional<user_id> eraser::erased_before(const user_id& user) {
  const auto marks = marks_of_erasures(*reader_);
  if (marks)
    for (const auto& [note, position] : *marks)
      if (note.subject.substr(rooms::erasure_prefix.size()) == user.view())
        return user_id::trusted(note.text);
  return std::nullopt;
}

void eraser::step() {
  if (!load()) return later();
  if (jobs_.empty()) return;
  busy_ = true;
  auto& of = jobs_.front();
  switch (of.now) {
    case phase::looking:
      return look(of);
    case phase::erasing:
      return erase(of);
    case phase::renaming:
      return rename(of);
  }
}

/// Twice, the second time for what came meanwhile: up to the heads that were known before it nothing is
/// left then.
void eraser::look(job& of) {
  if (!of.deletes.empty()) {
    auto next = std::move(of.deletes.front());
    of.deletes.pop_front();
    return order(next, [this, next](bool refused) {
      if (refused) try_halves(next);
      send(this, erase_more{});
    });
  }
  const auto page = reader_->traces(of.user, of.looked_upto, entries_looked_at);
  if (!page || (page->at_end && !know_directs(of))) return later();
  of.looked_upto = page->upto;
  std::map<room_id, std::vector<seq_no>> said;
  for (const auto& [room, seq, speaks, position] : page->found) {
    of.rooms.insert(room);
    if (speaks) said[room].push_back(seq);
  }
  for (const auto& [room, seqs] : said)
    for (std::size_t at = 0; at < seqs.size(); at += limits::delete_targets_max) {
      rooms::delete_messages wanted;
      for (auto i = at; i < std::min(seqs.size(), at + limits::delete_targets_max); ++i)
        wanted.targets.push_back(seqs[i]);
      of.deletes.push_back(by_server(room, std::move(wanted)));
    }
  if (!page->found.empty()) of.heads.clear();
  if (page->at_end && page->found.empty() && (!of.heads.empty() || of.rooms.empty()))
    of.now = phase::erasing;
  else if (page->at_end && of.deletes.empty() && !know_heads(of))
    return later();
  send(this, erase_more{});
}

/// Where too many edits and reactions go with so many messages. What one of them is refused for, the
/// next look finds out.
void eraser::try_halves(const rooms::operation& refused) {
  const auto& all = std::get<rooms::delete_messages>(refused.what).targets;
  if (all.size() < 2) return;
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  auto& deletes = jobs_.front().deletes;
  deletes.push_front(by_server(refused.room, rooms::delete_messages{{middle, all.end()}, {}}));
  deletes.push_front(by_server(refused.room, rooms::delete_messages{{all.begin(), middle}, {}}));
}

/// Where others alone have said something the log does not name the user, and who comes by the id later
/// is not to read it.
bool eraser::know_directs(job& of) {
  const auto all = reader_->directs(of.user, std::numeric_limits<std::size_t>::max());
  if (!all) return false;
  for (const auto& info : *all) of.rooms.insert(info.room);
  return true;
}

bool eraser::know_heads(job& of) {
  for (const auto& room : of.rooms) {
    const auto info = reader_->room(room);
    if (!info) return of.heads.clear(), false;
    of.heads[room] = info->head;
  }
  return true;
}

/// The server's own log last: from then on nothing is known of the user.
void eraser::erase(job& of) {
  of.rooms.erase(rooms::server_room);
  const bool last = of.rooms.empty();
  const auto room = last ? rooms::server_room : *of.rooms.begin();
  order(by_server(room, rooms::erase_user{of.user, of.as, of.heads[room]}, of.as.value()),
        [this, room, last](bool refused) {
          auto& current = jobs_.front();
          if (refused) {
            current.now = phase::looking;
            current.heads.clear();
          } else if (last) {
            current.now = phase::renaming;
          } else {
            current.rooms.erase(room);
          }
          send(this, erase_more{});
        });
}

void eraser::rename(job& of) {
  request(env_->writer, caf::infinite, rename_request{of.user, of.as, of.renamed_upto})
      .then(
          [this](const renamed& result) {
            auto& one = jobs_.front();
            if (!result.ok) return later();
            if (!result.next) return finish(one);
            one.renamed_upto = *result.next;
            send(this, erase_more{});
          },
          [](caf::error&) {});  // the writer has ended, and with it the process does
}

void eraser::finish(job& of) {
  order(note_of(of.user, of.as, false), [this](bool) {
    jobs_.pop_front();
    send(this, erase_more{});
  });
}

void eraser::order(rooms::operation what, std::function<void(bool refused)> then) {
  request(env_->writer, caf::infinite, order_request{what})
      .then(
          [this, what, then](const ordered& result) {
            if (result.ok) return then(result.refused);
            if (std::holds_alternative<rooms::delete_messages>(what.what))
              jobs_.front().deletes.push_front(what);
            later();
          },
          [](caf::error&) {});  // likewise
}

void eraser::later() { delayed_send(this, retry_interval, erase_more{}); }

}  // namespace confab::actors
