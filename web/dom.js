// Small helpers to build DOM. Text always goes in as text: nothing in this page parses a string as HTML.

import { plainName } from "./names.js";
import { showPicture } from "./pictures.js";

export const byId = (id) => document.getElementById(id);

/** Makes an element: `props` are properties or, where there is no such property, attributes. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon of the sprite in index.html. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

/** A name as its owner chose it, kept from turning around the text beside it. */
export const bdi = (text, className = "") => el("bdi", { class: className, textContent: plainName(text) });

/** A user's picture, or coloured initials. */
export function avatar(id, name) {
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const initials = words.length > 1 ? [...words[0]][0] + [...words.at(-1)][0] : [...(words[0] ?? id)].slice(0, 2).join("");
  const place = el("span", { class: `avatar tone-${hash % 8}`, "aria-hidden": "true", textContent: initials.toUpperCase() });
  showPicture(place, id);
  return place;
}

const drawn = new WeakMap();

/** Calls `build` for new children when `signature` is another than last time; the focus stays on the same `data-key`. */
export function redraw(parent, signature, build) {
  if (drawn.get(parent) === signature) return;
  drawn.set(parent, signature);
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  parent.replaceChildren(...build());
  if (focused) parent.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/**
 * A key that an input method uses. Safari says it only by the code, as it ends a composition before the key that ended it.
 */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/** Where a finger types there is no Shift+Enter, and the button is near. */
export const touch = matchMedia("(hover: none) and (pointer: coarse)");

/** What the Enter key of a keyboard on the screen says that it does. */
export function hintEnter(text) {
  const hint = () => (text.enterKeyHint = touch.matches ? "enter" : "send");
  touch.addEventListener("change", hint);
  hint();
}

export const setText = (node, text) => node.textContent === text || (node.textContent = text);
