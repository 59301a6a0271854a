#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "webhooks/engine.hpp"

#include <charconv>
#include <utility>

namespace confab::api::handlers {
namespace {

using webhooks::engine;

problem problem_of_fault(webhooks::fault why) {
  switch (why) {
    case webhooks::fault::no_such_webhook:
      return other_problem(404, "no_such_webhook", "no such webhook");
    case webhooks::fault::no_such_letter:
      return other_problem(404, "no_such_letter", "no such dead letter");
    case webhooks::fault::too_many:
      return problem_of(error_code::limit, "there are as many as there may be");
    case webhooks::fault::not_stored:
    case webhooks::fault::unreadable:
      break;
  }
  return problem_of(error_code::unavailable, "the disk fails: try again");
}

/// Where there are webhooks now; else the call is refused.
void with_hooks(service& api, of_call of, std::function<void(engine&)> job) {
  api.chat().hooks([of, job = std::move(job)](engine* hooks) {
    if (!hooks) return of->refuse(error_code::unavailable, "there are no webhooks now");
    job(*hooks);
  });
}

const std::string& id_in(const call& of) { return of.in_path("webhook"); }

void put_reply(writing& out, const webhooks::reply& came) {
  if (came.status > 0) out.put("status", std::uint64_t{came.status});
  out.put_text("error", came.error);
  out.put_text("answer", came.text);
  out.put("ms", std::int64_t{came.took.count()});
}

void put_texts(writing& out, std::string_view name, const std::vector<std::string>& list) {
  out.raw(name, json(list).dump());
}

void put_hook(writing& out, const webhooks::hook_view& is) {
  const auto& what = is.what;
  out.put("id", std::string_view{what.id});
  out.put("url", std::string_view{what.how.url});
  put_texts(out, "events", what.how.events);
  put_texts(out, "rooms", what.how.rooms);
  out.put("batch", std::uint64_t{what.how.batch});
  out.put("timeout_ms", std::int64_t{what.how.timeout.count()});
  out.put("payload", std::string_view{what.how.thin ? "thin" : "full"});
  const bool paused = what.paused != webhooks::pause::none;
  out.put("state", std::string_view{paused ? "paused" : "active"});
  out.put_text("why", name(what.paused));
  out.put("made_at", what.made_at);
  if (what.failing_since.value() != 0) out.put("failing_since", what.failing_since);
  out.put("lag", is.lag);
  out.put("oldest_at", is.oldest_at);
  out.put("dead", is.dead);
  out.array("attempts", is.attempts, [&](const webhooks::attempt& one) {
    out.object([&] {
      out.put("at", one.at);
      out.put("id", std::string_view{one.id});
      put_reply(out, one.came);
    });
  });
}

/// `secret`: of one that was made just now.
void answer_hook(const call& of, engine& hooks, unsigned status = 200,
                 const std::string& secret = {}) {
  const auto is = hooks.view(id_in(of));
  if (!is) return of.refuse(problem_of_fault(webhooks::fault::no_such_webhook));
  writing out;
  put_hook(out, *is);
  out.put_text("secret", secret);
  of.answer(status, out.done());
}

/// What a key may not read it may not have sent to somewhere either.
std::optional<problem> judge_rooms(const api_key& by, const std::vector<std::string>& patterns) {
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    auto id = patterns[i];
    if (!id.starts_with(direct_room_prefix)) continue;
    const bool many = id.ends_with('*');
    if (many) id.pop_back();
    if (!by.sees(room_id::trusted(id)) || (many && !by.sees(room_id::trusted(id + "0"))))
      return problem_of(error_code::forbidden,
                        "this key may not see these direct rooms: " + patterns[i]);
  }
  return std::nullopt;
}

webhooks::hook_settings settings_in(const call& of) {
  webhooks::hook_settings how;
  const auto list = [&](std::string_view name, std::vector<std::string>& into) {
    if (const auto* said = of.in_body(name)) into = said->get<std::vector<std::string>>();
  };
  how.url = of.in_body("url")->get<std::string>();
  list("events", how.events);
  list("rooms", how.rooms);
  if (const auto* batch = of.in_body("batch")) how.batch = batch->get<unsigned>();
  if (const auto* wait = of.in_body("timeout_ms"))
    how.timeout = std::chrono::milliseconds{wait->get<std::int64_t>()};
  if (const auto* payload = of.in_body("payload")) how.thin = *payload == "thin";
  return how;
}

engine::heard answer_with_reply(of_call of) {
  return [of](const webhooks::reply& came) {
    writing out;
    out.put("delivered", came.status >= 200 && came.status < 300);
    put_reply(out, came);
    of->answer(200, out.done());
  };
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

void list_webhooks(service& api, of_call of) {
  with_hooks(api, of, [of](engine& hooks) {
    writing out;
    out.array("items", hooks.ids(),
              [&](const std::string& id) { out.object([&] { put_hook(out, *hooks.view(id)); }); });
    of->answer(200, out.done());
  });
}

/// A new one begins behind all that is stored by now.
void put_webhook(service& api, of_call of) {
  auto how = settings_in(*of);
  if (const auto why = judge_rooms(*of->key, how.rooms)) return of->refuse(*why);
  api.chat().feed_position([&api, of, how](std::uint64_t head) {
    with_hooks(api, of, [&api, of, how, head](engine& hooks) {
      hooks.moved(head);
      const auto done = hooks.put(id_in(*of), how, api.chat().now());
      if (const auto* why = std::get_if<webhooks::fault>(&done))
        return of->refuse(problem_of_fault(*why));
      const auto& [made, what] = std::get<engine::put_done>(done);
      answer_hook(*of, hooks, made ? 201 : 200, made ? what.secret : std::string{});
    });
  });
}

void get_webhook(service& api, of_call of) {
  with_hooks(api, of, [of](engine& hooks) { answer_hook(*of, hooks); });
}

void delete_webhook(service& api, of_call of) {
  with_hooks(api, of, [of](engine& hooks) {
    if (const auto why = hooks.remove(id_in(*of))) return of->refuse(problem_of_fault(*why));
    of->answer(204, {});
  });
}

void rotate_webhook(service& api, of_call of) {
  with_hooks(api, of, [&api, of](engine& hooks) {
    const auto done = hooks.rotate(id_in(*of), api.chat().now());
    if (const auto* why = std::get_if<webhooks::fault>(&done))
      return of->refuse(problem_of_fault(*why));
    const auto& what = std::get<webhooks::hook>(done);
    writing out;
    out.put("secret", std::string_view{what.secret});
    out.put("old_until", what.old_until);
    of->answer(200, out.done());
  });
}

void test_webhook(service& api, of_call of) {
  with_hooks(api, of, [&api, of](engine& hooks) {
    const auto why = hooks.send_test(id_in(*of), api.chat().now(), answer_with_reply(of));
    if (why) of->refuse(problem_of_fault(*why));
  });
}

namespace {

void set_paused(service& api, of_call of, bool paused) {
  with_hooks(api, of, [of, paused](engine& hooks) {
    if (const auto why = hooks.set_paused(id_in(*of), paused))
      return of->refuse(problem_of_fault(*why));
    answer_hook(*of, hooks);
  });
}

}  // namespace

void pause_webhook(service& api, of_call of) { set_paused(api, of, true); }
void resume_webhook(service& api, of_call of) { set_paused(api, of, false); }

void replay_webhook(service& api, of_call of) {
  const auto* position = of->in_body("from_pos");
  const auto* at = of->in_body("from_at");
  if (position && at) return of->refuse(bad_request("/", "either from_pos or from_at"));
  with_hooks(api, of, [of, position, at](engine& hooks) {
    const auto why = position ? hooks.replay(id_in(*of), position->get<std::uint64_t>() - 1)
                              : hooks.replay_since(id_in(*of), unix_ms{at->get<std::int64_t>()});
    if (why) return of->refuse(problem_of_fault(*why));
    answer_hook(*of, hooks);
  });
}

void list_dead_letters(service& api, of_call of) {
  auto place = api.place_in(*of, 'd');
  if (const auto* why = std::get_if<problem>(&place)) return of->refuse(*why);
  const auto after = number_in(std::get<std::string>(place));
  with_hooks(api, of, [&api, of, after](engine& hooks) {
    auto found = hooks.dead(id_in(*of), after, of->limit() + 1);
    if (const auto* why = std::get_if<webhooks::fault>(&found))
      return of->refuse(problem_of_fault(*why));
    auto& letters = std::get<0>(found);
    const bool more = letters.size() > of->limit();
    if (more) letters.pop_back();
    writing out;
    out.array("items", letters, [&](const webhooks::dead_letter& one) {
      out.object([&] {
        out.put("pos", one.position);
        out.put("type", name(one.kind));
        out.put("room", one.room);
        out.put("seq", one.seq);
        out.put("at", one.at);
        out.put("status", std::uint64_t{one.status});
        out.put_text("answer", one.answer);
      });
    });
    if (more)
      out.put("next",
              std::string_view{api.cursor_of('d', std::to_string(letters.back().position))});
    of->answer(200, out.done());
  });
}

void retry_dead_letter(service& api, of_call of) {
  with_hooks(api, of, [&api, of](engine& hooks) {
    const auto why = hooks.retry_dead(id_in(*of), number_in(of->in_path("pos")), api.chat().now(),
                                      answer_with_reply(of));
    if (why) of->refuse(problem_of_fault(*why));
  });
}

}  // namespace confab::api::handlers
