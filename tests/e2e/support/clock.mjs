// The time of day of one server, which a test sets while it runs.

import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const source = join(dirname(fileURLToPath(import.meta.url)), "set_clock.c");

/** `env` is for the server; `set(seconds)` says how far it is ahead from now on. */
export async function settableClock(world) {
  const where = await world.directory();
  const [library, file] = [join(where, "set_clock.so"), join(where, "ahead")];
  execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, source], { stdio: "pipe" });
  const set = (seconds) => writeFile(file, `${seconds}\n`);
  await set(0);
  // It comes before the sanitizer's own library.
  const asan = [process.env.ASAN_OPTIONS, "verify_asan_link_order=0"].filter(Boolean).join(":");
  return { set, env: { LD_PRELOAD: library, SET_CLOCK: file, ASAN_OPTIONS: asan } };
}
