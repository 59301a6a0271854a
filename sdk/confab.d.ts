/**
 * Confab client library: the public surface.
 *
 * Kept by hand; tests/sdk checks it against the implementation. Names of frames' fields are those of the wire
 * (snake_case), everything else is camelCase. Times in frames are milliseconds since the Unix epoch.
 */

import type {
  Attachment, Blocks, Created, Deleted, Done, Download, Edited, Emitted, Erased, ErrorFrame, History, Inbox, Joined, JsonObject,
  JsonValue, Left, LeftReason, LogEntry, Member, Members, MemberSet, MemberState, Mentions, Message, OwnSettings, Pinned, Pins, Presence, Receipts,
  Reacted, Read, Reactions, Refreshed, Role, Rooms, RoomSet, RoomSettings, Search, Sent, Signal, Signalled, Threads, TokenExpiring, Trimmed, Totals,
  Typing, Upload, User, Users, Welcome,
} from "./wire.js";

export * from "./wire.js";

// ------------------------------------------------------------------------------------------------------ codes

export declare const ErrorCode: {
  readonly bad_request: "bad_request";
  readonly unknown_type: "unknown_type";
  readonly unauthorized: "unauthorized";
  readonly forbidden: "forbidden";
  readonly not_joined: "not_joined";
  readonly no_such_room: "no_such_room";
  readonly no_such_user: "no_such_user";
  readonly no_such_message: "no_such_message";
  readonly too_long: "too_long";
  readonly too_many_rooms: "too_many_rooms";
  readonly rate_limited: "rate_limited";
  readonly unavailable: "unavailable";
  readonly already: "already";
  readonly conflict: "conflict";
  readonly internal: "internal";
  readonly limit: "limit";
  readonly banned: "banned";
  readonly muted: "muted";
  readonly read_only: "read_only";
  readonly slow_mode: "slow_mode";
  readonly not_member: "not_member";
  readonly rejected: "rejected";
  readonly out_of_order: "out_of_order";
};
export type ErrorCodeName = keyof typeof ErrorCode;

export declare const CloseCode: {
  readonly normal: 1000;
  readonly going_away: 1001;
  readonly wrong_kind: 1003;
  readonly no_status: 1005;
  readonly connection_lost: 1006;
  readonly not_utf8: 1007;
  readonly too_big: 1009;
  readonly internal: 1011;
  readonly restart: 1012;
  readonly slow_consumer: 4000;
  readonly heartbeat_missed: 4001;
  readonly hello_late: 4002;
  readonly rate_abuse: 4003;
  readonly disconnected: 4004;
  readonly unauthorized: 4500;
  readonly token_expired: 4501;
  readonly removed: 4502;
  readonly protocol_error: 4503;
  readonly replaced: 4504;
};
export type CloseCodeNumber = (typeof CloseCode)[keyof typeof CloseCode];

/** What this library does when the server closes with `code`; `"token"`: get a new token, then reconnect. */
export declare function closeAction(code: number): "reconnect" | "token" | "stop";

// ----------------------------------------------------------------------------------------------------- errors

