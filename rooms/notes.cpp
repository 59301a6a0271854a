#include "rooms/notes.hpp"

#include <variant>

namespace confab::rooms {

std::map<user_id, std::uint8_t> addressed(const log_entry& message, const addressing& of) {
  std::map<user_id, std::uint8_t> found;
  const auto& body = std::get<posted>(message.body);
  if (body.where.quiet || body.what.mentions.room) return found;
  for (const auto& user : body.what.mentions.users) found[user] |= reasons::mention;
  if (of.replied_to) found[*of.replied_to] |= reasons::reply;
  if (of.root) found[*of.root] |= reasons::thread;
  for (const auto& user : of.writers) found[user] |= reasons::thread;
  found.erase(message.from);
  return found;
}

}  // namespace confab::rooms
