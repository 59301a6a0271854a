#include "cluster/standing.hpp"

namespace confab::cluster {

std::string_view name(standing::state of) noexcept {
  switch (of) {
    case standing::state::starting:
      return "starting";
    case standing::state::serving:
      return "serving";
    case standing::state::failing:
      return "failing";
    case standing::state::cut_off:
      return "cut_off";
    case standing::state::leaving:
      return "leaving";
    case standing::state::closing:
      return "closing";
    case standing::state::gone:
      return "gone";
  }
  return "";
}

void standing::enter(state next, clock now) {
  state_ = next;
  since_ = now;
}

/// What the journal does not take is not caught up with.
void standing::caught_up(clock now) {
  heard(now);
  if (needs_barrier() && !failing_since_) enter(state::serving, now);
}

void standing::applied(bool is_well, clock now) {
  if (is_well)
    failing_since_.reset();
  else if (!failing_since_)
    failing_since_ = now;
  if (state_ == state::serving && failing_since_) enter(state::failing, now);
  if (state_ == state::failing && !failing_since_) enter(state::serving, now);
}

void standing::leave(clock now) {
  if (!is_leaving()) enter(state::leaving, now);
}

std::optional<standing::clock> standing::on_time(clock now, std::size_t in_flight,
                                                 std::size_t sessions) {
  const auto lasts = now - since_;
  switch (state_) {
    case state::serving:
    case state::failing:
      if (now - heard_at_ < how_.lost_after &&
          (!failing_since_ || now - *failing_since_ < how_.failed_after))
        return std::nullopt;
      // Once: who comes back to it all the same can read.
      enter(state::cut_off, now);
      return how_.close_over;
    case state::leaving:
      if (in_flight > 0 && lasts < how_.answer_wait) return std::nullopt;
      enter(state::closing, now);
      return how_.close_over;
    case state::closing:
      if (sessions == 0 || lasts >= how_.close_over + how_.close_wait) enter(state::gone, now);
      return std::nullopt;
    case state::starting:
    case state::cut_off:
    case state::gone:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace confab::cluster
