#pragma once

#include "tests/support/source_dir.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// The repository as text, for rules that a machine can check.
namespace confab::tidy {

struct source {
  std::string path;  // relative to the repository's root, with '/'
  std::vector<std::string> lines;

  std::string folder() const { return path.substr(0, path.find('/')); }
  bool is_under(std::string_view directory) const { return path.starts_with(directory); }
  bool has_extension(std::initializer_list<std::string_view> any_of) const {
    return std::any_of(any_of.begin(), any_of.end(),
                       [&](auto extension) { return path.ends_with(extension); });
  }
  bool is_header() const { return has_extension({".hpp", ".h"}); }
  bool is_cpp() const { return is_header() || has_extension({".cpp"}); }
  bool is_javascript() const { return has_extension({".js", ".mjs"}); }
};

/// "file:line: what is wrong with it".
using findings = std::vector<std::string>;

inline void find(findings& into, const source& where, std::size_t line_index,
                 std::string_view what) {
  into.push_back(where.path + ":" + std::to_string(line_index + 1) + ": " + std::string{what});
}

/// For a check to compare with "": Catch shows it line by line.
inline std::string listed(const findings& all) {
  std::string out;
  for (const auto& each : all) out += "\n" + each;
  return out;
}

/// A file that is not there, to see that a rule notices what it is for.
inline source made_up(std::string path, std::string_view text) {
  source out{std::move(path), {}};
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out.lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return out;
}

/// Every text that people wrote: no build directories, no packages of others.
inline const std::vector<source>& sources() {
  static const auto all = [] {
    namespace fs = std::filesystem;
    std::vector<source> out;
    const fs::path root{confab::test::source_dir()};
    for (auto at = fs::recursive_directory_iterator{root}; at != fs::end(at); ++at) {
      const auto name = at->path().filename().string();
      const bool foreign = name.starts_with('.') || name.starts_with("build") ||
                           name == "node_modules" || name == "third_party";
      if (at->is_directory()) {
        if (foreign) at.disable_recursion_pending();
        continue;
      }
      source found{fs::relative(at->path(), root).generic_string(), {}};
      const bool text = found.is_cpp() || found.is_javascript() ||
                        found.has_extension({".ts", ".css", ".html", ".md", ".txt", ".cmake", ".sh",
                                             ".py", ".yml", ".yaml", "/run", "Dockerfile"});
      if (!text) continue;
      std::ifstream in{at->path()};
      for (std::string line; std::getline(in, line);) found.lines.push_back(line);
      out.push_back(std::move(found));
    }
    std::ranges::sort(out, {}, &source::path);
    return out;
  }();
  return all;
}

}  // namespace confab::tidy
