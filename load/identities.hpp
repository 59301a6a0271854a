#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace confab::load {

/// Who the simulated users are, and how they prove it. Numbers are of the whole load, so that
/// several processes (`--first-user`) do not share users.
class identities {
 public:
  static constexpr std::string_view prefix = "load-u";

  static identities guests() { return {}; }
  /// HS256 tokens, each made when it is needed. `secret` without the line break of its file.
  static identities minted(std::string secret);
  /// One token a line; the users are what the tokens say. Or what is wrong, as a sentence.
  static std::variant<identities, std::string> from_tokens(std::string_view lines);

  /// Nothing: any number of users.
  std::size_t count() const { return tokens_.size(); }
  std::string id(std::uint32_t user) const;
  /// Empty: a guest. `now_s`: Unix time; a minted token lives for a day.
  std::string token(std::uint32_t user, std::int64_t now_s) const;

 private:
  struct given {
    std::string id, token;
  };
  std::string secret_;
  std::vector<given> tokens_;
};

}  // namespace confab::load
