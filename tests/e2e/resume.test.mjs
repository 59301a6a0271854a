// Coming back: nothing is lost and nothing comes twice, or the server says "gap".

import assert from "node:assert/strict";

import { assertShape, any } from "./support/matching.mjs";
import { scenario } from "./support/world.mjs";

/** Everything `joined` and the `events` behind it hold. */
async function caughtUp(client, joined) {
  const events = [...joined.events];
  for (let more = joined.more; more;) {
    const page = await client.expect({ type: "events", room: joined.room });
    events.push(...page.events);
    more = page.more;
  }
  return events;
}

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

scenario("after a lost connection, resume brings every later entry once and in order", async (world) => {
  const server = await world.server(["--rate-commands", "0"]);
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.guest(server, "bob");
  const { epoch } = await bob.ask({ type: "join", room: "lobby" });
  await alice.ask({ type: "send", room: "lobby", text: "1" });
  await bob.expect({ type: "message", seq: 1 });
  bob.vanish();
  for (let i = 2; i <= 40; ++i) await alice.ask({ type: "send", room: "lobby", text: `${i}` });

  const back = await world.guest(server, "bob", {
    hello: { resume: [{ room: "lobby", since: 1, epoch }, { room: "attic" }] },
  });
  const joined = await back.expect({ type: "joined", room: "lobby" });
  const events = await caughtUp(back, joined);
  const attic = await back.expect({ type: "joined", room: "attic" });
  await alice.ask({ type: "send", room: "lobby", text: "41" });
  const live = await back.expect({ type: "message", room: "lobby", seq: 41 });

  assert.equal("re" in joined, false);
  assert.equal(joined.gap, false);
  assert.deepEqual(
    events.map(({ seq, text }) => [seq, text]),
    numbers(2, 40).map((n) => [n, `${n}`]),
  );
  assert.equal(attic.head, 0);
  assert.equal(live.text, "41");
});

scenario("a long absence is caught up in pages while others go on talking", async (world) => {
  const server = await world.server(["--rate-commands", "0"]);
  const alice = await world.member(server, "alice", "lobby");
  const { epoch } = await alice.ask({ type: "join", room: "lobby" });
  const missed = 1500;
  const replies = [];
  for (let i = 1; i <= missed; ++i)
    replies.push(alice.ask({ type: "send", room: "lobby", text: `${i} ${"x".repeat(200)}` }));
  await Promise.all(replies);

  const bob = await world.guest(server, "bob");
  const joining = bob.ask({ type: "join", room: "lobby", since: 0, epoch });
  const more = [];
  for (let i = 1; i <= 200; ++i) more.push(alice.ask({ type: "send", room: "lobby", text: `live ${i}` }));
  const events = await caughtUp(bob, await joining);
  await Promise.all(more);
  await bob.ask({ type: "ping" });
  if (events.length < missed + 200) await bob.expect({ type: "message", seq: missed + 200 });

  const seqs = bob.frames.flatMap((frame) =>
    (frame.events ?? [frame]).filter(({ seq, type }) => seq && type === "message").map(({ seq }) => seq),
  );
  assert.deepEqual(seqs, numbers(1, missed + 200));
  const kinds = bob.frames.map(({ type }) => type);
  assert.ok(
    kinds.lastIndexOf("events") < kinds.indexOf("message") || !kinds.includes("message"),
    "live events come after the catch-up, never in between",
  );
});

scenario("what can't be served in full is said to be a gap", async (world) => {
  const server = await world.server();
  const alice = await world.guest(server, "alice");
  const { epoch } = await alice.ask({ type: "join", room: "lobby" });
  for (let i = 1; i <= 3; ++i) await alice.ask({ type: "send", room: "lobby", text: `${i}` });

  const ahead = await alice.ask({ type: "join", room: "lobby", since: 99, epoch });
  const elsewhere = await alice.ask({ type: "join", room: "lobby", since: 1, epoch: "other" });
  const exact = await alice.ask({ type: "join", room: "lobby", since: 3, epoch });

  for (const joined of [ahead, elsewhere]) {
    assertShape(joined, {
      type: "joined",
      re: any.count,
      room: "lobby",
      title: "lobby",
      epoch,
      head: 3,
      gap: true,
      oldest: 1,
      role: "member",
      online: 1,
      members: [{ id: "alice" }],
      events: [{ seq: 1 }, { seq: 2 }, { seq: 3 }],
      "more?": false,
    });
  }
  assert.equal(exact.gap, false);
  assert.deepEqual(exact.events, []);
});

scenario("a user who comes back within the grace is not said to have left", async (world) => {
  const server = await world.server();
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");
  await alice.expect({ type: "presence", online: 2 });
  bob.vanish();

  const back = await world.member(server, "bob", "lobby");
  // Presence is in order: carol's coming is told after whatever was to be told about bob.
  await world.member(server, "carol", "lobby");
  await alice.expect({ type: "presence", online: 3 });

  const left = alice.frames.filter(({ type, left }) => type === "presence" && left?.includes("bob"));
  assert.deepEqual(left, []);
  assert.equal((await back.ask({ type: "join", room: "lobby" })).online, 3);
});

scenario("a server that was stopped in peace has everything when it comes back, the epochs too", async (world) => {
  const data = await world.directory();
  const first = await world.server([], { data });
  const alice = await world.guest(first, "alice");
  const before = await alice.ask({ type: "join", room: "lobby" });
  await alice.ask({ type: "send", room: "lobby", text: "kept", key: "k" });
  await alice.ask({ type: "direct", to: "bob", text: "kept too" });
  await first.stop();

  const second = await world.server([], { data });
  const again = await world.guest(second, "alice");
  const joined = await again.ask({ type: "join", room: "lobby", since: 0, epoch: before.epoch });
  const repeated = await again.ask({ type: "send", room: "lobby", text: "kept", key: "k" });

  assert.equal(joined.epoch, before.epoch);
  assert.deepEqual(
    joined.events.map(({ text }) => text),
    ["kept"],
  );
  assert.deepEqual([repeated.seq, repeated.duplicate], [1, true]);
  assert.deepEqual(
    again.welcome.directs.map(({ room }) => room),
    ["dm:alice:bob"],
  );
});
