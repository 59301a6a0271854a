// Trouble that operators have: each is told in a sentence that says what to do, or passes by itself. The runbook has an
// entry for each (docs/runbook.md).

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { open, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import net from "node:net";
import { basename, dirname, join } from "node:path";

import { until } from "./support/deadline.mjs";
import { confabd, run } from "./support/server.mjs";
import { keyPair } from "./support/tokens.mjs";
import { scenario } from "./support/world.mjs";

/** A certificate for `privateFile`; with negative days it has expired. */
async function certificate(world, privateFile, days) {
  const where = await world.directory();
  const [request, file] = [join(where, "request"), join(where, "cert.pem")];
  execFileSync("openssl", ["req", "-new", "-key", privateFile, "-subj", "/CN=chat.example", "-out", request], { stdio: "pipe" });
  execFileSync("openssl", ["x509", "-req", "-in", request, "-signkey", privateFile, "-days", `${days}`, "-out", file], { stdio: "pipe" });
  return file;
}

scenario("a certificate that has expired is told of, and what cannot be used is named with its reason", async (world) => {
  const { privateFile } = await keyPair(world, "ec");
  const [good, expired] = [await certificate(world, privateFile, 1), await certificate(world, privateFile, -1)];
  const others = (await keyPair(world, "ec")).privateFile;
  const refused = async (cert, key) => {
    const { code, stderr } = await run(confabd, ["--port", "0", "--data", await world.directory(), "--tls-cert", cert, "--tls-key", key]);
    assert.notEqual(code, 0);
    return stderr;
  };

  const server = await world.server(["--tls-cert", expired, "--tls-key", privateFile]);
  assert.match(await server.logged("certificate-expired"), /tls_cert=.*cert\.pem/);
  assert.match(await refused(join(dirname(good), "none.pem"), privateFile), /none\.pem.*cannot be read/);
  assert.match(await refused(good, others), /is not that of the certificate in .*cert\.pem/);
  await writeFile(good, "no certificate");
  assert.match(await refused(good, privateFile), /cert\.pem has no certificate in PEM/);
});

scenario("with too few descriptors those who are there chat on, and others come in when there are places", async (world) => {
  const where = await world.directory();
  const server = await world.spawn("sh", ["-c", `ulimit -n 60; exec "$0" "$@"`, confabd, "--port", "0", "--data", where, "--guests", "--shards", "2"]).listening();
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");
  // Before as well: of what it has seen no sanitizer asks with a descriptor of its own whether it is an object.
  await alice.ask({ type: "send", room: "lobby", text: "here" });
  assert.equal((await bob.expect({ type: "message" })).text, "here");
  const crowd = Array.from({ length: 80 }, () => net.connect(server.port, "127.0.0.1").on("error", () => {}));
  world.atEnd(() => crowd.forEach((socket) => socket.destroy()));

  assert.match(await server.logged("accept-failed"), /Too many open files/);
  await alice.ask({ type: "send", room: "lobby", text: "still here" });
  assert.equal((await bob.expect({ type: "message" })).text, "still here");

  crowd.forEach((socket) => socket.destroy());
  await world.member(server, "carol", "lobby");
  assert.ok((await server.metric("confab_accept_failed_total")) > 0);
});

scenario("with too little memory nobody is let in, and the server says so", async (world) => {
  // More than a server that has just started, which is what a leak comes to in the end.
  const server = await world.spawn(confabd, ["--port", "0", "--data", await world.directory(), "--guests", "--memory-max", "1MiB"]).listening();

  assert.match(await server.logged("memory-short"), /resident=\d+ max=1048576/);
  assert.deepEqual((({ status, body }) => [status, body])(await server.http("/readyz")), [503, "memory is short\n"]);
  await assert.rejects(world.connect(server), /HTTP 503/);
  assert.equal((await server.http("/healthz")).status, 200);
});

/** A server that was killed, with a long write-ahead log of which clients were told. */
async function killed(world) {
  const where = await world.directory();
  const server = await world.server(["--rate-commands", "0"], { data: where });
  const alice = await world.member(server, "alice", "lobby");
  for (let i = 0; i < 20; ++i)
    await Promise.all(Array.from({ length: 50 }, () => alice.ask({ type: "send", room: "lobby", text: "x".repeat(200) })));
  // It is a second behind at most.
  await until("a mark that tells of all this", async () => Number((await readFile(join(where, "confab.mark"), "utf8")).split(" ").at(-1)) >= 1000);
  await server.crash();
  return where;
}
const started = (where, ...args) => run(confabd, ["--port", "0", "--data", where, ...args]);

for (const [how, lose] of Object.entries({
  deleted: (log) => rm(log),
  cut: (log) => truncate(log, 65_536),
}))
  scenario(`a write-ahead log that was ${how} is noticed at the start, which says how to go on`, async (world) => {
    const where = await killed(world);
    await lose(join(where, "confab.db-wal"));

    const { code, stderr } = await started(where);

    assert.equal(code, 1);
    assert.match(stderr, /(its content is gone|it ends at position).*(Put its latest files back|--accept-older-journal)/);
  });

scenario("a database that was cut or overwritten is refused, or found by a check", async (world) => {
  const where = await world.directory();
  const file = join(where, "confab.db");
  const server = await world.server(["--rate-commands", "0"], { data: where });
  const alice = await world.member(server, "alice", "lobby");
  for (let i = 0; i < 20; ++i)
    await Promise.all(Array.from({ length: 50 }, () => alice.ask({ type: "send", room: "lobby", text: "x".repeat(200) })));
  await server.stop();
  const { size } = await stat(file);
  const overwrite = async (from, count) => {
    const handle = await open(file, "r+");
    await handle.write(Buffer.alloc(count, 0xa5), 0, count, from);
    await handle.close();
  };

  await overwrite(size >> 1, 16_384);
  const checked = await run(confabd, ["check", "--data", where]);
  assert.equal(checked.code, 3, checked.stderr);
  assert.match(checked.stdout, /page|malformed/i);
  await truncate(file, size >> 1);
  assert.equal((await run(confabd, ["check", "--data", where])).code, 3);
  await overwrite(0, 4096);
  const { code, stderr } = await started(where);
  assert.equal(code, 1);
  assert.match(stderr, /confab\.db: file is not a database/);
});

const mountable = process.getuid?.() === 0 && spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

scenario(
  "a disk that may only be read is named at the start",
  async (world) => {
    const where = await world.directory();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "none", where]);
    world.atEnd(() => execFileSync("umount", ["-l", where]));
    const server = await world.server([], { data: where });
    await server.stop();
    execFileSync("mount", ["-o", "remount,ro", where]);

    const { code, stderr } = await started(where);

    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`${where}.*(Read-only file system|cannot be written to)`));
  },
  { skip: !mountable && "mounting takes root" },
);

