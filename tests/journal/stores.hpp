#pragma once

#include "journal/journal.hpp"
#include "rooms/present.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What the tests of the journals share: places to keep them, and short ways to write and read.
namespace confab::journal::test {

/// A new directory, gone at the end of the test.
class temporary_directory {
 public:
  explicit temporary_directory(
      const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
    auto name = (in / "confab-journal-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }
  std::string database() const { return (path_ / "confab.db").string(); }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<journal> open_or_throw(const std::string& directory,
                                              rooms::key_window window = {}) {
  auto opened = open_sqlite(directory, window);
  if (auto* error = std::get_if<std::string>(&opened)) throw std::runtime_error(*error);
  return std::get<std::unique_ptr<journal>>(std::move(opened));
}

/// Why the directory cannot be opened; empty where it can.
inline std::string refusal(const std::string& directory) {
  auto opened = open_sqlite(directory);
  if (auto* error = std::get_if<std::string>(&opened)) return *error;
  return "";
}

/// An open journal with its writer and one reader.
struct session {
  std::unique_ptr<journal> log;
  std::unique_ptr<writer> write;
  std::unique_ptr<reader> read;

  explicit session(std::unique_ptr<journal> opened)
      : log(std::move(opened)), write(log->make_writer()), read(log->make_reader()) {}

  /// As far as one commit goes.
  result<std::vector<outcome>> try_commit(std::vector<rooms::operation> batch,
                                          std::int64_t now = 2000) {
    return write->commit(batch, unix_ms{now});
  }
  std::vector<outcome> commit(std::vector<rooms::operation> batch, std::int64_t now = 1000) {
    std::vector<outcome> all;
    for (std::span left{batch}; !left.empty();) {
      auto done = write->commit(left, unix_ms{now});
      if (!done) throw std::runtime_error(done.detail());
      left = left.subspan(done->size());
      std::ranges::move(*done, std::back_inserter(all));
    }
    return all;
  }
};

class memory_store {
 public:
  explicit memory_store(rooms::key_window window = {}) : of(open_memory(window)) {}
  static constexpr auto level = durability::memory;
  session of;
};

class sqlite_store {
 public:
  explicit sqlite_store(rooms::key_window window = {}) : of(open_or_throw(directory.path(), window)) {}
  static constexpr auto level = durability::disk;
  temporary_directory directory;
  session of;
};

/// What is in memory alone knows no restart.
inline void restart(memory_store&) {}
inline void restart(sqlite_store& store) {
  store.of.read.reset(), store.of.write.reset(), store.of.log.reset();
  store.of = session{open_or_throw(store.directory.path())};
}

using rooms::operation;
inline room_id room(std::string id) { return room_id::trusted(std::move(id)); }
inline user_id user(std::string id) { return user_id::trusted(std::move(id)); }
inline const user_id alice = user("alice");
inline const user_id bob = user("bob");
inline const room_id general = room("general");

inline rooms::principal by(const user_id& user) {
  rooms::principal author;
  author.user = user;
  author.joined = true;
  return author;
}
inline operation create(const room_id& id, std::string epoch = "e1") {
  return {id, by(alice), {}, rooms::create_room{epoch_id{std::move(epoch)}, {}, {}}};
}
inline operation create_direct(const user_id& a, const user_id& b) {
  return {direct_room_of(a, b), by(a), {}, rooms::create_room{epoch_id{"e1"}, std::pair{a, b}, {}}};
}
inline content words(std::string text) {
  content what;
  what.text = std::move(text);
  return what;
}
inline content said(std::string text, std::optional<free_data> data) {
  auto what = words(std::move(text));
  what.data = std::move(data);
  return what;
}
inline operation post(const room_id& id, std::string text, std::string key = "",
                      const user_id& from = alice, placement where = {}) {
  return {id, by(from), std::move(key), rooms::post_message{words(std::move(text)), std::move(where)}};
}
inline operation edit(const room_id& id, std::uint64_t target, std::string text,
                      const user_id& from = alice) {
  return {id, by(from), "", rooms::edit_message{seq_no{target}, words(std::move(text))}};
}
inline operation erase(const room_id& id, std::vector<std::uint64_t> targets,
                       const user_id& from = alice, std::string key = "") {
  rooms::delete_messages wanted;
  for (const auto target : targets) wanted.targets.push_back(seq_no{target});
  return {id, by(from), std::move(key), std::move(wanted)};
}
inline operation erase(const room_id& id, std::uint64_t target) {
  return erase(id, std::vector{target});
}
inline operation react(const room_id& id, std::uint64_t target, std::string emoji, bool on = true,
                       const user_id& from = bob) {
  return {id, by(from), "", rooms::set_reaction{seq_no{target}, std::move(emoji), on}};
}

inline operation change_members(const room_id& id, member_set change, const user_id& from = alice) {
  return {id, by(from), "", rooms::set_members{std::move(change)}};
}
inline operation set_pin(const room_id& id, std::uint64_t target, bool on = true,
                         const user_id& from = alice) {
  return {id, by(from), "", rooms::set_pin{seq_no{target}, on}};
}

inline operation move_marker(const room_id& id, std::uint64_t upto, const user_id& from = alice) {
  return {id, by(from), "", rooms::move_marker{seq_no{upto}}};
}
inline operation set_own(const room_id& id, own_change change, const user_id& from = bob) {
  return {id, by(from), "", rooms::set_own{std::move(change)}};
}
/// "none until 5 marked", or "" of who has set nothing.
inline std::string text_of(const own_settings& own) {
  std::string text;
  const auto add = [&](bool is_set, std::string word) {
    if (is_set) text.append(text.empty() ? "" : " ").append(word);
  };
  add(own.notify.has_value(), own.notify ? std::string{name(*own.notify)} : "");
  add(own.notify_until.value() != 0, "until " + std::to_string(own.notify_until.value()));
  add(own.marked, "marked");
  add(own.hidden, "hidden");
  add(!own.receipts, "no receipts");
  return text;
}
inline operation trim(const room_id& id, std::uint64_t upto) {
  return {id, rooms::server_principal(), "", rooms::trim_room{seq_no{upto}}};
}
inline operation join_as_member(const room_id& id, const user_id& from) {
  return {id, by(from), "", rooms::become_member{}};
}

/// Of what was appended, or was there already.
inline std::uint64_t seq_of(const outcome& of) {
  if (const auto* again = std::get_if<rooms::repeated>(&of)) return again->seq.value();
  return std::get<rooms::appended>(of).entries.back().seq.value();
}
inline std::int64_t time_of(const outcome& of) {
  if (const auto* again = std::get_if<rooms::repeated>(&of)) return again->at.value();
  return std::get<rooms::appended>(of).entries.back().at.value();
}
inline bool duplicate(const outcome& of) { return std::holds_alternative<rooms::repeated>(of); }
inline std::optional<error_code> refusal_of(const outcome& of) {
  const auto* no = std::get_if<rooms::refused>(&of);
  return no ? std::optional{no->code} : std::nullopt;
}

inline std::vector<std::uint64_t> seqs(const std::vector<log_entry>& entries) {
  std::vector<std::uint64_t> all;
  for (const auto& one : entries) all.push_back(one.seq.value());
  return all;
}
inline std::vector<std::string> ids(const std::vector<room_info>& rooms) {
  std::vector<std::string> all;
  for (const auto& one : rooms) all.push_back(one.room.value());
  return all;
}
using numbers = std::vector<std::uint64_t>;
using names = std::vector<std::string>;

inline constexpr seq_no::rep all = ~seq_no::rep{0};
inline constexpr std::size_t plenty = 1 << 30;

/// All entries of a room.
inline std::vector<log_entry> log_of(session& of, const room_id& id) {
  auto found = of.read->entries(id, seq_no{0}, seq_no{all}, plenty, plenty);
  if (!found) throw std::runtime_error(found.detail());
  return std::move(*found);
}

/// All messages of a room in their present form, as they are stored and as `bob` sees them.
inline std::vector<message::present_message> stored_forms(session& of, const room_id& id) {
  auto page = of.read->messages(id, bob, {}, seq_no{0}, plenty, plenty);
  if (!page) throw std::runtime_error(page.detail());
  return std::move(page->messages);
}
/// The same as the log alone gives it.
inline std::vector<message::present_message> replayed_forms(session& of, const room_id& id) {
  std::vector<message::present_message> forms;
  const auto log = log_of(of, id);
  const auto floor = of.read->room(id)->floor;
  for (const auto& one : rooms::fold(log, log))
    if (one.seq >= floor) forms.push_back(rooms::summarise(one, bob));
  return forms;
}

}  // namespace confab::journal::test
