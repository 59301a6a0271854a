#include "server/options.hpp"

#include "server/values.hpp"

#include <algorithm>
#include <cctype>

namespace confab::server {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using mistake = std::optional<std::string>;
using texts = std::vector<std::string>;

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
    const auto value = read_number(given.back());
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
    const auto value = read_bytes(given.back());
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
    const auto value = read_time(given.back());
    if (!value) return "must be a whole number with a unit: ms, s, m, h, d";
    if (*value < least || *value > most) return "must be in " + range;
    into.*field = *value;
    return {};
  };
  out.print = [field](const config& of) { return time_text(of.*field); };
  return out;
}

template <class Field>
option_row yes_no(about what, Field config::*field) {
  auto out = row(std::move(what), "", "true, false");
  out.read = [field](config& into, const texts& given) -> mistake {
    const auto value = read_yes_no(given.back());
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

template <class Value, class Field>
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

// --- the table --------------------------------------------------------------------------------

std::vector<option_row> make_rows() {
  std::vector<std::pair<std::string, jwt_algorithm>> algorithms;
  for (auto i = jwt_algorithm::hs256; i <= jwt_algorithm::eddsa;
       i = static_cast<jwt_algorithm>(static_cast<int>(i) + 1))
    algorithms.emplace_back(name(i), i);

  const std::string listening = "Listening";
  const std::string sign_in = "Sign-in";
  const std::string storage = "Storage";
  const std::string rules = "Limits";
  const std::string waits = "Waits";
  const std::string process = "Process";
  constexpr std::size_t mib = 1024 * 1024;
  return {
      text({"host", listening, "address to listen on, or the path of a Unix domain socket"}, "ADDRESS",
           &config::host),
      number({"port", listening, "port to listen on; 0: any free one"}, &config::port, 0, 65535),
      text({"admin_listen", listening,
            "address and port for /metrics, /healthz, /readyz, the API and its page alone, without "
            "TLS. Unless said, /metrics is answered to this machine only"},
           "ADDRESS:PORT", &config::admin_listen),
      text({"admin_socket", listening,
            "socket by which confabd status, rooms, users, kick and drain ask the server; empty: "
            "confab.sock in data"},
           "FILE", &config::admin_socket),
      text({"api_keys_file", listening,
            "keys of the HTTP API, one a line as confabd api-key prints them; turns the API on, at "
            "/api/v1, or at admin_listen where that is said"},
           "FILE", &config::api_keys_file),
      list({"hook_nets", listening,
            "addresses and networks (10.0.0.0/8) that webhooks may be sent to although they are private "
            "or of this machine; there without TLS too"},
           "NETWORK", &config::hook_nets),
      text({"hook_check_url", listening,
            "where messages and edits are asked about before they are stored"},
           "URL", &config::hook_check_url),
      text({"hook_files_url", listening, "that gives out the addresses of files"}, "URL",
           &config::hook_files_url),
      text({"hook_secret_file", listening,
            "secret that signs what is asked there: whsec_ and 32 random bytes in base64"},
           "FILE", &config::hook_secret_file),
      list({"hook_check_rooms", listening,
            "rooms whose messages are asked about: an id, or the beginning of some and *. Direct ones "
            "only by dm:*. Unless said, all others"},
           "ROOM", &config::hook_check_rooms),
      one_of<hook_failing>(
          {"hook_check_fail", listening,
           "what becomes of a message that could not be asked about: closed, it is unavailable; "
           "open, it is stored and says that it is unchecked"},
          "HOW", &config::hook_check_fail,
          {{"closed", hook_failing::closed}, {"open", hook_failing::open}}),
      text({"tls_cert", listening, "certificate with its chain, PEM; turns TLS on"}, "FILE",
           &config::tls_cert),
      text({"tls_key", listening, "private key of the certificate, PEM"}, "FILE", &config::tls_key),
      list({"origins", listening,
            "origins (https://chat.example) that browsers may connect from beside the server's "
            "own; *: any. Repeat it, or separate by commas"},
           "ORIGIN", &config::origins),
      list({"hosts", listening,
            "hosts that requests may be for: chat.example, *.chat.example, chat.example:8443; *: "
            "any. Unless said: any, but on loopback with guests only local names and addresses"},
           "HOST", &config::hosts),
      list({"trust_proxy", listening,
            "addresses and networks (10.0.0.0/8) of proxies in front: their connections are not "
            "counted per address, but whom they name in X-Forwarded-For is"},
           "NETWORK", &config::trust_proxy),
      yes_no({"proxy_protocol", listening,
              "the proxies in front, and who comes from this machine, may begin a connection with the "
              "PROXY protocol, version 1 or 2, and name there whom it is from"},
             &config::proxy_protocol),
      text({"base_path", listening,
            "path before those of the page, the client library and /ws, as /chat"},
           "PATH", &config::base_path),
      list({"image_origins", listening,
            "origins (https://cdn.example) whose pictures the page shows at once; those of others "
            "it shows after a click"},
           "ORIGIN", &config::image_origins),
      yes_no({"compression", listening, "accept permessage-deflate where a client offers it"},
             &config::compression),

      yes_no(
          {"guests", sign_in,
           "let anyone in without a token, under any name that is asked for; beside a token key "
           "under an id that the server makes. Unless said: only on loopback, and only without a "
           "token key"},
          &config::guests),
      text({"jwt_secret_file", sign_in,
            "secret that signs tokens (HS256). One line break at the end does not count"},
           "FILE", &config::jwt_secret_file),
      text({"jwt_key_file", sign_in, "public key that verifies tokens (RS256, ES256, EdDSA), PEM"},
           "FILE", &config::jwt_key_file),
      text({"jwt_key_set", sign_in,
            "JSON Web Key Set with the keys that verify tokens, chosen by their kid: a file, or an "
            "https URL that is asked again when it is old"},
           "FILE|URL", &config::jwt_key_set),
      one_of<jwt_algorithm>(
          {"jwt_algorithm", sign_in,
           "the only algorithm tokens may use. Unless said: by the key, HS256 for a secret, "
           "RS256 for RSA, ES256 for EC P-256"},
          "NAME", &config::jwt_algorithm, algorithms),
      time({"jwt_leeway", sign_in, "how far the clock of the tokens' issuer may be off"},
           &config::jwt_leeway, 0ms, 10min),
      text({"jwt_issuer", sign_in, "what a token's iss must be; unless said, anything"}, "TEXT",
           &config::jwt_issuer),
      text({"jwt_audience", sign_in, "what a token's aud must be or hold; unless said, anything"},
           "TEXT", &config::jwt_audience),
      text({"jwt_user_claim", sign_in, "the claim that is the user's id"}, "NAME",
           &config::jwt_user_claim),

      one_of<journal_kind>(
          {"journal", storage, "where messages are kept; memory loses them with the process"},
          "KIND", &config::journal,
          {{"sqlite", journal_kind::sqlite}, {"memory", journal_kind::memory}}),
      text({"data", storage, "directory of the journal; made if it is not there"}, "DIR",
           &config::data),
      yes_no({"backup", storage,
              "copy the journal beside itself before it is brought to a newer version's form"},
             &config::backup),
      text({"mark_file", storage,
            "where it is noted once a second how far the journal has come; empty: confab.mark in "
            "data. A journal that has come less far is refused at start"},
           "FILE", &config::mark_file),
      yes_no({"accept_older_journal", storage,
              "start with a journal that has come less far than its mark says; all rooms begin a "
              "new epoch"},
             &config::accept_older_journal),
      yes_no({"search", storage,
              "keep an index of the words of messages beside the journal, so that users can search; "
              "a journal in memory has none"},
             &config::search),
      time({"dedupe_age", storage,
            "how long the key of a message is remembered at least; it is forgotten when it is "
            "older than this and further back than dedupe_count"},
           &config::dedupe_age, 0ms, 30 * 24h),
      number({"dedupe_count", storage, "how many keys are remembered at least"},
             &config::dedupe_count, 0, 100'000'000),
      time({"retention", storage,
            "how long messages are kept, in rooms that keep them no shorter; 0s: for ever"},
           &config::retention, 0ms, 3650 * 24h),
      time({"mentions_kept", storage,
            "how long mentions that are read stay in the list of mentions; 0s: for ever"},
           &config::mentions_kept, 0ms, 3650 * 24h),
      time({"erased_ids_kept", storage,
            "how long the entries that tell of an erased user name the old id; 0s: not at all"},
           &config::erased_ids_kept, 0ms, 3650 * 24h),

      one_of<actors::room_making>(
          {"create_rooms", rules,
           "how users make rooms: true, by `create` and by joining an unknown one; create, by "
           "`create` alone; false, not at all"},
          "HOW", &config::create_rooms,
          {{"true", actors::room_making::by_joining},
           {"create", actors::room_making::by_create},
           {"false", actors::room_making::never}}),
      yes_no({"guest_members", rules,
              "guests can be members of rooms; never where there are users with tokens"},
             &config::guest_members),
      number({"room_members_max", rules, "members of one room"}, &config::room_members_max, 1,
             10'000'000),
      number({"memberships_max", rules, "rooms that one user may be a member of or invited to"},
             &config::memberships_max, 1, limits::memberships_max),
      number({"room_mention_members", rules,
              "up to so many members of a room each of them may call all by @room; 0: moderators alone"},
             &config::room_mention_members, 0, 10'000'000),
      time({"invitation_life", rules, "after which an invitation lapses"},
           &config::invitation_life, 60s, 3650 * 24h),
      number({"invitations_per_hour", rules, "users that one user may invite in an hour; 0: no limit"},
             &config::invitations_per_hour, 0, 1'000'000),
      number({"api_rate", rules, "calls of the API a second and key; 0: no limit"},
             &config::api_rate, 0, 1'000'000),
      number({"api_burst", rules, "calls of the API at once after a pause"}, &config::api_burst, 1,
             10'000'000),
      number({"rate_commands", rules,
              "commands a second and session; 0: no limit, neither on these nor on bytes, values "
              "and history"},
             &config::rate_commands, 0, 1'000'000),
      number({"rate_burst", rules, "commands at once after a pause"}, &config::rate_burst, 1,
             10'000'000),
      number({"emits_per_second", rules, "custom events that are not kept, a second and session; 0: no limit"},
             &config::emits_per_second, 0, 1'000),
      number({"searches_per_second", rules, "searches a second and session; 0: no limit"},
             &config::searches_per_second, 0, 1'000),
      number(
          {"rate_address", rules,
           "how many sessions' worth of all rates one address may use (IPv6: a /64); loopback and "
           "trust_proxy are not limited; 0: no limit"},
          &config::rate_address, 0, 100'000),
      number({"rooms_per_hour", rules,
              "new rooms a user may make in an hour, direct ones among them; 0: no limit"},
             &config::rooms_per_hour, 0, 1'000'000),
      one_of<actors::signal_senders>(
          {"signals_from", rules,
           "whose signals reach a user: of those who share a room with him or wrote with him in "
           "their direct room, or everybody's"},
          "WHOM", &config::signals_from,
          {{"shared", actors::signal_senders::shared}, {"all", actors::signal_senders::all}}),
      one_of<notify_level>(
          {"notify", rules, "of what users are told in rooms where they have set nothing else"},
          "WHAT", &config::notify,
          {{"all", notify_level::all}, {"mentions", notify_level::mentions}}),
      one_of<notify_level>(
          {"notify_direct", rules, "the same in direct rooms"}, "WHAT", &config::notify_direct,
          {{"all", notify_level::all}, {"mentions", notify_level::mentions}}),
      bytes({"text_bytes", rules, "longest text of a message"}, &config::text_bytes, 1, 240 * 1024),
      bytes({"frame_bytes", rules, "largest message of the WebSocket that a client may send"},
            &config::frame_bytes, 1024, 16 * mib),
      bytes({"outbox_bytes", rules, "what may wait for a slow reader before it is closed (4000)"},
            &config::outbox_bytes, 64 * 1024, 1024 * mib),
      bytes({"outbound_bytes_max", rules,
             "what may wait for all readers together before the slowest are closed (4000); 0: no "
             "limit"},
            &config::outbound_bytes_max, 0, 1024 * 1024 * mib),
      bytes({"memory_max", rules,
             "of the process: above it nobody is let in, and what waits for the slowest readers is let "
             "go of; 0: nine tenths of what its control group may have"},
            &config::memory_max, 0, 1024 * 1024 * mib),
      number({"rooms_per_session", rules, "rooms one connection may be in"},
             &config::rooms_per_session, 1, 10'000),
      number({"connections_max", rules, "connections at once; more are refused"},
             &config::connections_max, 1, 10'000'000),
      number(
          {"connections_per_address", rules,
           "connections at once from one address, or from one /64 of IPv6; 0: no limit. Those from "
           "loopback and from trust_proxy are not counted"},
          &config::connections_per_address, 0, 10'000'000),

      time({"handshake_wait", waits, "for TLS and the whole request header"},
           &config::handshake_wait, 100ms, 10min),
      time({"hello_wait", waits, "for the hello after the upgrade (then 4002)"},
           &config::hello_wait, 100ms, 10min),
      time({"write_window", waits,
            "that messages of a busy shard's rooms may wait for more, to be written together; 0 is "
            "not at all"},
           &config::write_window, 0ms, 100ms),
      time({"commit_window", waits,
            "that messages may wait for more, to be stored together, when they come quickly; 0 is "
            "not at all"},
           &config::commit_window, 0ms, 100ms),
      time({"ping_interval", waits, "between pings"}, &config::ping_interval, 100ms, 1h),
      time({"pong_wait", waits, "for the pong (then 4001)"}, &config::pong_wait, 100ms, 10min),
      time({"close_wait", waits, "for the close frame of the other side"}, &config::close_wait,
           100ms, 1min),
      time({"hook_retry", waits,
            "before a webhook is sent again for the first time; the waits behind that are 5, 30, 120, "
            "600, 1800 and 3600 times as long"},
           &config::hook_retry, 1ms, 1min),
      time({"notify_after", waits,
            "before webhooks are told whom to notify of a message: of those who have not read it then"},
           &config::notify_after, 0ms, 10min),
      time({"notify_within", waits, "in which they are told; later they are not told of it at all"},
           &config::notify_within, 1min, 24h),
      time({"hook_check_budget", waits, "for an answer of hook_check_url and hook_files_url"},
           &config::hook_check_budget, 50ms, 5s),
      time({"drain_wait", waits, "for what is in flight when the server stops"},
           &config::drain_wait, 0ms, 10min),
      time({"drain_for", waits,
            "over which those come back who are many when the server stops: 2,000 a second, at "
            "most so long"},
           &config::drain_for, 0ms, 10min),

      number({"shards", process, "threads that serve; 0: as many as cores"}, &config::shards, 0,
             256),
      text({"node", process, "name of this server, for clients and logs"}, "NAME", &config::node),
      one_of<log::level>({"log_level", process, "least level of a line to be written"}, "LEVEL",
                         &config::log_level,
                         {{"debug", log::level::debug},
                          {"info", log::level::info},
                          {"warn", log::level::warn},
                          {"error", log::level::error},
                          {"off", log::level::off}}),
      one_of<log::format>({"log_format", process, "how lines are written to stderr"}, "FORMAT",
                          &config::log_format,
                          {{"text", log::format::text}, {"json", log::format::json}}),
  };
}

}  // namespace

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

}  // namespace confab::server
