#include "server/opening.hpp"

namespace confab::server {

void opening::reached(std::string_view step, std::uint64_t done, std::uint64_t of) {
  const std::lock_guard lock{border_};
  step_ = step;
  done_ = done;
  of_ = of;
}

std::optional<std::string> opening::progress() const {
  if (!goes_on()) return std::nullopt;
  const std::lock_guard lock{border_};
  if (step_.empty()) return R"({"state":"opening"})";
  return R"({"state":"opening","step":")" + step_ + R"(","done":)" + std::to_string(done_) +
         R"(,"of":)" + std::to_string(of_) + "}";
}

}  // namespace confab::server
