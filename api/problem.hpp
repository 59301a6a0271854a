#pragma once

#include "protocol/codes.hpp"
#include "rooms/outcome.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What goes wrong, as `application/problem+json` (RFC 9457) says it.
namespace confab::api {

/// One fault of what was sent: a JSON pointer into the body, `?name` of the query, `{name}` of the
/// path, or a header.
struct fault_at {
  std::string at;
  std::string detail;
  friend bool operator==(const fault_at&, const fault_at&) = default;
};

struct problem {
  unsigned status = 500;
  std::string code = "internal";
  std::string detail{};
  bool retry = false;
  std::vector<fault_at> faults{};
  std::optional<std::chrono::milliseconds> retry_after{};
  std::optional<unix_ms> until{};
  std::string reason{};
  std::optional<std::size_t> limit{};
  std::optional<seq_no> oldest{};   // of 410 of a log
  std::string cursor{};             // of 410 of the feed: where it begins now
  std::optional<free_data> data{};  // of `rejected`
  std::string allow{};              // of 405: the methods there are

  friend bool operator==(const problem&, const problem&) = default;
};

unsigned status_of(error_code code) noexcept;
problem problem_of(error_code code, std::string_view detail);
problem problem_of(const rooms::refused& why);
/// One fault of what was sent.
problem bad_request(std::string at, std::string detail);
/// Codes that only this way of calling has.
problem other_problem(unsigned status, std::string_view code, std::string_view detail);

/// The body. `request` is the `Request-Id`.
std::string to_json(const problem& of, std::string_view request);

}  // namespace confab::api
