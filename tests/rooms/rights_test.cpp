// The judge's table against the one that people read, cell by cell: docs/protocol.md, "Who may do
// what". Then every role, action and setting that a cell speaks of.

#include "tests/rooms/map_source.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/source_dir.hpp"

#include <array>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

using namespace confab;
using namespace confab::rooms;
using namespace confab::rooms::test;

namespace {

std::string trimmed(std::string text) {
  const auto from = text.find_first_not_of(' ');
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(' ') - from + 1);
}

/// The rows of the table under the heading, each as its cells.
std::vector<std::vector<std::string>> documented() {
  std::ifstream document{confab::test::source_dir() + "/docs/protocol.md"};
  REQUIRE(document);
  std::vector<std::vector<std::string>> rows;
  bool inside = false;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("#")) inside = line.find("Who may do what") != std::string::npos;
    if (!inside || !line.starts_with("|")) continue;
    std::vector<std::string> cells;
    std::istringstream parts{line.substr(1)};
    for (std::string cell; std::getline(parts, cell, '|');) cells.push_back(trimmed(cell));
    rows.push_back(std::move(cells));
  }
  REQUIRE(rows.size() > 2);
  rows.erase(rows.begin(), rows.begin() + 2);  // the heads and the line below
  return rows;
}

/// What a cell of the document says, in the line of that text.
cell cell_of(const std::string& text) {
  static const std::map<std::string, cell> words{
      {"●", cell::yes},
      {"–", cell::no},
      {"public", cell::if_public},
      {"V", cell::as_visitor},
      {"P", cell::as_poster},
      {"I", cell::if_inviting},
      {"below own", cell::below_own},
      {"`visitors` is `write`", cell::visitors_write},
      {"≤ 100 members", cell::in_small_room},
  };
  INFO(text);
  const auto at = words.find(text);
  REQUIRE(at != words.end());
  return at->second;
}

/// The document has one line for an owner's right to give roles and everybody's to step down.
const std::vector<std::vector<action>> lines_of_document{
    {action::enter},     {action::belong},   {action::write},      {action::react},
    {action::delete_own}, {action::change_others}, {action::mention_room}, {action::pin},
    {action::invite},    {action::moderate}, {action::promote, action::step_down},
    {action::set_manner}, {action::set_access},
};

}  // namespace

TEST_CASE("the table of rights is the one in the documentation", "[rooms]") {
  const auto rows = documented();
  REQUIRE(rows.size() == lines_of_document.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    REQUIRE(rows[i].size() == 7);
    INFO(rows[i][0]);
    for (const auto line : lines_of_document[i])
      for (std::size_t column = 0; column < 6; ++column) {
        INFO("column " << column);
        auto told = rows[i][column + 1];
        // "oneself" is one's own role down; who gives roles to others is told by the other cells.
        if (told == "oneself") told = line == action::step_down ? "●" : "–";
        CHECK(rights()[static_cast<std::size_t>(line)].of[column] == cell_of(told));
      }
  }
}

namespace {

/// The table's meaning once more, written down apart: cell by cell, for every setting.
struct world {
  room_settings settings;
  bool muted = false, in_thread = false, slow = false, below = false;
  std::uint32_t members = 2;
};

bool means_yes(cell what, const world& in) {
  const bool poster = !in.muted && !in.slow &&
                      (in.settings.who_posts() == posting_rights::all ||
                       (in.settings.who_posts() == posting_rights::threads && in.in_thread));
  const bool visitors = in.settings.of_visitors() == visitor_rights::write;
  switch (what) {
    case cell::no:
      return false;
    case cell::yes:
      return true;
    case cell::if_public:
      return in.settings.is_public() && in.settings.of_visitors() != visitor_rights::none;
    case cell::visitors_write:
      return visitors;
    case cell::as_visitor:
      return visitors && poster;
    case cell::as_poster:
      return poster;
    case cell::in_small_room:
      return in.members <= 100;
    case cell::if_inviting:
      return in.settings.who_invites() == inviting_rights::members;
    case cell::below_own:
      return in.below;
  }
  return false;
}

}  // namespace

TEST_CASE("every role, action and setting gives what the table's cell says", "[rooms]") {
  constexpr std::array roles{role::visitor, role::reader, role::member, role::moderator,
                             role::owner};
  const rules how;
  std::size_t tried = 0;
  for (std::size_t column = 0; column < 6; ++column)
    for (const auto& line : rights())
      for (unsigned bits = 0; bits < 1 << 5; ++bits)
        for (const auto visible : {visibility::everyone, visibility::invite, visibility::closed})
          for (const auto visitors :
               {visitor_rights::write, visitor_rights::read, visitor_rights::none})
            for (const auto posting :
                 {posting_rights::all, posting_rights::threads, posting_rights::moderators})
              for (const auto inviting : {inviting_rights::members, inviting_rights::moderators}) {
                world in;
                in.settings.visible = visible;
                in.settings.visitors = visitors;
                in.settings.posting = posting;
                in.settings.inviting = inviting;
                in.settings.slow = std::chrono::milliseconds{1000};
                in.muted = (bits & 1) != 0;
                in.in_thread = (bits & 2) != 0;
                in.slow = (bits & 4) != 0;
                in.below = (bits & 8) != 0;
                in.members = (bits & 16) != 0 ? 101 : 100;

                room_view room;
                room.room = general;
                room.set = std::make_shared<const room_settings>(in.settings);
                room.members = in.members;
                const auto by = author(alice);
                member_row row;
                if (column < 5 && roles[column] != role::visitor) {
                  row.state = member_state::member;
                  row.as = roles[column];
                }
                if (column == 5) room.direct = std::pair{alice, bob};
                if (in.muted) row.mute_until = unix_ms{10'001};
                member_row target;
                if (!in.below) target = {member_state::member, role::owner, {}, {}, {}, {}, {}};
                particulars of{in.in_thread, std::nullopt, &target};
                if (in.slow) of.last_message = unix_ms{9'001};

                const auto refused = forbids({room, by, row, unix_ms{10'000}, how}, line.what, of);
                ++tried;
                if (refused.has_value() == means_yes(line.of[column], in)) {
                  INFO("line " << static_cast<int>(line.what) << ", column " << column << ", bits "
                               << bits);
                  FAIL("the judge and the table differ");
                }
              }
  CHECK(tried == 6u * 14 * 32 * 3 * 3 * 3 * 2);
}
