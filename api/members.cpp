#include "api/answers.hpp"
#include "api/handlers.hpp"

#include <algorithm>
#include <map>

namespace confab::api::handlers {
namespace {

/// Users changed in entries of a hundred. Where one of a hundred can't be changed none is: these are
/// tried alone, and who can't be is told.
struct changing : std::enable_shared_from_this<changing> {
  changing(service& with, call_ptr for_call) : api(with), of(std::move(for_call)) {}

  service& api;
  call_ptr of;
  std::vector<user_id> users;
  member_set change;  // without users
  std::optional<std::chrono::milliseconds> delete_for;

  std::vector<std::vector<user_id>> asked;  // of each operation under way
  std::vector<user_id> changed;
  std::map<std::string, std::string> skipped;
  std::optional<seq_no> last;
  std::optional<std::uint64_t> deleted;

  void start() {
    std::vector<std::vector<user_id>> groups;
    for (std::size_t i = 0; i < users.size(); i += limits::member_users_max) {
      const auto end = std::min(i + limits::member_users_max, users.size());
      groups.push_back({users.begin() + static_cast<std::ptrdiff_t>(i),
                        users.begin() + static_cast<std::ptrdiff_t>(end)});
    }
    send(std::move(groups));
  }

  void send(std::vector<std::vector<user_id>> groups) {
    std::vector<rooms::operation> what;
    for (const auto& group : groups) {
      rooms::set_members one{change};
      one.change.users = group;
      what.push_back({of->room(), api.principal_of(*of, of->from()), {}, std::move(one), {}});
    }
    asked = std::move(groups);
    api.submit(of, std::move(what),
               [self = shared_from_this()](const auto& outcomes) { self->take(outcomes); });
  }

  void take(const std::vector<rooms::brief>& outcomes) {
    std::vector<std::vector<user_id>> alone;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const auto& group = asked[i];
      if (const auto* kept = std::get_if<rooms::kept>(&outcomes[i])) {
        last = kept->seq;
        changed.insert(changed.end(), kept->users.begin(), kept->users.end());
        for (const auto& user : group)
          if (std::ranges::find(kept->users, user) == kept->users.end())
            skipped[user.value()] = "already";
      } else if (std::holds_alternative<rooms::unchanged>(outcomes[i])) {
        for (const auto& user : group) skipped[user.value()] = "already";
      } else if (const auto* no = std::get_if<rooms::refused>(&outcomes[i]);
                 no && no->code != error_code::no_such_room) {
        if (group.size() == 1)
          skipped[group.front().value()] = row(no->code).name;
        else
          for (const auto& user : group) alone.push_back({user});
      } else if (const auto why = problem_in(outcomes[i])) {
        return of->refuse(*why);
      }
    }
    if (!alone.empty()) return send(std::move(alone));
    if (!delete_for || changed.empty()) return answer();
    deleted = 0;
    find_messages();
  }

  void find_messages() {
    const unix_ms since{api.chat().now().value() - delete_for->count()};
    api.read(of, of->room().view(), [self = shared_from_this(), since](journal::reader& from) {
      auto found = from.messages_of(self->of->room(), self->changed, since, page_count_max);
      if (!found)
        return self->of->refuse(error_code::unavailable,
                                "they are banned, but their messages can't be read now");
      self->take_away(std::move(*found));
    });
  }

  /// Where too many edits and reactions go with a hundred, each of them goes alone.
  void take_away(std::vector<seq_no> targets, std::size_t at_once = limits::delete_targets_max) {
    std::vector<rooms::operation> what;
    for (std::size_t i = 0; i < targets.size(); i += at_once) {
      const auto end = std::min(i + at_once, targets.size());
      rooms::delete_messages some{{targets.begin() + static_cast<std::ptrdiff_t>(i),
                                   targets.begin() + static_cast<std::ptrdiff_t>(end)},
                                  change.reason};
      what.push_back({of->room(), api.principal_of(*of, of->from()), {}, std::move(some), {}});
    }
    api.submit(of, std::move(what), [self = shared_from_this(), targets, at_once](const auto& outcomes) {
      std::vector<seq_no> again;
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        const auto* no = std::get_if<rooms::refused>(&outcomes[i]);
        if (no && no->code == error_code::limit && at_once > 1) {
          const auto end = std::min((i + 1) * at_once, targets.size());
          for (auto at = i * at_once; at < end; ++at) again.push_back(targets[at]);
          continue;
        }
        if (const auto why = problem_in(outcomes[i])) return self->of->refuse(*why);
        if (const auto* kept = std::get_if<rooms::kept>(&outcomes[i])) {
          *self->deleted += kept->entries;
          self->last = std::max(self->last.value_or(kept->seq), kept->seq);
        }
      }
      if (!again.empty()) return self->take_away(std::move(again), 1);
      self->answer();
    });
  }

