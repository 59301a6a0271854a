#pragma once

#include <cstdint>
#include <span>

/// Private to search: what unicode_table.py took from Unicode.
namespace confab::search {

enum class character_kind : std::uint8_t {
  separator,
  word,     // of scripts with spaces between words
  dense,    // of scripts without, and Korean: each character can be where a word begins
  symbol,   // a picture, which is a word by itself
  ignored,  // an accent, or nothing to be seen
};

struct kind_range {
  char32_t first, last;
  character_kind kind;
};
/// Every `step`th character from `first` to `last` is the same as the one `delta` behind it.
struct fold_run {
  char32_t first, last;
  std::int32_t step, delta;
};
struct fold_many {
  char32_t from;
  char32_t to[4];  // up to the first zero
};

/// In order each; what is in no range is a separator.
std::span<const kind_range> kind_ranges() noexcept;
std::span<const fold_run> fold_runs() noexcept;
std::span<const fold_many> folds_to_many() noexcept;

}  // namespace confab::search
