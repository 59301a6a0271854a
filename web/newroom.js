// Makes a room: with any title, as the server makes its id.

import { ask } from "./ask.js";
import { idsIn } from "./names.js";

const VISIBILITY = [
  ["public", "Public"],
  ["invite", "By invitation"],
  ["private", "Private"],
];
// A select on a phone shows no more than some words, so what they mean stands below.
export const WHO = {
  name: "visibility", label: "Who may come in", choices: VISIBILITY,
  hint: "Everybody may come into a public room, only invited people into the others. A private room is hidden from everybody else.",
};
export const TITLE = { name: "title", label: "Name", bytes: 128, required: true };
export const INVITED = { name: "users", label: "Invite", hint: "Names or ids, with commas between them.", bytes: 10_000 };

/** Resolves with the id of the new room, or null. */
export async function newRoom(store) {
  const values = await ask({
    title: "New room",
    fields: [TITLE, WHO, INVITED],
    yes: "Create",
  });
  if (!values) return null;
  const { title, visibility } = values;
  const users = idsIn(values.users, store.people());
  const made = await store.client.createRoom({ title, visibility: visibility === "public" ? undefined : visibility, users: users.length ? users : undefined });
  return made.room;
}
