#pragma once

#include "journal/journal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace confab::webhooks {

/// How a log is called, and how it was called before it went back to older copies. Two logs have the
/// same entries up to where one of them has a fork that the other has not.
class log_names {
 public:
  log_names() = default;
  /// `first`: before there was a fork.
  log_names(std::string first, std::vector<journal::log_fork> forks);
  /// What `text` has made.
  static log_names parse(const std::string& text);
  std::string text() const;

  std::string_view latest() const noexcept;
  /// By which an entry is told from others that had its position before; empty: there were none.
  std::string_view at(std::uint64_t position) const noexcept;
  /// Up to this position both have the same entries; none: they have nothing in common.
  std::optional<std::uint64_t> shared_with(const log_names& other) const;

 private:
  std::string first_;
  std::vector<journal::log_fork> forks_;
};

}  // namespace confab::webhooks
