// The settings of a room, in words; what a role may not change is not offered.

import { ask } from "./ask.js";
import { TITLE, VISIBILITY } from "./newroom.js";
import { owns } from "./roles.js";

const SLOW = [["0", "Off"], ["10000", "10 seconds"], ["30000", "30 seconds"], ["60000", "1 minute"], ["300000", "5 minutes"], ["3600000", "1 hour"], ["21600000", "6 hours"]];
const POSTING = [["all", "All members"], ["threads", "Members only in threads"], ["moderators", "Moderators only"]];
const VISITORS = [["write", "Read and write"], ["read", "Only read"], ["none", "Nothing: only members come in"]];
const INVITING = [["members", "All members"], ["moderators", "Moderators only"]];
const HISTORY = [["all", "Everything"], ["own", "Only what was written since they became members"]];
const ARCHIVED = [["false", "No"], ["true", "Yes: nobody writes any more"]];

/** What a setting is where none is told. */
const DEFAULTS = { topic: "", slow_ms: 0, posting: "all", visibility: "public", visitors: "write", inviting: "members", history: "all", archived: false };
const TYPED = { slow_ms: Number, archived: (value) => value === "true" };

/** Resolves with what was changed, or null. */
export async function askSettings(room) {
  const before = { title: room.title };
  for (const [name, value] of Object.entries(DEFAULTS)) before[name] = String(room.settings[name] ?? value);
  const slow = SLOW.some(([value]) => value === before.slow_ms) ? SLOW : [...SLOW, [before.slow_ms, `${Number(before.slow_ms) / 1000} seconds`]];
  const fields = [
    TITLE,
    { name: "topic", label: "Topic", bytes: 1024 },
    { name: "slow_ms", label: "Slow mode: between two messages of one person", choices: slow },
    { name: "posting", label: "Who writes", choices: POSTING },
    ...(owns(room) ? [
      { name: "visibility", label: "Who may come in", choices: VISIBILITY },
      { name: "visitors", label: "What visitors may do", choices: VISITORS, hint: "Visitors are here without being members. This counts in public rooms." },
      { name: "inviting", label: "Who may invite", choices: INVITING },
      { name: "history", label: "What members may read", choices: HISTORY, hint: "In the latter case visitors read what is written while they are here." },
      { name: "archived", label: "Archived", choices: ARCHIVED },
    ] : []),
  ];
  const said = await ask({ title: "Room settings", fields: fields.map((field) => ({ ...field, value: before[field.name] })), yes: "Save" });
  const changed = Object.entries(said ?? {}).filter(([name, value]) => value !== before[name]);
  return changed.length === 0 ? null : Object.fromEntries(changed.map(([name, value]) => [name, TYPED[name]?.(value) ?? value]));
}

/** What people in the room should know of it, as short facts. */
export const factsOf = ({ settings: { visibility, visitors, slow_ms: slow, history, archived } }) => [
  { invite: "by invitation", private: "private room" }[visibility],
  visibility === undefined && visitors === "read" && "visitors only read",
  visibility === undefined && visitors === "none" && "for members only",
  slow > 0 && "slow mode",
  history === "own" && "earlier messages are not for new members",
  archived && "archived",
].filter(Boolean);
