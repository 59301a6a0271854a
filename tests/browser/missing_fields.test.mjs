// The page against a server that leaves out whatever it may: every golden frame, and each without any one of its fields.

import assert from "node:assert/strict";

import { serverFrames, variants } from "../sdk/support/golden.mjs";
import { joined, message, welcome } from "../sdk/support/peer.mjs";
import { chat, openBrowser } from "./stage.mjs";

openBrowser();

/** Of these the page has to draw something; the others only settle commands, and `left` ends what this looks at. */
const SHOWN = ["message", "edited", "deleted", "reacted", "joined", "events", "presence", "typing", "error", "history"];

chat("the page draws on, whatever field of a frame is missing", async (world, meet) => {
  const server = await world.server();
  const alice = await meet(server.url);
  let say;
  await alice.page.routeWebSocket("**/ws", (page) => {
    say = (frame) => page.send(JSON.stringify(frame));
    page.onMessage((text) => {
      const { id, type, room } = JSON.parse(text);
      if (type === "join") say(joined({ re: id, room, head: 0 }));
      if (type === "rooms") say({ type: "rooms", re: id, rooms: [], more: false });
      if (type === "ping") say({ type: "pong", re: id });
    });
    say(welcome({}));
  });
  await alice.page.goto(`${server.url}/?user=alice#general`);
  await alice.page.getByText("1 online", { exact: true }).waitFor();

  const frames = serverFrames().filter(({ frame }) => SHOWN.includes(frame.type));
  let round = 0;
  for (const golden of frames) {
    for (const { frame } of variants(golden)) {
      // A log that is there already, up to the frame's own place in it.
      const head = (frame.seq ?? 60) - 1;
      const target = frame.target ?? head;
      say(joined({ gap: true, head, epoch: `e${++round}`, events: [...new Set([target, head])].map((seq) => message(seq)) }));
      say(frame);
    }
    say(joined({ gap: true, head: 1, epoch: `e${++round}`, events: [message(1, { text: `after ${golden.name}` })] }));
    await alice.sees(`after ${golden.name}`);
  }

  assert.ok(round > 200);
});
