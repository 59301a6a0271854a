/**
 * Confab client library: the frames of the protocol, as docs/protocol.md has them.
 *
 * Kept by hand; tests/sdk checks it against the implementation. Names of fields are those of the wire (snake_case). Times are
 * milliseconds since the Unix epoch.
 */

import type { ErrorCodeName } from "./confab.js";

// ---------------------------------------------------------------------------------------------- wire: parts

/** A user as the server names it. */
export interface User {
  id: string;
  name: string;
}

/** How safe an entry is at the moment the server speaks of it. */
export type Durability = "memory" | "disk" | "majority_disk";

/** Any JSON object. */
export type JsonObject = { [key: string]: unknown };
/** What `data` may be: any JSON but null, which is the same as none. */
export type JsonValue = string | number | boolean | JsonObject | readonly unknown[];

export interface Limits {
  text_bytes: number;
  frame_bytes: number;
  rooms: number;
  /** Of one message. */
  mentions?: number;
  attachments?: number;
  /** Of one room. */
  members?: number;
  /** Of one user, invitations too. */
  memberships?: number;
  /** How long the server remembers the key of a message at least; absent: a day. */
  key_ms?: number;
}

/** What one may do in a room, rising. */
export type Role = "reader" | "member" | "moderator" | "owner";
/** What becomes of users in a room. */
export type MemberState = "invited" | "member" | "left" | "removed" | "banned" | "unbanned";

/** How a room is set up; also a change of it, which names only what it changes. */
export interface RoomSettings {
  /** Default: the room's id. */
  title?: string;
  topic?: string;
  /** The app's own, replaced as a whole. */
  data?: JsonObject;
  /** Default `public`. */
  visibility?: "public" | "invite" | "private";
  /** What visitors do in a public room. Default `write`. */
  visitors?: "write" | "read" | "none";
  /** Where members write. Default `all`. */
  posting?: "all" | "threads" | "moderators";
  /** Who invites. Default `members`. */
  inviting?: "members" | "moderators";
  /** The least time between two messages of one user. Default 0. */
  slow_ms?: number;
  archived?: boolean;
  /** What members read. Default `all`. */
  history?: "all" | "own";
  /** Default 0: as long as the server keeps it. */
  retention_ms?: number;
  receipts?: boolean;
}

/** Where a file is. */
export type FilePlace = { url: string; ref?: undefined } | { ref: string; url?: undefined };
export type Attachment = FilePlace & {
  mime?: string;
  bytes?: number;
  name?: string;
  width?: number;
  height?: number;
  /** Duration. */
  ms?: number;
  thumb?: FilePlace;
};

/** A direct room of this user, as `welcome` lists it. */
export interface DirectSummary {
  room: string;
  with: string;
  head: number;
  last_at: number;
}

export interface RoomSummary {
  room: string;
  title: string;
  head: number;
  online: number;
  joined: boolean;
  topic?: string;
  visibility?: "public" | "invite" | "private";
  /** Of members. */
  count?: number;
  /** One is a member. */
  member?: true;
  /** One may become a member, by an invitation. */
  invited?: true;
}

// ------------------------------------------------------------------------------------- wire: entries of a log

interface LogEntryBase {
  room: string;
  seq: number;
  /** The `seq` of the predecessor, only there when it is not `seq - 1`. */
  prev?: number;
  at: number;
  from: string;
  /** The author's own id for the entry. */
  key?: string;
}

export interface Message extends LogEntryBase {
  type: "message";
  /** Absent when the message is `deleted`, or consists of `data` or `attachments` only. */
  text?: string;
  data?: JsonValue;
  /** The message that this one answers, perhaps a deleted one. */
  reply_to?: number;
  /** The root of the thread it is in. */
  thread?: number;
  /** User ids, and `@room`. */
  mentions?: string[];
  attachments?: Attachment[];
  /** It counts as nothing. */
  quiet?: true;
  /** The app's own name for what it is. */
  event?: string;
  /** The deployment was to be asked about it and did not answer. Of an entry alone. */
  unchecked?: true;
  deleted?: true;
  /** The rest is only there in a present form: in a snapshot, `history`, `threads`, `pins` or `search`. */
  edited_at?: number;
  edited_by?: string;
  deleted_by?: string;
  /** Why it was deleted. */
  reason?: string;
  /** Of a thread's root. */
  replies?: number;
  last_reply?: number;
  last_reply_at?: number;
  reactions?: { [emoji: string]: ReactionSummary | string[] };
  /** The author's, where it is another than the id. */
  name?: string;
}

