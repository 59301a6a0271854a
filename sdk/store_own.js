// How one has rooms for oneself: what the server's rows say of it, and what it makes of the sums.

/** @typedef {import("./confab.js").OwnSettings} OwnSettings */

const NONE = /** @type {Readonly<OwnSettings>} */ (Object.freeze({}));

/**
 * Of a row that comes after another: one without a title says only what is unread.
 *
 * @param {import("./confab.js").InboxRow | null} row
 * @param {import("./confab.js").InboxRow | null} before
 */
export function withOwn(row, before) {
  const isWhole = row?.title !== undefined || row?.with !== undefined;
  return row && !isWhole && before?.own ? { ...row, own: before.own } : row;
}

/** @param {import("./confab.js").InboxRow | null} row */
export const ownOf = (row) => row?.own ?? NONE;

/** Whether the room is in no sum. @param {OwnSettings} own @param {number} now */
const isSilent = ({ notify, notify_until: until, hidden }, now) => hidden === true || (notify === "none" && !(until && until <= now));

/** Over all rooms. @param {readonly import("./store.js").RoomSnapshot[]} rooms @param {number} now */
export function sumOf(rooms, now) {
  const heard = rooms.filter(({ own }) => !isSilent(own, now));
  return {
    unread: heard.reduce((sum, { unread }) => sum + unread, 0),
    mentions: heard.reduce((sum, { mentions }) => sum + mentions, 0),
  };
}
