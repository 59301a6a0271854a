// The commands of the protocol: how each behaves when its outcome is unknown. client.js says what is in them.

/** What must not be said again by itself: not stored by the server, so that late or twice would be wrong, or twice counted. */
const ONCE = ["hello", "refresh", "report", "active", "typing", "emit", "signal", "ping"];

/** May be sent again without a second effect, so it waits out a lost connection; what writes to a log may, as it has a key. @param {string} type */
export const repeatable = (type) => !ONCE.includes(type);

/** Of a leave: error codes which, in answer to a *repeat*, say that the first one had worked. */
export const LEFT = ["not_joined", "no_such_room"];
