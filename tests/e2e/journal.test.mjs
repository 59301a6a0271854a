// Trouble with the disk: nothing is acknowledged that is not stored, everybody is told, and it ends by itself.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { until, within } from "./support/deadline.mjs";
import { confabd } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const FILLER = "x".repeat(4000);

/** Sends until the journal fails; resolves with what was acknowledged and the key that was not. */
async function fill(writer) {
  const acknowledged = [];
  for (let i = 0; ; ++i) {
    const key = `k-${i}`;
    const reply = await writer.ask({ type: "send", room: "lobby", key, text: `${key} ${FILLER}` });
    if (reply.type === "sent") acknowledged.push([reply.seq, key]);
    else return { acknowledged, key, reply };
    assert.ok(i < 5000, "the disk gets full");
  }
}

async function status(server) {
  return (await server.http("/readyz")).status;
}

/** What the log holds, read by somebody who was not there. */
async function stored(world, server) {
  const judge = await world.guest(server, "judge");
  const joined = await judge.ask({ type: "join", room: "lobby", since: 0 });
  const events = [...joined.events];
  for (let more = joined.more; more;) {
    const page = await judge.expect({ type: "events" });
    events.push(...page.events);
    more = page.more;
  }
  return events.map(({ seq, key }) => [seq, key]);
}

/** From full to healthy, the same whatever made the disk full. */
async function fullAndBack(world, server, makeRoom) {
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");

  const { acknowledged, key, reply } = await fill(alice);
  assert.ok(acknowledged.length > 5, "there was room at first");
  assert.deepEqual([reply.code, reply.retry], ["unavailable", true]);
  await server.logged("journal-failing");
  assert.equal(await status(server), 503);
  assert.equal(await server.metric("confab_journal_healthy"), 0);
  assert.equal((await server.http("/healthz")).status, 200);
  // Reading goes on, and nobody is shown what is not stored.
  const last = await bob.ask({ type: "history", room: "lobby", limit: 1 });
  assert.equal(last.events[0].seq, acknowledged.length);
  await bob.settled();
  const shown = bob.frames.filter(({ type }) => type === "message").map((message) => [message.seq, message.key]);
  assert.deepEqual(shown, acknowledged);

  makeRoom();
  await server.logged("journal-recovered");
  assert.equal(await status(server), 200);
  const repeated = await alice.ask({ type: "send", room: "lobby", key, text: `${key} ${FILLER}` });
  assert.deepEqual([repeated.type, repeated.seq], ["sent", acknowledged.length + 1]);
  await bob.expect({ type: "message", key });
  assert.deepEqual(await stored(world, server), [...acknowledged, [repeated.seq, key]]);
  assert.equal((await server.stop()).code, 0);
}

const LIMITED = ["--rate-commands", "0", "--port", "0", "--guests"];

scenario("a file that may not grow (ulimit) makes the server say so, and it recovers", async (world) => {
  const data = await world.directory();
  const command = `trap '' XFSZ; ulimit -S -f 400; exec "$0" "$@"`;
  const server = await world.spawn("bash", ["-c", command, confabd, "--data", data, ...LIMITED]).listening();

  await fullAndBack(world, server, () => execFileSync("prlimit", ["--pid", `${server.pid}`, "--fsize=unlimited"]));
});

const mountable = (() => {
  if (process.getuid?.() !== 0) return false;
  // Mounting may be forbidden to root, too: in most containers it is.
  return spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;
})();

scenario(
  "a full disk makes the server say so, and it recovers",
  async (world) => {
    const data = await world.directory();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", data]);
    world.atEnd(() => execFileSync("umount", ["-l", data]));
    const server = await world.server(["--rate-commands", "0"], { data });

    await fullAndBack(world, server, () => execFileSync("mount", ["-o", "remount,size=64m", data]));
  },
  { skip: !mountable && "mounting takes root" },
);

/** The SQLite file of a data directory. */
function databaseIn(directory) {
  const found = join(directory, "confab.db");
  assert.equal(readFileSync(found).subarray(0, 15).toString(), "SQLite format 3");
  return found;
}

/** Holds the write lock of a database from another process; resolves when it has it. */
async function holdWriteLock(world, path) {
  const holder = spawn("sqlite3", [path]);
  world.atEnd(() => holder.kill("SIGKILL"));
  const locked = new Promise((resolve) =>
    holder.stdout.on("data", (text) => `${text}`.includes("locked") && resolve()),
  );
  holder.stdin.write(".timeout 5000\nbegin immediate;\nselect 'locked';\n");
  await within(locked, "the lock");
  return {
    release: () => {
      const ended = new Promise((resolve) => holder.on("close", resolve));
      holder.stdin.end();
      return within(ended, "the end of the process that held the lock");
    },
  };
}

scenario("a foreign process that holds the database's write lock is waited out", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "before", key: "k-0" });
  await bob.expect({ type: "message", seq: 1 });

  const lock = await holdWriteLock(world, databaseIn(data));
  const refused = await alice.ask({ type: "send", room: "lobby", text: "meanwhile", key: "k-1" });
  const newRoom = await alice.ask({ type: "join", room: "attic" });
  await server.logged("journal-failing");
  const red = await status(server);
  await bob.settled();
  await lock.release();
  await server.logged("journal-recovered");
  const green = await status(server);
  const repeated = await alice.ask({ type: "send", room: "lobby", text: "meanwhile", key: "k-1" });
  await bob.expect({ type: "message", key: "k-1" });

  assert.deepEqual([refused.code, refused.retry], ["unavailable", true]);
  assert.equal(newRoom.code, "unavailable");
  assert.deepEqual([red, green], [503, 200]);
  assert.deepEqual([repeated.type, repeated.seq], ["sent", 2]);
  assert.deepEqual(await stored(world, server), [
    [1, "k-0"],
    [2, "k-1"],
  ]);
  assert.deepEqual(
    bob.frames.filter(({ type }) => type === "message").map(({ seq }) => seq),
    [1, 2],
  );
});

scenario("a short foreign lock is not even noticed", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  const alice = await world.member(server, "alice", "lobby");

  const lock = await holdWriteLock(world, databaseIn(data));
  const reply = alice.ask({ type: "send", room: "lobby", text: "x", key: "k" });
  await lock.release();
  const first = await reply;
  // On a slow machine the lock may have lasted too long: then the repetition has the one effect.
  const sent =
    first.type === "sent"
      ? first
      : await until("the journal takes it", async () => {
          const again = await alice.ask({ type: "send", room: "lobby", text: "x", key: "k" });
          return again.type === "sent" && again;
        });

  assert.equal(sent.seq, 1);
  assert.deepEqual(await stored(world, server), [[1, "k"]]);
});
