// What several views are made of.

import { ask } from "../ask.js";
import { bdi, el } from "../dom.js";
import { timeElement, whenLabel } from "../text.js";
import { at } from "./api.js";

const LOOKS_MAX = 20;
export const NOBODY = "@server";

/** An address of this page, in parts: #rooms/general?at=12. */
export function placeOf(hash) {
  const [path, query = ""] = hash.slice(1).split("?");
  const [view, ...ids] = path.split("/").map(decoded);
  return { view: view || "server", ids, query: Object.fromEntries(new URLSearchParams(query)) };
}
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
/** `query` without what is empty. */
export function addressOf(path, query = {}) {
  const said = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  return said.size > 0 ? `#${path}?${said}` : `#${path}`;
}

/** What a view resolves with. */
export const titled = (title, ...nodes) => ({ title, nodes: [el("h1", { tabIndex: -1 }, bdi(title)), ...nodes.flat().filter(Boolean)] });

export const section = (title, ...nodes) => el("section", {}, el("h2", { textContent: title }), ...nodes.flat());
export const hint = (text) => el("p", { class: "muted", textContent: text });

/** `key`: by which it is found again, with the focus, when the view is shown anew. */
export function button(label, action, { key = label, ...props } = {}) {
  const node = el("button", { type: "button", textContent: label, data: { key }, ...props });
  node.addEventListener("click", () => action(node));
  return node;
}

export const roomLink = (room, { title = room, query } = {}) => el("a", { href: addressOf(at`rooms/${room}`, query) }, bdi(title));
/** Who nobody is has no view. */
export const userLink = (user, name = user) => (user === NOBODY ? bdi("the server") : el("a", { href: at`#users/${user}` }, bdi(name || user)));

/** With its day, where that is another one. */
export function when(ms) {
  const time = timeElement(ms);
  time.textContent = whenLabel(ms);
  return time;
}

export const numbers = new Intl.NumberFormat();
export const counted = (count, one, many = `${one}s`) => `${numbers.format(count)} ${count === 1 ? one : many}`;

/** Facts with points between them. */
export const factsLine = (facts) => el("p", { class: "muted facts" }, facts.filter(Boolean).flatMap((fact, i) => (i > 0 ? [" · ", fact] : [fact])));

/** Links of which one is chosen: [value, label] pairs. */
export const tabs = (label, pairs, chosen, address) => el("nav", { class: "tabs", "aria-label": label },
  pairs.map(([value, text]) => el("a", { href: address(value), textContent: text, "aria-current": value === chosen && "true", data: { key: `${label} ${value}` } })));

/** A list that is loaded by pages. `load` takes where the next begins; a page may hold nothing, and go on all the same. */
export async function listing(page, load, rowOf, none) {
  const list = el("ul", { class: "rows" });
  const status = el("p", { class: "muted", role: "status" });
  let next;
  const add = async () => {
    let rows = [];
    for (let looks = 0; rows.length === 0 && looks < LOOKS_MAX && (looks === 0 || next !== undefined); looks++) {
      const found = await load(next);
      rows = await Promise.all(found.items.map(rowOf));
      next = found.next;
    }
    list.append(...rows);
    list.hidden = list.children.length === 0;
    more.hidden = next === undefined;
    status.textContent = rows.length > 0 ? "" : next === undefined ? (list.hidden ? none : "These are all.") : "Nothing so far. There may be more.";
  };
  const more = button("Show more", () => add().catch(page.failed));
  await add();
  return [list, status, more];
}

/** A form whose fields are a query of the address: it is shown anew with them. `fields` as those of `ask`. */
export function filters(path, fields, query, yes = "Search") {
  const controls = fields.map(({ name, label, choices }) => {
    const id = `filter-${name}`;
    const value = query[name] ?? "";
    const control = choices
      ? el("select", { id, name }, choices.map(([each, text]) => el("option", { value: each, textContent: text, selected: each === value })))
      : el("input", { id, name, value, type: "search", autocomplete: "off", autocapitalize: "off", spellcheck: false });
    return el("div", { class: "field" }, el("label", { htmlFor: id, textContent: label }), control);
  });
  const form = el("form", { class: "filters", role: "search" }, controls, el("button", { type: "submit", class: "primary", textContent: yes }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = addressOf(path, Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()])));
  });
  return form;
}

export const REASON = { name: "reason", label: "Reason (optional; everybody in the room sees it)" };
export const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
export const LASTS = [[String(10 * MINUTE), "10 minutes"], [String(HOUR), "1 hour"], [String(DAY), "1 day"], [String(7 * DAY), "1 week"]];

/** Changes what one user is in a room; rejects with why it could not be. */
export async function setMember(api, room, user, change) {
  const { skipped, deleted } = await api.post(at`/rooms/${room}/members`, { users: [user], ...change });
  const why = skipped[user];
  if (why && why !== "already") throw new Error(`${user} was left as they are: ${why.replaceAll("_", " ")}`);
  return deleted;
}

/** Asks how; resolves with what `setMember` takes, or null. */
export async function askBan(user) {
  const said = await ask({
    title: `Ban ${user}?`, yes: "Ban", danger: true,
    fields: [
      { name: "lasts", label: "How long", choices: [...LASTS.slice(1), ["", "Without an end"]], value: String(DAY) }, REASON,
      { name: "gone", label: "Delete what they wrote", choices: [["", "No"], [String(HOUR), "In the last hour"], [String(DAY), "In the last day"], [String(7 * DAY), "In the last week"]] },
    ],
  });
  return said && {
    state: "banned", reason: said.reason || undefined,
    until: said.lasts ? Date.now() + Number(said.lasts) : undefined, delete_ms: said.gone ? Number(said.gone) : undefined,
  };
}

/** Resolves with the reason, or null. */
export async function askDelete(quote) {
  const said = await ask({ title: "Delete this message?", quote: quote.slice(0, 200), fields: [REASON], yes: "Delete", no: "Keep it", danger: true });
  return said && said.reason;
}
