#include "server/api_backend.hpp"

#include "actors/encoding.hpp"
#include "actors/room_state.hpp"
#include "actors/user_row.hpp"
#include "server/api_checks.hpp"
#include "server/api_prices.hpp"
#include "transport/address.hpp"

#include <algorithm>
#include <utility>

namespace confab::server {
namespace {

constexpr std::size_t epoch_chars = 8;
constexpr std::size_t users_listed_max = 1'000;

/// Called where an exception would end an actor that others need: it costs the call alone.
template <class Then>
auto guarded(const actors::environment& env, Then then) {
  return [&env, then = std::move(then)](auto&&... what) mutable {
    try {
      then(std::forward<decltype(what)>(what)...);
    } catch (...) {
      actors::report_bug(env, "api", {});
    }
  };
}

}  // namespace

api_backend::api_backend(const actors::environment& env, feed_pulse_actor pulse,
                         std::string log_name, sources from)
    : env_(env),
      pulse_(std::move(pulse)),
      log_name_(std::move(log_name)),
      from_(std::move(from)),
      payers_(from_.prices, {env.random(), env.random()}) {}

void api_backend::sign_with(std::optional<token_signer> signer) {
  const std::lock_guard lock{border_};
  signer_ = std::move(signer);
}

void api_backend::submit(std::vector<rooms::operation> what,
                         std::function<void(std::vector<rooms::brief>)> then) {
  if (std::ranges::any_of(what, [this](const auto& one) { return is_checked(env_, one); }))
    return submit_checked(env_, std::move(what), std::move(then));
  caf::anon_send(env_.writer,
                 actors::append_all_request{std::move(what), guarded(env_, std::move(then))});
}

void api_backend::look(const room_id& room,
                       std::function<void(const actors::room_state*)> hear) const {
  caf::anon_send(env_.board.directory_of(room),
                 actors::to_room{room, {{}, actors::look_at_room{guarded(env_, std::move(hear))}}});
}

/// Sessions hear of a direct room by its actor, which finds them when it wakes up.
void api_backend::open_direct(const user_id& one, const user_id& other,
                              std::function<void(bool done)> then) {
  const auto room = direct_room_of(one, other);
  const auto [low, high] = std::minmax(one, other);
  look(room, [this, room, low, high, then](const actors::room_state* there) {
    if (there) return then(true);
    rooms::create_room wanted{fresh_epoch(), std::pair{low, high}, {}};
    std::vector<rooms::operation> what;
    what.push_back({room, rooms::server_principal(), {}, std::move(wanted), {}});
    submit(std::move(what), [this, room, then](const auto&) {
      look(room, [then](const actors::room_state* made) { then(made != nullptr); });
    });
  });
}

void api_backend::read(std::string_view who, std::string_view about, std::function<bool()> wanted,
                       std::function<void(journal::reader*)> job) {
  const auto& reader = about.empty()
                           ? env_.board.shard(0).reader
                           : env_.board.reader_of(room_id::trusted(std::string{about}));
  caf::anon_send(reader, actors::read_job{user_id::trusted("@api:" + std::string{who}),
                                          guarded(env_, std::move(job)), std::move(wanted)});
}

void api_backend::search(std::string_view who, command::search what,
                         std::function<bool(const room_id&)> sees, std::function<bool()> wanted,
                         std::function<void(std::optional<api::search_done>)> then) {
  auto hear = [then = std::move(then)](actors::search_read read) {
    if (!read.ok) return then(std::nullopt);
    then(api::search_done{std::move(read.page), read.candidates});
  };
  caf::anon_send(env_.search, actors::search_job{user_id::trusted("@api:" + std::string{who}),
                                                 std::move(what), std::move(sees), std::move(wanted),
                                                 guarded(env_, std::move(hear))});
}

void api_backend::who_is_in(const room_id& room,
                            std::function<void(std::size_t, std::vector<user_id>)> then) {
  const auto awake = env_.board.awake(room);
  if (!awake) return then(0, {});
  auto hear = [then = std::move(then)](const actors::room_state* there) {
    std::vector<user_id> users;
    if (there)
      for (auto& one : there->users_online(users_listed_max)) users.push_back(std::move(one.id));
    then(there ? there->online() : 0, std::move(users));
  };
  caf::anon_send(awake,
                 actors::room_command{{}, actors::look_at_room{guarded(env_, std::move(hear))}});
}

void api_backend::sessions_of(const user_id& user,
                              std::function<void(std::vector<api::open_session>)> then) {
  auto hear = [this, then = std::move(then)](const actors::user_row* row) {
    std::vector<api::open_session> sessions;
    if (row)
      for (const auto& one : row->sessions())
        sessions.push_back({one.id, env_.board.name_of(one.id).text(),
                            one.device ? one.device->value() : std::string{}, one.active});
    then(std::move(sessions));
  };
  caf::anon_send(env_.board.registrar_of(user),
                 actors::to_user{user, actors::look_at_user{guarded(env_, std::move(hear))}});
}

void api_backend::who_needs_no_push(const std::vector<user_id>& users,
                                    std::function<void(std::vector<bool>)> then) const {
  // The mutex is the border between the shards, which answer each for its own users.
  struct answers {
    std::mutex border;
    std::vector<bool> active;
    std::size_t left;
  };
  const auto all = std::make_shared<answers>();
  all->active.resize(users.size());
  all->left = users.size();
  for (std::size_t i = 0; i < users.size(); ++i) {
    const bool kept_out = env_.barred->of(users[i]).deactivated;
    auto hear = [all, i, kept_out, then](const actors::user_row* row) {
      {
        const std::lock_guard lock{all->border};
        all->active[i] = kept_out || (row && row->has_active());
        if (--all->left > 0) return;
      }
      then(all->active);
    };
    caf::anon_send(env_.board.registrar_of(users[i]),
                   actors::to_user{users[i], actors::look_at_user{guarded(env_, std::move(hear))}});
  }
}

void api_backend::signal(const user_id& to, const user_id& from, const free_data& data,
                         std::function<void(std::size_t)> then) {
  auto hear = [this, from, data, then = std::move(then)](const actors::user_row* row) {
    if (!row) return then(0);
    const message::any event{message::signal{from, {}, data}};
    actors::encoded_once once{event};
    for (const auto& one : row->sessions())
      caf::anon_send(env_.board.audience_of(one.id),
                     actors::session_delivery{one.id, once.in(one.format), {}});
    then(row->sessions().size());
  };
  caf::anon_send(env_.board.registrar_of(to),
                 actors::to_user{to, actors::look_at_user{guarded(env_, std::move(hear))}});
}

void api_backend::close_session(session_id session, close_code code, std::string reason) {
  caf::anon_send(
      env_.board.audience_of(session),
      actors::to_session{session, actors::session_sent_away{code, std::move(reason)}});
}

void api_backend::forget_room(const room_id& room, seq_no head, std::function<void(bool)> then) {
  caf::anon_send(env_.writer, actors::forget_room_job{room, head, guarded(env_, std::move(then))});
}

void api_backend::close_barred(session_id session, close_code code, std::string reason) {
  caf::anon_send(
      env_.board.audience_of(session),
      actors::to_session{session, actors::session_sent_away{code, std::move(reason), true}});
}

void api_backend::erase(const user_id& user, std::function<void(api::erasure)> then) {
  auto hear = [then = std::move(then)](const actors::erase_taken& taken) {
    then({taken.ok, taken.known, taken.as});
  };
  caf::anon_send(eraser_, actors::erase_job{user, guarded(env_, std::move(hear))});
}

void api_backend::is_erasing(const user_id& as, std::function<void(std::optional<bool>)> then) {
  caf::anon_send(eraser_, actors::erasing_question{as, guarded(env_, std::move(then))});
}

void api_backend::feed_position(std::function<void(std::uint64_t)> then) {
  caf::anon_send(pulse_, feed_question{guarded(env_, std::move(then))});
}

void api_backend::wait_for_feed(std::uint64_t after, std::chrono::milliseconds wait,
                                std::function<void(std::uint64_t)> then) {
  caf::anon_send(pulse_, feed_wait{after, wait, guarded(env_, std::move(then))});
}

std::chrono::nanoseconds api_backend::wait(api::price what, std::string_view payer, double amount) {
  return payers_.wait(payers_.key_of(payer), price_of(what), amount, steady_now());
}
std::chrono::nanoseconds api_backend::take(api::price what, std::string_view payer, double amount) {
  const auto wait = payers_.take(payers_.key_of(payer), price_of(what), amount, steady_now());
  if (wait.count() == 0) env_.prices->taken.add(price_of(what), amount);
  return wait;
}
void api_backend::charge(api::price what, std::string_view payer, double amount) {
  env_.prices->taken.add(price_of(what), amount);
  payers_.charge(payers_.key_of(payer), price_of(what), amount, steady_now());
}

bool api_backend::hold(std::size_t bytes) {
  if (env_.prices->bytes_in_flight.fetch_add(bytes) + bytes <= limits::bytes_in_flight_of_all_max)
    return true;
  let_go(bytes);
  return false;
}
void api_backend::let_go(std::size_t bytes) { env_.prices->bytes_in_flight.fetch_sub(bytes); }

std::optional<std::variant<std::string, std::string>> api_backend::make_token(
    const api::token_wanted& what) {
  using answer = std::variant<std::string, std::string>;
  std::optional<token_signer> by;
  {
    const std::lock_guard lock{border_};
    by = signer_;
  }
  if (!by) return std::nullopt;
  token_claims claims;
  claims.user = what.user;
  claims.name = what.name;
  claims.ttl = what.ttl;
  claims.rooms = what.rooms;
  claims.roles = what.roles;
  claims.issuer = by->issuer;
  claims.audience = by->audience;
  claims.user_claim = by->user_claim;
  auto made = mint(by->key, claims, env_.now());
  if (auto* why = std::get_if<std::string>(&made)) return answer{std::in_place_index<1>, *why};
  return answer{std::in_place_index<0>, std::get<minted>(std::move(made)).token};
}

std::optional<user_id> api_backend::admin_of(std::string_view token) {
  if (env_.auth->answers_later()) return std::nullopt;
  const auto verdict = env_.auth->verify(token, env_.now());
  const auto* who = std::get_if<actors::identity>(&verdict);
  if (!who || !who->admin || env_.barred->keeps_out(*who)) return std::nullopt;
  return who->user;
}

bool api_backend::is_in(std::string_view net, std::string_view address) const {
  const auto network = transport::network::make(net);
  const auto one = transport::address::make(address);
  return network && one && network->has(*one);
}

epoch_id api_backend::fresh_epoch() {
  constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string text;
  auto random = env_.random();
  for (std::size_t i = 0; i < epoch_chars; ++i, random /= digits.size())
    text += digits[random % digits.size()];
  return epoch_id{std::move(text)};
}

std::chrono::steady_clock::time_point api_backend::steady_now() const { return env_.steady_now(); }

}  // namespace confab::server
