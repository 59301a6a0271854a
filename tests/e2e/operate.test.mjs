// What an operator asks a server that runs.

import assert from "node:assert/strict";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { until } from "./support/deadline.mjs";
import { confabd, run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

scenario("an operator sees who is there, sends a user away, and ends the server", async (world) => {
  const data = await world.directory();
  const ask = async (...args) => {
    const { code, stdout, stderr } = await run(confabd, [...args, "--data", data]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const server = await world.server(["--shards", "2"], { data });
  const phone = await world.member(server, "alice", "lobby");
  const laptop = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");
  await world.member(server, "carol", "elsewhere");

  const status = await ask("status");
  assert.match(status, /^ready +yes$/m);
  assert.match(status, /^users +3$/m);
  assert.match(status, /^websockets +4$/m);
  assert.match(await ask("rooms"), /^lobby +2\nelsewhere +1\n$/);
  const users = (await ask("users")).split("\n");
  assert.equal(users.length, 4);
  for (const { welcome } of [phone, laptop]) assert.ok(users[0].startsWith("alice  ") && users[0].includes(welcome.session));
  assert.ok(users[1].startsWith("bob  ") && users[1].endsWith(bob.welcome.session));

  assert.equal(await ask("kick", "--user", "alice"), "2 sessions of alice closed\n");
  for (const client of [phone, laptop]) assert.equal((await client.closed()).code, 4502);
  assert.equal(await ask("kick", "--user", "nobody"), "0 sessions of nobody closed\n");
  await bob.settled();

  await ask("drain");
  assert.equal((await bob.closed()).code, 1012);
  assert.equal((await server.exited()).code, 0);
});

scenario("only the server's user may ask, and a socket that a crash left is no hindrance", async (world) => {
  const data = await world.directory();
  const socket = join(data, "confab.sock");
  const first = await world.server([], { data });
  assert.equal((await stat(socket)).mode & 0o777, 0o600);
  await first.crash();

  const gone = await run(confabd, ["status", "--data", data]);
  const second = await world.server([], { data });
  const there = await run(confabd, ["status", "--data", data]);
  await second.stop();

  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /no server answers at .*confab\.sock: Connection refused/);
  assert.equal(there.code, 0, there.stderr);
  await assert.rejects(stat(socket), { code: "ENOENT" });
});

scenario("what is no user's id, and what is missing, is told", async (world) => {
  const data = await world.directory();
  await world.server([], { data });

  const wrong = await run(confabd, ["kick", "--user", "a b", "--data", data]);
  const missing = await run(confabd, ["kick", "--data", data]);

  assert.deepEqual([wrong.code, wrong.stderr], [1, "confabd: this is no user's id"]);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /--user: is missing/);
});

scenario("who is erased is sent away, and what they said is in no file", async (world) => {
  const data = await world.directory();
  const server = await world.server([], { data });
  const eve = await world.guest(server, "eve", { hello: { name: "name of eve" } });
  const bob = await world.member(server, "bob", "lobby");
  await eve.ask({ type: "join", room: "lobby" });
  const { seq } = await bob.ask({ type: "send", room: "lobby", text: "words of bob" });
  const gone = await eve.ask({ type: "send", room: "lobby", key: "key of eve", text: "words of eve" });
  await eve.ask({ type: "delete", room: "lobby", targets: [gone.seq], reason: "regret of eve" });
  await eve.ask({ type: "send", room: "lobby", text: "words of eve" });
  await eve.ask({ type: "report", room: "lobby", target: seq, reason: "report of eve" });
  await eve.ask({ type: "direct", to: "bob", text: "words of eve" });
  const erase = (user) => run(confabd, ["erase", "--user", user, "--data", data]);

  const typo = await erase("eva");
  const { code, stdout, stderr } = await erase("eve");

  assert.deepEqual([typo.code, typo.stderr], [1, "confabd: nothing is known of a user eva"]);
  assert.equal(code, 0, stderr);
  const [, as] = /^eve is being erased, and called (gone:[a-z2-7]+) from now on\n$/.exec(stdout);
  assert.equal((await eve.closed()).code, 4502);
  await bob.expect({ type: "erased", room: "lobby", user: "eve", as });
  await until("nobody is being erased", async () => {
    const status = await run(confabd, ["status", "--data", data]);
    return status.code === 0 && !status.stdout.includes("being erased");
  });
  const { events } = await bob.ask({ type: "history", room: "lobby" });
  assert.deepEqual(events.map(({ text, deleted }) => [text, deleted]), [["words of bob", undefined], [undefined, true], [undefined, true]]);
  const again = await erase("eve");
  assert.deepEqual([again.code, again.stdout], [0, `eve is erased already, and called ${as}\n`]);
  await server.stop();
  const files = await Promise.all((await readdir(data)).map((name) => readFile(join(data, name), "latin1")));
  const found = (words) => files.some((all) => all.includes(words));
  assert.equal(found("words of bob"), true);
  for (const what of ["words", "key", "regret", "report", "name"]) assert.equal(found(`${what} of eve`), false, what);
});

scenario("retention goes on when the operator says that the clock is right", async (world) => {
  const data = await world.directory();
  await world.server(["--retention", "1h"], { data });

  const resumed = await run(confabd, ["retention", "resume", "--data", data]);
  const missing = await run(confabd, ["retention", "--data", data]);

  assert.deepEqual([resumed.code, resumed.stdout], [0, "the clock is not in doubt\n"]);
  assert.deepEqual([missing.code, missing.stderr.includes("must be followed by resume")], [2, true]);
});

scenario("a server whose socket cannot be made serves without it", async (world) => {
  const server = await world.server(["--admin-socket", `/tmp/${"x".repeat(120)}`]);

  assert.match(await server.logged("admin-socket-failed"), /too long for a socket's name/);
});
