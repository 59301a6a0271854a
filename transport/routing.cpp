#include "transport/routing.hpp"

#include "transport/header_list.hpp"

#include <algorithm>
#include <cstdint>

namespace confab::transport {

namespace {

/// Calls `found` with each part of a path between slashes of both at once; false as soon as it
/// returns false, or if they do not have as many parts.
template <class Found>
bool each_part(std::string_view pattern, std::string_view path, Found found) {
  for (;;) {
    const auto pattern_end = std::min(pattern.find('/'), pattern.size());
    const auto path_end = std::min(path.find('/'), path.size());
    if (!found(pattern.substr(0, pattern_end), path.substr(0, path_end))) return false;
    const bool last = pattern_end == pattern.size();
    if (last != (path_end == path.size())) return false;
    if (last) return true;
    pattern.remove_prefix(pattern_end + 1);
    path.remove_prefix(path_end + 1);
  }
}

bool is_parameter(std::string_view part) {
  return part.size() > 2 && part.front() == '{' && part.back() == '}';
}

enum class fit : std::uint8_t { none, prefix, parameters, exact };

fit fit_of(std::string_view pattern, std::string_view path) {
  if (pattern == path) return fit::exact;
  if (pattern.ends_with("/*"))
    return path.starts_with(pattern.substr(0, pattern.size() - 1)) ? fit::prefix : fit::none;
  if (pattern.find('{') == pattern.npos) return fit::none;
  const bool fits = each_part(pattern, path, [](std::string_view part, std::string_view of_path) {
    return is_parameter(part) ? !of_path.empty() : part == of_path;
  });
  return fits ? fit::parameters : fit::none;
}

/// The best of those that fit; of two that fit alike the first for which `preferred` holds.
template <class Route, class Preferred>
const Route* find_in(const std::vector<Route>& routes, std::string_view path, Preferred preferred) {
  const Route* best = nullptr;
  auto best_fit = fit::none;
  for (const auto& each : routes) {
    const auto own = fit_of(each.path, path);
    if (own == fit::none || own < best_fit) continue;
    if (own == fit::exact && preferred(each)) return &each;
    const bool longer = own == fit::prefix && best && each.path.size() > best->path.size();
    const bool same =
        own == best_fit && !longer && (own != fit::prefix || each.path.size() == best->path.size());
    if (own > best_fit || longer || (same && !preferred(*best) && preferred(each))) best = &each;
    best_fit = own;
  }
  return best;
}

}  // namespace

const websocket_route* find_route(const std::vector<websocket_route>& routes,
                                  std::string_view path) {
  return find_in(routes, path, [](const auto&) { return true; });
}

const http_route* find_route(const std::vector<http_route>& routes, std::string_view path,
                             std::string_view method) {
  return find_in(routes, path,
                 [&](const http_route& each) { return list_has(each.methods, method); });
}

std::string methods_of(const std::vector<http_route>& routes, const http_route& found) {
  std::string out;
  for (const auto& each : routes)
    if (each.path == found.path) out += (out.empty() ? "" : ", ") + each.methods;
  return out;
}

std::vector<std::pair<std::string, std::string>> path_parameters(std::string_view pattern,
                                                                 std::string_view path) {
  std::vector<std::pair<std::string, std::string>> out;
  if (pattern.find('{') == pattern.npos) return out;
  each_part(pattern, path, [&](std::string_view part, std::string_view of_path) {
    if (is_parameter(part))
      out.emplace_back(part.substr(1, part.size() - 2),
                       percent_decoded(of_path, false).value_or(std::string(of_path)));
    return true;
  });
  return out;
}

}  // namespace confab::transport
