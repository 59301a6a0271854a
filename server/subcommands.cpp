#include "journal/backup.hpp"
#include "journal/journal.hpp"
#include "journal/transfer.hpp"
#include "search/index.hpp"
#include "server/admin_socket.hpp"
#include "server/config.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iostream>
#include <ostream>
#include <string_view>
#include <thread>

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
  // The server makes it anew when it starts.
  if (asked.rebuild) search::remove_index(asked.data + "/" + search::index_name);
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

int run(const export_command& asked, std::ostream& out, std::ostream& err) {
  if (asked.to.empty()) {  // where the lines are, nothing else may be
    const auto made = journal::export_sqlite(asked.data, out, asked.wal_bytes_max);
    if (const auto* why = std::get_if<std::string>(&made)) return failed(err, *why);
    return report(std::get<journal::copy_report>(made), "the journal was exported", err);
  }
  const auto made = journal::export_sqlite(asked.data, asked.to, asked.wal_bytes_max);
  if (const auto* why = std::get_if<std::string>(&made)) return failed(err, *why);
  return report(std::get<journal::copy_report>(made), "the journal was exported to " + asked.to, out);
}

int run(const import_command& asked, std::ostream& out, std::ostream& err) {
  std::ifstream file;
  if (!asked.from.empty()) {
    file.open(asked.from, std::ios::binary);
    if (!file) return failed(err, asked.from + " cannot be read");
  }
  const auto made = journal::import_sqlite(asked.data, asked.from.empty() ? std::cin : file,
                                           asked.keep_epochs);
  if (const auto* why = std::get_if<std::string>(&made)) return failed(err, *why);
  return report(std::get<journal::copy_report>(made),
                "the journal in " + asked.data + " is now what was exported", out);
}

int run(const tail_command& asked, std::ostream& out, std::ostream& err) {
  constexpr auto pause = std::chrono::milliseconds{250};
  for (std::string after;;) {
    const auto answer = ask_server(asked.socket, {"tail", asked.room, after});
    if (const auto* why = std::get_if<std::string>(&answer)) return failed(err, *why);
    const std::string_view text = std::get<told>(answer).text;
    const auto head = text.substr(0, text.find('\n'));
    const auto lines = text.substr(std::min(head.size() + 1, text.size()));
    after = head;
    out << lines << std::flush;
    if (!out) return not_done;
    if (lines.empty()) std::this_thread::sleep_for(pause);
  }
}

int run(const api_key_command& asked, std::ostream& out, std::ostream& err) {
  std::array<unsigned char, 32> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    return failed(err, "the kernel gives no random bytes");
  const auto made = api::make_key(asked.name, asked.scopes, random);
  err << made.line << '\n' << std::flush;
  out << made.key << '\n' << std::flush;
  return out ? done : not_done;
}

int run(const ask_command& asked, std::ostream& out, std::ostream& err) {
  const auto answer = ask_server(asked.socket, asked.words);
  if (const auto* why = std::get_if<std::string>(&answer)) return failed(err, *why);
  out << std::get<told>(answer).text << std::flush;
  return out ? done : not_done;
}

}  // namespace confab::server
