// Compiled, never run: what the declarations promise, and that the implementation keeps it.

import type * as Declared from "../../sdk/confab.js";
import { CloseCode, ConfabClient, ErrorCode, ServerError, closeAction, connect } from "../../sdk/confab.js";
import * as client from "../../sdk/client.js";
import * as codes from "../../sdk/codes.js";
import * as errors from "../../sdk/errors.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const yes = <T extends true>(_?: T) => {};

// ---- the implementation is what is declared

const _implemented: typeof Declared = { ...client, ...codes, ...errors };
yes<Equal<typeof Declared.ErrorCode, typeof codes.ErrorCode>>();
yes<Equal<typeof Declared.CloseCode, typeof codes.CloseCode>>();
yes<Equal<keyof Declared.ConfabClient, keyof client.ConfabClient>>();
_implemented;

// ---- events are told apart by their type

declare const event: Declared.ServerEvent;
switch (event.type) {
  case "message":
    yes<Equal<typeof event, Declared.Message>>();
    yes<Equal<typeof event.text, string | undefined>>();
    // @ts-expect-error: a message edits nothing
    event.target;
    break;
  case "reacted":
    yes<Equal<typeof event.on, boolean>>();
    break;
  case "room_set":
    yes<Equal<typeof event.slow_ms, number | undefined>>();
    break;
  case "error":
    yes<Equal<typeof event.code, Declared.ErrorCodeName>>();
    break;
  case "trimmed":
    yes<Equal<typeof event.upto, number>>();
    break;
  case "erased":
    yes<Equal<typeof event.as, string>>();
    break;
  case "welcome":
  case "refreshed":
  case "joined":
  case "events":
  case "left":
  case "sent":
  case "done":
  case "history":
  case "rooms":
  case "reactions":
  case "signalled":
  case "created":
  case "members":
  case "pins":
  case "threads":
  case "search":
  case "users":
  case "blocks":
  case "read":
  case "receipts":
  case "inbox":
  case "mentions":
  case "upload":
  case "download":
  case "emitted":
  case "member_set":
  case "pinned":
  case "pong":
  case "edited":
  case "deleted":
  case "typing":
  case "presence":
  case "signal":
  case "token_expiring":
    break;
  // @ts-expect-error: no such event
  case "fireworks":
    break;
  default:
    yes<Equal<typeof event, never>>();
}

// ---- subscriptions

const it = new ConfabClient({ token: async () => "t" });
const off = it.on("message", (message) => {
  yes<Equal<typeof message, Declared.Message>>();
});
yes<Equal<typeof off, () => void>>();
it.on("state", ({ state }) => {
  yes<Equal<typeof state, "idle" | "connecting" | "live" | "stopped">>();
});
it.on("gap", ({ room, oldest }) => {
  yes<Equal<[typeof room, typeof oldest], [string, number]>>();
});
it.on("error", (error) => {
  if (error instanceof ServerError) yes<Equal<typeof error.code, Declared.ErrorCodeName>>();
});
// @ts-expect-error: no such event
it.on("massage", () => {});
// @ts-expect-error: a listener of another event
it.on("typing", (e: Declared.Message) => e);

// ---- commands

async function commands() {
  yes<Equal<Awaited<ReturnType<typeof it.connect>>, Declared.Welcome>>();
  const sent = await it.send("general", { text: "hi", data: { a: 1 } }, { key: "k" });
  yes<Equal<typeof sent.duplicate, true | undefined>>();
  await it.send("general", "see @bob", { replyTo: 59, mentions: ["bob"], attachments: [{ ref: "f/1", thumb: { ref: "f/2" } }] });
  // @ts-expect-error: a file has one place
  it.send("general", "", { attachments: [{ ref: "f/1", url: "https://cdn.example/a" }] });
  it.setMember("general", ["bob"], { state: "banned", until: 1, deleteMs: 86_400_000 });
  // @ts-expect-error: one leaves by oneself
  it.setMember("general", "bob", { state: "left" });
  const room = await it.createRoom({ title: "Red", visibility: "private", users: ["bob"] });
  yes<Equal<typeof room.epoch, string>>();
  // @ts-expect-error: no such word
  it.setRoom("general", { visibility: "secret" });
  const { members, next } = await it.members("general", { state: "invited" });
  yes<Equal<[typeof members, typeof next], [Declared.Member[], string | undefined]>>();
  const joined = await it.join("general", { since: 41, epoch: "e" });
  yes<Equal<typeof joined.snapshot, boolean>>();
  yes<Equal<Awaited<ReturnType<typeof it.ping>>, number>>();
  // @ts-expect-error: a target is a seq
  it.delete("general", "59");
  it.signal("bob", "hello");
  // @ts-expect-error: null is no data
  it.signal("bob", null);
  // @ts-expect-error: read only
  it.state = "live";
}
commands;

// ---- options and codes

// @ts-expect-error: the codec is JSON, always
connect({ guest: "alice", codec: "cbor" });
connect({ url: "/ws", guest: "alice", WebSocket, env: { random: () => 0.5, network: window } });
const code: 4501 = CloseCode.token_expired;
const action: "reconnect" | "token" | "stop" = closeAction(code);
const name: Declared.ErrorCodeName = ErrorCode.not_joined;
[action, name];
