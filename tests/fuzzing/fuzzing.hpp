#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// What the targets share. A target says what must hold of any input; libFuzzer looks for one of
/// which it does not.
namespace confab::fuzzing {

/// Ends the program, so that libFuzzer keeps the input.
inline void must(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

/// Takes an input apart from its front: numbers first, then what they are about.
class input {
 public:
  input(const std::uint8_t* data, std::size_t size)
      : left_{reinterpret_cast<const char*>(data), size} {}

  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const auto out = static_cast<std::uint8_t>(left_[0]);
    left_.remove_prefix(1);
    return out;
  }
  std::uint64_t number(int bytes) {
    std::uint64_t out = 0;
    while (bytes-- > 0) out = out << 8 | byte();
    return out;
  }
  /// Up to the next NUL, which is taken as well.
  std::string_view text() {
    const auto end = left_.find('\0');
    const auto out = left_.substr(0, end);
    left_.remove_prefix(end == left_.npos ? left_.size() : end + 1);
    return out;
  }
  std::string_view rest() const { return left_; }
  bool is_empty() const { return left_.empty(); }

 private:
  std::string_view left_;
};

}  // namespace confab::fuzzing
