#include "server/config.hpp"

#include "protocol/codec.hpp"
#include "server/config_file.hpp"
#include "server/files.hpp"
#include "server/help.hpp"
#include "server/key_files.hpp"
#include "server/options.hpp"
#include "server/values.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>     // App needs it to link
#include <CLI/Formatter.hpp>  // so does this

#include <algorithm>
#include <map>
#include <ostream>

namespace confab::server {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

// --- mistakes ---------------------------------------------------------------------------------

/// Levenshtein's distance, for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> above(b.size() + 1);
  for (std::size_t i = 0; i <= b.size(); ++i) above[i] = i;
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = above[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = above[j + 1];
      above[j + 1] = std::min({above[j] + 1, above[j + 1] + 1, change});
    }
  }
  return above[b.size()];
}

std::string did_you_mean(std::string_view given, const texts& known) {
  const std::string* best = nullptr;
  std::size_t least = 3;
  for (const auto& it : known)
    if (const auto d = distance(given, it); d < least) {
      least = d;
      best = &it;
    }
  return best ? ", did you mean " + *best + "?" : "";
}

int report(std::ostream& err, const texts& mistakes, std::string_view help) {
  err << "confabd: " << mistakes.size() << (mistakes.size() == 1 ? " mistake" : " mistakes")
      << " in the configuration\n";
  for (const auto& it : mistakes) err << "  " << it << '\n';
  err << "see " << help << '\n';
  return 2;
}

/// What of an argument may be repeated in a message: the name, not the value.
std::string flag_name(std::string_view argument) {
  return std::string{argument.substr(0, argument.find('='))};
}

void report_unknown(const texts& rest, const texts& known, texts& mistakes) {
  bool its_value = false;  // not worth a line of its own, and it might be a secret
  for (const auto& it : rest) {
    const auto flag = flag_name(it);
    if (flag.starts_with('-'))
      mistakes.push_back(flag + ": unknown option" + did_you_mean(flag, known));
    else if (!its_value)
      mistakes.push_back(log::quoted(it) + ": unexpected; options begin with --");
    its_value = flag.starts_with('-') && flag == it;
  }
}

// --- what is given where ----------------------------------------------------------------------

std::optional<std::string> variable(const environment& env, const std::string& name) {
  const auto* text = env ? env(name.c_str()) : nullptr;
  if (!text || !*text) return std::nullopt;
  return text;
}

/// One option's value and where it came from.
struct given {
  texts values;
  std::string where;
};
struct settings_given {
  std::map<std::string, given> by_key;
  std::map<std::string, given> of_file;  // which may be a mistake though something else counts
  bool whole = true;  // no: there is a file, but nothing of it can be known
};

void take_file(const std::string& path, settings_given& into, texts& mistakes) {
  const auto text = read_file(path);
  if (!text) {
    mistakes.push_back("--config " + log::quoted(path) + ": cannot be read, or has more than " +
                       bytes_text(file_bytes_max));
    into.whole = false;
    return;
  }
  auto file = read_config_file(*text);
  into.whole = file.is_toml;
  const auto at = [&](std::size_t line) { return path + ":" + std::to_string(line) + ": "; };
  texts known;
  for (const auto& it : option_rows()) known.push_back(it.key);
  for (const auto& it : file.mistakes) mistakes.push_back(at(it.line) + it.message);
  for (auto& it : file.entries)
    if (std::find(known.begin(), known.end(), it.key) == known.end())
      mistakes.push_back(at(it.line) + log::quoted(it.key) + ": unknown key" +
                         did_you_mean(it.key, known));
    else
      into.of_file[it.key] = {std::move(it.values), at(it.line) + it.key};
  into.by_key = into.of_file;
}

