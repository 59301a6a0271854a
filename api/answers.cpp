#include "api/answers.hpp"
#include "protocol/overloaded.hpp"

namespace confab::api {
namespace {

/// The first word of a fault of the codec's is the member it is about.
fault_at located(const std::string& at, const fault& what) {
  const auto& text = what.message;
  const auto end = text.find_first_of(" :");
  if (end == text.npos) return {at, text};
  return {at + "/" + text.substr(0, end), text.substr(text.find_first_not_of(" :", end))};
}

}  // namespace

void put_profile(writing& out, service& api, const user_set& of) {
  out.put("user", of.user);
  out.put("name", std::string_view{of.name.empty() ? of.user.value() : of.name});
  out.put("data", of.data);
  if (api.chat().bar_of(of.user).deactivated) out.put("deactivated", true);
}

void put_listed_member(writing& out, const journal::listed_member& one, std::string_view name) {
  out.put("id", one.user);
  out.put_text("name", name);
  out.put("state", one.row.state);
  if (one.row.as != role::none) out.put("role", one.row.as);
  if (one.row.since.value() > 0) out.put("since", one.row.since);
  out.put("until", one.row.until);
  if (one.row.mute_until.value() > 0) out.put("mute_until", one.row.mute_until);
  out.put("by", one.row.by);
  out.put_text("reason", one.row.reason);
}

problem unreadable(journal::fault why) {
  if (why == journal::fault::no_such_room)
    return problem_of(error_code::no_such_room, "no such room");
  return problem_of(error_code::unavailable, "the journal can't be read now");
}

void put_stored(writing& out, std::string_view durability, const room_id& room,
                const rooms::brief& what) {
  const auto put = [&](seq_no seq, unix_ms at) {
    out.put("seq", seq);
    out.put("at", at);
    out.put("durability", durability);
  };
  out.put("room", room);
  if (const auto* kept = std::get_if<rooms::kept>(&what)) {
    put(kept->seq, kept->at);
    out.put_mentions("unreached", kept->unreached);
  } else if (const auto* repeated = std::get_if<rooms::repeated>(&what)) {
    put(repeated->seq, repeated->at);
    out.put("duplicate", true);
  }
}

std::optional<problem> problem_in(const rooms::brief& what) {
  if (const auto* no = std::get_if<rooms::refused>(&what)) return problem_of(*no);
  if (const auto* lost = std::get_if<rooms::not_kept>(&what))
    return problem_of(error_code::unavailable,
                      lost->unknown ? "outcome unknown: repeat with the same key" : "not stored: try again");
  return std::nullopt;
}

void answer_stored(service& api, const call& of, const room_id& room, const rooms::brief& what,
                   unsigned status) {
  if (const auto why = problem_in(what)) return of.refuse(*why);
  writing out;
  put_stored(out, api.chat().durability(), room, what);
  of.answer(std::holds_alternative<rooms::kept>(what) ? status : 200, out.done());
}

problem problem_at(const std::string& at, const fault& what) {
  auto why = problem_of(what.code, {});
  why.faults.push_back(located(at, what));
  return why;
}

std::variant<message_in, problem> read_message(const json& body, const decode_limits& limits,
                                               const std::string& at) {
  fields in{body, limits};
  message_in out;
  out.what.what = read_content(in);
  out.what.where = read_placement(in);
  if (const auto& wrong = in.first_fault()) return problem_at(at, *wrong);
  const auto* as = member(body, "as");
  out.as_user = as && *as == "user";
  return out;
}

}  // namespace confab::api
