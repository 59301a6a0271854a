#include "protocol/entry.hpp"

namespace confab {

namespace {

std::size_t bytes_of(const content& what) noexcept {
  return what.text.size() + (what.data ? what.data->value().size() : 0);
}

struct body_bytes {
  std::size_t operator()(const posted& body) const noexcept { return bytes_of(body.what); }
  std::size_t operator()(const edited& body) const noexcept { return bytes_of(body.what); }
  std::size_t operator()(const deleted&) const noexcept { return 0; }
  std::size_t operator()(const reacted& body) const noexcept { return body.emoji.size(); }
  std::size_t operator()(const recorded& body) const noexcept {
    return body.type.size() + body.data.value().size();
  }
};

struct body_target {
  using target = std::optional<seq_no>;
  target operator()(const posted&) const noexcept { return std::nullopt; }
  target operator()(const edited& body) const noexcept { return body.target; }
  target operator()(const deleted& body) const noexcept { return body.target; }
  target operator()(const reacted& body) const noexcept { return body.target; }
  target operator()(const recorded&) const noexcept { return std::nullopt; }
};

}  // namespace

std::optional<seq_no> target_of(const entry_body& body) noexcept {
  return std::visit(body_target{}, body);
}

std::size_t cost_of(const log_entry& entry) noexcept {
  return entry.from.view().size() + entry.key.size() + std::visit(body_bytes{}, entry.body);
}

}  // namespace confab
