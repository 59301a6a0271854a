#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// What is found: texts and queries as tokens. Pure, and the same on every machine: what is taken
/// out of the index has to be what was put in.
///
/// A word of a script with spaces is one token, in lower case and without accents. It also gives
/// its beginnings of one to three characters, so that a short beginning is one look-up; longer ones
/// are a range of the index. Of scripts without spaces, and of Korean, each character and each pair
/// of neighbours is a token: a run of characters is found by its pairs, one behind the other.
namespace confab::search {

/// Goes up with every change of what a text gives: an older index is made anew.
inline constexpr int tokens_version = 1;

/// Longer words are the same if they begin with the same characters.
inline constexpr std::size_t word_characters_max = 40;

/// `beside`: it has the place of the token before it.
using token_taker = std::function<bool(std::string_view token, bool beside)>;

/// Gives the tokens of a text, in order; ends where the taker says false.
void each_token(std::string_view text, const token_taker& take);

/// Tokens that follow each other.
struct phrase {
  std::vector<std::string> tokens;
  bool is_beginning = false;  // of longer ones: the last token
  friend bool operator==(const phrase&, const phrase&) = default;
};

/// One for each word of a query; none for those without a character that is indexed. The last word
/// may be a beginning.
std::vector<phrase> phrases_of(std::string_view query);

/// Whether a text has all of them.
bool has_all(std::string_view text, const std::vector<phrase>& of);

}  // namespace confab::search