/** Base of every error this library rejects with or reports by the "error" event. */
export declare class ConfabError extends Error {
  constructor(message: string, options?: { outcomeUnknown?: boolean; cause?: unknown });
  /** The command may have taken effect: it had been sent and no answer came. */
  readonly outcomeUnknown: boolean;
}
/** The server said no. */
export declare class ServerError extends ConfabError {
  constructor(frame: Pick<ErrorFrame, "code" | "message"> & Partial<ErrorFrame>, options?: { outcomeUnknown?: boolean });
  readonly code: ErrorCodeName;
  readonly retry: boolean;
  readonly retryAfterMs?: number;
  /** Of `banned` and `muted`: when it ends; absent: it has no end. */
  readonly until?: number;
  /** Of `banned`; of `rejected`: the deployment's, for the user. */
  readonly reason?: string;
  /** Of `limit`: how many there may be. */
  readonly limit?: number;
  /** Of `rejected`: the deployment's, for the app. */
  readonly data?: JsonValue;
}
/** There is no connection, or it went away under a command that must not be repeated (`signal`, `ping`, `refresh`). */
export declare class ConnectionLostError extends ConfabError {}
/** No answer in `requestTimeoutMs`, for commands that are repeated: not once in `retriesMax` repeats. */
export declare class RequestTimeoutError extends ConfabError {}
/** `queueMax` commands wait already. */
export declare class QueueFullError extends ConfabError {}
/** The client is stopped, by `stop()` or by a close code that forbids to reconnect (then `closeCode` is set). */
export declare class StoppedError extends ConfabError {
  constructor(message: string, options?: { closeCode?: number; outcomeUnknown?: boolean; cause?: unknown });
  readonly closeCode?: number;
}
/** What came is not a frame of this protocol. */
export declare class ProtocolError extends ConfabError {}
/** What is known of an attempt to connect that failed. A browser's socket says nothing, so much may be `unknown` there. */
export type ConnectFailure =
  /** Nobody answers: no such machine, nothing listens, the network is gone. */
  | "unreachable"
  /** There is a server, and at this path it has nothing. */
  | "wrong_path"
  /** The server, or a proxy before it, said no. */
  | "refused"
  /** The socket opened, and no session began. */
  | "no_welcome"
  | "unknown";
/** An attempt to connect failed; another one follows. */
export declare class ConnectError extends ConfabError {
  constructor(message: string, options: { attempt: number; reason: ConnectFailure; cause?: unknown });
  readonly attempt: number;
  readonly reason: ConnectFailure;
}
/** The token callback threw (`cause`), brought no token, or took too long; or the token could not be renewed. */
export declare class TokenError extends ConfabError {}

// ----------------------------------------------------------------------------------------------------- client

/**
 * - `idle`: made, `connect()` not yet called
 * - `connecting`: no session, one is being sought (also while waiting for the next attempt)
 * - `live`: the server has said `welcome`
 * - `stopped`: no session, none is sought; `connect()` starts again where it left off
 */
export type ClientState = "idle" | "connecting" | "live" | "stopped";

export interface StateChange {
  state: ClientState;
  previous: ClientState;
  /** Why, when a connection ended. */
  code?: number;
  reason?: string;
  /** For `connecting`: the attempt that is under way or, with `retryInMs`, comes next. Counted since there was a session. */
  attempt?: number;
  /** The wait before it. */
  retryInMs?: number;
}

/**
 * A room was joined: by `join()`, or by the library after a reconnect or to heal a hole (then also direct rooms).
 *
 * With `snapshot: true`, `events` is the present state of the latest messages: show them *instead of* what you had.
 * With `snapshot: false` your state is still good, `events` is empty, and what happened in the meantime follows as
 * "message", "edited", "deleted", "reacted", "member_set", "room_set", "pinned", "trimmed" and "erased" events.
 */
export interface JoinedRoom {
  room: string;
  title: string;
  epoch: string;
  head: number;
  role: string;
  online: number;
  members: User[];
  /** One is a member. */
  member?: true;
  /** Those that are not at their default. */
  settings?: RoomSettings;
  /** Of members. */
  count?: number;
  /** Of a member: up to where one has read. */
  read?: number;
  /** Of all members, in a room with receipts. */
  reads?: Record<string, number>;
  pins?: number[];
  /** Names of authors in `events`, where they are another than the id. */
  users?: User[];
  snapshot: boolean;
  events: LogEntry[];
}

/** Entries after `since` could not all be had. The "joined" event with the new snapshot follows. */
export interface Gap {
  room: string;
  since: number;
  /** The first `seq` that can still be had by `history`. */
  oldest: number;
  head: number;
  epoch: string;
}

/** You are no longer in the room: `leave()` was done, the server took you out (`reason`) or would not have you back (`error`). */
export interface LeftRoom {
  room: string;
  reason?: LeftReason;
  error?: ServerError;
}

/** A step of the client, with fields that depend on it. Never with what people wrote, never with tokens. */
export interface TraceEntry {
  /** Milliseconds since the Unix epoch. */
  at: number;
  /** `state`, `socket`, `open`, `out`, `in`, `lost`, `wake` or `error`. */
  event: string;
  [field: string]: unknown;
}

