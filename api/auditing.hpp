#pragma once

#include "api/service.hpp"

/// What is kept of calls for who asks later who did what: those about users, keys and the server itself.
namespace confab::api {

/// From now on the call's answer is recorded in the server's log, where it changes something of that.
void note_answer(const call_ptr& of);

}  // namespace confab::api
