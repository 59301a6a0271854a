#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace confab::load {

enum class room_choice : std::uint8_t {
  uniform,  // any rooms
  zipf,     // the first ones more often than the others
  hot       // room 0, and any others
};
enum class distribution : std::uint8_t { exponential, lognormal, constant };

/// Less than a user can be simulated with.
inline constexpr double think_s_min = 1e-3;

/// Who the simulated users are and what they do. Chances are per message sent; times in seconds.
/// `scenario_rows` in scenario.cpp says what each key means and may be.
struct scenario {
  std::string name = "custom";
  std::string description;

  std::uint64_t users = 100;
  std::uint64_t devices = 1;
  std::uint64_t rooms = 10;
  std::uint64_t rooms_per_user = 3;
  room_choice choice = room_choice::uniform;
  double zipf_exponent = 1;
  double ramp_per_s = 100;
  double for_s = 30;

  double think_s = 5;
  distribution think = distribution::exponential;
  std::uint64_t text_bytes_min = 60;
  std::uint64_t text_bytes_max = 200;
  double burst_chance = 0;
  std::uint64_t burst_messages = 3;
  double burst_gap_s = 0.5;
  double typing_chance = 0;
  double typing_s = 1;

  double history_chance = 0;
  double edit_chance = 0;
  double react_chance = 0;
  double signal_chance = 0;
  double leave_chance = 0;
  double direct_chance = 0;
  std::uint64_t agents = 0;

  double tunnel_every_s = 0;
  double tunnel_s = 5;
  double storm_at_s = 0;
  double storm_every_s = 0;

  double slow_share = 0;
  std::uint64_t slow_bytes_per_s = 4096;
  double misbehaving_share = 0;
  double misbehave_every_s = 3;

  /// Messages per second of all users together.
  double rate() const;
  /// Sets the thinking time so that `rate()` becomes `messages_per_s`; takes typing and bursts away
  /// where they leave no time for that.
  void set_rate(double messages_per_s);
};

struct mistake {
  std::size_t line = 0;  // from 1; 0: not of a line
  std::string text;
};

/// TOML, flat: `key = value`. All mistakes are told, in order.
std::variant<scenario, std::vector<mistake>> parse_scenario(std::string_view name,
                                                            std::string_view toml);

/// Sets one key from text, as in `--set think=2s`. Empty: done; else what is wrong.
std::string set_key(scenario& of, std::string_view key, std::string_view value);

/// What cannot be simulated, as one sentence; empty: nothing. `first_user`: the number of the
/// first, which a stamp has to hold as well as that of the last.
std::string impossibility(const scenario& what, std::uint64_t first_user = 0);

/// The scenarios that are built in: name and TOML.
std::vector<std::pair<std::string, std::string_view>> built_in_scenarios();

/// Every key with its meaning and what its value looks like, for `confab-load scenarios --keys`.
std::string scenario_keys();

}  // namespace confab::load