/** What `on` can subscribe to, and what the listener gets. */
export interface ClientEvents {
  state: StateChange;
  welcome: Welcome;
  /** Each entry of a log comes once and in order, over any number of reconnects. */
  message: Message;
  edited: Edited;
  deleted: Deleted;
  reacted: Reacted;
  member_set: MemberSet;
  room_set: RoomSet;
  pinned: Pinned;
  trimmed: Trimmed;
  erased: Erased;
  joined: JoinedRoom;
  left: LeftRoom;
  gap: Gap;
  presence: Presence;
  typing: Typing;
  signal: Signal;
  emitted: Emitted;
  /** Where one's own marker is, also by another device; in answer to `read()` with what is left. */
  read: Read;
  /** Up to where others have read, in a room with receipts: those who have read on. */
  receipts: Receipts;
  /** What has changed in one's inbox. */
  inbox: Inbox;
  token_expiring: TokenExpiring;
  /** The token was renewed on the open connection, by the callback or by `refresh`. */
  refreshed: Refreshed;
  /** What went wrong and belongs to no promise. */
  error: ConfabError;
  /** A frame of a type this version does not know. */
  unknown: JsonObject;
  /** Only with the option `debug`. */
  trace: TraceEntry;
}

/** What this library remembers of a room. */
export interface RoomInfo {
  room: string;
  /** Joined by the app, in contrast to a direct room that was merely heard of. */
  joined: boolean;
  /** The last `seq` that was delivered. With `epoch`, what `join(room, {since, epoch})` of a later page load needs. */
  seq: number | null;
  epoch?: string;
  title?: string;
  /** This and `member`, `count` and `online` are of the latest join; `title`, `settings` and `pins` are kept up to date. */
  role?: string;
  online?: number;
  member?: boolean;
  count?: number;
  settings?: RoomSettings;
  /** Of a member: up to where one has read. */
  read?: number;
  pins?: number[];
}

/** The part of `WebSocket` that is used. */
export interface SocketLike {
  readonly protocol?: string;
  onopen: ((event: any) => any) | null;
  onmessage: ((event: any) => any) | null;
  onclose: ((event: any) => any) | null;
  onerror: ((event: any) => any) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Where there is one, for connections that do not answer the close. */
  terminate?(): void;
}
export type SocketConstructor = new (url: string, protocols: string[]) => SocketLike;

