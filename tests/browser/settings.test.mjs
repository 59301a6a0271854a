// What a room is set to, whom a mention did not reach, and names of people who wrote nothing.

import assert from "node:assert/strict";

import { SECRET, inSeconds, secretFile, sign } from "../e2e/support/tokens.mjs";
import { faults } from "./axe.mjs";
import { phone } from "./chromium.mjs";
import { chat, openBrowser, two } from "./stage.mjs";

openBrowser();

/** Alice's public room. */
async function library(alice) {
  await alice.button("New room").click();
  await alice.page.getByLabel("Name", { exact: true }).fill("Library");
  await alice.button("Create").click();
  await alice.isIn("Library");
}

async function set(person, ...settings) {
  await person.button("Settings").click();
  for (const [label, value] of settings) await person.page.getByLabel(label).selectOption(value);
  assert.deepEqual(await faults(person.page), []);
  await person.button("Save").click();
}

chat("an owner says what visitors do, who invites and what new members read, and those have to do with it", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await library(alice);
  await alice.say("before you came");
  await bob.page.reload();
  await bob.go("general");
  await bob.place("Library").click();
  await bob.isIn("Library");
  await bob.sees("before you came");

  await set(alice, ["What visitors may do", "Only read"]);
  await bob.page.getByText("You can read here, but not write. Members write here.").waitFor();
  await bob.people.getByText("visitors only read").waitFor();
  await bob.button("Become a member").first().click();
  await bob.say("now I may");
  await bob.button("Invite").waitFor();
  await set(alice, ["Who may invite", "Moderators only"]);
  await bob.button("Invite").waitFor({ state: "detached" });
  await set(alice, ["What members may read", "Only what comes after they join"], ["What visitors may do", "Nothing: only members come in"]);
  await bob.people.getByText("for members only · earlier messages are not for new members").waitFor();
  await bob.page.reload();
  await bob.sees("now I may");
  await bob.page.getByText("What was written before is only for those who were members then.").waitFor();

  assert.equal(await bob.row("before you came").count(), 0);
  await alice.button("Settings").click();
  assert.equal(await alice.page.getByLabel("Who may invite").inputValue(), "moderators");
});

chat("a moderator is offered what moderators may set, and no more", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await library(alice);
  await set(alice, ["What members may read", "Only what comes after they join"]);
  await alice.page.getByText("You can read what is written from your joining on.").waitFor();
  await bob.page.reload();
  await bob.place("Library").click();
  await bob.button("Become a member").click();
  await alice.people.getByText("Members · 2").waitFor();
  await alice.people.getByRole("heading", { name: "Visitors" }).waitFor({ state: "detached" });
  await alice.does("bob", "Make moderator");
  await bob.button("Settings").click();

  const offered = await bob.page.getByRole("dialog").locator("label").allTextContents();
  assert.deepEqual(offered, ["Name", "Topic", "Slow mode: between two messages of one person", "Who writes"]);
  await bob.button("Cancel").click();
  await bob.page.setViewportSize(phone.viewport);
  await bob.button("People in this room").click();
  await bob.button("Settings").click();
  await bob.page.keyboard.press("Escape");
  await bob.page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.equal(await bob.people.isVisible(), true, "one thing at a time is closed");
});

chat("a topic keeps its lines, and nothing is offered in an archived room but the end of that, with anything else", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await library(alice);
  await alice.say("see you");
  const watcher = await world.guest(server, "watcher");
  const room = decodeURIComponent(new URL(alice.page.url()).hash.slice(1));
  const settings = async () => (await watcher.ask({ type: "join", room })).settings;
  const topic = alice.page.getByLabel("Topic");
  const tools = (person) => person.row("see you").locator(".tools button:visible").evaluateAll((all) => all.map(({ title }) => title));
  await bob.page.goto(`${server.url}/?user=bob#${encodeURIComponent(room)}`);
  await bob.sees("see you");

  await alice.page.setViewportSize({ width: 1280, height: 600 });
  await alice.button("Settings").click();
  const save = await alice.button("Save").boundingBox();
  assert.ok(save.y + save.height <= 600, "one need not scroll to save");
  await topic.fill("Plans\nfor May");
  await alice.button("Save").click();
  await alice.people.getByText("Plans").waitFor();
  await set(alice, ["Slow mode", "10 seconds"]);
  await bob.people.getByText("slow mode").waitFor();
  assert.deepEqual(await settings(), { topic: "Plans\nfor May", slow_ms: 10_000 });

  await set(alice, ["Archived", "Yes: nobody writes any more"]);
  for (const one of [alice, bob]) await one.page.getByText("This room is archived.").waitFor();
  for (const [one, most] of [[alice, []], [bob, ["More"]]]) {
    await one.row("see you").hover();
    assert.deepEqual(await tools(one), most);
    for (const act of ["Invite", "Become a member"]) assert.equal(await one.button(act).count(), 0);
  }
  await alice.button("Settings").click();
  await topic.fill("Memories");
  await alice.button("Save").click();
  await alice.page.getByText("While the room is archived, nothing else can be changed.").waitFor();
  assert.equal(await topic.inputValue(), "Memories", "what was filled in is still there");
  await alice.page.getByLabel("Archived").selectOption("No");
  await alice.button("Save").click();

  await alice.box.waitFor();
  await alice.people.getByText("Memories").waitFor();
  assert.deepEqual(await settings(), { topic: "Memories", slow_ms: 10_000 });
  await bob.row("see you").hover();
  await bob.row("see you").getByRole("button", { name: "Reply", exact: true }).waitFor();
});

