// The commands of the protocol: which fields each has, and how it behaves when its outcome is unknown.

/**
 * `repeat`: may be sent again without a second effect, so it waits out a lost connection; what writes to a log may, as it
 * has a key. `done`: error codes which, in answer to a *repeat*, say that the first one had worked.
 *
 * @type {Record<string, { fields: string[], repeat: boolean, done?: string[] }>}
 */
export const COMMANDS = {
  hello: { fields: ["token", "guest", "name", "device", "resume"], repeat: false },
  refresh: { fields: ["token"], repeat: false },
  join: { fields: ["room", "since", "epoch"], repeat: true },
  leave: { fields: ["room"], repeat: true, done: ["not_joined", "no_such_room"] },
  send: { fields: ["room", "key", "text", "data"], repeat: true },
  direct: { fields: ["to", "key", "text", "data"], repeat: true },
  edit: { fields: ["room", "target", "key", "text", "data"], repeat: true },
  delete: { fields: ["room", "target", "key"], repeat: true },
  react: { fields: ["room", "target", "emoji", "key"], repeat: true },
  unreact: { fields: ["room", "target", "emoji", "key"], repeat: true },
  history: { fields: ["room", "before", "after", "limit"], repeat: true },
  rooms: { fields: ["after"], repeat: true },
  reactions: { fields: ["room", "target", "emoji", "after"], repeat: true },
  typing: { fields: ["room", "on"], repeat: false },
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
