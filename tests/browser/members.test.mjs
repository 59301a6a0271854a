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
  await alice.button("Create").click();
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
  const beside = await bob.page.evaluate(() => {
    const lock = document.querySelector("#rooms .current .sign svg");
    const [own, sign, title] = [lock, lock.parentElement, lock.closest("a").querySelector(".title")].map((element) => element.getBoundingClientRect());
    return own.right <= sign.right && Math.abs(own.top + own.bottom - title.top - title.bottom) < 2;
  });
  assert.ok(beside, "the lock stands beside the title");
  await bob.button("Settings").click();
  assert.deepEqual(await faults(bob.page), []);
  assert.equal(await bob.page.getByLabel("Archived").count(), 0, "what only owners may is not offered");
  await bob.page.getByLabel("Topic").fill("For May");
  await bob.button("Save").click();
  await alice.people.getByText("For May").waitFor();
});

chat("an invitation comes by itself, can be found and declined, and is none any more when another device has accepted it", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await alice.button("New room").click();
  await alice.page.getByLabel("Name", { exact: true }).fill("Attic");
  await alice.page.getByLabel("Who may come in").selectOption("private");
  await alice.page.getByLabel("Invite").fill("bob");
  await alice.button("Create").click();
  await alice.people.getByRole("heading", { name: "Invited" }).waitFor();
  await bob.looksAgain();
  await bob.place("Attic").click();
  await bob.button("Decline").waitFor();
  await bob.page.keyboard.press("Control+k");
  await bob.page.getByRole("option", { name: "Attic you are invited" }).waitFor();
  await bob.page.keyboard.press("Escape");
  await bob.button("Decline").click();
  await bob.isIn("general");
  await bob.place("Attic").waitFor({ state: "detached" });
  await alice.people.getByRole("heading", { name: "Invited" }).waitFor({ state: "detached" });

  const telephone = await world.guest(server, "bob");
  const room = decodeURIComponent(new URL(alice.page.url()).hash.slice(1));
  const acceptedElsewhere = async () => {
    await alice.button("Invite").click();
    await alice.page.getByLabel("Who").fill("bob");
    await alice.button("Invite").last().click();
    await alice.people.getByRole("heading", { name: "Invited" }).waitFor();
    await bob.looksAgain();
    await bob.place("Attic").click();
    await bob.button("Decline").waitFor();
    assert.equal((await telephone.ask({ type: "join", room, member: true })).member, true);
  };
  await acceptedElsewhere();
  await bob.button("Decline").click();
  await bob.people.getByText("you are a member").waitFor();
  await alice.people.getByText("Members · 2").waitFor();
  await alice.does("bob", "Remove…");
  await alice.button("Remove").click();
  await bob.page.getByText("alice has removed you from this room.").waitFor();
  await acceptedElsewhere();
  await bob.looksAgain();

  await bob.people.getByText("you are a member").waitFor();
  await bob.page.getByRole("heading", { name: "Invitations" }).waitFor({ state: "detached" });
});

chat("who is muted is told until when, in place of the box, also after a reload, and speaks again later", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await privateRoom(alice, bob);
  await bob.say("mine");
  const dots = bob.people.locator(".dot");
  await dots.nth(1).waitFor();
  assert.equal(new Set(await dots.evaluateAll((all) => all.map((dot) => dot.getBoundingClientRect().x))).size, 1, "with a menu beside them and without");

  await alice.does("bob", "Mute…");
  await alice.page.getByLabel("Reason").fill("cool down");
  assert.deepEqual(await faults(alice.page), []);
  await alice.button("Mute").click();
  await bob.page.getByText(/^You are muted until .*\. Reason: cool down$/).waitFor();
  await alice.people.getByText(/muted until .* · cool down/).waitFor();
  await bob.box.waitFor({ state: "hidden" });
  await bob.row("mine").hover();
  const tools = () => bob.row("mine").locator(".tools button:visible").evaluateAll((all) => all.map(({ title }) => title.replace(/ .*/, "")));
  assert.deepEqual(await tools(), ["React", "React", "React", "More", "Delete"], "what the muted may do");
  await alice.tool("mine", "More");
  await alice.page.getByRole("menuitem", { name: "Reply in a thread" }).click();
  await alice.threadBox.fill("think about it");
  await alice.threadBox.press("Enter");
  await alice.thread.locator(".reply:not(.sending, .sent)", { hasText: "think about it" }).waitFor();
  await alice.button("Close the thread").click();
  await bob.row("mine").getByRole("button", { name: "1 reply", exact: true }).click();
  await bob.thread.getByText("think about it").waitFor();
  assert.equal(await bob.threadBox.isVisible(), false);
  await bob.go("general");
  assert.ok((await bob.box.boundingBox()).height > 30, "the box has its height where one may write");
  await bob.go("Pläne 計画");
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
  await alice.page.getByLabel("Reason").fill("advertising, day after day, in spite of being asked not to");
  await alice.page.getByLabel("Delete what they wrote").selectOption("In the last hour");
  await alice.button("Ban").click();

  await bob.page.getByText(/^alice has banned you from this room until .*\. Reason: advertising, /).waitFor();
  await bob.place("Pläne 計画").waitFor({ state: "detached" });
  assert.equal(await bob.people.locator(".person").count(), 0, "nobody is shown of a room one is not in");
  assert.deepEqual(await faults(bob.page), []);
  await alice.page.getByText("This message was deleted by alice.").waitFor();
  const banned = alice.people.getByText(/banned until .*advertising/);
  assert.ok(await banned.evaluate((label) => label.scrollWidth <= label.parentElement.clientWidth), "all of the reason is seen");
  await bob.page.reload();
  await bob.page.getByText(/^You are banned from this room until .*\. Reason: advertising, /).waitFor();
  assert.equal(await bob.page.locator("#room-subtitle").textContent(), "", "its id says nothing");
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
  await alice.does("bob", "Remove…");
  await alice.button("Remove").click();
  await bob.page.getByText("alice has removed you from this room.").waitFor();
  assert.equal(await bob.button("Go back in").count(), 0, "nobody goes into a private room without an invitation");
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
  const gap = await bob.page.evaluate(() => document.querySelector("#messages > li").getBoundingClientRect().top - document.getElementById("toast").getBoundingClientRect().bottom);
  assert.ok(gap > 0, "what is at the end is not covered");
  await alice.button("Leave this room").click();
  await alice.page.getByText(/You cannot come back in unless you are invited again\. You are its only owner: /).waitFor();
  await alice.button("Cancel").click();
  await bob.button("Leave this room").click();
  await bob.page.getByText(/unless you are invited again\.$/).waitFor();
  await bob.button("Leave").click();

  await bob.isIn("general");
  await alice.people.getByText("Members · 1").waitFor();
  await bob.place("Pläne 計画").waitFor({ state: "detached" });
});
