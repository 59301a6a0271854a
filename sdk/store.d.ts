/**
 * Confab client library: a store for whoever shows a chat, without a framework.
 *
 * Snapshots never change: another object means that something changed, the same one that nothing did.
 */

import type {
  Attachment, ConfabClient, Content, EditOptions, JsonValue, LeftReason, Members, Member, Mentions, OwnSettings, Pins, RoomSettings, RoomSummary,
  Search, SearchOptions, SendOptions, StateChange, Threads, User,
} from "./confab.js";

/** One emoji on one message; with and without U+FE0F it is the same one. */
export interface Reaction {
  readonly emoji: string;
  /** Ids of who reacted; of many only the first ones. */
  readonly users: readonly string[];
  readonly count: number;
  /** How oneself wrote it; empty: one did not. */
  readonly own: readonly string[];
}

/** What a message consists of, besides the key. */
export interface MessageContent {
  readonly text?: string;
  readonly data?: JsonValue;
  /** The message that this one answers, perhaps one that is not loaded. */
  readonly replyTo?: number;
  /** The root of the thread it is in. */
  readonly thread?: number;
  /** User ids, and `@room`. */
  readonly mentions?: string[];
  readonly attachments?: Attachment[];
  /** It counts as nothing. */
  readonly quiet?: boolean;
  /** The app's own name for what it is. */
  readonly event?: string;
}
export type StoreSendOptions = Omit<SendOptions, "key">;

export interface TimelineMessage extends MessageContent {
  /** Stays the same from the first moment of one's own message on. */
  readonly id: string;
  /** Its number in the room's log; null until the server has it. */
  readonly seq: number | null;
  /** The author's own id for it. */
  readonly key?: string;
  readonly at: number;
  readonly from: string;
  /** The author's name when it came; `store.nameOf(from)` is the present one. */
  readonly name: string;
  readonly text: string;
  readonly editedAt?: number;
  /** Where it was another than the author. */
  readonly editedBy?: string;
  readonly deleted: boolean;
  readonly deletedBy?: string;
  /** Why it was deleted. */
  readonly reason?: string;
  /** Of a thread's root: how many answers there are, without deleted ones; and the last of them. */
  readonly replies: number;
  readonly lastReply?: number;
  readonly lastReplyAt?: number;
  readonly reactions: readonly Reaction[];
  /** Of one's own, as long as this store lives: the mentions that reached nobody, user ids and `@room`. */
  readonly unreached?: readonly string[];
  /**
   * `stored`: in the log. Of one's own: `sending`, `sent` (the server has it, and will show where it stands), `failed`
   * (`error` says why; `retry` or `discard` it).
   */
  readonly state: "stored" | "sending" | "sent" | "failed";
  readonly error?: Error;
  /** The entry of the room's log up to which it is as it is. */
  readonly asOf?: number;
}

export interface RoomSnapshot {
  /** A room's id; of a direct room `@` and the other user's id, which is known before the server has made the room. */
  readonly key: string;
  /** What the server calls it; null for a direct room in which nothing was written yet. */
  readonly room: string | null;
  /** The other user of a direct room. */
  readonly with: string | null;
  readonly title: string;
  /** Without the title. What is not there is at its default. */
  readonly settings: Omit<RoomSettings, "title">;
  /** Numbers of the pinned messages, perhaps of some that are not loaded. */
  readonly pins: readonly number[];
  readonly joined: boolean;
  /** Why the server took the user out. Such a room is not joined again by itself. */
  readonly left: LeftReason | null;
  /** Why it could not be joined, or was left. */
  readonly error: Error | null;
  /** What one may do there: a `Role`, or one that this version does not know; empty where one is not. */
  readonly role: string;
  /** One is a member. */
  readonly member: boolean;
  /** Exact after `join` and `members`. In between it is counted on, and whoever is banned is taken for a member. */
  readonly memberCount: number;
  readonly online: number;
  /** Those online; in large rooms not all of them. */
  readonly members: readonly User[];
  readonly typing: readonly User[];
  /** In order, those in threads too (`thread`); one's own that are on their way last. */
  readonly messages: readonly TimelineMessage[];
  /** There may be more before the first one: `loadOlder`. */
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  readonly olderError: Error | null;
  /** How one has it for oneself, on all devices: `setOwn` changes it. Empty where the server says nothing of it. */
  readonly own: Readonly<OwnSettings>;
  /** The last `seq` that was read. */
  readonly readUpTo: number;
  /** Up to where others have read, by user id, where the room has receipts. */
  readonly reads: Readonly<Record<string, number>>;
  /** Messages of others after it that are not deleted, not `quiet` and in no thread. Of members the server counts them, on all devices alike; others' are counted back up to 1,000. */
  readonly unread: number;
  /** Messages of others after it that mention oneself or `@room`, in threads too; of members also replies to what one wrote. */
  readonly mentions: number;
}

export interface StoreSnapshot {
  readonly connection: StateChange;
  readonly me: User | null;
  readonly rooms: readonly RoomSnapshot[];
  /** What `listRooms` brought last. */
  readonly listed: readonly RoomSummary[];
  /** Whom oneself blocks: known soon after `welcome`. What they write counts as read, and that they type is not shown. */
  readonly blocked: readonly string[];
  /** Of all rooms together, but for those that are hidden or of which one wants to be told nothing. */
  readonly unread: number;
  readonly mentions: number;
}

export interface Position {
  seq: number;
  epoch?: string;
}

/** How far rooms were read, by key; where a room has a position it is joined again at the next start. */
export interface Positions {
  keys(): string[];
  get(key: string): Position | undefined;
  set(key: string, position: Position): void;
  remove(key: string): void;
  /** Calls the listener when another tab has read further; the result ends it. */
  watch?(listener: (key: string, position: Position) => void): () => void;
}

