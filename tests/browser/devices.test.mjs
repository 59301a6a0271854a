// The page on phones, with input methods, in several tabs and with large text.

import assert from "node:assert/strict";

import { secretFile } from "../e2e/support/tokens.mjs";
import { scenario } from "../e2e/support/world.mjs";
import { joined, welcome } from "../sdk/support/peer.mjs";
import { launch, phone } from "./chromium.mjs";
import { Person } from "./person.mjs";
import { Proxy } from "./proxy.mjs";
import { chat, openBrowser } from "./stage.mjs";

openBrowser();

/** A key as Safari reports it when it ends a composition: the composition is over, only the code says what the key was for. */
const endOfComposition = (selector) =>
  document.querySelector(selector).dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true, cancelable: true }));

chat("the Enter that ends a composition sends nothing and chooses nothing", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { name: "bob" });

  await bob.box.fill("こんにちは");
  await bob.page.evaluate(endOfComposition, "#text");
  assert.equal(await bob.box.inputValue(), "こんにちは");
  assert.equal(await bob.rows.count(), 0);
  await bob.page.keyboard.press("Control+k");
  await bob.page.keyboard.type("attic");
  await bob.page.getByRole("option", { name: "attic new room" }).waitFor();
  await bob.page.evaluate(endOfComposition, "#switcher-input");

  await bob.page.getByRole("option", { name: "attic new room" }).waitFor();
  await bob.page.keyboard.press("Escape");
  await bob.box.press("Enter");
  await bob.settled("こんにちは").waitFor();
  await bob.tool("こんにちは", "More");
  await bob.page.getByRole("menuitem", { name: "Reply in a thread" }).click();
  await bob.threadBox.fill("はい");
  await bob.page.evaluate(endOfComposition, "#thread-text");
  assert.equal(await bob.threadBox.inputValue(), "はい");
});

chat("on a phone Enter makes a new line, and the button sends", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { name: "bob", ...phone });

  await bob.box.pressSequentially("two\nlines");
  assert.equal(await bob.box.inputValue(), "two\nlines");
  assert.equal(await bob.box.getAttribute("enterkeyhint"), "enter");
  await bob.button("Send").tap();

  await bob.settled("two\nlines").waitFor();
  await bob.row("two\nlines").tap();
  await bob.row("two\nlines").getByRole("button", { name: "More", exact: true }).tap();
  await bob.page.getByRole("menuitem", { name: "Reply in a thread" }).tap();
  await bob.threadBox.pressSequentially("two\nmore");
  assert.equal(await bob.threadBox.inputValue(), "two\nmore");
  assert.equal(await bob.threadBox.getAttribute("enterkeyhint"), "enter");
});

chat("the back button closes a drawer, and from a room chosen in it leads to the room before", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { name: "bob", ...phone });
  await bob.page.goto(`${server.url}/?user=bob#attic`);
  await bob.isIn("attic");
  const drawer = bob.page.getByRole("navigation", { name: "Rooms" });
  const back = () => bob.page.evaluate(() => history.back());

  await bob.button("Open the room list").tap();
  await drawer.getByRole("link", { name: "general" }).waitFor();
  await back();
  await drawer.waitFor({ state: "hidden" });
  await bob.isIn("attic");
  await bob.button("People in this room").tap();
  await bob.button("Close the list of people").tap();
  await bob.until(() => !history.state?.drawer);
  await bob.button("Open the room list").tap();
  await drawer.getByRole("link", { name: "general" }).tap();
  await bob.isIn("general");
  await drawer.waitFor({ state: "hidden" });
  await back();

  await bob.isIn("attic");
  assert.equal(await drawer.isVisible(), false);
});

/** The controls in sight that a finger can miss: 20 px off their middle there is something else. */
const small = () =>
  [...document.querySelectorAll("button, a[href], input, textarea")].filter((control) => {
    const { left, right, top, bottom, width } = control.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const hit = (dx, dy) => control.contains(document.elementFromPoint(x + dx, y + dy));
    if (!width || !control.checkVisibility() || !hit(0, 0)) return false;
    return [[0, -21], [0, 21], [-21, 0], [21, 0]].some(([dx, dy]) => !hit(dx, dy));
  }).map((control) => `${control.tagName} ${control.id} ${control.ariaLabel ?? control.textContent}`);

chat("whatever a finger can hit is 44 pixels high and wide", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { room: "general", ...phone });
  assert.deepEqual(await bob.page.evaluate(small), [], "signing in");
  await bob.page.goto(`${server.url}/?user=bob#general`);
  await bob.isIn("general");
  await bob.box.fill("hello");
  await bob.button("Send").tap();
  await bob.settled("hello").waitFor();
  await bob.row("hello").tap();
  await bob.row("hello").getByRole("button", { name: "React with 👍" }).tap();
  await bob.row("hello").getByRole("button", { name: "👍 1, you" }).waitFor();

  assert.deepEqual(await bob.page.evaluate(small), [], "in a room");
  await bob.button("More reactions").tap();
  assert.deepEqual(await bob.page.evaluate(small), [], "choosing a reaction");
  await bob.page.keyboard.press("Escape");
  await bob.button("Open the room list").tap();
  await bob.button("Close the room list").tap({ trial: true }); // until the drawer has come to rest
  assert.deepEqual(await bob.page.evaluate(small), [], "in the room list");
  await bob.page.keyboard.press("Escape");
  await bob.row("hello").tap();
  await bob.row("hello").getByRole("button", { name: "More", exact: true }).tap();
  await bob.page.getByRole("menuitem", { name: "Reply in a thread" }).tap();
  await bob.threadBox.fill("deep");
  await bob.button("Send the reply").tap();
  await bob.thread.locator(".reply.stored", { hasText: "deep" }).waitFor();
  assert.deepEqual(await bob.page.evaluate(small), [], "in a thread");
  await bob.button("Close the thread").tap();
  await bob.button("Threads in this room").tap();
  await bob.page.getByRole("complementary", { name: "Threads in this room" }).getByRole("listitem").waitFor();
  assert.deepEqual(await bob.page.evaluate(small), [], "in the list of threads");
  await bob.button("Close the list of threads").tap();
  const bot = await world.member(server, "bot", "general");
  await bot.ask({ type: "send", room: "general", attachments: [{ url: "https://cdn.example/a.png", mime: "image/png" }] });
  await bob.button("Show picture a.png from cdn.example").waitFor();
  assert.deepEqual(await bob.page.evaluate(small), [], "with a file");
  await bob.button("People in this room").tap();
  await bob.button("More about bot").tap();
  assert.deepEqual(await bob.page.evaluate(small), [], "in the menu about somebody");
});

