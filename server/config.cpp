#include "server/config.hpp"

#include "protocol/codec.hpp"
#include "server/config_file.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>     // App needs it to link
#include <CLI/Formatter.hpp>  // so does this

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <sstream>

namespace confab::server {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using mistake = std::optional<std::string>;
using texts = std::vector<std::string>;

// --- values as people write them --------------------------------------------------------------

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct unit_row {
  std::string_view name;
  std::uint64_t factor;
};
// Smallest first: printing takes the last one that divides.
constexpr std::array time_units{unit_row{"ms", 1}, unit_row{"s", 1000}, unit_row{"m", 60'000},
                                unit_row{"h", 3'600'000}, unit_row{"d", 86'400'000}};
constexpr std::array byte_units{unit_row{"B", 1}, unit_row{"KiB", 1024},
                                unit_row{"MiB", 1024 * 1024}, unit_row{"GiB", 1024 * 1024 * 1024}};

template <std::size_t N>
std::optional<std::uint64_t> with_unit(std::string_view text, const std::array<unit_row, N>& units,
                                       bool unit_required) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = whole_number(text.substr(0, digits));
  auto unit = text.substr(digits);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (!number) return std::nullopt;
  if (unit.empty()) return unit_required && *number != 0 ? std::nullopt : number;
  for (const auto& it : units)
    if (it.name == unit) {
      if (*number > UINT64_MAX / it.factor) return std::nullopt;
      return *number * it.factor;
    }
  return std::nullopt;
}

std::string time_text(milliseconds time) {
  auto count = static_cast<std::uint64_t>(time.count());
  if (count == 0) return "0s";
  // A day is clearer as 24h than 24h is as 1d.
  for (auto it = time_units.rbegin() + 1; it != time_units.rend(); ++it)
    if (count % it->factor == 0) return std::to_string(count / it->factor) + std::string{it->name};
  return {};
}

std::string bytes_text(std::uint64_t count) {
  for (auto it = byte_units.rbegin(); count != 0 && it->factor > 1; ++it)
    if (count % it->factor == 0) return std::to_string(count / it->factor) + std::string{it->name};
  return std::to_string(count);
}

std::optional<bool> yes_or_no(std::string_view text) {
  for (const auto* yes : {"true", "yes", "on", "1"})
    if (text == yes) return true;
  for (const auto* no : {"false", "no", "off", "0"})
    if (text == no) return false;
  return std::nullopt;
}

// --- kinds of options -------------------------------------------------------------------------

struct about {
  std::string key;
  std::string group;
  std::string meaning;
};

option_row row(about what, std::string placeholder, std::string range) {
  option_row out;
  out.key = std::move(what.key);
  out.group = std::move(what.group);
  out.meaning = std::move(what.meaning);
  out.placeholder = std::move(placeholder);
  out.range = std::move(range);
  return out;
}

option_row text(about what, std::string placeholder, std::string config::*field) {
  auto out = row(std::move(what), std::move(placeholder), "");
  out.read = [field](config& into, const texts& given) -> mistake {
    into.*field = given.back();
    return {};
  };
  out.print = [field](const config& of) { return of.*field; };
  return out;
}

template <class T>
option_row number(about what, T config::*field, std::uint64_t least, std::uint64_t most) {
  const auto range = std::to_string(least) + ".." + std::to_string(most);
  auto out = row(std::move(what), "N", range);
  out.read = [=](config& into, const texts& given) -> mistake {
    const auto value = whole_number(given.back());
    if (!value || *value < least || *value > most) return "must be a whole number in " + range;
    into.*field = static_cast<T>(*value);
    return {};
  };
  out.print = [field](const config& of) { return std::to_string(of.*field); };
  return out;
}

option_row bytes(about what, std::size_t config::*field, std::size_t least, std::size_t most) {
  const auto range = bytes_text(least) + ".." + bytes_text(most);
  auto out = row(std::move(what), "BYTES", range);
  out.read = [=](config& into, const texts& given) -> mistake {
    const auto value = with_unit(given.back(), byte_units, false);
    if (!value) return "must be bytes, or with a unit: B, KiB, MiB, GiB";
    if (*value < least || *value > most) return "must be in " + range;
    into.*field = *value;
    return {};
  };
  out.print = [field](const config& of) { return bytes_text(of.*field); };
  return out;
}

option_row time(about what, milliseconds config::*field, milliseconds least, milliseconds most) {
  const auto range = time_text(least) + ".." + time_text(most);
  auto out = row(std::move(what), "TIME", range);
  out.read = [=](config& into, const texts& given) -> mistake {
    const auto value = with_unit(given.back(), time_units, true);
    if (!value) return "must be a whole number with a unit: ms, s, m, h, d";
    if (*value < static_cast<std::uint64_t>(least.count()) ||
        *value > static_cast<std::uint64_t>(most.count()))
      return "must be in " + range;
    into.*field = milliseconds{*value};
    return {};
  };
  out.print = [field](const config& of) { return time_text(of.*field); };
  return out;
}

template <class Field>
option_row yes_no(about what, Field config::*field) {
  auto out = row(std::move(what), "", "true, false");
  out.read = [field](config& into, const texts& given) -> mistake {
    const auto value = yes_or_no(given.back());
    if (!value) return "must be true or false";
    into.*field = *value;
    return {};
  };
  out.print = [field](const config& of) -> std::string {
    const std::optional<bool> value = of.*field;
    return !value ? "" : *value ? "true" : "false";
  };
  return out;
}

template <class Field, class Value>
option_row one_of(about what, std::string placeholder, Field config::*field,
                  std::vector<std::pair<std::string, Value>> choices) {
  std::string range;
  for (const auto& [name, value] : choices) range += (range.empty() ? "" : ", ") + name;
  auto out = row(std::move(what), std::move(placeholder), range);
  out.read = [=](config& into, const texts& given) -> mistake {
    for (const auto& [name, value] : choices)
      if (name == given.back()) {
        into.*field = value;
        return {};
      }
    return "must be one of " + range;
  };
  out.print = [=](const config& of) -> std::string {
    for (const auto& [name, value] : choices)
      if (of.*field == value) return name;
    return "";
  };
  return out;
}

option_row list(about what, std::string placeholder, std::vector<std::string> config::*field) {
  auto out = row(std::move(what), std::move(placeholder), "");
  out.repeatable = true;
  out.read = [field](config& into, const texts& given) -> mistake {
    std::vector<std::string> items;
    for (const auto& each : given)
      for (std::size_t from = 0; from <= each.size();) {
        const auto comma = std::min(each.find(',', from), each.size());
        auto item = each.substr(from, comma - from);
        while (item.starts_with(' ')) item.erase(0, 1);
        while (item.ends_with(' ')) item.pop_back();
        if (!item.empty()) items.push_back(std::move(item));
        from = comma + 1;
      }
    into.*field = std::move(items);
    return {};
  };
  out.print = [field](const config& of) {
    std::string joined;
    for (const auto& item : of.*field) joined += (joined.empty() ? "" : ",") + item;
    return joined;
  };
  return out;
}

// A member's name hides that of the type.
using algorithm_type = enum jwt_algorithm;

std::vector<option_row> make_rows() {
  std::vector<std::pair<std::string, algorithm_type>> algorithms;
  for (auto i = algorithm_type::hs256; i <= algorithm_type::es512;
       i = static_cast<algorithm_type>(static_cast<int>(i) + 1))
    algorithms.emplace_back(name(i), i);

  const std::string listening = "Listening";
  const std::string sign_in = "Sign-in";
  const std::string storage = "Storage";
  const std::string rules = "Limits";
  const std::string waits = "Waits";
  const std::string process = "Process";
  constexpr std::size_t mib = 1024 * 1024;
  return {
      text({"host", listening, "address to listen on"}, "ADDRESS", &config::host),
      number({"port", listening, "port to listen on; 0: any free one"}, &config::port, 0, 65535),
      text({"tls_cert", listening, "certificate with its chain, PEM; turns TLS on"}, "FILE",
           &config::tls_cert),
      text({"tls_key", listening, "private key of the certificate, PEM"}, "FILE", &config::tls_key),
      list({"origins", listening,
            "origins (https://chat.example) that browsers may connect from beside the server's "
            "own; *: any. Repeat it, or separate by commas"},
           "ORIGIN", &config::origins),
      yes_no({"compression", listening, "accept permessage-deflate where a client offers it"},
             &config::compression),

      yes_no({"guests", sign_in,
              "let anyone in without a token, under any name that is asked for. Unless said: only "
              "on loopback, and only without a token key"},
             &config::guests),
      text({"jwt_secret_file", sign_in,
            "secret that signs tokens (HS256). One line break at the end does not count"},
           "FILE", &config::jwt_secret_file),
      text({"jwt_key_file", sign_in, "public key that verifies tokens (RS256, ES256), PEM"}, "FILE",
           &config::jwt_key_file),
      one_of({"jwt_algorithm", sign_in,
              "the only algorithm tokens may use. Unless said: by the key, HS256 for a secret, "
              "RS256 for RSA, ES256 for EC P-256"},
             "NAME", &config::jwt_algorithm, algorithms),
      time({"jwt_leeway", sign_in, "how far the clock of the tokens' issuer may be off"},
           &config::jwt_leeway, 0ms, 10min),
      text({"jwt_issuer", sign_in, "what a token's iss must be; unless said, anything"}, "TEXT",
           &config::jwt_issuer),
      text({"jwt_audience", sign_in, "what a token's aud must be or hold; unless said, anything"},
           "TEXT", &config::jwt_audience),

      one_of({"journal", storage, "where messages are kept; memory loses them with the process"},
             "KIND", &config::journal,
             std::vector<std::pair<std::string, journal_kind>>{{"sqlite", journal_kind::sqlite},
                                                               {"memory", journal_kind::memory}}),
      text({"data", storage, "directory of the journal; made if it is not there"}, "DIR",
           &config::data),
      time({"dedupe_age", storage,
            "how long the key of a message is remembered at least; it is forgotten when it is "
            "older than this and further back than dedupe_count"},
           &config::dedupe_age, 0ms, 30 * 24h),
      number({"dedupe_count", storage, "how many keys are remembered at least"},
             &config::dedupe_count, 0, 100'000'000),

      yes_no({"create_rooms", rules, "joining an unknown room creates it"}, &config::create_rooms),
      number({"rate_commands", rules, "commands a second and session; 0: no limit"},
             &config::rate_commands, 0, 1'000'000),
      number({"rate_burst", rules, "commands at once after a pause"}, &config::rate_burst, 1,
             10'000'000),
      bytes({"text_bytes", rules, "longest text of a message"}, &config::text_bytes, 1, 240 * 1024),
      bytes({"frame_bytes", rules, "largest message of the WebSocket that a client may send"},
            &config::frame_bytes, 1024, 16 * mib),
      bytes({"outbox_bytes", rules, "what may wait for a slow reader before it is closed (4000)"},
            &config::outbox_bytes, 64 * 1024, 1024 * mib),
      number({"rooms_per_session", rules, "rooms one connection may be in"},
             &config::rooms_per_session, 1, 10'000),
      number({"connections_max", rules, "connections at once; more are refused"},
             &config::connections_max, 1, 10'000'000),
      number(
          {"connections_per_address", rules,
           "connections at once from one address; 0: no limit (behind a proxy all come from one)"},
          &config::connections_per_address, 0, 10'000'000),

      time({"handshake_wait", waits, "for TLS and the whole request header"},
           &config::handshake_wait, 100ms, 10min),
      time({"hello_wait", waits, "for the hello after the upgrade (then 4002)"},
           &config::hello_wait, 100ms, 10min),
      time({"ping_interval", waits, "between pings"}, &config::ping_interval, 100ms, 1h),
      time({"pong_wait", waits, "for the pong (then 4001)"}, &config::pong_wait, 100ms, 10min),
      time({"close_wait", waits, "for the close frame of the other side"}, &config::close_wait,
           100ms, 1min),
      time({"drain_wait", waits, "for what is in flight when the server stops"},
           &config::drain_wait, 0ms, 10min),

      number({"shards", process, "threads that serve; 0: as many as cores"}, &config::shards, 0,
             256),
      text({"node", process, "name of this server, for clients and logs"}, "NAME", &config::node),
      one_of({"log_level", process, "least level of a line to be written"}, "LEVEL",
             &config::log_level,
             std::vector<std::pair<std::string, log::level>>{{"debug", log::level::debug},
                                                             {"info", log::level::info},
                                                             {"warn", log::level::warn},
                                                             {"error", log::level::error},
                                                             {"off", log::level::off}}),
      one_of({"log_format", process, "how lines are written to stderr"}, "FORMAT",
             &config::log_format,
             std::vector<std::pair<std::string, log::format>>{{"text", log::format::text},
                                                              {"json", log::format::json}}),
  };
}

// --- help -------------------------------------------------------------------------------------

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

void print_help(std::ostream& out) {
  out << "Confab: a multi-room chat server.\n"
         "\n"
         "usage: confabd [OPTION]...\n"
         "       confabd token --user ID [OPTION]...    make a token; see confabd token --help\n";
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
  out << "Prints a token for one user (PROTOCOL: hello).\n"
         "\n"
         "usage: confabd token --user ID (--jwt-secret-file FILE | --jwt-private-key-file FILE) "
         "[OPTION]...\n\n";
  print_option(out, "--user ID", "who it is for");
  print_option(out, "--name TEXT", "name to show (the id)");
  print_option(out, "--ttl TIME", "how long it is valid: 15m, 1h, 30d (1h)");
  print_option(out, "--room PATTERN",
               "a room, or team-* for all that begin so; repeat it (every room)");
  print_option(out, "--role PATTERN=ROLE", "member or moderator in those rooms; repeat it");
  print_option(out, "--admin", "may do everything");
  print_option(out, "--jwt-secret-file FILE", "the server's secret (CONFAB_JWT_SECRET_FILE)");
  print_option(out, "--jwt-private-key-file FILE",
               "the private key to the server's public one, PEM (CONFAB_JWT_PRIVATE_KEY_FILE)");
  print_option(out, "--jwt-algorithm NAME", "as the server's (CONFAB_JWT_ALGORITHM; by the key)");
  print_option(out, "--jwt-issuer TEXT", "as the server's (CONFAB_JWT_ISSUER)");
  print_option(out, "--jwt-audience TEXT", "as the server's (CONFAB_JWT_AUDIENCE)");
  print_option(out, "-h, --help", "print this");
}

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

// --- the command line -------------------------------------------------------------------------

CLI::Option* valued(CLI::App& app, const std::string& flag) {
  // Taking every one and using the last is what lets a script append its own flags.
  return app.add_option(flag)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

texts names_of(const CLI::App& app) {
  texts out;
  for (const auto* it : app.get_options())
    for (const auto& name : it->get_lnames()) out.push_back("--" + name);
  return out;
}

std::optional<std::string> variable(const environment& env, const std::string& name) {
  const auto* text = env ? env(name.c_str()) : nullptr;
  if (!text || !*text) return std::nullopt;
  return text;
}

std::variant<token_command, exit_code> parse_token(CLI::App& app, const environment& env,
                                                   std::ostream& err, texts mistakes) {
  const auto get = [&](const char* flag, const char* name) -> std::string {
    if (const auto& given = app.get_option(flag)->results(); !given.empty()) return given.back();
    return name ? variable(env, name).value_or("") : "";
  };
  token_claims claims;

  const auto user = get("--user", nullptr);
  if (user.empty())
    mistakes.push_back("--user: is missing");
  else if (auto id = user_id::make(user))
    claims.user = *id;
  else
    mistakes.push_back("--user: must be [A-Za-z0-9][A-Za-z0-9._:-]{0,63}");

  claims.name = get("--name", nullptr);
  if (claims.name.size() > limits::name_bytes_max || !is_clean_text(claims.name, false))
    mistakes.push_back("--name: must be at most " + std::to_string(limits::name_bytes_max) +
                       " bytes of UTF-8 without control characters");

  if (const auto ttl = get("--ttl", nullptr); !ttl.empty()) {
    const auto value = with_unit(ttl, time_units, true);
    constexpr std::uint64_t ten_years = 3650ull * 86'400'000;
    if (!value || *value < 1000 || *value > ten_years)
      mistakes.push_back("--ttl: must be 1s..3650d, with a unit: s, m, h, d");
    else
      claims.ttl = milliseconds{*value};
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
    const auto role = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (!is_room_pattern(pattern) || (role != "member" && role != "moderator"))
      mistakes.push_back("--role " + log::quoted(text) +
                         ": must be PATTERN=member or PATTERN=moderator");
    else
      claims.roles[pattern] = role == "moderator" ? actors::role::moderator : actors::role::member;
  }
  claims.admin = app.get_option("--admin")->count() > 0;
  claims.issuer = get("--jwt-issuer", "CONFAB_JWT_ISSUER");
  claims.audience = get("--jwt-audience", "CONFAB_JWT_AUDIENCE");

  std::optional<algorithm_type> algorithm;
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
  std::optional<jwt_key> loaded;
  if (secret.empty() == key.empty()) {
    mistakes.push_back(secret.empty()
                           ? "--jwt-secret-file or --jwt-private-key-file: one is needed to sign"
                           : "--jwt-secret-file and --jwt-private-key-file: only one can sign");
  } else {
    const auto use = key.empty() ? key_use::secret : key_use::private_key;
    auto result = jwt_key::load(use, key.empty() ? secret : key, algorithm);
    if (auto* text = std::get_if<std::string>(&result))
      mistakes.push_back((key.empty() ? "--jwt-secret-file " : "--jwt-private-key-file ") +
                         log::quoted(key.empty() ? secret : key) + ": " + *text);
    else
      loaded = std::get<jwt_key>(std::move(result));
  }
  if (!mistakes.empty()) return exit_code{report(err, mistakes, "confabd token --help")};
  return token_command{std::move(*loaded), std::move(claims)};
}

/// One option's value and where it came from.
struct given {
  texts values;
  std::string where;
};

std::optional<file_contents> read_file(const std::string& path, texts& mistakes) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream text;
  if (!in || std::filesystem::is_directory(path) || (in.peek(), in.bad())) {
    mistakes.push_back("--config " + log::quoted(path) + ": cannot be read");
    return std::nullopt;
  }
  in.clear();
  text << in.rdbuf();
  return read_config_file(text.str());
}

bool is_readable_file(const std::string& path) {
  std::error_code error;
  return !std::filesystem::is_directory(path, error) && std::ifstream{path}.good();
}

bool is_origin(std::string_view text) {
  if (text == "*") return true;
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return false;
  const auto host = text.substr(scheme + 3);
  return !host.empty() && host.find_first_of("/?#@ \t\"*") == std::string_view::npos &&
         std::none_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// The key that tokens are verified with, if one is configured.
void load_token_key(config& into, texts& mistakes) {
  if (!into.jwt_secret_file.empty() && !into.jwt_key_file.empty()) {
    mistakes.push_back("--jwt-secret-file and --jwt-key-file: give one of them");
    return;
  }
  const bool is_secret = !into.jwt_secret_file.empty();
  const auto& file = is_secret ? into.jwt_secret_file : into.jwt_key_file;
  if (file.empty()) {
    if (into.jwt_algorithm)
      mistakes.push_back("--jwt-algorithm: needs --jwt-secret-file or --jwt-key-file");
    return;
  }
  auto loaded =
      jwt_key::load(is_secret ? key_use::secret : key_use::public_key, file, into.jwt_algorithm);
  if (const auto* text = std::get_if<std::string>(&loaded))
    mistakes.push_back((is_secret ? "--jwt-secret-file " : "--jwt-key-file ") + log::quoted(file) +
                       ": " + *text);
  else
    into.token_key = std::get<jwt_key>(std::move(loaded));
}

}  // namespace

bool is_loopback(const std::string& host) noexcept {
  if (host == "localhost") return true;
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool config::guests_allowed() const noexcept {
  const bool has_key = token_key || !jwt_secret_file.empty() || !jwt_key_file.empty();
  return guests.value_or(!has_key && is_loopback(host));
}

std::unique_ptr<actors::authenticator> make_authenticator(const config& from) {
  return make_authenticator(from.token_key, {from.jwt_leeway, from.jwt_issuer, from.jwt_audience},
                            from.guests_allowed());
}

std::string option_row::flag() const {
  auto out = "--" + key;
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

std::string option_row::variable() const {
  auto out = "CONFAB_" + key;
  for (auto& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string option_row::fallback() const { return print(config{}); }

const std::vector<option_row>& option_rows() {
  static const auto rows = make_rows();
  return rows;
}

std::vector<log::field> settings(const config& of) {
  std::vector<log::field> out;
  for (const auto& it : option_rows()) {
    auto text = it.print(of);
    // The effective value, where unset means "it depends".
    if (it.key == "guests") text = of.guests_allowed() ? "true" : "false";
    if (it.key == "jwt_algorithm" && of.token_key) text = name(of.token_key->algorithm());
    if (!text.empty()) out.push_back({it.key, std::move(text)});
  }
  return out;
}

std::vector<std::string> mistakes_in(const config& it) {
  texts out;
  const auto add = [&](bool wrong, std::string text) {
    if (wrong) out.push_back(std::move(text));
  };

  const bool has_key = it.token_key || !it.jwt_secret_file.empty() || !it.jwt_key_file.empty();
  const bool bad_host = it.host.empty() || it.host.find_first_of("[]/ ") != std::string::npos;

  add(bad_host, "--host: must be an address or a name, without port and brackets");
  add(it.tls_cert.empty() != it.tls_key.empty(), "--tls-cert and --tls-key: one needs the other");
  for (const auto& [flag, file] :
       {std::pair{"--tls-cert ", &it.tls_cert}, {"--tls-key ", &it.tls_key}})
    add(!file->empty() && !is_readable_file(*file), flag + log::quoted(*file) + ": cannot be read");
  for (const auto& origin : it.origins)
    add(!is_origin(origin),
        "--origins " + log::quoted(origin) +
            ": must be scheme://host or scheme://host:port in lower case, or *");

  std::error_code error;
  add(it.journal == journal_kind::sqlite && it.data.empty(), "--data: is missing");
  add(it.journal == journal_kind::sqlite && std::filesystem::exists(it.data, error) &&
          !std::filesystem::is_directory(it.data, error),
      "--data " + log::quoted(it.data) + ": is not a directory");
  add(it.dedupe_age < 24h && it.dedupe_count < 100'000,
      "--dedupe-age and --dedupe-count: the protocol promises 24h or 100000");

  add(it.guests == false && !has_key,
      "--no-guests: needs --jwt-secret-file or --jwt-key-file, or nobody could sign in");
  add(!it.guests && !bad_host && !has_key && !it.guests_allowed(),
      "--host " + log::quoted(it.host) +
          ": is not loopback, so guests are not let in unless --guests is said; or give "
          "--jwt-secret-file or --jwt-key-file");

  add(it.rate_commands > 0 && it.rate_burst < it.rate_commands,
      "--rate-burst: must be at least --rate-commands (" + std::to_string(it.rate_commands) + ")");
  add(it.text_bytes + limits::data_bytes_max >= it.frame_bytes,
      "--frame-bytes: must be more than --text-bytes and " + bytes_text(limits::data_bytes_max) +
          " of data together (" + bytes_text(it.text_bytes + limits::data_bytes_max) + ")");
  add(it.outbox_bytes <= 2 * limits::page_bytes_max,
      "--outbox-bytes: must be more than two pages of history (" +
          bytes_text(2 * limits::page_bytes_max) + ")");
  add(it.connections_per_address > it.connections_max,
      "--connections-per-address: must be at most --connections-max (" +
          std::to_string(it.connections_max) + ")");
  add(it.pong_wait > it.ping_interval,
      "--pong-wait: must be at most --ping-interval (" + time_text(it.ping_interval) + ")");
  add(!is_valid_id(it.node), "--node: must be [A-Za-z0-9][A-Za-z0-9._:-]{0,63}");
  return out;
}

int run(const token_command& what, unix_ms now, std::ostream& out, std::ostream& err) {
  const auto result = mint(what.key, what.claims, now);
  if (const auto* text = std::get_if<std::string>(&result)) {
    err << "confabd: " << *text << '\n';
    return 1;
  }
  out << std::get<minted>(result).token << '\n' << std::flush;
  return out ? 0 : 1;
}

std::variant<config, token_command, exit_code> parse(int argc, const char* const* argv,
                                                     const environment& env, std::ostream& out,
                                                     std::ostream& err) {
  // CLI11 splits the command line and finds unknown flags. Values are read here, because it stops
  // at the first mistake.
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.add_flag("-h,--help");
  app.add_flag("--version");
  valued(app, "--config");
  for (const auto& it : option_rows())
    if (it.placeholder.empty())
      app.add_flag(it.flag() + ",!--no-" + it.flag().substr(2))
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    else
      valued(app, it.flag());
  auto& token = *app.add_subcommand("token");
  token.set_help_flag();
  token.allow_extras();
  token.add_flag("-h,--help");
  token.add_flag("--admin");
  for (const auto* flag :
       {"--user", "--name", "--ttl", "--room", "--role", "--jwt-secret-file",
        "--jwt-private-key-file", "--jwt-algorithm", "--jwt-issuer", "--jwt-audience"})
    valued(token, flag);

  texts mistakes;
  // CLI11 takes `--guests=` for yes; a script whose variable is empty did not mean that.
  for (int i = 1; i < argc; ++i)
    if (const std::string_view it = argv[i]; it.starts_with("--") && it.find('=') == it.size() - 1)
      mistakes.push_back(flag_name(it) + ": needs a value");
  if (!mistakes.empty()) return exit_code{report(err, mistakes, "confabd --help")};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string_view text = error.what();
    return exit_code{report(err, {std::string{text.substr(0, text.find(':'))} + ": needs a value"},
                            "confabd --help")};
  } catch (const CLI::Error& error) {
    return exit_code{report(err, {error.what()}, "confabd --help")};
  }
  if (app.get_option("--help")->count() > 0) return print_help(out), exit_code{0};
  if (app.get_option("--version")->count() > 0)
    return out << "confabd " CONFAB_VERSION "\n", exit_code{0};
  if (token.parsed()) {
    if (token.get_option("--help")->count() > 0) return print_token_help(out), exit_code{0};
    for (const auto* it : app.get_options())
      if (it->count() > 0)
        mistakes.push_back(it->get_name() + ": is an option of the server, not of confabd token");
    report_unknown(app.remaining(), names_of(app), mistakes);
    report_unknown(token.remaining(), names_of(token), mistakes);
    return std::visit(
        [](auto&& it) -> std::variant<config, token_command, exit_code> { return it; },
        parse_token(token, env, err, std::move(mistakes)));
  }
  report_unknown(app.remaining(), names_of(app), mistakes);

  std::map<std::string, given> settings_given;
  auto path = variable(env, "CONFAB_CONFIG").value_or("");
  if (const auto& flags = app.get_option("--config")->results(); !flags.empty())
    path = flags.back();
  if (!path.empty()) {
    if (auto file = read_file(path, mistakes)) {
      texts known;
      for (const auto& it : option_rows()) known.push_back(it.key);
      for (const auto& it : file->mistakes)
        mistakes.push_back(path + ":" + std::to_string(it.line) + ": " + it.message);
      for (auto& it : file->entries) {
        const auto where = path + ":" + std::to_string(it.line) + ": " + it.key;
        if (std::find(known.begin(), known.end(), it.key) == known.end())
          mistakes.push_back(where + ": unknown key" + did_you_mean(it.key, known));
        else
          settings_given[it.key] = {std::move(it.values), where};
      }
    }
  }
  for (const auto& it : option_rows()) {
    if (auto text = variable(env, it.variable())) settings_given[it.key] = {{*text}, it.variable()};
    if (const auto& flags = app.get_option(it.flag())->results(); !flags.empty())
      settings_given[it.key] = {flags, it.flag()};
  }

  config result;
  for (const auto& it : option_rows()) {
    const auto at = settings_given.find(it.key);
    if (at == settings_given.end()) continue;
    const auto& [values, where] = at->second;
    mistake wrong;
    if (!it.repeatable && values.size() != 1 && !where.starts_with("--"))
      wrong = "must be one value, not a list";
    else if (!values.empty() || it.repeatable)
      wrong = it.read(result, values);
    if (!wrong) continue;
    // Kubernetes sets CONFAB_PORT to a URL for every pod beside a service named confab.
    if (values.size() == 1 && values[0].starts_with("tcp://") && where == it.variable())
      *wrong += " (is it Kubernetes' service link? set enableServiceLinks: false)";
    const auto shown = values.empty() ? "" : " " + log::quoted(values.back());
    mistakes.push_back(where + shown + ": " + *wrong);
  }
  load_token_key(result, mistakes);
  for (auto& it : mistakes_in(result)) mistakes.push_back(std::move(it));
  if (!mistakes.empty()) return exit_code{report(err, mistakes, "confabd --help")};
  return result;
}

}  // namespace confab::server
