// The settings of a room, in words; what a role may not change is not offered.

import { ask } from "./ask.js";
import { TITLE, WHO } from "./newroom.js";
import { plain } from "./notices.js";
import { owns } from "./roles.js";

const SLOW = [["0", "Off"], ["10000", "10 seconds"], ["30000", "30 seconds"], ["60000", "1 minute"], ["300000", "5 minutes"], ["3600000", "1 hour"], ["21600000", "6 hours"]];
const POSTING = [["all", "All members"], ["threads", "Members only in threads"], ["moderators", "Moderators only"]];
const VISITORS = [["write", "Read and write"], ["read", "Only read"], ["none", "Nothing: only members come in"]];
const INVITING = [["members", "All members"], ["moderators", "Moderators only"]];
const HISTORY = [["all", "Everything"], ["own", "Only what comes after they join"]];
const RECEIPTS = [["false", "No"], ["true", "Yes: everybody here sees how far the others have read"]];
const HOUR = 3_600_000;
const KEPT = [["0", "As long as the server keeps them"], [String(HOUR), "1 hour"], [String(24 * HOUR), "1 day"], [String(7 * 24 * HOUR), "1 week"], [String(30 * 24 * HOUR), "30 days"], [String(365 * 24 * HOUR), "1 year"]];
const ARCHIVED = [["false", "No"], ["true", "Yes: nobody writes any more"]];

/** What a setting is where none is told. */
const DEFAULTS = { topic: "", slow_ms: 0, posting: "all", visibility: "public", visitors: "write", inviting: "members", history: "all", retention_ms: 0, receipts: false, archived: false };
const isTrue = (value) => value === "true";
const TYPED = { slow_ms: Number, retention_ms: Number, receipts: isTrue, archived: isTrue };

/** As the dialog shows them. */
const settingsOf = ({ title, settings }) =>
  ({ title, ...Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, String(settings[name] ?? value)])) });

/** Asks until it is done or the user thinks better of it. `now` tells the room as it is, `set` sets. */
export async function changeSettings(now, set) {
  for (let changed = {}, problem = ""; ;) {
    const before = settingsOf(now());
    const said = await askSettings(now(), { ...before, ...changed }, problem);
    if (!said) return;
    changed = Object.fromEntries(Object.entries(said).filter(([name, value]) => value !== before[name]));
    const settings = Object.fromEntries(Object.entries(changed).map(([name, value]) => [name, TYPED[name]?.(value) ?? value]));
    const { archived, ...others } = settings;
    try {
      if (archived === false) await set({ archived }); // before it nothing else can be set
      const rest = archived === false ? others : settings;
      if (Object.keys(rest).length > 0) await set(rest);
      return;
    } catch (error) {
      problem = settings.retention_ms && error.code === "forbidden" ? "This server keeps messages for less time than that."
        : error.code === "read_only" ? "While the room is archived, nothing else can be changed." : plain(error);
    }
  }
}

function askSettings(room, values, problem) {
  /** With the one that is set, where it is none of those offered. */
  const withSet = (choices, value, words) => (choices.some(([one]) => one === value) ? choices : [...choices, [value, words]]);
  const slow = withSet(SLOW, values.slow_ms, `${Number(values.slow_ms) / 1000} seconds`);
  const kept = withSet(KEPT, values.retention_ms, keptWords(Number(values.retention_ms)));
  const common = [
    TITLE,
    { name: "topic", label: "Topic", bytes: 1024, lines: 2 },
    { name: "slow_ms", label: "Slow mode: between two messages of one person", choices: slow },
    { name: "posting", label: "Who writes", choices: POSTING },
  ];
  const forOwners = [
    WHO,
    { name: "visitors", label: "What visitors may do", choices: VISITORS, hint: "Visitors are here without being members. This counts in public rooms." },
    { name: "inviting", label: "Who may invite", choices: INVITING },
    { name: "history", label: "What members may read", choices: HISTORY, hint: "Where that is only what comes after, visitors read only what is written while they are here." },
    { name: "retention_ms", label: "How long messages are kept", choices: kept, hint: "Older ones are deleted for everybody, and do not come back." },
    { name: "receipts", label: "Read receipts", choices: RECEIPTS, hint: "This counts while the room has at most 100 members." },
    { name: "archived", label: "Archived", choices: ARCHIVED },
  ];
  const fields = [...common, ...(owns(room) ? forOwners : [])].map((field) => ({ ...field, value: values[field.name] }));
  return ask({ title: "Room settings", fields, problem, yes: "Save" });
}

function keptWords(ms) {
  const hours = Math.max(1, Math.round(ms / HOUR));
  const [count, unit] = hours % 24 === 0 ? [hours / 24, "day"] : [hours, "hour"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** What people in the room should know of it, as short facts. */
export const factsOf = ({ settings: { visibility, visitors, slow_ms: slow, history, retention_ms: kept, receipts, archived } }) => [
  { invite: "by invitation", private: "private room" }[visibility],
  visibility === undefined && visitors === "read" && "visitors only read",
  visibility === undefined && visitors === "none" && "for members only",
  slow > 0 && "slow mode",
  history === "own" && "earlier messages are not for new members",
  kept > 0 && `messages are kept for ${keptWords(kept)}`,
  receipts && "read receipts",
  archived && "archived",
].filter(Boolean);
