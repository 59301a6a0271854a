#include "protocol/codec.hpp"
#include "tests/protocol/golden_files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/effort.hpp"

#include <nlohmann/json.hpp>

#include <random>

using namespace confab;

namespace {

const int mutants = static_cast<int>(test::cases(20'000));

/// Clients' golden frames in one codec, damaged in a way that is the same in every run.
class mutator {
 public:
  explicit mutator(codec format) {
    for (const auto& [name, file] : golden::files())
      if (file.direction == "client")
        corpus_.push_back(format == codec::json ? file.json : file.cbor);
  }

  std::string next() {
    auto frame = any_frame();
    for (std::size_t count = 1 + below(3); count > 0; --count) mutate(frame);
    return frame;
  }

 private:
  // Not std::uniform_int_distribution: it differs from library to library.
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(random_() % end); }
  const std::string& any_frame() { return corpus_[below(corpus_.size())]; }

  void mutate(std::string& frame) {
    const auto at = below(frame.size() + 1);
    const auto size = below(8);
    switch (below(8)) {
      case 0:
        if (at < frame.size()) frame[at] = static_cast<char>(frame[at] ^ 1 << below(8));
        return;
      case 1:
        if (at < frame.size()) frame[at] = static_cast<char>(random_());
        return;
      case 2:
        frame.erase(at, size);
        return;
      case 3:
        frame.insert(at, frame.substr(at, size));
        return;
      case 4:
        frame.resize(at);
        return;
      case 5: {
        const auto& other = any_frame();
        frame = frame.substr(0, at) + other.substr(below(other.size() + 1));
        return;
      }
      case 6: {
        const std::string tokens[]{"null", "-1",   "1e400", "\"\\ud800\"",
                                   "{}",   "[[]]", "\"\"",  "0.5"};
        frame.insert(at, tokens[below(std::size(tokens))]);
        return;
      }
      case 7:
        frame.insert(at, std::string(1 + below(64), "[{\x81\xbf\x9f\xc1\x7f\""[below(8)]));
        return;
    }
  }

  std::mt19937_64 random_{20'251'122};
  std::vector<std::string> corpus_;
};

bool nlohmann_reads(codec format, const std::string& payload) {
  return format == codec::json
             ? nlohmann::json::accept(payload)
             : !nlohmann::json::from_cbor(payload, true, /*allow_exceptions=*/false).is_discarded();
}

}  // namespace

TEST_CASE("a damaged frame is a command or rejected, and nothing worse") {
  const auto format = GENERATE(codec::json, codec::cbor);
  mutator next_mutant{format};
  int accepted = 0;
  int answered = 0;
  int closed = 0;

  for (int i = 0; i < mutants; ++i) {
    const auto payload = next_mutant.next();

    const auto what = decode(format, payload);

    if (std::holds_alternative<request>(what)) {
      ++accepted;
      if (!nlohmann_reads(format, payload))
        FAIL("accepted, but another reader refuses: " << payload);
      continue;
    }
    const auto& why = std::get<rejected>(what);
    ++(why.close ? closed : answered);
    if (why.message.empty()) FAIL("rejected without a reason: " << payload);
    if (why.close && why.id) FAIL("not well-formed, and yet an id: " << payload);
    if (why.id && (why.id->value() < 1 || why.id->value() > limits::ref_max))
      FAIL("id: " << payload);
    const bool ends_early = payload.find('\0') != std::string::npos;
    if (format == codec::json && why.close && !ends_early && nlohmann_reads(format, payload))
      FAIL("closed for what is JSON: " << payload);
  }

  // The mutants are of all three kinds, or the test says little.
  CHECK(accepted > mutants / 50);
  CHECK(answered > mutants / 50);
  CHECK(closed > mutants / 50);
}

TEST_CASE("an accepted command fits what a room can keep") {
  mutator next_mutant{codec::json};
  int sends = 0;

  for (int i = 0; i < mutants; ++i) {
    const auto what = decode(codec::json, next_mutant.next());
    if (!std::holds_alternative<request>(what)) continue;
    const auto* send = std::get_if<command::send>(&std::get<request>(what).what);
    if (!send) continue;
    ++sends;
    const auto& text = send->what.text;
    const auto& data = send->what.data;
    const bool fits = is_valid_id(send->room.view()) && is_clean_text(text, true) &&
                      text.size() <= limits::text_bytes_max && is_clean_text(send->key, false) &&
                      send->key.size() <= limits::key_bytes_max && !send->what.empty() &&
                      (!data || !nlohmann::json::parse(data->value()).is_null());
    if (!fits) FAIL("accepted: room " << send->room.value() << " text " << text);
  }

  CHECK(sends > mutants / 200);
}
