#include "api/answers.hpp"
#include "api/handlers.hpp"

#include <algorithm>

namespace confab::api::handlers {
namespace {

void post(service& api, of_call of, room_id room, message_in message) {
  std::vector<rooms::operation> what;
  what.push_back({room, api.principal_of(*of, of->from(), message.as_user), of->idempotency_key,
                  std::move(message.what), {}});
  api.submit(of, std::move(what), [&api, of, room](const auto& outcomes) {
    answer_stored(api, *of, room, outcomes.front(), 201);
  });
}

/// One operation by who is said to do it.
void change(service& api, of_call of, rooms::want what, const user_id& by, bool as_user = false) {
  std::vector<rooms::operation> asked;
  asked.push_back(
      {of->room(), api.principal_of(*of, by, as_user), of->idempotency_key, std::move(what), {}});
  api.submit(of, std::move(asked), [&api, of](const auto& outcomes) {
    answer_stored(api, *of, of->room(), outcomes.front());
  });
}

std::string reason_of(const call& of) {
  if (const auto* said = of.in_body("reason")) return said->get<std::string>();
  const auto* said = of.in_query("reason");
  return said ? *said : std::string{};
}

void react(service& api, of_call of, bool on) {
  auto emoji = plain_emoji(of->in_path("emoji"));
  if (emoji.empty() || emoji.size() > limits::emoji_bytes_max || !is_clean_text(emoji, false))
    return of->refuse(bad_request("{emoji}", "1..64 bytes without control characters"));
  if (!of->key->speaks_for(of->user()))
    return of->refuse(error_code::forbidden, "this key does not speak for " + of->user().value());
  change(api, of, rooms::set_reaction{of->seq(), std::move(emoji), on}, of->user());
}

/// Deletes as many as there are, in operations of a hundred; where one of a hundred can't be, the
/// others of it are tried alone.
struct sweep : std::enable_shared_from_this<sweep> {
  sweep(service& with, call_ptr for_call) : api(with), of(std::move(for_call)) {}

  service& api;
  call_ptr of;
  std::vector<seq_no> targets;
  std::string reason;
  bool more = false;

  rooms::operation operation_of(std::vector<seq_no> some) const {
    return {of->room(), api.principal_of(*of, rooms::server_user), {},
            rooms::delete_messages{std::move(some), reason}, {}};
  }
  void start() {
    std::vector<rooms::operation> what;
    for (std::size_t i = 0; i < targets.size(); i += limits::delete_targets_max) {
      const auto end = std::min(i + limits::delete_targets_max, targets.size());
      what.push_back(operation_of({targets.begin() + static_cast<std::ptrdiff_t>(i),
                                   targets.begin() + static_cast<std::ptrdiff_t>(end)}));
    }
    api.submit(of, std::move(what), [self = shared_from_this()](const auto& outcomes) {
      self->count(outcomes, true);
    });
  }
  void count(const std::vector<rooms::brief>& outcomes, bool whole) {
    std::vector<rooms::operation> again;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const auto* no = std::get_if<rooms::refused>(&outcomes[i]);
      if (const auto* kept = std::get_if<rooms::kept>(&outcomes[i])) deleted += kept->entries;
      const bool missing = no && (no->code == error_code::no_such_message ||
                                  no->code == error_code::limit);  // too much goes with a hundred
      if (const auto why = problem_in(outcomes[i]); why && !missing) return of->refuse(*why);
      if (!missing || !whole) continue;
      const auto from = i * limits::delete_targets_max;
      const auto end = std::min(from + limits::delete_targets_max, targets.size());
      for (auto at = from; at < end; ++at) again.push_back(operation_of({targets[at]}));
    }
    if (!again.empty())
      return api.submit(of, std::move(again), [self = shared_from_this()](const auto& rest) {
        self->count(rest, false);
      });
    writing out;
    out.put("deleted", deleted);
    out.put("more", more);
    of->answer(200, out.done());
  }
  std::uint64_t deleted = 0;
};

}  // namespace

void post_message(service& api, of_call of) {
  auto read = read_message(of->body, api.limits());
  if (const auto* why = std::get_if<problem>(&read)) return of->refuse(*why);
  post(api, of, of->room(), std::get<message_in>(std::move(read)));
}

