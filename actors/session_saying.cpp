// What a session says: messages and edits, which the deployment may have to be asked about first;
// and files, which only the deployment knows.

#include "actors/session.hpp"

#include "protocol/codec.hpp"

#include <algorithm>
#include <utility>

namespace confab::actors {

void session::start(running& run, command::send& what, checked by_hook) {
  append(run, what.room, what.key,
         rooms::post_message{std::move(what.what), std::move(what.where), std::move(what.after)},
         joining::needed, {}, {}, by_hook);
}

void session::start(running& run, command::edit& what, checked by_hook) {
  append(run, what.room, what.key, rooms::edit_message{what.target, std::move(what.what)},
         joining::needed, {}, {}, by_hook);
}

void session::start(running& run, command::direct& what, checked by_hook) {
  tell_profile();
  const auto to_room = direct_room_of(user_, what.to);
  to_directory(to_room, from(run),
               direct_op{principal_in(to_room), what.to, std::move(what.key), std::move(what.what),
                         std::move(what.where), std::move(what.after), by_hook});
}

// --- messages that are checked ------------------------------------------------------------------

/// Such a command runs alone: what follows it must not overtake it.
bool session::is_checked(const command::any& what) const {
  if (!env_->hooks) return false;
  if (const auto* send = std::get_if<command::send>(&what)) return env_->hooks->checks(send->room);
  if (const auto* edit = std::get_if<command::edit>(&what)) return env_->hooks->checks(edit->room);
  const auto* direct = std::get_if<command::direct>(&what);
  return direct && env_->hooks->checks(direct_room_of(user_, direct->to));
}

/// First it is nobody else's who says the same; then the order says whether anything but the check
/// is missing: a repeat is answered there, and so is what rights refuse. Then the deployment is
/// asked, and then the order judges it again.
void session::begin_check(running& run, command::any& what) {
  const std::string* key = nullptr;
  const auto take = [&](const room_id& room, auto& command) {
    run.room = room;
    looking_up_ = std::make_unique<looking_up>(looking_up{run.ticket, std::move(command)});
    key = &std::get<std::remove_reference_t<decltype(command)>>(looking_up_->what).key;
  };
  if (auto* send = std::get_if<command::send>(&what)) {
    take(room_id{send->room}, *send);
  } else if (auto* edit = std::get_if<command::edit>(&what)) {
    take(room_id{edit->room}, *edit);
  } else {
    auto& direct = std::get<command::direct>(what);
    take(direct_room_of(user_, direct.to), direct);
  }
  if (!key->empty()) {
    auto hear = [audience = own_audience(), to = id_, ticket = run.ticket](auto claim) {
      caf::anon_send(audience, to_session{to, claim_came{ticket, std::move(claim)}});
    };
    looking_up_->claim = env_->claims->take(user_, run.room, *key, std::move(hear));
    if (!looking_up_->claim) return;
  }
  submit_unchecked(run);
}

void session::claimed(claim_came& news) {
  auto* run = gate_.find(news.ticket);
  if (!run || !looks_up(news.ticket)) return;  // then the next one has it
  looking_up_->claim = std::move(news.claim);
  submit_unchecked(*run);
}

/// A copy: it is still to be asked about, and to be said.
void session::submit_unchecked(running& run) {
  run.until = deadline();
  const auto what = looking_up_->what;
  const auto submit = [&](auto copy) { start(run, copy, checked::not_yet); };
  if (const auto* send = std::get_if<command::send>(&what)) submit(*send);
  if (const auto* edit = std::get_if<command::edit>(&what)) submit(*edit);
  if (const auto* direct = std::get_if<command::direct>(&what)) submit(*direct);
}

/// The room, or the order, has nothing against it.
void session::go_on(const command_settled& what) {
  auto* run = gate_.find(what.ticket);
  if (!run || !looks_up(what.ticket)) return;
  run->until = deadline();
  auto asker = hook_asker_in(what.room, what.as);
  auto hear = to_hear(what.ticket);
  auto& about = looking_up_->what;
  if (const auto* send = std::get_if<command::send>(&about)) {
    env_->hooks->ask(rooms::message_question{std::move(asker), {}, send->what, send->where},
                     std::move(hear));
  } else if (const auto* edit = std::get_if<command::edit>(&about)) {
    env_->hooks->ask(rooms::message_question{std::move(asker), edit->target, edit->what, {}},
                     std::move(hear));
  } else if (const auto* direct = std::get_if<command::direct>(&about)) {
    env_->hooks->ask(rooms::message_question{std::move(asker), {}, direct->what, direct->where},
                     std::move(hear));
  } else if (const auto* upload = std::get_if<command::upload>(&about)) {
    env_->hooks->ask(
        rooms::upload_question{std::move(asker), upload->mime, upload->bytes, upload->name},
        std::move(hear));
  } else if (const auto* download = std::get_if<command::download>(&about)) {
    run->floor = what.floor;
    if (download->seq < std::max(run->floor, seq_no{1}))
      return fail(run->ticket, error_code::no_such_message, "no such message");
    return read(*run, messages_request{run->room, principal_in(run->room), next(download->seq),
                                       seq_no{download->seq.value() - 1}, 1});
  }
  watch_in_flight();
}

void session::hook_said(hook_answered& news) {
  auto* run = gate_.find(news.ticket);
  if (!run || !looks_up(news.ticket)) return;
  if (const auto* no = std::get_if<rooms::refused>(&news.what)) return fail(run->ticket, *no);
  run->until = deadline();
  auto about = std::move(looking_up_->what);
  if (auto* place = std::get_if<rooms::file_place>(&news.what)) {
    if (run->ref && std::holds_alternative<command::upload>(about))
      say(message::upload{run->ref, std::move(place->ref), std::move(place->method),
                          std::move(place->url), std::move(place->headers), place->expires_at});
    else if (run->ref)
      say(message::download{run->ref, std::move(place->url), place->expires_at});
    return settle(run->ticket);
  }
  auto& said = std::get<rooms::let_through>(news.what);
  const auto by_hook = said.unchecked ? checked::in_vain : checked::enough;
  const auto submit = [&](auto& command) {
    command.what = std::move(said.what);
    if constexpr (requires { command.where; }) command.where = std::move(said.where);
    start(*run, command, by_hook);
  };
  if (auto* send = std::get_if<command::send>(&about)) submit(*send);
  if (auto* edit = std::get_if<command::edit>(&about)) submit(*edit);
  if (auto* direct = std::get_if<command::direct>(&about)) submit(*direct);
}

// --- files --------------------------------------------------------------------------------------

void session::start(running& run, command::upload& what) {
  run.room = what.room;
  begin_file(run, std::move(what));
}
void session::start(running& run, command::download& what) {
  run.room = what.room;
  taken_->pays.charge(price::rows, 1, env_->steady_now());
  begin_file(run, std::move(what));
}

void session::begin_file(running& run, decltype(looking_up::what) what) {
  if (!env_->hooks || !env_->hooks->has_files())
    return fail(run.ticket, error_code::forbidden, "no files here");
  if (!is_direct(run.room) && !may_join(run.room))
    return fail(run.ticket, error_code::forbidden, "not allowed in this room");
  const bool puts = std::holds_alternative<command::upload>(what);
  looking_up_ = std::make_unique<looking_up>(looking_up{run.ticket, std::move(what)});
  const auto* at = in(run.room);
  to_directory(run.room, from(run),
               file_op{principal_in(run.room), puts, at ? std::optional{at->floor} : std::nullopt});
}

/// Of the message as it is now, so that what was taken away is not to be had.
void session::file_found(running& run, const messages_read& read) {
  const auto& [room, seq, index] = std::get<command::download>(looking_up_->what);
  const auto* message = read.messages.empty() ? nullptr : &read.messages.front();
  if (!message || message->seq != seq || message->deleted)
    return fail(run.ticket, error_code::no_such_message, "no such message");
  auto ref = message->what.attachments ? ref_of(*message->what.attachments, index) : std::string{};
  if (ref.empty())
    return fail(run.ticket, error_code::bad_request, "no file of the deployment's there");
  run.until = deadline();
  env_->hooks->ask(rooms::download_question{hook_asker_in(room, role::none), seq, std::move(ref)},
                   to_hear(run.ticket));
  watch_in_flight();
}

rooms::hook_asker session::hook_asker_in(const room_id& room, role as) const {
  return {room, user_, name_, as, env_->board.name_of(id_).text(), peer_ ? *peer_ : std::string{}};
}

asked_hooks::hear session::to_hear(ticket_no ticket) const {
  return [audience = own_audience(), to = id_, ticket](rooms::hook_verdict what) {
    caf::anon_send(audience, to_session{to, hook_answered{ticket, std::move(what)}});
  };
}

}  // namespace confab::actors
