#include "server/key_files.hpp"

#include "server/config.hpp"
#include "server/files.hpp"
#include "server/jwt_set.hpp"

#include <utility>
#include <variant>

namespace confab::server {
namespace {

using texts = std::vector<std::string>;

std::vector<jwt_key> load_key_set(const std::string& file, std::optional<jwt_algorithm> algorithm,
                                  texts& mistakes) {
  const auto wrong = [&](const std::string& why) {
    mistakes.push_back("--jwt-key-set " + log::quoted(file) + ": " + why);
    return std::vector<jwt_key>{};
  };
  if (const auto exposed = exposure_of(file, file_kind::public_key)) return wrong(*exposed);
  const auto text = read_file(file);
  if (!text) return wrong("cannot be read");
  auto read = read_jwt_set(*text, !exposure_of(file, file_kind::secret));
  if (const auto* why = std::get_if<std::string>(&read)) return wrong(*why);
  auto& keys = std::get<std::vector<jwt_key>>(read);
  if (algorithm) std::erase_if(keys, [&](const auto& key) { return key.algorithm() != *algorithm; });
  if (keys.empty()) return wrong("has no key for --jwt-algorithm");
  return std::move(keys);
}

}  // namespace

std::optional<jwt_key> load_key(const char* flag, const std::string& file, key_use use,
                                std::optional<jwt_algorithm> algorithm, texts& mistakes) {
  const auto kind = use == key_use::public_key ? file_kind::public_key : file_kind::secret;
  if (const auto exposed = exposure_of(file, kind)) {
    mistakes.push_back(std::string{flag} + " " + log::quoted(file) + ": " + *exposed);
    return std::nullopt;
  }
  auto loaded = jwt_key::load(use, file, algorithm);
  if (auto* key = std::get_if<jwt_key>(&loaded)) return std::move(*key);
  mistakes.push_back(std::string{flag} + " " + log::quoted(file) + ": " +
                     std::get<std::string>(loaded));
  return std::nullopt;
}

texts load_token_keys(config& into) {
  texts mistakes;
  into.token_keys.clear();
  const auto& secret = into.jwt_secret_file;
  const auto& key = into.jwt_key_file;
  const auto& set = into.jwt_key_set;
  std::optional<jwt_key> one;
  if (!secret.empty() + !key.empty() + !set.empty() > 1)
    mistakes.push_back("--jwt-secret-file, --jwt-key-file and --jwt-key-set: give one of them");
  else if (!secret.empty())
    one = load_key("--jwt-secret-file", secret, key_use::secret, into.jwt_algorithm, mistakes);
  else if (!key.empty())
    one = load_key("--jwt-key-file", key, key_use::public_key, into.jwt_algorithm, mistakes);
  else if (!set.empty() && !into.fetches_keys())
    into.token_keys = load_key_set(set, into.jwt_algorithm, mistakes);
  else if (set.empty() && into.jwt_algorithm)
    mistakes.push_back("--jwt-algorithm: needs --jwt-secret-file, --jwt-key-file or --jwt-key-set");
  if (one) into.token_keys.push_back(std::move(*one));
  return mistakes;
}

}  // namespace confab::server
