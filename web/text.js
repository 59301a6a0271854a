// Turns what users typed, and times, into something to show.

import { el } from "./dom.js";

const TOKEN = /```\n?([^]+?)\n?```|`([^`\n]+)`|(https?:\/\/[^\s<>"'`]+)/gi;

/** What someone wrote as nodes: text, code between back-quotes, and http(s) links. */
export function formatText(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, block, code, url] = match;
    let used = whole;
    let node;
    if (block) node = el("pre", {}, el("code", { textContent: block }));
    else if (code) node = el("code", { textContent: code });
    else {
      used = trimLink(url);
      node = link(used);
    }
    nodes.push(text.slice(end, match.index), node);
    end = match.index + used.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

/** A sentence's punctuation and an unmatched bracket after a link are not part of it. */
function trimLink(url) {
  let link = url.replace(/[.,;:!?*_~]+$/, "");
  if (link.endsWith(")") && !link.includes("(")) link = link.slice(0, -1);
  return link;
}

function link(text) {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) return text;
  return el("a", { href: text, textContent: text, target: "_blank", rel: "noopener noreferrer nofollow" });
}

const encoder = new TextEncoder();
export const byteLength = (text) => encoder.encode(text).length;

/** Text as the protocol takes it: well-formed, no control characters but newline and tab. */
export function cleanText(text) {
  const plain = text.replace(/\r\n?/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "").trimEnd();
  return plain.toWellFormed?.() ?? plain;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

/** `short`: without AM or PM, for the margin. */
export function timeElement(at, short = false) {
  const date = new Date(at);
  const parts = clock.formatToParts(date).filter(({ type }) => !short || type !== "dayPeriod");
  const textContent = parts.map(({ value }) => value).join("").trim();
  return el("time", { dateTime: date.toISOString(), title: full.format(date), textContent });
}

export const dayOf = (at) => new Date(at).toDateString();

export function dayLabel(at, now = Date.now()) {
  const date = new Date(at);
  const today = new Date(now);
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (dayOf(date) === dayOf(today)) return "Today";
  if (dayOf(date) === dayOf(yesterday)) return "Yesterday";
  return (date.getFullYear() === today.getFullYear() ? thisYear : otherYear).format(date);
}

/** "Ann", "Ann and Bob", "Ann, Bob and 3 others". */
export function listNames(names, most = 3) {
  if (names.length <= 1) return names.join("");
  const shown = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} others`] : names;
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

export const countLabel = (count) => (count > 99 ? "99+" : String(count));
