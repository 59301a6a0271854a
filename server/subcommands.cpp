#include "journal/backup.hpp"
#include "journal/journal.hpp"
#include "server/admin_socket.hpp"
#include "server/config.hpp"

#include <ostream>

namespace confab::server {
namespace {

constexpr int done = 0;
constexpr int not_done = 1;  // 2: the command line
constexpr int damaged = 3;

int failed(std::ostream& err, const std::string& why) {
  err << "confabd: " << why << '\n';
  return not_done;
}

/// What is told of a copy, and of a journal made of one.
int report(const journal::copy_report& of, const std::string& sentence, std::ostream& out) {
  for (const auto& fault : of.faults) out << fault << '\n';
  out << sentence << ": " << of.entries << " entries, " << of.bytes << " bytes\n" << std::flush;
  if (!out) return not_done;
  return of.faults.empty() ? done : damaged;
}

}  // namespace

int run(const check_command& asked, std::ostream& out, std::ostream& err) {
  const auto checked = journal::check_sqlite(
      asked.data, asked.rebuild ? journal::check_mode::rebuild : journal::check_mode::compare);
  if (const auto* why = std::get_if<std::string>(&checked)) return failed(err, *why);
  const auto& report = std::get<journal::check_report>(checked);
  for (const auto& fault : report.faults) out << fault << '\n';
  if (!report.faults.empty()) {
    out << "the journal in " << asked.data << " is damaged\n" << std::flush;
    return damaged;
  }
  out << "the journal in " << asked.data << (asked.rebuild ? " was made anew" : " is sound") << ": "
      << report.entries << " entries\n"
      << std::flush;
  return out ? done : not_done;
}

int run(const backup_command& asked, std::ostream& out, std::ostream& err) {
  const auto made = journal::back_up_sqlite(asked.data, asked.to, asked.wal_bytes_max);
  if (const auto* why = std::get_if<std::string>(&made)) return failed(err, *why);
  return report(std::get<journal::copy_report>(made), "the journal was copied to " + asked.to, out);
}

int run(const restore_command& asked, std::ostream& out, std::ostream& err) {
  const auto made = journal::restore_sqlite(asked.data, asked.from);
  if (const auto* why = std::get_if<std::string>(&made)) return failed(err, *why);
  return report(std::get<journal::copy_report>(made),
                "the journal in " + asked.data + " is now that of " + asked.from, out);
}

int run(const ask_command& asked, std::ostream& out, std::ostream& err) {
  const auto answer = ask_server(asked.socket, asked.words);
  if (const auto* why = std::get_if<std::string>(&answer)) return failed(err, *why);
  out << std::get<told>(answer).text << std::flush;
  return out ? done : not_done;
}

}  // namespace confab::server
