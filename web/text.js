// Texts and times as they are shown.

import { el } from "./dom.js";
import { plainName } from "./names.js";

/** What a message shows: its text, or what an app put in its place. */
export const shownText = ({ text, data }) => text || (data === undefined ? "" : JSON.stringify(data, null, 2));

/** What a file is called: its name, or the end of its address. */
export function fileName({ name, url, ref }) {
  if (name) return plainName(name);
  try {
    return plainName(decodeURIComponent(new URL(url).pathname.split("/").at(-1))) || "file";
  } catch {
    return ref === undefined ? "file" : plainName(ref.split("/").at(-1)) || "file";
  }
}

/** A message on one line: its text, else its files. */
export const summary = (message) => shownText({ text: "", ...message }).replace(/\s+/g, " ") || (message.attachments ?? []).map((file) => `📎 ${fileName(file)}`).join(", ");

const encoder = new TextEncoder();
export const byteLength = (text) => encoder.encode(text).length;

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

const dayAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
/** A time within a sentence: without the day, where that is today. */
export const whenLabel = (at) => (dayOf(at) === dayOf(Date.now()) ? clock : dayAndClock).format(at);

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
