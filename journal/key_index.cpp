#include "journal/key_index.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace confab::journal {
namespace {

constexpr std::size_t slots_min = 1024;

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

key_index::key_index(const digest_secret& secret, rooms::key_window window)
    : secret_(secret), window_(window), slots_(slots_min) {}

std::uint32_t key_index::hash_of(std::int64_t room, const user_id& user, std::string_view key) {
  char number[sizeof room];
  std::memcpy(number, &room, sizeof room);
  scratch_.assign(number, sizeof room);
  // An id has no NUL, so the border between user and key cannot be moved.
  scratch_.append(user.view()).push_back('\0');
  scratch_.append(key);
  return static_cast<std::uint32_t>(siphash128(secret_, scratch_).low);
}

void key_index::put(std::uint32_t hash, std::uint64_t position) noexcept {
  const auto mask = slots_.size() - 1;
  auto index = home(hash);
  while (slots_[index].mark != 0) index = (index + 1) & mask;
  slots_[index] = {hash, static_cast<std::uint32_t>(position - base_)};
  ++size_;
}

/// Makes the table anew where it would be fuller than two thirds, without what is forgotten.
void key_index::make_room(std::size_t more, std::uint64_t last_position) {
  const bool near_the_end_of_marks =
      last_position - base_ > std::numeric_limits<std::uint32_t>::max() - (1u << 30);
  if ((size_ + more) * 3 <= slots_.size() * 2 && !near_the_end_of_marks) return;
  const auto old_base = base_;
  const auto old = std::exchange(slots_, {});
  const auto beyond = last_position > window_.keys_max ? last_position - window_.keys_max : 0;
  base_ = std::max({base_, floor_, beyond});
  std::size_t kept = more;
  for (const auto& one : old) kept += one.mark != 0 && old_base + one.mark > base_;
  slots_.resize(std::max(std::bit_ceil(kept * 2), slots_min));
  size_ = 0;
  for (const auto& one : old)
    if (one.mark != 0 && old_base + one.mark > base_) put(one.hash, old_base + one.mark);
}

void key_index::remember(std::uint32_t hash, std::uint64_t position, unix_ms at) {
  make_room(1, position);
  put(hash, position);
  fresh_.push_back({hash, position, at});
}

void key_index::load(const key_run& run) {
  make_room(run.places.size(), run.last);
  for (const auto& one : run.places)
    if (run.first + one.offset > base_) put(one.hash, run.first + one.offset);
  runs_.push_back({run.last, run.newest});
}

std::optional<key_run> key_index::full_run() const {
  if (fresh_.size() < run_keys) return std::nullopt;
  key_run run{fresh_.front().position, fresh_[run_keys - 1].position, fresh_.front().at, {}};
  run.places.reserve(run_keys);
  for (std::size_t i = 0; i < run_keys; ++i) {
    const auto& one = fresh_[i];
    run.newest = std::max(run.newest, one.at);
    run.places.push_back({one.hash, static_cast<std::uint32_t>(one.position - run.first)});
  }
  std::ranges::sort(run.places, {}, &key_place::hash);
  return run;
}

void key_index::run_stored() {
  run_end end{fresh_[run_keys - 1].position, fresh_.front().at};
  for (std::size_t i = 0; i < run_keys; ++i) {
    end.newest = std::max(end.newest, fresh_.front().at);
    fresh_.pop_front();
  }
  runs_.push_back(end);
}

unix_ms key_index::whole_since(std::uint64_t last_position) const noexcept {
  if (last_position < window_.keys_max) return unix_ms{0};
  const auto border =
      std::ranges::lower_bound(runs_, last_position - window_.keys_max + 1, {}, &run_end::last);
  return border == runs_.end() ? unix_ms{0} : border->newest;
}

/// Twice the age, as log time may fall: then what was too old a moment ago counts again.
std::optional<std::uint64_t> key_index::expire(std::uint64_t last_position, unix_ms log_time) {
  log_time = unix_ms{log_time.value() - window_.age.count()};
  std::optional<std::uint64_t> gone;
  while (!runs_.empty() &&
         !window_.remembers(runs_.front().last, runs_.front().newest, last_position, log_time)) {
    gone = floor_ = runs_.front().last;
    runs_.pop_front();
  }
  return gone;
}

}  // namespace confab::journal
