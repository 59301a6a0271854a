#include "api/answers.hpp"
#include "api/handlers.hpp"

#include <algorithm>

namespace confab::api::handlers {
namespace {

/// Pages of the journal that one answer looks through for rooms that fit.
constexpr int pages_max = 10;
constexpr std::size_t users_shown_max = 1'000;

/// Members of `Room`.
void put_room(writing& out, const journal::room_info& info, bool whole) {
  const auto settings = info.settings ? without_defaults(*info.settings) : room_settings{};
  const auto& title = info.title();
  out.put("room", info.room);
  out.put("title", std::string_view{title.empty() ? info.room.value() : title});
  out.raw("settings", to_json(settings));
  out.put("count", std::uint64_t{info.direct ? 2 : info.members});
  out.put("head", info.head);
  out.put("at", info.last_at);
  out.put("oldest", info.floor);
  out.put("epoch", info.epoch);
  if (!whole) return;
  out.put("pins", info.pins);
  if (info.direct) out.put("users", std::vector{info.direct->first, info.direct->second});
}

/// What a deployment has put into its settings.
std::size_t bytes_of(const journal::room_info& info) {
  if (!info.settings) return 0;
  const auto& of = *info.settings;
  return (of.title ? of.title->size() : 0) + (of.topic ? of.topic->size() : 0) +
         (of.data ? of.data->value().size() : 0);
}

void answer_room(service& api, of_call of, unsigned status) {
  api.read(of, of->room().view(), [&api, of, status](journal::reader& from) {
    const auto info = from.room(of->room());
    if (!info)
      return of->refuse(info.why() == journal::fault::no_such_room ? error_code::no_such_room
                                                                   : error_code::unavailable,
                        info.why() == journal::fault::no_such_room ? "no such room"
                                                                   : "the journal can't be read now");
    api.chat().who_is_in(of->room(), [of, status, info = *info](std::size_t online, const auto&) {
      writing out;
      put_room(out, info, true);
      out.put("online", std::uint64_t{online});
      of->answer(status, out.done());
    });
  });
}

/// What the body names of settings; null: back to the default.
std::variant<room_settings, problem> settings_in(service& api, const call& of) {
  fields in{of.body, api.limits()};
  auto settings = read_settings(in);
  if (const auto& wrong = in.first_fault()) {
    const auto& text = wrong->message;
    auto why = bad_request("/" + text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1));
    return why;
  }
  const auto reset = [](auto& setting) {
    using value = typename std::remove_reference_t<decltype(setting)>::value_type;
    if constexpr (std::is_same_v<value, free_data>)
      setting = free_data{"{}"};
    else
      setting = value{};
  };
  for_each_setting([&](std::string_view name, auto setting) {
    const auto at = of.body.find(name);
    if (at != of.body.end() && at->is_null()) reset(settings.*setting);
  });
  if (settings.title && settings.title->empty()) settings.title = of.room().value();
  return settings;
}

/// Changes the room in the server's name; `then` where that went well.
void set(service& api, of_call of, rooms::want change, std::function<void()> then) {
  std::vector<rooms::operation> what;
  what.push_back({of->room(), api.principal_of(*of, rooms::server_user), {}, std::move(change), {}});
  api.submit(of, std::move(what), [of, then = std::move(then)](const auto& outcomes) {
    if (const auto why = problem_in(outcomes.front())) return of->refuse(*why);
    then();
  });
}

/// Sets what is given, then shows the room.
void set_and_show(service& api, of_call of, room_settings change, unsigned status) {
  if (change.empty()) return answer_room(api, of, status);
  set(api, of, rooms::set_room{std::move(change)}, [&api, of, status] { answer_room(api, of, status); });
}

/// Makes a user an owner beside those there are.
void add_owner(service& api, of_call of, const user_id& user, std::function<void()> then) {
  rooms::set_members owner;
  owner.change.users = {user};
  owner.change.state = member_state::member;
  owner.change.as = role::owner;
  set(api, of, std::move(owner), std::move(then));
}

}  // namespace

void get_room(service& api, of_call of) { answer_room(api, of, 200); }

