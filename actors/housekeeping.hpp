#pragma once

#include "actors/messages.hpp"

#include <functional>
#include <optional>

/// What is said to those who keep the journal in order, beside its writer: as messages.hpp.
namespace confab::actors {

// --- the keeper ---
struct trim_old {};   // to itself, once an hour,
struct trim_more {};  // and for each step of that
/// The clock is right: what was stopped goes on.
struct resume_trimming {};
struct trimming_resumed {
  bool was_stopped = false;
};

using keeper_actor =
    caf::typed_actor<caf::reacts_to<trim_old>, caf::reacts_to<trim_more>,
                     caf::replies_to<resume_trimming>::with<trimming_resumed>,
                     caf::replies_to<alive_request>::with<still_here>>;

// --- the eraser ---
/// Answered when it will be done, whatever happens.
struct erase_request {
  user_id user;
};
struct erase_taken {
  bool ok = false;    // it is done, or will be
  user_id as;
  bool known = true;  // the journal has something of such a user,
  bool done = false;  // or had, and it is erased
};
/// The same of who is no actor. `hear` is called once, by the eraser's thread.
struct erase_job {
  user_id user;
  std::function<void(const erase_taken&)> hear;
};
/// Whether something is left to do for who is called so since; none: it is not known now.
struct erasing_question {
  user_id as;
  std::function<void(std::optional<bool>)> hear;
};
struct erase_more {};  // to itself

using eraser_actor = caf::typed_actor<caf::replies_to<erase_request>::with<erase_taken>,
                                      caf::reacts_to<erase_job>, caf::reacts_to<erasing_question>,
                                      caf::reacts_to<erase_more>,
                                      caf::replies_to<alive_request>::with<still_here>>;

}  // namespace confab::actors

#define CONFAB_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(confab::actors::type)
CONFAB_MESSAGE(trim_old)
CONFAB_MESSAGE(trim_more)
CONFAB_MESSAGE(resume_trimming)
CONFAB_MESSAGE(trimming_resumed)
CONFAB_MESSAGE(erase_request)
CONFAB_MESSAGE(erase_taken)
CONFAB_MESSAGE(erase_job)
CONFAB_MESSAGE(erasing_question)
CONFAB_MESSAGE(erase_more)
#undef CONFAB_MESSAGE
