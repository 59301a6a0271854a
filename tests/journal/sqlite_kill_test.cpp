// Acknowledged is on disk: a process that creates a journal, commits and empties its log is killed
// within each of its writes, in their middle, and at each sync and truncation.

#include "journal/sqlite_journal.hpp"
#include "tests/journal/faulty_disk.hpp"
#include "tests/journal/mixed.hpp"
#include "tests/support/effort.hpp"

#include <sys/wait.h>

#include <algorithm>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;

namespace {

constexpr std::size_t first_random_batch = 6, batches_count = 17;
constexpr std::size_t batch_between_emptyings = 5;

const auto dave = user("dave"), gone = user("gone:1");

const auto club = room("club");

/// A room that begins with settings, an owner and invitations: three entries, or none.
operation founded_club() {
  rooms::create_room::founding with;
  with.settings.title = "Club", with.settings.visible = visibility::closed;
  with.invited = {bob, user("carol")};
  return {club, by(alice), "k-club", rooms::create_room{epoch_id{"e3"}, {}, std::move(with)}};
}
operation set_club(room_settings change) {
  return {club, by(alice), "", rooms::set_room{std::move(change)}};
}
operation block(const user_id& who, std::int64_t on) {
  rooms::mark mark{bob, who.value(), rooms::mark::kind::block, on, ""};
  return {rooms::server_room, by(bob), "", rooms::set_marks{{std::move(mark)}}};
}

operation by_server(const room_id& where, rooms::want what) {
  return {where, rooms::server_principal(), "", std::move(what)};
}

/// All that the store has a row of its own for, then a trim, and the end of a user.
std::vector<std::vector<operation>> batches_of_erasing() {
  const rooms::erase_user erase_dave{dave, gone, seq_no{1'000}};
  auto naming = post(general, "see dave", "", bob);
  std::get<rooms::post_message>(naming.what).what.mentions.users = {dave, alice};
  auto pin = set_pin(general, 3, true, dave);
  pin.by.token = role::moderator;
  return {{post(general, "old"), react(general, 1, "+", true, dave), post(general, "kept"),
           join_as_member(general, dave), join_as_member(general, alice)},
          {post(general, "by dave", "k", dave), naming, react(general, 3, "+", true, dave), pin,
           post(general, "in thread", "", dave, {{}, seq_no{3}, false, ""}),
           by_server(rooms::server_room, rooms::set_user{{dave, "Dave", {}, false}})},
          {trim(general, 2), erase(general, {6, 10}, dave)},
          {by_server(general, erase_dave), by_server(rooms::server_room, erase_dave)}};
}

/// An empty batch stands for the renaming of who was erased before it.
std::vector<std::vector<operation>> any_batches() {
  std::mt19937_64 dice{12};
  std::vector<std::vector<operation>> all{{create(general), create(room("other"))}};
  for (auto& batch : batches_of_erasing()) all.push_back(std::move(batch));
  all.emplace_back();
  while (all.size() < batches_count) {
    auto& batch = all.emplace_back();
    for (auto count = 1 + dice() % 12; count > 0; --count) batch.push_back(any_operation(dice));
  }
  room_settings opened, archived, again;
  opened.visible = visibility::invite, opened.posting = posting_rights::threads;
  archived.archived = true;
  again.archived = false;
  const auto at = [&](std::size_t n) -> auto& { return all[first_random_batch + n]; };
  at(0).insert(at(0).end(), {founded_club(), block(user("carol"), 1)});
  at(2).insert(at(2).end(), {set_club(opened), {club, by(bob), "", rooms::become_member{}}});
  at(4).push_back(set_club(archived));
  at(6).insert(at(6).end(), {block(user("carol"), 0), block(alice, 1)});
  at(8).push_back(set_club(again));
  return all;
}
std::int64_t time_of_batch(std::size_t n) { return 1000 + static_cast<std::int64_t>(n); }

void rename_dave(session& of) {
  for (std::optional<rename_place> at = rename_place{}; at;) {
    const auto page = of.write->rename(dave, gone, *at);
    if (!page) throw std::runtime_error(page.detail());
    at = page->next;
  }
}

void take(session& of, const std::vector<std::vector<operation>>& batches, std::size_t n) {
  if (batches[n].empty())
    rename_dave(of);
  else
    of.commit(batches[n], time_of_batch(n));
}

/// What `confab check` says of a journal that nobody has open.
names faults_in(const std::string& directory) {
  const auto checked = check_sqlite(directory, check_mode::compare);
  if (const auto* error = std::get_if<std::string>(&checked)) return {*error};
  return std::get<check_report>(checked).faults;
}

/// Writes the number of batches that are acknowledged.
[[noreturn]] void commit_all(const std::string& directory,
                             const std::vector<std::vector<operation>>& batches, int acknowledged) {
  {
    session of{open_or_throw(directory)};
    for (std::size_t done = 0; done < batches.size();) {
      take(of, batches, done);
      ++done;
      if (::write(acknowledged, &done, sizeof done) != sizeof done) ::_exit(1);
      if (done % batch_between_emptyings == 0) of.write->clear_leftovers();
    }
  }
  ::_exit(0);
}

/// Markers are stored some time after they are ordered: what is behind them may have been taken back.
content_of_journal read_all_but_markers(session& of) {
  auto found = read_all(of);
  found.unread.clear();
  if (of.read->room(club)) {
    std::ranges::move(log_of(of, club), std::back_inserter(found.log));
    std::ranges::move(lists_of(of, club), std::back_inserter(found.beside));
  }
  for (const auto& one : people)
    if (*of.read->has_blocked(bob, one)) found.beside.push_back("blocked " + one.value());
  return found;
}

}  // namespace

TEST_CASE(
    "whichever write kill -9 comes in, what was acknowledged is there, and as a replay has it",
    "[journal]") {
  const auto batches = any_batches();
  std::vector<content_of_journal> after;  // so many batches
  {
    memory_store memory;
    after.push_back(read_all_but_markers(memory.of));
    for (std::size_t i = 0; i < batches.size(); ++i) {
      take(memory.of, batches, i);
      if (i + 1 == first_random_batch) REQUIRE(memory.of.read->room(general)->head == seq_no{14});
      after.push_back(read_all_but_markers(memory.of));
    }
    const auto made = *memory.of.read->room(club);
    CHECK(made.members == 2);
    CHECK(made.rows == 3);
    CHECK(made.settings->visible == visibility::invite);
    CHECK(made.settings->archived == false);
    CHECK(made.head.value() == 7);
    CHECK(after.back().beside.back() == "blocked alice");
  }
  // What a process has written outlives it in memory as well, where some thousand files cost less.
  const std::filesystem::path in_memory = "/dev/shm";
  const auto where =
      std::filesystem::is_directory(in_memory) ? in_memory : std::filesystem::temp_directory_path();
  const faulty_disk disk;
  faulty_disk::process.syncs = false;

  // Each write where there is time for it, and one of so many where there is less.
  const auto stride = static_cast<int>(std::max<std::uint64_t>(1, 10 / confab::test::cases(10)));
  int call = 1;
  for (bool killed = true; killed; call += stride) {
    INFO("killed within call " << call);
    temporary_directory directory{where};
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const auto child = ::fork();
    if (child == 0) {
      faulty_disk::process.calls = 0;
      faulty_disk::process.kill_at = call;
      commit_all(directory.path(), batches, pipe[1]);
    }
    ::close(pipe[1]);
    std::size_t acknowledged = 0;
    while (::read(pipe[0], &acknowledged, sizeof acknowledged) > 0) continue;
    ::close(pipe[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    killed = WIFSIGNALED(status);
    REQUIRE((killed || status == 0));

    std::optional<session> opened{open_or_throw(directory.path())};
    auto& of = *opened;

    // It goes on from its beginning after a start; in memory it is a part of the erasing.
    if (acknowledged < first_random_batch) rename_dave(of);
    const auto found = read_all_but_markers(of);
    auto stored = acknowledged;
    if (found != after[stored] && stored < batches.size()) ++stored;  // not acknowledged any more
    REQUIRE(found == after[stored]);
    for (const auto& place : places)
      if (of.read->room(place)) REQUIRE(stored_forms(of, place) == replayed_forms(of, place));
    for (; stored < batches.size(); ++stored) take(of, batches, stored);
    REQUIRE(read_all_but_markers(of) == after.back());
    opened.reset();
    // Elsewhere nothing is written that these do not write, and a check takes longer than a kill.
    if (acknowledged < first_random_batch) REQUIRE(faults_in(directory.path()) == names{});
  }
  CHECK(call > 200);
}
