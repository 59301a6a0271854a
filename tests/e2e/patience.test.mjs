// How long the server waits, and for whom it does not.

import assert from "node:assert/strict";

import { observe, until } from "./support/deadline.mjs";
import { frame, opcode, textFrame } from "./support/raw.mjs";
import { scenario } from "./support/world.mjs";

scenario("a handshake that drips is cut off, others come in meanwhile", async (world) => {
  const server = await world.server(["--handshake-wait", "300ms"]);
  const silent = await world.raw(server, { upgrade: false });
  const dripping = await world.raw(server, { upgrade: false });
  const request = "GET /ws HTTP/1.1\r\nHost: x\r\n";
  let at = 0;
  const drip = setInterval(() => dripping.write(request[at++] ?? "X-Y: z\r\n"), 20);
  world.atEnd(() => clearInterval(drip));

  const alice = await world.guest(server, "alice");
  await Promise.all([silent.ended(), dripping.ended()]);

  await alice.settled();
});

scenario("hello that does not come in time is 4002, one that came has all the time", async (world) => {
  const server = await world.server(["--hello-wait", "300ms"]);
  const alice = await world.guest(server, "alice");
  const late = await world.connect(server);

  const { code } = await late.closed();

  assert.equal(code, 4002);
  await alice.settled();
});

scenario("who answers no pings is closed with 4001 and dropped; who answers stays", async (world) => {
  const server = await world.server(["--ping-interval", "300ms", "--pong-wait", "200ms", "--close-wait", "200ms"]);
  const alice = await world.guest(server, "alice"); // `ws` answers pings by itself
  const deaf = await world.raw(server);
  await deaf.hello("deaf");

  await deaf.expect({ kind: opcode.ping });
  const { code } = await deaf.closeFrame();
  await deaf.ended();

  assert.equal(alice.welcome.heartbeat_ms, 300);
  assert.equal(code, 4001);
  await alice.settled();
});

scenario("a pong has the ping's payload, both ways", async (world) => {
  const server = await world.server(["--ping-interval", "200ms", "--pong-wait", "200ms"]);
  const careful = await world.raw(server);
  await careful.hello("careful");

  careful.write(frame(opcode.ping, "payload"));
  const pong = await careful.expect({ kind: opcode.pong });
  for (let i = 0; i < 4; ++i) careful.write(frame(opcode.pong, (await careful.expect({ kind: opcode.ping })).payload));
  careful.write(textFrame({ type: "ping", id: 5 }));

  assert.equal(pong.payload.toString(), "payload");
  await careful.expect({ object: { type: "pong", re: 5 } });
});

scenario("a flood is rate_limited with a time to wait, and then closed with 4003; others go on", async (world) => {
  const server = await world.server(["--rate-commands", "5", "--rate-burst", "10"]);
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");
  const flood = await world.raw(server);
  await flood.hello("flood");

  const closing = flood.closeFrame();
  const limited = flood.expect({ object: { code: "rate_limited" } });
  for (let i = 0; i < 200; ++i) flood.write(textFrame({ type: "ping", id: i + 2 }));
  const { object } = await limited;
  const { code } = await closing;
  const { seq } = await alice.ask({ type: "send", room: "lobby", text: "calm" });

  assert.equal(object.retry, true);
  assert.ok(object.retry_after_ms > 0 && object.retry_after_ms <= 200, `${object.retry_after_ms}`);
  assert.equal(code, 4003);
  await bob.expect({ type: "message", seq });
});

scenario("who waits as told is let in again", async (world) => {
  const server = await world.server(["--rate-commands", "10", "--rate-burst", "20"]);
  const eager = await world.guest(server, "eager");

  let answer;
  do answer = await eager.ask({ type: "ping" });
  while (answer.type === "pong");
  await observe(() => "nothing but the time that was asked for", answer.retry_after_ms, 1);
  const again = await eager.ask({ type: "ping" });

  assert.equal(answer.code, "rate_limited");
  assert.equal(again.type, "pong");
});

scenario("a client that stops reading is closed with 4000, and nobody waits for it", async (world) => {
  const server = await world.server([
    "--journal",
    "memory",
    "--shards",
    "2",
    "--rate-commands",
    "0",
    "--text-bytes",
    "200KiB",
    "--frame-bytes",
    "1MiB",
    "--close-wait",
    "20s",
  ]);
  const slow = await world.member(server, "slow", "lobby");
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");
  slow.socket.pause();

  const text = "x".repeat(200 * 1024);
  let sent = 0;
  await until("the slow consumer is noticed", async () => {
    for (let i = 0; i < 8; ++i) await alice.ask({ type: "send", room: "lobby", text: `${++sent}${text.slice(10)}` });
    return (await server.metric("confab_slow_consumers_total")) === 1;
  });
  const { seq } = await alice.ask({ type: "send", room: "lobby", text: "over" });
  await bob.expect({ type: "message", seq });
  slow.socket.resume();
  const { code } = await slow.closed();
  // What it lost, resume brings back.
  const last = slow.frames.filter(({ type }) => type === "message").at(-1)?.seq ?? 0;
  const { epoch } = await bob.ask({ type: "join", room: "lobby", since: seq });
  const back = await world.guest(server, "slow");
  const joined = await back.ask({ type: "join", room: "lobby", since: last, epoch });
  const seqs = joined.events.map((event) => event.seq);
  for (let more = joined.more; more;) {
    const page = await back.expect({ type: "events" });
    seqs.push(...page.events.map((event) => event.seq));
    more = page.more;
  }

  assert.equal(code, 4000);
  assert.deepEqual(
    bob.frames.filter(({ type }) => type === "message").map((message) => message.seq),
    Array.from({ length: seq }, (_, i) => i + 1),
  );
  assert.deepEqual(
    seqs,
    Array.from({ length: seq - last }, (_, i) => last + 1 + i),
  );
});

scenario("commands faster than the disk are held back, not lost", async (world) => {
  const server = await world.server(["--rate-commands", "0"]);
  const alice = await world.member(server, "alice", "lobby");
  const total = 2000;

  const replies = [];
  for (let i = 0; i < total; ++i) replies.push(alice.ask({ type: "send", room: "lobby", text: `${i}` }));
  const seqs = (await Promise.all(replies)).map(({ seq }) => seq);

  assert.deepEqual(
    seqs,
    Array.from({ length: total }, (_, i) => i + 1),
  );
});
