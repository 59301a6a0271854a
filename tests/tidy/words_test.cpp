#include "tests/support/catch.hpp"
#include "tests/tidy/sources.hpp"

#include <functional>
#include <regex>

using namespace confab::tidy;

namespace {

/// A word, the files that may hold it, and why others may not. Patterns are written so that they
/// do not match themselves.
struct word_rule {
  std::string what;
  std::regex pattern;
  std::function<bool(const source&)> applies;
};

findings found_words(const word_rule& rule, const std::vector<source>& all) {
  findings out;
  for (const auto& file : all) {
    if (!rule.applies(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      if (std::regex_search(file.lines[i], rule.pattern)) find(out, file, i, rule.what);
  }
  return out;
}

const word_rule json_past_the_codec{
    "past the codec nobody knows JSON", std::regex{"nlohmann[:/]"}, [](const source& file) {
      const bool may = file.is_under("protocol/") || file.is_under("api/") || file.is_under("server/jwt") ||
                       (file.is_under("server/config") && file.has_extension({".cpp"})) ||
                       file.is_under("tests/") || file.is_under("bench/") ||
                       file.is_under("load/");  // its reports are JSON
      return file.is_cpp() && !may;
    }};

const word_rule wall_clock{"the time of day is an argument (environment::now)",
                           std::regex{"system_clock::no[w]"}, [](const source& file) {
                             return file.is_cpp() && !file.is_under("server/") &&
                                    !file.is_under("examples/") && !file.is_under("bench/") &&
                                    !file.is_under("load/main");
                           }};

const word_rule steady_clock{
    "what deadlines are counted by is an argument (environment::steady_now)",
    std::regex{"steady_clock::no[w]|clock\\(\\)\\.no[w]"}, [](const source& file) {
      return file.is_cpp() &&
             (file.is_under("actors/") || file.is_under("journal/") || file.is_under("protocol/"));
    }};

const word_rule chance{"randomness is an argument (environment::random)",
                       std::regex{"random_devic[e]"}, [](const source& file) {
                         // What only defends a table against chosen keys, or spreads timers,
                         // changes no behaviour that anyone could want to repeat.
                         const bool invisible = file.path == "journal/memory_journal.cpp" ||
                                                file.path == "transport/listener.cpp";
                         return file.is_cpp() && !file.is_under("server/") &&
                                !file.is_under("examples/") && !file.is_under("bench/") &&
                                !invisible;
                       }};

const word_rule sleep_in_cpp_test{
    "tests do not sleep: wait for an event with a deadline, or step a clock",
    std::regex{R"(\b(sleep_fo[r]|sleep_unti[l]|uslee[p]|nanoslee[p])\b|\bslee[p]\()"},
    [](const source& file) { return file.is_under("tests/") && file.is_cpp(); }};

// `setTimeout(reject…)` is a deadline, `setTimeout(resolve)` a sleep.
const word_rule sleep_in_js_test{
    "tests do not sleep: wait for an event with a deadline",
    std::regex{R"((timers/promise[s])|(waitForTimeou[t])|(Atomics\.wai[t]\())"
               R"(|(setTimeou[t]\(\s*(resolve|done|yes|ok|next|r|res)\s*[,)]))"
               R"(|(setTimeou[t]\(\s*\(\)\s*=>\s*(resolve|done|yes|ok|next|r|res)\())"},
    [](const source& file) { return file.is_under("tests/") && file.is_javascript(); }};

const word_rule sleep_in_shell_test{
    "tests do not sleep", std::regex{R"((^|[;&|(]|\bdo|\bthen)\s*slee[p]\s+[0-9$])"},
    [](const source& file) {
      return file.is_under("tests/") && file.has_extension({"/run", ".sh"});
    }};

const word_rule left_undone{"do it, or open an issue",
                            std::regex{R"(\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b)"},
                            [](const source&) { return true; }};

}  // namespace

TEST_CASE("past the codec the word json does not occur") {
  CHECK(listed(found_words(json_past_the_codec, sources())) == "");
}

TEST_CASE("time and randomness are arguments") {
  CHECK(listed(found_words(wall_clock, sources())) == "");
  CHECK(listed(found_words(steady_clock, sources())) == "");
  CHECK(listed(found_words(chance, sources())) == "");
}

TEST_CASE("no test sleeps") {
  CHECK(listed(found_words(sleep_in_cpp_test, sources())) == "");
  CHECK(listed(found_words(sleep_in_js_test, sources())) == "");
  CHECK(listed(found_words(sleep_in_shell_test, sources())) == "");
}

TEST_CASE("nothing is left undone") { CHECK(listed(found_words(left_undone, sources())) == ""); }

TEST_CASE("the rules for words notice what they are for, and where") {
  const auto notices = [](const word_rule& rule, std::string path, std::string_view line) {
    return !found_words(rule, {made_up(std::move(path), line)}).empty();
  };
  const std::string slee{"slee"}, timeout{"setTimeou"};

  CHECK(notices(json_past_the_codec, "actors/a.cpp", "nlohmann::json x;"));
  CHECK_FALSE(notices(json_past_the_codec, "protocol/a.cpp", "nlohmann::json x;"));
  CHECK(notices(wall_clock, "actors/a.cpp", std::string{"std::chrono::system_clock::no"} + "w()"));
  CHECK_FALSE(notices(wall_clock, "server/chat.cpp", std::string{"system_clock::no"} + "w()"));
  CHECK(notices(steady_clock, "actors/a.cpp", std::string{"system().clock().no"} + "w()"));
  CHECK(notices(steady_clock, "actors/a.cpp", std::string{"steady_clock::no"} + "w()"));
  CHECK_FALSE(notices(steady_clock, "server/a.cpp", std::string{"steady_clock::no"} + "w()"));
  CHECK(notices(chance, "actors/a.cpp", std::string{"std::random_devic"} + "e seed;"));
  CHECK(notices(sleep_in_cpp_test, "tests/a_test.cpp", "std::this_thread::" + slee + "p_for(1s);"));
  CHECK_FALSE(notices(sleep_in_cpp_test, "tests/a_test.cpp", "// it is asleep by then"));
  CHECK(
      notices(sleep_in_js_test, "tests/a.test.mjs", "new Promise((r) => " + timeout + "t(r, 50))"));
  CHECK(notices(sleep_in_js_test, "tests/a.test.mjs", timeout + "t(() => resolve(), 50)"));
  CHECK_FALSE(notices(sleep_in_js_test, "tests/a.test.mjs", timeout + "t(() => reject(late), 50)"));
  CHECK(notices(sleep_in_shell_test, "tests/run", "while :; do " + slee + "p 1; done"));
  CHECK(notices(left_undone, "docs/a.md", std::string{"TOD"} + "O: write this"));
}
