#include "api/answers.hpp"
#include "api/handlers.hpp"

#include <algorithm>
#include <memory>
#include <utility>

/// Whether users may sign in, and what they have of rooms.
namespace confab::api::handlers {
namespace {

/// A change of what keeps a user out. It counts for who signs in meanwhile, and where it could not be kept
/// it is taken back.
struct barring : std::enable_shared_from_this<barring> {
  barring(service& with, call_ptr for_call)
      : api(with), of(std::move(for_call)), user(of->user()), was(api.chat().bar_of(user)), is(was) {}

  service& api;
  call_ptr of;
  const user_id user;
  const rooms::bar was;
  rooms::bar is;
  close_code code = close_code::removed;
  std::string reason;
  std::function<void()> then;  // once it is kept; none: it is answered
  std::uint64_t closed = 0;

  void start() {
    api.chat().set_bar(user, is);
    std::vector<rooms::operation> what;
    what.push_back({rooms::server_room, rooms::server_principal(), {},
                    rooms::set_marks{{rooms::to_mark(user, is)}}, {}});
    if (is.deactivated != was.deactivated) {
      auto by = rooms::server_principal();
      by.api_key = of->key->name;
      what.push_back({rooms::server_room, std::move(by), {},
                      rooms::record_event{is.deactivated ? "user.deactivated" : "user.reactivated",
                                          free_data{json{{"user", user.value()}}.dump()}}, {}});
    }
    api.submit(of, std::move(what), [self = shared_from_this()](const auto& outcomes) {
      for (const auto& one : outcomes)
        if (const auto why = problem_in(one)) {
          self->api.chat().set_bar(self->user, self->was);
          return self->of->refuse(*why);
        }
      self->close_sessions();
    });
  }
  void close_sessions() {
    api.chat().sessions_of(user, [self = shared_from_this()](const std::vector<open_session>& all) {
      if (!self->is.keeps_nobody_out())
        for (const auto& one : all) self->api.chat().close_barred(one.id, self->code, self->reason);
      self->closed = self->is.keeps_nobody_out() ? 0 : all.size();
      self->then ? self->then() : self->answer();
    });
  }
  void answer() const {
    writing out;
    out.put("sessions", closed);
    of->answer(200, out.done());
  }
};

/// Where a user is the last owner another becomes one, if there is anybody: room by room, by what the user
/// loses the role with.
struct succession : std::enable_shared_from_this<succession> {
  succession(service& with, call_ptr for_call, std::function<void()> at_end)
      : api(with), of(std::move(for_call)), user(of->user()), then(std::move(at_end)) {}

  service& api;
  call_ptr of;
  const user_id user;
  std::function<void()> then;
  std::optional<room_id> after;
  bool more = true;

