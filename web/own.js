// How one has a room for oneself, on all devices: what one is told of, unread by wish, out of the list.

const LEVELS = [["all", "Notify me of all messages"], ["mentions", "Notify me of mentions only"], ["none", "Notify me of nothing"]];

const levelOf = ({ own, with: peer }) => (own.notify_until && own.notify_until <= Date.now() ? undefined : own.notify) ?? (peer === null ? "mentions" : "all");

/** Whether one has it at all: of rooms one is only visiting the server keeps nothing. */
export const hasOwn = (room) => room.room !== null && (room.with !== null || room.member);

/** In no sum of what is unread. */
export const isSilent = (room) => room.own.hidden === true || levelOf(room) === "none";

/** Whether a message is one to be told of. */
export const isToldOf = (room, { quiet }, isForMe) => !quiet && ({ all: true, mentions: isForMe, none: false })[levelOf(room)];

/** The lines of the menu about a room. `goElsewhere` shows another room: what is shown is read. */
export function ownItems(room, store, { attempt, goElsewhere }) {
  const set = (own) => attempt(store.setOwn(room.key, own));
  const away = (own) => {
    goElsewhere(room.key);
    set(own);
  };
  return [
    ...LEVELS.map(([notify, label]) => [`${notify === levelOf(room) ? "✓ " : ""}${label}`, () => set({ notify })]),
    (room.with !== null || room.settings.receipts) &&
      [`${room.own.receipts === false ? "" : "✓ "}Read receipts`, () => set({ receipts: room.own.receipts === false })],
    ["Mark as unread", () => away({ marked: true })],
    ["Hide until somebody writes", () => away({ hidden: true })],
  ].filter(Boolean);
}
