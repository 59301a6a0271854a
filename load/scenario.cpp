#include "load/scenario.hpp"

#include "load/embedded.hpp"
#include "load/quantity.hpp"
#include "load/stamp.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace confab::load {
namespace {

/// How values of one kind are written, and the number that a text stands for.
struct value_form {
  std::string_view example;
  std::optional<double> (*read)(std::string_view);
};

std::optional<double> widened(std::optional<std::uint64_t> value) {
  return value ? std::optional{static_cast<double>(*value)} : std::nullopt;
}

/// The enumerator that `text` names: its number, where `names` are in their order.
std::optional<double> place_in(std::initializer_list<std::string_view> names,
                               std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<double>(found - names.begin());
}

namespace form {
constexpr value_form text{"\"text\"", nullptr};
constexpr value_form count{"a whole number", [](auto it) { return widened(read_count(it)); }};
constexpr value_form bytes{"bytes, as 200 or \"4KiB\"",
                           [](auto it) { return widened(read_bytes(it)); }};
constexpr value_form seconds{"a time, as \"5s\" or \"300ms\"", read_seconds};
constexpr value_form rate{"a rate, as \"50/s\"", read_rate};
constexpr value_form share{"a share from 0 to 1, as 0.05", read_share};
constexpr value_form number{"a number", read_number};
constexpr value_form choice{"\"uniform\", \"zipf\" or \"hot\"", [](auto it) {
                              return place_in({"uniform", "zipf", "hot"}, it);
                            }};
constexpr value_form think{"\"exponential\", \"lognormal\" or \"constant\"", [](auto it) {
                             return place_in({"exponential", "lognormal", "constant"}, it);
                           }};
}  // namespace form

using member = std::variant<std::string scenario::*, std::uint64_t scenario::*, double scenario::*,
                            room_choice scenario::*, distribution scenario::*>;

struct scenario_row {
  std::string_view key;
  value_form form;
  load::member member;
  double least;
  double most;  // as `least`: any
  std::string_view meaning;
};

constexpr double day = 86400;

const scenario_row scenario_rows[]{
    {"description", form::text, &scenario::description, 0, 0, "what it simulates, in a sentence"},
    {"users", form::count, &scenario::users, 1, 1e6, "simulated users"},
    {"devices", form::count, &scenario::devices, 1, 16, "connections of each user"},
    {"rooms", form::count, &scenario::rooms, 0, 1e6, "rooms there are, without direct ones"},
    {"rooms_per_user", form::count, &scenario::rooms_per_user, 0, limits::resume_rooms_max,
     "rooms each user is in"},
    {"choice", form::choice, &scenario::choice, 0, 0,
     "which rooms: uniform, zipf, or hot (room 0 and any others)"},
    {"zipf_exponent", form::number, &scenario::zipf_exponent, 0, 5, "of choice = \"zipf\""},
    {"ramp", form::rate, &scenario::ramp_per_s, 0.1, 1e5, "users that arrive per second"},
    // A stamp has ten digits for the microseconds: twelve days and a half.
    {"for", form::seconds, &scenario::for_s, 0.1, 12 * day,
     "how long is sent, from when all are up"},
    {"think", form::seconds, &scenario::think_s, think_s_min, day,
     "mean time between what a user sends"},
    {"think_distribution", form::think, &scenario::think, 0, 0,
     "exponential, lognormal or constant"},
    {"text_bytes_min", form::bytes, &scenario::text_bytes_min, stamp::size, limits::text_bytes_max,
     "shortest text"},
    {"text_bytes_max", form::bytes, &scenario::text_bytes_max, stamp::size, limits::text_bytes_max,
     "longest text"},
    {"burst_chance", form::share, &scenario::burst_chance, 0, 1, "that a message comes as a burst"},
    {"burst_messages", form::count, &scenario::burst_messages, 1, 100, "messages in a burst"},
    {"burst_gap", form::seconds, &scenario::burst_gap_s, 1e-3, 60, "between those"},
    {"typing_chance", form::share, &scenario::typing_chance, 0, 1, "that typing is shown before"},
    {"typing", form::seconds, &scenario::typing_s, 1e-2, 60, "how long before"},
    {"history_chance", form::share, &scenario::history_chance, 0, 1,
     "that a user scrolls back beside sending"},
    {"edit_chance", form::share, &scenario::edit_chance, 0, 1, "that a user edits an own message"},
    {"react_chance", form::share, &scenario::react_chance, 0, 1,
     "that a user reacts to the latest message"},
    {"signal_chance", form::share, &scenario::signal_chance, 0, 1,
     "that a user signals to another"},
    {"leave_chance", form::share, &scenario::leave_chance, 0, 1,
     "that a user leaves a room and joins it again"},
    {"direct_chance", form::share, &scenario::direct_chance, 0, 1,
     "that the message is a direct one"},
    {"agents", form::count, &scenario::agents, 0, 1e6,
     "users that all the others' direct messages go to; 0: to anyone"},
    {"tunnel_every", form::seconds, &scenario::tunnel_every_s, 0, day,
     "mean time until a user is offline; 0s: never"},
    {"tunnel", form::seconds, &scenario::tunnel_s, 0, day, "mean time offline"},
    {"storm_at", form::seconds, &scenario::storm_at_s, 0, day,
     "when all lose their connection at once; 0s: never"},
    {"storm_every", form::seconds, &scenario::storm_every_s, 0, day,
     "and again after that; 0s: not"},
    {"slow_share", form::share, &scenario::slow_share, 0, 1, "of the users that read slowly"},
    {"slow_bytes", form::bytes, &scenario::slow_bytes_per_s, 1, 1e9, "that those read per second"},
    {"misbehaving_share", form::share, &scenario::misbehaving_share, 0, 1,
     "of the users that only misbehave"},
    {"misbehave_every", form::seconds, &scenario::misbehave_every_s, 1e-2, day,
     "mean time between that"},
};

std::string shown(double value) {
  auto out = std::to_string(value);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out;
}

/// A user thinks, perhaps types, and writes one message or a burst, again and again.
struct cycle {
  double users;     // that write
  double messages;  // of one user
  double busy_s;    // beside thinking
};
cycle cycle_of(const scenario& of) {
  const auto further = of.burst_chance * static_cast<double>(of.burst_messages - 1);
  return {static_cast<double>(of.users) * (1 - of.misbehaving_share), 1 + further,
          further * of.burst_gap_s + of.typing_chance * of.typing_s};
}

}  // namespace

