// The client library as the server hands it out for npm: what npm itself would pack, made without it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { scenario } from "./support/world.mjs";

const run = promisify(execFile);
const sdk = fileURLToPath(new URL("../../sdk", import.meta.url));

/** The files of a tarball with the hashes of their contents. */
async function contents(directory, tarball) {
  await mkdir(directory);
  await run("tar", ["-xzf", tarball, "-C", directory]);
  const { stdout } = await run("find", [".", "-type", "f"], { cwd: join(directory, "package") });
  const files = stdout.trim().split("\n").sort();
  const hashes = files.map(async (file) => [file, createHash("sha256").update(await readFile(join(directory, "package", file))).digest("hex")]);
  return Object.fromEntries(await Promise.all(hashes));
}

scenario("the server's package is the one that npm would pack", async (world) => {
  const server = await world.server();
  const directory = await world.directory();

  const answer = await fetch(`${server.url}/sdk/confab.tgz`);
  await writeFile(join(directory, "ours.tgz"), Buffer.from(await answer.arrayBuffer()));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", directory], { cwd: sdk });
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf("[")));

  assert.equal(answer.headers.get("content-type"), "application/gzip");
  const ours = await contents(join(directory, "ours"), join(directory, "ours.tgz"));
  assert.deepEqual(ours, await contents(join(directory, "theirs"), join(directory, filename)));
  assert.deepEqual(Object.keys(ours).map((file) => file.slice(2)).sort(), files.map(({ path }) => path).sort());
});

scenario("the same files make the same package, byte by byte", async (world) => {
  const directory = await world.directory();
  const made = [];
  for (const [name, umask] of [["a", "022"], ["b", "077"]]) {
    const tarball = join(directory, `${name}.tgz`);
    await run("sh", ["-c", `umask ${umask} && cmake -DTARBALL=${tarball} -P ${join(sdk, "build.cmake")}`]);
    made.push(await readFile(tarball));
  }

  assert.ok(made[0].equals(made[1]));
});

scenario("an app installs the package from its own server and talks to it", async (world) => {
  const server = await world.server();
  const directory = await world.directory();
  await writeFile(join(directory, "package.json"), `{ "name": "app", "private": true, "type": "module" }`);
  const offline = { ...process.env, npm_config_registry: "http://127.0.0.1:9/", npm_config_cache: join(directory, "cache"), npm_config_fetch_retries: "0" };

  await run("npm", ["install", "--no-audit", "--no-fund", "--omit=optional", `${server.url}/sdk/confab.tgz`], { cwd: directory, env: offline });
  await writeFile(join(directory, "app.mjs"), `
    import { ConfabClient } from "confab-sdk";
    import { createStore } from "confab-sdk/store";
    import { WebSocket } from ${JSON.stringify(import.meta.resolve("ws"))};
    const client = new ConfabClient({ url: ${JSON.stringify(server.url)} + "/ws", guest: "alice", WebSocket });
    const store = createStore(client);
    client.connect();
    await store.join("general");
    await store.send("general", "hello");
    console.log(store.room("general").messages.at(-1).text);
    client.stop();`);
  const { stdout } = await run(process.execPath, [join(directory, "app.mjs")]);

  assert.equal(stdout.trim(), "hello");
});
