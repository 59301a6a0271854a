#include "api/line_stream.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace confab::api {
namespace {

constexpr std::size_t piece_bytes_max = 16 * 1024;

}  // namespace

line_stream::~line_stream() {
  if (taken_) api_.give_stream(of_->key->name);
}

void line_stream::start() {
  taken_ = api_.take_stream(of_->key->name);
  if (!taken_) return of_->refuse(error_code::unavailable, "as many streams of this key are open as may be");
  response head;
  head.content_type = "application/x-ndjson";
  head.headers = {{"Request-Id", of_->id}, {"Cache-Control", "no-store"}};
  auto opened = of_->to->open(std::move(head), [self = shared_from_this()] { self->go_on(); },
                              [self = shared_from_this()] { self->close(); });
  if (!opened) return;
  {
    const std::lock_guard lock{border_};
    if (!over_) out_ = std::move(opened);
  }
  look();
}

void line_stream::close() {
  std::shared_ptr<stream> gone;  // what holds this
  const std::lock_guard lock{border_};
  over_ = true;
  gone = std::exchange(out_, nullptr);
}

void line_stream::go_on() {
  {
    const std::lock_guard lock{border_};
    if (!std::exchange(blocked_, false)) return;
  }
  push();
}

bool line_stream::goes_on() {
  const std::lock_guard lock{border_};
  return !over_;
}

void line_stream::look() {
  api_.chat().read(of_->key->name, about(), [self = shared_from_this()] { return self->goes_on(); },
                   [self = shared_from_this()](journal::reader* from) { self->step(from); });
}

void line_stream::give(std::string lines, std::size_t rows) {
  const auto& payer = of_->key->name;
  api_.chat().charge(price::rows, payer, static_cast<double>(rows));
  api_.chat().charge(price::bytes, payer, static_cast<double>(lines.size()));
  {
    const std::lock_guard lock{border_};
    pending_ = std::move(lines);
    written_ = 0;
  }
  push();
}

void line_stream::end(std::string lines) {
  {
    const std::lock_guard lock{border_};
    last_ = true;
  }
  give(std::move(lines), 0);
}

/// Writes what is pending, as far as it is taken; the rest goes on by itself.
void line_stream::push() {
  std::shared_ptr<stream> finished;
  {
    const std::lock_guard lock{border_};
    if (!out_) return;
    while (written_ < pending_.size()) {
      const auto piece = std::string_view{pending_}.substr(written_, piece_bytes_max);
      const auto said = out_->write(piece);
      blocked_ = said == push_result::overflow;
      if (said != push_result::accepted) return;
      written_ += piece.size();
    }
    if (last_) finished = std::exchange(out_, nullptr);
  }
  finished ? finished->end() : look();
}

}  // namespace confab::api
