#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace confab {

/// A value of type `Rep` that cannot be mixed up with another kind of the same
/// representation: a `room_id` is not a `user_id`, a `seq_no` is not a count.
template <class Tag, class Rep>
class strong {
 public:
  using rep = Rep;

  strong() = default;
  explicit strong(Rep value) : value_(std::move(value)) {}

  const Rep& value() const& noexcept { return value_; }
  Rep&& value() && noexcept { return std::move(value_); }

  friend auto operator<=>(const strong&, const strong&) = default;
  friend bool operator==(const strong&, const strong&) = default;

 private:
  Rep value_{};
};

/// `[A-Za-z0-9][A-Za-z0-9._:-]{0,63}`, the form of room and device ids (PROTOCOL §2).
bool is_valid_id(std::string_view text) noexcept;
/// `[A-Za-z0-9_][A-Za-z0-9._:|@+=~-]{0,127}`, the form of user ids: what identity providers give.
bool is_valid_user_id(std::string_view text) noexcept;

template <class Tag>
struct id_form {
  static bool fits(std::string_view text) noexcept { return is_valid_id(text); }
};
template <>
struct id_form<struct user_tag> {
  static bool fits(std::string_view text) noexcept { return is_valid_user_id(text); }
};

inline constexpr std::string_view direct_room_prefix = "dm:";
inline constexpr std::string_view guest_prefix = "guest:";

/// A strong string that is valid by construction: `make` is the only way from untrusted text.
/// `trusted` is for text this process wrote itself (the journal, a literal in a test).
template <class Tag>
class checked_id : public strong<Tag, std::string> {
 public:
  checked_id() = default;
  static std::optional<checked_id> make(std::string_view text) {
    if (!id_form<Tag>::fits(text)) return std::nullopt;
    return checked_id{std::string{text}};
  }
  static checked_id trusted(std::string text) { return checked_id{std::move(text)}; }

  std::string_view view() const noexcept { return this->value(); }

 private:
  explicit checked_id(std::string text) : strong<Tag, std::string>(std::move(text)) {}
};

using room_id = checked_id<struct room_tag>;
using user_id = checked_id<struct user_tag>;
using device_id = checked_id<struct device_tag>;

/// Names one connection within this process. Its low byte is the shard it lives on, so that a
/// message to one session finds its way without a look-up; the rest of it is random.
class session_id : public strong<struct session_tag, std::uint64_t> {
 public:
  using strong::strong;
  static session_id make(std::uint64_t bits, std::uint8_t shard) {
    return session_id{bits << 8 | shard};
  }
  std::uint8_t shard() const noexcept { return static_cast<std::uint8_t>(value() & 0xff); }
};

/// A session as clients know it: the number of its node, its id there, and a tag by which the node
/// finds that it gave the name out itself. On the wire: "s-" and the three, big endian, in base 32
/// (RFC 4648 §6, lower case, unpadded).
struct session_name {
  std::uint16_t node = 0;
  session_id id;
  std::uint64_t tag = 0;

  /// Whether anybody has given the name out is another question: see `switchboard::find`.
  static std::optional<session_name> parse(std::string_view text) noexcept;
  std::string text() const;
  friend bool operator==(const session_name&, const session_name&) = default;
};

/// Position of an entry in its room's log, from 1 without holes; 0 is "before the first".
using seq_no = strong<struct seq_tag, std::uint64_t>;
inline seq_no next(seq_no seq) { return seq_no{seq.value() + 1}; }

/// Which history of a room this is; differs after a log was lost and begun anew.
using epoch_id = strong<struct epoch_tag, std::string>;

/// A command's `id`, chosen by the client: 1..2^53-1.
using ref_no = strong<struct ref_tag, std::uint64_t>;

/// Milliseconds since the Unix epoch, as on the wire.
using unix_ms = strong<struct unix_ms_tag, std::int64_t>;

inline bool is_direct(const room_id& room) { return room.view().starts_with(direct_room_prefix); }

/// Made by the server only (PROTOCOL §2): what is there already can be used, nobody makes another.
bool is_reserved(const room_id& room) noexcept;
bool is_reserved(const user_id& user) noexcept;

/// The direct room of two users (or of one with itself): `dm:` and both ids in order. Where an id
/// has a colon or a character that room ids lack, or that would be too long, `dm::` and a hash of
/// both.
room_id direct_room_of(const user_id& one, const user_id& other);

/// The id that a user's `create` without one makes of its key: "r:" and base 32 of a hash of both.
room_id made_room_of(const user_id& user, std::string_view key);

}  // namespace confab

template <class Tag, class Rep>
struct std::hash<confab::strong<Tag, Rep>> {
  std::size_t operator()(const confab::strong<Tag, Rep>& id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};
template <class Tag>
struct std::hash<confab::checked_id<Tag>> {
  std::size_t operator()(const confab::checked_id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.value());
  }
};
template <>
struct std::hash<confab::session_id> {
  std::size_t operator()(const confab::session_id& id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value());
  }
};
