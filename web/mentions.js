// "@" in a text: whom it may mean while one writes, and whom it means when it is sent.

import { bdi, el, isComposing } from "./dom.js";

const SHOWN_MAX = 8;
const MENTIONS_MAX = 50;
const EVERYBODY = { id: "room", name: "everybody here" };
// Not within an address. Where one writes without spaces, anything else may stand before it; a name is in any script, an id is not.
const AT_CARET = /(?<![A-Za-z0-9_.+/@-])@([\p{L}\p{M}\p{N}_.:|+=~-]*)$/u;
const IN_TEXT = /(?<![A-Za-z0-9_.+/@-])@([A-Za-z0-9_][A-Za-z0-9_.:|@+=~-]*)/g;

/** Ids of those that are known, and `@room`. */
export function mentionsIn(text, people) {
  const found = new Set();
  for (const [, typed] of text.matchAll(IN_TEXT)) {
    if (typed === EVERYBODY.id) found.add("@room");
    for (const id of [typed, typed.replace(/[.:~=|+-]+$/, "")]) if (people.some((one) => one.id === id)) found.add(id);
  }
  return found.size ? [...found].slice(0, MENTIONS_MAX) : undefined;
}

/** Completes names in `text`; `people` tells who may be meant there. */
export function completeMentions(text, people) {
  const list = el("ul", { id: `${text.id}-mentions`, class: "mentions", role: "listbox", "aria-label": "People to mention", hidden: true });
  text.parentElement.append(list);
  text.setAttribute("aria-autocomplete", "list");
  let found = [];
  let chosen = 0;

  function hide() {
    found = [];
    list.hidden = true;
    text.removeAttribute("aria-activedescendant");
    text.removeAttribute("aria-controls");
  }

  function draw() {
    const typed = AT_CARET.exec(text.value.slice(0, text.selectionStart))?.[1];
    const begins = (text) => text.toLowerCase().startsWith(typed.toLowerCase());
    const fits = ({ id, name }) => begins(id) || name.split(/\s+/).some(begins);
    found = typed === undefined ? [] : [...people(), EVERYBODY].filter(fits).slice(0, SHOWN_MAX);
    if (found.length === 0 || found.some(({ id }) => id === typed)) return hide(); // nothing to complete: Enter sends
    list.replaceChildren(...found.map(({ id, name }, index) =>
      el("li", { id: `${list.id}-${index}`, role: "option", data: { index } }, bdi(name, "name"), name !== id && bdi(`@${id}`, "handle"))));
    list.hidden = false;
    text.setAttribute("aria-controls", list.id);
    mark(0);
  }

  function mark(index) {
    chosen = index;
    [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    text.setAttribute("aria-activedescendant", `${list.id}-${chosen}`);
  }

  function take(index) {
    const end = text.selectionStart;
    const start = text.value.lastIndexOf("@", end - 1);
    text.setRangeText(`@${found[index].id} `, start, end, "end");
    hide();
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  }

  text.addEventListener("input", draw);
  text.addEventListener("blur", hide);
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the text keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(Number(option.dataset.index));
  });
  // Before the text itself sends by Enter.
  text.addEventListener("keydown", (event) => {
    if (list.hidden || isComposing(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) mark((chosen + step + found.length) % found.length);
    else if (event.key === "Enter" || event.key === "Tab") take(chosen);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
}
