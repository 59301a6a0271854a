// kill -9 at any moment: what anybody was shown is there afterwards, and nothing is there twice.

import assert from "node:assert/strict";

import { within } from "./support/deadline.mjs";
import { scenario } from "./support/world.mjs";

const ROUNDS = 10;
const ROOMS = ["lobby", "attic"];
const WRITERS = 4;

/** What the outside has been told, over all rounds. */
class Witness {
  epochs = new Map();
  /** "room key" → {seq, at}: what a reply or an event said of it. */
  shown = new Map();
  attempts = new Map();

  attempt(room, key, text) {
    this.attempts.set(`${room} ${key}`, { room, key, text });
  }
  saw({ room, key, seq, at }) {
    const id = `${room} ${key}`;
    const known = this.shown.get(id);
    if (known) assert.deepEqual({ seq, at }, known, `${id} was shown as two entries`);
    this.shown.set(id, { seq, at });
  }
  epoch(room, epoch) {
    assert.equal(epoch, this.epochs.get(room) ?? epoch, `${room} has another epoch`);
    this.epochs.set(room, epoch);
  }
}

/** Writes without waiting for answers until the connection is gone; tells the witness what comes back. */
async function writeUntilLost(world, server, witness, writer, round) {
  const client = await world.guest(server, writer);
  for (const room of ROOMS) {
    const joined = await client.ask({ type: "join", room });
    witness.epoch(room, joined.epoch);
  }
  const pending = new Map();
  let sent = 0;
  const more = () => {
    while (pending.size < 16 && client.socket.readyState === client.socket.OPEN) {
      const id = 1000 + ++sent;
      const room = ROOMS[sent % ROOMS.length];
      const key = `${writer}-${round}-${sent}`;
      const text = `text of ${key}`;
      witness.attempt(room, key, text);
      pending.set(id, { room, key });
      client.say({ type: "send", id, room, key, text });
    }
  };
  client.socket.on("message", (data) => {
    const frame = JSON.parse(data);
    if (frame.type === "message") witness.saw(frame);
    if (frame.type === "sent") {
      witness.saw({ ...pending.get(frame.re), seq: frame.seq, at: frame.at });
      pending.delete(frame.re);
      more();
    }
  });
  more();
  await client.closed();
}

async function wholeLog(client, room) {
  const joined = await client.ask({ type: "join", room, since: 0 });
  const events = [...joined.events];
  for (let more = joined.more; more;) {
    const page = await client.expect({ type: "events", room });
    events.push(...page.events);
    more = page.more;
  }
  return { joined, events };
}

scenario("kill -9 under load loses nothing that anyone was shown", async (world, t) => {
  const data = await world.directory();
  const witness = new Witness();

  for (let round = 1; round <= ROUNDS; ++round) {
    const server = await world.server(["--shards", "2", "--rate-commands", "0"], { data });
    const writers = Array.from({ length: WRITERS }, (_, i) =>
      writeUntilLost(world, server, witness, `writer-${i}`, round),
    );
    const shownBefore = witness.shown.size;
    const enough = shownBefore + 1 + Math.floor(Math.random() * 600);
    const reader = await world.member(server, "reader", ROOMS[0]);
    await within(
      new Promise((resolve) => reader.socket.on("message", () => witness.shown.size >= enough && resolve())),
      "enough messages before the kill",
    );
    await server.crash();
    await Promise.all(writers);

    const again = await world.server(["--shards", "2", "--rate-commands", "0"], { data });
    const judge = await world.guest(again, "judge");
    const stored = new Map();
    for (const room of ROOMS) {
      const { joined, events } = await wholeLog(judge, room);
      if (witness.epochs.has(room)) witness.epoch(room, joined.epoch);
      assert.deepEqual(
        events.map(({ seq }) => seq),
        Array.from({ length: joined.head }, (_, i) => i + 1),
        "seqs are dense",
      );
      for (const event of events) {
        const id = `${room} ${event.key}`;
        assert.equal(stored.has(id), false, `${id} is stored twice`);
        assert.equal(event.text, witness.attempts.get(id)?.text, `${id} is what was sent`);
        stored.set(id, { seq: event.seq, at: event.at });
      }
    }
    for (const [id, shown] of witness.shown) assert.deepEqual(stored.get(id), shown, `${id} was shown and is there`);

    // Repeating is what clients do: the stored are duplicates, the others come to be.
    const author = await world.guest(again, "writer-0");
    for (const room of ROOMS) await author.ask({ type: "join", room });
    const mine = [...witness.attempts.entries()]
      .filter(([, { key }]) => key.startsWith(`writer-0-${round}-`))
      .slice(-40);
    for (const [id, command] of mine) {
      const reply = await author.ask({ type: "send", ...command });
      assert.equal(reply.duplicate ?? false, stored.has(id), `${id} is a duplicate exactly if it was stored`);
      if (stored.has(id)) assert.deepEqual({ seq: reply.seq, at: reply.at }, stored.get(id));
      witness.saw({ ...command, seq: reply.seq, at: reply.at });
    }
    await (round % 2 ? again.crash() : again.stop());
  }
  t.diagnostic(`${witness.shown.size} messages shown, ${witness.attempts.size} tried`);
});

scenario("a room whose creation was answered is there after kill -9, with its epoch", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  const alice = await world.guest(server, "alice");
  const { epoch } = await alice.ask({ type: "join", room: "fresh" });
  await server.crash();

  const again = await world.server(["--create-rooms", "false"], { data });
  const joined = await (await world.guest(again, "alice")).ask({ type: "join", room: "fresh", since: 0, epoch });

  assert.deepEqual([joined.epoch, joined.gap, joined.head], [epoch, false, 0]);
});
