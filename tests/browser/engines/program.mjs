// A browser's program, which says where it listens.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { signal, within } from "../../e2e/support/deadline.mjs";

const running = new Set();
process.on("exit", () => running.forEach(kill));

/** With what it has started. */
function kill({ pid }) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** A directory that is gone in the end. */
export async function directory() {
  const path = await mkdtemp(join(tmpdir(), "confab-engine-"));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Starts a program; `says` is what it says once it can be used, if it says so, and `said` what that was. */
export async function start(command, args, says, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const ended = signal();
  let output = "";
  const ready = new Promise((resolve, reject) => {
    if (!says) resolve();
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        output += data;
        const match = says?.exec(output);
        if (match) resolve(match);
      });
    }
    child.on("error", reject);
    child.on("exit", (code) => {
      reject(new Error(`${command} ended with ${code}: ${output}`));
      ended.resolve();
    });
  });
  const said = await within(ready, () => `${command} says ${says}, but: ${output}`);
  const end = async () => {
    kill(child);
    await ended.promise;
    running.delete(child);
  };
  return { said, end };
}