/// Sent again it changes nothing, so who was not answered repeats it: an owner who is named is one afterwards,
/// also where the room was there.
void put_room(service& api, of_call of) {
  auto read = settings_in(api, *of);
  if (const auto* why = std::get_if<problem>(&read)) return of->refuse(*why);
  if (is_reserved(of->room()))
    return of->refuse(bad_request("{room}", "begins as ids that the server makes"));
  const bool must_be_new = of->to->asked().header("if-none-match") == "*";
  rooms::create_room make{api.chat().fresh_epoch(), {}, {}};
  std::optional<user_id> owner;
  if (const auto* said = of->in_body("owner")) owner = user_id::trusted(said->get<std::string>());
  if (owner) make.with = rooms::create_room::founding{std::get<room_settings>(read), {}};
  std::vector<rooms::operation> what;
  what.push_back({of->room(), api.principal_of(*of, owner.value_or(rooms::server_user)), {}, std::move(make), {}});
  api.submit(of, std::move(what),
             [&api, of, must_be_new, owner,
              settings = std::get<room_settings>(std::move(read))](const auto& outcomes) {
               const auto* no = std::get_if<rooms::refused>(&outcomes.front());
               const auto* made = std::get_if<rooms::made>(&outcomes.front());
               const bool was_there =
                   (no && no->code == error_code::conflict) || (made && made->duplicate);
               if (was_there && must_be_new)
                 return of->refuse(other_problem(412, "precondition_failed", "the room is there"));
               if (const auto why = problem_in(outcomes.front()); why && !was_there)
                 return of->refuse(*why);
               const auto show = [&api, of, settings] { set_and_show(api, of, settings, 200); };
               if (was_there) return owner ? add_owner(api, of, *owner, show) : show();
               if (owner) return answer_room(api, of, 201);
               set_and_show(api, of, settings, 201);
             });
}

void patch_room(service& api, of_call of) {
  auto read = settings_in(api, *of);
  if (const auto* why = std::get_if<problem>(&read)) return of->refuse(*why);
  set_and_show(api, of, std::get<room_settings>(std::move(read)), 200);
}

/// A page may hold few rooms, or none, and go on all the same.
void list_rooms(service& api, of_call of) {
  auto place = api.place_in(*of, 'o');
  if (const auto* why = std::get_if<problem>(&place)) return of->refuse(*why);
  std::optional<room_id> after;
  if (const auto& text = std::get<std::string>(place); !text.empty()) after = room_id::trusted(text);
  const auto* prefix = of->in_query("prefix");
  const auto* member = of->in_query("member");
  journal::room_filter filter;
  filter.hidden_too = true;
  if (prefix && !prefix->empty()) filter.patterns.push_back(*prefix + "*");
  if (member) filter.asker = user_id::trusted(*member);
  api.read(of, "", [&api, of, after, filter, member](journal::reader& from) mutable {
    const auto* visibility = of->in_query("visibility");
    const auto archived = of->flag_in_query("archived");
    const auto empty = of->flag_in_query("empty");
    const auto fits = [&](const journal::room_info& info) {
      const auto& settings = info.settings ? *info.settings : room_settings{};
      if (!of->key->sees(info.room)) return false;
      if (member && !info.asker.is_member()) return false;
      if (archived && settings.is_archived() != *archived) return false;
      if (empty && (info.members == 0) != *empty) return false;
      return !visibility || name(settings.visible.value_or(confab::visibility::everyone)) == *visibility;
    };
    std::vector<journal::room_info> found;
    std::size_t bytes = 0;
    bool more = true, full = false;
    for (int i = 0; i < pages_max && more && !full && found.size() < of->limit(); ++i) {
      auto page = from.rooms(after, filter, limits::rooms_page_count_max);
      if (!page) return of->refuse(error_code::unavailable, "the journal can't be read now");
      more = page->size() > limits::rooms_page_count_max;
      if (more) page->resize(limits::rooms_page_count_max);
      for (auto& info : *page) {
        const bool is_wanted = fits(info);
        if (is_wanted) bytes += bytes_of(info);
        full = found.size() == of->limit() || (bytes > limits::page_bytes_max && !found.empty());
        if (full) {
          more = true;
          break;
        }
        after = info.room;
        if (is_wanted) found.push_back(std::move(info));
      }
    }
    writing out;
    out.array("items", found,
              [&](const auto& info) { out.object([&] { put_room(out, info, false); }); });
    if (more && after) out.put("next", std::string_view{api.cursor_of('o', after->view())});
    of->answer(200, out.done());
  });
}

void room_presence(service& api, of_call of) {
  api.chat().who_is_in(of->room(), [of](std::size_t online, std::vector<user_id> users) {
    if (users.size() > users_shown_max) users.resize(users_shown_max);
    writing out;
    out.put("online", std::uint64_t{online});
    out.put("users", users);
    of->answer(200, out.done());
  });
}

}  // namespace confab::api::handlers
