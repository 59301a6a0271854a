#pragma once

#include "journal/journal.hpp"
#include "protocol/ids.hpp"
#include "protocol/messages.hpp"
#include "rooms/principal.hpp"
#include "rooms/rules.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// Which messages somebody may read have all words of a query.
namespace confab::search {

/// That one answer looks at, whatever is asked for.
inline constexpr std::size_t candidates_max = 20'000;

struct joined_room {
  room_id room;
  rooms::principal by;  // the asker, as the room sees him
};

struct question {
  std::string words;            // 1..20 of them
  std::vector<room_id> rooms;   // of those where the asker belongs; empty: all of them
  std::optional<user_id> from;  // the author
  std::optional<unix_ms> after_at;
  std::optional<unix_ms> before_at;
  bool has_attachment = false;
  std::uint64_t before = 0;  // the `next` of the page before; 0: from the latest on
  std::size_t count = 0;
  /// Who asks, where no token says more of a room.
  rooms::principal by;
  /// Where he is now; a member of others he may be without having joined them.
  std::vector<joined_room> joined;
  /// What his token is for, as in `journal::room_filter`; none: every room. Not of direct rooms.
  std::optional<std::vector<std::string>> allowed;
  /// Who is no user, but the deployment itself, finds what is in the rooms of which this is true, and what
  /// stands above of the asker is left out.
  std::function<bool(const room_id&)> sees = {};
};

struct hit {
  room_id room;
  message::present_message message;
};
struct answer {
  std::vector<hit> hits;                 // latest first
  std::uint64_t next = 0;                // where to go on; 0: nothing follows
  std::vector<message::user_ref> names;  // of their authors that have one
  unix_ms upto_at;                       // what is younger may be missing
  std::uint64_t candidates = 0;          // that were looked at
};

struct searcher_options {
  std::string file;    // of the index
  rooms::rules rules;  // the same that the journal judges by
  std::function<unix_ms()> now;
  /// Whether it has taken so long that it is to answer with what it has.
  std::function<bool()> is_late = [] { return false; };
  /// That of the index, and whom to tell that it is damaged.
  std::function<std::uint64_t()> generation = [] { return std::uint64_t{1}; };
  std::function<void(std::uint64_t generation)> doubt = [](auto) {};
};

/// The reading side: beside the index and the journal, each of which it reads. One thread.
class searcher {
 public:
  virtual ~searcher() = default;
  /// What can be found now. None and why: one of both can't be read; without a word where the index
  /// is damaged, of which its writer tells.
  virtual std::variant<answer, std::string> search(const question& what) = 0;
  /// How far the index has come; none where it cannot be read.
  virtual std::optional<std::uint64_t> position() = 0;
};

std::unique_ptr<searcher> make_searcher(searcher_options how,
                                        std::unique_ptr<journal::reader> from);

}  // namespace confab::search