double scenario::rate() const {
  const auto one = cycle_of(*this);
  return one.users * one.messages / (think_s + one.busy_s);
}

void scenario::set_rate(double messages_per_s) {
  auto one = cycle_of(*this);
  if (one.users * one.messages / messages_per_s < 2 * one.busy_s) {  // no time for that
    burst_chance = typing_chance = 0;
    one = cycle_of(*this);
  }
  think_s = one.users * one.messages / messages_per_s - one.busy_s;
}

std::string set_key(scenario& of, std::string_view key, std::string_view value) {
  const auto row = std::ranges::find(scenario_rows, key, &scenario_row::key);
  if (row == std::end(scenario_rows))
    return "there is no key " + std::string{key} + " (confab-load scenarios --keys lists them)";
  if (const auto* text = std::get_if<std::string scenario::*>(&row->member)) {
    of.** text = value;
    return {};
  }
  const auto number = row->form.read(value);
  if (!number)
    return std::string{key} + " must be " + std::string{row->form.example} + ", not " +
           std::string{value};
  if (row->least < row->most && (*number < row->least || *number > row->most))
    return std::string{key} + " must be from " + shown(row->least) + " to " + shown(row->most) +
           ", not " + std::string{value};
  std::visit(
      [&](auto where) {
        using type = std::remove_reference_t<decltype(of.*where)>;
        if constexpr (!std::is_same_v<type, std::string>) of.*where = static_cast<type>(*number);
      },
      row->member);
  return {};
}

std::string impossibility(const scenario& what, std::uint64_t first_user) {
  if (what.rooms_per_user > what.rooms)
    return std::to_string(what.rooms_per_user) + " rooms per user are more than the " +
           std::to_string(what.rooms) + " rooms there are";
  if (what.rooms_per_user == 0 && what.direct_chance < 1)
    return "users without rooms (rooms_per_user = 0) can only write to each other "
           "(direct_chance = 1)";
  if (what.text_bytes_min > what.text_bytes_max)
    return "text_bytes_min is more than text_bytes_max";
  if (what.direct_chance > 0 && what.users < 2) return "direct messages need two users";
  if (what.agents >= what.users) return "with that many agents nobody is left to write to them";
  if (what.agents > 0 && what.direct_chance == 0) return "agents without direct_chance do nothing";
  if (what.slow_share + what.misbehaving_share > 1)
    return "slow_share and misbehaving_share are more than all users";
  if (what.users * what.devices > 10'000'000) return "more than 10,000,000 connections";
  if (first_user + what.users > std::uint64_t{stamp::number_max} + 1)
    return "users have numbers up to " + std::to_string(stamp::number_max) +
           ", and --first-user leaves too few";
  if (what.think_s < think_s_min) return "a user cannot send more than 1000 messages a second";
  return {};
}

std::vector<std::pair<std::string, std::string_view>> built_in_scenarios() {
  std::vector<std::pair<std::string, std::string_view>> out;
  for (const auto& each : scenarios::embedded_files()) {
    auto name = each.path.substr(each.path.rfind('/') + 1);
    name.remove_suffix(std::string_view{".toml"}.size());
    out.emplace_back(name, each.contents());
  }
  return out;
}

std::string scenario_keys() {
  std::string out;
  for (const auto& each : scenario_rows) {
    std::string name{each.key};
    name.resize(20, ' ');
    out.append(name).append(each.meaning).append(": ").append(each.form.example).append("\n");
  }
  return out;
}

}  // namespace confab::load