  void answer() {
    writing out;
    out.put("changed", changed);
    out.object("skipped", [&] {
      for (const auto& [user, why] : skipped) out.entry(user, std::string_view{why});
    });
    out.put("seq", last);
    out.put("deleted", deleted);
    of->answer(200, out.done());
  }
};


}  // namespace

void change_members(service& api, of_call of) {
  const auto work = std::make_shared<changing>(api, of);
  auto& change = work->change;
  const auto text = [&](std::string_view name) {
    const auto* said = of->in_body(name);
    return said ? std::optional{said->get<std::string>()} : std::nullopt;
  };
  const auto time = [&](std::string_view name) {
    const auto* said = of->in_body(name);
    return said ? std::optional{unix_ms{said->get<std::int64_t>()}} : std::nullopt;
  };
  for (const auto& each : *of->in_body("users")) {
    auto user = user_id::trusted(each.get<std::string>());
    if (std::ranges::find(work->users, user) == work->users.end())
      work->users.push_back(std::move(user));
  }
  if (const auto state = text("state")) change.state = member_state_named(*state);
  if (const auto role = text("role")) change.as = role_named(*role);
  change.until = time("until");
  change.mute_until = time("mute_until");
  change.reason = text("reason").value_or("");
  if (const auto* wait = of->in_body("delete_ms"))
    work->delete_for = std::chrono::milliseconds{wait->get<std::int64_t>()};

  if (!change.state && !change.as && !change.mute_until)
    return of->refuse(bad_request("/state", "or role or mute_until is needed"));
  if (change.until && change.state != member_state::invited && change.state != member_state::banned)
    return of->refuse(bad_request("/until", "is of those invited or banned"));
  if (work->delete_for && change.state != member_state::banned)
    return of->refuse(bad_request("/delete_ms", "is of those banned"));
  const bool moderates = change.state == member_state::banned ||
                         change.state == member_state::unbanned || change.mute_until;
  if (moderates && !of->key->may(scope::moderate))
    return of->refuse(error_code::forbidden, "this key has no scope moderate");
  work->start();
}

void put_member(service& api, of_call of) {
  const auto work = std::make_shared<changing>(api, of);
  work->users = {of->user()};
  work->change.state = member_state::member;
  if (const auto* role = of->in_body("role")) work->change.as = role_named(role->get<std::string>());
  work->start();
}

void remove_member(service& api, of_call of) {
  const auto work = std::make_shared<changing>(api, of);
  work->users = {of->user()};
  work->change.state = member_state::removed;
  if (const auto* reason = of->in_query("reason")) work->change.reason = *reason;
  work->start();
}

void list_members(service& api, of_call of) {
  const auto* said = of->in_query("state");
  const auto state = said ? member_state_named(*said) : member_state::member;
  if (state != member_state::member && state != member_state::invited &&
      state != member_state::banned)
    return of->refuse(bad_request("?state", "must be member, invited or banned"));
  auto place = api.place_in(*of, 'p');
  if (const auto* why = std::get_if<problem>(&place)) return of->refuse(*why);
  std::optional<user_id> after;
  if (const auto& text = std::get<std::string>(place); !text.empty()) after = user_id::trusted(text);
  api.read(of, of->room().view(), [&api, of, state = *state, after](journal::reader& from) {
    const auto info = from.room(of->room());
    if (!info)
      return of->refuse(info.why() == journal::fault::no_such_room ? error_code::no_such_room
                                                                   : error_code::unavailable,
                        "no such room");
    auto page = from.members(of->room(), state, after, of->limit());
    if (!page) return of->refuse(error_code::unavailable, "the journal can't be read now");
    if (info->direct && state == member_state::member) {  // both, for ever, without a row
      rooms::member_row both;
      both.state = member_state::member;
      both.as = role::member;
      page->members = {{info->direct->first, both}, {info->direct->second, both}};
      page->more = false;
    }
    std::vector<user_id> users;
    for (const auto& one : page->members) users.push_back(one.user);
    std::map<user_id, std::string> names;
    if (auto profiles = from.profiles(users))
      for (auto& one : *profiles) names.emplace(one.user, std::move(one.name));
    const auto* role = of->in_query("role");
    std::erase_if(page->members, [&](const auto& one) { return role && name(one.row.as) != *role; });
    writing out;
    out.array("items", page->members, [&](const journal::listed_member& one) {
      out.object([&] {
        put_listed_member(out, one, names[one.user]);
        if (state != member_state::member) return;
        if (const auto found = from.member(of->room(), one.user)) out.put("read", found->read);
      });
    });
    if (page->more && !users.empty())
      out.put("next", std::string_view{api.cursor_of('p', users.back().view())});
    of->answer(200, out.done());
  });
}

}  // namespace confab::api::handlers
