#include "journal/mark_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <iterator>
#include <mutex>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

namespace confab::journal {
namespace {

constexpr std::string_view head = "confab-mark-1";
std::string last_error() { return std::system_category().message(errno); }

/// Writes the mark on a thread of its own: no commit waits for that file, and the last commit before
/// a silence is marked like any other.
class marking_writer final : public writer {
 public:
  marking_writer(std::unique_ptr<writer> to, std::string journal, mark_options how)
      : to_(std::move(to)),
        how_(std::move(how)),
        reached_(to_->position()),
        mark_{std::move(journal), reached_} {
    write();
    marker_ = std::jthread{[this](const std::stop_token& stop) { keep(stop); }};
  }

  result<std::vector<outcome>> commit(std::span<rooms::operation> batch, unix_ms now) override {
    auto done = to_->commit(batch, now);
    {
      const std::lock_guard lock{border_};
      reached_ = to_->position();
    }
    moved_.notify_one();
    return done;
  }
  std::uint64_t position() const noexcept override { return to_->position(); }
  result<bool> probe() override { return to_->probe(); }
  bool has_leftovers() const noexcept override { return to_->has_leftovers(); }
  bool clear_leftovers() override { return to_->clear_leftovers(); }
  bool has_gathered() const noexcept override { return to_->has_gathered(); }
  result<bool> store_gathered() override { return to_->store_gathered(); }
  result<std::optional<user_id>> drop_notes(const user_id& after, std::uint64_t upto) override {
    return to_->drop_notes(after, upto);
  }
  result<rename_page> rename(const user_id& user, const user_id& as,
                             const rename_place& from) override {
    return to_->rename(user, as, from);
  }
  result<bool> forget_names(unix_ms erased, unix_ms guests) override {
    return to_->forget_names(erased, guests);
  }
  result<bool> forget_room(const room_id& room, seq_no head) override {
    return to_->forget_room(room, head);
  }

 private:
  void keep(const std::stop_token& stop) {
    std::unique_lock lock{border_};
    for (;;) {
      moved_.wait(lock, stop, [&] { return reached_ != mark_.position || failed_; });
      if (reached_ == mark_.position && !failed_) return;
      const bool is_last = stop.stop_requested();  // then nobody commits any more
      mark_.position = reached_;
      lock.unlock();
      write();
      lock.lock();
      if (is_last) return;
      pause_.wait_for(lock, stop, how_.every, [] { return false; });
    }
  }
  /// Who cannot write it is told so once, until it can.
  void write() {
    auto error = write_mark(how_.file, mark_);
    if (error && !failed_) how_.failed(*error);
    failed_ = error.has_value();
  }

  std::unique_ptr<writer> to_;
  mark_options how_;
  std::mutex border_;  // around `reached_`
  std::condition_variable_any moved_, pause_;
  std::uint64_t reached_;
  journal_mark mark_;    // from here on the marker's
  bool failed_ = false;
  std::jthread marker_;  // first to go, behind a last mark
};

}  // namespace

std::variant<std::optional<journal_mark>, std::string> read_mark(const std::string& path) {
  // Whatever lies there: it is neither waited for nor read without end.
  const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return std::nullopt;
    return "cannot read " + path + ": " + last_error();
  }
  char bytes[128];
  const auto count = ::read(file, bytes, sizeof bytes);
  auto error = last_error();
  ::close(file);
  if (count < 0) return "cannot read " + path + ": " + error;
  std::istringstream in{std::string{bytes, static_cast<std::size_t>(count)}};
  std::string version;
  journal_mark found;
  if (in >> version >> found.journal >> found.position && version == head) return found;
  return path + " is no mark of a journal; remove it, or name another by --mark-file";
}

std::optional<std::string> write_mark(const std::string& path, const journal_mark& what) {
  std::ostringstream text;
  text << head << ' ' << what.journal << ' ' << what.position << '\n';
  const auto fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return "cannot write " + fresh + ": " + last_error();
  const auto bytes = text.str();
  // Else a loss of power could leave an empty file under the mark's name.
  const bool stored = ::write(file, bytes.data(), bytes.size()) == std::ssize(bytes) &&
                      ::fdatasync(file) == 0;
  auto error = last_error();
  ::close(file);
  if (!stored) return "cannot write " + fresh + ": " + error;
  if (std::rename(fresh.c_str(), path.c_str()) == 0) return std::nullopt;
  return "cannot replace " + path + ": " + last_error();
}

std::unique_ptr<writer> marking(std::unique_ptr<writer> to, std::string journal,
                                const mark_options& how) {
  return std::make_unique<marking_writer>(std::move(to), std::move(journal), how);
}

}  // namespace confab::journal