/// Of each option what counts: the flag before the variable before the file.
settings_given collect(const CLI::App& app, const environment& env, texts& mistakes) {
  settings_given out;
  auto path = variable(env, "CONFAB_CONFIG").value_or("");
  if (const auto& flags = app.get_option("--config")->results(); !flags.empty())
    path = flags.back();
  if (!path.empty()) take_file(path, out, mistakes);
  for (const auto& it : option_rows()) {
    if (auto text = variable(env, it.variable())) out.by_key[it.key] = {{*text}, it.variable()};
    if (const auto& flags = app.get_option(it.flag())->results(); !flags.empty())
      out.by_key[it.key] = {flags, it.flag()};
  }
  return out;
}

/// Reads one option's value; returns the mistake with its place, if there is one.
std::optional<std::string> read_option(const option_row& row, const given& from, config& into) {
  const auto& [values, where] = from;
  std::optional<std::string> wrong;
  if (!row.repeatable && values.size() != 1 && !where.starts_with("--"))
    wrong = "must be one value, not a list";
  else
    wrong = row.read(into, values);
  if (!wrong) return std::nullopt;
  // Kubernetes sets CONFAB_PORT to a URL for every pod beside a service named confab.
  if (where == row.variable() && values[0].starts_with("tcp://"))
    *wrong += " (is it Kubernetes' service link? set enableServiceLinks: false)";
  return where + (values.empty() ? "" : " " + log::quoted(values.back())) + ": " + *wrong;
}

// --- the command line -------------------------------------------------------------------------

void add_valued(CLI::App& app, const std::string& flag) {
  // Taking every one and using the last is what lets a script append its own flags.
  app.add_option(flag)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_server_options(CLI::App& app) {
  app.set_help_flag();
  app.allow_extras();
  app.add_flag("-h,--help");
  app.add_flag("--version");
  add_valued(app, "--config");
  for (const auto& it : option_rows())
    if (it.placeholder.empty())
      app.add_flag(it.flag() + ",!--no-" + it.flag().substr(2))
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    else
      add_valued(app, it.flag());
}

void add_token_options(CLI::App& token) {
  token.set_help_flag();
  token.allow_extras();
  token.add_flag("-h,--help");
  token.add_flag("--admin");
  for (const auto* flag : {"--user", "--name", "--ttl", "--room", "--role", "--jwt-secret-file",
                           "--jwt-private-key-file", "--jwt-algorithm", "--jwt-issuer",
                           "--jwt-audience", "--jwt-user-claim"})
    add_valued(token, flag);
}

/// What is done with a journal, or asked of a server. Beside its own options it takes the server's,
/// which say where that is.
struct subcommand {
  const char* name;
  texts valued;    // options of its own
  texts switches;  // those without a value
  const char* nothing_to;  // with a journal in memory; null: that does not matter
  void (*print_help)(std::ostream&);
};
const subcommand subcommands[] = {
    {"check", {}, {"--rebuild"}, "check", print_check_help},
    {"backup", {"--to", "--wal-bytes-max"}, {}, "copy", print_backup_help},
    {"restore", {"--from"}, {}, "replace", print_restore_help},
    {"export", {"--to", "--wal-bytes-max"}, {}, "copy", print_export_help},
    {"import", {"--from"}, {"--keep-epochs"}, "replace", print_import_help},
    {"tail", {"--room"}, {}, nullptr, print_ask_help},
    {"status", {}, {}, nullptr, print_ask_help},
    {"rooms", {}, {}, nullptr, print_ask_help},
    {"users", {}, {}, nullptr, print_ask_help},
    {"kick", {"--user"}, {}, nullptr, print_ask_help},
    {"erase", {"--user"}, {}, nullptr, print_ask_help},
    {"drain", {}, {}, nullptr, print_ask_help},
    {"retention", {}, {}, nullptr, print_ask_help},
    {"api-key", {"--name", "--scopes"}, {}, nullptr, print_api_key_help},
};

void add_subcommand(CLI::App& app, const subcommand& it) {
  auto& added = *app.add_subcommand(it.name);
  added.set_help_flag();
  added.allow_extras();
  added.fallthrough();
  added.add_flag("-h,--help");
  for (const auto& flag : it.valued) add_valued(added, flag);
  for (const auto& flag : it.switches) added.add_flag(flag);
  if (it.name == std::string_view{"retention"}) added.add_option("what");
}

/// CLI11 splits the command line and finds unknown flags. Values are read here, because it stops
/// at the first mistake.
texts split(CLI::App& app, int argc, const char* const* argv) {
  texts mistakes;
  // It takes `--guests=` for yes; a script whose variable is empty did not mean that.
  for (int i = 1; i < argc; ++i)
    if (const std::string_view it = argv[i]; it.starts_with("--") && it.find('=') == it.size() - 1)
      mistakes.push_back(flag_name(it) + ": needs a value");
  if (!mistakes.empty()) return mistakes;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string_view text = error.what();
    mistakes.push_back(std::string{text.substr(0, text.find(':'))} + ": needs a value");
  } catch (const CLI::Error& error) {
    mistakes.push_back(error.what());
  }
  return mistakes;
}

