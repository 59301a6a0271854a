// History does not change: operations that were recorded once come to the same entries, refusals
// and present forms as then. A rule that changes this shows up as a difference of the record; where
// it is meant to, `CONFAB_RECORD=1 build/test/tests/journal_tests "[recorded]"` writes the record
// anew.

#include "protocol/codec.hpp"
#include "tests/journal/mixed.hpp"
#include "tests/support/source_dir.hpp"

#include <fstream>
#include <sstream>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

const std::string record = confab::test::source_dir() + "/tests/journal/recorded/journal.txt";

using texts = std::vector<std::string>;

// A line is an operation, its words separated by tabs: the clock, room, user, `moderator` or `-`,
// the key or `-`, then what is wanted. The lines below it, which begin with "=", say what came of
// it.

texts words_of(const operation& asked, std::int64_t now) {
  texts out{std::to_string(now), asked.room.value(), asked.by.user.value(),
            asked.by.token == role::moderator ? "moderator" : "-",
            asked.key.empty() ? "-" : asked.key};
  const auto add = [&](texts more) { out.insert(out.end(), more.begin(), more.end()); };
  std::visit(
      [&]<class Want>(const Want& want) {
        if constexpr (std::is_same_v<Want, rooms::create_room>) {
          add({"create"});
        } else if constexpr (std::is_same_v<Want, rooms::post_message>) {
          add({"post", want.what.text});
        } else if constexpr (std::is_same_v<Want, rooms::edit_message>) {
          add({"edit", std::to_string(want.target.value()), want.what.text});
        } else if constexpr (std::is_same_v<Want, rooms::delete_messages>) {
          add({"delete"});
          for (const auto target : want.targets) add({std::to_string(target.value())});
        } else if constexpr (std::is_same_v<Want, rooms::set_reaction>) {
          add({"react", std::to_string(want.target.value()), want.emoji, want.on ? "on" : "off"});
        } else {
          throw std::logic_error("the record has no word for that");
        }
      },
      asked.what);
  return out;
}

operation operation_of(const texts& from) {
  const auto to = room(from.at(1));
  const auto who = user(from.at(2));
  const auto number = [&](std::size_t at) { return std::stoull(from.at(at)); };
  auto asked = [&] {
    const auto& verb = from.at(5);
    if (verb == "create") return create(to);
    if (verb == "post") return post(to, from.at(6), "", who);
    if (verb == "edit") return edit(to, number(6), from.at(7), who);
    if (verb == "react") return react(to, number(6), from.at(7), from.at(8) == "on", who);
    if (verb != "delete") throw std::runtime_error("no such verb: " + verb);
    std::vector<std::uint64_t> targets;
    for (std::size_t i = 6; i < from.size(); ++i) targets.push_back(number(i));
    return erase(to, targets, who);
  }();
  asked.by.user = who;
  if (from.at(3) == "moderator") asked.by.token = role::moderator;
  if (from.at(4) != "-") asked.key = from.at(4);
  return asked;
}

std::string text_of(const outcome& what) {
  if (const auto* made = std::get_if<room_made>(&what))
    return "room " + std::to_string(made->info.head.value());
  if (const auto* done = std::get_if<rooms::appended>(&what))
    return encode(codec::json, message::more_events{general, done->entries, false});
  if (const auto* again = std::get_if<rooms::repeated>(&what))
    return "repeated " + std::to_string(again->seq.value()) + " " +
           std::to_string(again->at.value());
  if (std::holds_alternative<rooms::marker_moved>(what)) return "marker moved";
  if (const auto* no = std::get_if<rooms::refused>(&what))
    return "refused " + std::string{row(no->code).name};
  return std::holds_alternative<rooms::unchanged>(what) ? "unchanged" : "marked";
}

/// What comes of the recorded operations in a store, one by one, and what is read at the end.
std::string replay(session& of, const std::vector<texts>& operations) {
  std::ostringstream out;
  for (const auto& one : operations) {
    std::string line;
    for (const auto& word : one) line.append(line.empty() ? "" : "\t").append(word);
    out << line << "\n= " << text_of(of.commit({operation_of(one)}, std::stoll(one.at(0)))[0])
        << '\n';
  }
  for (const auto& place : places)
    out << "= " << encode(codec::json, message::history{{}, place, {}, stored_forms(of, place), {}})
        << '\n';
  return out.str();
}

std::vector<texts> operations_of(const std::string& text) {
  std::vector<texts> all;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=")) continue;
    auto& one = all.emplace_back();
    std::istringstream parts{line};
    for (std::string word; std::getline(parts, word, '\t');) one.push_back(word);
  }
  return all;
}

/// The first line that differs, as both have it.
std::string difference(const std::string& one, const std::string& other) {
  std::istringstream a{one}, b{other};
  std::string of_a, of_b;
  for (int line = 1;; ++line) {
    const bool more_a = static_cast<bool>(std::getline(a, of_a));
    const bool more_b = static_cast<bool>(std::getline(b, of_b));
    if (!more_a && !more_b) return "";
    if (!more_a || !more_b || of_a != of_b)
      return "line " + std::to_string(line) + ":\n" + (more_a ? of_a : "") + "\n" +
             (more_b ? of_b : "");
  }
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

std::vector<texts> any_operations() {
  std::vector<texts> all;
  std::mt19937_64 dice{7};
  std::int64_t clock = 1'763'790'000'000;
  for (const auto& place : places) all.push_back(words_of(create(place), clock));
  for (int i = 0; i < 250; ++i) {
    clock += static_cast<std::int64_t>(dice() % 3000) - (dice() % 20 == 0 ? 200'000 : 500);
    try {
      all.push_back(words_of(any_operation(dice), clock));
    } catch (const std::logic_error&) {  // of members and the like there is no word in the record
    }
  }
  return all;
}

}  // namespace

TEST_CASE("what was recorded comes to the same entries, refusals and present forms as then",
          "[journal][recorded]") {
  const bool anew = std::getenv("CONFAB_RECORD") != nullptr;
  const auto expected = read(record);
  const auto operations = anew ? any_operations() : operations_of(expected);
  REQUIRE(operations.size() > 100);
  memory_store memory;
  const auto found = replay(memory.of, operations);
  if (anew) std::ofstream{record} << found;

  CHECK(difference(anew ? found : expected, found) == "");
  sqlite_store disk;
  CHECK(difference(found, replay(disk.of, operations)) == "");
}
