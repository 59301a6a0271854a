/**
 * Confab client library: `<confab-chat>`, `<confab-room>` and `<confab-inbox>`, for pages without a framework. Importing this defines them.
 *
 * ```html
 * <confab-chat guest="alice" room="general"></confab-chat>          a list of rooms beside the one that is chosen
 * <confab-chat token-url="/chat-token"><confab-room room="support"></confab-room></confab-chat>      just one room
 * ```
 */

import type { ClientOptions } from "./confab.js";
import type { Store } from "./store.js";

/** What the elements say, in the user's language. */
export interface Labels {
  rooms: string;
  messages: string;
  message: string;
  send: string;
  older: string;
  empty: string;
  deleted: string;
  edited: string;
  edit: string;
  editing: string;
  remove: string;
  /** In the place of `remove`, once that was pressed. */
  confirm: string;
  cancel: string;
  /** In the place of what somebody wrote whom one has blocked. */
  blocked: string;
  sending: string;
  failed: string;
  retry: string;
  discard: string;
  connecting: string;
  signedOut: string;
  stopped: string;
  unread(count: number): string;
  online(count: number): string;
  typing(names: string): string;
}

/**
 * One connection. Attributes: `url`, `guest` and `name`, or `token-url` (asked with the page's cookies, answers with the bare
 * token) and `user` (whose drafts and read positions are kept in this browser); `room`; `theme` (`auto`, `light`, `dark`).
 *
 * Events: `confab-room` (`detail`: the key of the room that was chosen) and `confab-error` (`detail`: the error).
 */
export declare class ConfabChat extends HTMLElement {
  /** Options of the client that attributes cannot say: `{ token: async () => … }`. Setting them connects anew. */
  options: ClientOptions | null;
  /** Null until there is a guest, a token or options. One that is given is neither connected nor stopped here. */
  store: Store | null;
  get labels(): Labels;
  set labels(labels: Partial<Labels>);
  /** The last answer of `token-url` was 401. It is asked again, after the usual waits. */
  readonly signedOut: boolean;
  /** The key of the room that is shown. */
  room: string;
}

/** A room of the `<confab-chat>` around it, or of a `store` of its own. Attribute: `room`. */
export declare class ConfabRoom extends HTMLElement {
  store: Store | null;
  /** A room's id, or `@` and a user's for a direct room. */
  room: string;
}

/**
 * The rooms that one is in and what is unread in them, of the `<confab-chat>` around it or of a `store` of its own. Attribute: `room`.
 *
 * Event: `confab-room`, as of `<confab-chat>`.
 */
export declare class ConfabInbox extends HTMLElement {
  store: Store | null;
  /** The key of the room that is marked as shown. */
  room: string;
}

declare global {
  interface HTMLElementTagNameMap {
    "confab-chat": ConfabChat;
    "confab-inbox": ConfabInbox;
    "confab-room": ConfabRoom;
  }
}
