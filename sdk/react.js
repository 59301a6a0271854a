// The store as React hooks. Rendering changes nothing and needs no browser; all that has an effect is in effects.

import { createContext, createElement, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";

import { ConfabClient } from "./confab.js";
import { createStore } from "./store.js";

/** @typedef {import("./store.js").Store} Store */

const Context = createContext(/** @type {Store | null} */ (null));

/** Providers at work, by client. @type {WeakMap<ConfabClient, number>} */
const holders = new WeakMap();

/** Keeps a client connected. @param {ConfabClient} client @returns {() => void} */
function hold(client) {
  holders.set(client, (holders.get(client) ?? 0) + 1);
  void client.connect();
  return () => {
    holders.set(client, (holders.get(client) ?? 0) - 1);
    // Not at once: under StrictMode an effect ends and begins again.
    setTimeout(() => holders.get(client) === 0 && client.stop(), 0);
  };
}

/** @param {import("./react.js").ConfabProviderProps} props */
export function ConfabProvider({ options, storeOptions, store, children }) {
  const [own] = useState(() => store ?? createStore(new ConfabClient(options), storeOptions));
  const used = store ?? own;
  useEffect(() => hold(used.client), [used]);
  return createElement(Context.Provider, { value: used }, children);
}

export function useStore() {
  const store = useContext(Context);
  if (!store) throw new Error("confab-sdk: there is no <ConfabProvider> around this component");
  return store;
}

export function useConfab() {
  const store = useStore();
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
  return useMemo(() => ({ ...snapshot, store, client: store.client }), [snapshot, store]);
}

/** @param {import("./store.js").RoomSnapshot} room */
const lastAt = ({ messages }) => messages[messages.length - 1]?.at ?? 0;

export function useInbox() {
  const { rooms, unread, mentions } = useConfab();
  return useMemo(
    () => ({ rooms: rooms.filter(({ own }) => !own.hidden).sort((one, other) => lastAt(other) - lastAt(one)), unread, mentions }),
    [rooms, unread, mentions],
  );
}

/** The snapshot of a room, which is joined. @param {string} key */
function useSnapshot(key) {
  const store = useStore();
  const get = () => store.room(key);
  const room = useSyncExternalStore(store.subscribe, get, get);
  useEffect(() => void store.join(key), [store, key]);
  return room;
}

/** @param {string} key */
function useActions(key) {
  const store = useStore();
  return useMemo(() => {
    /** @type {import("./react.js").RoomActions} */
    const actions = {
      send: (content, options) => store.send(key, content, options),
      retry: (message) => store.retry(key, message),
      discard: (message) => store.discard(key, message),
      edit: (seq, content, options) => store.edit(key, seq, content, options),
      remove: (seq, options) => store.remove(key, seq, options),
      setPin: (seq, on) => store.setPin(key, seq, on),
      toggleReaction: (seq, emoji) => store.toggleReaction(key, seq, emoji),
      loadOlder: () => store.loadOlder(key),
      markRead: () => store.markRead(key),
      setTyping: (on) => store.setTyping(key, on),
      enter: () => store.join(key, { member: true }),
      leave: (options) => store.leave(key, options),
    };
    return actions;
  }, [store, key]);
}

/** @param {string} key */
export function useRoom(key) {
  const room = useSnapshot(key);
  const actions = useActions(key);
  return useMemo(() => ({ ...room, ...actions }), [room, actions]);
}

/** @param {string} key */
export function useMessages(key) {
  const { messages, hasOlder, loadingOlder, olderError } = useSnapshot(key);
  const { enter, leave, markRead, setTyping, ...actions } = useActions(key);
  return { messages, hasOlder, loadingOlder, olderError, ...actions };
}

/** @param {string} key */
export function useTyping(key) {
  const { typing } = useSnapshot(key);
  const { setTyping } = useActions(key);
  return { typing, setTyping };
}

/** @param {string} key */
export function usePresence(key) {
  const { online, members } = useSnapshot(key);
  return { online, members };
}
