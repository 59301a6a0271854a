// What search costs: microseconds of indexing a message, and how long queries take among a million
// messages in ten thousand rooms, of which who asks is a member of a thousand. Prints JSON.
//   bench_search [MESSAGES] [DIRECTORY]     default: 1,000,000, in the system's temporary directory

#include "search/index.hpp"
#include "search/searcher.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <variant>
#include <vector>

using namespace confab;
namespace fs = std::filesystem;

namespace {

using clock_type = std::chrono::steady_clock;
constexpr int rooms_count = 10'000;
constexpr int own_rooms_count = 1'000;
constexpr int users_count = 5'000;
constexpr int rounds = 300;

double microseconds_since(clock_type::time_point begin) {
  return std::chrono::duration<double, std::micro>(clock_type::now() - begin).count();
}
[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}
unix_ms now() { return unix_ms{1'763'790'000'000}; }
room_id room(int number) { return room_id::trusted("room-" + std::to_string(number)); }
user_id user(int number) { return user_id::trusted("user-" + std::to_string(number)); }
const auto asker = user_id::trusted("asker");

rooms::principal by(user_id who) {
  rooms::principal author;
  author.user = std::move(who);
  author.joined = true;
  return author;
}
void commit(journal::writer& writer, std::vector<rooms::operation> batch) {
  if (auto done = writer.commit(batch, now()); !done) die(done.detail());
}

/// Words as people use them: the n-th most frequent one n times as seldom (Zipf), each of letters.
class vocabulary {
 public:
  vocabulary() {
    double sum = 0;
    for (int n = 1; n <= 30'000; ++n) {
      sum += 1.0 / n;
      upto_.push_back(sum);
      std::string word;
      for (auto rest = static_cast<unsigned>(n) * 2'654'435'761u;
           word.size() < 2 + static_cast<std::size_t>(n) % 8;
           rest = rest * 1'664'525u + 1'013'904'223u)
        word += static_cast<char>('a' + (rest >> 16) % 26);
      words_.push_back(std::move(word));
    }
  }
  const std::string& any(std::mt19937_64& dice) const {
    const double at = std::uniform_real_distribution<>{0, upto_.back()}(dice);
    return words_[static_cast<std::size_t>(std::ranges::lower_bound(upto_, at) - upto_.begin())];
  }
  const std::string& rank(std::size_t n) const { return words_[n - 1]; }

 private:
  std::vector<double> upto_;
  std::vector<std::string> words_;
};

struct figures {
  double p50, p99, most;
};
figures of(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values[values.size() * 99 / 100], values.back()};
}

}  // namespace

