// What a user has written and the server does not have yet, where it outlives the page: messages on their way, and drafts.

/**
 * @typedef {import("./store.js").KeptMessage} KeptMessage
 * @typedef {import("./store.js").Outbox} Outbox
 */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @param {IDBFactory} factory @param {string} name */
function open(factory, name) {
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("messages", { keyPath: "key" });
    request.result.createObjectStore("drafts");
  };
  return done(request);
}

/**
 * In IndexedDB, one database a user. One that is full or blocked only forgets.
 *
 * @param {string} user
 * @param {IDBFactory} [factory]
 * @returns {Outbox}
 */
export function indexedOutbox(user, factory = globalThis.indexedDB) {
  /** @type {Promise<IDBDatabase> | undefined} */
  let opened;
  /** @param {"messages" | "drafts"} name @param {(store: IDBObjectStore) => unknown} act */
  const write = async (name, act) => {
    try {
      opened ??= open(factory, `confab.outbox.${user}`);
      act((await opened).transaction(name, "readwrite").objectStore(name));
    } catch {
      // Then it is only in memory.
    }
  };
  return {
    async load() {
      opened ??= open(factory, `confab.outbox.${user}`);
      const transaction = (await opened).transaction(["messages", "drafts"]);
      const [messages, drafts] = [transaction.objectStore("messages"), transaction.objectStore("drafts")];
      const [kept, texts, rooms] = await Promise.all([done(messages.getAll()), done(drafts.getAll()), done(drafts.getAllKeys())]);
      return {
        messages: /** @type {KeptMessage[]} */ (kept).sort((one, other) => one.at - other.at),
        drafts: Object.fromEntries(rooms.map((room, i) => [String(room), texts[i]])),
      };
    },
    put: (message) => write("messages", (store) => store.put(message)),
    remove: (key) => write("messages", (store) => store.delete(key)),
    setDraft: (room, text) => write("drafts", (store) => (text === "" ? store.delete(room) : store.put(text, room))),
  };
}
