#include "search/tokens.hpp"

#include "protocol/words.hpp"
#include "search/unicode_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace confab::search {
namespace {

/// Before a beginning of a word, so that it is not taken for a word.
constexpr char beginning_mark = '\x02';
constexpr std::size_t beginning_characters_max = 3;

// --- characters --------------------------------------------------------------------------------

/// The next character, which is taken off. The text is well-formed (protocol/codec.hpp); of what is
/// not each byte is U+FFFD.
char32_t next_character(std::string_view& text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size() || lead < 0xc0) {
    text.remove_prefix(1);
    return lead < 0x80 ? lead : U'\ufffd';
  }
  char32_t c = lead & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) c = c << 6 | (byte(i) & 0x3fu);
  text.remove_prefix(bytes);
  return c;
}

void append_utf8(std::string& to, char32_t c) {
  if (c < 0x80) {
    to += static_cast<char>(c);
    return;
  }
  const auto rest = [&](unsigned shift) { to += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x800) {
    to += static_cast<char>(0xc0 | c >> 6);
  } else if (c < 0x10000) {
    to += static_cast<char>(0xe0 | c >> 12);
    rest(6);
  } else {
    to += static_cast<char>(0xf0 | c >> 18);
    rest(12);
    rest(6);
  }
  rest(0);
}

template <class Range>
const Range* range_with(std::span<const Range> of, char32_t c) noexcept {
  const auto at = std::ranges::lower_bound(of, c, {}, &Range::last);
  return at != of.end() && at->first <= c ? &*at : nullptr;
}

character_kind kind_of(char32_t c) noexcept {
  const auto* range = range_with(kind_ranges(), c);
  return range ? range->kind : character_kind::separator;
}

/// What `c` counts as: up to four characters, the rest zeros.
std::array<char32_t, 4> folded(char32_t c) noexcept {
  if (const auto* run = range_with(fold_runs(), c))
    if ((c - run->first) % static_cast<char32_t>(run->step) == 0)
      return {static_cast<char32_t>(static_cast<std::int32_t>(c) + run->delta)};
  const auto many = folds_to_many();
  const auto at = std::ranges::lower_bound(many, c, {}, &fold_many::from);
  if (at == many.end() || at->from != c) return {c};
  return {at->to[0], at->to[1], at->to[2], at->to[3]};
}

constexpr char32_t voiced_mark = 0x3099, half_voiced_mark = 0x309a;

/// Kana and Korean syllables that came in parts (as half-width kana, or from file systems that keep
/// them so) are what they are in one piece. Unicode §3.12 for Korean.
std::optional<char32_t> composed(char32_t a, char32_t b) noexcept {
  constexpr char32_t syllable = 0xac00, leading = 0x1100, vowel = 0x1161, trailing = 0x11a7;
  constexpr char32_t vowels = 21, trailings = 28;
  if (b >= vowel && b < vowel + vowels && a >= leading && a < leading + 19)
    return syllable + ((a - leading) * vowels + (b - vowel)) * trailings;
  if (b > trailing && b < trailing + trailings && a >= syllable && a < syllable + 11172 &&
      (a - syllable) % trailings == 0)
    return a + (b - trailing);
  if (b != voiced_mark && b != half_voiced_mark) return std::nullopt;
  const char32_t katakana = a >= 0x30a1 ? 0x60 : 0;
  const char32_t kana = a - katakana;
  const bool is_h = kana >= 0x306f && kana <= 0x307b && (kana - 0x306f) % 3 == 0;
  if (is_h) return a + (b == voiced_mark ? 1 : 2);
  if (b == half_voiced_mark) return std::nullopt;
  if (kana == 0x3046) return 0x3094 + katakana;
  const bool is_voiceable = (kana >= 0x304b && kana <= 0x3061 && kana % 2 == 1) || kana == 0x3064 ||
                            kana == 0x3066 || kana == 0x3068;
  return is_voiceable ? std::optional{a + 1} : std::nullopt;
}

// --- runs --------------------------------------------------------------------------------------

/// Characters of one kind that follow each other.
using run_of_characters = std::vector<char32_t>;

