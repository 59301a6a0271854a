// Turns what users typed, and times, into something to show.

import { el } from "./dom.js";

// Ends a link: what no address holds unencoded, invisible characters, and the punctuation of texts around it.
const NOT_IN_LINKS = "\\s<>\"`{}|\\\\^\\u00ab\\u00bb\\u200b-\\u200f\\u2018-\\u201f\\u2026\\u202a-\\u202e\\u2039\\u203a\\u2060-\\u2069" +
  "\\u3001-\\u3003\\u3008-\\u3011\\u3014-\\u301f\\ufe50-\\ufe52\\uff01\\uff08\\uff09\\uff0c\\uff0e\\uff1a\\uff1b\\uff1f\\uff3b\\uff3d\\uff5b-\\uff64";
const TOKEN = new RegExp("```\\n?([^]+?)\\n?```|`([^`\\n]+)`|(https?://[^" + NOT_IN_LINKS + "]+)", "gi");

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

const OPENING = { ")": "(", "]": "[" };
const AFTER_LINKS = ".,;:!?*_~'([";

/** A bracket that was opened before the link ends it; a sentence's punctuation behind it is not part of it. */
export function trimLink(url) {
  const open = [];
  let end = 0;
  for (; end < url.length; end += 1) {
    const char = url[end];
    if (char === "(" || char === "[") open.push(char);
    else if (char in OPENING && open.pop() !== OPENING[char]) break;
  }
  while (end > 0 && AFTER_LINKS.includes(url[end - 1])) end -= 1;
  return url.slice(0, end);
}

function link(text) {
  try {
    if (!/^https?:$/.test(new URL(text).protocol)) return text;
  } catch {
    return text;
  }
  return el("a", { href: text, textContent: text, target: "_blank", rel: "noopener noreferrer nofollow" });
}

/** What a message shows: its text, or what an app put in its place. */
export const shownText = ({ text, data }) => text || (data === undefined ? "" : JSON.stringify(data, null, 2));

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

export const countLabel = (count) => (count > 99 ? "99+" : String(count));
