// A start on a database that an earlier version wrote.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { until } from "./support/deadline.mjs";
import { confabd } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const SCHEMA = readFileSync(new URL("../../journal/sqlite_schema.cpp", import.meta.url), "utf8");

/** A data directory as the first schema had it, with a room of so many messages. */
async function written(world, messages) {
  const data = await world.directory();
  const [, schema] = /step_1 = R"\(([^]*?)\)"/.exec(SCHEMA);
  execFileSync("sqlite3", [join(data, "confab.db")], {
    input: `${schema}
      pragma application_id = ${0x636e6662}; pragma user_version = 1;
      insert into rooms (room, title, epoch, created_at) values ('lobby', '', 'e1', 1000);
      with recursive n(i) as (select 1 union all select i + 1 from n where i < ${messages})
        insert into log (room, seq, at, sender, kind, key, text) select 1, i, 5000, 'alice', 0, 'k' || i, 'text' from n;`,
  });
  return data;
}

const start = (world, data, ...args) => world.spawn(confabd, ["--port", "0", "--guests", "--data", data, ...args]);

scenario("while a journal is migrated the server is alive, says how far it is, and lets nobody in", async (world) => {
  const data = await written(world, 200_000);
  const server = start(world, data);
  server.url = /https?:\S+/.exec(await server.logged("journal-opening"))[0];

  const progress = await until("some progress", async () => {
    const { status, headers, body } = await server.http("/readyz");
    assert.equal(status, 503);
    assert.match(headers["content-type"], /^application\/json/);
    const told = JSON.parse(body);
    return told.done > 0 && told;
  });
  const alive = await server.http("/healthz");
  const page = await server.http("/");
  const upgrade = await server.http("/ws", {
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    },
  });

  assert.deepEqual([progress.state, progress.step, progress.of], ["opening", "project", 200_000]);
  assert.equal(alive.status, 200);
  assert.equal(page.status, 503);
  assert.equal(upgrade.status, 503);

  assert.match(await server.logged("journal-migrating"), /step=copy/);
  assert.match(await server.logged("journal-migrating"), /step=project of=200000/);
  await server.listening();
  await until("readiness", async () => (await server.http("/readyz")).status === 200);
  const bob = await world.member(server, "bob", "lobby");
  const history = await bob.ask({ type: "history", room: "lobby", limit: 1 });
  assert.equal(history.events[0].seq, 200_000);
  assert.ok(existsSync(join(data, "confab.db.schema-1")));
});

scenario("a server that is told to end while it migrates does so at once, and the next one goes on", async (world) => {
  const data = await written(world, 200_000);
  const server = start(world, data);
  server.url = /https?:\S+/.exec(await server.logged("journal-opening"))[0];
  await until("some progress", async () => JSON.parse((await server.http("/readyz")).body).done > 0);

  server.signal("SIGTERM");
  const { code } = await server.exited();

  assert.equal(code, 0);
  assert.match(server.stderr, /server-stopped.*while=opening/);
  assert.doesNotMatch(server.stderr, /listening/);
  const next = await start(world, data).listening();
  const bob = await world.member(next, "bob", "lobby");
  assert.equal((await bob.ask({ type: "history", room: "lobby", limit: 1 })).events[0].seq, 200_000);
});

scenario("with --no-backup a migration leaves no copy", async (world) => {
  const data = await written(world, 10);

  await start(world, data, "--no-backup").listening();

  assert.equal(existsSync(join(data, "confab.db.schema-1")), false);
});

scenario("a journal that cannot be opened ends the server with a sentence", async (world) => {
  const data = await written(world, 10);
  execFileSync("sqlite3", [join(data, "confab.db"), "pragma user_version = 999"]);

  const server = start(world, data);

  const { code } = await server.exited();
  assert.equal(code, 1);
  assert.match(server.stderr, /server-failed.*written by a newer version/);
});