/** A file system of its own, on a file; undefined where there cannot be one. */
async function fileSystem(world) {
  const where = await world.directory();
  const image = join(await world.directory(), "image");
  const done = (command, ...args) => spawnSync(command, args, { stdio: "pipe" }).status === 0;
  const mount = () => done("mount", "-o", "loop,errors=remount-ro", image, where);
  await writeFile(image, "");
  await truncate(image, 32 << 20);
  if (!done("mkfs.ext4", "-q", "-F", image) || !mount()) return undefined;
  world.atEnd(() => done("umount", "-l", where));
  const device = execFileSync("findmnt", ["-no", "SOURCE", where], { encoding: "utf8" }).trim();
  return {
    data: join(where, "data"),
    /** The kernel finds an error in it. */
    damage: () => writeFile(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, "for a test"),
    mend: () => {
      assert.ok(done("umount", where));
      done("e2fsck", "-fy", image); // which is not 0 where there was something to mend
      assert.ok(mount());
    },
  };
}

scenario("a disk that may only be read from one moment on is told, and costs nothing that was acknowledged", async (world, t) => {
  const disk = await fileSystem(world);
  if (!disk) return t.skip("a file system on a file takes root and a loop device");
  const texts = async (who) => (await who.ask({ type: "history", room: "lobby" })).events.map(({ text }) => text);
  const server = await world.server([], { data: disk.data });
  const alice = await world.member(server, "alice", "lobby");
  const bob = await world.member(server, "bob", "lobby");
  await alice.ask({ type: "send", room: "lobby", text: "before" });

  await disk.damage();
  const refused = await alice.ask({ type: "send", room: "lobby", key: "k", text: "after" });
  assert.deepEqual([refused.code, refused.retry], ["unavailable", true]);
  assert.match(await server.logged("journal-failing"), /Read-only file system/);
  assert.equal((await server.http("/readyz")).status, 503);
  assert.deepEqual(await texts(bob), ["before"]);
  assert.equal((await server.stop()).code, 0);
  const { code, stderr } = await started(disk.data);
  assert.equal(code, 1);
  assert.match(stderr, /Read-only file system|cannot be written to/);

  disk.mend();
  const later = await world.server([], { data: disk.data });
  const again = await world.member(later, "alice", "lobby");
  assert.deepEqual(await texts(again), ["before"]);
  const repeated = await again.ask({ type: "send", room: "lobby", key: "k", text: "after" });
  assert.deepEqual([repeated.type, repeated.seq], ["sent", 2]);
  assert.equal((await later.stop()).code, 0);
});