/** Who reacted with one emoji: the first users, and how many there are. */
export interface ReactionSummary {
  count: number;
  users: string[];
  /** Oneself among them. */
  mine?: true;
}

export interface Edited extends LogEntryBase {
  type: "edited";
  target: number;
  text?: string;
  data?: JsonValue;
  mentions?: string[];
  attachments?: Attachment[];
  unchecked?: true;
}

export interface Deleted extends LogEntryBase {
  type: "deleted";
  target: number;
  reason?: string;
}

export interface Reacted extends LogEntryBase {
  type: "reacted";
  target: number;
  emoji: string;
  on: boolean;
}

/** What changed of these users; the rest stays. */
export interface MemberSet extends LogEntryBase {
  type: "member_set";
  users: string[];
  state?: MemberState;
  role?: Role;
  /** Of a ban or an invitation. */
  until?: number;
  /** 0: may speak again. */
  mute_until?: number;
  reason?: string;
}

/** What changed of the room's settings. */
export interface RoomSet extends LogEntryBase, RoomSettings {
  type: "room_set";
}

export interface Pinned extends LogEntryBase {
  type: "pinned";
  target: number;
  on: boolean;
}

/** Everything up to `upto` is gone: drop what you keep of it. */
export interface Trimmed extends LogEntryBase {
  type: "trimmed";
  upto: number;
}

/** The user is no more: what they said is deleted, and what was written under the name before is `as`'s. */
export interface Erased extends LogEntryBase {
  type: "erased";
  user: string;
  as: string;
}

/** What has a `seq`: is stored, travels, resumes and counts. */
export type LogEntry = Message | Edited | Deleted | Reacted | MemberSet | RoomSet | Pinned | Trimmed | Erased;

// ------------------------------------------------------------------------------------- wire: replies and events

export interface Welcome {
  type: "welcome";
  re?: number;
  user: User;
  session: string;
  node: string;
  server: string;
  heartbeat_ms: number;
  limits: Limits;
  /** What the server knows beyond bare rooms: `members`, `threads`, `mentions`, `pins`, `inbox`, `receipts`, `search`. */
  features?: string[];
  /** Absent for guests and tokens without `exp`. */
  expires_at?: number;
  /** Of a guest beside users with tokens: as `token` it signs in the same guest again, for 30 days. */
  guest_token?: string;
  directs: DirectSummary[];
  /** `directs` is empty because it could not be read. */
  directs_unavailable?: true;
}

export interface Refreshed {
  type: "refreshed";
  re?: number;
  expires_at?: number;
}

export interface Joined {
  type: "joined";
  /** Absent in the answers to `hello.resume`. */
  re?: number;
  room: string;
  title: string;
  epoch: string;
  head: number;
  gap: boolean;
  /** Only with `gap: true`: the first `seq` that can still be had. */
  oldest?: number;
  role: string;
  online: number;
  members: User[];
  member?: true;
  settings?: RoomSettings;
  count?: number;
  /** Of a member: up to where one has read. */
  read?: number;
  /** The room has receipts: of all members, up to where they have read. */
  receipts?: true;
  reads?: Record<string, number>;
  pins?: number[];
  users?: User[];
  events: LogEntry[];
  /** `true`: `events` frames follow. */
  more?: boolean;
}

export interface Events {
  type: "events";
  room: string;
  /** Names of authors in `events`, where they are another than the id; so in every list. */
  users?: User[];
  events: LogEntry[];
  more: boolean;
}

export interface Left {
  type: "left";
  re?: number;
  room: string;
  /** Without `re`: why the server took one out. */
  reason?: LeftReason;
}

