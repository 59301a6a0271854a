// A question in a dialog, with fields to fill in.

import { byId, el } from "./dom.js";
import { byteLength } from "./text.js";

const BYTES_MAX = 256;

/**
 * `fields`: { name, label, value, hint, bytes, required } and, for one of several answers, `choices`: [value, label] pairs.
 * Resolves with what was filled in, by name; null: the user thought better of it.
 */
export function ask({ title, quote = "", note = "", fields = [], yes, no = "Cancel", danger = false }) {
  const dialog = byId("ask");
  const cancel = el("button", { type: "button", textContent: no });
  cancel.addEventListener("click", () => dialog.close(""));
  const form = el("form", { method: "dialog" },
    el("h2", { id: "ask-heading", textContent: title }),
    note && el("p", { class: "muted", textContent: note }),
    quote && el("p", { class: "muted quote", dir: "auto", textContent: quote }),
    fields.map(field),
    el("p", { class: "actions" }, cancel, el("button", { type: "submit", value: "yes", class: danger ? "danger" : "primary", textContent: yes })));
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  form.querySelector("input, select")?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const values = Object.fromEntries(new FormData(form));
      for (const name of Object.keys(values)) values[name] = values[name].trim();
      resolve(dialog.returnValue === "yes" ? values : null);
    }, { once: true });
  });
}

function field({ name, label, value = "", hint = "", choices, bytes = BYTES_MAX, required }) {
  const id = `ask-${name}`;
  const common = { id, name, "aria-describedby": hint ? `${id}-hint` : undefined };
  const control = choices
    ? el("select", common, choices.map(([each, text]) => el("option", { value: each, textContent: text, selected: each === value })))
    : el("input", { ...common, value, required: required === true, dir: "auto", autocomplete: "off", spellcheck: false });
  if (!choices) control.addEventListener("input", () => control.setCustomValidity(byteLength(control.value) > bytes ? "This is too long." : ""));
  return el("div", { class: "field" }, el("label", { htmlFor: id, textContent: label }), control,
    hint && el("p", { id: `${id}-hint`, class: "hint muted", textContent: hint }));
}

export const REASON = { name: "reason", label: "Reason (everybody here sees it)" };
/** Of what befalls somebody: it is in an entry that goes to those in the room, and not in the room's list of people. */
export const REASON_LIVE = { name: "reason", label: "Reason (they see it, and who is here now)" };