scenario("with large text the lists become drawers", async (world) => {
  const server = await world.server();
  const browser = await launch(["--blink-settings=defaultFontSize=32"]);
  world.atEnd(() => browser.close());
  const bob = await Person.open(world, browser, server.url, { name: "bob" });

  await bob.button("Open the room list").waitFor();

  const size = await bob.page.evaluate(() => parseFloat(getComputedStyle(document.documentElement).fontSize));
  assert.equal(size, 30);
  assert.equal(await bob.page.getByRole("navigation", { name: "Rooms" }).isVisible(), false);
});

chat("a duplicated tab is a device of its own, a reloaded one is the same", async (world, meet) => {
  const server = await world.server();
  const bob = await meet(server.url, { name: "bob" });
  const device = (page) => page.evaluate(() => sessionStorage.getItem("confab.device"));
  const first = await device(bob.page);

  // What browsers do: the new tab begins with a copy of what the old one keeps for itself.
  const kept = await bob.page.evaluate(() => ({ ...sessionStorage }));
  const copy = await bob.page.context().newPage();
  await copy.addInitScript((kept) => sessionStorage.length || Object.assign(sessionStorage, kept), kept);
  await copy.goto(bob.page.url());
  await copy.locator("#room-subtitle", { hasText: "online" }).waitFor();

  assert.notEqual(await device(copy), first);
  await bob.say("still here");
  await copy.getByText("still here", { exact: true }).waitFor();
  assert.equal(await bob.banner.isVisible(), false);
  await bob.page.reload();
  await bob.isIn("general");
  assert.equal(await device(bob.page), first);
});

chat("a guest beside users with tokens is the same one after a lost connection and a reload", async (world, meet) => {
  const server = await world.server(["--jwt-secret-file", await secretFile(world)]);
  const wire = await Proxy.to(world, server);
  const bob = await meet(wire.url, { name: "bob" });
  await bob.say("mine");
  const own = bob.row("mine").and(bob.page.locator(".own"));

  wire.cut();
  await bob.banner.getByText("Reconnecting").waitFor();
  wire.mend();
  await bob.say("mine as well");
  await bob.page.reload();

  await own.waitFor();
  assert.match(await own.locator(".handle").first().textContent(), /^@guest:[a-z2-7]{13}$/);
  assert.equal(await bob.page.locator(".own").count(), 2);
});

chat("a page that is being left says nothing of the connection, until it stays after all", async (world, meet) => {
  const server = await world.server();
  const wire = await Proxy.to(world, server);
  const bob = await meet(wire.url, { name: "bob" });

  await bob.page.evaluate(() => dispatchEvent(new Event("beforeunload")));
  const again = bob.page.waitForEvent("websocket");
  wire.cut();
  await again;
  assert.equal(await bob.banner.isVisible(), false);

  await bob.banner.getByText("Reconnecting").waitFor();
});

chat("a name cannot turn around what stands beside it", async (world, meet) => {
  const server = await world.server();
  const alice = await meet(server.url);
  const evil = { id: "eve", name: "\u202ee\u200bve\u2066" };
  const dana = { id: "dana", name: "דנה" };
  let say;
  await alice.page.routeWebSocket("**/ws", (page) => {
    say = (frame) => page.send(JSON.stringify(frame));
    page.onMessage((text) => {
      const { id, type, room } = JSON.parse(text);
      if (type === "join") say(joined({ re: id, room, title: "\u202eHall", settings: { topic: "\u202eFun" }, members: [evil, dana], online: 2, head: 0 }));
      if (type === "rooms") say({ type: "rooms", re: id, rooms: [], more: false });
    });
    say(welcome({}));
  });
  await alice.page.goto(`${server.url}/?user=alice#general`);
  await alice.page.getByText("2 online · Fun", { exact: true }).waitFor();

  say({ type: "message", room: "general", seq: 1, at: 1763790000000, from: "eve", text: "hello" });
  for (const from of ["eve", "dana"]) say({ type: "typing", room: "general", from, on: true });
  await alice.sees("hello");
  await alice.page.getByText("eve and \u2068דנה\u2069 are typing…").waitFor();

  const everything = await alice.page.evaluate(() => document.documentElement.outerHTML + document.title + document.getElementById("text").placeholder);
  assert.ok(!/[\u202a-\u202e]/.test(everything));
  assert.equal(await alice.row("hello").locator("bdi.name").textContent(), "eve");
  assert.equal(await alice.page.title(), "#Hall · Confab");
});