/**
 * - `left`: another session of the user ended the membership
 * - `removed`, `banned`: by a moderator
 * - `private`: the room was closed to visitors
 * - `token`: a new token does not allow the room
 * - `deleted`: the user was erased
 */
export type LeftReason = "left" | "removed" | "banned" | "private" | "token" | "deleted";

export interface Sent {
  type: "sent";
  re?: number;
  room: string;
  seq: number;
  at: number;
  durability: Durability;
  /** The key had been used before: nothing new was stored. */
  duplicate?: true;
  /** Of the mentions, those who are not told: no members, or `@room` where one may not say it. */
  unreached?: string[];
}

/** The reply of commands that have none of their own; with `seq` for those that write to a log. */
export interface Done {
  type: "done";
  re?: number;
  room?: string;
  seq?: number;
  at?: number;
  durability?: Durability;
  duplicate?: true;
  /** Of a ban with `deleteMs`: how many messages. */
  deleted?: number;
  /** Of an edit. */
  unreached?: string[];
}

export interface Created {
  type: "created";
  re?: number;
  room: string;
  epoch: string;
  head: number;
  /** It had been made with this key. */
  duplicate?: true;
}

/** A list that may go on: then the next page is asked for with `after: next`. */
interface Page {
  re?: number;
  more: boolean;
  next?: string;
}

export interface Member {
  id: string;
  /** Absent: the id. */
  name?: string;
  state: "member" | "invited" | "banned";
  role?: Role;
  online: boolean;
  /** In a room with receipts: up to where they have read. */
  read?: number;
  /** Of a ban or an invitation. */
  until?: number;
  mute_until?: number;
  /** Who invited. */
  by?: string;
  /** Of a ban. */
  reason?: string;
}

export interface Members extends Page {
  type: "members";
  room: string;
  /** The list is as of this entry. */
  seq: number;
  /** Of members, all of them. */
  count: number;
  members: Member[];
}

export interface Pins extends Page {
  type: "pins";
  room: string;
  users?: User[];
  pins: { pinned_by: string; pinned_at: number; message: Message }[];
}

export interface Threads extends Page {
  type: "threads";
  room: string;
  users?: User[];
  /** The roots, last replied to first. */
  events: Message[];
}

export interface Search extends Page {
  type: "search";
  users?: User[];
  /** Latest first, in their present form. */
  hits: { room: string; message: Message }[];
  /** What is younger may be missing. */
  upto_at: number;
}

export interface Profile {
  id: string;
  name?: string;
  data?: JsonObject;
}

export interface Users {
  type: "users";
  re?: number;
  users: Profile[];
  more?: boolean;
  /** Goes on with `after` and the same `ids`. */
  next?: string;
}

export interface Blocks {
  type: "blocks";
  re?: number;
  users: string[];
}

/** What is left over all rooms. */
export interface Totals {
  /** In which something is unread. */
  rooms: number;
  unread: number;
  mentions: number;
}

/** One's own marker in a room; as a reply with what is left behind it. Of all rooms there is a reply alone, with `totals`. */
export interface Read {
  type: "read";
  re?: number;
  room?: string;
  read?: number;
  unread?: number;
  mentions?: number;
  totals?: Totals;
}

/** A room of one's own, as it is: the latest row of a room counts. */
/** How one has a room for oneself. What is not there is at its default. */
export interface OwnSettings {
  /** What one is told of: default `mentions`, in direct rooms `all`. With `none` the room is in no sum either. */
  notify?: "all" | "mentions" | "none";
  /** Until when, in ms since 1970; 0 or left out: for good. Only beside `notify`. */
  notify_until?: number;
  /** Unread by wish, until one reads the room. */
  marked?: boolean;
  /** Not in the inbox until the next message that counts. */
  hidden?: boolean;
  /** With `false` others are not told up to where one has read, nor is one of them. */
  receipts?: boolean;
}

