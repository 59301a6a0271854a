#include "api/answers.hpp"
#include "api/handlers.hpp"

#include <algorithm>
#include <map>
#include <mutex>

namespace confab::api::handlers {
namespace {

std::string user_text(service& api, const user_set& of) {
  writing out;
  put_profile(out, api, of);
  return out.done();
}

/// Takes what `body` names into a profile; null: nothing any more.
std::optional<problem> take(user_set& into, const json& body, const std::string& at = {}) {
  if (const auto name = body.find("name"); name != body.end()) {
    into.name = name->is_null() ? into.user.value() : name->get<std::string>();
    if (into.name.size() > limits::name_bytes_max || !is_display_name(into.name))
      return bad_request(at + "/name", "at most 128 bytes, with something to see and without control characters");
  }
  if (const auto data = body.find("data"); data != body.end()) {
    into.data.reset();
    if (data->is_null()) return std::nullopt;
    auto text = data->dump();
    if (text.size() > limits::room_data_bytes_max || nodes_in(*data) > limits::data_nodes_max)
      return bad_request(at + "/data", "at most 8 KiB and 1500 values");
    into.data = free_data{std::move(text)};
  }
  return std::nullopt;
}

rooms::operation set(const service& api, const call& of, user_set profile) {
  return {rooms::server_room, api.principal_of(of, rooms::server_user), {},
          rooms::set_user{std::move(profile)}, {}};
}

void store(service& api, of_call of, user_set profile) {
  auto text = user_text(api, profile);
  std::vector<rooms::operation> what;
  what.push_back(set(api, *of, std::move(profile)));
  api.submit(of, std::move(what), [of, text = std::move(text)](const auto& outcomes) {
    if (const auto why = problem_in(outcomes.front())) return of->refuse(*why);
    of->answer(200, text);
  });
}

user_set fresh(const user_id& user) { return {user, user.value(), {}, false}; }

/// `then` with what is kept of the user, if anything is.
void with_profile(service& api, of_call of,
                  std::function<void(std::optional<user_set>)> then) {
  api.read(of, of->user().view(), [of, then = std::move(then)](journal::reader& from) {
    const std::vector<user_id> users{of->user()};
    auto found = from.profiles(users);
    if (!found) return of->refuse(error_code::unavailable, "the journal can't be read now");
    then(found->empty() ? std::nullopt : std::optional{std::move(found->front())});
  });
}

}  // namespace

// --- profiles ----------------------------------------------------------------------------------

void put_user(service& api, of_call of) {
  auto profile = fresh(of->user());
  if (const auto why = take(profile, of->body)) return of->refuse(*why);
  store(api, of, std::move(profile));
}

void patch_user(service& api, of_call of) {
  with_profile(api, of, [&api, of](std::optional<user_set> found) {
    auto profile = found ? *std::move(found) : fresh(of->user());
    if (const auto why = take(profile, of->body)) return of->refuse(*why);
    store(api, of, std::move(profile));
  });
}

void get_user(service& api, of_call of) {
  with_profile(api, of, [&api, of](const std::optional<user_set>& found) {
    if (!found || found->guest) return of->refuse(error_code::no_such_user, "no such user");
    of->answer(200, user_text(api, *found));
  });
}

void put_users(service& api, of_call of) {
  std::vector<rooms::operation> what;
  std::vector<user_id> users;
  for (const auto& body : *of->in_body("users")) {
    auto profile = fresh(user_id::trusted(member(body, "user")->get<std::string>()));
    users.push_back(profile.user);
    const auto at = "/users/" + std::to_string(users.size() - 1);
    if (const auto why = take(profile, body, at)) return of->refuse(*why);
    what.push_back(set(api, *of, std::move(profile)));
  }
  api.submit(of, std::move(what), [of, users](const auto& outcomes) {
    constexpr std::uint64_t done = 200;
    writing out;
    std::size_t number = 0;
    out.array("results", outcomes, [&](const rooms::brief& one) {
      const auto why = problem_in(one);
      out.object([&] {
        out.put("status", why ? std::uint64_t{why->status} : done);
        out.put("user", users[number++]);
        if (!why) return;
        out.put("code", std::string_view{why->code});
        out.put("retry", why->retry);
      });
    });
    of->answer(200, out.done());
  });
}

// --- who is there ------------------------------------------------------------------------------

void list_sessions(service& api, of_call of) {
  api.chat().sessions_of(of->user(), [&api, of](const std::vector<open_session>& sessions) {
    writing out;
    out.array("items", sessions, [&](const open_session& one) {
      out.object([&] {
        out.put("session", std::string_view{one.name});
        out.put_text("device", one.device);
        out.put("active", one.active);
        out.put("node", api.chat().node());
      });
    });
    of->answer(200, out.done());
  });
}

/// The client comes back by itself (4004), or with `stay_away` does not (4502); its token stays valid.
void disconnect(service& api, of_call of) {
  const auto text = [&](std::string_view name) {
    const auto* said = of->in_body(name);
    return said ? said->get<std::string>() : std::string{};
  };
  const auto* away = of->in_body("stay_away");
  const auto code = away && away->get<bool>() ? close_code::removed : close_code::disconnected;
  auto reason = text("reason");
  if (!is_clean_text(reason, false))
    return of->refuse(bad_request("/reason", "must not hold control characters"));
  if (reason.empty()) reason = "disconnected";
  api.chat().sessions_of(of->user(), [&api, of, code, reason, session = text("session"),
                                      device = text("device")](const auto& sessions) {
    std::uint64_t closed = 0;
    for (const open_session& one : sessions) {
      if (!session.empty() && one.name != session) continue;
      if (!device.empty() && one.device != device) continue;
      api.chat().close_session(one.id, code, reason);
      ++closed;
    }
    writing out;
    out.put("sessions", closed);
    of->answer(200, out.done());
  });
}

namespace {

/// Counts of many users, each of which comes when it comes.
struct counting {
  struct sessions {
    std::uint64_t all = 0;
    std::uint64_t active = 0;
  };
  explicit counting(std::size_t users) : waiting(users) {}

