#pragma once

#include "actors/caf.hpp"
#include "actors/environment.hpp"

#include <caf/message_view.hpp>
#include <caf/result.hpp>
#include <caf/sec.hpp>

#include <functional>

/// CAF's own handlers for what an actor does not expect write to stderr, or end the actor without a
/// word. These tell the environment.
namespace confab::actors {

/// Messages and errors that nobody asked for are a bug of who sent them, and no reason to end.
/// `bug` is told where and what, as `environment::bug` is.
template <class Actor, class Bug>
void hear_unexpected(Actor& self, Bug bug) {
  self.set_default_handler([bug, where = self.name()](caf::scheduled_actor*, caf::message_view&) {
    bug(where, "a message that it does not understand");
    return caf::result<caf::message>{caf::sec::unexpected_message};
  });
  self.set_error_handler([bug, where = self.name()](caf::scheduled_actor*, caf::error& error) {
    bug(where, "an error that it did not ask for: " + caf::to_string(error));
  });
}
template <class Actor>
void hear_unexpected(Actor& self, const environment& env) {
  hear_unexpected(self, std::cref(env.bug));
}

/// For an actor without which its shard, or the server, is dumb: its bug ends the process.
template <class Actor>
void end_process_on_bug(Actor& self, const environment& env) {
  hear_unexpected(self, env);
  self.set_exception_handler([&env, where = self.name()](std::exception_ptr& caught) -> caf::error {
    env.fatal_bug(where, text_of(caught));
    return caf::exit_reason::unhandled_exception;
  });
}

}  // namespace confab::actors
