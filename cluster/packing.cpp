#include "cluster/packing.hpp"

#include "protocol/limits.hpp"
#include "rooms/key_window.hpp"

#include <array>
#include <chrono>
#include <type_traits>
#include <utility>
#include <variant>

namespace confab::cluster {
namespace {

constexpr std::size_t room_bytes_max = 64;
constexpr std::size_t user_bytes_max = 128;
constexpr unsigned kind_bits = 6;
constexpr std::size_t plain_bytes_max = message_bytes_max;  // what options may make longer

/// The numbers of kinds within the format: the place in this list, from 1. Never reused.
template <class... Wants>
struct kinds {};
using all_kinds = kinds<rooms::create_room, rooms::post_message, rooms::edit_message,
                        rooms::delete_messages, rooms::set_reaction, rooms::record_event,
                        rooms::set_marks, rooms::set_pin, rooms::set_members, rooms::become_member,
                        rooms::cease_membership, rooms::set_room, rooms::set_user,
                        rooms::move_marker, rooms::trim_room, rooms::erase_user, rooms::set_own>;

// One description of a value serves both directions, so that they cannot differ: `Io` is one of the
// two classes below.

class packer {
 public:
  static constexpr bool reads = false;
  explicit packer(byte_writer& to) : to_(to) {}
  void text(const std::string& value, std::size_t bytes_max) {
    failed_ |= value.size() > bytes_max;
    to_.text(value);
  }
  void number(std::uint64_t value) { to_.varint(value); }
  void byte(std::uint8_t value, std::uint8_t last) {
    failed_ |= value > last;
    to_.fixed(value, 1);
  }
  bool failed() const noexcept { return failed_; }
  void fail() noexcept { failed_ = true; }

 private:
  byte_writer& to_;
  bool failed_ = false;
};

class unpacker {
 public:
  static constexpr bool reads = true;
  explicit unpacker(byte_reader& from) : from_(from) {}
  void text(std::string& value, std::size_t bytes_max) { value = from_.text(bytes_max); }
  void number(std::uint64_t& value) { value = from_.varint(); }
  void byte(std::uint8_t& value, std::uint8_t last) {
    const auto found = from_.fixed(1);
    if (found > last) fail();
    value = static_cast<std::uint8_t>(found > last ? 0 : found);
  }
  bool failed() const noexcept { return from_.failed(); }
  void fail() noexcept { from_.fail(); }

