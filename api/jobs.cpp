#include "api/jobs.hpp"

#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "protocol/whole_number.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace confab::api {
namespace {

constexpr std::array<std::string_view, 4> kinds{"erase", "export_user", "export_room", "delete_room"};

/// What the journal keeps of a job; numbers are given out again and again, so the rows are as many as jobs are
/// kept.
rooms::operation mark_of(const job& what, std::string text) {
  rooms::mark kept{job_book::owner, std::to_string(what.number % jobs_kept_max),
                   rooms::mark::kind::own_settings, static_cast<std::int64_t>(what.number),
                   std::move(text)};
  return {rooms::server_room, rooms::server_principal(), {}, rooms::set_marks{{std::move(kept)}}, {}};
}

std::optional<job> job_in(const rooms::mark& kept) {
  const auto body = json::parse(kept.text, nullptr, false);
  if (!body.is_object()) return std::nullopt;
  const auto at = std::ranges::find(kinds, body.value("kind", ""));
  if (at == kinds.end()) return std::nullopt;
  job out;
  out.number = static_cast<std::uint64_t>(kept.value);
  out.kind = static_cast<job_kind>(at - kinds.begin());
  out.about = body.value("about", "");
  out.by = body.value("by", "");
  out.at = unix_ms{body.value("at", std::int64_t{0})};
  out.epoch = body.value("epoch", "");
  out.done = body.value("done", false);
  return out;
}

}  // namespace

const user_id job_book::owner = user_id::trusted("@jobs");

std::string_view name(job_kind of) noexcept { return kinds[static_cast<std::size_t>(of)]; }

bool job_book::is_read() const {
  const std::lock_guard lock{border_};
  return read_;
}

void job_book::read(std::span<const journal::stored_mark> marks) {
  const std::lock_guard lock{border_};
  if (std::exchange(read_, true)) return;
  for (const auto& [kept, position] : marks) {
    last_ = std::max(last_, static_cast<std::uint64_t>(kept.value));
    if (auto found = job_in(kept)) known_.emplace(found->number, *std::move(found));
  }
}

job job_book::add(job_kind kind, std::string about, std::string by, unix_ms at, std::string epoch) {
  const std::lock_guard lock{border_};
  job made{++last_, kind, std::move(about), std::move(by), at, std::move(epoch)};
  known_.emplace(made.number, made);
  if (made.number > jobs_kept_max) known_.erase(made.number - jobs_kept_max);
  return made;
}

std::optional<job> job_book::find(std::string_view id) const {
  if (!id.starts_with("j-")) return std::nullopt;
  const auto number = whole_number(id.substr(2));
  const std::lock_guard lock{border_};
  const auto at = number ? known_.find(*number) : known_.end();
  return at == known_.end() ? std::nullopt : std::optional{at->second};
}

std::optional<job> job_book::find(job_kind kind, std::string_view about) const {
  const std::lock_guard lock{border_};
  for (auto at = known_.rbegin(); at != known_.rend(); ++at)
    if (at->second.kind == kind && at->second.about == about) return at->second;
  return std::nullopt;
}

std::vector<job> job_book::list(std::uint64_t before, std::size_t count) const {
  const std::lock_guard lock{border_};
  std::vector<job> out;
  for (auto at = known_.lower_bound(before); at != known_.begin() && out.size() < count;)
    out.push_back((--at)->second);
  return out;
}

job job_book::finish(job what) {
  what.done = true;
  const std::lock_guard lock{border_};
  if (const auto at = known_.find(what.number); at != known_.end()) at->second.done = true;
  return what;
}

void job_book::forget(std::uint64_t number) {
  const std::lock_guard lock{border_};
  known_.erase(number);
}

rooms::operation job_book::keeps(const job& what) {
  json body{{"kind", name(what.kind)}, {"about", what.about}, {"by", what.by}, {"at", what.at.value()}};
  if (!what.epoch.empty()) body["epoch"] = what.epoch;
  if (what.done) body["done"] = true;
  return mark_of(what, body.dump());
}

rooms::operation job_book::drops(const job& what) { return mark_of(what, {}); }

// --- routes ------------------------------------------------------------------------------------