texts names_of(const CLI::App& app) {
  texts out;
  for (const auto* it : app.get_options())
    for (const auto& name : it->get_lnames()) out.push_back("--" + name);
  return out;
}

std::optional<token_command> parse_token(const CLI::App& app, const environment& env,
                                         texts& mistakes) {
  const auto get = [&](const char* flag, const char* name) -> std::string {
    if (const auto& given = app.get_option(flag)->results(); !given.empty()) return given.back();
    return name ? variable(env, name).value_or("") : "";
  };
  token_claims claims;

  const auto user = get("--user", nullptr);
  if (user.empty())
    mistakes.push_back("--user: is missing");
  else if (auto id = user_id::make(user); id && !is_reserved(*id))
    claims.user = *id;
  else
    mistakes.push_back(
        "--user: must be [A-Za-z0-9_][A-Za-z0-9._:|@+=~-]{0,127}, and not begin with guest:, p: or "
        "gone:");

  claims.name = get("--name", nullptr);
  if (claims.name.size() > limits::name_bytes_max ||
      (!claims.name.empty() && !is_display_name(claims.name)))
    mistakes.push_back("--name: must be at most " + std::to_string(limits::name_bytes_max) +
                       " bytes of UTF-8 without control characters");

  if (const auto ttl = get("--ttl", nullptr); !ttl.empty()) {
    const auto value = read_time(ttl);
    if (!value || *value < 1s || *value > 3650 * 24h)
      mistakes.push_back("--ttl: must be 1s..3650d, with a unit: s, m, h, d");
    else
      claims.ttl = *value;
  }
  for (const auto& pattern : app.get_option("--room")->results()) {
    if (!is_room_pattern(pattern))
      mistakes.push_back("--room " + log::quoted(pattern) +
                         ": must be a room id, or the beginning of one and *");
    if (!claims.rooms) claims.rooms.emplace();
    claims.rooms->push_back(pattern);
  }
  for (const auto& text : app.get_option("--role")->results()) {
    const auto equals = text.rfind('=');
    const auto pattern = text.substr(0, equals);
    const auto role =
        equals == std::string::npos ? std::nullopt : role_named(text.substr(equals + 1));
    if (!is_room_pattern(pattern) || !role)
      mistakes.push_back("--role " + log::quoted(text) +
                         ": must be PATTERN=ROLE: reader, member, moderator or owner");
    else
      claims.roles[pattern] = *role;
  }
  claims.admin = app.get_option("--admin")->count() > 0;
  claims.issuer = get("--jwt-issuer", "CONFAB_JWT_ISSUER");
  claims.audience = get("--jwt-audience", "CONFAB_JWT_AUDIENCE");
  if (auto claim = get("--jwt-user-claim", "CONFAB_JWT_USER_CLAIM"); !claim.empty())
    claims.user_claim = std::move(claim);

  std::optional<jwt_algorithm> algorithm;
  if (const auto text = get("--jwt-algorithm", "CONFAB_JWT_ALGORITHM"); !text.empty()) {
    algorithm = parse_jwt_algorithm(text);
    if (!algorithm) mistakes.push_back("--jwt-algorithm " + log::quoted(text) + ": is not known");
  }
  // A flag says which one is meant, also where the environment names the other.
  auto secret = get("--jwt-secret-file", nullptr);
  auto key = get("--jwt-private-key-file", nullptr);
  if (secret.empty() && key.empty()) {
    secret = get("--jwt-secret-file", "CONFAB_JWT_SECRET_FILE");
    key = get("--jwt-private-key-file", "CONFAB_JWT_PRIVATE_KEY_FILE");
  }
  if (secret.empty() && key.empty()) {
    mistakes.push_back("--jwt-secret-file or --jwt-private-key-file: one is needed to sign");
    return std::nullopt;
  }
  if (!secret.empty() && !key.empty()) {
    mistakes.push_back("--jwt-secret-file and --jwt-private-key-file: only one can sign");
    return std::nullopt;
  }
  auto loaded =
      secret.empty()
          ? load_key("--jwt-private-key-file", key, key_use::private_key, algorithm, mistakes)
          : load_key("--jwt-secret-file", secret, key_use::secret, algorithm, mistakes);
  if (!loaded) return std::nullopt;
  return token_command{std::move(*loaded), std::move(claims)};
}

