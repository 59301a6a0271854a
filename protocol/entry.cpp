#include "protocol/entry.hpp"

namespace confab {

namespace {

std::size_t bytes_of(const std::vector<user_id>& users) noexcept {
  std::size_t bytes = 0;
  for (const auto& user : users) bytes += user.view().size();
  return bytes;
}

std::size_t bytes_of(const std::optional<free_data>& data) noexcept {
  return data ? data->value().size() : 0;
}

struct body_bytes {
  std::size_t operator()(const posted& body) const noexcept {
    return cost_of(body.what) + body.where.event.size();
  }
  std::size_t operator()(const edited& body) const noexcept { return cost_of(body.what); }
  std::size_t operator()(const deleted& body) const noexcept { return body.reason.size(); }
  std::size_t operator()(const reacted& body) const noexcept { return body.emoji.size(); }
  std::size_t operator()(const pinned&) const noexcept { return 0; }
  std::size_t operator()(const recorded& body) const noexcept {
    return body.type.size() + body.data.value().size();
  }
  std::size_t operator()(const member_set& body) const noexcept {
    return bytes_of(body.users) + body.reason.size();
  }
  std::size_t operator()(const room_set& body) const noexcept {
    return body.change.title.value_or("").size() + body.change.topic.value_or("").size() +
           bytes_of(body.change.data);
  }
  std::size_t operator()(const trimmed&) const noexcept { return 0; }
  std::size_t operator()(const erased& body) const noexcept {
    return body.user.view().size() + body.as.view().size();
  }
  std::size_t operator()(const user_set& body) const noexcept {
    return body.user.view().size() + body.name.size() + bytes_of(body.data);
  }
};

struct body_target {
  using target = std::optional<seq_no>;
  target operator()(const posted&) const noexcept { return std::nullopt; }
  target operator()(const edited& body) const noexcept { return body.target; }
  target operator()(const deleted& body) const noexcept { return body.target; }
  target operator()(const reacted& body) const noexcept { return body.target; }
  target operator()(const pinned& body) const noexcept { return body.target; }
  target operator()(const recorded&) const noexcept { return std::nullopt; }
  target operator()(const member_set&) const noexcept { return std::nullopt; }
  target operator()(const room_set&) const noexcept { return std::nullopt; }
  target operator()(const user_set&) const noexcept { return std::nullopt; }
  target operator()(const trimmed&) const noexcept { return std::nullopt; }
  target operator()(const erased&) const noexcept { return std::nullopt; }
};

}  // namespace

std::optional<seq_no> target_of(const entry_body& body) noexcept {
  return std::visit(body_target{}, body);
}

std::size_t cost_of(const content& what) noexcept {
  return what.text.size() + bytes_of(what.data) +
         (what.attachments ? what.attachments->value().size() : 0) + bytes_of(what.mentions.users);
}

std::size_t cost_of(const log_entry& entry) noexcept {
  return entry.from.view().size() + entry.key.size() + entry.by.size() + std::visit(body_bytes{}, entry.body);
}

}  // namespace confab