/// Calls `take` with each run and its kind; ends where that says false.
template <class Take>
void each_run(std::string_view text, Take take) {
  run_of_characters run;
  auto kind = character_kind::separator;
  const auto end_run = [&] {
    const bool more = run.empty() || take(run, kind);
    run.clear();
    return more;
  };
  const auto add = [&](char32_t c, character_kind of) {
    if (of == character_kind::ignored) return true;
    if (of == character_kind::dense && kind == of && !run.empty()) {
      if (const auto whole = composed(run.back(), c)) {
        run.back() = *whole;
        return true;
      }
    }
    if (c == voiced_mark || c == half_voiced_mark) return true;
    if ((of != kind || of == character_kind::symbol) && !end_run()) return false;
    kind = of;
    if (of != character_kind::separator) run.push_back(c);
    return true;
  };
  while (!text.empty()) {
    const auto c = next_character(text);
    if (c < 0x80) {
      const auto lower = c | 0x20;
      const bool is_letter = lower >= 'a' && lower <= 'z', is_digit = c >= '0' && c <= '9';
      const auto of = is_letter || is_digit ? character_kind::word : character_kind::separator;
      if (!add(is_letter ? lower : c, of)) return;
      continue;
    }
    if (kind_of(c) == character_kind::ignored) continue;
    for (const auto each : folded(c))
      if (each != 0 && !add(each, kind_of(each))) return;
  }
  end_run();
}

std::string text_of(run_of_characters::const_iterator from, run_of_characters::const_iterator to) {
  std::string text;
  for (; from != to; ++from) append_utf8(text, *from);
  return text;
}
std::string whole_word(const run_of_characters& run) {
  const auto length = std::min(run.size(), word_characters_max);
  return text_of(run.begin(), run.begin() + static_cast<std::ptrdiff_t>(length));
}
/// The first `count` characters as the token of a beginning.
std::string beginning_of(const run_of_characters& run, std::size_t count) {
  return beginning_mark + text_of(run.begin(), run.begin() + static_cast<std::ptrdiff_t>(count));
}
std::string neighbours(const run_of_characters& run, std::size_t at, std::size_t count) {
  const auto from = run.begin() + static_cast<std::ptrdiff_t>(at);
  return text_of(from, from + static_cast<std::ptrdiff_t>(count));
}

}  // namespace

void each_token(std::string_view text, const token_taker& take) {
  each_run(text, [&](const run_of_characters& run, character_kind kind) {
    if (kind != character_kind::dense) {
      if (!take(whole_word(run), false)) return false;
      if (kind == character_kind::symbol) return true;
      for (std::size_t n = 1; n <= std::min(beginning_characters_max, run.size()); ++n)
        if (!take(beginning_of(run, n), true)) return false;
      return true;
    }
    for (std::size_t i = 0; i < run.size(); ++i) {
      if (!take(neighbours(run, i, 1), false)) return false;
      if (i + 1 < run.size() && !take(neighbours(run, i, 2), true)) return false;
    }
    return true;
  });
}

std::vector<phrase> phrases_of(std::string_view query) {
  std::vector<phrase> all;
  const auto pieces = words_in(query);
  for (const auto& piece : pieces) {
    const bool is_last = &piece == &pieces.back();
    std::vector<std::pair<run_of_characters, character_kind>> runs;
    each_run(piece, [&](const run_of_characters& run, character_kind kind) {
      runs.emplace_back(run, kind);
      return true;
    });
    phrase one;
    for (const auto& [run, kind] : runs) {
      const bool ends_query = is_last && &run == &runs.back().first;
      if (kind == character_kind::dense) {
        for (std::size_t i = 0; i + 1 < run.size(); ++i)
          one.tokens.push_back(neighbours(run, i, 2));
        // Its last character has a place of its own, which what follows stands behind.
        const bool is_followed = &run != &runs.back().first;
        if (is_followed || run.size() == 1)
          one.tokens.push_back(neighbours(run, run.size() - 1, 1));
      } else if (kind == character_kind::word && ends_query &&
                 run.size() <= beginning_characters_max) {
        one.tokens.push_back(beginning_of(run, run.size()));
      } else {
        one.tokens.push_back(whole_word(run));
        one.is_beginning = kind == character_kind::word && ends_query;
      }
    }
    if (!one.tokens.empty()) all.push_back(std::move(one));
  }
  return all;
}

bool has_all(std::string_view text, const std::vector<phrase>& of) {
  std::vector<std::vector<std::string>> places;
  each_token(text, [&](std::string_view token, bool beside) {
    if (!beside) places.emplace_back();
    places.back().emplace_back(token);
    return true;
  });
  const auto is_at = [&](const phrase& wanted, std::size_t place) {
    for (std::size_t i = 0; i < wanted.tokens.size(); ++i) {
      const bool may_be_longer = wanted.is_beginning && i + 1 == wanted.tokens.size();
      const bool found = std::ranges::any_of(places[place + i], [&](const std::string& token) {
        return may_be_longer ? token.starts_with(wanted.tokens[i]) : token == wanted.tokens[i];
      });
      if (!found) return false;
    }
    return true;
  };
  return std::ranges::all_of(of, [&](const phrase& wanted) {
    for (std::size_t at = 0; at + wanted.tokens.size() <= places.size(); ++at)
      if (is_at(wanted, at)) return true;
    return false;
  });
}

}  // namespace confab::search
