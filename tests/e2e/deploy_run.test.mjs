// deploy/run, with programs in place of those that install and build.

import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { run } from "./support/server.mjs";
import { scenario } from "./support/world.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** A copy of what deploy/run reads. `programs`: scripts by name, before all others in PATH. */
async function clone(world, programs) {
  const where = await world.directory();
  for (const path of ["deploy", "docs/configuration.md", "CMakeLists.txt"]) {
    await mkdir(dirname(join(where, path)), { recursive: true });
    await cp(join(root, path), join(where, path), { recursive: true });
  }
  const script = async (path, text) => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  };
  for (const [name, text] of Object.entries(programs)) await script(join(where, "bin", name), text);
  const PATH = `${join(where, "bin")}:${process.env.PATH}`;
  return {
    where,
    script,
    deploy: (args, env = {}) => run(join(where, "deploy/run"), args, { env: { CONFAB_DATA: "", ...env, PATH } }),
  };
}

const NOBODY = Object.fromEntries(
  ["cmake", "ninja", "apt-get", "apt-cache", "dpkg-query", "sudo", "g++"].map((name) => [
    name,
    `echo ${name} was called >&2; exit 9`,
  ]),
);

scenario("deploy/run answers --help and --version before it installs or builds anything", async (world) => {
  const { deploy } = await clone(world, NOBODY);
  const documented = (await readFile(join(root, "docs/configuration.md"), "utf8"))
    .match(/^\| `--[a-z-]+`/gm)
    .map((row) => row.slice(3, -1));

  for (const flag of ["--help", "-h"]) {
    const { code, stdout, stderr } = await deploy(["--host", "0.0.0.0", flag]);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    const listed = stdout.match(/^ {2}--[a-z-]+/gm).map((line) => line.trim());
    assert.ok(documented.length > 20);
    for (const option of documented) assert.ok(listed.includes(option), `${option} is not in the help`);
  }
  const { code, stdout, stderr } = await deploy(["--version"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^confabd \d+\.\d+\.\d+\n$/);
});

scenario("deploy/run lets guests in only where it is told to, or the server does by itself", async (world) => {
  const { deploy, where, script } = await clone(world, {
    ...NOBODY,
    "dpkg-query": "printf installed",
    cmake: "exit 0",
  });
  await script(join(where, "build/release/server/confabd"), 'for each in "$@"; do echo "$each"; done');
  const started = async (args, env) => {
    const { code, stdout, stderr } = await deploy(args, env);
    assert.equal(code, 0, stderr);
    return stdout.trim().split("\n");
  };
  const data = ["--data", join(where, "data")];

  assert.deepEqual(await started([]), data);
  assert.deepEqual(await started(["--host", "0.0.0.0"]), [...data, "--host", "0.0.0.0"]);
  assert.deepEqual(await started(["--guests"]), [...data, "--guests"]);
  assert.deepEqual(await started(["--data", "/elsewhere"]), ["--data", "/elsewhere"]);
  assert.deepEqual(await started(["--port", "1"], { CONFAB_DATA: "/elsewhere" }), ["--port", "1"]);
  assert.deepEqual(await started(["token", "--user", "alice"]), ["token", "--user", "alice"]);
});
