#include "webhooks/log_names.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <sstream>
#include <utility>

namespace confab::webhooks {

log_names::log_names(std::string first, std::vector<journal::log_fork> forks)
    : first_(std::move(first)), forks_(std::move(forks)) {}

log_names log_names::parse(const std::string& text) {
  std::istringstream list{text};
  log_names out;
  list >> out.first_;
  journal::log_fork one;
  for (char colon = 0; list >> one.position >> colon >> one.name;) out.forks_.push_back(one);
  return out;
}

std::string log_names::text() const {
  auto out = first_;
  for (const auto& one : forks_) out += " " + std::to_string(one.position) + ":" + one.name;
  return out;
}

std::string_view log_names::latest() const noexcept {
  return forks_.empty() ? first_ : forks_.back().name;
}

std::string_view log_names::at(std::uint64_t position) const noexcept {
  const auto last = std::find_if(forks_.rbegin(), forks_.rend(),
                                 [&](const auto& one) { return one.position < position; });
  return last == forks_.rend() ? std::string_view{} : last->name;
}

std::optional<std::uint64_t> log_names::shared_with(const log_names& other) const {
  if (first_ != other.first_) return std::nullopt;
  auto upto = std::numeric_limits<std::uint64_t>::max();
  const auto [ours, theirs] = std::ranges::mismatch(forks_, other.forks_);
  if (ours != forks_.end()) upto = ours->position;
  if (theirs != other.forks_.end()) upto = std::min(upto, theirs->position);
  return upto;
}

}  // namespace confab::webhooks