  std::mutex border;
  std::map<std::string, sessions> counts;  // guarded
  std::size_t waiting;  // guarded

  /// Whether it was the last.
  bool take(const user_id& user, const sessions& of) {
    const std::lock_guard lock{border};
    if (of.all > 0) counts[user.value()] = of;
    return --waiting == 0;
  }
};

}  // namespace

void presence(service& api, of_call of) {
  const auto& users = *of->in_body("users");
  const auto counted = std::make_shared<counting>(users.size());
  for (const auto& each : users) {
    const auto user = user_id::trusted(each.get<std::string>());
    api.chat().sessions_of(user, [of, counted, user](const auto& sessions) {
      const auto active = std::ranges::count_if(sessions, &open_session::active);
      if (!counted->take(user, {sessions.size(), static_cast<std::uint64_t>(active)})) return;
      writing out;
      out.object("online", [&] {
        for (const auto& [id, count] : counted->counts)
          out.entry_object(id, [&, n = count] {
            out.put("sessions", n.all);
            out.put("active", n.active);
          });
      });
      of->answer(200, out.done());
    });
  }
}

void signal(service& api, of_call of) {
  const auto& users = *of->in_body("users");
  const auto& data = *of->in_body("data");
  auto text = data.dump();
  if (text.size() > limits::data_bytes_max || nodes_in(data) > limits::data_nodes_max)
    return of->refuse(bad_request("/data", "at most 10 KiB and 1500 values"));
  const auto counted = std::make_shared<counting>(users.size());
  for (const auto& each : users) {
    const auto user = user_id::trusted(each.get<std::string>());
    api.chat().signal(user, of->from(), free_data{text}, [of, counted, user](std::size_t sessions) {
      if (!counted->take(user, {sessions, 0})) return;
      writing out;
      out.object("sessions", [&] {
        for (const auto& [id, count] : counted->counts) out.entry(id, count.all);
      });
      of->answer(200, out.done());
    });
  }
}

// --- tokens, and the server itself -------------------------------------------------------------

void make_token(service& api, of_call of) {
  token_wanted wanted;
  wanted.user = user_id::trusted(of->in_body("user")->get<std::string>());
  if (is_reserved(wanted.user))
    return of->refuse(bad_request("/user", "must not begin with guest:, p: or gone:"));
  wanted.ttl = std::chrono::milliseconds{of->in_body("ttl_ms")->get<std::int64_t>()};
  if (const auto* name = of->in_body("name")) {
    wanted.name = name->get<std::string>();
    if (wanted.name.size() > limits::name_bytes_max || !is_display_name(wanted.name))
      return of->refuse(bad_request("/name", "at most 128 bytes, with something to see"));
  }
  const auto* rooms = of->in_body("rooms");
  if (rooms) wanted.rooms = rooms->get<std::vector<std::string>>();
  if (wanted.rooms && !std::ranges::all_of(*wanted.rooms, is_room_pattern))
    return of->refuse(bad_request("/rooms", "must hold rooms' ids, or beginnings of them and *"));
  if (const auto* roles = of->in_body("roles"))
    for (const auto& [pattern, role] : roles->items()) {
      if (!is_room_pattern(pattern))
        return of->refuse(bad_request("/roles", "must name rooms' ids, or beginnings of them and *"));
      wanted.roles[pattern] = *role_named(role.get<std::string>());
    }
  const auto made = api.chat().make_token(wanted);
  if (!made)
    return of->refuse(error_code::conflict, "this server has no secret to sign tokens with");
  if (made->index() == 1) return of->refuse(error_code::internal, std::get<1>(*made));
  constexpr std::int64_t second = 1'000;
  const auto expires = (api.chat().now().value() + wanted.ttl.count()) / second * second;
  writing out;
  out.put("token", std::string_view{std::get<0>(*made)});
  out.put("expires_at", expires);
  of->answer(201, out.done());
}

void stats(service& api, of_call of) {
  api.chat().feed_position([&api, of](std::uint64_t position) {
    const auto is = api.chat().numbers();
    writing out;
    out.put("users", is.users);
    out.put("sessions", is.sessions);
    out.put("connections", is.connections);
    out.put("rooms_awake", is.rooms_awake);
    out.put("entries_at", position);
    out.put("database_bytes", is.database_bytes);
    constexpr double in_ms = 1'000;
    if (is.search_behind_seconds)
      out.put("search_behind_ms", static_cast<std::uint64_t>(*is.search_behind_seconds * in_ms));
    out.array("webhooks", is.webhooks, [&](const webhooks::hook_numbers& one) {
      out.object([&] {
        out.put("id", std::string_view{one.id});
        out.put("paused", one.paused);
        out.put("dead", one.dead);
        out.put("oldest_at", one.oldest_at);
      });
    });
    out.put("ready", is.trouble.empty());
    of->answer(200, out.done());
  });
}

void node(service& api, of_call of) {
  const auto is = api.chat().numbers();
  writing out;
  out.put("node", api.chat().node());
  out.put("version", std::string_view{CONFAB_VERSION});
  out.put("ready", is.trouble.empty());
  out.put_text("why", is.trouble);
  out.put("up_ms", std::int64_t{is.up.count()});
  of->answer(200, out.done());
}

void drain_node(service& api, of_call of) {
  constexpr std::int64_t usual = 5'000;
  const auto* over = of->in_body("spread_ms");
  api.chat().drain(std::chrono::milliseconds{over ? over->get<std::int64_t>() : usual});
  of->answer(202, {});
}

void undrain_node(service& api, of_call of) {
  api.chat().drain(std::nullopt);
  of->answer(202, {});
}

void openapi(service& api, of_call of) {
  of->answer(200, api.document());
}

}  // namespace confab::api::handlers
