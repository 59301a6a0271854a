// One user: their name, where they are connected from, and the rooms that they belong to.

import { ask } from "../ask.js";
import { bdi, el } from "../dom.js";
import { at } from "./api.js";
import { button, counted, factsLine, filters, hint, listing, section, titled } from "./parts.js";
import { roomRow } from "./rooms.js";

const FIELDS = [{ name: "id", label: "Id of the user" }];
const NO_SUCH_USER = 404;
const [LOOKS_MAX, LOOK_MS] = [20, 100];

/** The API lists no users, so one has to know whom one looks for. */
export async function showUsers(_page, _ids, { id }) {
  if (id) location.replace(at`#users/${id}`);
  return titled("Users", filters("users", FIELDS, {}, "Show"), hint("Names in rooms, messages and reports lead here too."));
}

export async function showUser(page, [id]) {
  const [profile, { items: sessions }, rooms] = await Promise.all([
    page.api.get(at`/users/${id}`, {}, page).catch((error) => {
      if (error.status === NO_SUCH_USER) return null;
      throw error;
    }),
    page.api.get(at`/users/${id}/sessions`, {}, page),
    listing(page, (cursor) => page.api.get("/rooms", { member: id, limit: 50, cursor }, page), roomRow, "They belong to no room."),
  ]);
  return titled(profile?.name ?? id,
    factsLine([bdi(id), sessions.length > 0 ? "online" : "offline", !profile && "nothing is kept of this user"]),
    el("p", { class: "do" }, profile && button("Change name…", () => rename(page, profile)),
      sessions.length > 0 && button("Disconnect all…", () => disconnect(page, id, {}))),
    profile?.data && section("Data", el("pre", { tabIndex: 0, "aria-label": "Data", textContent: JSON.stringify(profile.data, null, 2) })),
    section("Sessions",
      sessions.length > 0
        ? el("ul", { class: "rows" }, sessions.map((one) => el("li", { class: "row with-more" },
          el("div", {}, el("p", { class: "what", textContent: one.device ?? "No device named" }), factsLine([one.session, `node ${one.node}`])),
          button("Disconnect…", () => disconnect(page, id, { session: one.session }), { key: one.session, "aria-label": `Disconnect ${one.device ?? one.session}…` }))))
        : hint("They are not connected.")),
    section("Rooms", rooms));
}

async function rename(page, { user, name }) {
  const said = await ask({ title: `Change the name of ${user}`, fields: [{ name: "name", label: "Name", value: name, bytes: 128, required: true }], yes: "Save" });
  if (said) page.attempt(page.api.patch(at`/users/${user}`, { name: said.name }), "The name is changed.");
}

async function disconnect(page, user, which) {
  const said = await ask({
    title: `Disconnect ${user}?`, yes: "Disconnect", danger: true,
    fields: [
      { name: "reason", label: "Reason (optional; their app is told)", bytes: 100 },
      { name: "away", label: "Afterwards", choices: [["", "Their app connects again"], ["true", "Their app stays away until they come back themselves"]] },
    ],
  });
  if (!said) return;
  const asked = { ...which, reason: said.reason || undefined, stay_away: said.away === "true" };
  page.attempt(closing(page, user, asked), (count) => `${counted(count, "session was", "sessions were")} closed.`);
}

/** Resolves when they are gone, which is a moment after they were told to go; how many. */
async function closing({ api, signal }, user, asked) {
  const path = at`/users/${user}/sessions`;
  const { items: before } = await api.get(path);
  const { sessions } = await api.post(at`/users/${user}/disconnect`, asked);
  const going = new Set(asked.session ? [asked.session] : before.map(({ session }) => session));
  for (let looks = 0; looks < LOOKS_MAX && !signal.aborted; looks++) {
    const { items } = await api.get(path);
    if (!items.some(({ session }) => going.has(session))) break;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  return sessions;
}
