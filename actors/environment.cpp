#include "actors/environment.hpp"

namespace confab::actors {

std::string text_of(const std::exception_ptr& caught) {
  try {
    if (caught) std::rethrow_exception(caught);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
  return "no exception";
}

void report_bug(const environment& env, std::string_view where, std::string_view subject,
                std::exception_ptr caught) noexcept {
  try {
    auto detail = text_of(caught);
    if (!subject.empty()) detail = std::string{subject} + ": " + detail;
    env.bug(where, detail);
  } catch (...) {  // no memory left for it
    try {
      env.bug(where, "out of memory");
    } catch (...) {
      return;  // a wall must hold
    }
  }
}

}  // namespace confab::actors
