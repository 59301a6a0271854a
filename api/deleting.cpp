#include "api/answers.hpp"
#include "api/jobs.hpp"
#include "api/service.hpp"

#include <array>
#include <limits>
#include <memory>
#include <utility>

namespace confab::api {
namespace {

using std::chrono::milliseconds;

constexpr auto never = std::numeric_limits<std::uint64_t>::max();  // a position
constexpr milliseconds retry_after{1'000};
/// The search index has seen that all was taken away when nothing was new to it for so many looks: it gathers
/// what comes for as long as one.
constexpr milliseconds look_again{100};
constexpr int calm_looks = 5;

/// Takes a room away, in steps that may each be done twice, so that a restart begins at the first: nobody
/// comes in any more, nobody is in any more, nothing is left of what was said, and then its id is free.
struct room_deletion : std::enable_shared_from_this<room_deletion> {
  room_deletion(service& with, job of) : api(with), what(std::move(of)), room(room_id::trusted(what.about)) {
    by.user = rooms::server_user;
    by.as = rooms::principal::kind::api_key;
    by.joined = true;
    by.api_key = what.by;
  }

  service& api;
  const job what;
  const room_id room;
  rooms::principal by;
  int calm = 0;  // looks at the search index, one after the other, that had nothing to wait for

  void step() {
    api.chat().read(what.by, room.view(), [] { return true; },
                    [self = shared_from_this()](journal::reader* from) {
                      from ? self->look(*from) : self->later(retry_after);
                    });
  }
  void later(milliseconds wait) {
    api.chat().wait_for_feed(never, wait, [self = shared_from_this()](std::uint64_t) { self->step(); });
  }
  void order(rooms::want wanted) {
    std::vector<rooms::operation> one;
    one.push_back({room, by, {}, std::move(wanted), {}});
    api.chat().submit(std::move(one), [self = shared_from_this()](const auto& outcomes) {
      problem_in(outcomes.front()) ? self->later(retry_after) : self->step();
    });
  }

  void look(journal::reader& from) {
    const auto info = from.room(room);
    if (!info && info.why() == journal::fault::no_such_room) return finish();
    if (!info) return later(retry_after);
    if (info->epoch.value() != what.epoch) return finish();  // it is gone, and there is another by now
    const auto settings = info->settings ? *info->settings : room_settings{};
    if (!settings.is_private() || settings.of_visitors() != visitor_rights::none) {
      room_settings closed;
      closed.visible = visibility::closed;
      closed.visitors = visitor_rights::none;
      return order(rooms::set_room{std::move(closed)});
    }
    constexpr std::array<std::pair<member_state, member_state>, 3> ends{
        {{member_state::member, member_state::removed},
         {member_state::invited, member_state::removed},
         {member_state::banned, member_state::unbanned}}};
    for (const auto& [state, end] : ends) {
      const auto page = from.members(room, state, {}, limits::member_users_max);
      if (!page) return later(retry_after);
      if (page->members.empty()) continue;
      member_set change;
      for (const auto& one : page->members) change.users.push_back(one.user);
      change.state = end;
      change.reason = "the room is deleted";
      return order(rooms::set_members{std::move(change)});
    }
    // Of a trim its own entry is left.
    if (info->floor < info->head) return order(rooms::trim_room{info->head});
    // The index takes away what it is told of by this id.
    const auto behind = api.chat().numbers().search_behind_seconds;
    calm = behind.value_or(0) > 0 ? 0 : calm + 1;
    if (behind && calm < calm_looks) return later(look_again);
    tell(info->head);
  }
  /// By its position, behind all others, the journal stays where it is.
  void tell(seq_no head) {
    std::vector<rooms::operation> one;
    one.push_back({rooms::server_room, by, {},
                   rooms::record_event{"room.deleted", free_data{json{{"room", room.value()}}.dump()}}, {}});
    api.chat().submit(std::move(one), [self = shared_from_this(), head](const auto& outcomes) {
      if (problem_in(outcomes.front())) return self->later(retry_after);
      self->api.chat().forget_room(self->room, head, [self](bool gone) {
        gone ? self->finish() : self->later(retry_after);
      });
    });
  }
  void finish() {
    std::vector<rooms::operation> one;
    one.push_back(job_book::keeps(api.jobs().finish(what)));
    api.chat().submit(std::move(one), [](const auto&) {});
  }
};

}  // namespace

void delete_room(service& api, const job& what) {
  std::make_shared<room_deletion>(api, what)->step();
}

/// What an earlier process had begun.
void service::resume_jobs() {
  with_.read("jobs", rooms::server_room.view(), [] { return true; }, [this](journal::reader* from) {
    auto marks = from ? from->marks(job_book::owner, rooms::mark::kind::own_settings)
                      : journal::result<std::vector<journal::stored_mark>>{journal::fault::unavailable, {}};
    if (!marks)
      return with_.wait_for_feed(never, retry_after, [this](std::uint64_t) { resume_jobs(); });
    jobs_.read(*marks);
    for (const auto& one : jobs_.list(never, jobs_kept_max))
      if (one.kind == job_kind::delete_room && !one.done) delete_room(*this, one);
  });
}

}  // namespace confab::api
