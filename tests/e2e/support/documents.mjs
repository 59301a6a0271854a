// What the documents show, to be done as they say.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

/** What stands behind the back-quotes of a command that does not end by itself. */
export const LONG_RUNNING = "sh server";

/** The fenced blocks of a page, named from docs/: `info` is what stands behind the back-quotes. */
export async function blocksOf(page) {
  const text = await readFile(join(root, "docs", page), "utf8");
  return [...text.matchAll(/^ *```(\S[^\n]*)\n([^]*?)^ *```$/gm)].map(([, info, content]) => ({ info, content }));
}
