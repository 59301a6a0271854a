#include "server/desk.hpp"

#include "actors/eraser.hpp"
#include "protocol/codec.hpp"

#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace confab::server {
namespace {

constexpr std::string_view ok = "ok\n";
constexpr auto answer_wait_max = std::chrono::seconds{5};
constexpr std::size_t listed_max = 10'000;
constexpr std::size_t erasures_shown_max = 10;

/// What `who` says to `asked`.
template <class Answer, class Handle, class Question>
Answer ask(caf::actor_system& system, const Handle& who, Question asked) {
  Answer out;
  bool silent = false;
  caf::scoped_actor waiting{system};
  waiting->request(who, answer_wait_max, std::move(asked))
      .receive([&](const Answer& said) { out = said; }, [&](caf::error&) { silent = true; });
  if (silent) throw std::runtime_error("a shard does not answer: see /readyz");
  return out;
}

/// A table of two columns.
std::string lines_of(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, left.size());
  std::string out;
  for (const auto& [left, right] : rows)
    out.append(left).append(width + 2 - left.size(), ' ').append(right).append("\n");
  return out;
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto tenths = bytes * 10;
  std::size_t unit = 0;
  for (; tenths >= 10'240 && unit + 1 < std::size(units); ++unit) tenths /= 1024;
  auto out = std::to_string(tenths / 10);
  if (unit > 0) out.append(".").append(std::to_string(tenths % 10));
  return out.append(" ").append(units[unit]);
}

std::string span_text(std::chrono::seconds span) {
  const auto all = span.count();
  const auto part = [](std::int64_t count, const char* unit) { return std::to_string(count) + unit; };
  if (all < 60) return part(all, "s");
  if (all < 3600) return part(all / 60, "m");
  if (all < 86'400) return part(all / 3600, "h ") + part(all % 3600 / 60, "m");
  return part(all / 86'400, "d ") + part(all % 86'400 / 3600, "h");
}

std::string rest_of(std::size_t in_all, std::size_t listed) {
  return in_all > listed ? "and " + std::to_string(in_all - listed) + " more\n" : "";
}

}  // namespace

std::string desk::answer(const std::vector<std::string>& words) {
  const auto is = [&](std::string_view name, std::size_t count = 1) {
    return words.size() == count && words[0] == name;
  };
  std::string out{ok};
  if (is("status")) return out += status();
  if (is("rooms")) return out += rooms();
  if (is("users")) return out += users();
  if (is("kick", 2)) return out += kick(words[1]);
  if (is("tail", 3)) return out += tail(words[1], words[2]);
  if (is("erase", 2)) return out += erase(words[1]);
  if (is("retention", 2) && words[1] == "resume") return out += resume_retention();
  if (is("drain")) return from_.end(), out += "the server ends when what is in flight is answered\n";
  return "this server does not know what is asked";
}

/// None: it can't be read.
std::optional<std::string> desk::being_erased() {
  if (!reader_) reader_ = from_.reader();
  const auto all = actors::pending_erasures(*reader_);
  if (!all) return std::nullopt;
  std::string names;
  for (std::size_t i = 0; i < std::min(all->size(), erasures_shown_max); ++i)
    names.append(names.empty() ? "" : " ").append((*all)[i].first.view());
  if (all->size() > erasures_shown_max)
    names.append(" and ").append(std::to_string(all->size() - erasures_shown_max)).append(" more");
  return names;
}

std::string desk::status() {
  const auto is = from_.numbers();
  const auto trouble = from_.trouble();
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  std::vector<std::pair<std::string, std::string>> rows{
      {"version", CONFAB_VERSION},
      {"ready", trouble.empty() ? "yes" : "no: " + trouble},
      {"up", span_text(from_.up())},
      {"connections", number(is.transport.connections_open)},
      {"websockets", number(is.transport.websockets_open)},
      {"users", number(is.actors.users)},
      {"rooms awake", number(is.actors.rooms_awake)},
      {"waits for readers", size_text(is.transport.outbound_bytes)}};
  if (is.clock_in_doubt) rows.push_back({"retention", "stopped: the clock is in doubt"});
  if (const auto names = being_erased(); !names || !names->empty())
    rows.push_back({"being erased", names.value_or("not known: the journal cannot be read")});
  if (is.disk) {
    rows.push_back({"database", size_text(is.disk->database_bytes)});
    rows.push_back({"its log", size_text(is.disk->wal_bytes)});
    rows.push_back({"disk free", size_text(is.disk->free_bytes)});
  }
  return lines_of(rows);
}

std::string desk::rooms() const {
  std::vector<std::pair<room_id, std::size_t>> all;
  std::size_t in_all = 0;
  for (std::size_t i = 0; i < board_.shards(); ++i) {
    auto some = ask<actors::rooms_present>(system_, board_.shard(i).directory,
                                           actors::census_question{listed_max});
    in_all += some.in_all;
    all.insert(all.end(), some.rooms.begin(), some.rooms.end());
  }
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first.view() < b.first.view();
  });
  if (all.size() > listed_max) all.resize(listed_max);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& [room, online] : all) rows.emplace_back(room.value(), std::to_string(online));
  return lines_of(rows) + rest_of(in_all, rows.size());
}

