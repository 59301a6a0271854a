// The list of a room's threads at the page.

import assert from "node:assert/strict";

import { faults } from "./axe.mjs";
import { phone } from "./chromium.mjs";
import { chat, openBrowser } from "./stage.mjs";

openBrowser();

/** Bob and others in `general` with these threads: texts of the root and of its replies. */
async function threads(world, server, room, ...all) {
  const bob = await world.member(server, "bob", room);
  const roots = [];
  for (const [text, ...replies] of all) {
    const { seq } = await bob.ask({ type: "send", room, text });
    roots.push(seq);
    for (const reply of replies) await bob.ask({ type: "send", room, text: reply, thread: seq });
  }
  return { bob, roots };
}

const list = (person) => person.page.getByRole("complementary", { name: "Threads in this room" });
const rows = (person) => list(person).getByRole("listitem");

chat("threads are listed, the one last replied to first, with what is new, and opened from there", async (world, meet) => {
  const server = await world.server();
  const { bob, roots } = await threads(world, server, "general", ["Where do we go?", "To the sea", "Which one?"], ["Lunch?", "At noon"], ["no thread"]);
  const alice = await meet(server.url, { name: "alice" });
  await alice.page.evaluate(() => {
    const none = document.querySelector("#threads-none");
    globalThis.said = [];
    new MutationObserver(() => globalThis.said.push(none.textContent)).observe(none, { childList: true });
  });

  await alice.button("Threads in this room").click();
  await rows(alice).nth(1).waitFor();
  assert.deepEqual(await alice.page.evaluate(() => globalThis.said), ["Loading…", ""]);
  assert.match(await rows(alice).nth(0).textContent(), /Lunch\?1 reply · last \d+:\d\d$/);
  assert.match(await rows(alice).nth(1).textContent(), /Where do we go\?2 replies · last \d+:\d\d$/);
  assert.deepEqual(await faults(alice.page), []);
  await bob.ask({ type: "send", room: "general", text: "The Baltic", thread: roots[0] });
  await rows(alice).nth(0).getByText("Where do we go?").waitFor();
  assert.match(await rows(alice).nth(0).textContent(), /3 replies · last .*new$/);
  await rows(alice).nth(0).getByRole("button").click();
  await alice.thread.getByText("The Baltic").waitFor();
  assert.equal(await list(alice).isVisible(), false);
  await alice.threadBox.fill("Yes");
  await alice.threadBox.press("Enter");
  await alice.thread.locator(".reply.stored", { hasText: "Yes" }).waitFor();
  await alice.button("Close the thread").click();

  await list(alice).waitFor();
  await rows(alice).nth(0).getByText("4 replies").waitFor();
  assert.equal(await list(alice).getByText("new", { exact: true }).count(), 0);
  await alice.button("Mine").click();
  await rows(alice).nth(1).waitFor({ state: "detached" });
  assert.match(await rows(alice).nth(0).textContent(), /Where do we go\?/);
  await alice.page.goto(`${server.url}/?user=alice#attic`);
  await alice.isIn("attic");
  await list(alice).getByText("You are in none of the threads here.").waitFor();
  await alice.button("Mine").click();
  await list(alice).getByText("No threads yet.").waitFor();
});

chat("more than a page of threads can be had, and a deleted root is listed as such", async (world, meet) => {
  const server = await world.server(["--rate-commands", "0"]);
  const { bob, roots } = await threads(world, server, "general", ...Array.from({ length: 52 }, (_, n) => [`root ${n + 1}`, "leaf"]));
  await bob.ask({ type: "delete", room: "general", target: roots[51] });
  const alice = await meet(server.url, { name: "alice" });

  await alice.button("Threads in this room").click();
  await rows(alice).nth(49).waitFor();
  await rows(alice).nth(0).getByText("This message was deleted.").waitFor();
  await alice.button("More threads").click();
  await rows(alice).nth(51).getByText("root 1", { exact: true }).waitFor();

  assert.equal(await alice.button("More threads").count(), 0);
});

chat("on a phone the list lies over the chat, a thread takes its place, and the way back leads out", async (world, meet) => {
  const server = await world.server();
  await threads(world, server, "general", ["root", "leaf"]);
  const alice = await meet(server.url, { name: "alice", ...phone });

  await alice.button("Threads in this room").tap();
  await rows(alice).nth(0).waitFor();
  assert.deepEqual(await faults(alice.page), []);
  await rows(alice).nth(0).getByRole("button").tap();
  await alice.thread.getByText("leaf").waitFor();
  await alice.page.goBack();

  await alice.thread.waitFor({ state: "hidden" });
  assert.equal(await list(alice).isVisible(), false);
  await alice.isIn("general");
});
