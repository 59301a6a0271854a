#pragma once

#include "protocol/fields.hpp"

/// Private to protocol: the commands that are read elsewhere than in decode.cpp.
namespace confab {

// What commands have in common.
content read_content(fields& in);
placement read_placement(fields& in);
room_settings read_settings(fields& in);

// Of messages.
command::any read_send(fields& in);
command::any read_direct(fields& in);
command::any read_edit(fields& in);
command::any read_delete(fields& in);
command::any read_react(fields& in);
command::any read_unreact(fields& in);
command::any read_reactions(fields& in);
command::any read_pin(fields& in);
command::any read_unpin(fields& in);
command::any read_pins(fields& in);
command::any read_history(fields& in);
command::any read_threads(fields& in);
command::any read_emit(fields& in);
command::any read_upload(fields& in);
command::any read_download(fields& in);
command::any read_report(fields& in);
command::any read_search(fields& in);

// Of rooms and their members.
command::any read_create(fields& in);
command::any read_set_room(fields& in);
command::any read_set_own(fields& in);
command::any read_set_member(fields& in);
command::any read_members(fields& in);

}  // namespace confab
