// How one has a room for oneself, at the page: notifications, unread by wish, out of the list.

import assert from "node:assert/strict";

import { until } from "../e2e/support/deadline.mjs";
import { faults } from "./axe.mjs";
import { chat, openBrowser } from "./stage.mjs";

openBrowser();

const badge = (person, title) => person.place(title).locator(".badge");

/** Bob is a member of `general`, which he looks at, and has been in `attic`. */
async function bobInside(world, meet, server) {
  const bob = await meet(server.url, { name: "bob", room: "attic" });
  await bob.page.goto(`${server.url}/?user=bob#general`);
  await bob.isIn("general");
  await bob.button("Become a member").click();
  await bob.button("For me…").waitFor();
  const alice = await world.member(server, "alice", "general");
  return { bob, say: (text) => alice.ask({ type: "send", room: "general", text, key: `k-${text}` }) };
}

async function choose(person, item) {
  await person.button("For me…").click();
  await person.page.getByRole("menuitem", { name: item }).click();
}

chat("a room is marked as unread until one opens it, and hidden until somebody writes", async (world, meet) => {
  const server = await world.server();
  const { bob, say } = await bobInside(world, meet, server);
  await bob.button("For me…").click();
  await bob.page.getByRole("menuitem", { name: "✓ Notify me of mentions only" }).waitFor();
  await bob.page.keyboard.press("Escape");
  assert.deepEqual(await faults(bob.page), []);

  await choose(bob, "Mark as unread");
  await bob.isIn("attic");
  await badge(bob, "general").getByText("marked as unread").waitFor();
  await bob.place("general").click();
  await bob.isIn("general");
  await badge(bob, "general").waitFor({ state: "detached" });

  await choose(bob, "Hide until somebody writes");
  await bob.isIn("attic");
  await bob.place("general").waitFor({ state: "detached" });
  await say("anybody?");
  await bob.place("general").getByText("1 unread").waitFor();
});

chat("a room of which one wants to know nothing is not in the title's count", async (world, meet) => {
  const server = await world.server();
  const { bob, say } = await bobInside(world, meet, server);
  await choose(bob, "Notify me of nothing");
  // The server's row says so, and an open menu stays as it was.
  await until("the menu says so", async () => {
    await bob.button("For me…").click();
    const said = await bob.page.getByRole("menuitem", { name: "✓ Notify me of nothing" }).isVisible();
    await bob.page.keyboard.press("Escape");
    return said;
  });
  await bob.place("attic").click();
  await bob.isIn("attic");

  await say("one");
  await bob.place("general").getByText("1 unread").waitFor();
  assert.doesNotMatch(await bob.page.title(), /^\(/);
  await bob.page.reload();
  await bob.place("general").getByText("1 unread").waitFor();
  assert.doesNotMatch(await bob.page.title(), /^\(/);
});

chat("who has read what one wrote is said in direct rooms, and where the room is set so, unless they do not want that", async (world, meet) => {
  const server = await world.server();
  const { bob } = await bobInside(world, meet, server);
  const alice = await meet(server.url, { name: "alice" });
  await alice.page.goto(`${server.url}/?user=alice#@bob`);
  await alice.isIn("bob");
  await alice.say("psst");
  assert.equal(await alice.page.locator("#seen").textContent(), "");

  await bob.place("alice").click();
  await bob.sees("psst");
  await alice.page.locator("#seen", { hasText: /^Read$/ }).waitFor();
  await bob.say("yes?");
  await alice.sees("yes?");
  await alice.page.locator("#seen", { hasText: /^$/ }).waitFor({ state: "attached" });
  await choose(bob, "✓ Read receipts");
  await until("the menu says so", async () => {
    await bob.button("For me…").click(); // it says what was so when it was opened
    const off = await bob.page.getByRole("menuitem", { name: "Read receipts", exact: true }).count();
    await bob.page.keyboard.press("Escape");
    return off === 1;
  });
});
