#include "api/answers.hpp"
#include "api/handlers.hpp"

#include <atomic>
#include <set>

namespace confab::api::handlers {
namespace {

/// Many messages, each on its own; those of one room in order. Whoever answers last answers.
struct publishing : std::enable_shared_from_this<publishing> {
  publishing(service& with, call_ptr for_call) : api(with), of(std::move(for_call)) {}

  struct item {
    room_id room;
    std::optional<problem> wrong;  // what keeps it from being tried
    std::optional<std::pair<user_id, user_id>> direct;
  };

  service& api;
  call_ptr of;
  std::vector<item> items;
  std::vector<rooms::operation> operations;  // of those that are tried, in order
  service::place place;
  std::atomic<std::size_t> waiting{0};

  void add(const user_id& from, std::string key, std::optional<room_id> room,
           const user_id* to, message_in message) {
    item one;
    if (to && from == rooms::server_user)
      one.wrong = bad_request("/from", "must be a user's id, of a direct message");
    else if (!room)
      one.direct.emplace(from, *to);
    one.room = room ? *room : to ? direct_room_of(from, *to) : room_id{};
    if (!one.wrong && !of->key->speaks_for(from))
      one.wrong = problem_of(error_code::forbidden, "this key does not speak for " + from.value());
    if (!one.wrong && !of->key->sees(one.room))
      one.wrong = problem_of(error_code::no_such_room, "no such room");
    if (!one.wrong)
      operations.push_back({one.room, api.principal_of(*of, from, message.as_user), std::move(key),
                            std::move(message.what), {}});
    items.push_back(std::move(one));
  }

  /// First all direct rooms must be there.
  void start() {
    place = api.reserve(of, operations);
    if (!place) return;
    std::set<std::pair<user_id, user_id>> pairs;
    for (const auto& one : items)
      if (one.direct && !one.wrong) pairs.insert(std::minmax(one.direct->first, one.direct->second));
    if (pairs.empty()) return send();
    waiting = pairs.size();
    for (const auto& [a, b] : pairs)
      api.chat().open_direct(a, b, [self = shared_from_this()](bool) {
        if (--self->waiting == 0) self->send();
      });
  }

  void send() {
    if (operations.empty()) return answer({});
    api.submit(of, std::move(place), std::move(operations),
               [self = shared_from_this()](const auto& outcomes) { self->answer(outcomes); });
  }

  void put_problem(writing& out, const problem& why) const {
    out.put("status", std::uint64_t{why.status});
    out.put("code", std::string_view{why.code});
    out.put_text("detail", why.faults.empty() ? why.detail : why.faults.front().detail);
    out.put("retry", why.retry);
    out.put("retry_after_ms", why.retry_after);
    out.put("until", why.until);
    out.put_text("reason", why.reason);
    if (why.limit) out.put("limit", std::uint64_t{*why.limit});
    if (why.data) out.put("data", *why.data);
  }

  void answer(const std::vector<rooms::brief>& outcomes) const {
    constexpr std::uint64_t made = 201, done = 200;
    writing out;
    std::size_t tried = 0;
    out.array("results", items, [&](const item& one) {
      out.object([&] {
        if (one.wrong) return put_problem(out, *one.wrong);
        const auto& what = outcomes[tried++];
        if (const auto why = problem_in(what)) return put_problem(out, *why);
        out.put("status", std::holds_alternative<rooms::kept>(what) ? made : done);
        put_stored(out, api.chat().durability(), one.room, what);
      });
    });
    of->answer(200, out.done());
  }
};

user_id author_of(const json& body) {
  return user_id::trusted(member(body, "from")->get<std::string>());
}

}  // namespace

/// What is wrong in form refuses the whole, with all of its faults: nothing is half said by a
/// mistake of the program that calls.
void publish(service& api, of_call of) {
  const auto work = std::make_shared<publishing>(api, of);
  auto wrong = problem_of(error_code::bad_request, {});
  std::size_t number = 0;
  for (const auto& body : *of->in_body("items")) {
    const auto at = "/items/" + std::to_string(number++);
    const auto* room = member(body, "room");
    const auto* to = member(body, "to");
    const auto* key = member(body, "key");
    if ((room != nullptr) == (to != nullptr)) {
      wrong.faults.push_back({at + "/room", "or to is needed, and not both"});
      continue;
    }
    auto read = read_message(body, api.limits(), at);
    if (auto* why = std::get_if<problem>(&read)) {
      for (auto& fault : why->faults) wrong.faults.push_back(std::move(fault));
      continue;
    }
    if (wrong.faults.empty()) {
      const auto user = to ? user_id::trusted(to->get<std::string>()) : user_id{};
      work->add(author_of(body), key ? key->get<std::string>() : std::string{},
                room ? std::optional{room_id::trusted(room->get<std::string>())} : std::nullopt,
                to ? &user : nullptr, std::get<message_in>(std::move(read)));
    }
  }
  if (!wrong.faults.empty()) {
    if (wrong.faults.size() > faults_max) wrong.faults.resize(faults_max);
    return of->refuse(wrong);
  }
  work->start();
}

void broadcast(service& api, of_call of) {
  const auto* rooms = of->in_body("rooms");
  const auto* users = of->in_body("users");
  const auto* key = of->in_body("key");
  const auto& body = *of->in_body("message");
  if ((rooms != nullptr) == (users != nullptr))
    return of->refuse(bad_request("/rooms", "or users is needed, and not both"));
  auto read = read_message(body, api.limits(), "/message");
  if (const auto* why = std::get_if<problem>(&read)) return of->refuse(*why);
  const auto work = std::make_shared<publishing>(api, of);
  for (const auto& each : rooms ? *rooms : *users) {
    const auto& id = each.get_ref<const std::string&>();
    const auto user = users ? user_id::trusted(id) : user_id{};
    work->add(author_of(body), key ? key->get<std::string>() : std::string{},
              rooms ? std::optional{room_id::trusted(id)} : std::nullopt, users ? &user : nullptr,
              std::get<message_in>(read));
  }
  work->start();
}

}  // namespace confab::api::handlers
