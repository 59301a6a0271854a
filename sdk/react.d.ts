/**
 * Confab client library: hooks for React 18 and later, over `confab-sdk/store`. Safe under StrictMode and where a page is
 * rendered on a server: nothing connects before the effects of a browser.
 */

import type { ReactElement, ReactNode } from "react";

import type { ClientOptions, ConfabClient, Content, EditOptions, User } from "./confab.js";
import type { RoomSnapshot, Store, StoreOptions, StoreSendOptions, StoreSnapshot, TimelineMessage } from "./store.js";

export interface ConfabProviderProps {
  /** For the client that is made once, with the first rendering. Later ones do not count: give another `key` for another user. */
  options?: ClientOptions;
  storeOptions?: StoreOptions;
  /** Instead of `options`: a store of your own. Its client is connected as long as a provider is there. */
  store?: Store;
  children?: ReactNode;
}

/** Makes the client and its store, connects when it is shown and stops when it is not any more. */
export declare function ConfabProvider(props: ConfabProviderProps): ReactElement;

export interface RoomActions {
  /** Shows the message at once, and sends it; what becomes of it is in its `state`. */
  send(content: Content, options?: StoreSendOptions): Promise<void>;
  /** By the `key` of a message that failed. */
  retry(message: string): Promise<void>;
  discard(message: string): void;
  edit(seq: number, content: Content, options?: EditOptions): Promise<unknown>;
  remove(seq: number, options?: { reason?: string }): Promise<unknown>;
  setPin(seq: number, on?: boolean): Promise<unknown>;
  toggleReaction(seq: number, emoji: string): Promise<void>;
  loadOlder(): Promise<void>;
  /** The user has seen the end of the room. */
  markRead(): void;
  /** Call it at each key: what others need is said. */
  setTyping(on?: boolean): void;
  /** Becomes a member, or accepts an invitation. */
  enter(): Promise<void>;
  leave(options?: { member?: boolean }): Promise<void>;
}

export declare function useStore(): Store;

/** Everything: connection, oneself, the rooms with their unread counts. */
export declare function useConfab(): StoreSnapshot & { store: Store; client: ConfabClient };

/** The rooms that are not hidden, the one last written in first, and what is unread in all of them. */
export declare function useInbox(): Pick<StoreSnapshot, "rooms" | "unread" | "mentions">;

/** A room, joined as soon as there is a session, and what one can do there. `key`: its id, or `@` and a user's for a direct room. */
export declare function useRoom(key: string): RoomSnapshot & RoomActions;

/** Its messages alone. */
export declare function useMessages(
  key: string,
): Pick<RoomSnapshot, "messages" | "hasOlder" | "loadingOlder" | "olderError"> & Omit<RoomActions, "enter" | "leave" | "markRead" | "setTyping">;

/** Who else types there, and to say that one does. */
export declare function useTyping(key: string): { typing: readonly User[]; setTyping: (on?: boolean) => void };

/** Who is there. */
export declare function usePresence(key: string): { online: number; members: readonly User[] };

export type { RoomSnapshot, Store, StoreSnapshot, TimelineMessage };
