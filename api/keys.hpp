#pragma once

#include "protocol/ids.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Who may call: keys of a file, of which the server knows the digests alone.
namespace confab::api {

/// What a key may do. `none`: nothing is asked of who calls. `any`: a key, and what it may then depends on
/// what is asked for.
enum class scope : std::uint8_t {
  none, read, publish, rooms, moderate, users, tokens, export_, erase, hooks, node, any
};
std::string_view name(scope of) noexcept;
std::optional<scope> scope_named(std::string_view text) noexcept;

struct api_key {
  std::string name;
  std::array<unsigned char, 32> digest{};  // SHA-256 of the whole key
  std::uint32_t scopes = 0;                // a bit each
  std::vector<std::string> rooms;          // patterns; empty: all but direct ones
  std::vector<std::string> from;           // in whose name it may speak; empty: anybody's
  std::vector<std::string> nets;           // from where it may come; empty: anywhere
  std::optional<unix_ms> expires;

  bool may(scope what) const noexcept { return (scopes >> static_cast<unsigned>(what) & 1) != 0; }
  void allow(scope what) noexcept { scopes |= 1U << static_cast<unsigned>(what); }
  /// Direct rooms only by a pattern that names them (API §1).
  bool sees(const room_id& room) const noexcept;
  /// All rooms but direct ones.
  bool sees_all() const noexcept;
  bool speaks_for(const user_id& user) const noexcept;
};

/// Immutable, so any thread may ask it; a new file is a new ring.
class key_ring {
 public:
  /// The mistakes, each with its line. `is_net` says whether a text is a network.
  static std::variant<key_ring, std::vector<std::string>> read(
      std::string_view text, const std::function<bool(std::string_view)>& is_net);

  /// Takes as long for a key that is wrong in its last character as for one that is wrong in its
  /// first. Null: there is no such key.
  const api_key* find(std::string_view key) const noexcept;
  std::size_t size() const noexcept { return keys_.size(); }

 private:
  std::vector<api_key> keys_;
};

inline constexpr std::string_view key_prefix = "ck_";

/// A room's id, or the beginning of some and `*`.
bool is_room_pattern(std::string_view text) noexcept;

/// A fresh key, and its line for the file. `random` must be from the kernel.
struct made_key {
  std::string key;
  std::string line;
};
made_key make_key(std::string_view name, std::string_view scopes,
                  const std::array<unsigned char, 32>& random);
bool is_key_name(std::string_view text) noexcept;
/// Nothing where one of them is not known.
std::optional<std::uint32_t> read_scopes(std::string_view text) noexcept;

}  // namespace confab::api
