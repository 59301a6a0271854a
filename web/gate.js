// What stands in the composer's place, or above it, where one may not write.

import { isolated } from "./names.js";
import { plain, untilWords } from "./notices.js";
import { isArchived, isClosed, isInvited, moderates, rank } from "./roles.js";

/** What cannot be put right by trying again. */
const SHUT = new Set(["banned", "forbidden", "no_such_room"]);
export const isShut = (room) => !room.joined && SHUT.has(room.error?.code);

function shutWords(room, store) {
  const { visibility } = store.getSnapshot().listed.find((row) => row.room === room.key) ?? {};
  if (room.error.code === "forbidden" && visibility === "invite") return "This room is by invitation, and you are not invited.";
  return plain(room.error);
}

const sentence = (text, reason) => `${text}${reason ? ` Reason: ${isolated(reason)}` : ""}`;

/** Who was taken out is not told that they are invited again; the list of rooms says so. */
const isInvitedAgain = ({ key, left, settings }, store) =>
  left !== null && isClosed(settings) && store.getSnapshot().listed.some(({ room, invited }) => room === key && invited);

/** Why the server took one out. `entry`: what was said of it in the room, if anything was. */
export function leftWords(reason, entry, store) {
  const by = entry ? isolated(store.nameOf(entry.from)) : "A moderator";
  switch (reason) {
    case "removed": return sentence(`${by} has removed you from this room.`, entry?.reason);
    case "banned": return sentence(`${by} has banned you from this room${untilWords(entry?.until)}.`, entry?.reason);
    case "private": return "This room is now for invited people only.";
    case "token": return "Your token does not let you into this room any more.";
    case "left": return "You have left this room on another device.";
    default: return "You are not in this room any more.";
  }
}

/**
 * Null: one may write. `keeps`: the box stays, `until` is when it ends, `acts` are the ways out: [label, action].
 * `mute`: when one may speak again, and `muteReason`, as far as they are known.
 */
export function gateOf(room, { store, entry, mute = 0, muteReason, now = Date.now() }) {
  if (room.with !== null) {
    const blocked = room.with !== store.getSnapshot().me?.id && store.isBlocked(room.with);
    return blocked ? { text: `You have blocked ${isolated(store.nameOf(room.with))}, who cannot write to you here.`, keeps: true, until: 0, acts: [["Unblock", "unblock"]] } : null;
  }
  if (isInvited(room) || isInvitedAgain(room, store)) return { text: "You are invited to this room.", acts: [["Accept", "accept"], ["Decline", "decline"]] };
  if (room.left !== null) return { text: leftWords(room.left, entry, store), acts: ["banned", "private"].includes(room.left) || isClosed(room.settings) ? [] : [["Go back in", "return"]] };
  if (!room.joined) return isShut(room) ? { text: shutWords(room, store), acts: [] } : null;
  if (mute > now) return { text: sentence(`You are muted${untilWords(mute)}.`, muteReason), until: mute, acts: [] };
  const { settings } = room;
  if (isArchived(room)) return { text: "This room is archived. You can read it, and nobody writes here any more.", acts: [] };
  const become = room.member ? [] : [["Become a member", "accept"]];
  if (rank(room.role) < rank("member")) return { text: `You can read here, but not write.${room.member ? "" : " Members write here."}`, acts: become };
  if (moderates(room)) return null;
  if (settings.posting === "moderators") return { text: "You can read here. Only moderators write.", acts: become };
  if (settings.posting === "threads") return { text: "Here you write in threads only: choose a message and reply in a thread.", threads: true, acts: become };
  const last = room.messages.findLast(({ from, seq }) => from === store.getSnapshot().me?.id && seq !== null);
  const next = settings.slow_ms > 0 && last ? last.at + settings.slow_ms : 0;
  if (next <= now) return null;
  return { text: `Slow mode: you can write again in ${waitWords(next - now)}.`, keeps: true, until: next, acts: [] };
}

/** What may be done with messages where this gate stands. */
export function allowedAt(gate, room) {
  const write = gate === null || gate.keeps === true;
  const open = !isArchived(room);
  const react = open && (room.with !== null || rank(room.role) >= rank("member"));
  return { write, thread: write || gate.threads === true, react, remove: react || (open && room.member) };
}

export function waitWords(ms) {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 100 ? `${seconds} s` : seconds < 6000 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}