namespace {

problem no_such_job() { return other_problem(404, "no_such_job", "no such job"); }

/// Whether the key may know of it: what it is about, and what it does with that.
bool shows(const api_key& key, const job& what) {
  switch (what.kind) {
    case job_kind::erase:
      return key.may(scope::erase) && key.sees_all();
    case job_kind::export_user:
      return key.may(scope::export_) && key.sees_all();
    case job_kind::export_room:
      return key.may(scope::export_) && key.sees(room_id::trusted(what.about));
    case job_kind::delete_room:
      return key.may(scope::rooms) && key.sees(room_id::trusted(what.about));
  }
  return false;
}

/// `then` when it is known which jobs there are.
void with_jobs(service& api, const call_ptr& of, std::function<void()> then) {
  if (api.jobs().is_read()) return then();
  api.read(of, rooms::server_room.view(), [&api, of, then = std::move(then)](journal::reader& from) {
    const auto marks = from.marks(job_book::owner, rooms::mark::kind::own_settings);
    if (!marks) return of->refuse(unreadable(marks.why()));
    api.jobs().read(*marks);
    then();
  });
}

/// `then` with the one that is asked for.
void with_job(service& api, const call_ptr& of, std::function<void(const job&)> then) {
  with_jobs(api, of, [&api, of, then = std::move(then)] {
    const auto found = api.jobs().find(of->in_path("job"));
    if (!found || !shows(*of->key, *found)) return of->refuse(no_such_job());
    then(*found);
  });
}

/// Answers with a new job once it is kept, and begins what is to be done for it.
void begin(service& api, const call_ptr& of, job_kind kind, std::string about, std::string epoch = {}) {
  with_jobs(api, of, [&api, of, kind, about = std::move(about), epoch = std::move(epoch)] {
    const auto made = api.jobs().add(kind, about, of->key->name, api.chat().now(), epoch);
    std::vector<rooms::operation> what;
    what.push_back(job_book::keeps(made));
    api.submit(of, std::move(what), [&api, of, made](const auto& outcomes) {
      if (const auto why = problem_in(outcomes.front())) {
        api.jobs().forget(made.number);
        return of->refuse(*why);
      }
      writing out;
      out.put("job", std::string_view{made.id()});
      of->answer(202, out.done());
      if (made.kind == job_kind::delete_room) delete_room(api, made);
    });
  });
}

void put_job(writing& out, const job& what, std::string_view state) {
  constexpr std::array<std::string_view, kinds.size()> members{"as", "user", "room", "room"};
  out.put("job", std::string_view{what.id()});
  out.put("kind", name(what.kind));
  out.put("state", state);
  out.put(members[static_cast<std::size_t>(what.kind)], std::string_view{what.about});
  out.put("by", std::string_view{what.by});
  out.put("at", what.at);
}

constexpr std::string_view state_of(bool goes_on) { return goes_on ? "running" : "done"; }

}  // namespace

