#include "actors/environment.hpp"

#include <exception>
#include <string>
#include <utility>

namespace confab::actors {

std::string text_of(const std::exception_ptr& caught) {
  try {
    if (caught) std::rethrow_exception(caught);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
  return "no exception";
}

void report_bug(const environment& env, std::string_view where, std::string_view subject,
                std::exception_ptr caught) noexcept {
  try {
    auto detail = text_of(caught);
    if (!subject.empty()) detail = std::string{subject} + ": " + detail;
    env.bug(where, detail);
  } catch (...) {  // no memory left for it
    try {
      env.bug(where, "out of memory");
    } catch (...) {
      return;  // a wall must hold
    }
  }
}

std::optional<token_verdict> verify(const environment& env, std::string_view token,
                                    token_question::hear then) {
  const auto now = env.now();
  if (!is_guest_token(token) || !env.auth->has_key()) {
    if (!env.auth->answers_later()) return env.auth->verify(token, now);
    env.auth->verify_later(std::make_shared<token_question>(std::string{token}, std::move(then)),
                           now);
    return std::nullopt;
  }
  if (!env.auth->guests_allowed()) return unauthorized{"guests are not allowed", false};
  auto pass = read_guest_token(token, env.guest_key);
  if (!pass) return unauthorized{"the token is not valid", false};
  if (pass->until <= now) return unauthorized{"the token has expired", true};
  identity who;
  who.user = std::move(pass->user);
  who.name = std::move(pass->name);
  who.guest = true;
  constexpr std::chrono::milliseconds life = limits::guest_token_life;
  who.issued_at = unix_ms{pass->until.value() - life.count()};
  return who;
}

std::unique_ptr<price_list> price_list_of(const settings& how,
                                          std::array<std::uint64_t, 2> secret) {
  tariffs session;
  if (how.commands_per_second > 0) {
    const auto frame = static_cast<double>(how.frame_bytes_max);
    session[price::commands] = {static_cast<double>(how.commands_per_second),
                                static_cast<double>(how.commands_burst)};
    session[price::bytes_in] = {limits::frames_per_second * frame, limits::frames_burst * frame};
    session[price::nodes] = {limits::nodes_per_second, limits::nodes_burst};
    session[price::rows] = {limits::rows_per_second, limits::rows_burst};
    session[price::bytes_out] = {limits::answer_bytes_per_second, limits::answer_bytes_burst};
    session[price::signals] = {limits::signal_bytes_per_second, limits::signal_bytes_burst};
  }
  auto user = session.times(limits::user_share), address = session.times(how.address_share);
  // Of what others send, each session loses its own share and nobody else's.
  user[price::signals] = address[price::signals] = {};
  if (how.rooms_per_hour > 0) {
    const auto rooms = static_cast<double>(how.rooms_per_hour);
    const auto of_address = how.address_share > 0 ? limits::rooms_address_share * rooms : 0;
    user[price::rooms] = {rooms / 3600, rooms};
    address[price::rooms] = {of_address / 3600, of_address};
  }
  const double emits = how.emits_per_second;
  session[price::emits] = {emits, 2 * emits};
  const double searches = how.searches_per_second;
  session[price::searches] = {searches, 2 * searches};
  user[price::invitations] = {how.invitations_per_hour / 3600.0, 1.0 * how.invitations_per_hour};
  user[price::reports] = {limits::reports_per_hour / 3600.0, 1.0 * limits::reports_per_hour};
  return std::make_unique<price_list>(session, user, address, secret);
}

}  // namespace confab::actors
