// How far a user has read, where it outlives the page. One record a room, so that tabs do not overwrite each other's.

/**
 * @typedef {import("./store.js").Position} Position
 * @typedef {import("./store.js").Positions} Positions
 */

/** For as long as the program runs. @returns {Positions} */
export function memoryPositions() {
  /** @type {Map<string, Position>} */
  const all = new Map();
  return {
    keys: () => [...all.keys()],
    get: (key) => all.get(key),
    set: (key, position) => void all.set(key, position),
    remove: (key) => void all.delete(key),
  };
}

/**
 * In `localStorage`, or something like it. A storage that is full, blocked or holds something else only forgets.
 *
 * @param {string} user
 * @param {Storage} [storage]
 * @returns {Positions}
 */
export function localPositions(user, storage) {
  const prefix = `confab.read.${user}/`;
  /** @template T @param {(storage: Storage) => T} act @param {T} otherwise */
  const attempt = (act, otherwise) => {
    try {
      return act(storage ?? globalThis.localStorage);
    } catch {
      return otherwise;
    }
  };
  /** @param {string | null} text @returns {Position | undefined} */
  const parse = (text) => {
    try {
      const position = JSON.parse(text ?? "");
      return Number.isSafeInteger(position.seq) ? position : undefined;
    } catch {
      return undefined;
    }
  };
  /** @param {string} key */
  const get = (key) => attempt((store) => parse(store.getItem(prefix + key)), undefined);
  return {
    get,
    keys: () => attempt((store) => Object.keys(store).filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)), []),
    set(key, position) {
      const there = get(key);
      // Another tab may have read further.
      if (there && there.epoch === position.epoch && there.seq >= position.seq) return;
      attempt((store) => store.setItem(prefix + key, JSON.stringify(position)), undefined);
    },
    remove: (key) => attempt((store) => store.removeItem(prefix + key), undefined),
    watch(listener) {
      /** @param {{ key: string | null, newValue: string | null }} event */
      const heard = ({ key, newValue }) => {
        const position = key?.startsWith(prefix) ? parse(newValue) : undefined;
        if (position) listener(/** @type {string} */ (key).slice(prefix.length), position);
      };
      globalThis.addEventListener?.("storage", heard);
      return () => globalThis.removeEventListener?.("storage", heard);
    },
  };
}
