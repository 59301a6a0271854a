// Searching at the page.

import assert from "node:assert/strict";

import { faults } from "./axe.mjs";
import { phone } from "./chromium.mjs";
import { chat, openBrowser } from "./stage.mjs";

openBrowser();

const dialog = (person) => person.page.getByRole("dialog", { name: "Search messages" });
const hits = (person) => dialog(person).getByRole("listitem");

/** Asks again until the index has what was said. */
async function searchFor(person, words, found) {
  const box = dialog(person).getByRole("searchbox");
  await box.fill(words);
  for (let tries = 0; tries < 50; tries++) {
    try {
      return await hits(person).filter({ hasText: found }).first().waitFor({ timeout: 500 });
    } catch {
      await box.fill(`${words} `);
      await box.fill(words);
    }
  }
  assert.fail(`nothing was found for ${words}`);
}

chat("a message is found by its words in another room, and a click goes there", async (world, meet) => {
  const server = await world.server(["--rate-commands", "0"]);
  const bob = await world.member(server, "bob", "general");
  await bob.ask({ type: "send", room: "general", text: "明日東京都で会う plan" });
  for (let i = 1; i <= 120; i++) await bob.ask({ type: "send", room: "general", text: `chatter ${i}` });
  const alice = await meet(server.url, { name: "alice" });
  await alice.page.goto(`${server.url}/?user=alice#attic`);
  await alice.isIn("attic");

  await alice.button("Search messages").click();
  await searchFor(alice, "京都", "明日東京都で会う plan");
  assert.match(await hits(alice).first().textContent(), /bob.*general/);
  assert.deepEqual(await faults(alice.page), []);
  await hits(alice).first().getByRole("button").click();

  await alice.isIn("general");
  await alice.page.locator("#messages > li:focus", { hasText: "明日東京都で会う plan" }).waitFor();
});

chat("that nothing was found is said, and pages go on", async (world, meet) => {
  const server = await world.server(["--rate-commands", "0"]);
  const bob = await world.member(server, "bob", "general");
  for (let i = 1; i <= 25; i++) await bob.ask({ type: "send", room: "general", text: `plan ${i}` });
  const alice = await meet(server.url, { name: "alice", ...phone });

  await alice.button("Open the room list").tap();
  await alice.button("Search messages").tap();
  await searchFor(alice, "plan", "plan 25");
  await alice.button("Search further back").click();
  await hits(alice).filter({ hasText: /plan 1$|plan 1\D/ }).first().waitFor();
  await dialog(alice).getByRole("searchbox").fill("nonsense");
  await dialog(alice).getByText("Nothing was found.").waitFor();

  assert.equal(await hits(alice).count(), 0);
});

chat("where the server has no search there is no button for it", async (world, meet) => {
  const server = await world.server(["--no-search"]);
  const alice = await meet(server.url, { name: "alice" });

  await alice.say("hello");

  assert.equal(await alice.page.getByText("Search messages").isVisible(), false);
});
