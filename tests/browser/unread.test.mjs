// What the page says is unread, over tabs, devices and reloads; and reactions that differ only in their spelling.

import assert from "node:assert/strict";

import { chat, openBrowser, two } from "./stage.mjs";

openBrowser();

const badge = (person, title) => person.place(title).locator(".badge");

/** Bob is in `general` and looks at another room. */
async function bobElsewhere(meet, server) {
  const { alice, bob } = await two(meet, server.url);
  await bob.page.goto(`${server.url}/?user=bob#attic`);
  await bob.isIn("attic");
  await bob.place("general").waitFor();
  return { alice, bob };
}

chat("deleted messages and one's own of another device do not count as unread", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await bobElsewhere(meet, server);
  await alice.say("one");
  await alice.say("two");
  await badge(bob, "general").getByText("2", { exact: false }).waitFor();

  await alice.tool("one", "Delete");
  await alice.button("Delete").last().click();
  await bob.place("general").getByText("1 unread").waitFor();
  const telephone = await world.member(server, "bob", "general");
  await telephone.ask({ type: "send", room: "general", text: "from the phone", key: "k-phone" });
  await badge(bob, "general").waitFor({ state: "detached" });
  await telephone.ask({ type: "leave", room: "general" });
  const carol = await world.member(server, "carol", "general");
  await carol.ask({ type: "send", room: "general", text: "and you?", thread: 2, mentions: ["bob"] });
  await badge(bob, "general").waitFor();
  assert.equal(await badge(bob, "general").textContent(), "@ you are mentioned", "not that nothing is unread");
  await alice.say("three");

  await bob.place("general").getByText("1 unread").waitFor();
});

chat("more unread messages than are loaded are counted", async (world, meet) => {
  const server = await world.server(["--rate-commands", "0"]);
  const { bob } = await bobElsewhere(meet, server);
  const url = bob.page.url();
  await bob.page.goto("about:blank");
  const writer = await world.member(server, "writer", "general");
  for (let n = 1; n <= 87; n++) await writer.ask({ type: "send", room: "general", text: `line ${n}` });

  await bob.page.goto(url);

  await bob.place("general").getByText("87 unread").waitFor();
});

chat("two tabs keep each other's rooms, and what one has read is read in the other", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  const second = await bob.anotherTab(server.url, "attic");
  await second.place("general").waitFor();
  await bob.page.goto(`${server.url}/?user=bob#cellar`);
  await bob.isIn("cellar");

  await alice.say("hello");
  for (const tab of [bob, second]) await tab.place("general").getByText("1 unread").waitFor();
  await bob.go("general");
  await badge(second, "general").waitFor({ state: "detached" });
  for (const tab of [bob, second]) {
    await tab.page.reload();
    for (const room of ["general", "attic", "cellar"]) await tab.place(room).waitFor();
    assert.equal(await badge(tab, "general").count(), 0);
  }
  assert.deepEqual(second.complaints, []);
});

chat("a heart is a heart, with and without U+FE0F", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await alice.say("hello");
  const carol = await world.member(server, "carol", "general");
  await carol.ask({ type: "react", room: "general", target: 1, emoji: "❤" });
  await bob.row("hello").getByRole("button", { name: "1, carol" }).waitFor();

  await bob.tool("hello", "React with ❤️");
  const chip = bob.row("hello").locator(".chip");
  await chip.and(bob.page.getByRole("button", { name: "2, carol and you", pressed: true })).waitFor();
  assert.equal(await chip.count(), 1);
  await chip.click();

  await chip.and(bob.page.getByRole("button", { name: "1, carol", pressed: false })).waitFor();
});