 private:
  byte_reader& from_;
};

template <class Io, class Value>
using in = std::conditional_t<Io::reads, Value, const Value>;

template <class Io>
void field(Io& io, in<Io, bool>& value) {
  std::uint8_t byte = value;
  io.byte(byte, 1);
  if constexpr (Io::reads) value = byte != 0;
}
template <class Io, class Word>
void word(Io& io, Word& value, std::remove_const_t<Word> last) {
  auto byte = static_cast<std::uint8_t>(value);
  io.byte(byte, static_cast<std::uint8_t>(last));
  if constexpr (Io::reads) value = static_cast<Word>(byte);
}
/// Signed numbers with their sign in the lowest bit.
template <class Io>
void whole(Io& io, in<Io, std::int64_t>& value) {
  auto bits = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
  io.number(bits);
  if constexpr (Io::reads) value = static_cast<std::int64_t>(bits >> 1 ^ (0 - (bits & 1)));
}
template <class Io>
void field(Io& io, in<Io, unix_ms>& value) {
  auto number = value.value();
  whole(io, number);
  if constexpr (Io::reads) value = unix_ms{number};
}
template <class Io>
void field(Io& io, in<Io, std::chrono::milliseconds>& value) {
  std::int64_t number = value.count();
  whole(io, number);
  if constexpr (Io::reads) value = std::chrono::milliseconds{number};
}
template <class Io>
void field(Io& io, in<Io, seq_no>& value) {
  auto number = value.value();
  io.number(number);
  if constexpr (Io::reads) value = seq_no{number};
}
template <class Io, class Id>
void id(Io& io, Id& value, std::size_t bytes_max) {
  auto text = value.value();
  io.text(text, bytes_max);
  if constexpr (Io::reads) value = Id::trusted(std::move(text));
}
template <class Io>
void field(Io& io, in<Io, room_id>& value) {
  id(io, value, room_bytes_max);
}
template <class Io>
void field(Io& io, in<Io, user_id>& value) {
  id(io, value, user_bytes_max);
}
/// A string with a type of its own.
template <class Io, class Strong>
void named(Io& io, Strong& value, std::size_t bytes_max) {
  auto text = value.value();
  io.text(text, bytes_max);
  if constexpr (Io::reads) value = Strong{std::move(text)};
}

template <class Io, class Value, class Each>
void maybe(Io& io, std::optional<Value>& value, Each each) {
  bool there = value.has_value();
  field(io, there);
  if (!there) return;
  if constexpr (Io::reads) value.emplace();
  each(*value);
}
template <class Io, class Value, class Each>
void maybe(Io& io, const std::optional<Value>& value, Each each) {
  const bool there = value.has_value();
  field(io, there);
  if (there) each(*value);
}
template <class Io, class List, class Each>
void list(Io& io, List& values, std::size_t count_max, Each each) {
  std::uint64_t count = values.size();
  io.number(count);
  if (count > count_max) return io.fail();
  if constexpr (Io::reads) {
    // Not made at once: of what is promised only what follows is paid for.
    for (; count > 0 && !io.failed(); --count) each(values.emplace_back());
  } else {
    for (auto& one : values) each(one);
  }
}
template <class Io, class Users>
void users(Io& io, Users& values, std::size_t count_max) {
  list(io, values, count_max, [&](auto& one) { field(io, one); });
}

template <class Io>
void field(Io& io, in<Io, content>& what) {
  io.text(what.text, plain_bytes_max);
  maybe(io, what.data, [&](auto& data) { named(io, data, limits::data_bytes_max); });
  maybe(io, what.attachments,
        [&](auto& value) { named(io, value, limits::attachments_bytes_max); });
  users(io, what.mentions.users, limits::mentions_max);
  field(io, what.mentions.room);
}
/// `beside`: a bit that travels in the byte of `quiet`.
template <class Io>
void field(Io& io, in<Io, placement>& where, std::uint8_t& beside) {
  maybe(io, where.reply_to, [&](auto& seq) { field(io, seq); });
  maybe(io, where.thread, [&](auto& seq) { field(io, seq); });
  auto bits = static_cast<std::uint8_t>(beside | (where.quiet ? 1 : 0));
  io.byte(bits, 3);
  if constexpr (Io::reads) {
    where.quiet = (bits & 1) != 0;
    beside = static_cast<std::uint8_t>(bits & 2);
  }
  io.text(where.event, limits::event_bytes_max);
}
template <class Io>
void field(Io& io, in<Io, member_set>& change) {
  users(io, change.users, limits::member_users_max);
  maybe(io, change.state, [&](auto& state) { word(io, state, member_state::unbanned); });
  maybe(io, change.as, [&](auto& as) { word(io, as, role::owner); });
  maybe(io, change.until, [&](auto& at) { field(io, at); });
  maybe(io, change.mute_until, [&](auto& at) { field(io, at); });
  io.text(change.reason, limits::reason_bytes_max);
}
template <class Io>
void field(Io& io, in<Io, room_settings>& set) {
  maybe(io, set.title, [&](auto& text) { io.text(text, plain_bytes_max); });
  maybe(io, set.topic, [&](auto& text) { io.text(text, limits::topic_bytes_max); });
  maybe(io, set.data, [&](auto& data) { named(io, data, limits::room_data_bytes_max); });
  maybe(io, set.visible, [&](auto& one) { word(io, one, visibility::closed); });
  maybe(io, set.visitors, [&](auto& one) { word(io, one, visitor_rights::none); });
  maybe(io, set.posting, [&](auto& one) { word(io, one, posting_rights::moderators); });
  maybe(io, set.inviting, [&](auto& one) { word(io, one, inviting_rights::moderators); });
  maybe(io, set.slow, [&](auto& time) { field(io, time); });
  maybe(io, set.archived, [&](auto& flag) { field(io, flag); });
  maybe(io, set.history, [&](auto& one) { word(io, one, history_scope::own); });
  maybe(io, set.retention, [&](auto& time) { field(io, time); });
  maybe(io, set.receipts, [&](auto& flag) { field(io, flag); });
}
template <class Io>
void field(Io& io, in<Io, user_set>& profile) {
  field(io, profile.user);
  io.text(profile.name, plain_bytes_max);
  maybe(io, profile.data, [&](auto& data) { named(io, data, plain_bytes_max); });
  // In one byte, as `guest` alone was once.
  std::uint8_t flags = (profile.guest ? 1 : 0) | (profile.by_api ? 2 : 0);
  io.byte(flags, 3);
  if constexpr (Io::reads) {
    profile.guest = (flags & 1) != 0;
    profile.by_api = (flags & 2) != 0;
  }
}
template <class Io>
void field(Io& io, in<Io, rooms::principal>& by) {
  field(io, by.user);
  word(io, by.as, rooms::principal::kind::api_key);
  word(io, by.token, role::owner);
  field(io, by.joined);
  field(io, by.admin);
  field(io, by.opens);
  field(io, by.reads_from);
  io.text(by.api_key, user_bytes_max);
}
template <class Io>
void field(Io& io, in<Io, rooms::mark>& one) {
  field(io, one.user);
  io.text(one.subject, user_bytes_max);
  auto of = static_cast<std::uint8_t>(one.of);
  io.byte(of, static_cast<std::uint8_t>(rooms::mark::kind::cursor));
  if (of == 0) io.fail();
  if constexpr (Io::reads) one.of = static_cast<rooms::mark::kind>(of);
  whole(io, one.value);
  io.text(one.text, plain_bytes_max);
}

template <class Io>
void field(Io& io, in<Io, rooms::create_room>& made) {
  named(io, made.epoch, room_bytes_max);
  maybe(io, made.direct, [&](auto& pair) {
    field(io, pair.first);
    field(io, pair.second);
  });
  maybe(io, made.with, [&](auto& founding) {
    field(io, founding.settings);
    users(io, founding.invited, limits::member_users_max);
  });
}
template <class Io>
void field(Io& io, in<Io, rooms::post_message>& post) {
  field(io, post.what);
  // Only where there is one: records from before have none.
  std::uint8_t is_ahead = post.after.empty() ? 0 : 2;
  field(io, post.where, is_ahead);
  if (is_ahead == 0) return;
  io.text(post.after, limits::key_bytes_max);
  if (post.after.empty()) io.fail();
}
template <class Io>
void field(Io& io, in<Io, rooms::edit_message>& edit) {
  field(io, edit.target);
  field(io, edit.what);
}
template <class Io>
void field(Io& io, in<Io, rooms::delete_messages>& gone) {
  list(io, gone.targets, limits::delete_targets_max, [&](auto& target) { field(io, target); });
  io.text(gone.reason, limits::reason_bytes_max);
}
template <class Io>
void field(Io& io, in<Io, rooms::set_reaction>& reaction) {
  field(io, reaction.target);
  io.text(reaction.emoji, limits::emoji_bytes_max);
  field(io, reaction.on);
}
template <class Io>
void field(Io& io, in<Io, rooms::record_event>& event) {
  io.text(event.type, limits::event_bytes_max);
  named(io, event.data, plain_bytes_max);
}
template <class Io>
void field(Io& io, in<Io, rooms::set_marks>& group) {
  list(io, group.marks, marks_max, [&](auto& one) { field(io, one); });
}
template <class Io>
void field(Io& io, in<Io, rooms::set_pin>& pin) {
  field(io, pin.target);
  field(io, pin.on);
}
template <class Io>
void field(Io& io, in<Io, rooms::set_members>& asked) {
  field(io, asked.change);
}
template <class Io>
void field(Io&, in<Io, rooms::become_member>&) {}
template <class Io>
void field(Io&, in<Io, rooms::cease_membership>&) {}
template <class Io>
void field(Io& io, in<Io, rooms::set_room>& asked) {
  field(io, asked.change);
}
template <class Io>
void field(Io& io, in<Io, rooms::set_user>& asked) {
  field(io, asked.profile);
}
template <class Io>
void field(Io& io, in<Io, rooms::move_marker>& asked) {
  field(io, asked.upto);
}
template <class Io>
void field(Io& io, in<Io, rooms::trim_room>& asked) {
  field(io, asked.upto);
}
template <class Io>
void field(Io& io, in<Io, rooms::erase_user>& asked) {
  field(io, asked.user);
  field(io, asked.as);
  field(io, asked.seen);
}

template <class Io>
void field(Io& io, in<Io, rooms::set_own>& asked) {
  auto& change = asked.change;
  maybe(io, change.notify, [&](auto& level) { word(io, level, notify_level::none); });
  field(io, change.notify_until);
  maybe(io, change.marked, [&](auto& flag) { field(io, flag); });
  maybe(io, change.hidden, [&](auto& flag) { field(io, flag); });
  maybe(io, change.receipts, [&](auto& flag) { field(io, flag); });
}

/// Calls `with` with the place of each kind and an empty one.
template <class... Wants, class With>
void for_each(kinds<Wants...>, With with) {
  std::uint8_t place = 0;
  (with(++place, std::type_identity<Wants>{}), ...);
}
static_assert(std::variant_size_v<rooms::want> < 1U << kind_bits);
static_assert([]<class... Wants>(kinds<Wants...>) { return sizeof...(Wants); }(all_kinds{}) ==
                  std::variant_size_v<rooms::want>,
              "every kind of operation has its number");

void put_body(packer& io, const posted& body) {
  std::uint8_t nothing = 0;
  field(io, body.what);
  field(io, body.where, nothing);
}
void put_body(packer& io, const edited& body) {
  field(io, body.target);
  field(io, body.what);
}
void put_body(packer& io, const deleted& body) {
  field(io, body.target);
  io.text(body.reason, plain_bytes_max);
}
void put_body(packer& io, const reacted& body) {
  field(io, body.target);
  io.text(body.emoji, plain_bytes_max);
}
void put_body(packer& io, const recorded& body) {
  io.text(body.type, plain_bytes_max);
  named(io, body.data, plain_bytes_max);
}
void put_body(packer& io, const pinned& body) { field(io, body.target); }
void put_body(packer& io, const member_set& body) { field(io, body); }
void put_body(packer& io, const room_set& body) { field(io, body.change); }
void put_body(packer& io, const user_set& body) { field(io, body); }
void put_body(packer& io, const trimmed& body) { field(io, body.upto); }
bool is_unchecked(const entry_body& body) {
  const auto* message = std::get_if<posted>(&body);
  const auto* edit = std::get_if<edited>(&body);
  return (message && message->unchecked) || (edit && edit->unchecked);
}
void put_body(packer& io, const erased& body) {
  field(io, body.user);
  field(io, body.as);
}

}  // namespace

bool pack(byte_writer& to, const rooms::operation& asked) {
  packer io{to};
  field(io, asked.room);
  field(io, asked.by);
  io.text(asked.key, limits::key_bytes_max);
  maybe(io, asked.overdrawn, [&](auto& time) { field(io, time); });
  for_each(all_kinds{}, [&]<class Want>(std::uint8_t place, std::type_identity<Want>) {
    const auto* what = std::get_if<Want>(&asked.what);
    if (!what) return;
    // In one byte, as the kind alone was once.
    io.byte(static_cast<std::uint8_t>(place | static_cast<unsigned>(asked.by_hook) << kind_bits), 0xff);
    field(io, *what);
  });
  return !io.failed();
}

std::optional<rooms::operation> unpack_operation(byte_reader& from) {
  unpacker io{from};
  rooms::operation found;
  field(io, found.room);
  field(io, found.by);
  io.text(found.key, limits::key_bytes_max);
  maybe(io, found.overdrawn, [&](auto& time) { field(io, time); });
  std::uint8_t kind = 0;
  io.byte(kind, 0xff);
  const auto said = static_cast<rooms::checked>(kind >> kind_bits);
  kind &= (1U << kind_bits) - 1;
  if (kind == 0 || kind > std::variant_size_v<rooms::want> || said > rooms::checked::in_vain) io.fail();
  found.by_hook = said;
  for_each(all_kinds{}, [&]<class Want>(std::uint8_t place, std::type_identity<Want>) {
    if (place != kind) return;
    Want what;
    field(io, what);
    found.what = std::move(what);
  });
  if (io.failed()) return std::nullopt;
  return found;
}

void pack(byte_writer& to, const log_entry& entry) {
  packer io{to};
  field(io, entry.seq);
  field(io, entry.at);
  field(io, entry.from);
  io.text(entry.key, plain_bytes_max);
  auto kind = static_cast<unsigned>(rooms::kind_of(entry.body));
  if (is_unchecked(entry.body)) kind |= 0x80;
  io.byte(static_cast<std::uint8_t>(kind), 0xff);
  std::visit([&](const auto& body) { put_body(io, body); }, entry.body);
}

std::size_t entries_of(const rooms::operation& asked) noexcept {
  if (const auto* gone = std::get_if<rooms::delete_messages>(&asked.what))
    return gone->targets.size();
  // A change of members may make a second entry, and a room begins with three.
  if (std::holds_alternative<rooms::create_room>(asked.what)) return 3;
  if (std::holds_alternative<rooms::set_members>(asked.what) ||
      std::holds_alternative<rooms::cease_membership>(asked.what) ||
      std::holds_alternative<rooms::erase_user>(asked.what))
    return 2;
  return 1;
}

}  // namespace confab::cluster