config parse_server(const CLI::App& app, const environment& env, texts& mistakes) {
  config result;
  const auto all = collect(app, env, mistakes);
  for (const auto& row : option_rows()) {
    const auto at = all.by_key.find(row.key);
    if (at == all.by_key.end()) continue;
    if (auto wrong = read_option(row, at->second, result)) mistakes.push_back(std::move(*wrong));
    const auto stands = all.of_file.find(row.key);
    if (config unused; stands != all.of_file.end() && stands->second.where != at->second.where)
      if (auto wrong = read_option(row, stands->second, unused)) mistakes.push_back(std::move(*wrong));
  }
  // Whether options go together can be said only when all are known.
  if (!all.whole) return result;
  for (auto& it : load_token_keys(result)) mistakes.push_back(std::move(it));
  for (auto& it : load_api_keys(result)) mistakes.push_back(std::move(it));
  for (auto& it : load_hook_secret(result)) mistakes.push_back(std::move(it));
  for (auto& it : mistakes_in(result)) mistakes.push_back(std::move(it));
  return result;
}

command_line parse_subcommand(const CLI::App& app, const CLI::App& one,
                                   const subcommand& what, const environment& env,
                                   std::ostream& err) {
  texts mistakes;
  auto known = names_of(app);
  for (const auto* own : {&what.valued, &what.switches})
    known.insert(known.end(), own->begin(), own->end());
  report_unknown(app.remaining(), known, mistakes);
  report_unknown(one.remaining(), known, mistakes);
  const auto server = parse_server(app, env, mistakes);
  if (what.nothing_to && server.journal == journal_kind::memory)
    mistakes.push_back("--journal memory: leaves nothing to " + std::string{what.nothing_to});
  const auto value = [&](const char* flag) {
    const auto& given = one.get_option(flag)->results();
    return given.empty() ? std::string{} : given.back();
  };
  const auto needed = [&](const char* flag) {
    auto text = value(flag);
    if (text.empty()) mistakes.push_back(std::string{flag} + ": is missing");
    return text;
  };

  const auto wal_bytes_max = [&](std::size_t fallback) {
    constexpr std::size_t least = std::size_t{128} << 20;  // it may have so much as it is
    const auto text = value("--wal-bytes-max");
    if (text.empty()) return fallback;
    const auto bytes = read_bytes(text);
    if (bytes && *bytes >= least) return *bytes;
    mistakes.push_back("--wal-bytes-max " + log::quoted(text) + ": must be at least " +
                       bytes_text(least) + ", with a unit: MiB, GiB");
    return fallback;
  };
  const auto is_set = [&](const char* flag) { return one.get_option(flag)->count() > 0; };

  command_line out = check_command{server.data, false};
  const std::string_view name = what.name;
  if (name == "check") {
    out = check_command{server.data, is_set("--rebuild")};
  } else if (name == "backup") {
    out = backup_command{server.data, needed("--to"), wal_bytes_max(backup_command{}.wal_bytes_max)};
  } else if (name == "restore") {
    out = restore_command{server.data, needed("--from")};
  } else if (name == "export") {
    out = export_command{server.data, value("--to"), wal_bytes_max(export_command{}.wal_bytes_max)};
  } else if (name == "import") {
    out = import_command{server.data, value("--from"), is_set("--keep-epochs")};
  } else if (name == "api-key") {
    api_key_command key{needed("--name"), needed("--scopes")};
    if (!key.name.empty() && !api::is_key_name(key.name))
      mistakes.push_back("--name: must be 1..32 of a-z, 0-9 and -");
    if (!key.scopes.empty() && !api::read_scopes(key.scopes))
      mistakes.push_back("--scopes: see confabd api-key --help");
    out = std::move(key);
  } else {
    ask_command ask{server.admin_socket_path(), {std::string{name}}};
    if (ask.socket.empty()) mistakes.push_back("--admin-socket: is missing");
    if (name == "kick" || name == "erase") ask.words.push_back(needed("--user"));
    if (name == "retention" && value("what") == "resume")
      ask.words.push_back("resume");
    else if (name == "retention")
      mistakes.push_back("retention: must be followed by resume");
    if (name == "tail")
      out = tail_command{ask.socket, needed("--room")};
    else
      out = std::move(ask);
  }
  if (mistakes.empty()) return out;
  return exit_code{report(err, mistakes, "confabd " + std::string{name} + " --help")};
}

}  // namespace

