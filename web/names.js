// Names of people and rooms, as their owners chose them, beside other text.

/** What turns around its neighbours, and what is not seen, so that two names look the same. Joiners stay: scripts and emoji need them. */
const HIDDEN = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** What someone is called, as far as it can be seen. */
export const plainName = (name) => name.replace(HIDDEN, "");

/** A name within a sentence: in a script that runs the other way it is kept from turning around its neighbours. */
export function isolated(name) {
  const plain = plainName(name);
  return RIGHT_TO_LEFT.test(plain) ? `\u2068${plain}\u2069` : plain;
}

/** "Ann", "Ann and Bob", "Ann, Bob and 3 others"; `count` of them, where not all are named. */
export function listNames(names, most = 3, count = names.length) {
  const named = names.length > most || count > names.length ? names.slice(0, most - 1) : names;
  const others = Math.max(0, count - named.length);
  const shown = others > 0 ? [...named, `${others} ${others > 1 ? "others" : "other"}`] : named;
  if (shown.length <= 1) return shown.join("");
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** The ids of those that `text` names: ids or names with commas between them. */
export function idsIn(text, people) {
  const named = (part) => people.find(({ name }) => name.toLowerCase() === part.toLowerCase())?.id;
  return [...new Set(text.split(/[,;]/).map((part) => part.trim().replace(/^@/, "")).filter(Boolean)
    .flatMap((part) => named(part) ?? part.split(/\s+/).map((id) => named(id) ?? id.replace(/^@/, ""))))];
}
