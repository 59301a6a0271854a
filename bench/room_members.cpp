// What members cost: a message to a room of a thousand members against one to a room that has none,
// in turns; each note that a message writes for whom it names; and how long a room of a hundred
// thousand takes to load: what it knows, its last messages, and the row of who comes. Prints JSON.
//   room_members [ROUNDS] [DIRECTORY]     default: eleven, in the system's temporary directory

#include "journal/journal.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

using namespace confab;
namespace fs = std::filesystem;

namespace {

using clock_type = std::chrono::steady_clock;
constexpr int batches_per_round = 200;
constexpr int named_each = 50;  // limits::mentions_max
const auto plain = room_id::trusted("plain");
const auto peopled = room_id::trusted("peopled");
const auto crowded = room_id::trusted("crowded");

double microseconds_since(clock_type::time_point begin) {
  return std::chrono::duration<double, std::micro>(clock_type::now() - begin).count();
}
[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}
double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

user_id user(int number) { return user_id::trusted("user-" + std::to_string(number)); }
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
  if (auto done = writer.commit(batch, unix_ms{++clock}); !done) die(done.detail());
}

void people(journal::writer& writer, const room_id& room, int count) {
  auto admin = by(user(0));
  admin.admin = true;
  for (int i = 0; i < count;) {
    rooms::set_members some;
    some.change.state = member_state::member;
    for (int n = 0; n < 100 && i < count; ++n) some.change.users.push_back(user(++i));
    commit(writer, {{room, admin, {}, std::move(some)}});
  }
}

/// Microseconds of a commit of one message, each by another user.
double of_a_message(journal::writer& writer, const room_id& room) {
  const auto begin = clock_type::now();
  for (int i = 0; i < batches_per_round; ++i) {
    content what;
    what.text = std::string(64, 'x');
    static int key = 0;
    commit(writer, {{room, by(user(1 + i % 1000)), "k" + std::to_string(++key),
                     rooms::post_message{std::move(what), {}}}});
  }
  return microseconds_since(begin) / batches_per_round;
}

/// The same of a batch of a hundred: the disk's part is small. Each message names so many.
double in_a_batch(journal::writer& writer, const room_id& room, int named = 0) {
  const int batches = named > 0 ? batches_per_round / 10 : batches_per_round;
  const auto begin = clock_type::now();
  for (int i = 0; i < batches; ++i) {
    std::vector<rooms::operation> batch;
    for (int n = 0; n < 100; ++n) {
      content what;
      what.text = std::string(64, 'x');
      for (int of = 0; of < named; ++of) what.mentions.users.push_back(user(1 + (n * 7 + 1 + of) % 1000));
      batch.push_back({room, by(user(1 + n * 7 % 1000)), {},
                       rooms::post_message{std::move(what), {}}});
    }
    commit(writer, std::move(batch));
  }
  return microseconds_since(begin) / batches / 100;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 11;
  const auto directory =
      fs::path{argc > 2 ? argv[2] : fs::temp_directory_path().string()} /
      ("confab-members-" + std::to_string(::getpid()));
  {
    const auto opened = open(directory.string());
    const auto writer = opened->make_writer();
    for (const auto& room : {plain, peopled, crowded})
      commit(*writer, {{room, by(user(0)), {}, rooms::create_room{epoch_id{"e"}, {}, {}}}});
    people(*writer, peopled, 1'000);
    people(*writer, crowded, 100'000);
    of_a_message(*writer, crowded);  // more than a room remembers
    std::vector<double> alone, batched, alone_plain, batched_plain, loads, rows, notes;
    for (int i = 0; i < rounds; ++i) {
      alone_plain.push_back(of_a_message(*writer, plain));
      alone.push_back(of_a_message(*writer, peopled) / alone_plain.back());
      batched_plain.push_back(in_a_batch(*writer, plain));
      const auto of_nobody = in_a_batch(*writer, peopled);
      batched.push_back(of_nobody / batched_plain.back());
      notes.push_back((in_a_batch(*writer, peopled, named_each) - of_nobody) / named_each);
      const auto reader = opened->make_reader();
      if (!reader->room(plain)) die("cannot read");  // opens its connection
      auto begin = clock_type::now();
      const auto info = reader->room(crowded);
      if (!info) die("cannot read");
      if (!reader->entries(crowded, seq_no{info->head.value() - 128}, info->head, 128, 1 << 20))
        die("cannot read");
      loads.push_back(microseconds_since(begin));
      begin = clock_type::now();
      if (!reader->member(crowded, user(1 + i * 997))) die("cannot read");
      rows.push_back(microseconds_since(begin));
    }
    std::printf(
        "{\"message_us\":%.1f,\"members_over_none\":%.3f,\"batched_us\":%.2f,"
        "\"batched_members_over_none\":%.3f,\"note_us\":%.2f,\"load_of_100000_us\":%.0f,"
        "\"one_row_us\":%.0f}\n",
        median(alone_plain), median(alone), median(batched_plain), median(batched), median(notes),
        median(loads), median(rows));
  }
  fs::remove_all(directory);
}