int run(const token_command& what, unix_ms now, std::ostream& out, std::ostream& err) {
  const auto result = mint(what.key, what.claims, now);
  if (const auto* text = std::get_if<std::string>(&result)) {
    err << "confabd: " << *text << '\n';
    return 1;
  }
  out << std::get<minted>(result).token << '\n' << std::flush;
  return out ? 0 : 1;
}

command_line parse(int argc, const char* const* argv, const environment& env, std::ostream& out,
                   std::ostream& err) {
  CLI::App app;
  add_server_options(app);
  auto& token = *app.add_subcommand("token");
  add_token_options(token);
  for (const auto& it : subcommands) add_subcommand(app, it);

  auto mistakes = split(app, argc, argv);
  if (!mistakes.empty()) return exit_code{report(err, mistakes, "confabd --help")};
  if (app.get_option("--help")->count() > 0) return print_help(out), exit_code{0};
  if (app.get_option("--version")->count() > 0)
    return out << "confabd " CONFAB_VERSION "\n", exit_code{0};
  if (token.parsed() && token.get_option("--help")->count() > 0)
    return print_token_help(out), exit_code{0};
  for (const auto& it : subcommands)
    if (const auto& one = *app.get_subcommand(it.name);
        one.parsed() && one.get_option("--help")->count() > 0)
      return it.print_help(out), exit_code{0};

  auto known = names_of(app);
  if (token.parsed()) {
    report_unknown(app.remaining(), known, mistakes);
    for (const auto* it : app.get_options())
      if (it->count() > 0)
        mistakes.push_back(it->get_name() + ": is an option of the server, not of confabd token");
    report_unknown(token.remaining(), names_of(token), mistakes);
    auto command = parse_token(token, env, mistakes);
    if (!mistakes.empty()) return exit_code{report(err, mistakes, "confabd token --help")};
    return std::move(*command);
  }
  for (const auto& it : subcommands)
    if (const auto& one = *app.get_subcommand(it.name); one.parsed())
      return parse_subcommand(app, one, it, env, err);
  report_unknown(app.remaining(), known, mistakes);
  auto result = parse_server(app, env, mistakes);
  if (!mistakes.empty()) return exit_code{report(err, mistakes, "confabd --help")};
  return result;
}

}  // namespace confab::server
