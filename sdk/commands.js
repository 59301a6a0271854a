// The commands of the protocol: which fields each has, and how it behaves when its outcome is unknown.

const CONTENT = ["text", "data", "mentions", "attachments"];
const PLACE = ["reply_to", "thread", "quiet", "event"];
const SETTINGS = [
  "title", "topic", "data", "visibility", "visitors", "posting", "inviting", "slow_ms", "archived", "history", "retention_ms",
  "receipts",
];

/**
 * `repeat`: may be sent again without a second effect, so it waits out a lost connection; what writes to a log may, as it
 * has a key. `done`: error codes which, in answer to a *repeat*, say that the first one had worked.
 *
 * @type {Record<string, { fields: string[], repeat: boolean, done?: string[] }>}
 */
export const COMMANDS = {
  hello: { fields: ["token", "guest", "name", "device", "resume", "inbox"], repeat: false },
  refresh: { fields: ["token"], repeat: false },
  join: { fields: ["room", "since", "epoch", "member"], repeat: true },
  leave: { fields: ["room", "member"], repeat: true, done: ["not_joined", "no_such_room"] },
  send: { fields: ["room", "key", ...CONTENT, ...PLACE], repeat: true },
  direct: { fields: ["to", "key", ...CONTENT, ...PLACE], repeat: true },
  edit: { fields: ["room", "target", "key", ...CONTENT], repeat: true },
  delete: { fields: ["room", "target", "targets", "key", "reason"], repeat: true },
  react: { fields: ["room", "target", "emoji", "key"], repeat: true },
  unreact: { fields: ["room", "target", "emoji", "key"], repeat: true },
  history: { fields: ["room", "before", "after", "thread", "limit"], repeat: true },
  pin: { fields: ["room", "target", "key"], repeat: true },
  unpin: { fields: ["room", "target", "key"], repeat: true },
  pins: { fields: ["room", "after"], repeat: true },
  threads: { fields: ["room", "mine", "after", "limit"], repeat: true },
  members: { fields: ["room", "state", "after", "limit"], repeat: true },
  set_member: {
    fields: ["room", "users", "key", "state", "role", "until", "mute_until", "reason", "delete_ms"], repeat: true,
  },
  create: { fields: ["room", "key", "users", ...SETTINGS], repeat: true },
  set_room: { fields: ["room", "key", ...SETTINGS], repeat: true },
  upload: { fields: ["room", "mime", "bytes", "name"], repeat: true },
  download: { fields: ["room", "seq", "index"], repeat: true },
  // Said again a second report would be made.
  report: { fields: ["room", "target", "reason"], repeat: false },
  block: { fields: ["user", "on"], repeat: true },
  blocks: { fields: [], repeat: true },
  users: { fields: ["ids"], repeat: true },
  active: { fields: ["on"], repeat: false },
  read: { fields: ["room", "seq"], repeat: true },
  inbox: { fields: ["limit", "after", "since", "watch"], repeat: true },
  mentions: { fields: ["after", "limit"], repeat: true },
  rooms: { fields: ["after"], repeat: true },
  reactions: { fields: ["room", "target", "emoji", "after"], repeat: true },
  typing: { fields: ["room", "on"], repeat: false },
  emit: { fields: ["room", "event", "data"], repeat: false },
  // Not stored by the server: a signal that comes late or twice would be wrong, so its sender decides.
  signal: { fields: ["to", "to_session", "data"], repeat: false },
  ping: { fields: [], repeat: false },
};

/**
 * The frame of a command, without `id`: the fields it has, those not undefined.
 *
 * @param {string} type
 * @param {Record<string, unknown>} [values]
 * @returns {import("./queue.js").Frame}
 */
export function command(type, values = {}) {
  /** @type {import("./queue.js").Frame} */
  const frame = { type };
  for (const field of COMMANDS[type].fields) {
    if (values[field] !== undefined) frame[field] = values[field];
  }
  return frame;
}
