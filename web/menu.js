// A menu beside the button that opened it.

import { byId, el } from "./dom.js";

/** `items`: [label, action], those that are false left out. */
export function showMenu(opener, label, items) {
  const menu = byId("menu");
  menu.ariaLabel = label;
  menu.replaceChildren(...items.filter(Boolean).map(([text, action]) => {
    const item = el("button", { type: "button", role: "menuitem", tabIndex: -1, textContent: text });
    item.addEventListener("click", () => {
      menu.hidePopover();
      action();
    });
    return item;
  }));
  menu.showPopover();
  const { right, top, bottom } = opener.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = menu;
  menu.style.left = `${Math.max(8, right - offsetWidth)}px`;
  menu.style.top = `${bottom + offsetHeight + 8 < innerHeight ? bottom + 4 : Math.max(8, top - offsetHeight - 4)}px`;
  menu.firstElementChild?.focus();
  menu.onkeydown = (event) => {
    const all = [...menu.children];
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) all[next].focus();
    else if (event.key === "Tab") menu.hidePopover();
    else return;
    event.preventDefault();
  };
}