std::string desk::users() const {
  std::vector<std::pair<std::string, std::string>> rows;
  std::size_t in_all = 0;
  for (std::size_t i = 0; i < board_.shards(); ++i) {
    const auto some = ask<actors::users_present>(system_, board_.shard(i).registrar,
                                                 actors::census_question{listed_max});
    in_all += some.in_all;
    for (const auto& [user, sessions] : some.users) {
      std::string names;
      for (const auto session : sessions)
        names.append(names.empty() ? "" : " ").append(board_.name_of(session).text());
      rows.emplace_back(user.value(), std::move(names));
    }
  }
  std::ranges::sort(rows);
  if (rows.size() > listed_max) rows.resize(listed_max);
  return lines_of(rows) + rest_of(in_all, rows.size());
}

std::string desk::kick(const std::string& user) const {
  const auto id = user_id::make(user);
  if (!id) throw std::runtime_error("this is no user's id");
  const auto gone =
      ask<actors::sent_away>(system_, board_.registrar_of(*id), actors::send_away{*id});
  return std::to_string(gone.sessions) + (gone.sessions == 1 ? " session" : " sessions") +
         " of " + user + " closed\n";
}

std::string desk::tail(const std::string& room, const std::string& after) {
  constexpr std::uint64_t shown_at_first = 10;
  constexpr std::size_t lines_max = 1000, bytes_max = std::size_t{1} << 20;
  const auto id = room_id::make(room);
  if (!id) throw std::runtime_error("this is no room's id");
  if (!reader_) reader_ = from_.reader();
  const auto info = reader_->room(*id);
  if (!info)
    throw std::runtime_error(info.why() == journal::fault::no_such_room ? "there is no such room"
                                                                        : info.detail());
  const auto head = info->head.value();
  std::uint64_t from = head - std::min(head, shown_at_first);
  if (!after.empty()) {
    const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), from);
    if (error != std::errc{} || *end != '\0') throw std::runtime_error("this is no entry's number");
  }
  const auto found = reader_->entries(*id, seq_no{from}, info->head, lines_max, bytes_max);
  if (!found) throw std::runtime_error(found.detail());
  std::string lines;
  for (const auto& entry : *found) {
    lines.append(encode(codec::json, message::logged{*id, entry})).append("\n");
    from = entry.seq.value();
  }
  return std::to_string(from) + "\n" + lines;
}

std::string desk::erase(const std::string& user) const {
  const auto id = user_id::make(user);
  if (!id) throw std::runtime_error("this is no user's id");
  const auto taken = ask<actors::erase_taken>(system_, from_.eraser(), actors::erase_request{*id});
  if (!taken.known) throw std::runtime_error("nothing is known of a user " + user);
  if (!taken.ok) throw std::runtime_error("the journal cannot be read or written: see /readyz");
  kick(user);
  const auto as = " called " + taken.as.value();
  return user + (taken.done ? " is erased already, and" + as + "\n"
                            : " is being erased, and" + as + " from now on\n");
}

std::string desk::resume_retention() const {
  const auto done = ask<actors::trimming_resumed>(system_, from_.keeper(), actors::resume_trimming{});
  return done.was_stopped ? "the clock is taken to be right; messages are trimmed again\n"
                          : "the clock is not in doubt\n";
}

}  // namespace confab::server
