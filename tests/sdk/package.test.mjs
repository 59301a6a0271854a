// The library as a package: packed as npm would publish it, and used where it is used.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const run = promisify(execFile);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const sdk = path("../../sdk");
const tools = path("../node_modules/.bin");
const manifest = JSON.parse(await readFile(join(sdk, "package.json"), "utf8"));

let directory, tarball;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "confab-package-"));
  await run("npm", ["pack", "--pack-destination", directory], { cwd: sdk });
  tarball = join(directory, `confab-sdk-${manifest.version}.tgz`);
  const installed = join(directory, "node_modules/confab-sdk");
  await mkdir(installed, { recursive: true });
  await symlink(path("../node_modules/react"), join(directory, "node_modules/react"));
  await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed]);
});
after(() => rm(directory, { recursive: true, force: true }));

/** Runs a module of an app that has installed the package; what it printed. */
async function app(name, source) {
  await writeFile(join(directory, name), source);
  const { stdout } = await run(process.execPath, [join(directory, name)]);
  return stdout.trim();
}

test("the license is that of the project", async () => {
  assert.equal(await readFile(join(sdk, "LICENSE"), "utf8"), await readFile(path("../../LICENSE"), "utf8"));
});

test("npm would publish it as it is", async () => {
  const data = await readFile(tarball);
  const { messages, pkg } = await publint({ pack: { tarball: data.buffer.slice(data.byteOffset, data.byteOffset + data.length) }, strict: true });

  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
});

const oldNode = Number(process.versions.node.split(".")[0]) < 20 && "the checker needs Node 20";

test("its types are found and right, however it is imported", { skip: oldNode }, async () => {
  const { checkPackage, createPackageFromTarballData } = await import("@arethetypeswrong/core");
  const { problems } = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(tarball))));

  assert.deepEqual(problems, []);
});

for (const [name, file] of [["confab-sdk", "confab"], ["confab-sdk/store", "store"], ["confab-sdk/react", "react"], ["confab-sdk/format", "format"], ["confab-sdk/elements", "elements"]]) {
  test(`import and require of ${name} bring what is declared`, async () => {
    const declarations = await readFile(join(sdk, `${file}.d.ts`), "utf8");
    const expected = [...declarations.matchAll(/^export declare (?:const|class|function) (\w+)/gm)].map((m) => m[1]).sort().join();

    const imported = await app("a.mjs", `import * as all from "${name}"; console.log(Object.keys(all).sort().join());`);
    const required = await app("b.cjs", `console.log(Object.keys(require("${name}")).sort().join());`);

    assert.deepEqual([imported, required], [expected, expected]);
  });
}

test("its package.json can be read", async () => {
  assert.equal(await app("c.cjs", `console.log(require("confab-sdk/package.json").version);`), manifest.version);
});

const HOSTLESS = `
  delete globalThis.WebSocket;
  const client = new ConfabClient({ url: "wss://chat.example.org/ws", guest: "alice" });
  client.on("error", (error) => console.log(error.name));
  client.connect().catch((error) => console.log(error.message, client.state));`;

for (const [name, source] of [
  ["no_socket.mjs", `import { ConfabClient } from "confab-sdk"; ${HOSTLESS}`],
  ["no_socket.cjs", `const { ConfabClient } = require("confab-sdk"); ${HOSTLESS}`],
]) {
  test(`without a WebSocket a client can be made, and connect says what is missing (${name})`, async () => {
    assert.match(await app(name, source), /^StoppedError\nthere is no WebSocket here: pass one as an option.* stopped$/);
  });
}

test("without a page a client of a relative url can be made, and connect says what is missing", async () => {
  const said = await app("no_page.mjs", `
    import { ConfabClient } from "confab-sdk";
    new ConfabClient({ guest: "alice", WebSocket: class {} }).connect().catch((error) => console.log(error.message));`);

  assert.match(said, /^\/ws needs a page to start from: pass a whole url/);
});

test("a URL that is not implemented, as in React Native, and no btoa or TextEncoder do not matter", async () => {
  const said = await app("native.mjs", `
    import { ConfabClient } from "confab-sdk";
    globalThis.URL = class { constructor() { throw new Error("not implemented"); } };
    for (const name of ["btoa", "atob", "TextEncoder", "performance"]) delete globalThis[name];
    class Socket {
      constructor(url, protocols) {
        console.log(url, protocols.join());
        queueMicrotask(() => this.onopen());
      }
      send(text) {
        console.log(JSON.parse(text).type);
        queueMicrotask(() => this.onmessage({ data: '{"type":"welcome"}' }));
      }
      close() {}
    }
    const client = new ConfabClient({ url: "https://chat.example.org/ws", guest: "alice", WebSocket: Socket });
    await client.connect();
    client.stop();`);

  assert.equal(said, "wss://chat.example.org/ws confab.v1.json\nhello");
});

for (const [module, resolution] of [["NodeNext", "NodeNext"], ["ESNext", "Bundler"]]) {
  test(`its types need no DOM and no Node (${resolution})`, { timeout: 60_000 }, async () => {
    const file = join(directory, "types.mts");
    await writeFile(file, `
      import { ConfabClient, type Message } from "confab-sdk";
      import { createStore, localPositions } from "confab-sdk/store";
      const client = new ConfabClient({ url: "ws://x/ws", guest: "alice" });
      const unread: number = createStore(client, { positions: localPositions("alice") }).getSnapshot().unread;
      unread;
      client.on("message", (message: Message) => message.text?.length);`);
    const options = ["--noEmit", "--strict", "--skipLibCheck", "false", "--lib", "ES2022", "--target", "ES2022"];

    await run(join(tools, "tsc"), [...options, "--module", module, "--moduleResolution", resolution, file], { cwd: directory }).catch(({ stdout }) => assert.fail(stdout));
  });
}

/** In bytes, minified and compressed as a browser loads it. */
async function weight(source) {
  const stdin = { contents: source, resolveDir: sdk };
  const { outputFiles } = await build({ stdin, bundle: true, minify: true, format: "esm", write: false });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

/** What comes along with a client. The tables of codes do not: they are for apps that look into them. */
const CORE =
  "ConfabClient, connect, ConfabError, ConnectError, ConnectionLostError, ProtocolError, QueueFullError, RequestTimeoutError, " +
  "ServerError, StoppedError, TokenError";

test("the core weighs at most 9 KB, and with the tables of codes 9.5 KB", async () => {
  const [core, all] = [await weight(`export { ${CORE} } from "./confab.js";`), await weight(`export * from "./confab.js";`)];

  assert.ok(core <= 9 * 1024 && all <= 9.5 * 1024, `${core} and ${all} bytes`);
});

test("what of the store is not used weighs nothing", async () => {
  const [all, part] = [await weight(`export * from "./store.js";`), await weight(`export { memoryPositions } from "./store.js";`)];

  assert.ok(all <= 9 * 1024 && part < 250, `${all} and ${part} bytes`);
});

test("what is packed is what is needed", async () => {
  assert.ok((await stat(tarball)).size < 150_000);
});