export interface InboxRow {
  room: string;
  /** One is no more in the room; then there is nothing else. */
  gone?: "left" | "removed" | "banned" | "lapsed" | "deleted";
  title?: string;
  /** Of a direct room: the other user. */
  with?: string;
  state?: "member" | "invited";
  role?: Role;
  /** Who invited, and until when. */
  by?: string;
  until?: number;
  head?: number;
  /** Rooms are in this order, the latest first. */
  at?: number;
  /** These three of a member. */
  read?: number;
  unread?: number;
  mentions?: number;
  last?: { seq: number; at: number; from: string; text?: string; attachments?: number };
  /** In a row with `title` or `with`: one's own settings. Others say nothing of them. */
  own?: OwnSettings;
}

/** A window of one's rooms, or, after `since`, the rows that have changed. */
export interface Inbox {
  type: "inbox";
  re?: number;
  /** For `since`. */
  as_of: string;
  /** `since` could not be served: drop all rows, this is the first window. */
  reset?: true;
  users?: User[];
  rooms: InboxRow[];
  more?: boolean;
  next?: string;
  totals: Totals;
}

export interface Mentions extends Page {
  type: "mentions";
  users?: User[];
  /** The latest first. */
  mentions: { why: "mention" | "reply" | "thread"; read: boolean; message: Message }[];
}

/** Where to put a file: `method` and `headers` for a request to `url`. */
export interface Upload {
  type: "upload";
  re?: number;
  ref: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  expires_at: number;
}

export interface Download {
  type: "download";
  re?: number;
  url: string;
  expires_at: number;
}

export interface History {
  type: "history";
  re?: number;
  room: string;
  /** The entry up to which the messages are as they are: what comes live up to there is in them already. */
  head: number;
  users?: User[];
  events: LogEntry[];
  more: boolean;
}

export interface Rooms {
  type: "rooms";
  re?: number;
  rooms: RoomSummary[];
  more: boolean;
}

/** A page of those who reacted with one emoji; the next one with `after` = `next`. */
export interface Reactions {
  type: "reactions";
  re?: number;
  users: string[];
  /** Of all. */
  count: number;
  more: boolean;
  next?: string;
}

export interface Signalled {
  type: "signalled";
  re?: number;
  sessions: number;
}

export interface Pong {
  type: "pong";
  re?: number;
}

export interface ErrorFrame {
  type: "error";
  re?: number;
  code: ErrorCodeName;
  message: string;
  retry: boolean;
  retry_after_ms?: number;
  /** Without `re`: what the command was about. */
  room?: string;
  /** Of `banned` and `muted`: when it ends. */
  until?: number;
  /** Of `banned` and `rejected`. */
  reason?: string;
  /** Of `limit`: how many there may be. */
  limit?: number;
  /** Of `rejected`. */
  data?: JsonValue;
}

export interface Typing {
  type: "typing";
  room: string;
  from: string;
  on: boolean;
}

/** In rooms over 100 online only `online` is there. */
export interface Presence {
  type: "presence";
  room: string;
  joined?: User[];
  left?: string[];
  online: number;
}

export interface Signal {
  type: "signal";
  from: string;
  /** The session that sent it: answer to it with `signalSession`. */
  session: string;
  data: JsonValue;
}

/** Markers of others that have moved. */
export interface Receipts {
  type: "receipts";
  room: string;
  reads: Record<string, number>;
}

/** What somebody in a room said by `emit`. */
export interface Emitted {
  type: "emitted";
  room: string;
  from: string;
  event: string;
  data?: JsonValue;
}

export interface TokenExpiring {
  type: "token_expiring";
  expires_at: number;
}

/** Everything the server sends, told apart by `type`. */
export type ServerEvent =
  | Welcome
  | Refreshed
  | Joined
  | Events
  | Left
  | Sent
  | Done
  | History
  | Rooms
  | Reactions
  | Signalled
  | Created
  | Members
  | Pins
  | Threads
  | Search
  | Users
  | Blocks
  | Read
  | Inbox
  | Mentions
  | Upload
  | Download
  | Emitted
  | Receipts
  | Pong
  | ErrorFrame
  | LogEntry
  | Typing
  | Presence
  | Signal
  | TokenExpiring;
