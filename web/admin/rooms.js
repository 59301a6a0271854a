// The rooms there are, by the beginning of their ids and by what they are set to.

import { el } from "../dom.js";
import { factsOf } from "../settings.js";
import { counted, factsLine, filters, listing, roomLink, titled, when } from "./parts.js";

const FIELDS = [
  { name: "prefix", label: "Id begins with" },
  { name: "visibility", label: "Who may come in", choices: [["", "Any"], ["public", "Public"], ["invite", "By invitation"], ["private", "Private"]] },
  { name: "archived", label: "Archived", choices: [["", "Either"], ["false", "No"], ["true", "Yes"]] },
  { name: "empty", label: "Members", choices: [["", "Any number"], ["false", "Some"], ["true", "None"]] },
];

export async function showRooms(page, _ids, query) {
  const asked = Object.fromEntries(FIELDS.map(({ name }) => [name, query[name]]));
  const rows = await listing(page, (cursor) => page.api.get("/rooms", { ...asked, limit: 50, cursor }, page), roomRow, "There is no such room.");
  return titled("Rooms", filters("rooms", FIELDS, query), rows);
}

export const roomRow = (room) => el("li", { class: "row" },
  el("p", { class: "what" }, roomLink(room.room, { title: room.title }), room.title !== room.room && el("bdi", { class: "handle", textContent: room.room })),
  factsLine([
    counted(room.count, "member"), `${counted(room.head, "entry", "entries")}`, room.at > 0 && el("span", {}, "last ", when(room.at)), ...factsOf(room),
  ]));
