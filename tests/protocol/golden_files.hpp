#pragma once

#include "tests/support/source_dir.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

/// The files of tests/golden/frames; see the README there.
namespace golden {

struct file {
  std::string direction;
  std::string clause;
  std::string json;  // compact
  std::string cbor;
};

inline std::string from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) throw std::invalid_argument("half a byte of hex");
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
  return bytes;
}

inline std::map<std::string, file> files() {
  namespace fs = std::filesystem;
  std::map<std::string, file> found;
  for (const auto& path :
       fs::directory_iterator{fs::path{confab::test::source_dir()} / "tests/golden/frames"}) {
    std::ifstream in{path.path()};
    const auto content = nlohmann::ordered_json::parse(in);
    const auto name = content.at("name").get<std::string>();
    if (path.path().filename() != name + ".json")
      throw std::runtime_error(path.path().string() + " calls itself " + name);
    found[name] = {content.at("direction"), content.at("clause"), content.at("json").dump(),
                   from_hex(content.at("cbor").get<std::string>())};
  }
  return found;
}

}  // namespace golden