  void go_on() {
    if (!more) return then();
    api.read(of, "", [self = shared_from_this()](journal::reader& from) {
      std::vector<rooms::operation> what;
      if (!self->find(from, what))
        return self->of->refuse(error_code::unavailable, "not all rooms have another owner: call again");
      if (what.empty()) return self->go_on();
      // Who has no heir stays the owner.
      self->api.submit(self->of, std::move(what), [self](const auto&) { self->go_on(); });
    });
  }
  bool find(journal::reader& from, std::vector<rooms::operation>& into) {
    journal::room_filter filter;
    filter.asker = user;
    filter.hidden_too = true;
    auto page = from.rooms(after, filter, limits::rooms_page_count_max);
    if (!page) return false;
    more = page->size() > limits::rooms_page_count_max;
    if (more) page->resize(limits::rooms_page_count_max);
    for (const auto& info : *page) {
      after = info.room;
      if (!info.asker.is_owner()) continue;
      const auto alone = is_alone(from, info.room);
      if (!alone) return false;
      if (*alone) into.push_back(demotion(info.room));
    }
    return true;
  }
  /// None: it can't be read.
  std::optional<bool> is_alone(journal::reader& from, const room_id& room) const {
    std::optional<user_id> behind;
    for (bool goes_on = true; goes_on;) {
      const auto page = from.members(room, member_state::member, behind, page_count_max);
      if (!page) return std::nullopt;
      for (const auto& one : page->members)
        if (one.user != user && one.row.is_owner()) return false;
      goes_on = page->more && !page->members.empty();
      if (goes_on) behind = page->members.back().user;
    }
    return true;
  }
  rooms::operation demotion(const room_id& room) const {
    member_set change;
    change.users = {user};
    change.as = role::member;
    return {room, api.principal_of(*of, rooms::server_user), {}, rooms::set_members{std::move(change)}, {}};
  }
};

}  // namespace

// --- whether one may come in ---------------------------------------------------------------------

/// A token that is as young as that is taken: who makes one behind this call makes it a second later, as
/// tokens tell their time in seconds.
void revoke(service& api, of_call of) {
  const auto work = std::make_shared<barring>(api, of);
  const auto now = api.chat().now();
  const auto* before = of->in_body("before");
  const unix_ms from = before ? unix_ms{before->get<std::int64_t>()} : now;
  if (from > now) return of->refuse(bad_request("/before", "must not be in the future"));
  work->is.tokens_before = std::max(work->was.tokens_before, from);
  work->code = close_code::token_expired;
  work->reason = "the token was revoked";
  work->start();
}

void deactivate(service& api, of_call of) {
  const auto work = std::make_shared<barring>(api, of);
  work->is.deactivated = true;
  work->reason = "deactivated";
  work->then = [&api, of, weak = std::weak_ptr{work}] {
    const auto self = weak.lock();
    std::make_shared<succession>(api, of, [self] { self->answer(); })->go_on();
  };
  work->start();
}

void reactivate(service& api, of_call of) {
  const auto work = std::make_shared<barring>(api, of);
  work->is.deactivated = false;
  work->code = close_code::token_expired;  // of tokens that are revoked, if there are any
  work->reason = "the token was revoked";
  work->start();
}

// --- what one has of rooms -----------------------------------------------------------------------

void list_users(service& api, of_call of) {
  auto place = api.place_in(*of, 'u');
  if (const auto* why = std::get_if<problem>(&place)) return of->refuse(*why);
  api.read(of, "", [&api, of, after = user_id::trusted(std::get<std::string>(place))](journal::reader& from) {
    const auto* prefix = of->in_query("prefix");
    const auto deactivated = of->flag_in_query("deactivated");
    auto found = from.users(prefix ? std::string_view{*prefix} : std::string_view{}, after, of->limit());
    if (!found) return of->refuse(unreadable(found.why()));
    const bool more = found->size() == of->limit();
    const auto last = found->empty() ? user_id{} : found->back().user;
    std::erase_if(*found, [&](const user_set& one) {
      return one.guest || (deactivated && api.chat().bar_of(one.user).deactivated != *deactivated);
    });
    writing out;
    out.array("items", *found,
              [&](const user_set& one) { out.object([&] { put_profile(out, api, one); }); });
    if (more) out.put("next", std::string_view{api.cursor_of('u', last.view())});
    of->answer(200, out.done());
  });
}

/// Direct rooms are of two users, so a key that may not see them is not shown their rows.
void user_rooms(service& api, of_call of) {
  auto place = api.place_in(*of, 'i');
  if (const auto* why = std::get_if<problem>(&place)) return of->refuse(*why);
  api.read(of, of->user().view(), [&api, of, after = std::get<std::string>(place)](journal::reader& from) {
    journal::inbox_query asked;
    asked.user = of->user();
    asked.after = after;
    asked.count = std::min(of->limit(), limits::inbox_page_count_max);
    asked.now = api.chat().now();
    auto page = from.inbox(asked);
    if (!page) return of->refuse(unreadable(page.why()));
    std::erase_if(page->rows, [&](const auto& row) { return !of->key->sees(row.room); });
    writing out;
    out.put("items", page->rows);
    if (!page->next.empty()) out.put("next", std::string_view{api.cursor_of('i', page->next)});
    of->answer(200, out.done());
  });
}

void user_unread(service& api, of_call of) {
  api.read(of, of->user().view(), [&api, of](journal::reader& from) {
    const auto sum = from.totals(of->user(), api.chat().now());
    if (!sum) return of->refuse(unreadable(sum.why()));
    writing out;
    out.put("rooms", sum->rooms);
    out.put("unread", sum->unread);
    out.put("mentions", sum->mentions);
    of->answer(200, out.done());
  });
}

void move_marker(service& api, of_call of) {
  std::vector<rooms::operation> what;
  what.push_back({of->room(), api.principal_of(*of, of->user()), {},
                  rooms::move_marker{seq_no{of->in_body("seq")->get<std::uint64_t>()}}, {}});
  api.submit(of, std::move(what), [&api, of](const auto& outcomes) {
    if (const auto why = problem_in(outcomes.front())) return of->refuse(*why);
    api.read(of, of->room().view(), [of](journal::reader& from) {
      const auto counts = from.counts(of->room(), of->user());
      if (!counts) return of->refuse(unreadable(counts.why()));
      if (!*counts) return of->refuse(error_code::not_member, "not a member of this room");
      writing out;
      out.put("read", (*counts)->read);
      out.put("unread", (*counts)->unread);
      out.put("mentions", (*counts)->mentions);
      of->answer(200, out.done());
    });
  });
}

}  // namespace confab::api::handlers
