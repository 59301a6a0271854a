// Blocking people, and the list of those one has blocked.

import { ask } from "./ask.js";
import { avatar, bdi, byId, el, redraw } from "./dom.js";
import { isolated } from "./names.js";

/** The line of a menu about somebody. `attempt` says in words what goes wrong. */
export function blockItem(id, store, attempt) {
  if (store.isBlocked(id)) return ["Unblock", () => attempt(store.setBlocked(id, false))];
  return ["Block…", async () => {
    const said = await ask({
      title: `Block ${isolated(store.nameOf(id))}?`,
      note: "They can no longer write to you directly, and what they write in rooms is hidden from you. Nobody is told.",
      yes: "Block", danger: true,
    });
    if (said) await attempt(store.setBlocked(id));
  }];
}

/** A dialog with all of them. */
export function showBlocked(store, attempt) {
  const dialog = byId("ask");
  const list = el("div", { class: "blocked scroll" });
  const close = el("button", { type: "submit", class: "primary", textContent: "Close" });
  const draw = () => {
    const { blocked } = store.getSnapshot();
    store.learn(blocked);
    const rows = blocked.map((id) => ({ id, name: store.nameOf(id) })).sort((a, b) => a.name.localeCompare(b.name));
    redraw(list, JSON.stringify(rows), () => [rows.length === 0
      ? el("p", { class: "muted", textContent: "You have blocked nobody. To block somebody, choose “More” beside their name or their message." })
      : el("ul", {}, rows.map(({ id, name }) => el("li", { class: "person" },
        el("span", { class: "member" }, avatar(id, name), el("span", { class: "who" }, bdi(name, "name"), name !== id && el("bdi", { class: "handle", textContent: `@${id}` }))),
        el("button", { type: "button", textContent: "Unblock", "aria-label": `Unblock ${isolated(name)}`, data: { user: id, key: id } }))))]);
  };
  list.addEventListener("click", ({ target }) => {
    const { user } = target.closest("button")?.dataset ?? {};
    if (user === undefined) return;
    close.focus();
    attempt(store.setBlocked(user, false));
  });
  draw();
  const ends = store.subscribe(draw);
  dialog.replaceChildren(el("form", { method: "dialog" }, el("h2", { id: "ask-heading", textContent: "Blocked people" }), list, el("p", { class: "actions" }, close)));
  dialog.addEventListener("close", ends, { once: true });
  dialog.showModal();
  close.focus();
  attempt(store.loadBlocked());
}
