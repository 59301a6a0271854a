// A question in a dialog, with fields to fill in.

import { byId, el } from "./dom.js";
import { byteLength } from "./text.js";

const BYTES_MAX = 256;

/**
 * `fields`: { name, label, value, hint, bytes, required, lines } and, for one of several answers, `choices`: [value, label] pairs.
 * `problem`: why the answer before this one would not do.
 * Resolves with what was filled in, by name, and the very `value` of a field that was left alone; null: the user thought better of it.
 */
export function ask({ title, quote = "", note = "", problem = "", fields = [], yes, no = "Cancel", danger = false }) {
  const dialog = byId("ask");
  const cancel = el("button", { type: "button", textContent: no });
  cancel.addEventListener("click", () => dialog.close(""));
  const form = el("form", { method: "dialog" },
    el("h2", { id: "ask-heading", textContent: title }),
    note && el("p", { class: "muted", textContent: note }),
    problem && el("p", { class: "error", role: "alert", textContent: problem }),
    quote && el("p", { class: "muted quote", dir: "auto", textContent: quote }),
    fields.map(field),
    el("p", { class: "actions" }, cancel, el("button", { type: "submit", value: "yes", class: danger ? "danger" : "primary", textContent: yes })));
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  form.querySelector("input, textarea, select")?.focus();
  // A text box ends its lines as forms do.
  const filledIn = () => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.replace(/\r\n?/g, "\n").trim()]));
  const first = filledIn();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const values = filledIn();
      for (const { name, value } of fields) if (value !== undefined && values[name] === first[name]) values[name] = value;
      resolve(dialog.returnValue === "yes" ? values : null);
    }, { once: true });
  });
}

function field({ name, label, value = "", hint = "", choices, bytes = BYTES_MAX, required, lines }) {
  const id = `ask-${name}`;
  const common = { id, name, "aria-describedby": hint ? `${id}-hint` : undefined };
  const control = choices
    ? el("select", common, choices.map(([each, text]) => el("option", { value: each, textContent: text, selected: each === value })))
    : el(lines ? "textarea" : "input", { ...common, value, rows: lines, required: required === true, dir: "auto", autocomplete: "off", spellcheck: false });
  if (!choices) control.addEventListener("input", () => control.setCustomValidity(byteLength(control.value) > bytes ? "This is too long." : ""));
  return el("div", { class: "field" }, el("label", { htmlFor: id, textContent: label }), control,
    hint && el("p", { id: `${id}-hint`, class: "hint muted", textContent: hint }));
}

export const REASON = { name: "reason", label: "Reason (everybody here sees it)" };
/** Of what befalls somebody: it is in an entry that goes to those in the room, and not in the room's list of people. */
export const REASON_LIVE = { name: "reason", label: "Reason (they see it, and who is here now)" };
