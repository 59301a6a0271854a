#include "rooms/judge.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace confab::rooms {
namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};

// --- what the rules ask ---

template <class Want>
bool is(const judged_case& of) {
  return std::holds_alternative<Want>(of.asked.what);
}
/// Messages are changed by operations that name one.
bool names_message(const judged_case& of) {
  return is<edit_message>(of) || is<delete_messages>(of) || is<set_reaction>(of);
}
bool writes(const judged_case& of) { return is<post_message>(of) || names_message(of); }

bool is_stranger_to_direct_room(const judged_case& of) {
  const auto& pair = of.room.direct;
  const auto& by = of.asked.by;
  return pair && !by.admin && by.user != pair->first && by.user != pair->second;
}
bool has_not_joined(const judged_case& of) { return !of.asked.by.joined; }
bool is_foreign(const judged_case& of) { return of.message->author != of.asked.by.user; }
/// May change messages of others.
bool moderates(const judged_case& of) {
  return of.asked.by.admin || of.asked.by.token >= role::moderator;
}
bool on(const judged_case& of) { return std::get<set_reaction>(of.asked.what).on; }

// --- the table ---

struct rule {
  std::string_view name;  // told in the tests
  bool (*applies)(const judged_case&);
  /// `unchanged` where there is no code.
  std::optional<error_code> code;
  std::string_view text;
};

/// The first that applies decides; where none does, the operation is allowed.
constexpr std::array rules{
    rule{"the server's own log is the server's",
         [](const judged_case& of) {
           return is<record_event>(of) != (of.room.room == server_room) ||
                  (is<record_event>(of) && of.asked.by.as != principal::kind::server &&
                   of.asked.by.as != principal::kind::api_key);
         },
         error_code::forbidden, "not in this room"},
    rule{"a direct room is there for its two users only",
         [](const judged_case& of) { return writes(of) && is_stranger_to_direct_room(of); },
         error_code::no_such_room, "no such room"},
    rule{"who writes has joined", [](const judged_case& of) { return writes(of) && has_not_joined(of); },
         error_code::not_joined, "join the room first"},
    rule{"a message that is named must be there",
         [](const judged_case& of) { return names_message(of) && !of.message; },
         error_code::no_such_message, "no such message"},
    rule{"deleting again changes nothing",
         [](const judged_case& of) {
           return is<delete_messages>(of) && of.message->deleted &&
                  (!is_foreign(of) || moderates(of));
         },
         std::nullopt, ""},
    rule{"what is deleted can't be changed",
         [](const judged_case& of) { return names_message(of) && of.message->deleted; },
         error_code::no_such_message, "no such message"},
    rule{"others' messages are a moderator's to change",
         [](const judged_case& of) {
           return (is<edit_message>(of) || is<delete_messages>(of)) && is_foreign(of) &&
                  !moderates(of);
         },
         error_code::forbidden, "this message is not yours"},
    rule{"a reaction that is there, or is not, changes nothing",
         [](const judged_case& of) { return is<set_reaction>(of) && of.message->reacted == on(of); },
         std::nullopt, ""},
    rule{"a message takes so many edits",
         [](const judged_case& of) {
           return is<edit_message>(of) && of.message->edits >= edits_per_message_max;
         },
         error_code::limit, "too many edits of this message"},
    rule{"a message takes so many reactions and takings back",
         [](const judged_case& of) {
           return is<set_reaction>(of) &&
                  of.message->reaction_entries >= reaction_entries_per_message_max;
         },
         error_code::limit, "too many reactions to this message"},
    rule{"a message bears so many different reactions",
         [](const judged_case& of) {
           return is<set_reaction>(of) && on(of) && !of.message->emoji_there &&
                  of.message->emoji >= emoji_per_message_max;
         },
         error_code::limit, "too many different reactions"},
};

}  // namespace

verdict judge(const judged_case& of) {
  const auto found =
      std::ranges::find_if(rules, [&](const rule& each) { return each.applies(of); });
  if (found == rules.end()) return allowed{};
  if (!found->code) return unchanged{};
  return refused{*found->code, std::string{found->text}, {}};
}

std::vector<seq_no> targets_of(const want& what) {
  return std::visit(
      overloaded{
          [](const edit_message& edit) { return std::vector{edit.target}; },
          [](const delete_messages& wanted) { return wanted.targets; },
          [](const set_reaction& reaction) { return std::vector{reaction.target}; },
          [](const create_room&) { return std::vector<seq_no>{}; },
          [](const post_message&) { return std::vector<seq_no>{}; },
          [](const record_event&) { return std::vector<seq_no>{}; },
          [](const set_marks&) { return std::vector<seq_no>{}; },
      },
      what);
}

}  // namespace confab::rooms
