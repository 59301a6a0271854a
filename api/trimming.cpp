#include "api/answers.hpp"
#include "api/handlers.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace confab::api::handlers {
namespace {

/// Then it is told how far it has come: who calls goes on by calling again.
constexpr std::chrono::seconds trim_for{20};

/// A room is trimmed in steps of so many entries as one operation may take away.
struct trimming : std::enable_shared_from_this<trimming> {
  trimming(service& with, call_ptr for_call)
      : api(with), of(std::move(for_call)), until(api.chat().steady_now() + trim_for) {}

  service& api;
  call_ptr of;
  std::chrono::steady_clock::time_point until;
  std::optional<seq_no> upto;        // within the room, once it was read
  std::optional<unix_ms> before_at;  // by which `upto` is found

  void look() {
    api.read(of, of->room().view(), [self = shared_from_this()](journal::reader& from) {
      const auto info = from.room(self->of->room());
      if (!info) return self->of->refuse(unreadable(info.why()));
      if (self->before_at && !self->find(from, *info)) return;
      self->step(*info);
    });
  }
  /// By halves: entries are in the order of their times, but where the clock was set back.
  bool find(journal::reader& from, const journal::room_info& info) {
    auto low = info.floor.value() - 1;
    for (auto high = info.head.value(); low < high;) {
      const auto middle = low + (high - low + 1) / 2;
      const auto found =
          from.entries(of->room(), seq_no{middle - 1}, info.head, 1, limits::page_bytes_max);
      if (!found) return of->refuse(unreadable(found.why())), false;
      if (found->empty()) break;
      if (found->front().at < *before_at)
        low = middle;
      else
        high = middle - 1;
    }
    upto = seq_no{low};
    before_at.reset();
    return true;
  }
  void step(const journal::room_info& info) {
    // A trim is an entry, which none of its own steps reaches.
    upto = std::min(*upto, info.head);
    const bool over = *upto < info.floor;
    if (!over && api.chat().steady_now() < until) return trim();
    writing out;
    out.put("oldest", info.floor);
    if (!over) out.put("more", true);
    of->answer(200, out.done());
  }
  void trim() {
    std::vector<rooms::operation> what;
    what.push_back({of->room(), api.principal_of(*of, rooms::server_user), {},
                    rooms::trim_room{*upto}, {}});
    api.submit(of, std::move(what), [self = shared_from_this()](const auto& outcomes) {
      if (const auto why = problem_in(outcomes.front())) return self->of->refuse(*why);
      if (!self->of->to->over()) self->look();
    });
  }
};

}  // namespace

void trim_room(service& api, of_call of) {
  const auto* upto = of->in_body("upto");
  const auto* before = of->in_body("before_at");
  if ((upto != nullptr) == (before != nullptr))
    return of->refuse(bad_request("/upto", "or before_at is needed, and not both"));
  const auto work = std::make_shared<trimming>(api, of);
  if (upto) work->upto = seq_no{upto->get<std::uint64_t>()};
  if (before) work->before_at = unix_ms{before->get<std::int64_t>()};
  work->look();
}

}  // namespace confab::api::handlers
