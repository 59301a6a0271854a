// What an inbox costs: the first window, all that is unread and what has changed, for a user of many rooms among many entries,
// with SQLite's cache empty and the kernel's warm; and markers that move. Processor time, which is all that it takes where the files
// are in memory. Prints JSON.
//   inbox [ROOMS] [ENTRIES] [DIRECTORY]     default: 1000, a million, in the system's temporary directory

#include "journal/journal.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace confab;
namespace fs = std::filesystem;

namespace {

struct clock_type {
  /// Microseconds of the process.
  static double now() {
    timespec at{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return static_cast<double>(at.tv_sec) * 1e6 + static_cast<double>(at.tv_nsec) / 1e3;
  }
};
constexpr int rounds = 11;
const auto reader_of_all = user_id::trusted("reader");

double microseconds_since(double begin) { return clock_type::now() - begin; }
[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}
double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

room_id room(std::size_t number) { return room_id::trusted("room-" + std::to_string(number)); }
rooms::principal by(user_id who) {
  rooms::principal author;
  author.user = std::move(who);
  author.joined = true;
  return author;
}
std::unique_ptr<journal::journal> open(const std::string& directory) {
  auto opened = journal::open_sqlite(directory);
  if (const auto* why = std::get_if<std::string>(&opened)) die(*why);
  return std::get<std::unique_ptr<journal::journal>>(std::move(opened));
}
void commit(journal::writer& writer, std::vector<rooms::operation> batch) {
  static std::int64_t clock = 1'763'790'000'000;
  ++clock;
  for (std::span left{batch}; !left.empty();) {
    const auto done = writer.commit(left, unix_ms{clock});
    if (!done) die(done.detail());
    left = left.subspan(done->size());
  }
}
template <class T>
T value(journal::result<T> of) {
  if (!of) die(of.detail());
  return std::move(*of);
}

void fill(journal::writer& writer, std::size_t count, std::size_t entries) {
  for (std::size_t i = 0; i < count; ++i)
    commit(writer, {{room(i), rooms::server_principal(), {}, rooms::create_room{epoch_id{"e"}, {}, {}}},
                    {room(i), by(reader_of_all), {}, rooms::become_member{}}});
  std::uint64_t dice = 1;
  for (std::size_t made = 2 * count; made < entries;) {
    std::vector<rooms::operation> batch;
    for (int i = 0; i < 1'000 && made < entries; ++i, ++made) {
      dice = dice * 6364136223846793005 + 1442695040888963407;
      content what;
      what.text = std::string(64, 'x');
      if (dice >> 40 & 1 && made % 200 == 0) what.mentions.users = {reader_of_all};
      batch.push_back({room((dice >> 33) % count), by(user_id::trusted("author-" + std::to_string(dice >> 50))),
                       {}, rooms::post_message{std::move(what), {}}});
    }
    commit(writer, std::move(batch));
  }
  for (std::size_t i = 0; i < count; i += 2)
    commit(writer, {{room(i), by(reader_of_all), {}, rooms::move_marker{seq_no{entries / count / 2}}}});
  value(writer.store_gathered());
}

/// Each time with a reader of its own.
template <class Read>
double median_of(journal::journal& of, Read read) {
  std::vector<double> all;
  for (int i = 0; i < rounds; ++i) {
    const auto from = of.make_reader();
    const auto begin = clock_type::now();
    read(*from);
    all.push_back(microseconds_since(begin));
  }
  return median(all);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000;
  const std::size_t entries = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  const std::string base = argc > 3 ? argv[3] : fs::temp_directory_path().string();
  const auto directory = base + "/confab-inbox-" + std::to_string(getpid());
  fs::create_directories(directory);
  {
    const auto at = open(directory);
    fill(*at->make_writer(), count, entries);
  }
  const auto at = open(directory);
  const auto writer = at->make_writer();
  const unix_ms now{1'764'000'000'000};
  content news;
  news.text = "new";
  commit(*writer, {{room(0), by(user_id::trusted("author")), {}, rooms::post_message{news, {}}}});
  const auto as_of = value(at->make_reader()->inbox({reader_of_all, "", "", 50, now})).as_of;
  for (std::size_t i = 0; i < 20; ++i)
    commit(*writer, {{room(i), by(user_id::trusted("author")), {}, rooms::post_message{news, {}}}});

  const auto window = median_of(*at, [&](auto& from) { value(from.inbox({reader_of_all, "", "", 50, now})); });
  const auto since = median_of(*at, [&](auto& from) { value(from.inbox({reader_of_all, as_of, "", 50, now})); });
  const auto totals = median_of(*at, [&](auto& from) { value(from.totals(reader_of_all, now)); });
  const auto own = at->make_reader();
  value(own->totals(reader_of_all, now));
  const auto begin_again = clock_type::now();
  value(own->totals(reader_of_all, now));
  const auto again = microseconds_since(begin_again);
  const auto begin_rows = clock_type::now();
  for (std::size_t i = 0; i < count; ++i) value(own->inbox_row(reader_of_all, room(i), now));
  const auto row = microseconds_since(begin_rows) / static_cast<double>(count);

  constexpr std::size_t markers = 10'000;
  const auto begin_markers = clock_type::now();
  for (std::size_t i = 0; i < markers;) {
    std::vector<rooms::operation> batch;
    for (int n = 0; n < 100; ++n, ++i)
      batch.push_back({room(i % count), by(reader_of_all), {},
                       rooms::move_marker{seq_no{entries / count / 2 + i / count + 1}}});
    commit(*writer, std::move(batch));
  }
  const auto marker = microseconds_since(begin_markers) / markers;
  const auto begin_store = clock_type::now();
  value(writer->store_gathered());
  const auto stored = microseconds_since(begin_store);

  std::printf("{\"rooms\":%zu,\"entries\":%zu,\"window_ms\":%.2f,\"since_ms\":%.2f,\"totals_ms\":%.2f,\"totals_again_ms\":%.2f,"
              "\"row_us\":%.1f,\"marker_us\":%.1f,\"store_ms\":%.2f}\n",
              count, entries, window / 1000, since / 1000, totals / 1000, again / 1000, row, marker, stored / 1000);
  fs::remove_all(directory);
}
