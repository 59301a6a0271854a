#include "journal/key_index.hpp"

#include <bit>
#include <cstring>
#include <random>

namespace confab::journal {
namespace {

constexpr std::size_t slots_min = 1024;
/// Marks are ordinals modulo this, plus one: they wrap, and 0 stays free for "empty".
constexpr std::uint64_t marks = 0xffff'ffff;

std::uint64_t little_endian(const char* bytes, std::size_t count) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i)
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return word;
}

struct sip_state {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
    v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
    v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
  }
  void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    round(), round();
    v0 ^= word;
  }
  std::uint64_t squeeze() noexcept {
    round(), round(), round(), round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

digest_secret draw_secret() {
  std::random_device device;
  const auto word = [&] { return std::uint64_t{device()} << 32 | device(); };
  return {word(), word()};
}

}  // namespace

digest siphash128(const digest_secret& secret, std::string_view bytes) noexcept {
  sip_state state{secret[0] ^ 0x736f6d6570736575, secret[1] ^ 0x646f72616e646f6d ^ 0xee,
                  secret[0] ^ 0x6c7967656e657261, secret[1] ^ 0x7465646279746573};
  std::size_t done = 0;
  for (; done + 8 <= bytes.size(); done += 8) state.absorb(little_endian(bytes.data() + done, 8));
  state.absorb(little_endian(bytes.data() + done, bytes.size() - done) | std::uint64_t{bytes.size()}
                                                                             << 56);
  state.v2 ^= 0xee;
  const auto low = state.squeeze();
  state.v1 ^= 0xdd;
  return {low, state.squeeze()};
}

key_index::key_index(key_window window)
    : window_(window), secret_(draw_secret()), slots_(slots_min) {}

digest key_index::digest_of(std::uint64_t room, const user_id& user, std::string_view key) {
  char number[sizeof room];
  std::memcpy(number, &room, sizeof room);
  scratch_.assign(number, sizeof room);
  // An id has no NUL, so the border between user and key cannot be moved.
  scratch_.append(user.view()).push_back('\0');
  scratch_.append(key);
  return siphash128(secret_, scratch_);
}

std::uint32_t key_index::mark_of(std::uint64_t ordinal) const noexcept {
  return static_cast<std::uint32_t>(ordinal % marks + 1);
}

const key_index::record& key_index::at(const slot& held) const noexcept {
  const auto ordinal = std::uint64_t{held.mark} - 1;
  return records_[static_cast<std::size_t>((ordinal + marks - first_ordinal_ % marks) % marks)];
}

/// Where `of` is, or the empty slot where it would be.
std::size_t key_index::slot_of(const digest& of) const noexcept {
  const auto mask = slots_.size() - 1;
  auto index = static_cast<std::size_t>(of.low) & mask;
  for (; slots_[index].mark != 0; index = (index + 1) & mask)
    if (slots_[index].tag == tag_of(of) && at(slots_[index]).of == of) break;
  return index;
}

std::optional<key_index::first_entry> key_index::find(const digest& of) const noexcept {
  const auto& held = slots_[slot_of(of)];
  if (held.mark == 0) return std::nullopt;
  return at(held).entry;
}

void key_index::remember(const digest& of, std::uint64_t position, first_entry entry) {
  if ((records_.size() + 1) * 3 > slots_.size() * 2) grow();
  const auto index = slot_of(of);
  records_.push_back({of, position, entry});
  slots_[index] = {mark_of(first_ordinal_ + records_.size() - 1), tag_of(of)};
}

void key_index::expire(unix_ms now, std::uint64_t last_position) {
  const auto oldest = now.value() - window_.age.count();
  const auto has_left = [&](const record& one) {
    return one.entry.at.value() < oldest && one.position + window_.count <= last_position;
  };
  while (!records_.empty() && (records_.size() > window_.keys_max || has_left(records_.front()))) {
    unlink(records_.front(), mark_of(first_ordinal_));
    records_.pop_front();
    ++first_ordinal_;
  }
}

void key_index::take_back(std::size_t count) noexcept {
  for (; count > 0; --count) {
    unlink(records_.back(), mark_of(first_ordinal_ + records_.size() - 1));
    records_.pop_back();
  }
}

/// Frees the record's slot and moves up what had to go past it (Knuth, TAOCP 3, 6.4, algorithm R),
/// so that no tombstones pile up in a table that loses as many keys as it gets.
void key_index::unlink(const record& gone, std::uint32_t mark) noexcept {
  const auto mask = slots_.size() - 1;
  auto hole = slot_of(gone.of);
  if (slots_[hole].mark != mark) return;  // a later entry has taken over the key
  for (auto next = (hole + 1) & mask; slots_[next].mark != 0; next = (next + 1) & mask) {
    const auto home = static_cast<std::size_t>(at(slots_[next]).of.low) & mask;
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    slots_[hole] = slots_[next];
    hole = next;
  }
  slots_[hole] = {};
}

void key_index::grow() {
  slots_.assign(slots_.size() * 2, {});
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const auto& of = records_[i].of;
    slots_[slot_of(of)] = {mark_of(first_ordinal_ + i), tag_of(of)};
  }
}

}  // namespace confab::journal