/** Time, chance and the outside world; for tests. */
export interface Environment {
  setTimeout(fn: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Milliseconds, monotonic. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  date(): number;
  /** In [0, 1). */
  random(): number;
  uuid(): string;
  /** Where "online" and "offline" come from. */
  network?: {
    addEventListener(type: string, listener: (event: any) => void): void;
    removeEventListener(type: string, listener: (event: any) => void): void;
  };
  /** Asks by HTTP, where a socket does not say why it failed: the status, or 0; rejects where nobody answers. */
  look?(url: string): Promise<number>;
}

export interface ClientOptions {
  /** `ws:`, `wss:`, `http:` or `https:`; in a browser also relative to the page. Default in a browser: `/ws`. Looked at by `connect()`. */
  url?: string;
  /** A JWT, or a callback that brings a fresh one: called by `connect()` and before the token expires. */
  token?: string | (() => string | Promise<string>);
  /** How long the callback may take. Default 10000. */
  tokenTimeoutMs?: number;
  /** Instead of `token`, where the server allows guests: the user id. */
  guest?: string;
  /**
   * What `welcome.guest_token` was the last time, so that a server that gives guests their ids knows this one again. While the
   * client lives it keeps it itself.
   */
  guestToken?: string;
  /** A guest's display name. */
  name?: string;
  /** A stable id of this installation: a second session of the same user and device replaces the first. */
  device?: string;
  /** Default: `globalThis.WebSocket`. For Node before 22: the one of the npm package `ws`. Looked at by `connect()`. */
  WebSocket?: SocketConstructor;
  /** Commands that may wait at once, offline ones included. Default 1000. */
  queueMax?: number;
  /** Default 10000. */
  requestTimeoutMs?: number;
  /** Opening the socket and `hello` together. Default 10000. */
  connectTimeoutMs?: number;
  /** How long the answer to a probe may take on a silent connection. Default 10000. */
  heartbeatSlackMs?: number;
  /** How often a command is repeated that is answered by retryable errors, or not at all. Default 20. */
  retriesMax?: number;
  /** Full-jitter exponential back-off. Defaults 500 and 20000. */
  backoffBaseMs?: number;
  backoffCapMs?: number;
  /** Shows what the client does, step by step: `true` in the console, or to a function. "trace" is the same as an event. */
  debug?: boolean | ((entry: TraceEntry) => void);
  env?: Partial<Environment>;
}

export type Content = string | { text?: string; data?: JsonValue };

/** Of a message besides its text and data. */
export interface EditOptions {
  key?: string;
  /** User ids, and `@room`. */
  mentions?: string[];
  attachments?: Attachment[];
}
export interface SendOptions extends EditOptions {
  /** The message that this one answers. */
  replyTo?: number;
  /** The root of a thread, or any message in it. */
  thread?: number;
  /** It shall count as nothing: not as unread, not as a mention. */
  quiet?: boolean;
  /** The app's own name for what it is. */
  event?: string;
}

export interface SearchOptions {
  /** Up to 20 words; the last one may be the beginning of one. */
  query: string;
  /** Of those where one is: default all of them. */
  rooms?: string[];
  /** The author. */
  from?: string;
  after_at?: number;
  before_at?: number;
  has?: "attachment";
  after?: string;
  limit?: number;
}

/** What is to become of users in a room: at least one of `state`, `role` and `muteUntil`. */
export interface MemberChange {
  state?: Exclude<MemberState, "left">;
  role?: Role;
  /** 0: may speak again. */
  muteUntil?: number;
  /** Of `invited` and `banned`. */
  until?: number;
  reason?: string;
  /** Of `banned`: what they wrote for so long before is deleted. */
  deleteMs?: number;
}

export declare class ConfabClient {
  constructor(options?: ClientOptions);

  readonly state: ClientState;
  /** Of the latest session. */
  readonly welcome: Welcome | null;
  readonly user: User | null;
  readonly session: string | null;

  /** Subscribes; the result unsubscribes. */
  on<K extends keyof ClientEvents>(type: K, listener: (event: ClientEvents[K]) => void): () => void;

  /**
   * Connects, and stays connected until `stop()`. Resolves with the first `welcome`; does not reject while it makes
   * sense to try again; rejects with `StoppedError` when not.
   */
  connect(): Promise<Welcome>;
  /** Closes. Commands that wait are rejected with `StoppedError`. Rooms are remembered for another `connect()`. */
  stop(): void;

