#include "actors/searcher.hpp"

#include "actors/walls.hpp"
#include "search/searcher.hpp"

#include <chrono>
#include <utility>

namespace confab::actors {
namespace {

/// Then an answer ends with what it has: others wait for theirs.
constexpr auto search_time_max = std::chrono::milliseconds{50};

search::question question_of(const command::search& asked) {
  search::question out;
  out.words = asked.query;
  out.rooms = asked.rooms;
  out.from = asked.from;
  out.after_at = asked.after_at;
  out.before_at = asked.before_at;
  out.has_attachment = asked.has_attachment;
  out.before = asked.after.value();
  out.count = asked.limit;
  return out;
}

search::question question_of(const search_request& what) {
  auto out = question_of(what.what);
  out.by = what.by;
  for (const auto& [room, by] : what.joined) out.joined.push_back({room, by});
  out.allowed = what.allowed;
  return out;
}

}  // namespace

searcher::searcher(caf::actor_config& config, const environment* env, source from)
    : search_actor::base(config), env_(env), source_(std::move(from)) {}

searcher::~searcher() = default;

void searcher::on_exit() {
  searcher_.reset();
  source_ = nullptr;
  waiting_ = {};
}

searcher::behavior_type searcher::make_behavior() {
  end_process_on_bug(*this, *env_);
  return {
      [this](session_search& what) { queue(what); },
      [this](search_job& what) { queue(what); },
      [this](const serve_next_read&) { serve_next(); },
      [](const alive_request&) { return still_here{}; },
  };
}

void searcher::queue(session_search& what) {
  auto wanted = [asker = what.asker] { return !asker.expired(); };
  auto answer = [this, session = what.session, ticket = what.ticket,
                 request = std::move(what.what)](bool may) {
    send(env_->board.audience_of(session),
         to_session{session, read_done{ticket, may ? guarded(question_of(request)) : search_read{}}});
  };
  queue({what.user, std::move(wanted), std::move(answer)});
}

void searcher::queue(search_job& what) {
  auto asked = question_of(what.what);
  asked.sees = std::move(what.sees);
  auto answer = [this, asked = std::move(asked), hear = std::move(what.hear)](bool may) {
    hear(may ? guarded(asked) : search_read{});
  };
  queue({what.who, std::move(what.wanted), std::move(answer)});
}

void searcher::queue(waiting_read what) {
  const bool idle = waiting_.empty();
  if (!waiting_.add(std::move(what)))
    what.answer(false);
  else if (idle)
    send(this, serve_next_read{});
}

void searcher::serve_next() {
  const auto next = waiting_.take();
  if (!waiting_.empty()) send(this, serve_next_read{});
  if (next) next->answer(true);
}

search_read searcher::guarded(const search::question& what) {
  try {
    return read(what);
  } catch (...) {
    report_bug(*env_, name(), {});
    searcher_.reset();
    return {};
  }
}

search_read searcher::read(const search::question& what) {
  if (!searcher_) searcher_ = source_([this] { return env_->steady_now() > late_at_; });
  late_at_ = env_->steady_now() + search_time_max;
  auto found = searcher_->search(what);
  if (const auto* why = std::get_if<std::string>(&found)) {
    if (!why->empty()) env_->bug("search", *why);
    return {};
  }
  auto& answer = std::get<search::answer>(found);
  search_read read{true, {}, answer.candidates};
  read.page.users = std::move(answer.names);
  for (auto& one : answer.hits)
    read.page.hits.push_back({std::move(one.room), std::move(one.message)});
  if (answer.next != 0) read.page.next = std::to_string(answer.next);
  read.page.upto_at = answer.upto_at;
  return read;
}

}  // namespace confab::actors