/** For as long as the program runs. */
export declare function memoryPositions(): Positions;
/** In `localStorage`, one record a room, shared by the tabs of a user. */
export declare function localPositions(
  user: string,
  storage?: { getItem(key: string): string | null; setItem(key: string, value: string): void; removeItem(key: string): void },
): Positions;

/** A message of one's own that the server does not have yet. */
export interface KeptMessage extends MessageContent {
  /** The key of its room. */
  room: string;
  key: string;
  at: number;
  /** Why it was not sent: only the user sends it again. */
  failed?: string;
}

/** Where messages that wait, and drafts, outlive the page. What it cannot keep it forgets; only `load` may reject. */
export interface Outbox {
  /** Messages in the order of `at`; drafts by the key of their room. */
  load(): Promise<{ messages: KeptMessage[]; drafts: Record<string, string> }>;
  /** Also in place of the one with this `key`. */
  put(message: KeptMessage): unknown;
  remove(key: string): unknown;
  setDraft(room: string, text: string): unknown;
}

/** In `IndexedDB`, a database for each user. */
export declare function indexedOutbox(user: string, factory?: any): Outbox;

export interface StoreOptions {
  /** Default: `memoryPositions()`. */
  positions?: Positions;
  /**
   * Keeps messages and drafts over a reload. Messages are sent again under their keys, so once; one that is older than half
   * of the time for which the server remembers keys (`limits.key_ms`) is shown as failed instead. Default: they are lost.
   */
  outbox?: Outbox;
  /** Who oneself is, as far as it is known before the server says so. */
  me?: User;
  /**
   * Join the rooms of `positions` and the latest direct rooms, so that what is unread there is known; and, when the token is
   * renewed, rooms that the one before did not allow. Default true.
   */
  rejoin?: boolean;
  /** Milliseconds since the Unix epoch. Default: `Date.now`. */
  date?: () => number;
}

export declare class Store {
  constructor(client: ConfabClient, options?: StoreOptions);
  readonly client: ConfabClient;
  /** Resolves when what an earlier page left in the outbox is there. */
  readonly restored: Promise<void>;
  /** Hears nothing any more; the client is left alone. */
  destroy(): void;

  readonly getSnapshot: () => StoreSnapshot;
  /** The listener is called soon after anything changed, once for what changed together; the result ends it. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Also of a room that is not there yet: asking changes nothing. */
  room(key: string): RoomSnapshot;
  has(key: string): boolean;
  readonly nameOf: (id: string) => string;
  /** Whoever was heard of by name. */
  people(): User[];
  isBlocked(user: string): boolean;
  /** Seen online in one of the rooms. */
  isOnline(user: string): boolean;

  /** Resolves when the room is caught up, or cannot be joined: then its snapshot has the `error`. */
  join(key: string, options?: {
    /** And become a member, or accept an invitation; also of a room that is joined. */
    member?: boolean;
  }): Promise<void>;
  leave(key: string, options?: {
    /** And cease to be a member, or decline an invitation. */
    member?: boolean;
  }): Promise<void>;
  /** Shows the message at once, and sends it. What becomes of it is in its `state`; does not reject. */
  send(key: string, content: Content, options?: StoreSendOptions): Promise<void>;
  /** Sends a failed message again, under its own key, so that it is there once. */
  retry(key: string, message: string): Promise<void>;
  discard(key: string, message: string): void;
  /** What the user has written in a room and not sent; kept by the `outbox`. */
  draft(key: string): string;
  setDraft(key: string, text: string): void;
  /** Replaces text, data, mentions and attachments, all four. */
  edit(key: string, seq: number, content: Content, options?: EditOptions): Promise<unknown>;
  remove(key: string, seq: number, options?: { reason?: string }): Promise<unknown>;
  setPin(key: string, seq: number, on?: boolean): Promise<unknown>;
  pins(key: string, options?: { after?: string }): Promise<Pins>;
  /** A page of the threads by their roots, the one last replied to first. */
  threads(key: string, options?: {
    /** Those one began or wrote in. */
    mine?: boolean;
    after?: string;
    limit?: number;
  }): Promise<Threads>;
  /** A page of what addresses oneself, in all rooms, the latest first. */
  mentions(options?: { after?: string; limit?: number }): Promise<Mentions>;
  /** In all of one's rooms, or in those that `rooms` names as the server does. */
  search(options: SearchOptions): Promise<Search>;
  /** Resolves when the server has it. The user is not told; what they write in common rooms is for the app to hide. */
  setBlocked(user: string, on?: boolean): Promise<void>;
  /** Another device may have changed the list; each new session asks by itself. */
  loadBlocked(): Promise<void>;
  /** Asks for the names of users whom nothing has named yet, those who only reacted for one. They come by `nameOf`. */
  learn(ids: readonly string[]): void;
  /** A page of the members; says also how many there are. */
  members(key: string, options?: { state?: Member["state"]; after?: string; limit?: number }): Promise<Members>;
  toggleReaction(key: string, seq: number, emoji: string): Promise<void>;
  setTyping(key: string, on?: boolean): void;
  loadOlder(key: string): Promise<void>;
  /** The user has seen the end of the room. Where nothing is new that leaves one unread that is `marked`: for that there is `setOwn`. */
  markRead(key: string): void;
  /** Names only what it changes; resolves when the server has it. */
  setOwn(key: string, own: OwnSettings): Promise<unknown>;
  listRooms(): Promise<void>;
}

export declare function createStore(client: ConfabClient, options?: StoreOptions): Store;
