// `confabd export` beside a server that is written to, `confabd import`, and `confabd tail`.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { confabd, run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const lines = (text) => text.trim().split("\n").map((line) => JSON.parse(line));

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

/** The whole log of a room, and its messages as they are shown. */
async function read(client, room) {
  const joined = await client.ask({ type: "join", room, since: 0 });
  const events = [...joined.events];
  for (let more = joined.more; more;) {
    const page = await client.expect({ type: "events", room });
    events.push(...page.events);
    more = page.more;
  }
  const { events: messages } = await client.ask({ type: "history", room, limit: 200 });
  return { head: joined.head, epoch: joined.epoch, events, messages };
}

scenario("a journal that is exported under load and imported elsewhere is the same up to some message", async (world) => {
  const data = await world.directory();
  const elsewhere = await world.directory();
  const file = join(await world.directory(), "chat.jsonl");
  const server = await world.server(["--rate-commands", "0"], { data });
  const alice = await world.guest(server, "alice");
  const bob = await world.member(server, "bob", "lobby");
  const { epoch } = await alice.ask({ type: "join", room: "lobby" });
  await Promise.all(Array.from({ length: 300 }, (_, i) => alice.ask({ type: "send", room: "lobby", text: `early ${i}` })));
  await alice.ask({ type: "edit", room: "lobby", target: 1, text: "edited" });
  await alice.ask({ type: "delete", room: "lobby", target: 2 });
  await bob.ask({ type: "react", room: "lobby", target: 3, emoji: "👍" });
  await alice.ask({ type: "send", room: "lobby", text: "a reply", thread: 3, data: { a: [1.5, null] } });
  await alice.ask({ type: "direct", to: "bob", text: "psst" });

  const stop = load(alice, "lobby");
  const exported = await run(confabd, ["export", "--data", data, "--to", file]);
  await stop();
  const before = await read(bob, "lobby");
  await server.stop();
  const imported = await run(confabd, ["import", "--data", elsewhere, "--from", file]);

  assert.equal(exported.code, 0, exported.stderr);
  assert.equal(imported.code, 0, imported.stderr);
  const again = await world.server(["--rate-commands", "0"], { data: elsewhere });
  const carol = await world.guest(again, "carol");
  const after = await read(carol, "lobby");
  assert.ok(after.head > 300 && after.head <= before.head, `${after.head} of ${before.head}`);
  assert.notEqual(after.epoch, epoch);
  assert.deepEqual(after.events, before.events.slice(0, after.events.length));
  const { directs } = (await world.guest(again, "bob")).welcome;
  assert.deepEqual(directs.map(({ with: other, head }) => [other, head]), [["alice", 1]]);
  const checked = await run(confabd, ["check", "--data", data]);
  assert.equal(checked.code, 0, checked.stdout);
  const all = lines(await readFile(file, "utf8"));
  assert.deepEqual([all[0].type, all.at(-1).type], ["confab-export", "end"]);
  assert.equal(all.filter(({ room, seq }) => room === "lobby" && seq).length, after.head);
});

scenario("an export through a pipe is the same, and clients go on where epochs are kept", async (world) => {
  const [data, elsewhere] = [await world.directory(), await world.directory()];
  const server = await world.server([], { data });
  const alice = await world.member(server, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", key: "k1", text: "one" });
  const before = await read(alice, "lobby");
  await server.stop();

  execFileSync("sh", ["-c", `"$0" export --data ${data} | "$0" import --data ${elsewhere} --keep-epochs`, confabd], { stdio: "pipe" });

  const again = await world.server([], { data: elsewhere });
  const back = await world.guest(again, "alice");
  const joined = await back.ask({ type: "join", room: "lobby", since: 1, epoch: before.epoch });
  assert.equal(joined.gap, false);
  assert.deepEqual(await read(back, "lobby"), before);
  const repeated = await back.ask({ type: "send", room: "lobby", key: "k1", text: "one" });
  assert.deepEqual([repeated.seq, repeated.duplicate], [before.head, true]);
});

scenario("what stands in the way of an import is told, and changes nothing", async (world) => {
  const [data, elsewhere] = [await world.directory(), await world.directory()];
  const server = await world.server([], { data });
  const alice = await world.member(server, "alice", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "one" });
  const { stdout: text } = await run(confabd, ["export", "--data", data]);
  const imported = (into, input) => {
    try {
      execFileSync(confabd, ["import", "--data", into], { input, stdio: ["pipe", "pipe", "pipe"] });
      return "";
    } catch ({ status, stderr }) {
      assert.equal(status, 1);
      return `${stderr}`;
    }
  };

  assert.match(imported(data, text), /in use by another server/);
  await server.stop();
  assert.match(imported(data, text), /is there, and not empty/);
  assert.match(imported(elsewhere, text.replace("one", "\\u0007")), /its text is not clean/);
  assert.match(imported(elsewhere, text.split("\n").slice(0, -2).join("\n")), /is not whole/);
  assert.equal(imported(elsewhere, text), "");
  const bob = await world.member(await world.server([], { data: elsewhere }), "bob", "lobby");
  assert.equal((await bob.ask({ type: "history", room: "lobby" })).events[0].text, "one");
});

scenario("an operator sees what is said in a room, as it is said", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  const alice = await world.member(server, "alice", "lobby");
  for (let i = 1; i <= 12; ++i) await alice.ask({ type: "send", room: "lobby", text: `text ${i}` });

  // Its lines come on stdout; the harness reads lines of stderr.
  const tail = world.spawn("sh", ["-c", `exec "$0" "$@" >&2`, confabd, "tail", "--room", "lobby", "--data", data]);
  const said = async (text) => JSON.parse(await tail.line((line) => line.includes(`"${text}"`)));
  const first = await said("text 12");
  await alice.ask({ type: "send", room: "lobby", text: "later" });
  const later = await said("later");

  assert.deepEqual(tail.lines.slice(0, 10).map((line) => JSON.parse(line).text), Array.from({ length: 10 }, (_, i) => `text ${i + 3}`));
  assert.deepEqual([first.type, first.room, first.from], ["message", "lobby", "alice"]);
  assert.equal(later.seq, first.seq + 1);
  const missing = await run(confabd, ["tail", "--room", "attic", "--data", data]);
  assert.deepEqual([missing.code, missing.stderr], [1, "confabd: there is no such room"]);
  await server.stop();
  assert.equal((await tail.exited()).code, 1); // the server is gone
});