void post_direct(service& api, of_call of) {
  const auto from = user_id::make(of->in_path("from"));
  const auto to = user_id::trusted(of->in_path("to"));
  if (!from) return of->refuse(bad_request("{from}", "must be a user's id"));
  const auto room = direct_room_of(*from, to);
  if (!of->key->sees(room)) return of->refuse(error_code::no_such_room, "no such room");
  auto read = read_message(of->body, api.limits());
  if (const auto* why = std::get_if<problem>(&read)) return of->refuse(*why);
  api.chat().open_direct(
      *from, to,
      [&api, of, room, message = std::get<message_in>(std::move(read))](bool done) mutable {
        if (!done) return of->refuse(error_code::unavailable, "try again");
        post(api, of, room, std::move(message));
      });
}

/// What is left out is read from the message's present form. Of two who change different parts at
/// once the later one may take the other's back.
void edit_message(service& api, of_call of) {
  const bool is_whole = of->in_body("text") && of->in_body("data") && of->in_body("mentions") &&
                        of->in_body("attachments");
  const auto edit = [&api, of](const json& merged) {
    auto read = read_message(merged, api.limits());
    if (const auto* why = std::get_if<problem>(&read)) return of->refuse(*why);
    auto& message = std::get<message_in>(read);
    change(api, of, rooms::edit_message{of->seq(), std::move(message.what.what)}, of->from(),
           message.as_user);
  };
  if (is_whole) return edit(of->body);
  api.read(of, of->room().view(), [of, edit](journal::reader& from) {
    const auto seq = of->seq();
    const auto page = from.messages(of->room(), nobody, next(seq), seq_no{seq.value() - 1}, 1,
                                    limits::page_bytes_max);
    if (!page)
      return of->refuse(page.why() == journal::fault::no_such_room ? error_code::no_such_room
                                                                   : error_code::unavailable,
                        "the message can't be read");
    if (page->messages.empty() || page->messages.front().seq != seq || page->messages.front().deleted)
      return of->refuse(error_code::no_such_message, "no such message");
    const auto& was = page->messages.front().what;
    auto merged = of->body;
    if (!of->in_body("text") && !was.text.empty()) merged["text"] = was.text;
    if (!of->in_body("data") && was.data) merged["data"] = json::parse(was.data->value());
    if (!of->in_body("attachments") && was.attachments)
      merged["attachments"] = json::parse(was.attachments->value());
    if (!of->in_body("mentions") && !was.mentions.empty()) {
      merged["mentions"] = json::array();
      for (const auto& user : was.mentions.users) merged["mentions"].push_back(user.value());
      if (was.mentions.room) merged["mentions"].push_back("@room");
    }
    edit(merged);
  });
}

void delete_message(service& api, of_call of) {
  change(api, of, rooms::delete_messages{{of->seq()}, reason_of(*of)}, of->from());
}

void delete_messages(service& api, of_call of) {
  const auto* targets = of->in_body("targets");
  const auto* user = of->in_body("from");
  if ((targets != nullptr) == (user != nullptr))
    return of->refuse(bad_request("/targets", "or from is needed, and not both"));
  const auto work = std::make_shared<sweep>(api, of);
  work->reason = reason_of(*of);
  if (targets) {
    for (const auto& each : *targets) work->targets.push_back(seq_no{each.get<std::uint64_t>()});
    return work->start();
  }
  const auto* since = of->in_body("since_at");
  const unix_ms from_at{since ? since->get<std::int64_t>() : 0};
  const auto author = user_id::trusted(user->get<std::string>());
  api.read(of, of->room().view(), [of, work, author, from_at](journal::reader& from) {
    const std::vector<user_id> users{author};
    auto found = from.messages_of(of->room(), users, from_at, page_count_max);
    if (!found)
      return of->refuse(found.why() == journal::fault::no_such_room ? error_code::no_such_room
                                                                    : error_code::unavailable,
                        "the room can't be read");
    work->targets = std::move(*found);
    work->more = work->targets.size() == page_count_max;
    if (work->targets.empty()) return work->count({}, false);
    work->start();
  });
}

void add_reaction(service& api, of_call of) { react(api, of, true); }
void remove_reaction(service& api, of_call of) { react(api, of, false); }

void pin(service& api, of_call of) {
  change(api, of, rooms::set_pin{of->seq(), true}, of->from());
}
void unpin(service& api, of_call of) {
  change(api, of, rooms::set_pin{of->seq(), false}, of->from());
}

}  // namespace confab::api::handlers
