#include "load/identities.hpp"

#include <jwt.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace confab::load {
namespace {

constexpr std::int64_t token_life_s = 86400;

struct freed {
  void operator()(jwt_t* token) const { jwt_free(token); }
  void operator()(char* text) const { std::free(text); }
};

}  // namespace

identities identities::minted(std::string secret) {
  identities out;
  out.secret_ = std::move(secret);
  return out;
}

std::variant<identities, std::string> identities::from_tokens(std::string_view lines) {
  identities out;
  for (std::size_t line = 1; !lines.empty(); ++line) {
    const std::string token{lines.substr(0, lines.find_first_of("\r\n"))};
    const auto end = lines.find('\n');
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (token.empty()) continue;
    jwt_t* parsed = nullptr;
    // Without a key: the server judges the signature.
    const bool is_jwt = jwt_decode(&parsed, token.c_str(), nullptr, 0) == 0;
    const std::unique_ptr<jwt_t, freed> owner{parsed};
    const char* subject = is_jwt ? jwt_get_grant(parsed, "sub") : nullptr;
    if (!subject) return "line " + std::to_string(line) + " is no token with a subject";
    out.tokens_.push_back({subject, token});
  }
  if (out.tokens_.empty()) return std::string{"there is no token in it"};
  return out;
}

std::string identities::id(std::uint32_t user) const {
  return tokens_.empty() ? std::string{prefix} + std::to_string(user) : tokens_.at(user).id;
}

std::string identities::token(std::uint32_t user, std::int64_t now_s) const {
  if (!tokens_.empty()) return tokens_.at(user).token;
  if (secret_.empty()) return {};
  jwt_t* made = nullptr;
  if (jwt_new(&made) != 0) throw std::bad_alloc{};
  const std::unique_ptr<jwt_t, freed> owner{made};
  if (jwt_add_grant(made, "sub", id(user).c_str()) != 0 ||
      jwt_add_grant_int(made, "exp", static_cast<long>(now_s + token_life_s)) != 0 ||
      jwt_set_alg(made, JWT_ALG_HS256, reinterpret_cast<const unsigned char*>(secret_.data()),
                  static_cast<int>(secret_.size())) != 0)
    throw std::runtime_error{"a token could not be made"};
  const std::unique_ptr<char, freed> text{jwt_encode_str(made)};
  if (!text) throw std::runtime_error{"a token could not be signed"};
  return text.get();
}

}  // namespace confab::load
