// One room: what it is set to, who belongs to it, what is written in it.

import { ask } from "../ask.js";
import { bdi, el, icon } from "../dom.js";
import { showMenu } from "../menu.js";
import { idsIn } from "../names.js";
import { INVITED } from "../newroom.js";
import { untilWords } from "../notices.js";
import { changeSettings, factsOf } from "../settings.js";
import { shownText, summary } from "../text.js";
import { at } from "./api.js";
import {
  HOUR, DAY, LASTS, NOBODY, REASON, addressOf, askBan, askDelete, button, counted, factsLine, hint, listing, section, setMember, tabs, titled, userLink, when,
} from "./parts.js";

const STATES = [["member", "Members"], ["invited", "Invited"], ["banned", "Banned"]];
const ROLES = ["reader", "member", "moderator", "owner"];
const HERE_MAX = 50;
const PAGE = 25;

export async function showRoom(page, [id], query) {
  const path = at`/rooms/${id}`;
  const state = STATES.some(([value]) => value === query.state) ? query.state : "member";
  const [room, here] = await Promise.all([page.api.get(path, {}, page), page.api.get(`${path}/presence`, {}, page)]);
  const direct = room.users !== undefined;
  const [members, messages] = await Promise.all([
    listing(page, (cursor) => page.api.get(`${path}/members`, { state, limit: 50, cursor }, page), (row) => memberRow(page, room, row, direct), "Nobody."),
    messagesOf(page, room, Number(query.at) || 0),
  ]);
  const { topic } = room.settings;
  return titled(room.title,
    factsLine([
      bdi(room.room), direct ? "direct room" : counted(room.count, "member"), `${room.online} here now`, counted(room.head, "entry", "entries"),
      ...factsOf(room),
    ]),
    topic && el("p", { class: "text", dir: "auto", textContent: topic }),
    !direct && el("p", { class: "do" }, button("Settings…", () => set(page, room)), button("Add members…", () => addMembers(page, room))),
    el("div", { class: "columns" }, section("Messages", messages), section("People",
      here.users.length > 0 && el("p", { class: "here" }, "Here now: ", here.users.slice(0, HERE_MAX).flatMap((user, i) => (i > 0 ? [", ", userLink(user)] : [userLink(user)])),
        here.online > HERE_MAX && `, and ${here.online - HERE_MAX} more`),
      tabs("People", STATES, state, (value) => addressOf(at`rooms/${id}`, { state: value })), members)));
}

/** A key has an owner's rights. */
async function set(page, room) {
  let changed = false;
  await changeSettings(() => ({ ...room, with: null, role: "owner" }), async (settings) => {
    await page.api.patch(at`/rooms/${room.room}`, settings);
    changed = true;
  });
  if (changed) page.attempt(null, "The room is set.");
}

async function addMembers(page, room) {
  const said = await ask({
    title: "Add members", yes: "Add",
    fields: [{ ...INVITED, label: "Who", hint: "Ids of users, with commas between them. They are not asked.", required: true }, { name: "role", label: "As", choices: ROLES.map((role) => [role, role]), value: "member" }],
  });
  const users = said ? idsIn(said.users, []) : [];
  if (users.length === 0) return;
  page.attempt(page.api.post(at`/rooms/${room.room}/members`, { users, state: "member", role: said.role }).then(({ changed, skipped }) => {
    const left = Object.entries(skipped).filter(([, why]) => why !== "already");
    if (left.length > 0) throw new Error(`${counted(changed.length, "user was", "users were")} added; not ${left.map(([user, why]) => `${user}: ${why.replaceAll("_", " ")}`).join(", ")}`);
  }), "They are members.");
}

// ------------------------------------------------------------------------------------------------------ people

function memberRow(page, room, row, direct) {
  const muted = row.mute_until > Date.now();
  const facts = [
    row.name && row.name !== row.id && bdi(row.id), row.role, muted && `muted${untilWords(row.mute_until)}`, row.state === "banned" && `banned${untilWords(row.until)}`,
    row.by && el("span", {}, "by ", userLink(row.by)), row.reason && bdi(row.reason),
  ];
  return el("li", { class: "row with-more" },
    el("div", {}, el("p", { class: "what" }, userLink(row.id, row.name)), factsLine(facts)),
    !direct && moreButton(`More about ${row.name || row.id}`, `more ${row.id}`, () => powersOver(page, room, row, muted)));
}

function moreButton(label, key, items) {
  const node = el("button", { type: "button", class: "icon small", title: "More", "aria-label": label, "aria-haspopup": "menu", data: { key } }, icon("more"));
  node.addEventListener("click", () => showMenu(node, label, items()));
  return node;
}

