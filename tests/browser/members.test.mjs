// Members at the page: rooms by invitation, roles, and what moderators do; for two people, before and after a reload.

import assert from "node:assert/strict";

import { faults } from "./axe.mjs";
import { chat, openBrowser, two } from "./stage.mjs";

openBrowser();

/** Alice's private room with bob as a member of this role. */
async function privateRoom(alice, bob, role = "member") {
  await alice.button("New room").click();
  await alice.page.getByLabel("Name", { exact: true }).fill("Pläne 計画");
  await alice.page.getByLabel("Who may come in").selectOption("private");
  await alice.page.getByLabel("Invite").fill("bob");
  assert.deepEqual(await faults(alice.page), []);
  await alice.button("Make it").click();
  await alice.isIn("Pläne 計画");

  await bob.page.reload();
  await bob.page.getByRole("heading", { name: "Invitations" }).waitFor();
  await bob.place("Pläne 計画").click();
  await bob.page.getByText("You are invited to this room.").waitFor();
  assert.deepEqual(await faults(bob.page), []);
  await bob.button("Accept").click();
  await bob.box.waitFor();
  await alice.people.getByText("Members · 2").waitFor();
  if (role === "member") return;
  await alice.does("bob", `Make ${role}`);
  await bob.people.getByText(`you are a ${role}`).waitFor();
}

chat("a private room: an invitation is accepted, a moderator made, and all is so after a reload", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);

  await privateRoom(alice, bob, "moderator");
  await bob.say("here I am");
  await alice.sees("here I am");

  for (const one of [alice, bob]) {
    await one.page.reload();
    await one.isIn("Pläne 計画");
    await one.people.getByText("Members · 2").waitFor();
    await one.people.getByText("moderator").first().waitFor();
    await one.sees("here I am");
  }
  assert.deepEqual(await faults(alice.page), []);
  const looks = await bob.page.evaluate(() => {
    const box = (element) => element.getBoundingClientRect();
    const lock = document.querySelector("#rooms .current .sign svg");
    const [sign, title] = [lock.parentElement, lock.closest("a").querySelector(".title")].map(box);
    return {
      lock: box(lock).right <= sign.right && Math.abs(box(lock).top + box(lock).bottom - title.top - title.bottom) < 2,
      dots: new Set([...document.querySelectorAll("#members-list .dot")].map((dot) => box(dot).x)).size,
    };
  });
  assert.deepEqual(looks, { lock: true, dots: 1 }, "the lock beside its title, the dots below each other");
  await bob.button("Settings").click();
  assert.deepEqual(await faults(bob.page), []);
  assert.equal(await bob.page.getByLabel("Archived").count(), 0, "what only owners may is not offered");
  await bob.page.getByLabel("Topic").fill("For May");
  await bob.button("Save").click();
  await alice.people.getByText("For May").waitFor();
});

chat("an invitation can be declined", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await alice.button("New room").click();
  await alice.page.getByLabel("Name", { exact: true }).fill("Attic");
  await alice.page.getByLabel("Who may come in").selectOption("private");
  await alice.page.getByLabel("Invite").fill("bob");
  await alice.button("Make it").click();
  await alice.people.getByRole("heading", { name: "Invited" }).waitFor();
  await bob.page.reload();
  await bob.place("Attic").click();
  await bob.button("Decline").click();

  await bob.isIn("general");
  await bob.place("Attic").waitFor({ state: "detached" });
  await alice.people.getByRole("heading", { name: "Invited" }).waitFor({ state: "detached" });
});

chat("who is muted is told until when, in place of the box, also after a reload, and speaks again later", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await privateRoom(alice, bob);

  await alice.does("bob", "Mute…");
  await alice.page.getByLabel("Reason").fill("cool down");
  assert.deepEqual(await faults(alice.page), []);
  await alice.button("Mute").click();
  await bob.page.getByText(/^You are muted until /).waitFor();
  await bob.box.waitFor({ state: "hidden" });
  await bob.page.reload();
  await bob.page.getByText(/^You are muted until /).waitFor();
  assert.deepEqual(await faults(bob.page), []);
  await alice.does("bob", "Let speak again");

  await bob.box.waitFor();
  await bob.say("sorry");
});

