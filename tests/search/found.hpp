#pragma once

#include "search/index.hpp"
#include "search/searcher.hpp"
#include "tests/journal/stores.hpp"

#include <fstream>
#include <iterator>
#include <set>

/// What the tests of search share: a journal with its index beside it, and short ways to ask.
namespace confab::search::test {

using namespace journal::test;

/// "general/3", latest first.
using places = std::vector<std::string>;

class searched_journal {
 public:
  explicit searched_journal(
      const std::filesystem::path& in = std::filesystem::temp_directory_path())
      : directory(in), of(open_or_throw(directory.path())) {
    open();
  }

  index_options options() {
    index_options how;
    how.file = file();
    how.now = [this] { return unix_ms{now}; };
    how.failed = [this](std::string_view detail) { failures.emplace_back(detail); };
    return how;
  }
  std::string file() const { return directory.path() + "/" + index_name; }

  /// What both were opened for goes first.
  void close() {
    reads.reset();
    writes.reset();
  }
  void open() {
    close();
    auto opened = open_index(options(), *of.log);
    if (const auto* why = std::get_if<std::string>(&opened)) throw std::runtime_error(*why);
    writes = std::get<std::unique_ptr<index>>(std::move(opened));
    reads = make_searcher({file(), {}, [this] { return unix_ms{now}; }, [this] { return is_late; },
                           [this] { return writes->generation(); },
                           [this](std::uint64_t generation) { writes->doubt(generation); }},
                          of.log->make_reader());
  }
  /// Gives the index what it has not got yet.
  bool feed(std::size_t page = 500) {
    for (;;) {
      const auto items = of.read->feed(writes->position(), page, plenty);
      if (!items) throw std::runtime_error(items.detail());
      if (items->empty()) return true;
      if (!writes->take(*items)) return false;
    }
  }
  void say(std::vector<operation> batch, std::int64_t at = 1000) {
    of.commit(std::move(batch), at);
    feed();
  }
  void clean() {
    while (writes->clean()) continue;
  }

  answer ask(const question& what) {
    auto found = reads->search(what);
    if (const auto* why = std::get_if<std::string>(&found)) throw std::runtime_error(*why);
    return std::get<answer>(std::move(found));
  }
  /// All pages.
  places found(question what) {
    places all;
    do {
      const auto page = ask(what);
      for (const auto& one : page.hits)
        all.push_back(one.room.value() + "/" + std::to_string(one.message.seq.value()));
      what.before = page.next;
    } while (what.before != 0);
    return all;
  }
  places found(const user_id& who, std::string words) {
    return found(asked(who, std::move(words)));
  }

  static question asked(const user_id& who, std::string words) {
    question what;
    what.words = std::move(words);
    what.by.user = who;
    what.count = 20;
    return what;
  }
  /// Whether one of the index's files has these bytes somewhere.
  bool files_hold(const std::string& text) const {
    for (const auto* end : {"", "-wal", "-shm"}) {
      std::ifstream in{file() + end, std::ios::binary};
      const std::string all{std::istreambuf_iterator<char>{in}, {}};
      if (all.find(text) != all.npos) return true;
    }
    return false;
  }

  temporary_directory directory;
  session of;
  std::int64_t now = 1'000'000;
  bool is_late = false;
  std::vector<std::string> failures;
  std::unique_ptr<index> writes;
  std::unique_ptr<searcher> reads;
};

inline operation join(const room_id& id, const user_id& who) {
  return {id, by(who), "", rooms::become_member{}};
}
inline operation leave(const room_id& id, const user_id& who) {
  return {id, by(who), "", rooms::cease_membership{}};
}
inline operation settle(const room_id& id, room_settings change) {
  auto author = by(alice);
  author.admin = true;
  return {id, author, "", rooms::set_room{std::move(change)}};
}
inline operation as_admin(operation what) {
  what.by.admin = true;
  return what;
}

}  // namespace confab::search::test
