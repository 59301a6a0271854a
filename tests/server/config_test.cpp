#include "server/options.hpp"

#include "tests/server/keys.hpp"
#include "tests/server/temporary_directory.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <sstream>

namespace confab::server {
namespace {

using namespace std::chrono_literals;

const std::string secret = "0123456789abcdef0123456789abcdef";

struct outcome {
  command_line result;
  std::string out;
  std::string err;

  const config& configured() const {
    INFO(err);
    REQUIRE(std::holds_alternative<config>(result));
    return std::get<config>(result);
  }
  int code() const {
    const auto* it = std::get_if<exit_code>(&result);
    return it ? it->value : -1;
  }
  bool complains(std::string_view line) const {
    return ("\n" + err).find("\n  " + std::string{line}) != std::string::npos;
  }
};

outcome parsed(std::vector<std::string> arguments,
               std::map<std::string, std::string> variables = {}) {
  std::vector<const char*> argv{"confabd"};
  for (const auto& it : arguments) argv.push_back(it.c_str());
  std::ostringstream out;
  std::ostringstream err;
  auto result = parse(
      static_cast<int>(argv.size()), argv.data(),
      [&](const char* name) -> const char* {
        const auto at = variables.find(name);
        return at == variables.end() ? nullptr : at->second.c_str();
      },
      out, err);
  return {std::move(result), out.str(), err.str()};
}

std::string value_of(const config& of, std::string_view key) {
  for (const auto& it : option_rows())
    if (it.key == key) return it.print(of);
  return "no such option";
}

/// A value for each option that is valid and not its default.
const std::map<std::string, std::string>& other_values() {
  static const std::map<std::string, std::string> values{
      {"host", "::1"},
      {"port", "9999"},
      {"admin_listen", "127.0.0.1:9090"},
      {"admin_socket", "elsewhere.sock"},
      {"hook_nets", "10.0.0.0/8,fd00::1"},
      {"hook_check_rooms", "team-*,dm:*"},
      {"hook_check_fail", "open"},
      {"hook_check_budget", "2s"},
      {"hook_retry", "10ms"},
      {"notify_after", "2s"},
      {"notify_within", "10m"},
      {"api_rate", "17"},
      {"api_burst", "18"},
      {"origins", "https://a.example,https://b.example:8443"},
      {"hosts", "a.example,*.b.example:8443"},
      {"trust_proxy", "10.0.0.0/8,fd00::1"},
      {"proxy_protocol", "true"},
      {"base_path", "/chat"},
      {"image_origins", "https://cdn.example,https://b.example:8443"},
      {"compression", "false"},
      {"guests", "true"},
      {"jwt_leeway", "1m"},
      {"jwt_user_claim", "email"},
      {"rate_address", "7"},
      {"rooms_per_hour", "5"},
      {"jwt_issuer", "https://id.example"},
      {"jwt_audience", "chat"},
      {"journal", "memory"},
      {"data", "elsewhere"},
      {"backup", "false"},
      {"mark_file", "elsewhere.mark"},
      {"accept_older_journal", "true"},
      {"search", "false"},
      {"dedupe_age", "48h"},
      {"dedupe_count", "200000"},
      {"retention", "720h"},
      {"mentions_kept", "240h"},
      {"erased_ids_kept", "48h"},
      {"create_rooms", "false"},
      {"guest_members", "false"},
      {"room_members_max", "500"},
      {"memberships_max", "300"},
      {"room_mention_members", "20"},
      {"invitation_life", "48h"},
      {"invitations_per_hour", "7"},
      {"emits_per_second", "3"},
      {"searches_per_second", "7"},
      {"rate_commands", "20"},
      {"rate_burst", "300"},
      {"signals_from", "all"},
      {"notify", "all"},
      {"notify_direct", "mentions"},
      {"text_bytes", "8KiB"},
      {"frame_bytes", "128KiB"},
      {"outbox_bytes", "2MiB"},
      {"outbound_bytes_max", "512MiB"},
      {"memory_max", "2GiB"},
      {"rooms_per_session", "50"},
      {"connections_max", "20000"},
      {"connections_per_address", "10"},
      {"handshake_wait", "5s"},
      {"hello_wait", "1500ms"},
      {"write_window", "5ms"},
      {"commit_window", "3ms"},
      {"ping_interval", "20s"},
      {"pong_wait", "5s"},
      {"close_wait", "1s"},
      {"drain_wait", "30s"},
      {"drain_for", "1m"},
      {"shards", "3"},
      {"node", "n2"},
      {"log_level", "debug"},
      {"log_format", "json"},
  };
  return values;
}
/// These need files and have tests of their own.
bool names_a_key(const std::string& key) {
  return key == "tls_cert" || key == "tls_key" || key == "jwt_secret_file" ||
         key == "jwt_key_file" || key == "jwt_key_set" || key == "jwt_algorithm" || key == "api_keys_file" ||
         key == "hook_secret_file" || key == "hook_check_url" || key == "hook_files_url";
}

std::string in_toml(const option_row& row, const std::string& value) {
  const bool bare = row.placeholder.empty() || row.placeholder == "N";
  return row.key + " = " + (bare ? value : "\"" + value + "\"") + "\n";
}

}  // namespace

TEST_CASE("without any configuration the server listens on loopback and lets guests in") {
  const auto result = parsed({});

  const auto& is = result.configured();
  CHECK(is.host == "127.0.0.1");
  CHECK(is.port == 8080);
  CHECK(is.guests_allowed());
  CHECK(is.token_keys.empty());
  CHECK(result.out.empty());
  CHECK(result.err.empty());
}

TEST_CASE("only local hosts are served where whoever reaches the server is let in") {
  CHECK(parsed({}).configured().hosts_are_local());
  CHECK(parsed({"--host=::1", "--guests"}).configured().hosts_are_local());
  CHECK_FALSE(parsed({"--host=0.0.0.0", "--guests"}).configured().hosts_are_local());
}

TEST_CASE("the defaults are a configuration without mistakes") { CHECK(mistakes_in({}).empty()); }

TEST_CASE("every option can be given by flag, by environment and by file") {
  const temporary_directory files;
  std::size_t tried = 0;

  for (const auto& row : option_rows()) {
    if (names_a_key(row.key)) continue;
    INFO(row.key);
    REQUIRE(other_values().contains(row.key));
    const auto value = other_values().at(row.key);
    REQUIRE(value != row.fallback());
    // Alone it would be against another default.
    std::vector<std::string> also;
    if (row.key == "rate_burst") also = {"--rate-commands=30"};

    auto flags = also;
    flags.push_back(row.flag() + "=" + value);
    CHECK(value_of(parsed(flags).configured(), row.key) == value);

    CHECK(value_of(parsed(also, {{row.variable(), value}}).configured(), row.key) == value);

    auto with_file = also;
    with_file.push_back("--config=" + files.write("confab.toml", in_toml(row, value)));
    CHECK(value_of(parsed(with_file).configured(), row.key) == value);
    ++tried;
  }

  CHECK(tried == other_values().size());
}

TEST_CASE("a flag counts before the environment, that before the file, that before the default") {
  const temporary_directory files;
  const auto file = files.write("confab.toml", "port = 3\nnode = \"file\"\nshards = 4\n");

  const auto all = parsed({"--config", file, "--port", "1"},
                          {{"CONFAB_PORT", "2"}, {"CONFAB_NODE", "variable"}});

  CHECK(all.configured().port == 1);
  CHECK(all.configured().node == "variable");
  CHECK(all.configured().shards == 4);
  CHECK(all.configured().host == "127.0.0.1");
}

TEST_CASE("the file may be named by the environment, and an empty variable is none") {
  const temporary_directory files;
  const auto file = files.write("confab.toml", "port = 3\n");

  CHECK(parsed({}, {{"CONFAB_CONFIG", file}}).configured().port == 3);
  CHECK(parsed({}, {{"CONFAB_CONFIG", ""}, {"CONFAB_PORT", ""}}).configured().port == 8080);
}

TEST_CASE("of a repeated flag the last counts, of a list every one") {
  const auto result = parsed({"--port", "1", "--port=2", "--compression", "--no-compression",
                              "--origins", "https://a.example, https://b.example", "--origins=*"});

  CHECK(result.configured().port == 2);
  CHECK_FALSE(result.configured().compression);
  CHECK(result.configured().origins ==
        std::vector<std::string>{"https://a.example", "https://b.example", "*"});
}

TEST_CASE("an array of the file is a list") {
  const temporary_directory files;
  const auto file = files.write(
      "confab.toml", "origins = [\n  \"https://a.example\", # one\n  \"https://b.example\",\n]\n");

  CHECK(parsed({"--config", file}).configured().origins ==
        std::vector<std::string>{"https://a.example", "https://b.example"});
}

TEST_CASE("values are read with their units, within their bounds") {
  const std::vector<std::tuple<std::string, std::string, bool>> table{
      {"--port", "0", true},
      {"--port", "65535", true},
      {"--port", "65536", false},
      {"--port", "", false},
      {"--port", "80x", false},
      {"--port", "0x50", false},
      {"--port", "+80", false},
      {"--port", " 80", false},
      {"--port", "99999999999999999999", false},
      {"--shards", "256", true},
      {"--shards", "257", false},
      {"--hello-wait", "100ms", true},
      {"--hello-wait", "99ms", false},
      {"--hello-wait", "10m", true},
      {"--hello-wait", "600001ms", false},
      {"--hello-wait", "10", false},
      {"--hello-wait", "10 s", true},
      {"--hello-wait", "1.5s", false},
      {"--hello-wait", "s", false},
      {"--hello-wait", "10S", false},
      {"--hello-wait", "10sec", false},
      {"--hello-wait", "99999999999999999999s", false},
      {"--hello-wait", "18446744073709552s", false},  // overflows to a small number
      {"--retention", "59m", false},
      {"--retention", "1h", true},
      {"--drain-wait", "0", true},
      {"--drain-wait", "0s", true},
      {"--dedupe-age", "30d", true},
      {"--dedupe-age", "721h", false},
      {"--outbox-bytes", "1048576", true},
      {"--outbox-bytes", "1MiB", true},
      {"--outbox-bytes", "1024KiB", true},
      {"--outbox-bytes", "1GiB", true},
      {"--outbox-bytes", "1GiB1", false},
      {"--outbox-bytes", "1MB", false},
      {"--outbox-bytes", "1M", false},
      {"--outbox-bytes", "99999999999GiB", false},
      {"--guests", "", false},
      {"--journal", "SQLite", false},
      {"--log-level", "verbose", false},
  };

  for (const auto& [flag, value, fine] : table) {
    INFO(flag << " " << value);
    const auto result = parsed({flag + "=" + value});
    if (fine) {
      CHECK(std::holds_alternative<config>(result.result));
    } else {
      CHECK(result.code() == 2);
      CHECK(result.complains(flag));
    }
  }
  CHECK(parsed({"--hello-wait=90s"}).configured().hello_wait == 90s);
  CHECK(parsed({"--outbox-bytes=3MiB"}).configured().outbox_bytes == 3u * 1024 * 1024);
}

TEST_CASE("yes and no have the usual spellings") {
  for (const auto* yes : {"true", "yes", "on", "1"})
    CHECK(parsed({}, {{"CONFAB_GUESTS", yes}}).configured().guests == true);
  for (const auto* no : {"false", "no", "off", "0"})
    CHECK_FALSE(parsed({}, {{"CONFAB_GUEST_MEMBERS", no}}).configured().guest_members);
  CHECK(parsed({}, {{"CONFAB_GUESTS", "maybe"}})
            .complains("CONFAB_GUESTS maybe: must be true or false"));
}

TEST_CASE("all mistakes are told at once, with where they were made") {
  const temporary_directory files;
  const auto file = files.write(
      "confab.toml", "prot = 80\nhello_wait = \"10\"\nnode = [\"a\", \"b\"]\n[limits]\n");

  const auto result = parsed({"--config", file, "--rate-bust", "7", "--journal=paper", "stray",
                              "--tls-cert", files.path() + "/absent", "--jwt-secret-file",
                              files.write("short", "too short"), "--jwt-leeway=1h"},
                             {{"CONFAB_PORT", "high"}, {"CONFAB_RATE_BURST", "10"}});

  CHECK(result.code() == 2);
  CHECK(result.out.empty());
  for (const auto& line :
       {"--rate-bust: unknown option, did you mean --rate-burst?\n",
        "stray: unexpected; options begin with --\n",
        "--journal paper: must be one of sqlite, memory\n", "--jwt-leeway 1h: must be in 0s..10m\n",
        "CONFAB_PORT high: must be a whole number in 0..65535\n",
        "--rate-burst: must be at least --rate-commands (50)\n",
        "--tls-cert and --tls-key: one needs the other\n"})
    CHECK(result.complains(line));
  CHECK(result.complains(file + ":1: prot: unknown key, did you mean port?\n"));
  CHECK(result.complains(file + ":2: hello_wait 10: must be a whole number with a unit"));
  CHECK(result.complains(file + ":4: limits: tables are not used here"));
  CHECK(result.complains(file + ":3: node b: must be one value, not a list\n"));
  CHECK(result.complains("--tls-cert " + files.path() + "/absent: cannot be read\n"));
  CHECK(result.complains("--jwt-secret-file " + files.path() +
                         "/short: has 9 bytes, HS256 needs at least 32\n"));
  CHECK(result.err.find("confabd: 13 mistakes") == 0);
}

TEST_CASE("a file that is no TOML is one mistake among the others") {
  const temporary_directory files;
  const auto file = files.write("confab.toml", "guests = true\nhello_wait = 10s\nprot = 80\n");

  // without the file's guests, this host would be a mistake
  const auto result = parsed({"--config", file, "--host=0.0.0.0", "--port=high"});

  CHECK(result.code() == 2);
  CHECK(result.complains(file + ":2: "));
  CHECK(result.complains("--port high: must be"));
  CHECK(result.err.find("confabd: 2 mistakes") == 0);
}

TEST_CASE("a value behind an unknown flag is not repeated: it might be a secret") {
  const auto result = parsed({"--jwt-secret", "hunter2", "--jwt-secert=hunter3"});

  CHECK(result.code() == 2);
  CHECK(result.complains("--jwt-secret: unknown option"));
  CHECK(result.err.find("hunter") == std::string::npos);
}

TEST_CASE("a flag without its value is a mistake") {
  CHECK(parsed({"--port"}).complains("--port: needs a value\n"));
}

TEST_CASE("a file that cannot be read is a mistake") {
  const temporary_directory files;

  for (const auto& path : {files.path() + "/absent", files.path()})
    CHECK(parsed({"--config", path}).complains("--config " + path + ": cannot be read, or has more than 1MiB\n"));
  CHECK(std::holds_alternative<config>(parsed({"--config", files.write("empty.toml", "")}).result));
}

TEST_CASE("limits that contradict each other are a mistake") {
  const temporary_directory files;
  const auto plain_file = files.write("plain", "x");
  const auto open_file = files.write("open", std::string(32, 'x'));
  ::chmod(open_file.c_str(), 0644);
  const auto common_file = files.write("common", "x");
  ::chmod(common_file.c_str(), 0666);
  const std::vector<std::pair<std::vector<std::string>, std::string>> table{
      {{"--rate-commands=201"}, "--rate-burst: must be at least --rate-commands (201)"},
      {{"--rate-commands=200"}, ""},
      {{"--rate-commands=0", "--rate-burst=1"}, ""},
      {{"--text-bytes=55296"}, "--frame-bytes: must be more than"},
      {{"--text-bytes=55295"}, ""},
      {{"--outbox-bytes=512KiB"}, "--outbox-bytes: must be more than two pages"},
      {{"--outbox-bytes=524289"}, ""},
      {{"--connections-max=5", "--connections-per-address=6"}, ""},
      {{"--admin-listen=[::1]:0"}, ""},
      {{"--admin-listen=9090"}, "--admin-listen 9090: must be address:port"},
      {{"--admin-listen=::1:9090"}, "--admin-listen ::1:9090: must be address:port"},
      {{"--admin-listen=localhost:65536"}, "--admin-listen localhost:65536: must be"},
      {{"--hosts=chat.example,*.chat.example,[::1]:80,*"}, ""},
      {{"--hosts=https://chat.example"}, "--hosts https://chat.example: must be a name"},
      {{"--hosts=chat.*"}, "--hosts chat.*: must be a name"},
      {{"--base-path=/a-1/b_2"}, ""},
      {{"--base-path=chat"}, "--base-path chat: must begin with /"},
      {{"--base-path=/"}, "--base-path /: must begin with / and not end with it"},
      {{"--base-path=//evil.example"}, "--base-path //evil.example: must begin"},
      {{"--base-path=/a/../b"}, "--base-path /a/../b: must begin"},
      {{"--base-path=/a/{b}"}, "--base-path /a/{b}: must begin"},
      {{"--trust-proxy=10.0.0.0/33"}, "--trust-proxy 10.0.0.0/33: must be an address"},
      {{"--hook-nets=10.0.0.0/33"}, "--hook-nets 10.0.0.0/33: must be an address"},
      {{"--pong-wait=25001ms"}, "--pong-wait: must be at most --ping-interval (25s)"},
      {{"--pong-wait=25s"}, ""},
      {{"--dedupe-age=23h", "--dedupe-count=99999"}, "--dedupe-age and --dedupe-count"},
      {{"--dedupe-age=23h", "--dedupe-count=100000"}, ""},
      {{"--dedupe-age=24h", "--dedupe-count=0"}, ""},
      {{"--node=a b"}, "--node: must be"},
      {{"--host="}, "--host: needs a value"},
      {{"--host", ""}, "--host: must be"},
      {{"--host=[::1]"}, "--host: must be"},
      {{"--origins=chat.example"}, "--origins chat.example: must be"},
      {{"--origins=https://chat.example/"}, "--origins https://chat.example/: must be"},
      {{"--origins=https://Chat.example"}, "--origins https://Chat.example: must be"},
      {{"--origins=https://chat.example:8443,*"}, ""},
      {{"--image-origins=*"}, "--image-origins *: must be"},
      {{"--image-origins=http://cdn.example"}, "--image-origins http://cdn.example: must be"},
      {{"--image-origins=https://cdn.example/x"}, "--image-origins https://cdn.example/x: must be"},
      {{"--image-origins=https://cdn.example:8443"}, ""},
      {{"--data=" + plain_file}, "--data " + plain_file + ": is not a directory"},
      {{"--data=" + plain_file, "--journal=memory"}, ""},
      {{"--jwt-algorithm=HS256"}, "--jwt-algorithm: needs --jwt-secret-file"},
      {{"--jwt-algorithm=none"}, "--jwt-algorithm none: must be one of"},
      {{"--tls-cert=" + plain_file}, "--tls-cert and --tls-key: one needs the other"},
      {{"--tls-cert=" + plain_file, "--tls-key=" + plain_file}, ""},
      {{"--tls-cert=" + plain_file, "--tls-key=" + open_file},
       "--tls-key " + open_file + ": can be read by everybody"},
      {{"--tls-cert=" + open_file, "--tls-key=" + plain_file}, ""},
      {{"--tls-cert=" + common_file, "--tls-key=" + plain_file},
       "--tls-cert " + common_file + ": can be written by everybody"},
      {{"--jwt-secret-file=" + open_file},
       "--jwt-secret-file " + open_file + ": can be read by everybody"},
      {{"--tls-cert=" + files.path(), "--tls-key=" + plain_file},
       "--tls-cert " + files.path() + ": cannot be read"},
  };

  for (const auto& [arguments, expected] : table) {
    const auto result = parsed(arguments);
    INFO(arguments.front() << "\n" << result.err);
    if (expected.empty()) {
      CHECK(std::holds_alternative<config>(result.result));
    } else {
      CHECK(result.code() == 2);
      CHECK(result.complains(expected));
      CHECK(result.err.find("confabd: 1 mistake in") == 0);
    }
  }
}

TEST_CASE("guests are let in by default only where nobody else could come") {
  const temporary_directory files;
  const auto key = "--jwt-secret-file=" + files.write("secret", secret + "\n");
  struct row {
    std::vector<std::string> arguments;
    std::optional<bool> allowed;  // nothing: refused
  };
  const std::vector<row> table{
      {{}, true},
      {{"--host=localhost"}, true},
      {{"--host=::1"}, true},
      {{"--host=127.8.8.8"}, true},
      {{key}, false},
      {{key, "--guests"}, true},
      {{key, "--no-guests"}, false},
      {{key, "--host=0.0.0.0"}, false},
      {{key, "--host=0.0.0.0", "--guests"}, true},
      {{"--host=0.0.0.0", "--guests"}, true},
      {{"--host=0.0.0.0"}, {}},
      {{"--host=::"}, {}},
      {{"--host=192.168.1.2"}, {}},
      {{"--host=127.evil.example"}, {}},
      {{"--host=chat.example"}, {}},
      {{"--no-guests"}, {}},
      {{"--no-guests", "--host=0.0.0.0"}, {}},
  };

  for (const auto& [arguments, allowed] : table) {
    const auto result = parsed(arguments);
    INFO((arguments.empty() ? "" : arguments.back()) << "\n" << result.err);
    if (allowed) {
      CHECK(result.configured().guests_allowed() == *allowed);
      CHECK(make_authenticator(result.configured())->guests_allowed() == *allowed);
    } else {
      CHECK(result.code() == 2);
      CHECK(result.err.find("confabd: 1 mistake in") == 0);
    }
  }
}

TEST_CASE("tokens are verified with the configured key") {
  const temporary_directory files;
  const auto result = parsed({"--jwt-key-file", files.write("key.pem", rsa_keys().public_pem),
                              "--jwt-issuer=me", "--jwt-leeway=0"});
  const auto signing =
      std::get<jwt_key>(jwt_key::make(key_use::private_key, rsa_keys().private_pem));
  token_claims claims;
  claims.user = user_id::trusted("alice");
  const auto checks = make_authenticator(result.configured());
  const auto accepted = [&](const token_claims& what, std::int64_t later) {
    const auto token = std::get<minted>(mint(signing, what, unix_ms{0})).token;
    return std::holds_alternative<actors::identity>(checks->verify(token, unix_ms{later}));
  };

  CHECK_FALSE(accepted(claims, 0));
  claims.issuer = "me";
  CHECK(accepted(claims, 3'599'999));
  CHECK_FALSE(accepted(claims, 3'600'000));
}

TEST_CASE("both a secret and a key are a mistake") {
  const temporary_directory files;

  const auto result = parsed({"--jwt-key-file", files.write("key.pem", rsa_keys().public_pem),
                              "--jwt-secret-file", files.write("secret", secret)});

  CHECK(result.complains("--jwt-secret-file, --jwt-key-file and --jwt-key-set: give one of them\n"));
}

TEST_CASE("Kubernetes' service link is recognised") {
  CHECK(parsed({}, {{"CONFAB_PORT", "tcp://10.0.0.1:8080"}}).err.find("enableServiceLinks") !=
        std::string::npos);
}

TEST_CASE("the line at start has every option that is set, and no secret") {
  const temporary_directory files;
  const auto result = parsed({"--jwt-secret-file", files.write("secret", secret)});
  std::ostringstream out;
  log::open({}, out);
  log::info("server-config", settings(result.configured()));
  log::open({});

  CHECK(out.str().find(" server-config host=127.0.0.1 port=8080 ") != std::string::npos);
  CHECK(out.str().find(" guests=false ") != std::string::npos);
  CHECK(out.str().find(" jwt_algorithm=HS256 ") != std::string::npos);
  CHECK(out.str().find(" hello_wait=10s ") != std::string::npos);
  CHECK(out.str().find(secret) == std::string::npos);
}

TEST_CASE("the help has every option with its default and fits 100 columns") {
  const auto result = parsed({"--help"});

  CHECK(result.code() == 0);
  CHECK(result.err.empty());
  for (const auto& row : option_rows()) {
    INFO(row.key);
    const auto flag = row.placeholder.empty() ? "  --[no-]" + row.flag().substr(2) + " "
                                              : "  " + row.flag() + " " + row.placeholder + " ";
    const auto at = result.out.find(flag);
    REQUIRE(at != std::string::npos);
    const auto next = result.out.find("\n  --", at);
    const auto text = result.out.substr(at, next - at);
    if (!row.fallback().empty()) CHECK(text.find("(" + row.fallback() + ")") != std::string::npos);
  }
  for (const auto& text : {result.out, parsed({"token", "--help"}).out}) {
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
      INFO(line);
      CHECK(line.size() <= 100);
    }
  }
}