function powersOver(page, room, { id, state, role }, muted) {
  const change = (how, done) => page.attempt(setMember(page.api, room.room, id, how), done);
  const asking = (question, how, done) => async () => {
    const said = await ask(question);
    if (said) change(how(said), done);
  };
  const reasoned = ({ reason }) => ({ reason: reason || undefined });
  return [
    ...(state === "member" ? ROLES.filter((each) => each !== role).map((each) => [`Make ${each}`, () => change({ role: each })]) : []),
    state === "member" && muted && ["Let speak again", () => change({ mute_until: 0 })],
    state === "member" && !muted && ["Mute…", asking(
      { title: `Mute ${id}?`, fields: [{ name: "lasts", label: "How long", choices: LASTS }, REASON], yes: "Mute" },
      (said) => ({ mute_until: Date.now() + Number(said.lasts), ...reasoned(said) }), "They are muted.")],
    state === "invited" && ["Take the invitation back", () => change({ state: "removed" })],
    state === "member" && ["Remove…", asking({ title: `Remove ${id} from this room?`, fields: [REASON], yes: "Remove", danger: true }, (said) => ({ state: "removed", ...reasoned(said) }), "They are removed.")],
    state !== "banned" && ["Ban…", async () => {
      const how = await askBan(id);
      if (how) change(how, "They are banned.");
    }],
    state === "banned" && ["Unban", () => change({ state: "unbanned" }, "The ban has ended.")],
  ];
}

// ---------------------------------------------------------------------------------------------------- messages

/** The latest, or those around `seq`; more of them by buttons. */
async function messagesOf(page, room, seq) {
  const path = at`/rooms/${room.room}/messages`;
  const list = el("ol", { class: "rows", "aria-label": "Messages" });
  const none = hint("Nothing is written here.");
  let [first, last] = [0, 0]; // seqs of what is shown
  const earlier = button("Earlier messages", () => load({ before: first }, true).catch(page.failed));
  const later = button("Later messages", () => load({ after: last }, false).catch(page.failed));
  const load = async (which, back) => {
    const { items, next } = await page.api.get(path, { limit: PAGE, ...which }, page);
    const rows = items.map((message) => messageRow(page, room, message, message.seq === seq));
    if (back) list.prepend(...rows);
    else list.append(...rows);
    if (items.length > 0) [first, last] = [Math.min(first || Infinity, items[0].seq), Math.max(last, items.at(-1).seq)];
    if (back) earlier.hidden = next === undefined;
    else later.hidden = next === undefined;
  };
  if (seq > 0) await load({ after: seq - 1 }, false);
  if (seq > 0 && first > 0) await load({ before: first }, true);
  if (first === 0) {
    await load({}, true);
    later.hidden = true;
  }
  list.hidden = first === 0;
  none.hidden = first > 0;
  return [earlier, list, none, later];
}

export function messageRow(page, room, message, marked = false) {
  const { seq, from, deleted, edited_at: edited, thread } = message;
  const files = (message.attachments ?? []).length;
  return el("li", { class: marked ? "row with-more marked" : "row with-more", ...(marked && { tabIndex: -1 }) },
    el("div", {},
      factsLine([userLink(from), when(message.at), `message ${seq}`, thread && `in the thread of ${thread}`, edited && "edited", files > 0 && counted(files, "file")]),
      deleted
        ? el("p", { class: "gone" }, "Deleted", message.deleted_by && [" by ", userLink(message.deleted_by)], message.reason && [": ", bdi(message.reason)])
        : el("p", { class: "text", dir: "auto", textContent: shownText({ text: "", ...message }) || summary(message) })),
    !deleted && moreButton(`More about message ${seq}`, `message ${seq}`, () => [
      ["Delete…", async () => {
        const reason = await askDelete(summary(message));
        if (reason !== null) page.attempt(page.api.delete(at`/rooms/${room.room}/messages/${seq}`, { reason }), "The message is deleted.");
      }],
      from !== NOBODY && [`Delete all by ${from}…`, () => deleteAll(page, room, from)],
      from !== NOBODY && room.users === undefined && [`Ban ${from}…`, async () => {
        const how = await askBan(from);
        if (how) page.attempt(setMember(page.api, room.room, from, how), "They are banned.");
      }],
    ]));
}

async function deleteAll(page, room, from) {
  const said = await ask({
    title: `Delete what ${from} wrote here?`, yes: "Delete", no: "Keep it", danger: true,
    fields: [{ name: "since", label: "Written", choices: [[String(HOUR), "In the last hour"], [String(DAY), "In the last day"], [String(7 * DAY), "In the last week"], ["", "At any time"]], value: String(DAY) }, REASON],
  });
  if (!said) return;
  const asked = { from, since_at: said.since ? Date.now() - Number(said.since) : undefined, reason: said.reason || undefined };
  page.attempt(page.api.post(at`/rooms/${room.room}/messages/delete`, asked), ({ deleted, more }) => `${counted(deleted, "message is", "messages are")} deleted.${more ? " There are more." : ""}`);
}
