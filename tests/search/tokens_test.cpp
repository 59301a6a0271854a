#include "search/tokens.hpp"

#include "tests/support/catch.hpp"

#include <random>
#include <string>
#include <vector>

using namespace confab::search;

namespace {

using texts = std::vector<std::string>;

/// Tokens at their places, those at one place joined by '|', beginnings left out.
texts tokens_of(std::string_view text) {
  texts found;
  each_token(text, [&](std::string_view token, bool beside) {
    if (token.starts_with('\x02')) return true;
    if (beside)
      found.back().append("|").append(token);
    else
      found.emplace_back(token);
    return true;
  });
  return found;
}

bool finds(std::string_view query, std::string_view text) {
  const auto words = phrases_of(query);
  return !words.empty() && has_all(text, words);
}

}  // namespace

TEST_CASE("words are in lower case and without accents, in scripts that have them") {
  CHECK(tokens_of("Crème BRÛLÉE, naïve-Straße") == texts{"creme", "brulee", "naive", "strasse"});
  CHECK(tokens_of("ΆΝΟΙΞΗ άνοιξης") == texts{"ανοιξη", "ανοιξησ"});
  CHECK(tokens_of("Ёлка и Йод") == texts{"елка", "и", "иод"});
  CHECK(tokens_of("Øre Łódź İstanbul ısı") == texts{"ore", "lodz", "istanbul", "isi"});
  CHECK(tokens_of("e\xcc\x81tude") == texts{"etude"});
}

TEST_CASE("vowel signs of Arabic and Hebrew are left out, those of Indian scripts are not") {
  CHECK(tokens_of("مُحَمَّد أحمد") == texts{"محمد", "احمد"});
  CHECK(tokens_of("שָׁלוֹם") == texts{"שלום"});
  CHECK(tokens_of("हिन्दी") == texts{"हिन्दी"});
}

TEST_CASE("scripts without spaces give characters and pairs") {
  CHECK(tokens_of("東京都") == texts{"東|東京", "京|京都", "都"});
  CHECK(tokens_of("한국어") == texts{"한|한국", "국|국어", "어"});
  CHECK(tokens_of("iPhone用ケース") == texts{"iphone", "用|用ケ", "ケ|ケー", "ー|ース", "ス"});
}

TEST_CASE("what is written in two ways is one word") {
  CHECK(tokens_of("ＡＢＣ１２") == texts{"abc12"});
  CHECK(tokens_of("ｶﾞｷﾞﾊﾟ") == tokens_of("ガギパ"));
  CHECK(tokens_of("か\xe3\x82\x99") == tokens_of("が"));
  // Korean as file systems keep it: letters instead of syllables.
  CHECK(tokens_of("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x80\xe1\x85\xae\xe1\x86\xa8") ==
        tokens_of("한국"));
  CHECK(tokens_of("ﬁne") == texts{"fine"});
}

TEST_CASE("pictures are words by themselves, whatever their skin and form") {
  CHECK(tokens_of("ok👍🏽👍") == texts{"ok", "👍", "👍"});
  CHECK(tokens_of("❤️") == texts{"❤"});
  CHECK(finds("👍", "well done 👍🏿"));
}

TEST_CASE("what is between words is nowhere") {
  CHECK(tokens_of("").empty());
  CHECK(tokens_of(" .,;:!?()[]{}\"'+-*/^&|<>=~`@#$%_\\ … — “”").empty());
  CHECK(tokens_of("a\xc2\xad"
                  "b") == texts{"ab"});
}

TEST_CASE("a long word is what it begins with") {
  const std::string long_word(5'000, 'x');

  REQUIRE(tokens_of(long_word).size() == 1);
  CHECK(tokens_of(long_word)[0].size() == word_characters_max);
  CHECK(finds(long_word, long_word));
}

TEST_CASE("all words must occur, the last one may be a beginning") {
  CHECK(finds("plan draft", "a draft of the PLAN"));
  CHECK(!finds("plan draft", "a draft"));
  CHECK(finds("draft pl", "the plan: a draft"));
  CHECK(finds("draft p", "the plan: a draft"));
  CHECK(finds("draft plann", "planning the draft"));
  CHECK(!finds("pl draft", "the plan: a draft"));
  CHECK(!finds("lan", "plan"));
  CHECK(finds("plan ", "planning"));
  CHECK(finds("東京　プラン", "プラン 東京"));
}

TEST_CASE("what stands together in a query stands together in the text") {
  CHECK(finds("e-mail", "an E-Mail!"));
  CHECK(finds("e-mai", "an e mail"));
  CHECK(!finds("e-mail", "mail e"));
  CHECK(finds("don't", "I don’t"));
  CHECK(finds("iphone用ケ", "新しいiPhone用ケース"));
  CHECK(!finds("東京abc", "東京都abc"));
  CHECK(finds("東京abc", "私は東京ABC"));
}

TEST_CASE("of scripts without spaces any run of characters is found, one too") {
  const std::string text = "私は東京都に住んでいます";
  const std::vector<std::string> characters{"私", "は", "東", "京", "都", "に",
                                            "住", "ん", "で", "い", "ま", "す"};

  for (std::size_t from = 0; from < characters.size(); ++from) {
    std::string run;
    for (std::size_t to = from; to < characters.size(); ++to) {
      run += characters[to];
      INFO(run);
      CHECK(finds(run, text));
    }
  }
  CHECK(!finds("京東", text));
  CHECK(!finds("東都", text));
}

TEST_CASE("a query without a character that is indexed finds nothing") {
  CHECK(phrases_of("").empty());
  CHECK(phrases_of("  \t ").empty());
  CHECK(phrases_of("!!! ** \"").empty());
  CHECK(phrases_of("-- plan").size() == 1);
}

TEST_CASE("whatever bytes come, tokens are words of some characters") {
  std::mt19937_64 dice{7};
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes;
    for (auto n = dice() % 40; n > 0; --n) bytes += static_cast<char>(dice());
    INFO(i);
    each_token(bytes, [&](std::string_view token, bool) {
      CHECK(!token.empty());
      CHECK(token.size() <= 1 + 4 * word_characters_max);
      CHECK(token.find_first_of("\x01\x03\"") == token.npos);
      return true;
    });
    static_cast<void>(phrases_of(bytes));
  }
}
