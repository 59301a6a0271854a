// What axe-core finds wrong with a page, as sentences.

import { readFile } from "node:fs/promises";

const source = await readFile(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** @param {import("playwright-core").Page} page */
export async function faults(page) {
  await page.emulateMedia({ reducedMotion: "reduce" }); // or colours are read on their way from one to the other
  await page.evaluate(source); // not as a script tag, which the page's policy forbids
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.flat().join(" ")}: ${failureSummary}`));
}