chat("an owner says how long messages are kept, within what the server allows, and that one sees who has read", async (world, meet) => {
  const server = await world.server(["--retention", "2d"]);
  const { alice, bob } = await two(meet, server.url);
  await library(alice);
  const room = decodeURIComponent(new URL(alice.page.url()).hash.slice(1));
  await bob.page.goto(`${server.url}/?user=bob#${encodeURIComponent(room)}`);
  await bob.isIn("Library");

  await set(alice, ["How long messages are kept", "1 week"], ["Read receipts", "Yes: everybody here sees how far the others have read"]);
  await alice.page.getByText("This server keeps messages for less time than that.").waitFor();
  await alice.page.getByLabel("How long messages are kept").selectOption("1 day");
  await alice.button("Save").click();

  await bob.people.getByText("messages are kept for 1 day · read receipts").waitFor();
  const watcher = await world.guest(server, "watcher");
  assert.deepEqual((await watcher.ask({ type: "join", room })).settings, { retention_ms: 86_400_000, receipts: true });
});

chat("whoever mentions somebody that is not reached is told so and why, and nobody else is", async (world, meet) => {
  const server = await world.server();
  const { alice, bob } = await two(meet, server.url);
  await library(alice);
  await bob.page.reload();
  await bob.place("Library").click();
  await bob.isIn("Library");
  await alice.people.getByText("bob", { exact: true }).waitFor();

  await alice.people.getByText("bob", { exact: true }).waitFor();
  await alice.say("see @bob");
  assert.equal(await alice.page.locator(".unreached").count(), 0, "who is here sees it");
  const address = bob.page.url();
  await bob.page.goto("about:blank");
  await alice.people.getByText("bob", { exact: true }).waitFor({ state: "detached" });
  await alice.row("see @bob").getByText("bob is not a member of this room, and was not told.").waitFor();
  assert.deepEqual(await faults(alice.page), []);
  await bob.page.goto(address);
  await alice.row("see @bob").getByText("was not told").waitFor({ state: "detached" });
  await bob.say("@room hello");
  await bob.row("@room hello").getByText("@room told nobody: only members may use it.").waitFor();
  assert.equal(await alice.page.locator(".unreached").count(), 0);
  await alice.tool("see @bob", "More");
  await alice.page.getByRole("menuitem", { name: "Reply in a thread" }).click();
  await alice.threadBox.fill("@room this too");
  await alice.threadBox.press("Enter");

  await alice.thread.getByText("@room told nobody: it does not work in a thread.").waitFor();
});

chat("a user who only reacted is called by name", async (world, meet) => {
  const server = await world.server(["--jwt-secret-file", await secretFile(world)]);
  const writer = await world.member(server, "writer", "general");
  const { seq } = await writer.ask({ type: "send", room: "general", text: "lunch?" });
  const zoe = await world.guest(server, "zoe", { hello: { token: sign({ sub: "zoe", name: "Zoë Kranz", exp: inSeconds(600) }, SECRET, { alg: "HS256" }) } });
  await zoe.ask({ type: "join", room: "general" });
  await zoe.ask({ type: "react", room: "general", target: seq, emoji: "👍" });
  await zoe.ask({ type: "leave", room: "general" });

  const alice = await meet(server.url, { name: "alice" });

  await alice.row("lunch?").getByRole("button", { name: "👍 1, Zoë Kranz" }).waitFor();
});
