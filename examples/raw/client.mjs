// A client without Confab's library: says something in a room once, and shows what is said there, whatever the network does.
//
//   node client.mjs ws://127.0.0.1:8080/ws general "hello"

import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";

const [url, room, ...texts] = process.argv.slice(2);
const place = {}; // how far we have read: `since` and the `epoch` that it belongs to
const unanswered = new Map(texts.map((text, at) => [at + 1, { type: "send", room, key: randomUUID(), text }]));

function take({ type, seq, from, text, deleted }) {
  if (type === "message" && !deleted) console.log(`${seq} ${from}: ${text}`);
}

function receive(frame) {
  if (frame.type === "error") console.error(`${frame.code}: ${frame.message}`);
  if (frame.re && !frame.retry) unanswered.delete(frame.re);
  if (frame.type === "joined") {
    if (frame.gap) console.log("(some messages are missing here)");
    if (frame.gap || place.since === undefined) place.since = frame.head; // what came are messages as they are now
    place.epoch = frame.epoch;
  }
  const entries = frame.events ?? (frame.seq && !frame.re ? [frame] : []);
  for (const entry of entries) {
    take(entry);
    place.since = Math.max(place.since, entry.seq);
  }
}

function connect() {
  const socket = new WebSocket(url, "confab.v1.json");
  const silence = setTimeout(() => socket.terminate(), 60_000); // the server pings every 25 s
  socket.on("open", () => {
    const hello = { type: "hello", guest: "robin", resume: [{ room, ...place }] };
    for (const frame of [hello, ...[...unanswered].map(([id, command]) => ({ id, ...command }))]) socket.send(JSON.stringify(frame));
  });
  socket.on("ping", () => silence.refresh());
  socket.on("message", (data) => (silence.refresh(), receive(JSON.parse(data))));
  socket.on("error", (error) => console.error(error.message));
  socket.on("close", (code) => {
    clearTimeout(silence);
    if (code < 4500) setTimeout(connect, Math.random() * 3000);
  });
}

connect();
