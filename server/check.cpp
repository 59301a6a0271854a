#include "journal/journal.hpp"
#include "server/config.hpp"

#include <ostream>

namespace confab::server {
namespace {

constexpr int could_not_look = 1;  // 2: the command line
constexpr int damaged = 3;

}  // namespace

int run(const check_command& asked, std::ostream& out, std::ostream& err) {
  const auto checked = journal::check_sqlite(
      asked.data, asked.rebuild ? journal::check_mode::rebuild : journal::check_mode::compare);
  if (const auto* error = std::get_if<std::string>(&checked)) {
    err << "confabd: " << *error << '\n';
    return could_not_look;
  }
  const auto& report = std::get<journal::check_report>(checked);
  for (const auto& fault : report.faults) out << fault << '\n';
  if (!report.faults.empty()) {
    out << "the journal in " << asked.data << " is damaged\n" << std::flush;
    return damaged;
  }
  out << "the journal in " << asked.data << (asked.rebuild ? " was made anew" : " is sound") << ": "
      << report.entries << " entries\n"
      << std::flush;
  return out ? 0 : could_not_look;
}

}  // namespace confab::server
