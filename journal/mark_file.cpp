#include "journal/mark_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace confab::journal {
namespace {

constexpr std::string_view head = "confab-mark-1";
constexpr std::int64_t mark_every_ms = 1000;

std::string last_error() { return std::system_category().message(errno); }

class marking_writer final : public writer {
 public:
  marking_writer(std::unique_ptr<writer> to, std::string journal, mark_options how)
      : to_(std::move(to)), how_(std::move(how)), last_{std::move(journal), to_->position()} {
    write();
  }
  ~marking_writer() override { mark(); }

  result<std::vector<outcome>> commit(std::span<rooms::operation> batch, unix_ms now) override {
    auto done = to_->commit(batch, now);
    // The clock may have been set back meanwhile.
    const auto since = now.value() - marked_at_;
    if (done && (since >= mark_every_ms || since < 0)) {
      marked_at_ = now.value();
      mark();
    }
    return done;
  }
  std::uint64_t position() const noexcept override { return to_->position(); }
  result<bool> probe() override { return to_->probe(); }

 private:
  void mark() {
    if (to_->position() == last_.position) return;
    last_.position = to_->position();
    write();
  }
  /// Who cannot write it is told so once, until it can.
  void write() {
    auto error = write_mark(how_.file, last_);
    if (error && !failed_) how_.failed(*error);
    failed_ = error.has_value();
  }

  std::unique_ptr<writer> to_;
  mark_options how_;
  journal_mark last_;
  std::int64_t marked_at_ = 0;
  bool failed_ = false;
};

}  // namespace

std::variant<std::optional<journal_mark>, std::string> read_mark(const std::string& path) {
  std::ifstream in{path};
  if (!in) {
    if (errno == ENOENT) return std::nullopt;
    return "cannot read " + path + ": " + last_error();
  }
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
  const auto written = ::write(file, bytes.data(), bytes.size());
  auto error = last_error();
  ::close(file);
  if (written != static_cast<ssize_t>(bytes.size())) return "cannot write " + fresh + ": " + error;
  if (std::rename(fresh.c_str(), path.c_str()) == 0) return std::nullopt;
  return "cannot replace " + path + ": " + last_error();
}

std::unique_ptr<writer> marking(std::unique_ptr<writer> to, std::string journal,
                                const mark_options& how) {
  return std::make_unique<marking_writer>(std::move(to), std::move(journal), how);
}

}  // namespace confab::journal
