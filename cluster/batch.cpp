#include "cluster/batch.hpp"

#include "cluster/bytes.hpp"
#include "cluster/packing.hpp"
#include "protocol/overloaded.hpp"

#include <algorithm>

namespace confab::cluster {
namespace {

constexpr std::uint32_t magic = 0x31424643;  // "CFB1"
constexpr std::size_t crc_at = 8, body_at = 12;

void put(byte_writer& to, const genesis& of) {
  to.fixed(of.log[0], 8), to.fixed(of.log[1], 8);
  to.fixed(static_cast<std::uint64_t>(of.window.age.count()), 8);
  to.fixed(of.window.count, 8), to.fixed(of.window.keys_max, 8);
  to.fixed(of.how.guest_members, 1);
  to.fixed(of.how.members_max, 8), to.fixed(of.how.memberships_max, 8);
  to.fixed(of.how.room_mention_members_max, 8);
  to.fixed(static_cast<std::uint64_t>(of.how.invitation_life.count()), 8);
  to.fixed(of.imported, 8);
}

genesis take_genesis(byte_reader& from) {
  const auto time = [&] {
    const auto ms = from.fixed(8);
    if (ms >> 62) from.fail();  // no room to count with it
    return std::chrono::milliseconds{from.failed() ? 0 : static_cast<std::int64_t>(ms)};
  };
  genesis of;
  for (auto& half : of.log) half = from.fixed(8);
  of.window.age = time();
  of.window.count = from.fixed(8);
  of.window.keys_max = from.fixed(8);
  const auto flag = from.fixed(1);
  if (flag > 1) from.fail();
  of.how.guest_members = flag != 0;
  of.how.members_max = from.fixed(8);
  of.how.memberships_max = from.fixed(8);
  of.how.room_mention_members_max = from.fixed(8);
  of.how.invitation_life = time();
  of.imported = from.fixed(8);
  if (of.log == log_id{}) from.fail();
  return of;
}

void put_head(byte_writer& to, const frame& of) {
  to.text(of.node);
  to.fixed(of.session, 8), to.fixed(of.number, 8);
  to.fixed(of.seen_position, 8), to.fixed(of.seen_chain, 8);
}

/// The frame's content; false: it has no room in the format.
bool put(byte_writer& to, const frame_content& content) {
  return std::visit(overloaded{
                        [&](const genesis& of) {
                          put(to, of);
                          return true;
                        },
                        [&](const begin_session& of) {
                          to.fixed(of.nonce, 8), to.fixed(of.replaces, 8);
                          to.fixed(of.formats, 1);
                          to.text(of.address);
                          return of.address.size() <= address_bytes_max;
                        },
                        [&](const batch& of) {
                          to.fixed(of.operations.size(), 4);
                          return std::ranges::all_of(
                              of.operations, [&](const auto& one) { return pack(to, one); });
                        },
                        [](const leave_roster&) { return true; },
                        [&](const barrier& of) {
                          to.fixed(of.nonce, 8);
                          return true;
                        },
                    },
                    content);
}

batch take_batch(byte_reader& from) {
  const auto count = from.fixed(4);
  if (count > operations_max) from.fail();
  batch of;
  std::size_t entries = 0;
  while (!from.failed() && of.operations.size() < count) {
    auto one = unpack_operation(from);
    if (!one) break;
    entries += entries_of(*one);
    if (entries > operations_max) from.fail();
    of.operations.push_back(std::move(*one));
  }
  return of;
}

frame take_frame(message_kind kind, std::string_view bytes, bool& failed) {
  byte_reader from{bytes};
  frame of;
  of.node = from.text(node_bytes_max);
  if (of.node.empty()) from.fail();
  of.session = from.fixed(8), of.number = from.fixed(8);
  of.seen_position = from.fixed(8), of.seen_chain = from.fixed(8);
  switch (kind) {
    case message_kind::genesis:
      of.content = take_genesis(from);
      break;
    case message_kind::begin: {
      begin_session begun;
      begun.nonce = from.fixed(8), begun.replaces = from.fixed(8);
      begun.formats = static_cast<std::uint8_t>(from.fixed(1));
      begun.address = from.text(address_bytes_max);
      of.content = std::move(begun);
      break;
    }
    case message_kind::batch:
      of.content = take_batch(from);
      break;
    case message_kind::leave:
      of.content = leave_roster{};
      break;
    case message_kind::barrier:
      of.content = barrier{from.fixed(8)};
      break;
  }
  failed = failed || from.failed() || !from.at_end();
  return of;
}

std::uint32_t checksum(std::string_view bytes) noexcept {
  return crc32c(bytes.substr(body_at), crc32c(bytes.substr(0, crc_at)));
}

std::string head_of(message_kind kind) {
  byte_writer to;
  to.fixed(magic, 4), to.fixed(newest_format, 1), to.fixed(static_cast<std::uint8_t>(kind), 1);
  to.fixed(0, 2), to.fixed(0, 4);
  return std::move(to).take();
}

std::optional<std::string> finish(std::string bytes) {
  if (bytes.size() > message_bytes_max) return std::nullopt;
  byte_writer crc;
  crc.fixed(checksum(bytes), 4);
  bytes.replace(crc_at, 4, crc.view());
  return bytes;
}

}  // namespace

bool operator==(const genesis& a, const genesis& b) {
  byte_writer one, other;
  put(one, a), put(other, b);
  return one.view() == other.view();
}

std::variant<std::vector<frame>, unreadable> decode(std::string_view bytes) {
  byte_reader from{bytes};
  if (from.fixed(4) != magic) return unreadable::foreign;
  const auto format = from.fixed(1);
  if (from.failed()) return unreadable::foreign;
  // Before anything that a newer format may have changed.
  if (format > newest_format) return unreadable::newer;
  const auto kind = from.fixed(1);
  const auto flags = from.fixed(2);
  const auto crc = from.fixed(4);
  if (from.failed() || bytes.size() > message_bytes_max) return unreadable::malformed;
  if (crc != checksum(bytes)) return unreadable::damaged;
  const auto count = from.fixed(2);
  if (format == 0 || kind < 1 || kind > static_cast<std::uint8_t>(message_kind::barrier) ||
      flags != 0 || count == 0 || count > frames_max)
    return unreadable::malformed;
  std::vector<frame> frames;
  bool failed = false;
  for (std::uint64_t i = 0; i < count && !failed && !from.failed(); ++i) {
    const auto length = from.fixed(4);
    const auto content = from.raw(static_cast<std::size_t>(length));
    frames.push_back(take_frame(static_cast<message_kind>(kind), content, failed));
  }
  if (failed || from.failed() || !from.at_end()) return unreadable::malformed;
  return frames;
}

std::optional<std::string> encode(const std::vector<frame>& frames) {
  if (frames.empty() || frames.size() > frames_max) return std::nullopt;
  byte_writer to;
  to.raw(head_of(frames.front().kind()));
  to.fixed(frames.size(), 2);
  for (const auto& one : frames) {
    byte_writer inner;
    put_head(inner, one);
    if (one.node.empty() || one.node.size() > node_bytes_max ||
        one.kind() != frames.front().kind() || !put(inner, one.content))
      return std::nullopt;
    to.fixed(inner.size(), 4);
    to.raw(inner.view());
  }
  return finish(std::move(to).take());
}

std::optional<std::string> encode_batch(const frame& what, std::uint32_t count,
                                        std::string_view operations) {
  byte_writer inner;
  put_head(inner, what);
  inner.fixed(count, 4);
  byte_writer to;
  to.raw(head_of(message_kind::batch));
  to.fixed(1, 2);
  to.fixed(inner.size() + operations.size(), 4);
  to.raw(inner.view());
  to.raw(operations);
  return finish(std::move(to).take());
}

}  // namespace confab::cluster
