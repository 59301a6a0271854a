// Who may do what, as far as the page shows it: what it offers in vain the server refuses in words.

const ROLES = ["reader", "member", "moderator", "owner"];
export const rank = (role) => ROLES.indexOf(role);

export const moderates = (room) => room.with === null && rank(room.role) >= rank("moderator");
/** Not everybody comes in. `visibility`: of a room's settings or of its row in the list of rooms. */
export const isClosed = ({ visibility = "public" }) => visibility !== "public";
/** Nothing is written any more, by nobody. */
export const isArchived = (room) => room.settings.archived === true;
/** What moderators do, where something can be done. */
export const governs = (room) => moderates(room) && !isArchived(room);
export const owns = (room) => room.with === null && room.role === "owner";
export const mayPin = (room) => room.with !== null || governs(room);
export const mayInvite = (room) => !isArchived(room) && (moderates(room) || (room.member && room.role === "member" && room.settings.inviting !== "moderators"));
export const maySet = (room) => (isArchived(room) ? owns(room) : moderates(room));
/** Who is invited comes in by becoming a member, and is told so until then. */
export const isInvited = (room) => !room.joined && room.error?.code === "not_member";

/** What oneself may make of somebody: `row` is one of `members`, or has only an id for a visitor. */
export function powersOver(row, room, me) {
  if (isArchived(room)) return { roles: [] };
  const [own, theirs] = [rank(room.role), row.state === "member" ? rank(row.role) : -1];
  const member = row.state === "member";
  if (row.id === me) return { roles: member && own >= rank("moderator") ? ["member"] : [] };
  if (!moderates(room)) return { roles: [], invite: row.state === undefined && mayInvite(room) };
  const below = theirs < own;
  return {
    roles: !member ? [] : owns(room) ? ROLES.filter((role) => role !== row.role) : below ? ["reader", "member"].filter((role) => role !== row.role) : [],
    invite: row.state === undefined,
    remove: below && (member || row.state === "invited"),
    mute: below && row.state !== "banned" && row.state !== "invited",
    ban: below && row.state !== "banned",
    unban: row.state === "banned",
  };
}
