// One user with many connections, and messages to one user; on two shards, as sessions land on both.

import assert from "node:assert/strict";

import { any, assertShape } from "./support/matching.mjs";
import { scenario } from "./support/world.mjs";

const SHARDS = ["--shards", "2"];

scenario("signals reach every session of a user, whatever shard each of them is on", async (world) => {
  const server = await world.server(SHARDS);
  const names = Array.from({ length: 8 }, (_, i) => `user-${i}`);
  const sessions = [];
  for (const name of names) sessions.push([await world.member(server, name, "square"), await world.guest(server, name)]);

  for (const [i, [sender]] of sessions.entries()) {
    const to = (i + 3) % names.length;
    const answer = await sender.ask({ type: "signal", to: names[to], data: { offer: i } });
    assertShape(answer, { type: "signalled", re: any.count, sessions: 2 });
    for (const receiver of sessions[to]) {
      const event = await receiver.expect({ type: "signal" });
      assertShape(event, { type: "signal", from: names[i], session: sender.welcome.session, data: { offer: i } });
    }
  }
});

scenario("a signal to one session reaches that one, and to nobody is counted as such", async (world) => {
  const server = await world.server(SHARDS);
  const alice = await world.member(server, "alice", "square");
  const phones = [await world.member(server, "bob", "square")];
  for (let i = 0; i < 3; ++i) phones.push(await world.guest(server, "bob"));

  for (const phone of phones) {
    const answer = await alice.ask({
      type: "signal",
      to_session: phone.welcome.session,
      data: { only: phone.welcome.session },
    });
    assert.equal(answer.sessions, 1);
    await phone.expect({ type: "signal", data: { only: phone.welcome.session } });
  }
  const nobody = await alice.ask({ type: "signal", to: "carol", data: {} });
  const stranger = await (await world.guest(server, "eve")).ask({ type: "signal", to: "bob", data: {} });
  // One digit of a real name is changed: nobody can make up another's.
  const [real] = phones.map((phone) => phone.welcome.session);
  const forged = real.slice(0, -2) + (real.at(-2) === "a" ? "b" : "a") + real.at(-1);
  const gone = await alice.ask({ type: "signal", to_session: forged, data: {} });
  for (const phone of phones) await phone.settled();

  assert.equal(nobody.sessions, 0);
  assert.equal(stranger.sessions, 0);
  assert.equal(gone.sessions, 0);
  assert.deepEqual(
    phones.map((phone) => phone.left({ type: "signal" }).length),
    [0, 0, 0, 0],
  );
});

scenario("direct messages reach all sessions of both users without having joined", async (world) => {
  const server = await world.server(SHARDS);
  const names = Array.from({ length: 6 }, (_, i) => `user-${i}`);
  const sessions = new Map();
  for (const name of names) sessions.set(name, [await world.guest(server, name), await world.guest(server, name)]);

  for (const [i, from] of names.entries()) {
    const to = names[(i + 1) % names.length];
    const [low, high] = [from, to].sort();
    const sent = await sessions.get(from)[0].ask({ type: "direct", to, text: `psst ${to}`, key: `k-${i}` });
    assertShape(sent, {
      type: "sent",
      re: any.count,
      room: `dm:${low}:${high}`,
      seq: 1,
      at: any.time,
      durability: "disk",
    });
    for (const each of [...sessions.get(from), ...sessions.get(to)]) {
      const event = await each.expect({ type: "message", room: sent.room });
      assertShape(event, {
        type: "message",
        room: sent.room,
        seq: 1,
        at: sent.at,
        from,
        key: `k-${i}`,
        text: `psst ${to}`,
      });
    }
  }
});

scenario("a direct room is a room for its two users and does not exist for others", async (world) => {
  const server = await world.server(SHARDS);
  const alice = await world.guest(server, "alice");
  const bob = await world.guest(server, "bob");
  const eve = await world.guest(server, "eve");
  const { room } = await alice.ask({ type: "direct", to: "bob", text: "one" });
  const repeated = [
    await alice.ask({ type: "direct", to: "bob", text: "two", key: "k" }),
    await alice.ask({ type: "direct", to: "bob", text: "two", key: "k" }),
  ];

  const joined = await bob.ask({ type: "join", room });
  const history = await bob.ask({ type: "history", room });
  const refused = await eve.ask({ type: "join", room });
  const listed = await eve.ask({ type: "rooms" });
  const later = await world.guest(server, "bob");
  const notes = await alice.ask({ type: "direct", to: "alice", text: "buy milk" });

  assert.deepEqual(
    repeated.map(({ seq, duplicate }) => [seq, duplicate]),
    [
      [2, undefined],
      [2, true],
    ],
  );
  assert.equal(joined.type, "joined");
  assert.deepEqual(
    history.events.map(({ text }) => text),
    ["one", "two"],
  );
  assert.equal(refused.code, "no_such_room");
  assert.deepEqual(listed.rooms, []);
  assert.equal(later.welcome.directs.length, 1);
  assertShape(later.welcome.directs[0], { room, with: "alice", head: 2, last_at: any.time });
  assert.equal(notes.type, "sent");
  assert.equal(eve.left({ type: "message" }).length, 0);
});

scenario("rooms with members on both shards keep one order for all", async (world) => {
  const server = await world.server([...SHARDS, "--rate-commands", "0"]);
  const members = [];
  for (let i = 0; i < 6; ++i) members.push(await world.member(server, `user-${i}`, "lobby"));

  const each = 20;
  await Promise.all(
    members.map(async (member, i) => {
      const replies = [];
      for (let n = 0; n < each; ++n) replies.push(member.ask({ type: "send", room: "lobby", text: `${i}:${n}` }));
      await Promise.all(replies);
    }),
  );
  const orders = [];
  for (const member of members) {
    await member.expect({ type: "message", seq: members.length * each });
    orders.push(member.frames.filter(({ type }) => type === "message").map(({ seq, text }) => `${seq} ${text}`));
  }

  assert.deepEqual(
    orders[0].map((line) => Number(line.split(" ")[0])),
    Array.from({ length: members.length * each }, (_, i) => i + 1),
  );
  for (const order of orders) assert.deepEqual(order, orders[0]);
  for (const [i] of members.entries()) {
    const own = orders[0].map((line) => line.split(" ")[1]).filter((text) => text.startsWith(`${i}:`));
    assert.deepEqual(
      own,
      Array.from({ length: each }, (_, n) => `${i}:${n}`),
      "commands of one session take effect in the order sent",
    );
  }
});

scenario("a second session of the same device replaces the first", async (world) => {
  const server = await world.server(SHARDS);
  const old = await world.guest(server, "alice", { hello: { device: "phone" } });
  const laptop = await world.guest(server, "alice", { hello: { device: "laptop" } });

  const next = await world.guest(server, "alice", { hello: { device: "phone" } });

  assert.equal((await old.closed()).code, 4504);
  await laptop.settled();
  await next.settled();
});
