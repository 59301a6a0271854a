#pragma once

#include "tests/support/actor_world.hpp"

#include <string>
#include <utility>

namespace confab::test {

inline json set_member(const std::string& room, json users, json change) {
  change["type"] = "set_member";
  change["room"] = room;
  change["users"] = std::move(users);
  return change;
}
inline json membership(const std::string& type, const std::string& room) {
  return {{"type", type}, {"room", room}, {"member", true}};
}
inline json set_room(const std::string& room, json change) {
  change["type"] = "set_room";
  change["room"] = room;
  return change;
}

/// Alice's private room with Bob, who was invited and has come.
struct private_room {
  actor_world world;
  client& alice = world.guest("alice");
  client& bob = world.guest("bob");

  private_room() {
    alice.ask({{"type", "create"}, {"room", "team"}, {"visibility", "private"}, {"users", {"bob"}}});
    alice.join("team");
    bob.ask(membership("join", "team"));
    forget();
  }
  void forget() {
    for (auto& each : world.clients) each.forget();
  }
  json change(json users, json what) { return alice.ask(set_member("team", users, what)); }
};

}  // namespace confab::test
