// Search, against the real server: what its users find, and that it is found again after whatever happens to the index.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { confabd, run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

/** "lobby/3", of all pages, once the index has come so far that there is `text` at all. */
async function find(client, query, options = {}) {
  const found = [];
  for (let after; ; ) {
    const page = await client.ask({ type: "search", query, ...options, ...(after && { after }) });
    assert.equal(page.type, "search", JSON.stringify(page));
    found.push(...page.hits.map(({ room, message }) => `${room}/${message.seq}`));
    if (!page.more) return found;
    after = page.next;
  }
}

/** Until the index is where the journal is. */
async function caughtUp(server) {
  while ((await server.metric("confab_search_behind_seconds")) > 0) continue;
}
/** What was said is in the index. */
async function indexed(client, query) {
  while ((await find(client, query)).length === 0) await new Promise(setImmediate);
}

const free = ["--rate-commands", "0", "--searches-per-second", "0"];

scenario("what was said is found by who may read it, in any script, and not what was taken back", async (world) => {
  const server = await world.server(free);
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");
  const eve = await world.member(server, "eve", "attic");
  const say = (text, room = "lobby") => alice.ask({ type: "send", room, text });

  for (const text of ["The Plan: a café at noon", "我们明天讨论计划", "another plan", "a slip"]) await say(text);
  await alice.ask({ type: "edit", room: "lobby", target: 3, text: "no such thing" });
  await alice.ask({ type: "delete", room: "lobby", target: 4 });
  await say("and the last word");
  await indexed(bob, "last");

  assert.deepEqual(await find(bob, "plan"), ["lobby/1"]);
  assert.deepEqual(await find(bob, "CAFE no"), ["lobby/1"]);
  assert.deepEqual(await find(bob, "讨论"), ["lobby/2"]);
  assert.deepEqual(await find(bob, "划"), ["lobby/2"]);
  assert.deepEqual(await find(bob, "slip"), []);
  assert.deepEqual(await find(bob, "such"), ["lobby/3"]);
  assert.deepEqual(await find(eve, "plan"), []);
  assert.deepEqual(await find(eve, "plan", { rooms: ["lobby"] }), []);
  const page = await bob.ask({ type: "search", query: "plan" });
  assert.equal(page.hits[0].message.text, "The Plan: a café at noon");
  assert.ok(page.upto_at >= page.hits[0].message.at);
});

scenario("what is wrong with a search is said", async (world) => {
  const server = await world.server();
  const alice = await world.guest(server, "alice");

  const asked = [
    [{ query: "a ".repeat(21) }, "too_long"], [{ query: " " }, "bad_request"], [{ query: "a", after: "garbage" }, "bad_request"],
    [{ query: "a", has: "link" }, "bad_request"],
  ];
  for (const [fields, code] of asked) assert.equal((await alice.ask({ type: "search", ...fields })).code, code);
  assert.deepEqual(await find(alice, '" OR body:* AND NEAR('), []);
});

scenario("a server without search says so", async (world) => {
  for (const args of [["--no-search"], ["--journal", "memory"]]) {
    const server = await world.server(args);
    const client = await world.connect(server);
    const welcome = await client.hello({ guest: "alice" });

    assert.ok(!welcome.features.includes("search"));
    assert.equal((await client.ask({ type: "search", query: "plan" })).code, "forbidden");
  }
});

scenario("after kill -9, with a damaged index and after a rebuild everything is found again", async (world) => {
  const data = await world.directory();
  let server = await world.server(free, { data });
  const begin = async () => {
    const client = await world.member(server, "alice", "lobby");
    await caughtUp(server);
    return client;
  };
  let alice = await begin();
  for (let i = 1; i <= 50; ++i) await alice.ask({ type: "send", room: "lobby", text: `plan ${i}` });
  await server.crash();

  server = await world.server(free, { data });
  alice = await begin();
  assert.equal((await find(alice, "plan")).length, 50);
  await server.stop();
  const file = join(data, "confab.search.db");
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0xff, 0, 4096));

  server = await world.server(free, { data });
  alice = await begin();
  assert.equal((await find(alice, "plan")).length, 50);
  await server.stop();
  const rebuilt = await run(confabd, ["check", "--data", data, "--rebuild"]);
  assert.equal(rebuilt.code, 0, rebuilt.stderr);
  assert.throws(() => readFileSync(file), { code: "ENOENT" });

  server = await world.server(free, { data });
  alice = await begin();
  assert.equal((await find(alice, "plan")).length, 50);
});

scenario("an index that is damaged while the server runs is made anew; until then searches are unavailable", async (world) => {
  const data = await world.directory();
  let server = await world.server(free, { data });
  let alice = await world.member(server, "alice", "lobby");
  for (let i = 1; i <= 50; ++i) await alice.ask({ type: "send", room: "lobby", text: `plan ${i}` });
  await caughtUp(server);
  await server.stop();
  server = await world.server(free, { data });
  alice = await world.member(server, "alice", "lobby");
  await caughtUp(server);
  const file = join(data, "confab.search.db");
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0xa5, 4096), { flag: "r+" });

  for (let i = 0; i < 2; ++i) assert.equal((await alice.ask({ type: "search", query: "plan" })).code, "unavailable");
  await alice.ask({ type: "send", room: "lobby", text: "and the last word" });
  while ((await alice.ask({ type: "search", query: "word" })).hits?.length !== 1) await new Promise(setImmediate);

  assert.equal((await find(alice, "plan")).length, 50);
  assert.equal(server.stderr.match(/search-failing/g).length, 1);
  assert.ok(!server.lines.some((line) => line.split(" ").includes("bug")));
});