  /** Resolves when caught up. Without `since`: a snapshot of the latest 50 messages. */
  join(room: string, options?: {
    since?: number;
    epoch?: string;
    /** And become a member, or accept an invitation. */
    member?: boolean;
  }): Promise<JoinedRoom>;
  leave(room: string, options?: {
    /** And cease to be a member, or decline an invitation. */
    member?: boolean;
  }): Promise<Left>;
  /** May be called offline: it is sent later. Repeated with its key until the outcome is known. */
  send(room: string, content: Content, options?: SendOptions): Promise<Sent>;
  /** `send` into the direct room of the two users. */
  direct(to: string, content: Content, options?: SendOptions): Promise<Sent>;
  /** Replaces text, data, mentions and attachments, all four. */
  edit(room: string, target: number, content: Content, options?: EditOptions): Promise<Done>;
  /** One message or up to 100, all of them or none. */
  delete(room: string, target: number | number[], options?: { key?: string; reason?: string }): Promise<Done>;
  react(room: string, target: number, emoji: string, options?: { key?: string }): Promise<Done>;
  unreact(room: string, target: number, emoji: string, options?: { key?: string }): Promise<Done>;
  /** Everyone who reacted to a message with one emoji: in present form a message names the earliest ten. */
  listReactions(room: string, target: number, emoji: string, options?: { after?: string }): Promise<Reactions>;
  pin(room: string, target: number, options?: { key?: string }): Promise<Done>;
  unpin(room: string, target: number, options?: { key?: string }): Promise<Done>;
  pins(room: string, options?: { after?: string }): Promise<Pins>;
  history(room: string, options?: {
    before?: number;
    after?: number;
    /** Of that thread, its root too; 0: what is in no thread. */
    thread?: number;
    limit?: number;
  }): Promise<History>;
  threads(room: string, options?: {
    /** Those one began or wrote in. */
    mine?: boolean;
    after?: string;
    limit?: number;
  }): Promise<Threads>;
  /** Messages in one's rooms that have all words, latest first. A page goes on while there is `next`, also where it has no hits. */
  search(options: SearchOptions): Promise<Search>;
  members(room: string, options?: { state?: Member["state"]; after?: string; limit?: number }): Promise<Members>;
  /** Of one user or up to 100, all of them or none. */
  setMember(room: string, users: string | string[], change: MemberChange, options?: { key?: string }): Promise<Done>;
  /** Without `room` the server makes its id. One is its owner, and `users` are invited. */
  createRoom(options?: RoomSettings & { room?: string; users?: string[]; key?: string }): Promise<Created>;
  setRoom(room: string, settings: RoomSettings, options?: { key?: string }): Promise<Done>;
  /** To the others in the room, never stored. Never repeated. */
  emit(room: string, event: string, data?: JsonValue): Promise<Done>;
  /** `upload` and `download` are `forbidden` where the deployment signs no addresses: then `features` of `welcome` lacks `upload`. */
  upload(room: string, file: { mime: string; bytes: number; name?: string }): Promise<Upload>;
  download(room: string, seq: number, index?: number): Promise<Download>;
  /** Tells those who run the deployment. Never repeated. */
  report(room: string, target: number, reason?: string): Promise<Done>;
  block(user: string): Promise<Done>;
  unblock(user: string): Promise<Done>;
  blocks(): Promise<Blocks>;
  /** Names and data of up to 100; whom nobody knows is left out. A page goes on with the same `ids`. */
  users(ids: string[], options?: { after?: string }): Promise<Users>;
  /** Everything up to `seq` is read. Resolves with where the marker is and what is left: `unread` is exact. Of members only. */
  read(room: string, seq: number): Promise<Read>;
  /** Everything in all rooms is read. */
  readAll(): Promise<Read>;
  /** How one has the room for oneself, on all devices: names only what it changes. Of members only. */
  setOwn(room: string, own: OwnSettings): Promise<Done>;
  /** One's rooms, the latest first, in windows; `since` the `as_of` of an earlier answer only what has changed. */
  inbox(options?: { after?: string; since?: string; limit?: number }): Promise<Inbox>;
  /** What addresses one, in all rooms, the latest first. */
  mentions(options?: { after?: string; limit?: number }): Promise<Mentions>;
  /** Whether anybody looks: a client in the background holds back no push notification. Said again after a reconnect. */
  active(on: boolean): void;
  listRooms(options?: { after?: string }): Promise<Rooms>;
  /** Fire and forget; nothing when not live. Call it as often as you like: what others need is said, every few seconds. */
  typing(room: string, on?: boolean): void;
  /** To all sessions of a user; resolves with how many there were. Never repeated. */
  signal(to: string, data: JsonValue): Promise<Signalled>;
  /** To exactly one session. */
  signalSession(session: string, data: JsonValue): Promise<Signalled>;
  /**
   * Where nothing says so by itself, as React Native: the program was asleep, or the network is another. A connection is
   * asked whether it is still there; if none is, the next attempt begins.
   */
  wake(): void;
  /** Resolves with the round-trip time in milliseconds. */
  ping(): Promise<number>;
  /** Renews the token by hand; not needed where `token` is a callback. */
  refresh(token: string): Promise<Refreshed>;

  /** What is known of a room joined or heard of, else null. */
  room(room: string): RoomInfo | null;
  /** The rooms joined, and the direct rooms heard of. */
  readonly rooms: RoomInfo[];
  /** How many commands wait for their outcome. */
  readonly pending: number;
}

/** `new ConfabClient(options)` that is already connecting. */
export declare function connect(options?: ClientOptions): ConfabClient;
