#include "server/help.hpp"

#include "server/options.hpp"

#include <ostream>
#include <sstream>

namespace confab::server {
namespace {

constexpr std::size_t help_columns = 100;
constexpr std::size_t help_indent = 34;

void print_option(std::ostream& out, const std::string& left, const std::string& right) {
  std::string line = "  " + left;
  if (line.size() + 2 > help_indent) {
    out << line << '\n';
    line.clear();
  }
  line.resize(help_indent, ' ');
  std::istringstream words{right};
  bool fresh = true;
  for (std::string word; words >> word;) {
    if (!fresh && line.size() + 1 + word.size() > help_columns) {
      out << line << '\n';
      line.assign(help_indent, ' ');
      fresh = true;
    }
    line += (fresh ? "" : " ") + word;
    fresh = false;
  }
  out << line << '\n';
}

std::string left_of(const option_row& it) {
  if (it.placeholder.empty()) return "--[no-]" + it.flag().substr(2);
  return it.flag() + " " + it.placeholder;
}

}  // namespace

void print_help(std::ostream& out) {
  out << "Confab: a multi-room chat server.\n"
         "\n"
         "usage: confabd [OPTION]...\n"
         "       confabd token --user ID [OPTION]...    make a token; see confabd token --help\n"
         "       confabd api-key --name NAME --scopes LIST\n"
         "                                              make a key of the API; see confabd api-key --help\n"
         "       confabd check [--rebuild] [OPTION]...  check a journal; see confabd check --help\n"
         "       confabd backup --to FILE [OPTION]...   copy a journal; see confabd backup --help\n"
         "       confabd restore --from FILE [OPTION]...\n"
         "                                              go back to a copy; see confabd restore --help\n"
         "       confabd export [--to FILE] [OPTION]... a journal as JSON; see confabd export --help\n"
         "       confabd import [--from FILE] [OPTION]...\n"
         "                                              the way back; see confabd import --help\n"
         "       confabd status|rooms|users|drain [OPTION]...\n"
         "       confabd kick|erase --user ID [OPTION]...\n"
         "       confabd retention resume [OPTION]...\n"
         "       confabd tail --room ID [OPTION]...     ask a server that runs; see confabd status --help\n";
  std::string group;
  for (const auto& it : option_rows()) {
    if (it.group != group) out << '\n' << (group = it.group) << ":\n";
    auto right = it.meaning;
    if (it.placeholder.size() > 3 && it.range.find(", ") != std::string::npos &&
        it.range.size() < 40)
      right += ": " + it.range;
    if (const auto fallback = it.fallback(); !fallback.empty()) right += " (" + fallback + ")";
    print_option(out, left_of(it), right);
  }
  print_option(out, "--config FILE", "options in TOML: key = value, as in rate_burst = 200");
  print_option(out, "-h, --help", "print this");
  print_option(out, "--version", "print the version");
  out << "\n"
         "Values in parentheses are defaults. TIME has a unit: 500ms, 25s, 1m, 24h. BYTES may have "
         "one:\n64KiB, 1MiB. Every option can also be given in the environment (--rate-burst is "
         "CONFAB_RATE_BURST)\nand in the file (rate_burst). A flag counts before the environment, "
         "that before the file.\n";
}

void print_token_help(std::ostream& out) {
  out << "Makes a token that signs in one user, and prints it.\n"
         "\n"
         "usage: confabd token --user ID (--jwt-secret-file FILE | --jwt-private-key-file FILE) "
         "[OPTION]...\n\n";
  print_option(out, "--user ID", "who it is for");
  print_option(out, "--name TEXT", "name to show (the id)");
  print_option(out, "--ttl TIME", "how long it is valid: 15m, 1h, 30d (1h)");
  print_option(out, "--room PATTERN",
               "a room, or team-* for all that begin so; repeat it (every room)");
  print_option(out, "--role PATTERN=ROLE",
               "reader, member, moderator or owner in those rooms; repeat it");
  print_option(out, "--admin", "may do everything");
  print_option(out, "--jwt-secret-file FILE", "the server's secret (CONFAB_JWT_SECRET_FILE)");
  print_option(out, "--jwt-private-key-file FILE",
               "the private key to the server's public one, PEM (CONFAB_JWT_PRIVATE_KEY_FILE)");
  print_option(out, "--jwt-algorithm NAME", "as the server's (CONFAB_JWT_ALGORITHM; by the key)");
  print_option(out, "--jwt-issuer TEXT", "as the server's (CONFAB_JWT_ISSUER)");
  print_option(out, "--jwt-audience TEXT", "as the server's (CONFAB_JWT_AUDIENCE)");
  print_option(out, "-h, --help", "print this");
}

void print_api_key_help(std::ostream& out) {
  out << "Makes a key of the HTTP API, and prints it once, and the line by which the server knows it.\n"
         "\n"
         "usage: confabd api-key --name NAME --scopes LIST\n\n";
  print_option(out, "--name NAME", "what it is called, 1..32 of a-z, 0-9 and -");
  print_option(out, "--scopes LIST",
               "what it may do: *, or some of read, publish, rooms, moderate, users, tokens, export, "
               "erase, hooks, node, with commas between");
  print_option(out, "-h, --help", "print this");
  out << "\n"
         "The key goes to stdout, the line to stderr: confabd api-key --name shop --scopes read 2>> keys\n";
}

void print_check_help(std::ostream& out) {
  out << "Looks for damage in the journal of a server that does not run.\n"
         "\n"
         "usage: confabd check [--rebuild] [OPTION]...\n\n";
  print_option(out, "--rebuild",
               "make anew what is stored beside the log: messages as they are shown, reactions, keys");
  print_option(out, "--data DIR, --config FILE, ...", "as the server's, whose options all may stand");
  print_option(out, "-h, --help", "print this");
  out << "\n"
         "Exit codes: 0: it is sound, or was made anew; 1: it could not be checked; 2: a mistake on "
         "the\ncommand line; 3: it is damaged.\n";
}

void print_backup_help(std::ostream& out) {
  out << "Copies the journal as it is at one moment, while a server writes to it or not.\n"
         "\n"
         "usage: confabd backup --to FILE [OPTION]...\n\n";
  print_option(out, "--to FILE", "the copy; it must not be there yet");
  print_option(out, "--wal-bytes-max BYTES",
               "give up when SQLite's log, which nothing leaves meanwhile, has more (4GiB)");
  print_option(out, "--data DIR, --config FILE, ...", "as the server's, whose options all may stand");
  print_option(out, "-h, --help", "print this");
  out << "\n"
         "Exit codes: 0: the copy is there, whole and sound; 1: there is none; 2: a mistake on the\n"
         "command line; 3: it is there, but the journal lacks entries.\n";
}

void print_restore_help(std::ostream& out) {
  out << "Makes of a copy the journal of a server that does not run. All rooms begin a new epoch, so "
         "that\nclients do not take new messages for those that are gone.\n"
         "\n"
         "usage: confabd restore --from FILE [OPTION]...\n\n";
  print_option(out, "--from FILE", "a copy that confabd backup made; it stays as it is");
  print_option(out, "--data DIR, --config FILE, ...", "as the server's, whose options all may stand");
  print_option(out, "-h, --help", "print this");
  out << "\n"
         "The journal that is there is kept as confab.db.replaced.\n"
         "Exit codes: 0: it is done; 1: nothing was changed; 2: a mistake on the command line; 3: it "
         "is done,\nbut the copy lacks entries.\n";
}

void print_export_help(std::ostream& out) {
  out << "Writes the journal, as it is at one moment, as lines of JSON, while a server writes to it or "
         "not.\n"
         "\n"
         "usage: confabd export [--to FILE] [OPTION]...\n\n";
  print_option(out, "--to FILE", "where to; it must not be there yet (standard output)");
  print_option(out, "--wal-bytes-max BYTES",
               "give up when SQLite's log, which nothing leaves meanwhile, has more (4GiB)");
  print_option(out, "--data DIR, --config FILE, ...", "as the server's, whose options all may stand");
  print_option(out, "-h, --help", "print this");
  out << "\n"
         "Exit codes: 0: it is done; 1: it is not whole; 2: a mistake on the command line; 3: it is "
         "done, but\nthe journal lacks entries.\n";
}

void print_import_help(std::ostream& out) {
  out << "Makes of such lines the journal of a server that does not run, and has none or an empty one. "
         "All\nrooms begin a new epoch, so that clients do not take new messages for those that they "
         "have seen.\n"
         "\n"
         "usage: confabd import [--from FILE] [OPTION]...\n\n";
  print_option(out, "--from FILE", "what confabd export wrote (standard input)");
  print_option(out, "--keep-epochs",
               "clients go on where they were: nothing was written since the export");
  print_option(out, "--data DIR, --config FILE, ...", "as the server's, whose options all may stand");
  print_option(out, "-h, --help", "print this");
  out << "\n"
         "Exit codes: 0: it is done; 1: nothing was changed; 2: a mistake on the command line; 3: it "
         "is done,\nbut rooms lack entries.\n";
}

void print_ask_help(std::ostream& out) {
  out << "Asks a server that runs, as its own user or root.\n"
         "\n"
         "usage: confabd COMMAND [OPTION]...\n\n";
  print_option(out, "status", "readiness, connections, users, rooms, and the size of the journal");
  print_option(out, "rooms", "the rooms in memory, with how many users are in each");
  print_option(out, "users", "who is there, with the sessions of each");
  print_option(out, "kick --user ID", "close all sessions of a user, who may come back");
  print_option(out, "tail --room ID",
               "the latest entries of a room, and what comes, as clients get it, until it is ended");
  print_option(out, "erase --user ID", "delete all that a user has said, and forget who it was");
  print_option(out, "retention resume", "the clock is right: trim messages by age again");
  print_option(out, "drain", "end the server in peace");
  print_option(out, "--data DIR, --config FILE, ...",
               "as the server's, whose options all may stand: by them it is found");
  print_option(out, "-h, --help", "print this");
  out << "\n"
         "Exit codes: 0: it is done; 1: no server answers, or it says why not; 2: a mistake on the "
         "command line.\n";
}

}  // namespace confab::server
