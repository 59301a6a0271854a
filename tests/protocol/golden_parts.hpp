#pragma once

#include "protocol/codec.hpp"

#include <string>

/// What the values of the golden frames are made of.
namespace golden {

using namespace confab;

inline room_id room(std::string text) { return room_id::trusted(std::move(text)); }
inline user_id user(std::string text) { return user_id::trusted(std::move(text)); }
inline content text(std::string what) { return {std::move(what), std::nullopt}; }
inline content data(std::string what) { return {"", free_data{std::move(what)}}; }

inline ref_no id(std::uint64_t value) { return ref_no{value}; }

inline const auto general = room("general");
inline const auto team_red = room("team-red");
inline const unix_ms at{1763790000123};

}  // namespace golden
