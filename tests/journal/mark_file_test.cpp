#include "journal/mark_file.hpp"

#include "tests/journal/stores.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace confab;
using namespace confab::journal;
using namespace confab::journal::test;
using namespace std::chrono_literals;

namespace {

std::optional<journal_mark> mark_in(const std::string& path) {
  const auto read = read_mark(path);
  if (const auto* error = std::get_if<std::string>(&read)) throw std::runtime_error(*error);
  return std::get<std::optional<journal_mark>>(read);
}

/// Stores what it is given, and counts.
class counting_writer final : public writer {
 public:
  result<std::vector<outcome>> commit(std::span<rooms::operation> batch, unix_ms) override {
    stored_ += batch.size();
    return std::vector<outcome>{};
  }
  std::uint64_t position() const noexcept override { return stored_; }
  result<bool> probe() override { return true; }
  bool has_leftovers() const noexcept override { return !cleared_; }
  bool clear_leftovers() override { return cleared_ = true; }
  result<std::optional<user_id>> drop_notes(const user_id&, std::uint64_t) override {
    return std::optional{bob};
  }
  result<rename_page> rename(const user_id&, const user_id&, const rename_place&) override {
    return rename_page{rename_place{7, 9}};
  }
  result<bool> forget_names(unix_ms, unix_ms) override { return true; }
  result<bool> forget_room(const room_id&, seq_no) override { return true; }

 private:
  std::uint64_t stored_ = 0;
  bool cleared_ = false;
};

/// Within ten seconds.
bool becomes(const auto& value, std::uint64_t wanted) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (value() != wanted && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return value() == wanted;
}

}  // namespace

TEST_CASE("a mark is read as it was written, and what is none is told apart from none", "[journal]") {
  temporary_directory top;
  const auto path = top.path() + "/confab.mark";
  CHECK_FALSE(mark_in(path));

  REQUIRE_FALSE(write_mark(path, {"A0B1", 7}));
  CHECK(mark_in(path) == journal_mark{"A0B1", 7});
  REQUIRE_FALSE(write_mark(path, {"A0B1", 18446744073709551615u}));
  CHECK(mark_in(path) == journal_mark{"A0B1", 18446744073709551615u});

  std::ofstream{path} << "something else";
  CHECK(std::holds_alternative<std::string>(read_mark(path)));
  CHECK(std::holds_alternative<std::string>(read_mark("/dev/zero")));
  CHECK(std::holds_alternative<std::string>(read_mark(top.path())));
}

TEST_CASE("a journal is marked at its birth, once in a while at most, and at its end", "[journal]") {
  temporary_directory top;
  mark_options how;
  how.file = top.path() + "/confab.mark";
  how.every = 1h;
  const auto position = [&] { return mark_in(how.file).value().position; };
  std::vector<rooms::operation> one{create(general)};
  auto marked = marking(std::make_unique<counting_writer>(), "A0", how);
  CHECK(position() == 0);

  REQUIRE(marked->commit(one, unix_ms{1}));
  CHECK(becomes(position, 1));
  REQUIRE(marked->commit(one, unix_ms{2}));
  REQUIRE(marked->commit(one, unix_ms{3}));
  CHECK(position() == 1);
  marked.reset();
  CHECK(position() == 3);
}

TEST_CASE("what deleted content is left in is emptied through a marked journal as well", "[journal]") {
  temporary_directory top;
  mark_options how;
  how.file = top.path() + "/confab.mark";
  auto marked = marking(std::make_unique<counting_writer>(), "A0", how);

  CHECK(marked->has_leftovers());
  CHECK(marked->clear_leftovers());
  CHECK_FALSE(marked->has_leftovers());
}

TEST_CASE("what is forgotten is forgotten through a marked journal as well", "[journal]") {
  temporary_directory top;
  mark_options how;
  how.file = top.path() + "/confab.mark";
  auto marked = marking(std::make_unique<counting_writer>(), "A0", how);

  CHECK(*marked->drop_notes(alice, 5) == bob);
  CHECK(marked->rename(alice, bob, {})->next->seq == 9);
  CHECK(*marked->forget_names(unix_ms{1}, unix_ms{1}));
  CHECK(*marked->forget_room(general, seq_no{1}));
}

TEST_CASE("the last commit before a silence is marked", "[journal]") {
  temporary_directory top;
  mark_options how;
  how.file = top.path() + "/confab.mark";
  how.every = 1ms;
  std::vector<rooms::operation> one{create(general)};
  auto marked = marking(std::make_unique<counting_writer>(), "A0", how);

  for (int i = 0; i < 100; ++i) REQUIRE(marked->commit(one, unix_ms{1}));

  CHECK(becomes([&] { return mark_in(how.file).value().position; }, 100));
}

TEST_CASE("a mark that cannot be written is told once, and stops nothing", "[journal]") {
  temporary_directory top;
  std::size_t told = 0;
  mark_options how;
  how.file = top.path() + "/missing/confab.mark";
  how.failed = [&](std::string_view) { ++told; };
  std::vector<rooms::operation> one{create(general)};

  auto marked = marking(std::make_unique<counting_writer>(), "A0", how);
  REQUIRE(marked->commit(one, unix_ms{10'000}));
  REQUIRE(marked->commit(one, unix_ms{20'000}));
  marked.reset();

  CHECK(told == 1);
}

TEST_CASE("a journal that lost its name with its entries is refused until it is accepted",
          "[journal]") {
  temporary_directory directory, elsewhere;
  const auto copy = elsewhere.path() + "/copy.db";
  mark_options how;
  how.file = elsewhere.path() + "/confab.mark";
  const auto open = [&] { return open_sqlite(directory.path(), {}, {}, how); };
  const auto open_journal = [&] { return std::get<std::unique_ptr<journal::journal>>(open()); };
  const auto epoch_of = [](session& of) { return of.read->room(general)->epoch; };
  std::optional<epoch_id> epoch;
  std::string says = "--accept-older-journal";

  SECTION("it is a copy from before it was marked") {
    { session{open_or_throw(directory.path())}.commit({create(general), post(general, "one")}); }
    std::filesystem::copy_file(directory.database(), copy);
    session of{open_journal()};
    of.commit({post(general, "two")});
    epoch = epoch_of(of);
  }
  SECTION("its first log was lost, and everything with it") {
    session of{open_journal()};
    of.commit({create(general), post(general, "one")});
    std::filesystem::copy_file(directory.database(), copy);  // without the -wal file
    says = "its content is gone";
  }
  std::filesystem::copy_file(copy, directory.database(),
                             std::filesystem::copy_options::overwrite_existing);

  for (int i = 0; i < 2; ++i) {
    const auto refused = open();
    REQUIRE(std::holds_alternative<std::string>(refused));
    CHECK(std::get<std::string>(refused).find(says) != std::string::npos);
  }
  how.accept_older = true;
  {
    session of{open_journal()};
    if (epoch) CHECK(epoch_of(of) != *epoch);
    CHECK(of.log->forks().size() == 1);
  }
  how.accept_older = false;
  CHECK(std::holds_alternative<std::unique_ptr<journal::journal>>(open()));
}
