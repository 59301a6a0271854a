// Where people meet: a browser for the tests of a file, and scenarios in which several of them use the page.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { scenario } from "../e2e/support/world.mjs";
import { launch } from "./chromium.mjs";
import { Person } from "./person.mjs";

let browser;
export const theBrowser = () => browser;

/** Keeps a browser open for the tests of this file. `more` arguments for its program. */
export function openBrowser(more) {
  before(async () => (browser = await launch(more)));
  after(() => browser?.close());
}

/** A scenario with people, who in the end must have nothing in their consoles. `meet(url, options)` opens a page. */
export function chat(name, body) {
  scenario(name, async (world) => {
    const people = [];
    await body(world, async (url, options) => {
      const person = await Person.open(world, browser, url, options);
      people.push(person);
      return person;
    });
    for (const person of people) assert.deepEqual(person.complaints, [], `the console of ${person.name}`);
  });
}

/** Alice and Bob, both in the room general. */
export async function two(meet, url) {
  const [alice, bob] = await Promise.all(["alice", "bob"].map((name) => meet(url, { name })));
  return { alice, bob };
}