int main(int count, char** arguments) {
  const int messages = count > 1 ? std::atoi(arguments[1]) : 1'000'000;
  auto directory = std::string{count > 2 ? arguments[2] : fs::temp_directory_path().string()} +
                   "/confab-search-XXXXXX";
  if (!::mkdtemp(directory.data())) die("no temporary directory");
  const vocabulary words;
  std::mt19937_64 dice{1};
  {
    auto opened = journal::open_sqlite(directory);
    if (const auto* why = std::get_if<std::string>(&opened)) die(*why);
    const auto log = std::get<std::unique_ptr<journal::journal>>(std::move(opened));
    const auto writer = log->make_writer();
    std::vector<rooms::operation> batch;
    for (int i = 0; i < rooms_count; ++i) {
      batch.push_back({room(i), by(user(0)), {}, rooms::create_room{epoch_id{"e"}, {}, {}}});
      if (i % (rooms_count / own_rooms_count) == 0)
        batch.push_back({room(i), by(asker), {}, rooms::become_member{}});
      if (batch.size() > 400) commit(*writer, std::exchange(batch, {}));
    }
    commit(*writer, std::exchange(batch, {}));
    for (int i = 0; i < messages; ++i) {
      content what;
      for (auto n = 4 + dice() % 12; n > 0; --n) what.text += words.any(dice) + ' ';
      what.text.pop_back();
      batch.push_back({room(static_cast<int>(dice() % rooms_count)),
                       by(user(static_cast<int>(dice() % users_count))),
                       {},
                       rooms::post_message{std::move(what), {}}});
      if (batch.size() == 500) commit(*writer, std::exchange(batch, {}));
    }
    if (!batch.empty()) commit(*writer, std::move(batch));

    search::index_options how;
    how.file = directory + "/" + search::index_name;
    how.now = now;
    how.failed = [](std::string_view detail) { die(std::string{detail}); };
    auto made = search::open_index(how, *log);
    if (const auto* why = std::get_if<std::string>(&made)) die(*why);
    const auto index = std::get<std::unique_ptr<search::index>>(std::move(made));
    const auto reader = log->make_reader();
    double indexing = 0, reading = 0, longest = 0;
    for (;;) {
      const auto before = clock_type::now();
      const auto items = reader->feed(index->position(), 500, 256 * 1024);
      reading += microseconds_since(before);
      if (!items) die(items.detail());
      if (items->empty()) break;
      const auto begin = clock_type::now();
      index->take(*items);
      const auto span = microseconds_since(begin);
      indexing += span;
      longest = std::max(longest, span);
    }
    std::printf(
        "{\n  \"messages\": %d,\n  \"indexing_us\": %.2f,\n  \"reading_us\": %.2f,\n  "
        "\"longest_page_ms\": %.1f,\n",
        messages, indexing / messages, reading / messages, longest / 1000);
    std::uintmax_t bytes = 0;
    for (const auto* end : {"", "-wal"}) {
      std::error_code none;
      const auto size = fs::file_size(how.file + end, none);
      if (!none) bytes += size;
    }
    std::printf("  \"index_bytes\": %.0f,\n", static_cast<double>(bytes) / messages);

    const auto searcher = search::make_searcher({how.file, {}, now}, log->make_reader());
    const auto ask = [&](const char* name, const std::vector<std::string>& queries,
                         const auto& change) {
      std::vector<double> spans;
      std::uint64_t candidates = 0, hits = 0;
      for (int i = 0; i < rounds; ++i) {
        search::question what;
        what.words = queries[static_cast<std::size_t>(i) % queries.size()];
        what.by.user = asker;
        what.count = 20;
        change(what);
        const auto begin = clock_type::now();
        const auto found = searcher->search(what);
        spans.push_back(microseconds_since(begin) / 1000);
        if (const auto* why = std::get_if<std::string>(&found)) die(*why);
        candidates += std::get<search::answer>(found).candidates;
        hits += std::get<search::answer>(found).hits.size();
      }
      const auto [p50, p99, most] = of(spans);
      std::printf(
          "  \"%s\": {\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, \"candidates\": %.0f, "
          "\"hits\": %.1f},\n",
          name, p50, p99, most, static_cast<double>(candidates) / rounds,
          static_cast<double>(hits) / rounds);
    };
    const auto as_is = [](search::question&) {};
    ask("common_word", {words.rank(1), words.rank(3), words.rank(10)}, as_is);
    ask("one_character", {words.rank(1).substr(0, 1), words.rank(2).substr(0, 1)}, as_is);
    ask("beginning_of_four", {words.rank(7).substr(0, 4), words.rank(15).substr(0, 4)}, as_is);
    ask("two_common_words", {words.rank(1) + " " + words.rank(2)}, as_is);
    ask("common_words_side_by_side", {words.rank(1) + "-" + words.rank(2)}, as_is);
    ask("rare_word", {words.rank(20'000), words.rank(25'000)}, as_is);
    ask("word_that_is_nowhere", {"zzzzzzzz"}, as_is);
    ask("common_word_of_one_author", {words.rank(1)},
        [](search::question& what) { what.from = user(17); });
    ask("common_word_in_one_room", {words.rank(1)},
        [](search::question& what) { what.rooms = {room(0)}; });
    ask("common_word_of_a_stranger", {words.rank(1)},
        [](search::question& what) { what.by.user = user(9); });
    std::printf("  \"unit\": \"ms\"\n}\n");
  }
  fs::remove_all(directory);
}
