// The example servers: any actor on a socket.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import WebSocket from "ws";

import { observe, within } from "./support/deadline.mjs";
import { Inbox } from "./support/matching.mjs";
import { RawClient, frame, opcode } from "./support/raw.mjs";
import { scenario } from "./support/world.mjs";

async function open(world, url, options = { perMessageDeflate: false }) {
  const socket = new WebSocket(url, options);
  world.atEnd(() => socket.terminate());
  const inbox = new Inbox();
  socket.on("message", (data, binary) => inbox.push({ data, binary }));
  const closed = new Promise((resolve) => socket.on("close", (code, reason) => resolve({ code, reason: `${reason}` })));
  await within(new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject)), "the upgrade");
  return { socket, next: () => within(inbox.take({}), "a message"), closed: () => within(closed, "the close") };
}

for (const compressed of [false, true]) {
  scenario(
    `echo: text, binary, empty and 1 MiB messages come back as they were${compressed ? ", compressed" : ""}`,
    async (world) => {
      const server = await world.example("example_echo");
      const echo = await open(world, `${server.url.replace("http", "ws")}/echo`, { perMessageDeflate: compressed });
      const messages = [
        "hello",
        "",
        "smörgås 🥪",
        Buffer.from([0, 1, 255]),
        Buffer.alloc(0),
        "x".repeat(1 << 20),
        Buffer.alloc(1 << 20, 7),
      ];

      for (const message of messages) {
        echo.socket.send(message);
        const { data, binary } = await echo.next();
        assert.equal(binary, Buffer.isBuffer(message));
        assert.ok(data.equals(Buffer.from(message)), `${data.length} bytes`);
      }
    },
  );
}

scenario("echo: fragments come back as one message, pings as pongs, the close code as it came", async (world) => {
  const server = await world.example("example_echo");
  const raw = new RawClient(server.port, { path: "/echo" });
  world.atEnd(() => raw.destroy());
  await raw.opened;

  raw.write(
    frame(opcode.binary, "a", { fin: false }),
    frame(opcode.continuation, "b", { fin: false }),
    frame(opcode.ping, "p"),
    frame(opcode.continuation, "c"),
  );
  const pong = await raw.expect({ kind: opcode.pong });
  const message = await raw.expect({ kind: opcode.binary });
  raw.write(frame(opcode.close, Buffer.concat([Buffer.from([0x0f, 0xa7]), Buffer.from("bye")])));
  const closing = await raw.closeFrame();
  await raw.ended();

  assert.equal(pong.payload.toString(), "p");
  assert.equal(message.payload.toString(), "abc");
  assert.equal(closing.code, 4007);
});

scenario("echo: is stopped by SIGTERM, closes its clients and ends with 0", async (world) => {
  const server = await world.example("example_echo");
  const echo = await open(world, `${server.url.replace("http", "ws")}/echo`);

  server.signal("SIGTERM");

  assert.equal((await echo.closed()).code, 1012);
  assert.equal((await server.exited()).code, 0);
});

scenario("clock: pushes the time each 200 ms to every client, and serves its page", async (world) => {
  const server = await world.example("example_clock");
  const clocks = [await open(world, server.websocketUrl), await open(world, server.websocketUrl)];

  const page = await server.http("/");
  for (const clock of clocks) {
    const times = [];
    while (times.length < 6) times.push(Date.parse(`${(await clock.next()).data}`));
    const steps = times.slice(1).map((time, i) => time - times[i]);
    for (const step of steps) assert.ok(step > 0, `${steps}`);
    const median = [...steps].sort((a, b) => a - b)[2];
    assert.ok(median >= 150 && median < 2000, `a push each 200 ms: ${steps}`);
  }

  assert.equal(page.status, 200);
  assert.match(page.headers["content-type"], /^text\/html/);
  assert.match(page.body, /<script/);
});

/** Processor time of a process in clock ticks, and how often its threads went to sleep. */
function activity(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const [utime, stime] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  let switches = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    switches += Number(
      /^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/task/${task}/status`, "latin1"))[1],
    );
  }
  return { ticks: utime + stime, switches };
}

scenario("clock: the timer ends with its session, and then the process rests", async (world) => {
  const server = await world.example("example_clock");
  const clocks = [];
  for (let i = 0; i < 20; ++i) clocks.push(await open(world, server.websocketUrl));
  for (const clock of clocks) await clock.next();

  for (const [i, { socket }] of clocks.entries()) i % 2 ? socket.terminate() : socket.close(1000);
  for (const { closed } of clocks) await closed();
  for (let i = 0; i < clocks.length; ++i) assert.match(await server.logged("clock-close"), /code=(1000|1005|1006)/);
  // 20 timers that went on would wake it a hundred times a second.
  const seen = await observe(() => activity(server.pid), 250, 5);

  const [first, last] = [seen[0], seen.at(-1)];
  assert.ok(last.switches - first.switches < 40, `${last.switches - first.switches} wake-ups in a second`);
  assert.ok(last.ticks - first.ticks <= 5, `${last.ticks - first.ticks} ticks in a second`);
});