TEST_CASE("help and version are had in spite of mistakes elsewhere") {
  CHECK(parsed({"-h", "--port=x"}).code() == 0);
  CHECK(parsed({"--version"}).out == "confabd " CONFAB_VERSION "\n");
  CHECK(parsed({"--version"}).code() == 0);
}

TEST_CASE("confabd token prints one token that says what was asked for") {
  const temporary_directory files;
  const auto file = files.write("secret", secret);
  const auto result =
      parsed({"token", "--user", "alice", "--name=Alice A.", "--ttl=90s", "--room", "general",
              "--room", "team-*", "--role=team-*=moderator", "--admin", "--jwt-secret-file", file});
  REQUIRE(std::holds_alternative<token_command>(result.result));
  std::ostringstream out;
  std::ostringstream err;

  CHECK(run(std::get<token_command>(result.result), unix_ms{5'000}, out, err) == 0);

  CHECK(err.str().empty());
  REQUIRE(out.str().ends_with('\n'));
  const auto token = out.str().substr(0, out.str().size() - 1);
  const auto checks =
      make_authenticator({std::get<jwt_key>(jwt_key::make(key_use::secret, secret))}, {}, false);
  const auto outcome = checks->verify(token, unix_ms{6'000});
  REQUIRE(std::holds_alternative<actors::identity>(outcome));
  const auto& who = std::get<actors::identity>(outcome);
  CHECK(who.user.value() == "alice");
  CHECK(who.name == "Alice A.");
  CHECK(who.expires_at == unix_ms{95'000});
  CHECK(who.rooms == std::vector<std::string>{"general", "team-*"});
  CHECK(who.roles == std::map<std::string, role>{{"team-*", role::moderator}});
  CHECK(who.admin);
}

TEST_CASE("confabd token takes its key from the environment, but a flag says which one") {
  const temporary_directory files;
  const auto file = files.write("secret", secret);
  const auto pem = files.write("key.pem", rsa_keys().private_pem);
  const auto algorithm = [](const outcome& of) {
    REQUIRE(std::holds_alternative<token_command>(of.result));
    return std::get<token_command>(of.result).key.algorithm();
  };

  CHECK(algorithm(parsed({"token", "--user=a"}, {{"CONFAB_JWT_SECRET_FILE", file}})) ==
        jwt_algorithm::hs256);
  CHECK(algorithm(parsed({"token", "--user=a", "--jwt-private-key-file", pem},
                         {{"CONFAB_JWT_SECRET_FILE", file}})) == jwt_algorithm::rs256);
}

TEST_CASE("confabd token tells all its mistakes at once") {
  const auto result = parsed({"--port=1", "token", "--name=a\nb", "--ttl=5", "--room=a b",
                              "--role=general", "--role=general=king", "--usr=alice", "stray"});

  CHECK(result.code() == 2);
  CHECK(result.out.empty());
  for (const auto* line :
       {"--port: is an option of the server, not of confabd token\n",
        "--usr: unknown option, did you mean --user?\n", "stray: unexpected",
        "--user: is missing\n", "--name: must be at most 128 bytes", "--ttl: must be 1s..3650d",
        "--room \"a b\": must be", "--role general: must be", "--role \"general=king\": must be",
        "--jwt-secret-file or --jwt-private-key-file: one is needed to sign\n"})
    CHECK(result.complains(line));
  CHECK(result.err.find("confabd: 10 mistakes") == 0);
}

TEST_CASE("a mistake in the file is one though a flag says something else") {
  const temporary_directory directory;
  const auto file = directory.write("confab.toml", "rate_burst = \"many\"\nport = 1\n");

  const auto result = parsed({"--config", file, "--rate-burst", "300", "--port", "0"});

  CHECK(result.complains(file + ":1: rate_burst many: must be a whole number"));
  CHECK(result.err.find("confabd: 1 mistake ") == 0);
}

TEST_CASE("a file may have a mebibyte, and no more") {
  const temporary_directory directory;
  const auto most = "rate_burst = 300\n#" + std::string(1024 * 1024 - 18, 'x');

  const auto whole = directory.write("most.toml", most);
  const auto more = directory.write("more.toml", most + "x");

  CHECK(parsed({"--config", whole}).configured().rate_burst == 300);
  CHECK(parsed({"--config", more}).complains("--config " + more + ": cannot be read, or has more"));
  CHECK(parsed({"--config", "/dev/zero"}).complains("--config /dev/zero: cannot be read, or has more"));
}

TEST_CASE("confabd check takes the server's options, and where they stand does not matter") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"check", "--data", "here", "--rebuild"}, {"--data=here", "check", "--rebuild"}}) {
    const auto result = parsed(arguments);
    INFO(result.err);
    REQUIRE(std::holds_alternative<check_command>(result.result));
    CHECK(std::get<check_command>(result.result).data == "here");
    CHECK(std::get<check_command>(result.result).rebuild);
  }
  const auto usual = parsed({"check"}, {{"CONFAB_DATA", "there"}});
  REQUIRE(std::holds_alternative<check_command>(usual.result));
  CHECK(std::get<check_command>(usual.result).data == "there");
  CHECK_FALSE(std::get<check_command>(usual.result).rebuild);
}

TEST_CASE("confabd check tells all its mistakes at once") {
  const auto result = parsed({"check", "--journal=memory", "--rebiuld", "--port=x"});

  CHECK(result.code() == 2);
  for (const auto* line : {"--rebiuld: unknown option, did you mean --rebuild?\n",
                           "--port x: must be", "--journal memory: leaves nothing to check\n"})
    CHECK(result.complains(line));
  CHECK(parsed({"--rebuild"}).complains("--rebuild: unknown option"));
  CHECK(parsed({"check", "--help"}).out.find("Exit codes") != std::string::npos);
}

TEST_CASE("confabd backup and restore take the server's options and a file") {
  const auto backup = parsed({"backup", "--to", "copy.db", "--wal-bytes-max=8GiB", "--data", "here"});
  INFO(backup.err);
  REQUIRE(std::holds_alternative<backup_command>(backup.result));
  const auto& asked = std::get<backup_command>(backup.result);
  CHECK(asked.to == "copy.db");
  CHECK(asked.data == "here");
  CHECK(asked.wal_bytes_max == std::size_t{8} << 30);
  const auto restore = parsed({"restore", "--from=copy.db"}, {{"CONFAB_DATA", "there"}});
  INFO(restore.err);
  REQUIRE(std::holds_alternative<restore_command>(restore.result));
  CHECK(std::get<restore_command>(restore.result).from == "copy.db");
  CHECK(std::get<restore_command>(restore.result).data == "there");
}

TEST_CASE("confabd backup and restore tell all their mistakes at once") {
  const auto backup = parsed({"backup", "--journal=memory", "--wal-bytes-max=1", "--form", "x"});
  CHECK(backup.code() == 2);
  for (const auto* line : {"--form: unknown option", "--to: is missing\n",
                           "--wal-bytes-max 1: must be", "--journal memory: leaves nothing to copy"})
    CHECK(backup.complains(line));
  const auto restore = parsed({"restore", "--fron", "x"});
  CHECK(restore.complains("--fron: unknown option, did you mean --from?\n"));
  CHECK(restore.complains("--from: is missing\n"));
  CHECK(parsed({"--to", "x"}).complains("--to: unknown option"));
  CHECK(parsed({"backup", "--help"}).out.find("--wal-bytes-max") != std::string::npos);
  CHECK(parsed({"restore", "--help"}).out.find("--from FILE") != std::string::npos);
}

TEST_CASE("loopback is what only this machine can reach") {
  for (const auto* yes : {"localhost", "127.0.0.1", "127.255.255.254", "::1"})
    CHECK(is_loopback(yes));
  for (const auto* no : {"", "0.0.0.0", "::", "128.0.0.1", "localhost.example", "127.1", "::2"})
    CHECK_FALSE(is_loopback(no));
}

}  // namespace confab::server
