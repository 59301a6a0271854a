#pragma once

#include "actors/budget.hpp"
#include "api/backend.hpp"
#include "api/service.hpp"

#include <array>
#include <cstdint>

namespace confab::server {

/// What a key of the API may spend, and an address on wrong ones. Without a rate of calls (0) nothing
/// but wrong keys has a price.
inline actors::tariffs api_tariffs(unsigned calls_per_second, unsigned calls_burst) {
  actors::tariffs of;
  of[actors::price::calls] = {1.0 * calls_per_second, 1.0 * calls_burst};
  of[actors::price::wrong_keys] = {api::wrong_keys_per_second, api::wrong_keys_burst};
  return of;
}

inline actors::price price_of(api::price what) {
  switch (what) {
    case api::price::calls:
      return actors::price::calls;
    case api::price::wrong_keys:
      return actors::price::wrong_keys;
  }
  return actors::price::calls;
}

}  // namespace confab::server
