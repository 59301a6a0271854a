#pragma once

#include "actors/budget.hpp"
#include "api/backend.hpp"
#include "api/service.hpp"

#include <array>
#include <cstdint>

namespace confab::server {

/// What a call may cost in the long run: one that does more is more than one.
inline constexpr double operations_per_call = 20;
inline constexpr double rows_per_call = 100;
inline constexpr double nodes_per_call = 500;
inline constexpr double bytes_per_call = 64.0 * 1024;

/// What a key of the API may spend, and an address on wrong ones. Without a rate of calls (0) nothing
/// but wrong keys has a price.
inline actors::tariffs api_tariffs(unsigned calls_per_second, unsigned calls_burst) {
  actors::tariffs of;
  const auto times = [&](double each) {
    return actors::tariff{each * calls_per_second, each * calls_burst};
  };
  of[actors::price::calls] = times(1);
  of[actors::price::operations] = times(operations_per_call);
  of[actors::price::rows] = times(rows_per_call);
  of[actors::price::nodes] = times(nodes_per_call);
  of[actors::price::bytes_out] = times(bytes_per_call);
  of[actors::price::wrong_keys] = {api::wrong_keys_per_second, api::wrong_keys_burst};
  return of;
}

inline actors::price price_of(api::price what) {
  switch (what) {
    case api::price::calls:
      return actors::price::calls;
    case api::price::operations:
      return actors::price::operations;
    case api::price::rows:
      return actors::price::rows;
    case api::price::nodes:
      return actors::price::nodes;
    case api::price::bytes:
      return actors::price::bytes_out;
    case api::price::wrong_keys:
      return actors::price::wrong_keys;
  }
  return actors::price::calls;
}

}  // namespace confab::server
