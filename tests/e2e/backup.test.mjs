// `confabd backup` beside a server that is written to, and `confabd restore`.

import assert from "node:assert/strict";
import { chown, stat } from "node:fs/promises";
import { join } from "node:path";

import { apiServer } from "./support/api.mjs";
import { Receiver } from "./support/receiver.mjs";
import { confabd, run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const backup = (data, to, ...args) => run(confabd, ["backup", "--data", data, "--to", to, ...args]);
const restore = (data, from) => run(confabd, ["restore", "--data", data, "--from", from]);

/** Keeps sending to `room` until it is told to stop. */
function load(client, room) {
  let goesOn = true;
  const ended = (async () => {
    while (goesOn)
      await Promise.all(Array.from({ length: 20 }, (_, i) => client.ask({ type: "send", room, text: `text ${i}` })));
  })();
  return async () => {
    goesOn = false;
    await ended;
  };
}

scenario("a copy that is made under load is a whole conversation up to some message, and clients know it", async (world) => {
  const data = await world.directory();
  const elsewhere = await world.directory();
  const copy = join(elsewhere, "copy.db");
  const server = await world.server(["--rate-commands", "0"], { data });
  const alice = await world.guest(server, "alice");
  const { epoch } = await alice.ask({ type: "join", room: "lobby" });
  await Promise.all(Array.from({ length: 500 }, (_, i) => alice.ask({ type: "send", room: "lobby", text: `early ${i}` })));

  const stop = load(alice, "lobby");
  const made = await backup(data, copy);
  await stop();
  const { seq: last } = await alice.ask({ type: "send", room: "lobby", text: "not in the copy" });
  await server.stop();
  const restored = await restore(elsewhere, copy);

  assert.equal(made.code, 0, made.stderr);
  assert.equal(restored.code, 0, restored.stderr);
  const again = await world.server([], { data: elsewhere });
  const bob = await world.guest(again, "bob");
  const joined = await bob.ask({ type: "join", room: "lobby", since: last, epoch });
  assert.equal(joined.gap, true);
  assert.notEqual(joined.epoch, epoch);
  assert.ok(joined.head >= 500 && joined.head < last, `${joined.head} of ${last}`);
  assert.match(made.stdout, new RegExp(`^the journal was copied to .*: ${joined.head} entries`));
  const { code, stdout } = await run(confabd, ["check", "--data", data]);
  assert.equal(code, 0, stdout);
});

scenario("a server that runs is not replaced, and a journal that is replaced is kept", async (world) => {
  const data = await world.directory();
  const copy = join(await world.directory(), "copy.db");
  const server = await world.server([], { data });
  const alice = await world.member(server, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "one" });
  assert.equal((await backup(data, copy)).code, 0);
  await alice.ask({ type: "send", room: "lobby", text: "two" });

  const refused = await restore(data, copy);
  await server.stop();
  const restored = await restore(data, copy);

  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /in use by another server/);
  assert.equal(restored.code, 0, restored.stderr);
  await stat(join(data, "confab.db.replaced"));
  const again = await world.server([], { data }); // though its mark had come further
  const bob = await world.member(again, "bob", "lobby");
  const { events } = await bob.ask({ type: "history", room: "lobby" });
  assert.deepEqual(events.map(({ text }) => text), ["one"]);
});

scenario("after a restore places of before are refused, and a webhook is told what took the place of what is gone", async (world) => {
  const data = await world.directory();
  const copy = join(await world.directory(), "copy.db");
  const receiver = await Receiver.start(world);
  const began = () => apiServer(world, { data, args: ["--hook-nets", "127.0.0.0/8"] });
  const say = (api, text) => api.post("/rooms/lobby/messages", { from: "shop", text });
  const rows = async (server, since) => (await world.member(server, "alice", "lobby")).ask({ type: "inbox", ...since });
  const { server, api } = await began();
  await api.put("/webhooks/audit", { url: receiver.url, events: ["message.created"] });
  await api.put("/rooms/lobby", {});
  await say(api, "one");
  assert.equal((await backup(data, copy)).code, 0);
  await say(api, "two");
  await receiver.count(2);
  const { json: feed } = await api.get("/feed?cursor=0&wait_ms=0");
  const { as_of: since } = await rows(server);
  await server.stop();
  assert.equal((await restore(data, copy)).code, 0);

  const again = await began();
  for (const text of ["another two", "three", "four"]) await say(again.api, text);
  await receiver.when("what is new", () => receiver.texts("lobby").includes("four"));
  const refused = await again.api.get(`/feed?cursor=${feed.next}&wait_ms=0`);
  const inbox = await rows(again.server, { since });

  assert.deepEqual(receiver.texts("lobby"), ["one", "two", "another two", "three", "four"]);
  assert.equal(refused.status, 410);
  assert.equal(inbox.reset, true);
});

scenario("what root restores belongs to whom the directory belongs to", async (world, t) => {
  if (process.getuid() !== 0) return t.skip("only root gives files away");
  const somebody = 12345;
  const data = await world.directory();
  const elsewhere = await world.directory();
  const copy = join(data, "copy.db");
  const server = await world.server([], { data });
  await world.member(server, "alice", "lobby");
  await backup(data, copy);
  await chown(elsewhere, somebody, somebody);

  const { code, stderr } = await restore(elsewhere, copy);

  assert.equal(code, 0, stderr);
  for (const file of ["confab.db", "confab.lock"]) assert.equal((await stat(join(elsewhere, file))).uid, somebody);
});

scenario("a mistake on the command line is one with exit code 2", async (world) => {
  const { code, stderr } = await backup(await world.directory(), "", "--form", "x");

  assert.equal(code, 2);
  assert.match(stderr, /--to: (is missing|needs a value)/);
});
