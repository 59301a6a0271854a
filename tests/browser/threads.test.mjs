// Replies, threads, mentions and pins at the page, for two people, before and after a reload.

import assert from "node:assert/strict";

import { faults } from "./axe.mjs";
import { phone } from "./chromium.mjs";
import { chat, openBrowser, two } from "./stage.mjs";

openBrowser();

const inThread = (person, text) => person.thread.locator(".reply:not(.sending, .sent, .failed) .text", { hasText: text });

chat("a reply shows what it answers, and nothing of what is deleted", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await alice.say("Tea or coffee?");

  await bob.tool("Tea or coffee?", "Reply");
  await bob.page.getByText("Reply to alice: Tea or coffee?").waitFor();
  assert.deepEqual(await faults(bob.page), []);
  await bob.say("Tea");
  const quote = alice.row("Tea").locator(".quoted");
  assert.equal(await quote.textContent(), "alice: Tea or coffee?");
  await quote.click();
  await alice.until(() => document.activeElement.querySelector?.(".text")?.textContent === "Tea or coffee?");
  await alice.tool("Tea or coffee?", "Delete");
  await alice.button("Delete").last().click();

  for (const one of [alice, bob]) {
    await one.row("Tea").locator(".quoted", { hasText: "a deleted message" }).waitFor();
    await one.page.reload();
    await one.row("Tea").locator(".quoted", { hasText: "a deleted message" }).waitFor();
  }
});

chat("a thread is beside the messages, and its root says how many replies there are", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await alice.say("Where do we go?");

  await bob.tool("Where do we go?", "More");
  await bob.page.getByRole("menuitem", { name: "Reply in a thread" }).press("Enter");
  await bob.threadBox.fill("To the sea");
  await bob.threadBox.press("Enter");
  await inThread(bob, "To the sea").waitFor();
  assert.deepEqual(await faults(bob.page), []);
  await alice.row("Where do we go?").getByRole("button", { name: "1 reply", exact: true }).click();
  await alice.threadBox.fill("Which one?");
  await alice.threadBox.press("Enter");
  await inThread(bob, "Which one?").waitFor();
  await bob.row("Where do we go?").getByRole("button", { name: "2 replies" }).waitFor();
  assert.equal(await bob.rows.count(), 1, "replies are in the thread");

  await bob.thread.locator(".reply", { hasText: "To the sea" }).getByRole("button", { name: "More about this message" }).click();
  await bob.page.getByRole("menuitem", { name: "Delete…" }).click();
  await bob.button("Delete").last().click();
  await alice.row("Where do we go?").getByRole("button", { name: "1 reply", exact: true }).waitFor();
  await alice.page.reload();
  await alice.row("Where do we go?").getByRole("button", { name: "1 reply", exact: true }).click();
  await inThread(alice, "Which one?").waitFor();
  await alice.button("Close the thread").click();
  await alice.thread.waitFor({ state: "hidden" });
});

chat("whom a mention is for finds it after having been away", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await bob.say("I am off");
  await alice.sees("I am off");
  await bob.page.goto(`${server.url}/?user=bob#attic`);
  await bob.isIn("attic");
  const address = bob.page.url();

  await alice.page.goto(`${server.url}/?user=alice#general`);
  await alice.people.getByText("bob", { exact: true }).waitFor();
  await alice.box.pressSequentially("see @b");
  await alice.page.getByRole("option", { name: "bob" }).waitFor();
  assert.deepEqual(await faults(alice.page), []);
  await bob.page.goto("about:blank");
  await alice.box.press("Enter");
  assert.equal(await alice.box.inputValue(), "see @bob ");
  await alice.box.press("Enter");
  await alice.settled("see @bob").waitFor();
  await alice.say("nothing for anybody");
  await bob.page.goto(address);

  await bob.place("general").getByText("you are mentioned").waitFor();
  await bob.go("general");
  await bob.row("see @bob").and(bob.page.locator(".mine")).waitFor();
  const carol = await world.member(server, "carol", "general");
  await carol.ask({ type: "send", room: "general", text: "by the way", mentions: ["bob"], quiet: true });
  await bob.sees("by the way");
  assert.equal(await bob.page.locator("#messages .mine").count(), 1, "what is quiet calls for nobody");
  assert.deepEqual(await faults(bob.page), []);
  await bob.page.reload();
  await bob.row("see @bob").and(bob.page.locator(".mine")).waitFor();
  assert.equal(await alice.page.locator("#messages .mine").count(), 0);
});

chat("pinned messages are listed for all, and lead to where they are", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await alice.button("New room").click();
  await alice.page.getByLabel("Name", { exact: true }).fill("Library");
  await alice.button("Create").click();
  await alice.isIn("Library");
  await alice.say("Read this first");
  await alice.tool("Read this first", "More");
  await alice.page.getByRole("menuitem", { name: "Pin", exact: true }).click();
  await alice.people.getByRole("heading", { name: "Pinned" }).waitFor();
  await bob.page.reload();
  await bob.place("Library").click();

  await bob.row("Read this first").getByText("Pinned", { exact: true }).waitFor();
  await bob.people.getByRole("button", { name: "Read this first" }).click();
  await bob.until(() => document.activeElement.querySelector?.(".text")?.textContent === "Read this first");
  assert.equal(await bob.people.getByRole("button", { name: /Unpin/ }).count(), 0);
  assert.deepEqual(await faults(bob.page), []);
  await bob.button("Become a member").click();
  await bob.people.getByText("you are a member").waitFor();
  await alice.button("Unpin: Read this first").click();
  await bob.people.getByRole("heading", { name: "Pinned" }).waitFor({ state: "detached" });
  assert.equal(await bob.row("Read this first").getByText("Pinned", { exact: true }).count(), 0);

  await alice.people.getByRole("link", { name: "bob" }).click();
  await alice.isIn("bob");
  await alice.say("the key is below the mat");
  await alice.tool("the key is below the mat", "More");
  await alice.page.getByRole("menuitem", { name: "Pin", exact: true }).click();
  const headings = alice.people.getByRole("heading", { level: 3 });
  await headings.nth(1).waitFor();
  assert.deepEqual(await headings.allTextContents(), ["Pinned", "People"]);
});

chat("on a phone a thread lies over the chat, and the way back leads out of it", async (world, meet) => {
  const server = await world.server();
  const alice = await meet(server.url, { name: "alice", ...phone });
  await alice.box.fill("root");
  await alice.button("Send").tap();
  await alice.settled("root").waitFor();
  await alice.row("root").tap();
  await alice.row("root").getByRole("button", { name: "More", exact: true }).tap();
  await alice.page.getByRole("menuitem", { name: "Reply in a thread" }).tap();
  await alice.threadBox.fill("leaf");
  await alice.button("Send the reply").tap();
  await inThread(alice, "leaf").waitFor();
  assert.deepEqual(await faults(alice.page), []);
  const writer = await world.member(server, "writer", "general");
  const { seq } = await writer.ask({ type: "send", room: "general", text: "a long story ".repeat(30).trim() });
  await writer.ask({ type: "send", room: "general", text: "well told", reply_to: seq });

  await alice.page.goBack();

  await alice.thread.waitFor({ state: "hidden" });
  await alice.row("root").getByRole("button", { name: "1 reply", exact: true }).waitFor();
  await alice.row("well told").locator(".quoted").waitFor();
  const [shown, wide] = await alice.page.evaluate(() => [scroller.clientWidth, scroller.scrollWidth]);
  assert.equal(wide, shown, "a quote does not make the messages wider than the screen");
});
