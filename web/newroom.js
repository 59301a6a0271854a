// Makes a room: with any title, as the server makes its id.

import { ask } from "./ask.js";
import { idsIn } from "./names.js";

export const VISIBILITY = [
  ["public", "Public: everybody finds it and may come in"],
  ["invite", "By invitation: everybody finds it, only those invited come in"],
  ["private", "Private: only those invited know of it"],
];
export const TITLE = { name: "title", label: "Name", bytes: 128, required: true };
export const INVITED = { name: "users", label: "Invite", hint: "Names or ids, with commas between them.", bytes: 10_000 };

/** Resolves with the id of the new room, or null. */
export async function newRoom(store) {
  const values = await ask({
    title: "New room",
    fields: [TITLE, { name: "visibility", label: "Who may come in", choices: VISIBILITY }, INVITED],
    yes: "Make it",
  });
  if (!values) return null;
  const { title, visibility } = values;
  const users = idsIn(values.users, store.people());
  const made = await store.client.createRoom({ title, visibility: visibility === "public" ? undefined : visibility, users: users.length ? users : undefined });
  return made.room;
}
