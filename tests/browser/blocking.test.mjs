// Blocking somebody at the page: what one sees of them, what they can still do, and the list of all one has blocked.

import assert from "node:assert/strict";

import { until } from "../e2e/support/deadline.mjs";
import { faults } from "./axe.mjs";
import { chat, openBrowser, two } from "./stage.mjs";

openBrowser();

const COVERED = "You have blocked who wrote this.";

async function block(person, name) {
  await person.does(name, "Block…");
  await person.page.getByText("Nobody is told.").waitFor();
  await person.button("Block").click();
}

chat("what somebody wrote is covered when they are blocked, before and after a reload, until it is asked for", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await bob.say("buy this");
  await alice.say("no");
  await alice.tool("buy this", "Reply");
  await alice.say("really not");
  const covered = alice.rows.filter({ hasText: COVERED });

  await block(alice, "bob");
  await covered.waitFor();
  assert.equal(await alice.row("buy this").count(), 0);
  await alice.row("really not").locator(".quoted", { hasText: "a message of somebody you have blocked" }).waitFor();
  await alice.people.getByText("blocked by you").waitFor();
  assert.deepEqual(await faults(alice.page), []);
  await alice.page.reload();
  await covered.waitFor();
  await bob.say("and this");
  await alice.until((text) => [...document.querySelectorAll("#messages li")].filter((row) => row.textContent.includes(text)).length === 2, COVERED);
  await covered.first().getByRole("button", { name: "Show it" }).click();
  await alice.sees("buy this");
  assert.equal(await covered.count(), 1, "only what was asked for is shown");
  await alice.does("bob", "Unblock");

  await alice.sees("and this");
  assert.deepEqual(await bob.texts(), ["buy this", "no", "really not", "and this"], "whoever is blocked notices nothing here");
});

chat("who is blocked does not count as unread, is not seen typing, and cannot write directly", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await alice.page.goto(`${server.url}/?user=alice#@bob`);
  await alice.isIn("bob");
  await alice.say("hello");
  await bob.place("alice").waitFor();
  await block(alice, "bob");
  await alice.page.getByText("You have blocked bob, who cannot write to you here.").waitFor();
  assert.deepEqual(await faults(alice.page), []);

  await bob.go("alice");
  await bob.write("are you there?");
  await bob.row("are you there?").getByText("Not sent.").waitFor();
  await bob.go("general");
  await bob.box.pressSequentially("spam");
  await bob.box.press("Enter");
  const carol = await meet(server.url, { name: "carol" });
  await carol.say("a word");
  await alice.place("general").getByText("1 unread").waitFor();
  await alice.go("general");
  await alice.rows.filter({ hasText: COVERED }).waitFor();
  // Who has just sent something is shown typing again a second later.
  const typing = (who, seen) =>
    until(`${who.name} is seen typing`, async () => {
      await who.box.press("a");
      return seen.page.getByText(`${who.name} is typing…`, { exact: true }).isVisible();
    });
  await typing(bob, carol);
  await typing(carol, alice);
  await alice.go("bob");
  await alice.button("Unblock").click();
  await alice.page.getByText("You have blocked bob").waitFor({ state: "detached" });

  await bob.go("alice");
  await bob.row("are you there?").getByRole("button", { name: "Try again" }).click();
  await alice.sees("are you there?");
});

chat("whom one has blocked is listed by name, can be unblocked there, and is covered when another device blocks them", async (world, meet) => {
  const server = await world.server();
  const alice = await meet(server.url, { name: "alice" });
  const zoe = await world.guest(server, "zoe", { hello: { name: "Zoë دانا" } });
  await zoe.ask({ type: "join", room: "general" });
  await zoe.ask({ type: "send", room: "general", text: "spam" });
  const menu = async () => {
    await alice.page.getByRole("button", { name: "alice", exact: true }).click();
    await alice.page.getByRole("menuitem", { name: "Blocked people…" }).click();
  };
  await menu();
  await alice.page.getByText("You have blocked nobody.").waitFor();
  await alice.button("Close").click();

  await alice.tool("spam", "More");
  await alice.page.getByRole("menuitem", { name: "Block…" }).click();
  await alice.button("Block").click();
  await alice.rows.filter({ hasText: COVERED }).waitFor();
  await zoe.ask({ type: "leave", room: "general" });
  await alice.page.goto(`${server.url}/?user=alice#attic`);
  await alice.page.reload();
  await alice.isIn("attic");
  await menu();

  await alice.page.getByRole("dialog").getByText("Zoë دانا").waitFor();
  assert.deepEqual(await faults(alice.page), []);
  await alice.page.getByRole("button", { name: /^Unblock .*Zoë/ }).click();
  await alice.page.getByText("You have blocked nobody.").waitFor();
  await alice.button("Close").click();
  await alice.go("general");
  await alice.sees("spam");

  const telephone = await world.guest(server, "alice");
  await telephone.ask({ type: "block", user: "zoe", on: true });
  await alice.looksAgain();
  await alice.rows.filter({ hasText: COVERED }).waitFor();
  await telephone.ask({ type: "block", user: "zoe", on: false });
  await alice.looksAgain();
  await alice.sees("spam");
});
