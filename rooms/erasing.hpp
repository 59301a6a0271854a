#pragma once

#include "protocol/entry.hpp"

namespace confab::rooms {

/// An entry before `what`: whom it names is called otherwise since.
void rename(log_entry& entry, const erased& what);
/// Whether the user wrote it, or is named in it.
bool names(const log_entry& entry, const user_id& user);

}  // namespace confab::rooms
