#pragma once

#include "protocol/entry.hpp"

#include <string_view>

namespace confab::rooms {

/// Begins the subject of the server's own mark that somebody is to be erased, or was; the id follows.
inline constexpr std::string_view erasure_prefix = "erase:";
/// Begins what they are called since. Nobody else is.
inline constexpr std::string_view erased_prefix = "gone:";

/// An entry before `what`: whom it names is called otherwise since, and what else they have written into
/// it is gone.
void rename(log_entry& entry, const erased& what);
/// Whether the user wrote it, or is named in it.
bool names(const log_entry& entry, const user_id& user);

}  // namespace confab::rooms