chat("who is banned is told why and until when, and the room leaves the list", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await privateRoom(alice, bob);
  await bob.say("buy this");

  await alice.does("bob", "Ban…");
  await alice.page.getByLabel("How long").selectOption("1 day");
  await alice.page.getByLabel("Reason").fill("advertising");
  await alice.page.getByLabel("Delete what they wrote").selectOption("In the last hour");
  await alice.button("Ban").click();

  await bob.page.getByText(/^alice has banned you from this room until .*\. Reason: advertising$/).waitFor();
  await bob.place("Pläne 計画").waitFor({ state: "detached" });
  assert.deepEqual(await faults(bob.page), []);
  await alice.page.getByText("This message was deleted by alice.").waitFor();
  await alice.people.getByText(/banned until .*advertising/).waitFor();
  await bob.page.reload();
  await bob.page.getByText(/^You are banned from this room until .*\. Reason: advertising$/).waitFor();
  await bob.until(() => document.title === "A room you are banned from · Confab");
  await bob.page.getByRole("heading", { level: 1, name: "A room you are banned from" }).waitFor();
  await bob.place("A room you are banned from").waitFor();
  await bob.go("general");
  await bob.place("A room you are banned from").waitFor({ state: "detached" });

  await alice.does("bob", "Unban");
  await alice.people.getByRole("heading", { name: "Banned" }).waitFor({ state: "detached" });
});

chat("who is removed elsewhere is told so, and a moderator deletes with a reason that all see", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await privateRoom(alice, bob);
  await bob.say("spoiler");

  await alice.tool("spoiler", "Delete");
  await alice.page.getByLabel("Reason").fill("not everybody has seen it");
  await alice.button("Delete").last().click();
  const words = "This message was deleted by alice. Reason: not everybody has seen it";
  for (const one of [alice, bob]) {
    await one.page.getByText(words).waitFor();
    await one.page.reload();
    await one.page.getByText(words).waitFor();
  }
  await bob.go("general");
  await alice.does("bob", "Remove…");
  await alice.button("Remove").click();

  await bob.page.getByRole("alert").getByText("Pläne 計画: alice has removed you from this room.").waitFor();
  await bob.place("Pläne 計画").waitFor({ state: "detached" });
});

chat("slow mode says how long to wait, and what only moderators write others read", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await privateRoom(alice, bob);

  await alice.button("Settings").click();
  await alice.page.getByLabel("Slow mode").selectOption("1 minute");
  await alice.button("Save").click();
  await bob.people.getByText("slow mode").waitFor();
  await bob.say("one");
  await bob.page.getByText(/^Slow mode: you can write again in \d+ s\.$/).waitFor();
  await bob.box.fill("two");
  assert.equal(await bob.button("Send").isDisabled(), true);
  await alice.button("Settings").click();
  await alice.page.getByLabel("Who writes").selectOption("Moderators only");
  await alice.button("Save").click();

  await bob.page.getByText("You can read here. Only moderators write.").waitFor();
  await alice.say("just me");
  await bob.sees("just me");
});

chat("what somebody wrote can be reported, and one leaves as a member", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await privateRoom(alice, bob);
  await alice.say("something bad");

  await bob.tool("something bad", "More");
  await bob.page.getByRole("menuitem", { name: "Report…" }).click();
  await bob.page.getByLabel("What is wrong with it?").fill("it is bad");
  await bob.button("Report").click();
  await bob.page.getByRole("alert").getByText("It was reported.").waitFor();
  await bob.button("Leave this room").click();
  await bob.button("Leave").click();

  await bob.isIn("general");
  await alice.people.getByText("Members · 1").waitFor();
  await bob.place("Pläne 計画").waitFor({ state: "detached" });
});
