// One's own settings of rooms: two devices see them, and a restart keeps them.

import assert from "node:assert/strict";

import { scenario } from "./support/world.mjs";

const ROOM = "team";
const set = (own) => ({ type: "set_own", room: ROOM, ...own });
const totals = (rooms, unread) => ({ rooms, unread, mentions: 0 });

/** Where in the server's order it is. */
const place = (asOf) => Number(asOf.split(".")[1]);

/** Bob is a member of Alice's room, on two devices that watch his inbox. */
async function devices(world, server) {
  const alice = await world.guest(server, "alice");
  await alice.ask({ type: "create", room: ROOM, title: "Team" });
  await alice.ask({ type: "join", room: ROOM });
  const [laptop, phone] = [await world.guest(server, "bob"), await world.guest(server, "bob")];
  await laptop.ask({ type: "join", room: ROOM, member: true });
  for (const device of [laptop, phone]) await device.ask({ type: "inbox" });
  return { alice, laptop, phone };
}

/** The event in which the room's row is such a one. */
const row = (device, test) => device.expect({ type: "inbox", rooms: (all) => all.some((one) => one.room === ROOM && test(one)) });

scenario("what one device sets the other one is told, and a restart keeps it", async (world) => {
  const data = await world.directory();
  let server = await world.server([], { data });
  const { alice, laptop, phone } = await devices(world, server);

  const done = await laptop.ask(set({ notify: "none", receipts: false }));
  assert.equal(done.type, "done");
  for (const device of [laptop, phone]) await row(device, ({ title, own }) => title === "Team" && own?.notify === "none" && own.receipts === false);
  await alice.ask({ type: "send", room: ROOM, text: "one", key: "k1" });
  const told = await row(phone, ({ unread }) => unread === 1);
  assert.deepEqual(told.totals, totals(0, 0));
  await laptop.ask(set({ marked: true }));
  const { as_of: since } = await row(phone, ({ own }) => own?.marked === true);

  assert.equal((await server.stop()).code, 0);
  server = await world.server([], { data });
  const again = await world.guest(server, "bob");
  const whole = await again.ask({ type: "inbox" });
  assert.deepEqual(whole.rooms[0].own, { notify: "none", marked: true, receipts: false });
  assert.deepEqual(whole.totals, totals(0, 0));
  await again.ask(set({ notify: "all" }));
  const news = await again.ask({ type: "inbox", since });
  assert.deepEqual(news.rooms.map(({ room, own }) => [room, own]), [[ROOM, { notify: "all", marked: true, receipts: false }]]);
  assert.deepEqual(news.totals, totals(1, 1));
});

scenario("what is marked one device reads, and what is hidden comes back, for both", async (world) => {
  const server = await world.server(["--shards", "2"]);
  const { alice, laptop, phone } = await devices(world, server);

  await laptop.ask(set({ marked: true }));
  let marked;
  for (const device of [laptop, phone]) marked = await row(device, ({ own }) => own?.marked === true);
  assert.deepEqual(marked.totals, totals(1, 0));
  await phone.ask({ type: "read", room: ROOM, seq: 1 });
  const read = await laptop.expect({ type: "inbox", as_of: (as_of) => place(as_of) > place(marked.as_of) });
  assert.deepEqual([read.rooms[0].own, read.totals], [undefined, totals(0, 0)]);

  await phone.ask(set({ hidden: true }));
  await row(laptop, ({ own }) => own?.hidden === true);
  assert.deepEqual((await laptop.ask({ type: "inbox" })).rooms, []);
  await alice.ask({ type: "send", room: ROOM, text: "anybody?", key: "k1" });
  const back = await row(laptop, ({ unread, own }) => unread === 1 && own === undefined);
  assert.deepEqual(back.totals, totals(1, 1));
  assert.equal((await phone.ask({ type: "inbox" })).rooms.length, 1);
});