namespace handlers {

namespace {

/// Exports of who is erased name them.
void drop_exports(service& api, of_call of) {
  std::vector<rooms::operation> what;
  while (const auto one = api.jobs().find(job_kind::export_user, of->user().view())) {
    what.push_back(job_book::drops(*one));
    api.jobs().forget(one->number);
  }
  if (!what.empty()) api.chat().submit(std::move(what), [](const auto&) {});
}

}  // namespace

/// Who is to be erased already has the same job.
void erase_user(service& api, of_call of) {
  constexpr std::string_view name_of_erased = "gone:";
  if (of->user().view().starts_with(name_of_erased))
    return of->refuse(bad_request("{user}", "is the name of who was erased"));
  with_jobs(api, of, [&api, of] {
    api.chat().erase(of->user(), [&api, of](const erasure& what) {
      if (!what.known) return of->refuse(error_code::no_such_user, "nothing is known of this user");
      if (!what.taken) return of->refuse(error_code::unavailable, "the journal can't be written now");
      api.chat().sessions_of(of->user(), [&api](const std::vector<open_session>& sessions) {
        for (const auto& one : sessions)
          api.chat().close_session(one.id, close_code::removed, "erased");
      });
      drop_exports(api, of);
      const auto known = api.jobs().find(job_kind::erase, what.as.view());
      if (!known) return begin(api, of, job_kind::erase, what.as.value());
      writing out;
      out.put("job", std::string_view{known->id()});
      of->answer(202, out.done());
    });
  });
}

void export_user(service& api, of_call of) {
  begin(api, of, job_kind::export_user, of->user().value());
}

void export_room(service& api, of_call of) {
  api.read(of, of->room().view(), [&api, of](journal::reader& from) {
    const auto info = from.room(of->room());
    if (!info) return of->refuse(unreadable(info.why()));
    begin(api, of, job_kind::export_room, of->room().value());
  });
}

/// Who deletes a room twice has the same job for as long as it goes on.
void delete_room(service& api, of_call of) {
  if (is_direct(of->room()))
    return of->refuse(error_code::forbidden, "direct rooms are their users', for ever");
  with_jobs(api, of, [&api, of] {
    const auto known = api.jobs().find(job_kind::delete_room, of->room().view());
    if (known && !known->done) {
      writing out;
      out.put("job", std::string_view{known->id()});
      return of->answer(202, out.done());
    }
    api.read(of, of->room().view(), [&api, of](journal::reader& from) {
      const auto info = from.room(of->room());
      if (!info) return of->refuse(unreadable(info.why()));
      begin(api, of, job_kind::delete_room, of->room().value(), info->epoch.value());
    });
  });
}

void get_job(service& api, of_call of) {
  with_job(api, of, [&api, of](const job& found) {
    const auto answer = [of, found](bool goes_on) {
      writing out;
      put_job(out, found, state_of(goes_on));
      of->answer(200, out.done());
    };
    if (found.kind != job_kind::erase) return answer(found.kind == job_kind::delete_room && !found.done);
    api.chat().is_erasing(user_id::trusted(found.about), [of, answer](std::optional<bool> goes_on) {
      if (!goes_on) return of->refuse(error_code::unavailable, "the journal can't be read now");
      answer(*goes_on);
    });
  });
}

/// One after the other is asked whether it goes on.
void list_jobs(service& api, of_call of) {
  auto place = api.place_in(*of, 'j');
  if (const auto* why = std::get_if<problem>(&place)) return of->refuse(*why);
  const auto& text = std::get<std::string>(place);
  const auto before = text.empty() ? std::optional{std::numeric_limits<std::uint64_t>::max()}
                                   : whole_number(text);
  if (!before) return of->refuse(bad_request("?cursor", "must be the next of an earlier page"));
  struct listing : std::enable_shared_from_this<listing> {
    listing(service& with, call_ptr for_call) : api(with), of(std::move(for_call)) {}
    service& api;
    call_ptr of;
    std::vector<std::pair<job, bool>> rows;  // and whether it goes on
    std::size_t asked = 0;
    bool more = false;

    void go_on() {
      while (asked < rows.size() && rows[asked].first.kind != job_kind::erase) ++asked;
      if (asked == rows.size()) return answer();
      api.chat().is_erasing(user_id::trusted(rows[asked].first.about),
                            [self = shared_from_this()](std::optional<bool> goes_on) {
                              self->rows[self->asked++].second = goes_on.value_or(true);
                              self->go_on();
                            });
    }
    void answer() const {
      writing out;
      out.array("items", rows, [&](const auto& row) {
        out.object([&] { put_job(out, row.first, state_of(row.second)); });
      });
      if (more)
        out.put("next", std::string_view{api.cursor_of('j', std::to_string(rows.back().first.number))});
      of->answer(200, out.done());
    }
  };
  with_jobs(api, of, [&api, of, before = *before] {
    const auto work = std::make_shared<listing>(api, of);
    for (auto& one : api.jobs().list(before, jobs_kept_max)) {
      if (!shows(*of->key, one)) continue;
      work->more = work->rows.size() == of->limit();
      if (work->more) break;
      const bool goes_on = one.kind == job_kind::delete_room && !one.done;
      work->rows.emplace_back(std::move(one), goes_on);
    }
    work->go_on();
  });
}

void delete_job(service& api, of_call of) {
  with_job(api, of, [&api, of](const job& found) {
    if (found.kind == job_kind::erase || found.kind == job_kind::delete_room)
      return of->refuse(error_code::conflict, "what is begun of this is not taken back");
    std::vector<rooms::operation> what;
    what.push_back(job_book::drops(found));
    api.submit(of, std::move(what), [&api, of, number = found.number](const auto& outcomes) {
      if (const auto why = problem_in(outcomes.front())) return of->refuse(*why);
      api.jobs().forget(number);
      of->answer(204, {});
    });
  });
}

void job_result(service& api, of_call of) {
  with_job(api, of, [&api, of](const job& found) {
    if (found.kind == job_kind::erase || found.kind == job_kind::delete_room)
      return of->refuse(error_code::conflict, "a job of this kind has no result");
    stream_export(api, of, found);
  });
}

}  // namespace handlers
}  // namespace confab::api
